"""results.sarif: SARIF 2.1.0 for code scanning. A rule is a requirement; a result is one case, or
the monitor, that saw it broken.

The fingerprint is made from protocol, role, IUT name, requirement and case, and nothing that
changes from run to run, so that a service recognises the same failure tomorrow.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from wirelaw.results import (
    CaseResult,
    RequirementResult,
    Results,
    Verdict,
    blamed,
    headline,
    level_group,
    printable,
)

from .facts import iut_name, protocol_name

SCHEMA_URI = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

#: The rule of a failure that no requirement is to blame for, such as a crash between two steps.
UNBOUND = "wirelaw/unbound"

_LEVELS = {"MUST": "error", "SHOULD": "warning", "MAY": "note"}


def render(results: Results) -> str:
    """The file's text."""
    found = list(_found(results))
    rules = [_rule(row) for row in results.requirements]
    if any(result["ruleId"] == UNBOUND for result in found):
        rules.append(_unbound_rule())
    index = {rule["id"]: i for i, rule in enumerate(rules)}
    for result in found:
        result["ruleIndex"] = index[result["ruleId"]]
    document = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [_run(results, rules, found)]}
    return json.dumps(_safe(document), indent=1, ensure_ascii=False) + "\n"


def _safe(value: Any) -> Any:
    """The document with every text spelled out where it steers a viewer."""
    if isinstance(value, str):
        return "\n".join(printable(line) for line in value.split("\n"))
    if isinstance(value, list):
        return [_safe(each) for each in value]
    if isinstance(value, dict):
        return {key: _safe(each) for key, each in value.items()}
    return value


def _run(
    results: Results, rules: list[dict[str, Any]], found: list[dict[str, Any]]
) -> dict[str, Any]:
    run, iut = results.run, results.iut
    return {
        "tool": {
            "driver": {
                "name": "wirelaw",
                "version": run.tool_version,
                "rules": rules,
                "properties": {"suite_version": run.suite_version},
            }
        },
        "automationDetails": {"id": f"wirelaw/{iut.protocol}/{iut.role}/{iut.name}/"},
        "invocations": [_invocation(results)],
        "columnKind": "unicodeCodePoints",
        "results": found,
        "properties": {
            "run": run.id,
            "iut": iut_name(results),
            "protocol": iut.protocol,
            "totals": results.totals,
            "coverage": results.coverage,
        },
    }


def _invocation(results: Results) -> dict[str, Any]:
    run = results.run
    started = datetime.datetime.fromisoformat(run.started).astimezone(datetime.UTC)
    ended = started + datetime.timedelta(seconds=run.seconds)
    status = run.exit.status if run.exit else 2
    return {
        "executionSuccessful": status != 2,
        "exitCode": status,
        "exitCodeDescription": "; ".join(run.exit.reasons) if run.exit else "",
        "commandLine": " ".join(run.command),
        "startTimeUtc": _utc(started),
        "endTimeUtc": _utc(ended),
    }


def _utc(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _rule(row: RequirementResult) -> dict[str, Any]:
    return {
        "id": row.id,
        "shortDescription": {"text": row.statement or row.id},
        "fullDescription": {"text": f"{row.level}, section {row.section}: {row.statement}"},
        "defaultConfiguration": {"level": _LEVELS[level_group(row.level)]},
        "properties": {
            "level": row.level,
            "section": row.section,
            "origin": row.origin,
            "verdict": str(row.verdict),
            "tags": [level_group(row.level), f"section {row.section}"],
        },
    }


def _unbound_rule() -> dict[str, Any]:
    text = "The implementation failed where no single requirement is to blame."
    return {"id": UNBOUND, "shortDescription": {"text": text}}


def _found(results: Results) -> Iterator[dict[str, Any]]:
    """A result for each pair of requirement and case, and requirement and monitor."""
    rows = {row.id: row for row in results.requirements}
    changes = _changes(results)
    for case in results.cases:
        if case.verdict in (Verdict.FAIL, Verdict.WARN):
            for requirement in _blamed_by(case) or [UNBOUND]:
                yield _case_result(results, case, rows.get(requirement), requirement, changes)
    for row in results.requirements:
        seen = [each for each in results.monitor_violations if each.requirement == row.id]
        if seen:
            frames = [each.frame for each in seen if each.frame]
            text = seen[0].detail or seen[0].summary or "broken"
            excused = next((each.deviation for each in seen if each.deviation), None)
            yield _result(
                results, row, row.id, "monitor", f"Seen by the monitor: {text}",
                Verdict.FAIL, excused, frames[:1], changes["requirements"].get(row.id),
            )  # fmt: skip


def _changes(results: Results) -> dict[str, dict[str, str]]:
    if results.comparison is None:
        return {"cases": {}, "requirements": {}}
    return {
        what: {row["id"]: row["change"] for row in results.comparison[what]}
        for what in ("cases", "requirements")
    }


def _blamed_by(case: CaseResult) -> list[str]:
    bound = [
        step.requirement
        for step in case.steps
        if step.requirement and step.verdict in (Verdict.FAIL, Verdict.WARN)
    ]
    alone = blamed(case)
    return list(dict.fromkeys(bound)) or ([alone] if alone else [])


def _case_result(
    results: Results,
    case: CaseResult,
    row: RequirementResult | None,
    requirement: str,
    changes: dict[str, dict[str, str]],
) -> dict[str, Any]:
    frames = [case.capture.first, case.capture.last] if case.capture else []
    text = headline(case) or str(case.verdict)
    result = _result(
        results, row, requirement, case.id, text, case.verdict, case.deviation, frames,
        changes["cases"].get(case.id),
    )  # fmt: skip
    result["properties"]["cause"] = case.cause
    if case.repeat:
        result["properties"]["repeat"] = case.repeat
    return result


def _result(
    results: Results,
    row: RequirementResult | None,
    requirement: str,
    where: str,
    text: str,
    verdict: Verdict,
    excuse: str | None,
    frames: list[int],
    change: str | None,
) -> dict[str, Any]:
    level = _LEVELS[level_group(row.level)] if row else "error"
    statement = f"\n{row.statement}" if row and row.statement else ""
    packets = f" (packets {'-'.join(map(str, frames))} of {results.run.capture})" if frames else ""
    result: dict[str, Any] = {
        "ruleId": requirement,
        "kind": "fail",
        "level": "warning" if verdict is Verdict.WARN and level == "error" else level,
        "message": {"text": f"{where}: {text}{packets}{statement}"},
        "locations": [_location(results, where)],
        "partialFingerprints": {"wirelaw/v1": fingerprint(results, requirement, where)},
        "properties": {"case": where, "verdict": str(verdict), "frames": frames},
    }
    if excuse:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": excuse}
        ]
    if results.comparison is not None:
        fresh = change in ("newly_failing", "new_case")
        result["baselineState"] = "new" if fresh else "updated" if change else "unchanged"
    return result


def _location(results: Results, where: str) -> dict[str, Any]:
    return {
        "physicalLocation": {"artifactLocation": {"uri": results.run.capture or "results.json"}},
        "logicalLocations": [
            {
                "name": where,
                "fullyQualifiedName": f"{results.iut.protocol}/{results.iut.role}/{where}",
                "kind": "member",
            }
        ],
        "message": {"text": f"{protocol_name(results.iut.protocol)} conversation of {where}"},
    }


def fingerprint(results: Results, requirement: str, where: str) -> str:
    """The same for the same failure in every run, on every machine."""
    iut = results.iut
    parts = "\0".join((iut.protocol, iut.role, iut.name, requirement, where))
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32]
