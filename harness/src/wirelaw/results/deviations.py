"""Deviations: known failures of one IUT, each with its reason, its owner and the day it expires.

A deviation never changes a verdict. It only takes the failure out of what makes the exit status,
until it expires.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UserError
from .model import CaseResult, MonitorViolation, Verdict

_KEYS = {"case", "requirement", "reason", "owner", "expires"}


@dataclass(frozen=True, slots=True)
class Deviation:
    """One accepted failure: of a case (its id, its id without the matrix in brackets, or a
    beginning that ends in `*`), or of every case and message that breaks a requirement."""

    reason: str
    owner: str | None = None
    case: str | None = None
    requirement: str | None = None
    expires: datetime.date | None = None

    def covers_case(self, case: CaseResult) -> bool:
        if self.case is not None and not case_matches(self.case, case.id):
            return False
        if self.requirement is None:
            return True
        return self.requirement in _blamed(case)

    def covers_violation(self, seen: MonitorViolation) -> bool:
        return self.requirement == seen.requirement and self.case is None

    def expired(self, today: datetime.date) -> bool:
        return self.expires is not None and self.expires < today


def case_matches(pattern: str, case_id: str) -> bool:
    """Whether a pattern of a deviations file names this case."""
    if pattern.endswith("*"):
        return case_id.startswith(pattern[:-1])
    return case_id == pattern or case_id.partition("[")[0] == pattern


def _blamed(case: CaseResult) -> Sequence[str]:
    """The requirements that a case that did not pass speaks against."""
    steps = [step for step in case.steps if step.verdict in (Verdict.FAIL, Verdict.WARN)]
    bound = [step.requirement for step in steps if step.requirement]
    return bound or list(case.requirements)


def read_deviations(rows: Iterable[Mapping[str, Any]], where: str) -> list[Deviation]:
    """Deviations from the tables of a descriptor or a deviations file (`where` names it).

    Raises UserError for a row that names nothing, has no reason, an unknown key, or a date that
    is none.
    """
    return [_read_one(row, f"{where}: deviation {i}") for i, row in enumerate(rows, 1)]


def _read_one(row: Mapping[str, Any], where: str) -> Deviation:
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        raise UserError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    if not row.get("case") and not row.get("requirement"):
        raise UserError(f"{where}: give the `case` or the `requirement` that it is about")
    if not str(row.get("reason") or "").strip():
        raise UserError(f"{where}: give the `reason`, which stands in every report")
    return Deviation(
        reason=str(row["reason"]).strip(),
        owner=row.get("owner"),
        case=row.get("case"),
        requirement=row.get("requirement"),
        expires=_read_date(row.get("expires"), where),
    )


def _read_date(value: Any, where: str) -> datetime.date | None:
    if value is None or isinstance(value, datetime.date):
        return value.date() if isinstance(value, datetime.datetime) else value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        raise UserError(f"{where}: `expires` is {value!r}; write a date as 2027-01-31") from None


def excuse_case(
    case: CaseResult, deviations: Sequence[Deviation], today: datetime.date
) -> Deviation | None:
    """The deviation, not expired, that excuses a case that failed or warned; else None."""
    if case.verdict not in (Verdict.FAIL, Verdict.WARN):
        return None
    return next(
        (each for each in deviations if each.covers_case(case) and not each.expired(today)), None
    )


def excuse_violation(
    seen: MonitorViolation, deviations: Sequence[Deviation], today: datetime.date
) -> Deviation | None:
    """The deviation, not expired, that excuses what the monitor saw; else None."""
    return next(
        (each for each in deviations if each.covers_violation(seen) and not each.expired(today)),
        None,
    )


def report_deviations(
    deviations: Sequence[Deviation],
    cases: Sequence[CaseResult],
    monitor: Sequence[MonitorViolation],
    today: datetime.date,
) -> list[dict[str, Any]]:
    """What became of each deviation in a run.

    `state` is `applied` (it excuses a failure), `expired` (it would), `passing` (what it names
    passes now: take it out), or `unused` (nothing that it names was run).
    """
    return [_report_one(each, cases, monitor, today) for each in deviations]


def _report_one(
    each: Deviation,
    cases: Sequence[CaseResult],
    monitor: Sequence[MonitorViolation],
    today: datetime.date,
) -> dict[str, Any]:
    bad = [
        case.id
        for case in cases
        if case.verdict in (Verdict.FAIL, Verdict.WARN) and each.covers_case(case)
    ]
    good = [case.id for case in cases if case.verdict is Verdict.PASS and _names(each, case)]
    if bad or any(each.covers_violation(seen) for seen in monitor):
        state = "expired" if each.expired(today) else "applied"
    else:
        state = "passing" if good else "unused"
    return {
        "case": each.case,
        "requirement": each.requirement,
        "reason": each.reason,
        "owner": each.owner,
        "expires": each.expires.isoformat() if each.expires else None,
        "state": state,
        "cases": bad or good,
    }


def _names(each: Deviation, case: CaseResult) -> bool:
    if each.case is not None and not case_matches(each.case, case.id):
        return False
    return each.requirement is None or each.requirement in case.requirements
