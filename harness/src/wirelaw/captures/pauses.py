"""Which pauses of a captured conversation count: those in which a timer of the protocol runs
out."""

from __future__ import annotations

from collections.abc import Sequence

from wirelaw.captures import mqtt as family
from wirelaw.captures.conversation import Item
from wirelaw.engine.codec import Codec

SHORTEST = 200_000_000  # ns; less is the machine's own time


def kept_pauses(codec: Codec, items: Sequence[Item]) -> dict[Item, int]:
    """By the item that ended it, how long each pause was that must be kept, in ns.

    A pause is kept while a timer runs that runs out before the conversation ends: then what was
    seen afterwards may depend on it. Who waits for answers needs no pause of its own."""
    if not items:
        return {}
    last = items[-1].time
    running = [(at, out) for at, out in family.timers(codec, _messages(items)) if out <= last]
    kept: dict[Item, int] = {}
    for before, item in zip(items, items[1:], strict=False):
        pause = item.time - before.time
        if pause >= SHORTEST and any(at < item.time and before.time < out for at, out in running):
            kept[item] = pause
    return kept


def _messages(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.is_message]
