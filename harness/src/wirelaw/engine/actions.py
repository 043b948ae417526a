"""What steps take: the compiled arguments of each action. `cases.grammar` makes them, `steps` runs
them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wirelaw.engine.patterns import Pattern


@dataclass(frozen=True, slots=True)
class Packet:
    """Something to send: a message of a type with fields, and edits of it, or raw bytes.

    `defaults` False: only the given fields are set (the will of whoever wants an empty packet).
    """

    type: str | None
    fields: Any
    raw: bytes | None = None
    edits: Any = ()


@dataclass(frozen=True, slots=True)
class Send:
    packets: tuple[Packet, ...]
    split: int | None
    bind: tuple[tuple[str, str], ...]
    text: bool = False  # in a WebSocket text frame


@dataclass(frozen=True, slots=True)
class Expect:
    """`any` are alternatives, `all` (if not empty) must come in any order."""

    any: tuple[Pattern, ...]
    all: tuple[Pattern, ...] = ()
    bind: tuple[tuple[str, str], ...] = ()
    tolerate: tuple[Pattern, ...] = ()
    none_before: tuple[Pattern, ...] = ()
    prefer: Any = None
    within: float | None = None
    not_before: float | None = None


@dataclass(frozen=True, slots=True)
class ExpectClosed:
    """`after` None: what the protocol allows before a close."""

    after: tuple[Pattern, ...] | None = None
    prefer: tuple[Pattern, ...] = ()
    within: float | None = None
    not_before: float | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """`none` and `park`: forbidden from here on."""

    patterns: tuple[Pattern, ...]
    park: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole exchange. `sends` is what goes out, `answer` what its answer must be like."""

    sends: Packet
    answer: Any
    bind: tuple[tuple[str, str], ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stimulus:
    """What the IUT is made to do."""

    do: str
    fields: Any
