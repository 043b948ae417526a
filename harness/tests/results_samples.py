"""Small results made by hand, for tests."""

from __future__ import annotations

import datetime
from pathlib import Path

from wirelaw.results import (
    CaseResult,
    CatalogueRow,
    Iut,
    MonitorViolation,
    PlannedCase,
    Results,
    ResultsWriter,
    Run,
    Step,
    Verdict,
)

MUST = CatalogueRow("MQTT5-3.1.0-2", "MUST", "3.1.0", "A second CONNECT closes the connection.")
OTHER = CatalogueRow("MQTT5-3.1.2-1", "MUST NOT", "3.1.2", "Another.")
SHOULD = CatalogueRow("MQTT5-3.1.4/send", "SHOULD", "3.1.4", "A recommendation.", origin="minted")
NEVER = CatalogueRow("MQTT5-4.0.0-1", "MUST", "4.0", "Not to be seen.", testable=False, reason="inside")
ABSENT = CatalogueRow("MQTT5-4.8.2-1", "MUST", "4.8.2", "Shared.", applicable=False)
CATALOGUE = [MUST, OTHER, SHOULD, NEVER, ABSENT]
TODAY = datetime.date(2026, 11, 24)


def a_run(**more: object) -> Run:
    return Run("run-1", "2026-11-24T10:00:00+00:00", "0.1.0", "1", **more)  # type: ignore[arg-type]


def an_iut() -> Iut:
    return Iut("broker", "server", "mqtt5")


def a_case(
    name: str, verdict: str, *steps: tuple[str | None, str], cause: str | None = None
) -> CaseResult:
    """A case with a step for each pair of requirement and verdict."""
    made = [Step(i, "a", "expect", Verdict(said), req) for i, (req, said) in enumerate(steps)]
    failed = next((step.index for step in made if step.verdict not in ("pass", "untested")), None)
    requirements = tuple(dict.fromkeys(req for req, _ in steps if req)) or (MUST.id,)
    return CaseResult(
        name, f"Case {name}.", Verdict(verdict), "server", requirements, cause, failed, 0.5, made
    )


def written(
    folder: Path, *cases: CaseResult, monitor: tuple[MonitorViolation, ...] = (), **finish: object
) -> Results:
    deviations = finish.pop("deviations", ())
    planned = [PlannedCase(each.id, each.title, "server", each.requirements) for each in cases]
    with ResultsWriter(
        folder, a_run(), an_iut(), CATALOGUE, planned,
        deviations=deviations, today=TODAY,  # type: ignore[arg-type]
    ) as writer:  # fmt: skip
        for case in cases:
            writer.case_started(case.id)
            writer.case_ended(case)
        for seen in monitor:
            writer.monitor_violation(seen)
        return writer.finish(**{"seconds": 1.0, "sessions": 3, **finish})  # type: ignore[arg-type]


PASSED = ("pass", (MUST.id, "pass"))
