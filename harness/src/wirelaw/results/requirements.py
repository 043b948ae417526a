"""From the steps of cases to a verdict for each requirement, and what was covered of each level.

A requirement fails if a step bound to it failed, or the monitor saw it broken; it passes only if
a step bound to it passed and nothing about it is inconclusive (DESIGN.md, "Verdicts"). A case
that merely mentions a requirement proves nothing about it, with one exception: the only
requirement of a case whose steps are bound to none has the verdict of the case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .model import (
    FROM_IUT,
    LEVELS,
    TESTED,
    CaseResult,
    CatalogueRow,
    MonitorViolation,
    Proof,
    RequirementResult,
    Step,
    Verdict,
    level_group,
)

#: The verdict of a requirement is the first of these among what its cases say about it.
_ORDER = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.UNTESTED,
    Verdict.NOT_APPLICABLE,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that decides for a requirement; untested where there is none."""
    seen = set(verdicts)
    return next((verdict for verdict in _ORDER if verdict in seen), Verdict.UNTESTED)


def evidence(case: CaseResult, requirement: str) -> Verdict:
    """What one case says about one of its requirements."""
    if case.verdict in (Verdict.ERROR, Verdict.UNTESTED, Verdict.NOT_APPLICABLE):
        return case.verdict
    bound = [step for step in case.steps if step.requirement == requirement]
    if not bound:
        alone = list(case.requirements) == [requirement] and not any(
            step.requirement for step in case.steps
        )
        return case.verdict if alone else Verdict.UNTESTED
    reached = [step.verdict for step in bound if step.verdict is not Verdict.UNTESTED]
    said = worst(reached)
    if case.verdict in (Verdict.PASS, Verdict.WARN):
        return said
    reached_all = len(reached) == len(bound)
    if case.verdict is Verdict.INCONCLUSIVE and (said is Verdict.FAIL or not reached_all):
        return Verdict.INCONCLUSIVE
    if case.cause == "crash" and said is not Verdict.FAIL and not reached_all:
        return Verdict.INCONCLUSIVE
    return said if reached_all or said is not Verdict.PASS else Verdict.UNTESTED


def _step_proof(case: CaseResult, step: Step) -> Proof:
    proof = Proof("case", case.id, step.index, step.message, detail=step.got or step.detail)
    if step.message is None or not 0 <= step.message < len(case.messages):
        return proof
    message = case.messages[step.message]
    proof.frame = message.frame
    if (
        message.violation
        and message.direction == FROM_IUT
        and message.violation.requirement == step.requirement
    ):
        proof.offset, proof.length = message.violation.offset, message.violation.length
    return proof


def _case_proofs(case: CaseResult, requirement: str) -> list[Proof]:
    steps = [
        step
        for step in case.steps
        if step.requirement == requirement and step.verdict is Verdict.FAIL
    ]
    if steps:
        return [_step_proof(case, step) for step in steps]
    frame = case.capture.last if case.capture else None
    return [Proof("case", case.id, case.failed_step, frame=frame, detail=case.cause)]


def _monitor_proof(seen: MonitorViolation) -> Proof:
    return Proof(
        "monitor",
        seen.case,
        frame=seen.frame,
        offset=seen.offset,
        length=seen.length,
        detail=seen.detail or seen.summary,
    )


def monitor_verdict(level: str) -> Verdict:
    """What the monitor's objection makes of a requirement of this level."""
    return Verdict.FAIL if level_group(level) == "MUST" else Verdict.WARN


def _reason(row: CatalogueRow, said: Mapping[str, Verdict], cases: Mapping[str, CaseResult],
            verdict: Verdict) -> str | None:
    if verdict in (Verdict.PASS, Verdict.WARN, Verdict.FAIL):
        return None
    if not row.applicable:
        return row.reason or "the IUT does not claim the capability that this asks for"
    if not row.testable:
        return row.reason or "not testable"
    if not said:
        return "no case of this run tests it"
    name = next(each for each, verdict_of in said.items() if verdict_of is verdict)
    case = cases[name]
    if verdict is Verdict.UNTESTED and case.verdict is not Verdict.UNTESTED:
        return f"{name} ended before the step that tests it"
    return f"{name}: {case.cause}" if case.cause else name


