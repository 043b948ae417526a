"""Disagreements, grouped, and what the text says about each group."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from wirelaw import paths
from wirelaw.differential.codecs import ACCEPT, CANNOT, CRASH
from wirelaw.differential.inputs import Packet

TYPES = (
    "reserved", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP",
    "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
)  # fmt: skip


@dataclass(order=True, frozen=True)
class Key:
    """What the packets of a group have in common."""

    codec: str
    ours: str  # "accept", or the requirement that we say is broken
    theirs: str  # "accept", "crash", or what the codec said when it refused
    about: str  # where we accept: variant and type of packet


@dataclass
class Group:
    """Packets of one kind of disagreement."""

    key: Key
    count: int = 0
    example: Packet | None = None
    settled: Settled | None = None

    def add(self, packet: Packet) -> None:
        """Counts the packet and keeps the shortest as the example."""
        self.count += 1
        if self.example is None or (len(packet.wire), packet) < (
            len(self.example.wire), self.example,
        ):  # fmt: skip
            self.example = packet


@dataclass(frozen=True)
class Settled:
    """A row of settled.toml: patterns of a key, who is right, and why."""

    right: str  # "wirelaw", "codec", "both": the text leaves it open
    why: str
    codec: str = "*"
    ours: str | list[str] = "*"
    theirs: str = "*"
    about: str = "*"
    sentences: list[str] = field(default_factory=list)

    def covers(self, key: Key) -> bool:
        patterns = self.ours if isinstance(self.ours, list) else [self.ours]
        return any(fnmatchcase(key.ours, pattern) for pattern in patterns) and all(
            fnmatchcase(getattr(key, name), getattr(self, name))
            for name in ("codec", "theirs", "about")
        )


def settled() -> list[Settled]:
    """The rows of settled.toml, in order; the first that covers a group counts."""
    text = (paths.data("harness/differential") / "settled.toml").read_text("utf-8")
    return [Settled(**row) for row in tomllib.loads(text)["group"]]


def same_but_for_numbers(said: str) -> str:
    """What a codec said, without the numbers that differ from packet to packet."""
    return re.sub(r"\d+", "N", said)[:80]


def key_of(codec: str, packet: Packet, ours: str | None, verdict: str, said: str) -> Key | None:
    """The group of one judgement, or None where the two agree or the codec has nothing to say."""
    accepts = verdict == ACCEPT
    if verdict == CANNOT or (verdict != CRASH and accepts == (ours is None)):
        return None
    theirs = verdict if accepts or verdict == CRASH else same_but_for_numbers(said) or verdict
    about = f"{packet.variant} {TYPES[packet.wire[0] >> 4]}"
    return Key(codec, ours or ACCEPT, theirs, about if ours is None or verdict == CRASH else "")


def gather(rows: Iterable[tuple[str, Packet, str | None, str, str]]) -> list[Group]:
    """Groups of judgements: codec, packet, ours, the codec's verdict and words."""
    groups: dict[Key, Group] = {}
    for codec, packet, ours, verdict, said in rows:
        key = key_of(codec, packet, ours, verdict, said)
        if key is not None:
            groups.setdefault(key, Group(key)).add(packet)
    known = settled()
    for group in groups.values():
        group.settled = next((row for row in known if row.covers(group.key)), None)
    return [groups[key] for key in sorted(groups)]
