"""Journals: what a campaign sent to its IUT. ``fuzz/campaign/journal.h`` has the format."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wirelaw.errors import UserError

MAGIC = b"wirelaw journal\n"
RING_AT = 4096
DATA, END, RESET, SKIP = range(4)
_HEADER = struct.Struct("<6I")
_COUNTS = struct.Struct("<3Q")


@dataclass(frozen=True)
class Record:
    """One thing that our side did on one connection."""

    group: int  # the input that it belongs to
    connection: int
    event: int  # DATA, END or RESET
    received: int  # messages of the IUT on this connection before
    data: bytes


def read(path: Path) -> list[Record]:
    """All records that are there, in order. Raises UserError when it is no journal."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    if content[: len(MAGIC)] != MAGIC or len(content) < RING_AT:
        raise UserError(f"{path} is no journal of a campaign")
    size, head, tail = _COUNTS.unpack_from(content, len(MAGIC))
    if size > len(content) - RING_AT:
        raise UserError(f"{path} is cut short")
    return list(_records(memoryview(content)[RING_AT : RING_AT + size], head, tail))


def _records(ring: memoryview, head: int, tail: int) -> Iterable[Record]:
    while tail < head:
        at = tail % len(ring)
        (total,) = struct.unpack_from("<I", ring, at)
        if total < 8 or total % 8 or at + total > len(ring):
            return
        tail += total
        if total < _HEADER.size:
            continue
        _, group, connection, event, received, length = _HEADER.unpack_from(ring, at)
        if event != SKIP and length <= total - _HEADER.size:
            start = at + _HEADER.size
            yield Record(group, connection, event, received, bytes(ring[start : start + length]))


def write(path: Path, records: Iterable[Record]) -> None:
    """Writes a journal that holds just these."""
    parts = []
    for one in records:
        total = (_HEADER.size + len(one.data) + 7) & ~7
        head = _HEADER.pack(
            total, one.group, one.connection, one.event, one.received, len(one.data)
        )
        parts.append((head + one.data).ljust(total, b"\0"))
    ring = b"".join(parts)
    top = MAGIC + _COUNTS.pack(len(ring), len(ring), 0)
    path.write_bytes(top.ljust(RING_AT, b"\0") + ring)


def groups(records: Iterable[Record]) -> list[list[Record]]:
    """The records by group, the group that ended last at the end."""
    found: dict[int, list[Record]] = {}
    for one in records:
        group = found.pop(one.group, [])
        group.append(one)
        found[one.group] = group
    return list(found.values())


# Conversations as inputs: fuzz/seq/seq.h has the format.


def from_sequence(sequence: bytes) -> list[Record]:
    """The client's records of a conversation."""
    found = []
    while len(sequence) >= 7:
        first, length = sequence[0], int.from_bytes(sequence[5:7], "big")
        event, connection = first >> 1 & 3, first >> 3 & 3
        if not first & 1 and event < SKIP:
            found.append(Record(1, connection + 1, event, 0, sequence[7 : 7 + length]))
        sequence = sequence[7 + length :]
    return found


def to_sequence(records: Iterable[Record]) -> bytes:
    """The other way; connections are numbered anew, modulo the four that there are."""
    places: dict[int, int] = {}
    parts = []
    for one in records:
        place = places.setdefault(one.connection, len(places)) % 4
        head = bytes([one.event << 1 | place << 3]) + bytes(4) + len(one.data).to_bytes(2, "big")
        parts.append(head + one.data[:0xFFFF])
    return b"".join(parts)
