"""JUnit, SARIF, Markdown, badge and CSV: well formed, complete, and safe from hostile text."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from wirelaw.results import Results, Verdict
from wirelaw_reports import badge, junit, markdown, sarif, trace

#: Nothing of this may stand in any file: controls, bidi, zero-width, noncharacters.
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


@pytest.fixture(params=["many", "hostile"])
def results(request: pytest.FixtureRequest) -> Results:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


# ---- JUnit


def test_junit_counts(results: Results) -> None:
    root = ET.fromstring(junit.render(results))
    suite = root[0]
    cases = suite.findall("testcase")
    assert len(cases) == len(results.cases) == int(suite.get("tests", ""))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(key, "")) == len(suite.findall(f"testcase/{tag}"))
    assert int(root.get("tests", "")) == sum(int(each.get("tests", "")) for each in root)
    bad = [case for case in results.cases if case.verdict is Verdict.FAIL and not case.deviation]
    assert int(suite.get("failures", "")) == len(bad)


def test_junit_has_requirements_as_properties(results: Results) -> None:
    suite = ET.fromstring(junit.render(results))[0]
    for case, element in zip(results.cases, suite.findall("testcase"), strict=True):
        given = [
            each.get("value")
            for each in element.findall("properties/property")
            if each.get("name") == "requirement"
        ]
        assert given == list(case.requirements)


def test_junit_is_what_its_readers_know(results: Results) -> None:
    """The elements and attributes that Jenkins, GitLab and GitHub read, in this nesting."""
    kids = {
        "testsuites": {"testsuite"},
        "testsuite": {"properties", "testcase"},
        "testcase": {"properties", "skipped", "failure", "error", "system-out"},
        "properties": {"property"},
    }
    for element in ET.fromstring(junit.render(results)).iter():
        assert {child.tag for child in element} <= kids.get(element.tag, set())
        if element.tag == "testcase":
            assert element.get("name") and element.get("classname")
            assert re.fullmatch(r"\d+\.\d{3}", element.get("time", ""))


def test_untested_is_never_a_pass(results: Results) -> None:
    suite = ET.fromstring(junit.render(results))[0]
    for case, element in zip(results.cases, suite.findall("testcase"), strict=True):
        outcome = [child.tag for child in element if child.tag != "properties"]
        if case.verdict in (Verdict.PASS, Verdict.WARN):
            assert outcome in ([], ["system-out"])
        else:
            assert outcome and outcome != ["system-out"]


# ---- SARIF


def test_sarif_structure(results: Results) -> None:
    document = json.loads(sarif.render(results))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note") and result["kind"] == "fail"
        assert result["message"]["text"].strip()
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert place == "run.pcapng"
        for suppression in result.get("suppressions", []):
            assert suppression["justification"]
    told = {result["properties"]["case"] for result in run["results"]}
    for case in results.cases:
        assert (case.id in told) == (case.verdict in (Verdict.FAIL, Verdict.WARN))


def test_sarif_fingerprints_are_stable_and_distinct(many: Results) -> None:
    def prints() -> list[str]:
        found = json.loads(sarif.render(many))["runs"][0]["results"]
        return [result["partialFingerprints"]["wirelaw/v1"] for result in found]

    before = prints()
    assert len(set(before)) == len(before)
    kept = (many.run.id, many.run.started, many.run.tool_version, many.iut.version)
    many.run.id, many.run.started = "another", "2027-01-01T00:00:00+00:00"
    many.run.tool_version, many.iut.version = "9", "9"
    try:
        assert prints() == before
    finally:
        many.run.id, many.run.started, many.run.tool_version, many.iut.version = kept


def test_sarif_against_its_schema(results: Results) -> None:
    schema = json.loads((Path(__file__).parent / "vendor" / "sarif-2.1.0-rtm.5.json").read_text())
    validator = jsonschema.Draft4Validator(schema)
    document = json.loads(sarif.render(results))
    errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(document)]
    assert not errors, errors[:5]
    document["runs"][0]["results"][0]["kind"] = "broken"
    assert not validator.is_valid(document), "a schema that refuses nothing"


# ---- The others


def test_markdown_is_short_and_says_all_levels(results: Results) -> None:
    text = markdown.render(results)
    assert len(text.splitlines()) < 75
    for level in ("MUST", "SHOULD", "MAY"):
        assert f"**{level}**" in text
    assert " of " in text and "untested" in text


def test_markdown_lets_nothing_through(hostile: Results) -> None:
    text = markdown.render(hostile)
    for line in text.splitlines():
        bare = re.sub(r"`[^`]*`", "", line)
        assert not re.search(r"(?<!\\)<(?!/?details)", bare), line
        assert not re.search(r"(?<!\\)\]\(", bare), line
        assert not re.search(r"@\w", bare), line
    table = [line for line in text.splitlines() if line.startswith("| fail")]
    assert table
    for line in table:
        assert len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", line))) == 5, line


def test_badge_is_one_picture(results: Results) -> None:
    root = ET.fromstring(badge.render(results))
    assert root.tag.endswith("svg") and "MUST" in (root.get("aria-label") or "")
    assert not any(element.tag.endswith("script") for element in root.iter())


def test_badge_never_shows_a_number_for_a_run_that_judged_nothing(many: Results) -> None:
    kept = many.run.exit
    many.run.exit = None
    try:
        assert badge.message(many) == "not judged"
    finally:
        many.run.exit = kept


def test_csv_has_a_row_for_each_requirement(results: Results) -> None:
    rows = list(csv.DictReader(io.StringIO(trace.render(results), newline="")))
    assert [row["requirement"] for row in rows] == [row.id for row in results.requirements]
    for row, requirement in zip(rows, results.requirements, strict=True):
        assert row["verdict"] == requirement.verdict
        assert int(row["num_cases"]) == len(requirement.cases)


def test_csv_has_no_formulas(hostile: Results) -> None:
    for row in csv.reader(io.StringIO(trace.render(hostile), newline="")):
        assert not any(re.match(r"[=+\-@\t\r]", cell) for cell in row if cell != "-")


@pytest.mark.parametrize("render", [junit.render, sarif.render, markdown.render, badge.render, trace.render])
def test_no_file_holds_what_steers_a_viewer(render: Any, hostile: Results) -> None:
    text = render(hostile)
    found = UNSAFE.search(text)
    assert not found, repr(text[max(0, found.start() - 40) : found.end() + 40])
    text.encode("utf-8")
