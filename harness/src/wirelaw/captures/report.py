"""The reports of a run, for a capture that was judged.

A capture shows what was broken, never that nothing would be: a requirement fails (a SHOULD: warns)
or is untested; none passes. There are no cases. Both sides are judged, so the role is both.
"""

from __future__ import annotations

import datetime
import json
import platform
import sys
from pathlib import Path
from typing import Any

from wirelaw import __version__, catalogue
from wirelaw.errors import UserError
from wirelaw.results import (
    Catalogue,
    CatalogueRow,
    Exit,
    Iut,
    MonitorViolation,
    Results,
    Run,
)
from wirelaw.results.model import level_group
from wirelaw.results.requirements import count_coverage, count_totals, judge_requirements
from wirelaw.results.secrets import redact_command
from wirelaw.results.writer import FINAL, write_results

ROLE = "client and server"


def prepare(folder: Path) -> None:
    """Makes the folder. Raises UserError where it holds what is not ours, or can't be made."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FINAL).exists():
        raise UserError(f"{folder} holds other files; name an empty folder with --report")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder {folder} cannot be made: {error.strerror}; name another with --report"
        ) from None


def write(document: Path, folder: Path, status: int) -> Results:
    """Writes results.json and what is rendered from it, of the JSON document of a check."""
    import wirelaw_reports

    results = results_of(json.loads(document.read_text(encoding="utf-8")), status)
    write_results(folder, results)
    wirelaw_reports.write(results, folder)
    return results


def results_of(found: dict[str, Any], status: int) -> Results:
    """The results of one check. `found` is the document that it printed."""
    names = protocols_of(found)
    catalogues = [catalogue.load(name) for name in names]
    rows = [_row(row) for each in catalogues for row in each]
    violations = [_violation(row) for row in found["violations"] if row["kind"] == "wire"]
    requirements = judge_requirements(rows, [], violations)
    for row in requirements:
        row.reason = None if row.violations else "a capture alone proves no requirement kept"
    began = float(found["capture"]["began"])
    run = Run(
        id=f"capture-{int(began)}",
        started=datetime.datetime.fromtimestamp(began, datetime.UTC).isoformat(timespec="seconds"),
        tool_version=__version__,
        suite_version=__version__,
        catalogues=[Catalogue(each.path.name, None, each.sha256) for each in catalogues],
        command=redact_command(["wirelaw", *sys.argv[1:]]),
        host=f"{platform.system()} {platform.release()} {platform.machine()}",
        seconds=float(found["capture"]["seconds"]),
        capture=None,
        complete=True,
        exit=Exit(status, reasons_of(found, status)),
    )
    return Results(
        run=run,
        iut=Iut(name=Path(found["file"]).name or found["file"], role=ROLE,
                protocol=names[0] if len(names) == 1 else "mqtt", transport=_transport(found)),
        totals=count_totals([]),
        cases=[],
        requirements=requirements,
        coverage=count_coverage(requirements),
        monitor_violations=violations,
    )  # fmt: skip


def protocols_of(found: dict[str, Any]) -> list[str]:
    """The catalogues that the conversations and the violations belong to, in a fixed order."""
    spoken = {name for each in found["variants"].values() for name in each}
    cited = {row["id"] for row in found["requirements"]}
    wanted = [
        name
        for name in catalogue.FILES
        if name in spoken or any(row.id in cited for row in catalogue.load(name))
    ]
    return wanted or ["mqtt5"]


def reasons_of(found: dict[str, Any], status: int) -> list[str]:
    """One sentence for each reason of the exit status, and for what was not judged."""
    must = [row for row in found["requirements"] if level_group(row["level"]) == "MUST"]
    reasons = []
    if status == 1:
        word = "requirement is" if len(must) == 1 else "requirements are"
        reasons.append(f"{len(must)} {word} broken, first {must[0]['id']}")
    if status == 2:
        reasons.append("nothing could be judged")
    if found["capture"]["error"]:
        reasons.append(f"the capture itself: {found['capture']['error']}")
    for row in found["not_judged"]:
        amount = f"{row['flows']} flows, " if row["flows"] else ""
        reasons.append(f"not judged: {row['reason']} ({amount}{row['bytes']} bytes)")
    return reasons


def _row(row: catalogue.Requirement) -> CatalogueRow:
    testable = row.testable("server") or row.testable("client")
    return CatalogueRow(
        row.id,
        row.level,
        row.section,
        row.statement,
        testable,
        True,
        row.reason or None,
        row.origin,
    )


def _violation(row: dict[str, Any]) -> MonitorViolation:
    return MonitorViolation(
        requirement=row["requirement"],
        conn=f"flow {row['flow']}: {row['source']} > {row['destination']}",
        time_ns=round(row["time"] * 1_000_000_000),
        frame=row["frame"],
        type=row["message"],
        summary=row["text"],
        offset=row["offset"] if row["message"] else None,
        length=1 if row["message"] else None,
        detail=f"broken by the {row['from']}" if row["from"] else None,
    )


def _transport(found: dict[str, Any]) -> str:
    used = {row["transport"] for row in found["violations"]}
    return used.pop() if len(used) == 1 else "tcp"
