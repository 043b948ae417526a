"""index.html: one self-contained page, made from results.json and the templates.

The numbers of the summary are plain HTML. The lists are drawn from an index that is in the page as
JSON; the steps and messages of cases, by far the most, are in the page as compressed chunks that
are unpacked when somebody opens a case. A content security policy with the digests of the page's
own style and script forbids everything else, above all any request.
"""

from __future__ import annotations

import base64
import datetime
import functools
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from wirelaw.results import CaseResult, Results, Verdict, headline, level_group, printable

from .facts import LABELS, WORST_FIRST, iut_name, judgement, protocol_name, standing

TEMPLATES = Path(__file__).parent / "templates"

#: Cases in one compressed chunk: few enough to unpack in a moment, enough to compress well.
CHUNK_SIZE = 20

SCRIPTS = (
    "dom", "data", "list", "overview", "requirements", "cases", "case", "sequence", "hex", "pages",
    "theme", "router",
)  # fmt: skip

_TONES = {"conforms": "pass", "known": "warn", "fails": "fail", "unjudged": "inconclusive"}
_ICONS = {
    "conforms": ("#1c6b44", "M8 17l5 5 11-12"),
    "known": ("#835700", "M16 8v10M16 23v1"),
    "fails": ("#cf2d25", "M9 9l14 14M23 9L9 23"),
    "unjudged": ("#6143a0", "M9 16h14"),
}
_STAMPS = {
    "conforms": ("CONFORMS",),
    "known": ("NO NEW", "FAILURES"),
    "fails": ("DOES NOT", "CONFORM"),
    "unjudged": ("NOT", "JUDGED"),
}


@functools.cache
def environment() -> Environment:
    """The templates; everything that they print is escaped and has no control characters."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made


def script_of(names: Sequence[str]) -> str:
    """The page's script: the named modules in one scope."""
    parts = [(TEMPLATES / "js" / f"{name}.js").read_text("utf-8") for name in names]
    return "(() => {\n'use strict';\n" + "\n".join(parts) + "})();\n"


def style() -> str:
    return (TEMPLATES / "style.css").read_text("utf-8")


def policy(script: str, css: str) -> str:
    """The content security policy of a page with this one script and this one style."""
    digests = (
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (script, css)
    )
    allowed_script, allowed_style = digests
    return (
        f"default-src 'none'; img-src data:; script-src 'sha256-{allowed_script}'; "
        f"style-src 'sha256-{allowed_style}'; base-uri 'none'; form-action 'none'"
    )


