"""The exit status of a run: 0 conforms, 1 new failures, 2 could not be judged.

Nothing untested ever counts as passed: a run that tested nothing is a 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from .model import TESTED, CaseResult, Exit, Results, Verdict, level_group

FailOn = Literal["must", "should", "new"]


def exit_of(
    results: Results, *, max_inconclusive: float = 0.05, fail_on: FailOn = "new"
) -> Exit:
    """The exit status of finished results, with a sentence for each reason.

    `new` (the default) counts every failure that neither a deviation excuses nor the baseline
    has already; without a baseline all are new. `must` and `should` count the baseline's too,
    of MUST requirements, or of SHOULD requirements (and warnings) as well. A case, or
    a requirement that the monitor saw broken, that is newer than the baseline never counts.
    """
    impossible = list(_could_not_run(results, max_inconclusive))
    if impossible:
        return Exit(2, impossible)
    failures = list(_failures(results, fail_on))
    return Exit(1 if failures else 0, failures)


def must_cases(results: Results) -> list[CaseResult]:
    """The cases that test at least one MUST or MUST NOT."""
    must = {row.id for row in results.requirements if level_group(row.level) == "MUST"}
    return [case for case in results.cases if not must.isdisjoint(case.requirements)]


def _could_not_run(results: Results, max_inconclusive: float) -> Iterable[str]:
    run = results.run
    if run.interrupted:
        yield f"the run did not end: {run.interrupted}"
    if run.sessions == 0:
        yield "no session with the IUT ever succeeded"
    errors = [case.id for case in results.cases if case.verdict is Verdict.ERROR]
    if errors:
        yield f"{_count(errors, 'case')} in error, first {errors[0]}"
    if not any(case.verdict in TESTED for case in results.cases):
        yield "nothing was tested: no case came to a verdict"
        return
    must = [case for case in must_cases(results) if _ran(case)]
    unclear = [case.id for case in must if case.verdict is Verdict.INCONCLUSIVE]
    if must and len(unclear) > max_inconclusive * len(must):
        share = 100 * len(unclear) / len(must)
        yield (
            f"{len(unclear)} of {len(must)} MUST cases ({share:.0f}%) are inconclusive, "
            f"more than {100 * max_inconclusive:g}%"
        )


def _ran(case: CaseResult) -> bool:
    return case.verdict in (*TESTED, Verdict.INCONCLUSIVE, Verdict.ERROR)


def _count(things: list[str], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _failures(results: Results, fail_on: FailOn) -> Iterable[str]:
    cases = new_failures(results, fail_on)
    if cases:
        yield f"{_count(cases, 'case')} failed, first {cases[0]}"
    broken = _monitor_failures(results, fail_on)
    if broken:
        yield f"the monitor saw {_count(broken, 'requirement')} broken, first {broken[0]}"
    expired = [row for row in results.deviations if row["state"] == "expired"]
    if expired and (cases or broken):
        named = [str(row["case"] or row["requirement"]) for row in expired]
        yield f"{_count(named, 'deviation')} expired, first {named[0]}"


def new_failures(results: Results, fail_on: FailOn = "new") -> list[str]:
    """The ids of the cases that make the exit status 1."""
    levels = {row.id: level_group(row.level) for row in results.requirements}
    known = _unchanged(results, "cases", fail_on)
    counted = (Verdict.FAIL, Verdict.WARN) if fail_on == "should" else (Verdict.FAIL,)
    return [
        case.id
        for case in results.cases
        if case.verdict in counted
        and not case.deviation
        and case.id not in known
        and (fail_on != "must" or any(levels.get(each) == "MUST" for each in case.requirements))
    ]


def _monitor_failures(results: Results, fail_on: FailOn) -> list[str]:
    levels = {row.id: level_group(row.level) for row in results.requirements}
    counted = ("MUST", "SHOULD") if fail_on == "should" else ("MUST",)
    known = _unchanged(results, "requirements", fail_on)
    seen = {
        violation.requirement
        for violation in results.monitor_violations
        if not violation.deviation
        and levels.get(violation.requirement) in counted
        and violation.requirement not in known
    }
    return sorted(seen)


def _unchanged(results: Results, what: str, fail_on: FailOn) -> set[str]:
    """What the baseline excuses: what failed there already (unless `must` or `should` is asked
    for), and what it did not have."""
    if results.comparison is None:
        return set()
    changes = {row["id"]: row["change"] for row in results.comparison[what]}
    new = {name for name, change in changes.items() if change == "new_case"}
    if fail_on != "new":
        return new
    everything = {case.id for case in results.cases} | {row.id for row in results.requirements}
    return {name for name in everything if changes.get(name) != "newly_failing"}
