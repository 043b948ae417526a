"""What a run found: the typed form of `results.json` (reports/results.schema.json).

Every class has `to_json` and `from_json`, which are inverse to each other, so that a worker
process can hand a case to the one that writes. Every key is always there; what is not known is
None. Spans stay plain dictionaries, because a run has very many of them and the binding makes
them from its tables in this shape already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypedDict

SCHEMA = "wirelaw-results/1"


class Verdict(StrEnum):
    """The seven verdicts, in the order in which a report shows them."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"
    UNTESTED = "untested"


#: The verdict of a case is the first of these that one of its steps has (DESIGN.md, "Verdicts").
CASE_ORDER = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.UNTESTED,
    Verdict.NOT_APPLICABLE,
)

#: Verdicts that come from looking at the IUT. Nothing else ever counts as tested.
TESTED = (Verdict.PASS, Verdict.WARN, Verdict.FAIL)

LEVELS = ("MUST", "SHOULD", "MAY")


def level_group(level: str) -> str:
    """The level by which a requirement is counted: `MUST NOT` with `MUST`, and so on."""
    head = level.upper().split()[0] if level.strip() else "MAY"
    return {"SHALL": "MUST", "REQUIRED": "MUST", "RECOMMENDED": "SHOULD"}.get(
        head, head if head in LEVELS else "MAY"
    )


class Span(TypedDict):
    """One field of an encoded message; `parent` is an index into the same list, or None."""

    name: str
    at: int
    len: int
    parent: int | None
    value: str | int | float | bool | None


@dataclass(slots=True)
class Violation:
    """Where a message breaks a requirement; offset and length count bytes of its `hex`."""

    requirement: str
    offset: int
    length: int = 1
    detail: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "requirement": self.requirement,
            "offset": self.offset,
            "length": self.length,
            "detail": self.detail,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Violation:
        return cls(row["requirement"], row["offset"], row["length"], row["detail"])


@dataclass(slots=True)
class Step:
    """One step of a case. `message` is the index, in the case's messages, of the one that
    decided it; `requirement` is the one the step is bound to, or None for a mere preparation.
    A step that was not reached is `untested`."""

    index: int
    conn: str | None
    text: str
    verdict: Verdict
    requirement: str | None = None
    detail: str | None = None
    expected: str | None = None
    got: str | None = None
    message: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "conn": self.conn,
            "text": self.text,
            "verdict": str(self.verdict),
            "requirement": self.requirement,
            "detail": self.detail,
            "expected": self.expected,
            "got": self.got,
            "message": self.message,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Step:
        return cls(**{**row, "verdict": Verdict(row["verdict"])})


#: Directions of a message, seen from the IUT.
TO_IUT = "to_iut"
FROM_IUT = "from_iut"


@dataclass(slots=True)
class Message:
    """One message, or one event of a connection, of a case.

    `time_ns` counts from the start of the run. `frame` is the number of its last packet in the
    run's capture, from 1, as Wireshark shows it. A connection's opening, closing or reset has the
    type `open`, `close` or `reset` and no bytes.
    """

    conn: str
    direction: str
    time_ns: int
    type: str
    summary: str
    hex: str = ""
    frame: int | None = None
    violation: Violation | None = None
    tree: Sequence[Span] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "conn": self.conn,
            "direction": self.direction,
            "time_ns": self.time_ns,
            "type": self.type,
            "summary": self.summary,
            "hex": self.hex,
            "frame": self.frame,
            "violation": self.violation.to_json() if self.violation else None,
            "tree": list(self.tree) if self.tree is not None else None,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Message:
        violation = Violation.from_json(row["violation"]) if row["violation"] else None
        return cls(**{**row, "violation": violation})


@dataclass(slots=True)
class Capture:
    """The packets of one case: file beside results.json, first and last packet number."""

    file: str
    first: int
    last: int

    def to_json(self) -> dict[str, Any]:
        return {"file": self.file, "first": self.first, "last": self.last}


