"""What a loaded case is. Nothing in it changes when it runs, so one object serves any number of
runs.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelaw import when

ISOLATIONS = ("topics", "exclusive", "own-iut")
ROLES = ("server", "client")
MAX_REQUIREMENTS = 3


@dataclass(frozen=True, slots=True)
class Source:
    """Where a case is written; `path` is relative to the folder that holds ``conformance``."""

    path: str
    line: int
    file: Path = field(compare=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(slots=True, eq=False)
class Step:
    """One step. `action` names what runs it, `args` is what that takes.

    `requirement` is the one it is bound to, None for mere preparation; `must` whether that is a
    MUST,
    so that breaking it is a fail and not a warning; `text` is how it is shown.
    """

    index: int
    line: int
    conn: str | None
    action: str
    args: Any
    text: str
    preamble: bool
    requirement: str | None
    kills: tuple[str, ...]
    note: str | None = None
    must: bool = True


@dataclass(slots=True, eq=False, weakref_slot=True)
class Case:
    """One case of one protocol, with the parameters of the matrix put in.

    requirements  all ids that it or its steps name, of this protocol's catalogue
    kills         the faults that its steps name
    steps         preamble and body; empty for a case in Python
    function      the coroutine function of a case in Python, which takes (t, **parameters)
    seconds       what its waits add up to
    bulk          it sends very many packets, so the kill matrix does not run it against every fault
    """

    id: str
    title: str
    protocol: str
    role: str
    protocols: tuple[str, ...]
    requirements: tuple[str, ...]
    steps: tuple[Step, ...]
    kills: tuple[str, ...]
    isolation: str
    when: str
    transports: tuple[str, ...]
    slow: bool
    seconds: float
    source: Source
    note: str | None = None
    bulk: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    function: Callable[..., Coroutine[Any, Any, None]] | None = None

    @property
    def only_requirement(self) -> str | None:
        """The requirement that its expectations are bound to by default."""
        return self.requirements[0] if len(self.requirements) == 1 else None

    def applies(self, pics: Mapping[str, bool]) -> bool:
        """Whether an IUT of these capabilities can be tested with it."""
        return when.parse(self.when).holds(pics)

    @property
    def nodeid(self) -> str:
        """Its name in pytest."""
        return f"{self.source.path}::{self.id}"
