"""The conformance statement: what was claimed, what was tested, what was found, for signing.

In the manner of ISO/IEC 9646: the capabilities that the implementation claims (9646-7, PICS) and
the result for every requirement (9646-5, test reports), with nothing that needs a screen. HTML for
A4; Chromium prints it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from wirelaw.errors import UserError
from wirelaw.results import RequirementResult, Results, Verdict, headline, printable

from .facts import LABELS, iut_name, judgement, protocol_name, standing
from .page import environment, started_words

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PRINT_TIME = 120  # s
_TONES = {"conforms": "good", "known": "good", "fails": "bad", "unjudged": "unsure"}
_ROW_TONES = {
    Verdict.FAIL: "bad", Verdict.ERROR: "bad", Verdict.INCONCLUSIVE: "unsure", Verdict.WARN: "unsure",
    Verdict.UNTESTED: "none", Verdict.NOT_APPLICABLE: "none", Verdict.PASS: "good",
}  # fmt: skip
_NOT_IN_ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.WARN)


def render(results: Results) -> str:
    """The statement's text, as HTML."""
    iut = results.iut
    css = Path(__file__).with_name("templates") / "statement.css"
    ran = (Verdict.UNTESTED, Verdict.NOT_APPLICABLE)
    return environment().get_template("statement.html.j2").render(
        title=f"Conformance statement: {iut_name(results)}, {protocol_name(iut.protocol)} {iut.role}",
        style=Markup(css.read_text(encoding="utf-8")),
        iut=iut_name(results),
        protocol=protocol_name(iut.protocol),
        role=iut.role,
        transport=iut.transport,
        tone=_TONES[standing(results)],
        judgement=judgement(results),
        reasons=results.run.exit.reasons if results.run.exit else [],
        identification=_identification(results),
        levels=[_level(name, count) for name, count in results.coverage.items() if count["total"]],
        num_cases=len(results.cases),
        num_run=sum(case.verdict not in ran for case in results.cases),
        pics=[
            {"number": f"A.{number}", "name": name.replace("_", " "), "support": "yes" if has else "no"}
            for number, (name, has) in enumerate(sorted(iut.pics.items()), 1)
        ],
        broken=[
            _broken(results, row) for verdict in _NOT_IN_ORDER for row in results.requirements
            if row.verdict is verdict
        ],
        deviations=[_deviation(each) for each in results.deviations],
        sections=list(_sections(results)),
    )  # fmt: skip


def write_pdf(page: Path, pdf: Path) -> None:
    """Prints a page by Chromium. Raises UserError when there is none, or it fails."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UserError(f"a PDF needs Chromium, which is not here; {page} can be printed by any browser")
    with tempfile.TemporaryDirectory() as profile:
        words = [
            browser, "--headless", "--disable-gpu", "--no-sandbox", f"--user-data-dir={profile}",
            "--no-pdf-header-footer", f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=PRINT_TIME, check=False
            )
        except subprocess.TimeoutExpired:
            raise UserError(f"{browser} did not print {page} within {PRINT_TIME} s") from None
    if not pdf.is_file() or not pdf.read_bytes().startswith(b"%PDF"):
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise UserError(f"{browser} could not print {page}: {lines[-1]}")


def _identification(results: Results) -> list[tuple[str, str]]:
    run, iut = results.run, results.iut
    rows = [
        ("Implementation under test", iut_name(results)),
        ("Specification", f"{protocol_name(iut.protocol)}, role {iut.role}"),
        ("Transport", iut.transport),
        ("Address", iut.url or ""),
        ("SHA-256 of its descriptor", iut.descriptor_sha256 or ""),
        ("Tested", f"{started_words(run.started)}, {run.seconds:.1f} s"),
        ("Test system", f"wirelaw {run.tool_version}, suite {run.suite_version}"),
        *((f"Catalogue {each.name}", each.sha256 or "") for each in run.catalogues),
        ("Command", " ".join(run.command)),
        ("Order of cases (seed)", "" if run.seed is None else str(run.seed)),
        ("Ended early", run.interrupted or ""),
    ]
    return [(name, printable(value)) for name, value in rows if value]


def _level(name: str, count: dict[str, Any]) -> dict[str, Any]:
    verdicts = count["verdicts"]
    return {
        "level": name, "total": count["total"], "applicable": count["applicable"],
        "testable": count["testable"], "tested": count["tested"], "passed": verdicts["pass"],
        "warned": verdicts["warn"], "failed": verdicts["fail"],
        "inconclusive": verdicts["inconclusive"] + verdicts["error"],
    }  # fmt: skip


def _broken(results: Results, row: RequirementResult) -> dict[str, Any]:
    cases = {case.id: case for case in results.cases}
    lines = [
        f"{name}: {headline(cases[name])}" for name in row.cases
        if name in cases and cases[name].verdict in _NOT_IN_ORDER
    ]  # fmt: skip
    lines = lines or [proof.detail or proof.source for proof in row.violations]
    packets = sorted({proof.frame for proof in row.violations if proof.frame})
    return {
        "id": row.id, "level": row.level, "verdict": LABELS[row.verdict],
        "statement": printable(row.statement), "found": printable("; ".join(lines[:3])),
        "packets": ", ".join(map(str, packets[:4])) + (" ..." if len(packets) > 4 else ""),
    }  # fmt: skip


def _deviation(row: dict[str, Any]) -> dict[str, str]:
    what = row.get("case") or row.get("requirement") or ""
    return {"what": printable(str(what))} | {
        name: printable(str(row.get(name) or "")) for name in ("reason", "owner", "expires", "state")
    }


def _sections(results: Results) -> Iterator[dict[str, Any]]:
    rows = sorted(results.requirements, key=lambda row: _number(row.section))
    for number, some in groupby(rows, key=lambda row: row.section):
        title = results.sections.get(number, "")
        yield {"number": number, "title": title, "rows": [_row(row) for row in some]}


def _number(section: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else 10**6, part) for part in section.split(".")]


def _row(row: RequirementResult) -> dict[str, Any]:
    return {
        "id": row.id, "level": row.level, "statement": printable(row.statement),
        "reason": printable(row.reason or ""), "verdict": LABELS[row.verdict],
        "tone": _ROW_TONES[row.verdict], "num_cases": len(row.cases),
    }  # fmt: skip