@dataclass(slots=True)
class PlannedCase:
    """A case that the run selected, or left out for a reason that it says in `untested`.

    `title` is one sentence; `requirements` are all that its steps are bound to.
    """

    id: str
    title: str
    role: str
    requirements: Sequence[str]
    untested: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "role": self.role,
            "requirements": list(self.requirements),
            "untested": self.untested,
        }


@dataclass(slots=True)
class CaseResult:
    """How one case ended.

    `cause` is None on a pass, else the short reason: a word such as `crash`, `closed`, `timeout`,
    `preamble`, or a few words. `failed_step` is the index of the step that decided a verdict
    other than pass. `log` is what the IUT wrote meanwhile. `deviation` is filled in by the writer.
    """

    id: str
    title: str
    verdict: Verdict
    role: str
    requirements: Sequence[str] = ()
    cause: str | None = None
    failed_step: int | None = None
    seconds: float = 0.0
    steps: list[Step] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    capture: Capture | None = None
    repeat: str | None = None
    log: str | None = None
    deviation: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "verdict": str(self.verdict),
            "cause": self.cause,
            "failed_step": self.failed_step,
            "role": self.role,
            "seconds": round(self.seconds, 6),
            "requirements": list(self.requirements),
            "steps": [step.to_json() for step in self.steps],
            "messages": [message.to_json() for message in self.messages],
            "capture": self.capture.to_json() if self.capture else None,
            "repeat": self.repeat,
            "log": self.log,
            "deviation": self.deviation,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> CaseResult:
        return cls(
            **{
                **row,
                "verdict": Verdict(row["verdict"]),
                "steps": [Step.from_json(step) for step in row["steps"]],
                "messages": [Message.from_json(message) for message in row["messages"]],
                "capture": Capture(**row["capture"]) if row["capture"] else None,
            }
        )

    def step(self, index: int | None) -> Step | None:
        """The step with this index, or None."""
        return next((step for step in self.steps if step.index == index), None)


def untested_case(planned: PlannedCase, cause: str) -> CaseResult:
    """The result of a case that did not run, with the reason why."""
    return CaseResult(
        id=planned.id,
        title=planned.title,
        verdict=Verdict.UNTESTED,
        role=planned.role,
        requirements=tuple(planned.requirements),
        cause=cause,
    )


@dataclass(slots=True)
class MonitorViolation:
    """A requirement that the IUT broke outside of any step: seen by the monitor, which judges all
    traffic. `case` is the one that happened to be running on the connection, for orientation."""

    requirement: str
    conn: str | None = None
    case: str | None = None
    time_ns: int | None = None
    frame: int | None = None
    type: str | None = None
    summary: str | None = None
    hex: str | None = None
    offset: int | None = None
    length: int | None = None
    detail: str | None = None
    deviation: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> MonitorViolation:
        return cls(**row)


@dataclass(slots=True)
class CatalogueRow:
    """One requirement as it concerns the role under test.

    `testable` is False for what cannot be tested, with the `reason`; `applicable` is False where
    the IUT's PICS leave the requirement out (the catalogue's `when` is false).
    """

    id: str
    level: str
    section: str
    statement: str
    testable: bool = True
    applicable: bool = True
    reason: str | None = None
    origin: str = "official"

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Catalogue:
    """Which catalogue file the verdicts speak about."""

    name: str
    version: str | None = None
    sha256: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "sha256": self.sha256}


@dataclass(slots=True)
class Exit:
    """The exit status of a run and one sentence for each reason that made it."""

    status: int
    reasons: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"status": self.status, "reasons": list(self.reasons)}


@dataclass(slots=True)
class Run:
    """One run. `started` is ISO 8601 in UTC; `command` is the command line, one argument each,
    from which the writer takes the credentials; `sessions` counts the sessions (a CONNECT that was
    accepted, or what the protocol has instead) that ever succeeded, None if nobody counted."""

    id: str
    started: str
    tool_version: str
    suite_version: str
    catalogues: list[Catalogue] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    host: str = ""
    seed: int | None = None
    seconds: float = 0.0
    capture: str | None = "run.pcapng"
    complete: bool = False
    interrupted: str | None = None
    sessions: int | None = None
    exit: Exit | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "started": self.started,
            "seconds": round(self.seconds, 6),
            "tool_version": self.tool_version,
            "suite_version": self.suite_version,
            "catalogues": [catalogue.to_json() for catalogue in self.catalogues],
            "seed": self.seed,
            "command": list(self.command),
            "host": self.host,
            "capture": self.capture,
            "complete": self.complete,
            "interrupted": self.interrupted,
            "sessions": self.sessions,
            "exit": self.exit.to_json() if self.exit else None,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Run:
        return cls(
            **{
                **row,
                "catalogues": [Catalogue(**each) for each in row["catalogues"]],
                "exit": Exit(**row["exit"]) if row["exit"] else None,
            }
        )


