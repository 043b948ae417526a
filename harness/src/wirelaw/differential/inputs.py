"""The packets that are compared: the vectors, and mutations of them, the same in every run."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from wirelaw import paths

#: Protocol levels of the variants that other codecs know, too.
VERSIONS = {"mqtt311": 4, "mqtt5": 5}

#: Bytes that mean something somewhere: lengths, wildcards, separators, ends of UTF-8 ranges.
TELLING = b"\x00\x01\x02\x03\x04\x7f\x80\xc2\xed\xa0\xf0\xff#+/$\x0b\x1f\x23\x26"
CONNECT = 1


@dataclass(frozen=True, order=True)
class Packet:
    """One whole packet, in the version in which it is read."""

    variant: str
    wire: bytes

    @property
    def version(self) -> int:
        return VERSIONS[self.variant]

    @property
    def line(self) -> str:
        """The packet as the shims read it."""
        return f"{self.version} {self.wire.hex()}"


def vectors() -> list[Packet]:
    """Every vector that is one whole packet of these variants, in order, without doubles."""
    packets: dict[Packet, None] = {}
    for file in sorted(paths.data("conformance/vectors/mqtt").glob("*.json")):
        for vector in json.loads(file.read_text("utf-8")):
            if vector["status"] in ("ok", "malformed", "protocol_error"):
                for variant in VERSIONS.keys() & set(vector["versions"]):
                    packets[Packet(variant, bytes.fromhex(vector["hex"]))] = None
    return sorted(packets)


def mutations(seeds: list[Packet], number: int) -> Iterator[Packet]:
    """``number`` packets with one to three things changed, most with a length that fits."""
    source = random.Random(1)
    for _ in range(number):
        seed = source.choice(seeds)
        wire = bytearray(seed.wire)
        for _ in range(source.randint(1, 3)):
            change(source, wire)
        if source.random() < 0.9:
            repair(wire)
        if wire:
            yield Packet(seed.variant, bytes(wire))


def change(source: random.Random, wire: bytearray) -> None:
    """Changes, drops, doubles, or inserts one byte, or cuts the end off."""
    if not wire:
        return
    at = source.randrange(len(wire))
    kind = source.randrange(6)
    if kind == 0:
        wire[at] = source.choice(TELLING)
    elif kind == 1:
        wire[at] ^= 1 << source.randrange(8)
    elif kind == 2:
        wire[at] = (wire[at] + source.choice((1, -1))) & 0xFF
    elif kind == 3:
        del wire[at]
    elif kind == 4:
        wire.insert(at, source.choice(TELLING))
    else:
        del wire[at + 1 :]


def repair(wire: bytearray) -> None:
    """Writes the Remaining Length that the packet has, where that takes one byte."""
    if 2 <= len(wire) < 130:
        wire[1] = len(wire) - 2
