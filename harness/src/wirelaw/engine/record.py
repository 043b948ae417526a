"""From a run of a case to its result: steps, messages with their span maps, the IUT's log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirelaw.engine.run import CaseRun, Entry
from wirelaw.results.model import (
    FROM_IUT,
    TO_IUT,
    Capture,
    CaseResult,
    Message,
    Span,
    Verdict,
    Violation,
)
from wirelaw.results.model import Step as StepResult

if TYPE_CHECKING:
    from wirelaw.cases.model import Case

#: Messages longer than this are shown without their span map, and their bytes are cut.
SHOWN_BYTES = 4096
CAPTURE_FILE = "run.pcapng"


def result_of(run: CaseRun, began: int, repeat: str | None = None) -> CaseResult:
    """The result; `began` is the start of the whole run in ns."""
    case = run.case
    tell = run.verdict is not Verdict.PASS
    packets = [entry[4] for entry in run.log if entry[4]]
    return CaseResult(
        id=case.id,
        title=case.title,
        verdict=run.verdict,
        role=case.role,
        requirements=case.requirements,
        cause=run.cause,
        failed_step=run.failed_step,
        seconds=(run.ended - run.started) / 1e9,
        steps=[_step(run, index) for index in range(len(run.steps))],
        messages=[_message(run, entry, began) for entry in run.log],
        capture=Capture(CAPTURE_FILE, min(packets), max(packets)) if packets else None,
        repeat=repeat,
        log=(run.target.log_since(run.log_from) or None) if tell else None,
    )


def untested(case: Case, verdict: Verdict, cause: str) -> CaseResult:
    """The result of a case that did not run."""
    return CaseResult(case.id, case.title, verdict, case.role, case.requirements, cause)


def _step(run: CaseRun, index: int) -> StepResult:
    step, state = run.step(index), run.steps[index]
    return StepResult(
        index=index,
        conn=step.conn,
        text=step.text,
        verdict=state.verdict,
        requirement=step.requirement,
        detail=state.detail or step.note,
        expected=state.expected,
        got=state.got,
        message=state.message,
    )


_KINDS = {"open": "connection open", "close": "closed by the IUT", "reset": "reset by the IUT"}


def _message(run: CaseRun, entry: Entry, began: int) -> Message:
    conn, from_iut, time, wire, packet, kind = entry
    direction = FROM_IUT if from_iut else TO_IUT
    if wire is None:
        assert kind is not None
        return Message(conn, direction, max(time - began, 0), kind, _KINDS[kind], frame=packet)
    codec = run.codec
    name = codec.load(wire)
    summary = codec.text(wire)[:2000]
    tree = tree_of(codec.spans(wire)) if len(wire) <= SHOWN_BYTES and name else None
    return Message(
        conn, direction, max(time - began, 0), name or "unknown", summary,
        wire[:SHOWN_BYTES].hex(), packet, _violation(run, wire, from_iut), tree,
    )  # fmt: skip


def _violation(run: CaseRun, wire: bytes, from_iut: bool) -> Violation | None:
    """What is wrong with the message by itself."""
    from_server = from_iut == (run.case.role == "server")
    status, requirement, offset = run.codec.decode(wire, from_server)
    if status == "ok" or requirement in (None, "none"):
        return None
    assert requirement is not None
    return Violation(requirement, offset, 1, status.replace("_", " "))


def tree_of(spans: list[dict[str, Any]]) -> list[Span]:
    """The span map as results have it: the last part of each path as name, the first has no
    parent.
    """
    return [
        Span(
            name=span["path"].rpartition(".")[2],
            at=span["at"],
            len=span["len"],
            parent=span["parent"] if index else None,
            value=_value(span.get("value")),
        )
        for index, span in enumerate(spans)
    ]


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return "(secret)" if value.get("secret") else value.get("text")
    return value
