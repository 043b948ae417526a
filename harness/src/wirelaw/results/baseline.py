"""Comparison with the results of an earlier run.

A case that the baseline does not know is a `new_case` and fails no gate: a newer suite must never
break somebody's build by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .model import Results, Verdict

#: The changes, in the order in which reports show them.
CHANGES = ("newly_failing", "newly_passing", "changed", "new_case", "gone")


def classify(before: Verdict | None, after: Verdict | None) -> str | None:
    """The name of a change from one verdict to another; None means there was none before, or is
    none now. Gives None where nothing changed."""
    if before == after:
        return None
    if before is None:
        return "new_case"
    if after is None:
        return "gone"
    if after is Verdict.FAIL or (after is Verdict.ERROR and before is not Verdict.FAIL):
        return "newly_failing"
    if after is Verdict.PASS:
        return "newly_passing"
    return "changed"


def _changes(
    before: Mapping[str, Verdict], after: Mapping[str, Verdict]
) -> list[dict[str, str | None]]:
    rows = []
    for name in [*after, *(name for name in before if name not in after)]:
        change = classify(before.get(name), after.get(name))
        if change:
            rows.append(
                {"id": name, "before": before.get(name), "after": after.get(name), "change": change}
            )
    rows.sort(key=lambda row: CHANGES.index(str(row["change"])))
    return rows


def compare(baseline: Results, current: Results) -> dict[str, Any]:
    """The `comparison` of results.json: what changed, case by case and requirement by
    requirement, most important first, and which run it is compared with."""
    return {
        "baseline": {
            "run": baseline.run.id,
            "started": baseline.run.started,
            "suite_version": baseline.run.suite_version,
            "iut_version": baseline.iut.version,
        },
        "cases": _changes(
            {case.id: case.verdict for case in baseline.cases},
            {case.id: case.verdict for case in current.cases},
        ),
        "requirements": _changes(
            {row.id: row.verdict for row in baseline.requirements},
            {row.id: row.verdict for row in current.requirements},
        ),
    }
