"""What came of a replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wirelaw.results.model import MonitorViolation, Verdict


@dataclass(frozen=True)
class Finding:
    """Something about one captured message. `kind`:

    difference    the IUT answered something else
    played        what was played breaks a rule, as it did in the capture
    note          what may differ did
    unknown       why the replay says nothing about it
    """

    kind: str
    frame: int | None  # in the capture that was replayed
    flow: int | None
    text: str
    message: int | None = None  # index in the log of the replay

    def __str__(self) -> str:
        return f"frame {self.frame}: {self.text}" if self.frame is not None else self.text

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "frame": self.frame, "flow": self.flow, "text": self.text}


@dataclass
class Outcome:
    """All findings of one replay. `num_same` answers were as captured."""

    findings: list[Finding] = field(default_factory=list)
    violations: list[MonitorViolation] = field(default_factory=list)
    must: set[str] = field(default_factory=set)  # the requirements among them that are a MUST
    played: list[Finding] = field(default_factory=list)  # the MUSTs that the played side breaks
    ignore_played: bool = False  # that does not count
    num_same: int = 0
    num_answers: int = 0
    num_sent: int = 0
    crashed: str | None = None

    def differs(self, item: Any, text: str, message: int | None = None) -> None:
        self._add("difference", item, text, message)

    def note(self, item: Any, text: str, message: int | None = None) -> None:
        self._add("note", item, text, message)

    def unknown(self, item: Any, text: str) -> None:
        self._add("unknown", item, text, None)

    def _add(self, kind: str, item: Any, text: str, message: int | None) -> None:
        frame = item.frame if item is not None else None
        flow = item.flow.number if item is not None else None
        found = Finding(kind, frame, flow, text, message)
        if found not in self.findings:
            self.findings.append(found)

    def of(self, kind: str) -> list[Finding]:
        """In the order of the capture."""
        found = [each for each in self.findings if each.kind == kind]
        return sorted(found, key=lambda each: (each.frame is None, each.frame))

    @property
    def broken(self) -> list[MonitorViolation]:
        """What the IUT broke of what it must."""
        return [each for each in self.violations if each.requirement in self.must]

    @property
    def verdict(self) -> Verdict:
        if self.crashed or self.of("difference") or self.broken:
            return Verdict.FAIL
        if self.played and not self.ignore_played:
            return Verdict.FAIL
        if self.of("unknown") or self.num_answers == 0:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS

    @property
    def status(self) -> int:
        """The exit status: 0 the same, 1 it differs or breaks a rule, 2 could not be told."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1}.get(self.verdict, 2)
