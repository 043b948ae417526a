"""A replay as the result of a run: its folder is that of `wirelaw check`, its case the
conversation."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from pathlib import Path
from typing import Any

from wirelaw import __version__, catalogue
from wirelaw.captures.playing.outcome import Outcome
from wirelaw.captures.playing.script import Await, Script
from wirelaw.captures.report import prepare
from wirelaw.engine.record import result_of
from wirelaw.engine.run import CaseRun
from wirelaw.results import (
    Catalogue,
    CatalogueRow,
    Exit,
    Iut,
    Results,
    Run,
)
from wirelaw.results.model import CaseResult, Step, Verdict
from wirelaw.results.requirements import count_coverage, count_totals, judge_requirements
from wirelaw.results.secrets import redact_command
from wirelaw.results.writer import write_results

__all__ = ["prepare", "result_of_replay", "write"]

_VERDICTS = {
    "same": Verdict.PASS, "different": Verdict.FAIL, "missing": Verdict.FAIL,
    "lost": Verdict.UNTESTED,
}  # fmt: skip


def result_of_replay(run: CaseRun, script: Script, outcome: Outcome, began: int) -> CaseResult:
    """A step for each thing that the IUT did in the capture, and for what it did beside."""
    run.verdict = outcome.verdict
    told, run.case.steps = run.case.steps, ()
    run.steps = []
    result = result_of(run, began)
    run.case.steps = told
    result.steps = [_step(i, each, script, outcome) for i, each in enumerate(script.awaits)]
    frames = {each.item.frame for each in script.awaits}
    for found in outcome.findings:
        if found.frame not in frames or found.kind == "unknown":
            result.steps.append(_said(len(result.steps), found))
    bad = next((s.index for s in result.steps if s.verdict is outcome.verdict), None)
    if outcome.verdict is not Verdict.PASS:
        result.failed_step = bad
        result.cause = outcome.crashed or _cause(outcome)
    return result


def _cause(outcome: Outcome) -> str:
    if outcome.of("difference"):
        return "mismatch"
    return "violation" if outcome.broken or outcome.played else "inconclusive"


def _step(index: int, each: Await, script: Script, outcome: Outcome) -> Step:
    item = each.item
    name = item.type if item.is_message else "close"
    details = [
        f.text for f in outcome.findings if f.frame == item.frame and f.flow == item.flow.number
    ]
    expected = script.codec.text(item.wire) if item.is_message else "close"
    verdict = _VERDICTS.get(each.state, Verdict.INCONCLUSIVE)
    if verdict is Verdict.FAIL and not any(
        f.kind == "difference" and f.frame == item.frame for f in outcome.findings
    ):
        verdict = Verdict.INCONCLUSIVE
    return Step(
        index=index, conn=None, text=f"frame {item.frame}, flow {item.flow.number}: {name}",
        verdict=verdict, requirement=None, detail="; ".join(details) or None, expected=expected,
        got=None, message=each.message,
    )  # fmt: skip


def _said(index: int, found: Any) -> Step:
    verdict = {"difference": Verdict.FAIL, "unknown": Verdict.INCONCLUSIVE}.get(
        found.kind, Verdict.PASS
    )
    return Step(
        index=index, conn=None, text=str(found)[:200], verdict=verdict, requirement=None,
        detail=found.text, expected=None, got=None, message=found.message,
    )  # fmt: skip


def write(replayed: Any, folder: Path) -> Results:
    """results.json and what is rendered from it."""
    import wirelaw_reports

    results = _results(replayed)
    write_results(folder, results)
    wirelaw_reports.write(results, folder)
    return results


def _results(replayed: Any) -> Results:
    plan, outcome, case = replayed.plan, replayed.outcome, replayed.result
    rows = catalogue.load(plan.protocol)
    requirements = judge_requirements(
        [_row(row, plan.role) for row in rows if row.concerns(plan.role)], [case],
        outcome.violations,
    )  # fmt: skip
    now = datetime.datetime.now(datetime.UTC)
    run = Run(
        id=f"replay-{now.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}",
        started=now.isoformat(timespec="seconds"),
        tool_version=__version__,
        suite_version=__version__,
        catalogues=[Catalogue(rows.path.name, None, rows.sha256)],
        command=redact_command(["wirelaw", *sys.argv[1:]]),
        host=f"{platform.system()} {platform.release()} {platform.machine()}",
        seconds=case.seconds,
        capture=replayed.request.capture.name if replayed.request.capture else None,
        complete=True,
        exit=Exit(outcome.status, reasons_of(outcome)),
    )
    return Results(
        run=run,
        iut=Iut(name=replayed.name, role=plan.role, protocol=plan.protocol,
                transport=plan.transport or "tcp", url=replayed.url),
        totals=count_totals([case]),
        cases=[case],
        requirements=requirements,
        coverage=count_coverage(requirements),
        monitor_violations=outcome.violations,
    )  # fmt: skip


def _row(row: Any, role: str) -> CatalogueRow:
    return CatalogueRow(
        row.id, row.level, row.section, row.statement, row.testable(role), True, row.reason or None,
        row.origin,
    )  # fmt: skip


def reasons_of(outcome: Outcome) -> list[str]:
    """A sentence for each reason of the exit status."""
    reasons = [outcome.crashed] if outcome.crashed else []
    differences, unknown = outcome.of("difference"), outcome.of("unknown")
    if differences:
        reasons.append(f"{len(differences)} answers differ, first {differences[0]}")
    if outcome.broken:
        reasons.append(f"the IUT breaks {outcome.broken[0].requirement}")
    if outcome.played and not outcome.ignore_played:
        reasons.append(f"what is played breaks rules: {outcome.played[0]}")
    if unknown:
        reasons.append(f"not told: {unknown[0]}")
    return reasons
