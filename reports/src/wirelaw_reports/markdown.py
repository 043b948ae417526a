"""summary.md: for a pull request. Fits a screen, failures first."""

from __future__ import annotations

import re

from wirelaw.results import Results, Verdict, blamed, headline, printable

from .facts import LABELS, iut_name, judgement, protocol_name, standing, worst_first

_SIGNS = {"conforms": "✅", "known": "☑️", "fails": "❌", "unjudged": "⚠️"}
_LIMIT = 15
_TOLD = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.WARN)


def text(raw: str, limit: int = 160) -> str:
    """Any text as plain words of Markdown: nothing in it links, mentions, styles or embeds."""
    safe = re.sub(r"([\\`*_{}\[\]()#!|<>~$&])", r"\\\1", printable(raw, limit))
    safe = re.sub(r"^([-+=])", r"\\\1", safe)
    return re.sub(r"(@|://|www\.)(?=\w)", "\\1\u2060", safe)


def code(raw: str, limit: int = 160) -> str:
    """Any text as a code span that also stands in a table."""
    safe = printable(raw, limit).replace("`", "'").replace("|", "¦")
    return f"`{safe}`" if safe.strip() else ""


def render(results: Results) -> str:
    """The file's text."""
    iut, run = results.iut, results.run
    sign = _SIGNS[standing(results)]
    ran = sum(results.totals.values()) - results.totals["untested"]
    lines = [
        f"### {sign} {text(iut_name(results), 80)}: {judgement(results).lower()}",
        "",
        f"{protocol_name(iut.protocol)} {iut.role} over {iut.transport}, {ran} cases run in "
        f"{run.seconds:.1f} s, wirelaw {text(run.tool_version)}, suite {text(run.suite_version)}.",
        "",
        *_reasons(results),
        *_levels(results),
        "",
        *_cases(results),
        *_monitor(results),
        *_changes(results),
        *_deviations(results),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _reasons(results: Results) -> list[str]:
    reasons = results.run.exit.reasons if results.run.exit else []
    return [*(f"- {text(reason)}" for reason in reasons), ""] if reasons else []


def _levels(results: Results) -> list[str]:
    shown = [verdict for verdict in Verdict if _any(results, verdict)]
    names = " | ".join(LABELS[verdict] for verdict in shown)
    lines = [f"| | tested | {names} |", f"|---|---:|{'---:|' * len(shown)}"]
    for level, count in results.coverage.items():
        cells = " | ".join(str(count["verdicts"][verdict] or "") for verdict in shown)
        lines.append(f"| **{level}** | {count['tested']} of {count['applicable']} | {cells} |")
    cells = " | ".join(str(results.totals[verdict] or "") for verdict in shown)
    return [*lines, f"| cases | {sum(results.totals.values())} | {cells} |"]


def _any(results: Results, verdict: Verdict) -> bool:
    counts = [count["verdicts"][verdict] for count in results.coverage.values()]
    return bool(results.totals[verdict] or any(counts))


def _cases(results: Results) -> list[str]:
    cases = worst_first(results, *_TOLD)
    if not cases:
        return []
    lines = ["| | case | requirement | what happened |", "|---|---|---|---|"]
    for case in cases[:_LIMIT]:
        why = f"deviation: {case.deviation}" if case.deviation else headline(case)
        requirement = code(blamed(case) or "")
        lines.append(f"| {case.verdict} | {code(case.id)} | {requirement} | {text(why)} |")
    if len(cases) > _LIMIT:
        lines += ["", f"and {len(cases) - _LIMIT} more in index.html"]
    return [*lines, ""]


def _monitor(results: Results) -> list[str]:
    seen: dict[str, list[str]] = {}
    for each in results.monitor_violations:
        if not each.deviation:
            seen.setdefault(each.requirement, []).append(each.detail or each.summary or "")
    if not seen:
        return []
    lines = ["Seen by the monitor, outside of any step:", ""]
    lines += [f"- {code(name)} {len(texts)}x: {text(texts[0])}" for name, texts in seen.items()]
    return [*lines, ""]


def _changes(results: Results) -> list[str]:
    if results.comparison is None:
        return []
    rows = results.comparison["cases"]
    if not rows:
        return ["Nothing changed against the baseline.", ""]
    counts: dict[str, int] = {}
    for row in rows:
        name = row["change"].replace("_", " ")
        counts[name] = counts.get(name, 0) + 1
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    lines = [f"Against the baseline of {text(results.comparison['baseline']['started'])}: {told}.", ""]
    news = [row["id"] for row in rows if row["change"] == "newly_failing"]
    lines += [f"- newly failing: {code(name)}" for name in news[:_LIMIT]]
    return [*lines, ""] if news else lines


def _deviations(results: Results) -> list[str]:
    told = [row for row in results.deviations if row["state"] in ("expired", "passing")]
    words = {"expired": "has expired", "passing": "passes now: take it out"}
    return [
        f"- deviation {code(str(row['case'] or row['requirement']))} {words[row['state']]}"
        for row in told
    ]