def judge_requirements(
    catalogue: Iterable[CatalogueRow],
    cases: Sequence[CaseResult],
    monitor: Sequence[MonitorViolation] = (),
) -> list[RequirementResult]:
    """One result for each row of the catalogue, in its order.

    A requirement that is cited but has no row gets one with the origin `uncatalogued`, at the
    end, so that no verdict is ever lost.
    """
    rows = list(catalogue)
    citing: dict[str, list[CaseResult]] = defaultdict(list)
    for case in cases:
        for requirement in dict.fromkeys([*case.requirements, *_bound(case)]):
            citing[requirement].append(case)
    seen: dict[str, list[MonitorViolation]] = defaultdict(list)
    for violation in monitor:
        seen[violation.requirement].append(violation)
    unknown = (citing.keys() | seen.keys()) - {row.id for row in rows}
    rows += [
        CatalogueRow(each, "MUST", "", "Not in the catalogue of this run.", origin="uncatalogued")
        for each in sorted(unknown)
    ]
    return [_judge_one(row, citing.get(row.id, []), seen.get(row.id, [])) for row in rows]


def _bound(case: CaseResult) -> list[str]:
    return [step.requirement for step in case.steps if step.requirement]


def _judge_one(
    row: CatalogueRow, citing: Sequence[CaseResult], seen: Sequence[MonitorViolation]
) -> RequirementResult:
    said = {case.id: evidence(case, row.id) for case in citing}
    verdicts = list(said.values()) + ([monitor_verdict(row.level)] if seen else [])
    if verdicts:
        verdict = worst(verdicts)
    else:
        verdict = Verdict.UNTESTED if row.applicable else Verdict.NOT_APPLICABLE
    proofs = [
        proof
        for case in citing
        if said[case.id] is Verdict.FAIL
        for proof in _case_proofs(case, row.id)
    ]
    return RequirementResult(
        id=row.id,
        level=row.level,
        section=row.section,
        verdict=verdict,
        cases=[case.id for case in citing],
        statement=row.statement,
        origin=row.origin,
        testable=row.testable,
        applicable=row.applicable,
        reason=_reason(row, said, {case.id: case for case in citing}, verdict),
        violations=proofs + [_monitor_proof(each) for each in seen],
    )


def count_coverage(requirements: Iterable[RequirementResult]) -> dict[str, dict[str, Any]]:
    """For each of MUST, SHOULD and MAY: how many requirements there are (`total`), concern this
    IUT (`applicable`), can be tested (`testable`), were tested (`tested`), and have each verdict.

    Each number counts a part of the one before, so tested is never above testable.
    """
    counts: dict[str, dict[str, Any]] = {
        level: {
            "total": 0,
            "applicable": 0,
            "testable": 0,
            "tested": 0,
            "verdicts": {str(verdict): 0 for verdict in Verdict},
        }
        for level in LEVELS
    }
    for row in requirements:
        count = counts[level_group(row.level)]
        tested = row.verdict in TESTED
        applicable = tested or (row.applicable and row.verdict is not Verdict.NOT_APPLICABLE)
        count["total"] += 1
        count["applicable"] += applicable
        count["testable"] += applicable and (tested or row.testable)
        count["tested"] += tested
        count["verdicts"][str(row.verdict)] += 1
    return counts


def count_totals(cases: Iterable[CaseResult]) -> dict[str, int]:
    """How many cases have each verdict, all seven named."""
    totals = {str(verdict): 0 for verdict in Verdict}
    for case in cases:
        totals[str(case.verdict)] += 1
    return totals
