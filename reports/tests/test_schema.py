"""results.json against its schema, and the golden example against the files that it gives."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import wirelaw_reports
from wirelaw.results import read_results

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
SCHEMA = json.loads((HERE.parent / "results.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ["many", "hostile", "base"])
def test_synthetic_results_are_valid(runs: Path, name: str) -> None:
    document = json.loads((runs / name / "results.json").read_text())
    errors = [f"{list(error.path)}: {error.message}" for error in VALIDATOR.iter_errors(document)]
    assert not errors, errors[:5]


def test_the_schema_refuses_what_is_wrong() -> None:
    document = json.loads((GOLDEN / "results.json").read_text())
    for change in (
        {"schema": "wirelaw-results/2"},
        {"totals": {"pass": 1}},
        {"run": {**document["run"], "exit": {"status": 3, "reasons": []}}},
        {"cases": [{**document["cases"][0], "verdict": "skipped"}]},
        {"surprise": 1},
    ):
        assert not VALIDATOR.is_valid({**document, **change}), change


def test_every_key_has_a_description() -> None:
    def bare(node: object, path: str) -> list[str]:
        if not isinstance(node, dict):
            return []
        found = []
        for name, child in node.get("properties", {}).items():
            told = {"description", "$ref", "const", "enum", "type"} & child.keys()
            found += [] if told else [f"{path}.{name}"]
            found += bare(child, f"{path}.{name}")
        return found

    assert not bare(SCHEMA, "")
    assert not [each for name, part in SCHEMA["$defs"].items() for each in bare(part, name)]


def test_golden_is_valid() -> None:
    VALIDATOR.validate(json.loads((GOLDEN / "results.json").read_text()))


@pytest.mark.parametrize("name", [name for name in wirelaw_reports.FORMATS if name != "html"])
def test_golden_renders_as_committed(name: str) -> None:
    """`python reports/tests/golden.py` writes them again after a change that is meant."""
    file, render = wirelaw_reports.FORMATS[name]
    with open(GOLDEN / file, encoding="utf-8", newline="") as committed:
        assert render(read_results(GOLDEN)) == committed.read()
