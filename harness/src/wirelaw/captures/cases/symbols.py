"""From the bytes of a message to the fields that a case's step would send it with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from wirelaw.engine.codec import BuildError, Codec

#: What every message shows, and no step says.
_SHOWN = frozenset(("type", "size"))
_NUMBERS = frozenset(("bits", "u8", "u16", "u32", "varint", "length", "length16"))


def symbolic(
    codec: Codec, wire: bytes, always: Collection[str] = ()
) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The fewest fields that make this message, and the edits that it needs beside them; None when
    only its bytes can say it.

    `always` are fields that are said whatever they are. Without edits the fields make a message
    that means the same: the same bytes, or the same fields in
    another order of properties."""
    fields = {k: v for k, v in codec.fields(wire).items() if k not in _SHOWN}
    type_name = codec.load(wire)
    if type_name is None:
        return None
    whole = _built(codec, type_name, fields)
    if whole is None:
        return None
    fewest = _fewest(codec, type_name, fields, wire, always)
    built = codec.build(type_name, fewest)
    if built == wire:
        return fewest, []
    if whole == wire:
        return fields, []
    if _means_the_same(codec, built, wire):
        return fewest, []
    for candidate, start in ((fewest, built), (fields, whole)):
        edits = _forced(codec, start, wire)
        if edits is not None:
            return candidate, edits
    return None


def _built(codec: Codec, type_name: str, fields: Mapping[str, Any]) -> bytes | None:
    try:
        return codec.build(type_name, fields)
    except (BuildError, OverflowError):
        return None


def _means_the_same(codec: Codec, built: bytes, wire: bytes) -> bool:
    """Both well-formed, whoever sends them, and with the same fields."""
    for from_server in (False, True):
        if (
            codec.decode(built, from_server)[0] != "ok"
            or codec.decode(wire, from_server)[0] != "ok"
        ):
            return False
    return _without_size(codec, built) == _without_size(codec, wire)


def _fewest(
    codec: Codec, type_name: str, fields: Mapping[str, Any], wire: bytes, always: Collection[str]
) -> dict[str, Any]:
    """Leaves out what a message has anyway: fixed bits, flags that follow from other fields."""
    wanted = _without_size(codec, wire)
    kept = dict(fields)

    def fits(fewer: Mapping[str, Any]) -> bool:
        built = _built(codec, type_name, fewer)
        return built is not None and _without_size(codec, built) == wanted

    for name, value in fields.items():
        if isinstance(value, dict):
            for inner in value:
                fewer = {k: v for k, v in kept[name].items() if k != inner}
                kept = {**kept, name: fewer} if fits({**kept, name: fewer}) else kept
        elif name not in always and fits(fewer := {k: v for k, v in kept.items() if k != name}):
            kept = fewer
    return kept


def _without_size(codec: Codec, wire: bytes) -> dict[str, Any]:
    return {**codec.fields(wire), "size": 0}


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
