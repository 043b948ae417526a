"""traceability.csv: a row for each requirement, with its verdict and the cases that test it."""

from __future__ import annotations

import csv
import io

from wirelaw.results import Results, printable

COLUMNS = (
    "requirement", "level", "section", "origin", "verdict", "testable", "applicable",
    "num_cases", "cases", "num_violations", "packets", "reason", "statement",
)  # fmt: skip


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    safe = printable(text)
    return f"'{safe}" if safe[:1] in ("=", "+", "-", "@") else safe


def render(results: Results) -> str:
    """The file's text, with the line ends of RFC 4180."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in results.requirements:
        packets = sorted({proof.frame for proof in row.violations if proof.frame})
        writer.writerow(
            [
                cell(row.id), row.level, row.section, row.origin, str(row.verdict),
                "yes" if row.testable else "no", "yes" if row.applicable else "no",
                len(row.cases), cell(" ".join(row.cases)), len(row.violations),
                " ".join(map(str, packets)), cell(row.reason or ""), cell(row.statement),
            ]
        )  # fmt: skip
    return out.getvalue()
