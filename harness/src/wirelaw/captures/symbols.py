"""From the bytes of a message to the fields that a case's step would send it with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirelaw.engine.codec import BuildError, Codec

#: What every message shows, and no step says.
_SHOWN = frozenset(("type", "size"))
_NUMBERS = frozenset(("bits", "u8", "u16", "u32", "varint", "length", "length16"))


def symbolic(codec: Codec, wire: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The fewest fields that make this message, and the edits that it needs beside them; None when
    only its bytes can say it.

    Without edits the fields make a message that means the same: the same bytes, or the same fields in
    another order of properties."""
    fields = {k: v for k, v in codec.fields(wire).items() if k not in _SHOWN}
    type_name = codec.load(wire)
    if type_name is None:
        return None
    built = _built(codec, type_name, fields)
    if built is None:
        return None
    if built == wire or _means_the_same(codec, built, wire):
        return _fewest(codec, type_name, fields), []
    smaller = _fewest(codec, type_name, fields)
    built = codec.build(type_name, smaller)
    if built == wire or _means_the_same(codec, built, wire):
        return smaller, []
    edits = _forced(codec, built, wire)
    return None if edits is None else (smaller, edits)


def _built(codec: Codec, type_name: str, fields: Mapping[str, Any]) -> bytes | None:
    try:
        return codec.build(type_name, fields)
    except (BuildError, OverflowError):
        return None


def _means_the_same(codec: Codec, built: bytes, wire: bytes) -> bool:
    """Both well-formed, whoever sends them, and with the same fields."""
    for from_server in (False, True):
        if codec.decode(built, from_server)[0] != "ok" or codec.decode(wire, from_server)[0] != "ok":
            return False
    ours, theirs = codec.fields(built), codec.fields(wire)
    return {**ours, "size": 0} == {**theirs, "size": 0}


def _fewest(codec: Codec, type_name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Leaves out what a message has anyway: fixed bits, flags that follow from other fields."""
    whole = codec.fields(codec.build(type_name, fields))
    kept = dict(fields)
    for name in list(fields):
        if isinstance(kept[name], dict):
            kept[name] = _fewest_in(codec, type_name, kept, name, whole)
            continue
        fewer = {k: v for k, v in kept.items() if k != name}
        built = _built(codec, type_name, fewer)
        if built is not None and codec.fields(built) == whole:
            kept = fewer
    return kept


def _fewest_in(
    codec: Codec, type_name: str, kept: Mapping[str, Any], group: str, whole: Mapping[str, Any]
) -> dict[str, Any]:
    inside = dict(kept[group])
    for name in list(inside):
        fewer = {k: v for k, v in inside.items() if k != name}
        built = _built(codec, type_name, {**kept, group: fewer})
        if built is not None and codec.fields(built) == whole:
            inside = fewer
    return inside


def _forced(codec: Codec, built: bytes, wire: bytes) -> list[dict[str, Any]] | None:
    """Edits that give numbers other values, when that is all that is different."""
    if len(built) != len(wire):
        return None
    edits: list[dict[str, Any]] = []
    wanted = {span["path"]: span for span in codec.spans(wire)}
    for span in codec.spans(built):
        other = wanted.get(span["path"])
        if span["kind"] not in _NUMBERS or other is None or other.get("value") == span.get("value"):
            continue
        if span["path"] == "first":  # its bits say it
            continue
        edits.append({"force": span["path"], "to": other["value"]})
    try:
        return edits if edits and codec.edit(built, edits) == wire else None
    except BuildError:
        return None
