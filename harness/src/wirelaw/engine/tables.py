"""A protocol's messages by name, as the C tables have them: types, fields, properties, value names.

Properties are flattened: what stands in a list of tagged items (MQTT's properties) is a field like
the
others. A group is a set of fields with a common prefix that has a list of its own (`will_topic`,
`will_properties` ...): it is one nested mapping, `will: {topic: ...}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NUMBERS = frozenset(("u8", "u16", "u32", "varint", "bits", "uint"))
_LIMITS = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF, "varint": 0x0FFFFFFF, "uint": (1 << 64) - 1}
_LIST_SUFFIX = "_properties"
#: Lists whose items are flattened: each kind of item is a field.
_FLAT_LISTS = ("tagged", "options")


def plain(name: str) -> str:
    """A name of a specification as steps write it: `Not authorized` -> `not_authorized`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


@dataclass(frozen=True)
class Field:
    """One field, or one property.

    `list_name` and `tag` say in which list of tagged items it stands, and as what; `names` are its
    values by name; `items` the fields of a list's items. `raw` is the name in the C table.
    """

    name: str
    kind: str
    raw: str
    optional: bool = False
    secret: bool = False
    volatile: bool = False  # may differ between two runs that mean the same
    announced: bool = False  # what its sender says of itself
    carrier: bool = False
    repeatable: bool = False
    allowed: bool = True
    derived: bool = False  # known of a message that came, and nothing that can be sent
    highest: int = 0
    list_name: str | None = None
    names: Mapping[str, int] = field(default_factory=dict)
    items: Mapping[str, Field] = field(default_factory=dict)

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS

    @property
    def only_item(self) -> Field | None:
        """The field of a list whose items have just one."""
        return next(iter(self.items.values())) if len(self.items) == 1 else None


@dataclass(frozen=True)
class Type:
    """One type of message: its fields and properties by name, and groups of them."""

    name: str
    code: int
    fields: Mapping[str, Field]
    groups: Mapping[str, Mapping[str, Field]]
    lists: tuple[str, ...]
    #: Every field as the C table has it, lists of tagged items included.
    raw: Mapping[str, Field]

    def get(self, name: str) -> Field | None:
        return self.fields.get(name)


@dataclass(frozen=True)
class Tables:
    """All messages of one protocol."""

    protocol: str
    variants: tuple[str, ...]
    types: Mapping[str, Type]


#: No field of its own: the length of the whole message in bytes, which an expectation may limit.
SIZE = Field("size", "u32", "size", highest=_LIMITS["u32"], derived=True)


def read(document: Mapping[str, Any]) -> Tables:
    """From what law_codec_tables gives."""
    types = {row["name"]: _type(row) for row in document["types"]}
    return Tables(document["protocol"], tuple(document["variants"]), types)


def _names(rows: list[list[Any]] | None, type_scope: int) -> dict[str, int]:
    """Names of values in one type. A name without a scope gives way to one that has it."""
    found: dict[str, int] = {}
    for value, scope, name in sorted(rows or [], key=lambda row: row[1] != 0):
        if scope == 0 or scope & type_scope:
            found[plain(name)] = value
    return found


def _field(row: Mapping[str, Any], scope: int, name: str | None = None) -> Field:
    kind = row["kind"]
    width = row.get("width", 0)
    return Field(
        name=name or row["name"],
        kind=kind,
        raw=row["name"],
        optional=row.get("optional", False),
        secret=row.get("secret", False),
        volatile=row.get("volatile", False),
        announced=row.get("announced", False),
        carrier=row.get("carrier", False),
        highest=(1 << width) - 1 if kind == "bits" else _LIMITS.get(kind, 0),
        names=_names(row.get("names"), scope),
        items={each["name"]: _field(each, scope) for each in row.get("items", [])},
    )


def _tags(row: Mapping[str, Any], scope: int) -> dict[str, Field]:
    """The properties that a list may hold; those it may not, too, since a case may send them."""
    return {
        tag["name"]: Field(
            name=tag["name"],
            kind=tag["kind"],
            raw=tag["name"],
            secret=tag.get("secret", False),
            volatile=tag.get("volatile", False),
            announced=tag.get("announced", False),
            repeatable=tag["repeatable"],
            allowed=tag["allowed"],
            highest=_LIMITS.get(tag["kind"], 0),
            list_name=row["name"],
            names=_names(tag.get("names"), scope),
        )
        for tag in row["tags"]
    }


def _type(row: Mapping[str, Any]) -> Type:
    code, scope = row["code"], row["scope"]
    raw = {each["name"]: _field(each, scope) for each in row["fields"]}
    lists = {each["name"]: each for each in row["fields"] if each["kind"] in _FLAT_LISTS}
    prefixes = [name.removesuffix(_LIST_SUFFIX) for name in lists if name.endswith(_LIST_SUFFIX)]
    fields: dict[str, Field] = {}
    groups: dict[str, dict[str, Field]] = {prefix: {} for prefix in prefixes}
    for name, each in raw.items():
        prefix = next((p for p in prefixes if name.startswith(p + "_")), None)
        if name in lists:
            into = groups[prefix] if prefix else fields
            for tag, one in _tags(lists[name], scope).items():
                into.setdefault(tag, one)
        elif prefix:
            short = name.removeprefix(prefix + "_")
            groups[prefix][short] = Field(**{**each.__dict__, "name": short})
        else:
            fields[name] = each
    fields.setdefault(SIZE.name, SIZE)
    return Type(row["name"], code, fields, groups, tuple(lists), raw)