def embed(value: Any) -> Markup:
    """JSON that can stand in a script element: nothing in it can end the element or begin a
    comment, and no broken text is in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


def _pack(value: Any) -> str:
    raw = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode()


def _detail(case: CaseResult) -> dict[str, Any]:
    whole = case.to_json()
    return {key: whole[key] for key in ("steps", "messages", "capture", "repeat", "log")}


def _entry(case: CaseResult) -> dict[str, Any]:
    return {
        "id": case.id,
        "title": case.title,
        "verdict": str(case.verdict),
        "cause": case.cause,
        "failed_step": case.failed_step,
        "seconds": round(case.seconds, 4),
        "requirements": list(case.requirements),
        "deviation": case.deviation,
        "line": headline(case),
    }


def _index(results: Results) -> dict[str, Any]:
    document = results.to_json(with_cases=False)
    return {
        "run": document["run"],
        "iut": document["iut"],
        "sections": document["sections"],
        "requirements": [
            {**row, "group": level_group(row["level"])} for row in document["requirements"]
        ],
        "monitor_violations": document["monitor_violations"],
        "deviations": document["deviations"],
        "comparison": document["comparison"],
        "cases": [_entry(case) for case in results.cases],
        "chunk_size": CHUNK_SIZE,
    }


def _parts(verdicts: dict[str, int]) -> list[dict[str, Any]]:
    order = [Verdict.PASS, *(each for each in WORST_FIRST if each is not Verdict.PASS)]
    return [
        {"verdict": str(each), "n": verdicts[each], "label": LABELS[each]}
        for each in order
        if verdicts[each]
    ]


def level_summary(name: str, count: dict[str, Any]) -> dict[str, Any]:
    """The numbers of one level as the summary shows them; `good` are pass and warn."""
    parts = _parts(count["verdicts"])
    return {
        "name": name,
        "good": count["verdicts"]["pass"] + count["verdicts"]["warn"],
        "applicable": count["applicable"],
        "tested": count["tested"],
        "untestable": count["applicable"] - count["testable"],
        "outside": count["total"] - count["applicable"],
        "parts": parts,
        "spoken": f"{name}: " + ", ".join(f"{part['n']} {part['label']}" for part in parts),
    }


def _tabs(results: Results) -> list[dict[str, Any]]:
    tabs: list[dict[str, Any]] = [
        {"path": "", "name": "Summary", "n": None},
        {"path": "requirements", "name": "Requirements", "n": len(results.requirements)},
        {"path": "cases", "name": "Cases", "n": len(results.cases)},
    ]
    if results.monitor_violations:
        number = len(results.monitor_violations)
        tabs.append({"path": "monitor", "name": "Monitor", "n": number})
    if results.comparison is not None:
        number = len(results.comparison["cases"])
        tabs.append({"path": "changes", "name": "Changes", "n": number})
    if results.deviations:
        tabs.append({"path": "deviations", "name": "Deviations", "n": len(results.deviations)})
    return [*tabs, {"path": "run", "name": "Run", "n": None}]


def _stamp(stands: str) -> list[dict[str, Any]]:
    words = _STAMPS[stands]
    size = 12 if max(map(len, words)) > 6 else 16
    first = 78 if len(words) == 1 else 71
    return [{"text": word, "y": first + i * (size + 2), "size": size} for i, word in enumerate(words)]


def icon(stands: str) -> str:
    """A favicon in the colour of the verdict."""
    colour, glyph = _ICONS[stands]
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" '
        f'fill="{colour}"/><path d="{glyph}" stroke="#fff" stroke-width="4" '
        'fill="none" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )
    return quote(svg)


def started_words(started: str) -> str:
    """`24 November 2026, 10:00 UTC`."""
    time = datetime.datetime.fromisoformat(started).astimezone(datetime.UTC)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def render(results: Results) -> str:
    """The page's text."""
    script, css = script_of(SCRIPTS), style()
    run, iut = results.run, results.iut
    stands = standing(results)
    chunks = [
        _pack([_detail(case) for case in results.cases[i : i + CHUNK_SIZE]])
        for i in range(0, len(results.cases), CHUNK_SIZE)
    ]
    protocol = protocol_name(iut.protocol)
    return environment().get_template("report.html.j2").render(
        csp=policy(script, css),
        title=f"{iut_name(results)}, {protocol} {iut.role}: {judgement(results).lower()}",
        icon=icon(stands),
        style=Markup(css),
        script=Markup(script),
        index=embed(_index(results)),
        chunks=[Markup(chunk) for chunk in chunks],
        tone=_TONES[stands],
        iut=iut_name(results),
        protocol=protocol,
        role=iut.role,
        transport=f"over {iut.transport}",
        started=run.started,
        started_words=started_words(run.started),
        seconds=f"{run.seconds:.1f} s",
        seed=run.seed,
        judgement=judgement(results),
        reasons=run.exit.reasons if run.exit else [],
        interrupted=run.interrupted,
        not_run=results.totals["untested"],
        num_cases=len(results.cases),
        stamp_ring=f"{protocol.upper()} {iut.role.upper()} · WIRELAW · {run.started[:10]} · ",
        stamp_words=_stamp(stands),
        tabs=_tabs(results),
        levels=[
            level_summary(name, count) for name, count in results.coverage.items() if count["total"]
        ],
        tool_version=run.tool_version,
        suite_version=run.suite_version,
    )
