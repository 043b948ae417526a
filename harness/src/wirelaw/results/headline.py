"""The one line that matters of a case that did not pass."""

from __future__ import annotations

from .model import CaseResult


def headline(case: CaseResult) -> str:
    """Why a case has its verdict, in one line; empty for a pass."""
    step = case.step(case.failed_step)
    if step is None:
        return _joined(case.cause, None)
    if step.expected and step.got:
        return _joined(case.cause, f"expected {step.expected}, got {step.got}")
    return _joined(case.cause, step.detail or step.got or step.text)


def blamed(case: CaseResult) -> str | None:
    """The requirement that the deciding step is bound to, or the case's only one."""
    step = case.step(case.failed_step)
    if step and step.requirement:
        return step.requirement
    return case.requirements[0] if len(case.requirements) == 1 else None


def _joined(cause: str | None, detail: str | None) -> str:
    parts = [part for part in (cause, detail) if part]
    return ": ".join(dict.fromkeys(parts)).replace("\n", " ")
