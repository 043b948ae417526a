"""Makes what breaks an IUT small: inputs, then messages, then bytes with their lengths repaired."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from wirelaw.engine.codec import BuildError, codec_of
from wirelaw.fuzzing import journal
from wirelaw.fuzzing.journal import DATA, Record

T = TypeVar("T")
Test = Callable[[list[Record]], bool]


class Budget:
    """Seconds that one reduction may take."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._until, self._clock = clock() + seconds, clock

    @property
    def spent(self) -> bool:
        return self._clock() >= self._until


def suffix(
    groups: Sequence[list[Record]], test: Test, budget: Budget, num: int = 1
) -> list[Record] | None:
    """The shortest end of a history, of `num`, four times as many ... groups, that still does it;
    None when no end does."""
    while not budget.spent:
        tried = flat(groups[-num:])
        if test(tried):
            return tried
        if num >= len(groups):
            return None
        num = min(num * 4, len(groups))
    return None


def flat(groups: Sequence[list[Record]]) -> list[Record]:
    return [record for group in groups for record in group]


def shorten(items: list[T], test: Callable[[list[T]], bool], budget: Budget) -> list[T]:
    """Takes parts away, halves first, then smaller ones, as long as the rest still does it."""
    parts = 2
    while len(items) > 1 and not budget.spent:
        size = max(1, (len(items) + parts - 1) // parts)
        for at in range(0, len(items), size):
            tried = items[:at] + items[at + size :]
            if tried and not budget.spent and test(tried):
                items, parts = tried, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(items))
    return items


# Messages

Message = tuple[int, bytes | None]  # the record that it is of; None: the record's own event


def split(records: Sequence[Record], protocol: str) -> list[Message]:
    """The messages of all records; what has no end is one."""
    codec = codec_of(protocol)
    found: list[Message] = []
    for number, record in enumerate(records):
        if record.event != DATA:
            found.append((number, None))
        rest = record.data
        while rest:
            status, length, _, _ = codec.frame(rest)
            length = length if status == "ok" and 0 < length <= len(rest) else len(rest)
            found.append((number, rest[:length]))
            rest = rest[length:]
    return found


def join(records: Sequence[Record], messages: Sequence[Message]) -> list[Record]:
    """The records with only these messages left; empty ones go."""
    data: dict[int, bytes] = {}
    for number, message in messages:
        data[number] = data.get(number, b"") + (message or b"")
    return [replace(records[number], data=content) for number, content in data.items()]


def num_messages(records: Sequence[Record], protocol: str) -> int:
    """How many messages are sent."""
    return sum(message is not None for _, message in split(records, protocol))


# Bytes

_NUMBERS = ("bits", "u8", "u16", "u32")
_FIXED = ("first", "packet_type", "packet_id", "protocol_level")
_PLAIN = b"a"


def _smaller(wire: bytes, protocol: str) -> list[bytes]:
    """Ways in which one message can be smaller, the greatest steps first."""
    codec = codec_of(protocol)
    found = []
    spans = [span for span in codec.spans(wire) if span.get("path")]
    for span in sorted(spans, key=lambda span: -int(span["len"])):
        path, kind = span["path"], span["kind"]
        edits: list[dict[str, object]] = []
        if kind == "item":
            edits.append({"drop": path})
        elif kind in ("string", "binary", "rest") and span["len"] > 0:
            edits += [{"set": path, "to": b""}, {"set": path, "to": _PLAIN}]
        elif kind in _NUMBERS and span.get("value") and path not in _FIXED:
            edits.append({"force": path, "to": 0})
        for edit in edits:
            try:
                tried = codec.edit(wire, [edit])
            except BuildError:
                continue
            if len(tried) < len(wire) or (len(tried) == len(wire) and "force" in edit):
                found.append(tried)
    return found


def shrink(
    records: Sequence[Record], messages: list[Message], protocol: str, test: Test, budget: Budget
) -> list[Message]:
    """Each message by its span map: properties and items go, texts become short."""
    for at, (number, wire) in enumerate(messages):
        again = wire is not None and len(wire) > 2
        while again and not budget.spent:
            again = False
            for tried in _smaller(messages[at][1] or b"", protocol):
                attempt = [*messages[:at], (number, tried), *messages[at + 1 :]]
                if budget.spent:
                    break
                if test(join(records, attempt)):
                    messages, again = attempt, True
                    break
    return messages


# Connections


def merge(records: list[Record], protocol: str, test: Test, budget: Budget) -> list[Record]:
    """What two connections say, on one: the second's opening goes."""
    names = list(dict.fromkeys(record.connection for record in records))
    for second in names[1:]:
        for first in names[: names.index(second)]:
            tried = _moved(records, first, second, protocol)
            if not budget.spent and tried and test(tried):
                return merge(tried, protocol, test, budget)
    return records


def _moved(records: list[Record], first: int, second: int, protocol: str) -> list[Record]:
    opening = next(n for n, record in enumerate(records) if record.connection == second)
    messages = split(records, protocol)
    dropped = next(at for at, (n, _) in enumerate(messages) if n == opening)
    left = join(records, messages[:dropped] + messages[dropped + 1 :])
    return [
        replace(record, connection=first) if record.connection == second else record
        for record in left
    ]


def reduce(
    records: list[Record], protocol: str, test: Test, budget: Budget
) -> list[Record]:
    """All steps; `records` do it already."""
    groups = shorten(journal.groups(records), lambda some: test(flat(some)), budget)
    records = flat(groups)
    messages = split(records, protocol)
    messages = shorten(messages, lambda some: test(join(records, some)), budget)
    records = merge(join(records, messages), protocol, test, budget)
    messages = split(records, protocol)
    messages = shrink(records, messages, protocol, test, budget)
    records = merge(join(records, messages), protocol, test, budget)
    messages = split(records, protocol)
    messages = shorten(messages, lambda some: test(join(records, some)), budget)
    return join(records, messages)
