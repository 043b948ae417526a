"""matrix.html and matrix.csv: several runs side by side.

Runs of one protocol and role make one table: a column for each run, IUTs in the order of their
names, runs of one IUT in the order of time (so its history reads from left to right), a row for
each requirement or case.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from wirelaw.results import Results, Verdict, level_group

from .facts import iut_name, protocol_name
from .page import embed, environment, level_summary, policy, script_of, style
from .trace import cell

SCRIPTS = ("dom", "list", "theme", "matrix")

_CODES = {
    Verdict.PASS: "p",
    Verdict.WARN: "w",
    Verdict.FAIL: "f",
    Verdict.INCONCLUSIVE: "i",
    Verdict.NOT_APPLICABLE: "n",
    Verdict.ERROR: "e",
    Verdict.UNTESTED: "u",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One run, and where its index.html is as seen from the matrix (None: nowhere)."""

    results: Results
    href: str | None = None


def link(report: Path, out: Path) -> str | None:
    """The relative address of a run's page, if there is one."""
    page = report / "index.html"
    return quote(os.path.relpath(page, out)) if page.is_file() else None


def tables(columns: Iterable[Column]) -> dict[tuple[str, str], list[Column]]:
    """The columns of each table, by protocol and role, each in its order."""
    by_kind: dict[tuple[str, str], list[Column]] = {}
    for column in columns:
        iut = column.results.iut
        by_kind.setdefault((iut.protocol, iut.role), []).append(column)
    for each in by_kind.values():
        each.sort(key=lambda column: (column.results.iut.name.lower(), column.results.run.started))
    return dict(sorted(by_kind.items()))


def _union(orders: Iterable[Sequence[str]]) -> list[str]:
    """All ids, in the order of the first run that has them."""
    return list(dict.fromkeys(each for order in orders for each in order))


def _requirement_rows(columns: Sequence[Column]) -> list[dict[str, Any]]:
    found = [{row.id: row for row in column.results.requirements} for column in columns]
    rows = []
    for name in _union([list(each) for each in found]):
        known = [each.get(name) for each in found]
        row = next(each for each in known if each)
        rows.append(
            {
                "id": name,
                "level": row.level,
                "group": level_group(row.level),
                "section": row.section,
                "words": row.statement,
                "cells": "".join(_CODES[each.verdict] if each else " " for each in known),
            }
        )
    rows.sort(key=lambda row: _section_key(str(row["section"])))
    return rows


def _section_key(section: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else 0, part) for part in section.split(".")]


def _case_rows(columns: Sequence[Column]) -> list[dict[str, Any]]:
    levels = {
        row.id: level_group(row.level) for column in columns for row in column.results.requirements
    }
    found = [{case.id: case for case in column.results.cases} for column in columns]
    rows = []
    for name in _union([list(each) for each in found]):
        known = [each.get(name) for each in found]
        case = next(each for each in known if each)
        groups = {levels.get(each, "MAY") for each in case.requirements}
        rows.append(
            {
                "id": name,
                "level": "",
                "group": next((each for each in ("MUST", "SHOULD") if each in groups), "MAY"),
                "section": "",
                "words": case.title,
                "cells": "".join(_CODES[each.verdict] if each else " " for each in known),
            }
        )
    return rows


def _column_json(column: Column) -> dict[str, Any]:
    results = column.results
    count = results.coverage["MUST"]
    summary = level_summary("MUST", count)
    return {
        "name": results.iut.name,
        "version": results.iut.version,
        "started": results.run.started,
        "href": column.href,
        "must": {
            "good": summary["good"],
            "applicable": summary["applicable"],
            "verdicts": {part["verdict"]: part["n"] for part in summary["parts"]},
        },
    }


def _same_iut_twice(by_kind: Iterable[Sequence[Column]]) -> bool:
    for columns in by_kind:
        names = [iut_name(column.results) for column in columns]
        if len(set(names)) < len(names):
            return True
    return False


def render(columns: Sequence[Column], tool_version: str) -> str:
    """The text of matrix.html."""
    by_kind = tables(columns)
    sections = {
        number: title for column in columns for number, title in column.results.sections.items()
    }
    index = {
        "sections": sections,
        "dated": _same_iut_twice(by_kind.values()),
        "tables": [
            {
                "name": f"{protocol_name(protocol)} {role}",
                "runs": [_column_json(column) for column in each],
                "requirements": _requirement_rows(each),
                "cases": _case_rows(each),
            }
            for (protocol, role), each in by_kind.items()
        ],
    }
    script, css = script_of(SCRIPTS), style()
    return environment().get_template("matrix.html.j2").render(
        csp=policy(script, css),
        title="Conformance matrix",
        num_runs=len(columns),
        style=Markup(css),
        script=Markup(script),
        index=embed(index),
        tool_version=tool_version,
    )


def render_csv(columns: Sequence[Column]) -> str:
    """The text of matrix.csv: requirements only, verdicts spelled out, a line for each run."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["protocol", "role", "iut", "version", "started", "requirement", "level", "verdict"])
    for (protocol, role), each in tables(columns).items():
        for column in each:
            results = column.results
            head = [protocol, role, cell(results.iut.name), cell(results.iut.version or ""),
                    results.run.started]  # fmt: skip
            for row in results.requirements:
                writer.writerow([*head, cell(row.id), row.level, str(row.verdict)])
    return out.getvalue()