@dataclass(slots=True)
class Iut:
    """The implementation under test, as its descriptor and its first answers tell it."""

    name: str
    role: str
    protocol: str
    version: str | None = None
    descriptor_sha256: str | None = None
    transport: str = "tcp"
    url: str | None = None
    pics: dict[str, bool] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Proof:
    """Where a requirement was seen broken: the step and message of a case, or the monitor.

    `source` is `case` or `monitor`; `message` is an index into the case's messages; offset and
    length count bytes of the message.
    """

    source: str
    case: str | None = None
    step: int | None = None
    message: int | None = None
    frame: int | None = None
    offset: int | None = None
    length: int | None = None
    detail: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class RequirementResult:
    """One requirement with the verdict that its steps and the monitor give it.

    `cases` are all that cite it; `reason` says why it is untested, not applicable or
    inconclusive; `violations` are the proofs where it was broken.
    """

    id: str
    level: str
    section: str
    verdict: Verdict
    cases: list[str]
    statement: str
    origin: str = "official"
    testable: bool = True
    applicable: bool = True
    reason: str | None = None
    violations: list[Proof] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "level": self.level,
            "section": self.section,
            "verdict": str(self.verdict),
            "cases": list(self.cases),
            "statement": self.statement,
            "origin": self.origin,
            "testable": self.testable,
            "applicable": self.applicable,
            "reason": self.reason,
            "violations": [proof.to_json() for proof in self.violations],
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> RequirementResult:
        return cls(
            **{
                **row,
                "verdict": Verdict(row["verdict"]),
                "violations": [Proof(**proof) for proof in row["violations"]],
            }
        )


@dataclass(slots=True)
class Results:
    """A whole results.json. `coverage` is what `coverage.count` gives; `deviations` and
    `comparison` are in the shapes of deviations.py and baseline.py."""

    run: Run
    iut: Iut
    totals: dict[str, int]
    cases: list[CaseResult]
    requirements: list[RequirementResult]
    coverage: dict[str, dict[str, Any]]
    monitor_violations: list[MonitorViolation] = field(default_factory=list)
    deviations: list[dict[str, Any]] = field(default_factory=list)
    comparison: dict[str, Any] | None = None
    sections: dict[str, str] = field(default_factory=dict)

    def to_json(self, with_cases: bool = True) -> dict[str, Any]:
        """The document; without its cases, which are by far the most, where they are written
        one by one."""
        return {
            "schema": SCHEMA,
            "run": self.run.to_json(),
            "iut": self.iut.to_json(),
            "totals": dict(self.totals),
            "coverage": self.coverage,
            "requirements": [row.to_json() for row in self.requirements],
            "monitor_violations": [row.to_json() for row in self.monitor_violations],
            "deviations": self.deviations,
            "comparison": self.comparison,
            "sections": dict(self.sections),
            "cases": [case.to_json() for case in self.cases] if with_cases else [],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Results:
        return cls(
            run=Run.from_json(document["run"]),
            iut=Iut(**document["iut"]),
            totals=dict(document["totals"]),
            cases=[CaseResult.from_json(case) for case in document["cases"]],
            requirements=[RequirementResult.from_json(row) for row in document["requirements"]],
            coverage=document["coverage"],
            monitor_violations=[
                MonitorViolation.from_json(row) for row in document["monitor_violations"]
            ],
            deviations=list(document["deviations"]),
            comparison=document["comparison"],
            sections=dict(document["sections"]),
        )
