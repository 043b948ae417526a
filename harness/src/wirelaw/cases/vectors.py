"""Vectors that must be refused, in groups that cases are made of: a packet, a requirement, its bytes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wirelaw import paths

Vector = Mapping[str, Any]

PACKETS = (
    "reserved", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe",
    "suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth",
)  # fmt: skip
PROTOCOLS = ("mqtt5", "mqtt311")


@dataclass(frozen=True)
class Group:
    """Vectors of one packet that break one requirement. A large group comes in parts, from 0."""

    protocol: str
    packet: str
    requirement: str
    part: int
    vectors: tuple[Vector, ...]

    @property
    def slug(self) -> str:
        """The end of a case's id: stable as long as the requirement's id is."""
        section = self.requirement.split("-", 1)[1].replace("/", "-").replace(".", "-").lower()
        part = f"-part-{self.part + 1}" if self.part else ""
        return f"{self.protocol.removeprefix('mqtt')}-{self.packet}-{section}{part}"


def packet_of(vector: Vector) -> str:
    """The type of packet that its first byte says, in lower case."""
    return PACKETS[int(vector["hex"][0], 16)]


def refused(
    reaches: Callable[[Vector], bool], at_once: int, owed: Mapping[str, str] | None = None
) -> Iterator[Group]:
    """All groups of the vectors for which `reaches` is true, of at most `at_once` vectors each.

    `owed` maps the statement that the sender breaks to the one that its receiver owes.
    """
    groups: dict[tuple[str, str, str], list[Vector]] = defaultdict(list)
    for file in sorted(paths.data("conformance/vectors/mqtt").glob("*.json")):
        for vector in json.loads(file.read_text(encoding="utf-8")):
            if vector["status"] in ("malformed", "protocol_error") and reaches(vector):
                for protocol in PROTOCOLS:
                    if (id := vector["requirement"].get(protocol)) is not None:
                        groups[protocol, packet_of(vector), (owed or {}).get(id, id)].append(vector)
    for (protocol, packet, requirement), vectors in sorted(groups.items()):
        for part, at in enumerate(range(0, len(vectors), at_once)):
            yield Group(protocol, packet, requirement, part, tuple(vectors[at : at + at_once]))
