"""Messages of one variant of a protocol (mqtt5): from fields to bytes, and from bytes to fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from wirelaw.engine import tables as tables_module
from wirelaw.engine.binding import STATUS, ffi, lib, requirement, text
from wirelaw.engine.tables import Field, Tables, Type
from wirelaw.errors import UserError

EDITS = {
    "set": lib.LAW_EDIT_SET, "raw": lib.LAW_EDIT_RAW, "drop": lib.LAW_EDIT_DROP,
    "duplicate": lib.LAW_EDIT_DUPLICATE, "swap": lib.LAW_EDIT_SWAP, "resize": lib.LAW_EDIT_RESIZE,
    "force": lib.LAW_EDIT_FORCE, "varint": lib.LAW_EDIT_VARINT, "insert": lib.LAW_EDIT_INSERT,
    "truncate": lib.LAW_EDIT_TRUNCATE,
}  # fmt: skip


class BuildError(ValueError):
    """A message cannot be built from what was given; the text is one clear sentence."""


class Codec:
    """One variant. Not for several threads. Fields that the variant does not have (properties in
    MQTT 3.1.1) are left out when building; `lacks` tells which they are."""

    def __init__(self, variant: str) -> None:
        handle = lib.law_codec_new(variant.encode())
        if handle == ffi.NULL:
            raise UserError(f"no protocol of this build is called '{variant}'")
        self.variant = variant
        self._c = ffi.gc(handle, lib.law_codec_free)
        self.protocol = lib.law_codec_protocol(self._c)
        self.tables: Tables = tables_module.read(json.loads(text(lib.law_codec_tables(self._c))))
        self.types = self.tables.types
        self._violation = ffi.new("law_violation *")
        self._length = ffi.new("size_t *")
        self._lacks: dict[str, frozenset[str]] = {}
        self._plain: dict[str, bytes] = {}  # packets without a field of their own, by type
        for name, each in self.types.items():
            self._lacks[name] = self._probe(each)

    # Building

    def build(self, type_name: str, fields: Mapping[str, Any]) -> bytes:
        """The bytes of a message that says exactly this. Raises BuildError."""
        if not fields and type_name in self._plain:
            return self._plain[type_name]
        each = self.types.get(type_name)
        if each is None:
            raise BuildError(f"there is no packet {type_name}")
        c = self._c
        lib.law_codec_begin(c, type_name.encode())
        keep: list[bytes] = []
        # The items of a list must be built in one go: lists first, one by one, then the rest.
        given = list(self._given(each, fields))
        for name in each.lists:
            for field, value in given:
                if field.list_name == name:
                    self._put_field(field, value, keep)
        for field, value in given:
            if field.list_name is None:
                self._put_field(field, value, keep)
        if not lib.law_codec_encode(c):
            raise BuildError(f"the {type_name} does not fit into memory")
        wire = self._wire()
        if not fields:
            self._plain[type_name] = wire
        return wire

    def _given(self, each: Type, fields: Mapping[str, Any]) -> Iterable[tuple[Field, Any]]:
        """The fields that this variant has, with their values; groups taken apart."""
        lacks = self._lacks[each.name]
        for name, value in fields.items():
            if name in each.groups:
                for inner, one in value.items():
                    member = each.groups[name].get(inner)
                    if member is None:
                        raise BuildError(f"{name} of {each.name} has no field {inner}")
                    if (member.list_name or member.raw) not in lacks:
                        yield member, one
            elif name not in each.fields:
                raise BuildError(f"{each.name} has no field {name}")
            elif name not in lacks:
                yield each.fields[name], value

    def _put_field(self, field: Field, value: Any, keep: list[bytes]) -> None:
        if field.list_name is not None:
            several = isinstance(value, list) and (
                field.kind not in ("pair", "option")
                or not value
                or isinstance(value[0], (list, tuple))
            )
            for one in value if several else [value]:
                self._put_property(field, one, keep)
        elif field.kind == "items":
            for one in value:
                self._put_item(field, one, keep)
        else:
            self._put_scalar(field, field.raw.encode(), value, keep)

    def _put_scalar(self, field: Field, name: bytes, value: Any, keep: list[bytes]) -> None:
        if field.is_number:
            done = lib.law_codec_number(self._c, name, number(field, value))
        else:
            data = octets(field, value)
            keep.append(data)
            done = lib.law_codec_bytes(self._c, name, data, len(data))
        if not done:
            raise BuildError(f"{field.name} cannot be set, or is too long")

    def _put_property(self, field: Field, value: Any, keep: list[bytes]) -> None:
        assert field.list_name is not None
        if not lib.law_codec_item(self._c, field.list_name.encode(), field.raw.encode()):
            raise BuildError(f"{field.name} cannot be added to {field.list_name}")
        if field.kind == "pair":
            if not isinstance(value, (list, tuple)) or len(value) != 2:
                raise BuildError(f"{field.name} must be a pair: [name, value]")
            for name, part in zip((b"key", b"value"), value, strict=True):
                self._put_scalar(field, name, part, keep)
        elif field.kind == "option":
            self._put_option(field, value, keep)
        else:
            self._put_scalar(field, b"value", value, keep)
        if not lib.law_codec_end_item(self._c):
            raise BuildError(f"{field.name} is too long")

    def _put_option(self, field: Field, value: Any, keep: list[bytes]) -> None:
        """An option that no table names."""
        if not isinstance(value, (list, tuple)) or len(value) != 2 or not isinstance(value[0], int):
            raise BuildError(f"{field.name} must be a number and a value: [2053, x]")
        lib.law_codec_number(self._c, b"number", value[0])
        self._put_scalar(field, b"value", value[1], keep)

    def _put_item(self, field: Field, value: Any, keep: list[bytes]) -> None:
        if not isinstance(value, Mapping):
            value = {next(iter(field.items)): value}
        lib.law_codec_item(self._c, field.raw.encode(), ffi.NULL)
        for name, one in value.items():
            inner = field.items.get(name)
            if inner is None:
                raise BuildError(f"an item of {field.name} has no field {name}")
            self._put_scalar(inner, name.encode(), one, keep)
        if not lib.law_codec_end_item(self._c):
            raise BuildError(f"an item of {field.name} is too long")

    def _probe(self, each: Type) -> frozenset[str]:
        """The fields that this variant does not have, by trying to set each: plainly, and with each
        bit field of the header set, since some fields hang on those."""
        fields = list(each.raw.values())
        length = next((i for i, f in enumerate(fields) if f.kind == "length"), None)
        if length is None:  # all variants of such a protocol have the same fields
            return frozenset()
        switches = [None, *(f for f in fields[:length] if f.kind == "bits")]
        found: set[str] = set()
        for switch in switches:
            lib.law_codec_begin(self._c, each.name.encode())
            for field in fields[length + 1 :]:
                self._fill(each, field)
            if switch is not None:
                lib.law_codec_number(self._c, switch.raw.encode(), 1)
            lib.law_codec_encode(self._c)
            kind = lib.law_codec_type(self._c)
            if kind != ffi.NULL and text(kind.name) == each.name:
                found |= {f.raw for f in fields if self.has(f.raw)}
        lost = {f.raw for f in fields[length + 1 :]} - found
        flat = {f.name for f in each.fields.values() if (f.list_name or f.raw) in lost}
        return frozenset(lost | flat)

    def _fill(self, each: Type, field: Field) -> None:
        name = field.raw.encode()
        if field.kind == "tagged":
            group = [*each.fields.values(), *(f for g in each.groups.values() for f in g.values())]
            tag = next(f for f in group if f.list_name == field.raw and f.allowed)
            lib.law_codec_item(self._c, name, tag.raw.encode())
            lib.law_codec_end_item(self._c)
        elif field.kind == "items":
            lib.law_codec_item(self._c, name, ffi.NULL)
            lib.law_codec_end_item(self._c)
        elif field.is_number:
            if not field.carrier:
                lib.law_codec_number(self._c, name, 1)
        else:
            lib.law_codec_bytes(self._c, name, b"x", 1)

    def lacks(self, type_name: str, name: str) -> bool:
        """Whether this variant has no such field in messages of this type."""
        return name in self._lacks.get(type_name, ())

    # Reading

    def load(self, wire: bytes) -> str | None:
        """Loads bytes as one message; the name of its type, None when there is no such type."""
        if not lib.law_codec_load(self._c, wire, len(wire)):
            raise MemoryError
        found = lib.law_codec_type(self._c)
        return None if found == ffi.NULL else text(found.name)

    def _wire(self) -> bytes:
        wire = lib.law_codec_wire(self._c)
        return bytes(ffi.buffer(wire.data, wire.len))

    def has(self, path: str) -> bool:
        """Whether the loaded message has that path."""
        return bool(lib.law_codec_find(self._c, path.encode()) < lib.law_codec_num_spans(self._c))

    def value_of(self, path: str) -> bytes:
        """The bytes of a field of the loaded message, secret or not, without its length."""
        value = lib.law_codec_value(self._c, lib.law_codec_find(self._c, path.encode()))
        return bytes(ffi.buffer(value.data, value.len))

    def document(self, wire: bytes) -> dict[str, Any]:
        """The message as `wirelaw decode --json` prints it; {} for an unassigned type."""
        self.load(wire)
        return json.loads(text(lib.law_codec_json(self._c)) or "{}")  # type: ignore[no-any-return]

    def fields(self, wire: bytes) -> dict[str, Any]:
        """The message as steps see it: properties flattened, groups nested, binary as bytes.

        What an acknowledgement leaves out because it is 0 is 0. `size` is the length of the whole
        message.
        {"type": None} for an unassigned type.
        """
        document = self.document(wire)
        if not document:
            return {"type": None}
        return {**self._flatten(self.types[document["type"]], document), "size": len(wire)}

    def _flatten(self, each: Type, document: dict[str, Any]) -> dict[str, Any]:
        flat: dict[str, Any] = {"type": each.name}
        for name, value in document.items():
            if name in each.lists:
                self._flatten_list(each, name, value, flat)
                continue
            group = next((g for g in each.groups if name.startswith(g + "_")), None)
            if isinstance(value, dict):
                value = self._octets(name, value)
            if group is None or name not in each.raw:
                flat[name] = value
            else:
                flat.setdefault(group, {})[name[len(group) + 1 :]] = value
        for field in each.raw.values():
            if (
                field.optional
                and field.kind == "u8"
                and field.raw not in flat
                and not field.carrier
            ):
                if field.raw not in self._lacks[each.name]:
                    flat[field.raw] = 0
        for group in each.groups:
            if group in flat and "flag" in flat[group] and not any(flat[group].values()):
                del flat[group]  # not there at all
        return flat

    def _flatten_list(self, each: Type, name: str, value: Any, flat: dict[str, Any]) -> None:
        group = next((g for g in each.groups if name.startswith(g + "_")), None)
        into = flat if group is None else flat.setdefault(group, {})
        for tag, one in value.items():
            into[tag] = self._one_value(f"{name}.{tag}.value", one)

    def _one_value(self, path: str, value: Any) -> Any:
        """Bytes for what JSON shows as hex, in a list of values, too."""
        if isinstance(value, list):
            return [self._one_value(path, one) for one in value]
        return self._octets(path, value) if isinstance(value, dict) else value

    def _octets(self, path: str, value: dict[str, Any]) -> Any:
        if "hex" in value:
            return bytes.fromhex(value["hex"])
        if "secret" in value:
            return self.value_of(path)
        return value

    def text(self, wire: bytes) -> str:
        """The message on one line, without secrets."""
        return text(lib.law_codec_print(self._c)) if self.load(wire) else f"{len(wire)} bytes"

    def spans(self, wire: bytes) -> list[dict[str, Any]]:
        """The span map: {"path", "at", "len", "parent", "kind", "value"}."""
        self.load(wire)
        return json.loads(text(lib.law_codec_json_spans(self._c)))  # type: ignore[no-any-return]

    def decode(self, wire: bytes, from_server: bool) -> tuple[str, str | None, int]:
        """Status, requirement broken and its offset, of bytes as the first message of a flow."""
        self.load(wire)
        status = lib.law_codec_decode(self._c, int(from_server), self._violation)
        if status == lib.LAW_OK:
            return "ok", None, 0
        return STATUS[status], requirement(self._violation.requirement), self._violation.offset

    def frame(self, wire: bytes) -> tuple[str, int, str | None, int]:
        """Status, length of the first message (or how long it is at least), requirement, offset."""
        self.load(wire)
        status = lib.law_codec_frame(self._c, self._length, self._violation)
        if status in (lib.LAW_OK, lib.LAW_NEED_MORE):
            return STATUS[status], self._length[0], None, 0
        return STATUS[status], 0, requirement(self._violation.requirement), self._violation.offset

    # Edits

    def edit(self, wire: bytes, edits: Iterable[Mapping[str, Any]]) -> bytes:
        """Applies edits as steps write them ({"drop": path}, ...). Raises BuildError."""
        self.load(wire)
        for each in edits:
            self._edit_one(each)
        return self._wire()

    def _edit_one(self, each: Mapping[str, Any]) -> None:
        op = next((name for name in EDITS if name in each), None)
        if op is None:
            raise BuildError(f"an edit is one of {', '.join(EDITS)}")
        target = each[op]
        paths: Sequence[str] = target if op == "swap" else [target]
        spans = [self._span(path) for path in paths]
        to = each.get("bytes" if op == "insert" else "to")
        data, amount = self._edit_argument(op, str(paths[0]), to)
        done = lib.law_codec_edit(
            self._c, EDITS[op], spans[0], spans[-1], amount, data, len(data),
            bool(each.get("keep_lengths", False)),
        )  # fmt: skip
        if not done:
            raise BuildError(f"the edit {op} makes no sense for {target}")

    def _span(self, path: str) -> int:
        found: int = lib.law_codec_find(self._c, str(path).encode())
        if found >= lib.law_codec_num_spans(self._c):
            raise BuildError(f"the packet has no {path} to edit")
        return found

    def _edit_argument(self, op: str, path: str, to: Any) -> tuple[bytes, int]:
        if op in ("resize", "force", "varint", "truncate"):
            if isinstance(to, bool) or not isinstance(to, int):
                raise BuildError(f"the edit {op} of {path} needs `to:` with a number")
            return b"", to
        if op in ("set", "raw", "insert"):
            if isinstance(to, int):
                size = len(self.value_of(path)) if op == "set" else 1
                return to.to_bytes(max(size, 1), "big"), to  # a number is set as one
            return as_bytes(to), 0
        return b"", 0


def number(field: Field, value: Any) -> int:
    """A number from a number, a truth value, or a name of the field's values."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and value in field.names:
        return field.names[value]
    raise BuildError(f"{field.name} is a number, and {value!r} is none, nor a name of one")


def octets(field: Field, value: Any) -> bytes:
    """The bytes of a text or binary field."""
    try:
        return as_bytes(value)
    except BuildError as error:
        raise BuildError(f"{field.name}: {error}") from None


def as_bytes(value: Any) -> bytes:
    """Bytes from bytes, from a text, or from a number or truth value as its text."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bool) or value is None or not isinstance(value, (int, float)):
        raise BuildError(f"{value!r} is no text and no bytes")
    return str(value).encode()


@cache
def codec_of(variant: str) -> Codec:
    """The one codec of a variant in this process. Raises UserError when there is none."""
    return Codec(variant)
