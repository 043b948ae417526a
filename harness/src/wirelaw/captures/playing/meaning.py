"""Whether two messages mean the same: the captured one and the one that came.

Not compared: what the tables mark volatile (identifiers that the sender chooses, texts for people)
and how a message is laid out in bytes. What a sender announces of itself (limits, what it offers)
is told and is no difference, with what the specification assumes where nothing is said. Everything
else counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wirelaw.captures import mqtt as family
from wirelaw.engine.codec import Codec
from wirelaw.engine.compare import shown
from wirelaw.engine.tables import Field

_SHOWN = frozenset(("type", "size"))
_MISSING = object()


class Difference:
    """One field that is not the same; `counts` is False for what is only announced."""

    __slots__ = ("name", "expected", "got", "counts")

    def __init__(self, name: str, expected: str, got: str, counts: bool) -> None:
        self.name = name
        self.expected = expected
        self.got = got
        self.counts = counts

    def __str__(self) -> str:
        return f"expected {self.name} {self.expected}, got {self.got}"


def differences(
    codec: Codec, captured: Mapping[str, Any], got: Mapping[str, Any], slack: float = 0.0
) -> list[Difference]:
    """In what two messages of one type, as Codec.fields gives them, differ. `slack`: by how many
    seconds what counts down may."""
    return list(_compare(codec, captured["type"], captured, got, slack))


def same(codec: Codec, captured: Mapping[str, Any], got: Mapping[str, Any], slack: float) -> bool:
    """Whether nothing that counts is different."""
    return not any(each.counts for each in _compare(codec, captured["type"], captured, got, slack))


def _compare(
    codec: Codec, type_name: str, captured: Mapping[str, Any], got: Mapping[str, Any], slack: float
) -> Iterator[Difference]:
    each = codec.types[type_name]
    for name in dict.fromkeys([*captured, *got]):
        if name in _SHOWN:
            continue
        one, other = captured.get(name, _MISSING), got.get(name, _MISSING)
        if name in each.groups:
            yield from _group(each.groups[name], name, one, other)
            continue
        field = each.fields.get(name)
        if field is None or field.carrier or (field.volatile and name != "packet_id"):
            continue
        if not _means_the_same(type_name, name, field, one, other, slack):
            counts = not field.announced and not family.is_remark(type_name, name)
            yield Difference(name, _shown(field, one), _shown(field, other), counts)


def _group(fields: Mapping[str, Field], name: str, one: Any, other: Any) -> Iterator[Difference]:
    """A will: what a client says of itself is compared as a whole."""
    one = {} if one is _MISSING else one
    other = {} if other is _MISSING else other
    for inner in dict.fromkeys([*one, *other]):
        if one.get(inner, _MISSING) != other.get(inner, _MISSING):
            field = fields.get(inner)
            yield Difference(
                f"{name}.{inner}", _shown(field, one.get(inner, _MISSING)),
                _shown(field, other.get(inner, _MISSING)), True,
            )  # fmt: skip


def _means_the_same(
    type_name: str, name: str, field: Field, one: Any, other: Any, slack: float
) -> bool:
    default = family.DEFAULTS.get((type_name, name), family.DEFAULTS.get(("", name), _MISSING))
    one = default if one is _MISSING else one
    other = default if other is _MISSING else other
    if one is _MISSING or other is _MISSING:
        return one is other
    if field.secret:
        return True  # a challenge is another each time
    if name in family.COUNTED_DOWN:
        return bool(abs(one - other) <= slack)
    if name in family.UNORDERED:
        return sorted(_listed(one)) == sorted(_listed(other))
    if name in ("reason", "reasons"):
        return _same_reasons(type_name, one, other)
    return _octets(one) == _octets(other)


def _same_reasons(type_name: str, one: Any, other: Any) -> bool:
    ones, others = _listed(one), _listed(other)
    return len(ones) == len(others) and all(
        a == b or family.same_reason(type_name, a, b) for a, b in zip(ones, others, strict=True)
    )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _octets(value: Any) -> Any:
    """Texts and bytes are compared as bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, (list, tuple)):
        return [_octets(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _octets(each) for key, each in value.items() if each not in (0, False)}
    return value


def _shown(field: Field | None, value: Any) -> str:
    if value is _MISSING:
        return "none"
    if isinstance(value, list) and field is not None and field.only_item is not None:
        return "[" + ", ".join(shown(field.only_item, each) for each in value) + "]"
    return shown(field, value)
