"""Does a message have the fields that a step expects?

An expectation of a field is a value, a list of values (one of them; for a field that is a list, the
whole list), or a condition such as {"ge": 0x80}. See docs/cases.md, "expect".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirelaw.engine.codec import Codec
from wirelaw.engine.tables import Field, Type

CONDITIONS = ("ne", "ge", "le", "present", "absent", "starts", "contains", "len", "in")
_MISSING = object()


class Mismatch:
    """One field that is not as expected; `expected` and `got` are for people."""

    __slots__ = ("field", "expected", "got")

    def __init__(self, field: str, expected: str, got: str) -> None:
        self.field = field
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"expected {self.field} {self.expected}, got {self.got}"


def first_mismatch(
    codec: Codec, type_name: str, wanted: Mapping[str, Any], got: Mapping[str, Any]
) -> Mismatch | None:
    """The first field of `got` (as Codec.fields gives it) that is not as wanted; None when all
    are.
    """
    each = codec.types[type_name]
    for name, want in wanted.items():
        if codec.lacks(type_name, name):
            continue
        if name in each.groups and isinstance(want, Mapping):
            found = _group(codec, each, name, want, got)
        else:
            found = _field(each.fields.get(name), name, want, got.get(name, _MISSING))
        if found is not None:
            return found
    return None


def _group(
    codec: Codec, each: Type, name: str, want: Mapping[str, Any], got: Mapping[str, Any]
) -> Mismatch | None:
    inside = got.get(name, {})
    if not inside and "absent" in want:
        return None
    for inner, one in want.items():
        field = each.groups[name].get(inner)
        if field is not None and codec.lacks(each.name, field.list_name or field.raw):
            continue
        found = _field(field, f"{name}.{inner}", one, inside.get(inner, _MISSING))
        if found is not None:
            return found
    return None


def _field(field: Field | None, name: str, want: Any, value: Any) -> Mismatch | None:
    if holds(field, want, value):
        return None
    return Mismatch(name, describe(want), shown(field, value))


def holds(field: Field | None, want: Any, value: Any) -> bool:
    """Whether one value is as wanted."""
    if isinstance(want, Mapping):
        return all(_condition(field, op, one, value) for op, one in want.items())
    if value is _MISSING:
        return isinstance(want, list) and any(
            isinstance(one, Mapping) and holds(field, one, value) for one in want
        )
    if isinstance(want, list):
        if isinstance(value, list):
            return _same_list(field, want, value)
        return any(holds(field, one, value) for one in want)
    if isinstance(value, list) and field is not None and field.repeatable:
        return len(value) == 1 and _equal(field, want, value[0])
    return _equal(field, want, value)


def _same_list(field: Field | None, want: list[Any], value: list[Any]) -> bool:
    if field is not None and field.kind == "pair" and want and not isinstance(want[0], list):
        want = [want]
    if len(want) != len(value):
        return False
    inner = field.only_item if field is not None and field.items else field
    return all(_same_item(field, inner, w, v) for w, v in zip(want, value, strict=True))


def _same_item(field: Field | None, inner: Field | None, want: Any, value: Any) -> bool:
    if isinstance(value, dict):
        if not isinstance(want, Mapping):
            want = {next(iter(field.items)): want} if field is not None and field.items else {}
        items = field.items if field is not None else {}
        return all(holds(items.get(k), w, value.get(k, _MISSING)) for k, w in want.items())
    if isinstance(value, list):
        return isinstance(want, list) and all(map(_equal, [None] * len(value), want, value))
    return holds(inner, want, value)


def _number(field: Field | None, want: Any) -> Any:
    if isinstance(want, str) and field is not None and field.is_number:
        return field.names.get(want, want)
    return want


def _equal(field: Field | None, want: Any, value: Any) -> bool:
    want = _number(field, want)
    if isinstance(want, list) and isinstance(value, list):
        return len(want) == len(value) and all(map(_equal, [field] * len(want), want, value))
    if isinstance(value, (bytes, str)) != isinstance(want, (bytes, str)):
        return isinstance(value, (bytes, str)) and _octets(want) == _octets(value)
    if isinstance(value, bytes) or isinstance(want, bytes):
        return _octets(want) == _octets(value)
    return bool(want == value)


def _octets(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogatepass")


def _condition(field: Field | None, op: str, want: Any, value: Any) -> bool:
    if op == "absent":
        return (value is _MISSING) == bool(want)
    if op == "present":
        return (value is not _MISSING) == bool(want)
    if value is _MISSING:
        return False
    if isinstance(value, list) and field is not None and field.repeatable and op != "len":
        return any(_condition(None, op, want, one) for one in value)
    if op == "ne":
        return not _equal(field, want, value)
    if op in ("ge", "le"):
        limit = _number(field, want)
        return bool(value >= limit) if op == "ge" else bool(value <= limit)
    if op == "in":
        return any(_equal(field, one, value) for one in want)
    if op == "len":
        return len(value) == want
    if op == "starts":
        return _octets(value).startswith(_octets(want))
    return _octets(want) in _octets(value)


def shown(field: Field | None, value: Any) -> str:
    """A value for people: the name beside a number, secrets hidden, long bytes cut."""
    if value is _MISSING:
        return "none"
    if field is not None and field.secret:
        return "(secret)"
    if isinstance(value, bytes):
        if len(value) <= 64 and value.isascii() and value.decode("ascii").isprintable():
            return repr(value.decode("ascii"))
        return f"{len(value)} bytes {value[:24].hex()}{'...' if len(value) > 24 else ''}"
    if isinstance(value, int) and field is not None:
        name = next((n for n, number in field.names.items() if number == value), None)
        number = f"0x{value:02x}" if value >= 0x80 else str(value)
        return f"{number} ({name})" if name else number
    return repr(value) if isinstance(value, str) else str(value)


_WORDS = {"ne": "other than", "ge": "at least", "le": "at most", "starts": "starting with",
          "contains": "containing", "len": "of length", "in": "one of"}  # fmt: skip


def describe(want: Any) -> str:
    """An expectation for people."""
    if isinstance(want, Mapping):
        words = []
        for op, one in want.items():
            if op in ("present", "absent"):
                words.append("to be there" if (op == "present") == bool(one) else "to be absent")
            else:
                words.append(f"{_WORDS.get(op, op)} {describe(one)}")
        return " and ".join(words)
    return shown(None, want)
