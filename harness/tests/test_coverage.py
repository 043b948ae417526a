"""Coverage and proof: counted from cases and a kill matrix made up here."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from wirelaw import catalogue, coverage, paths
from wirelaw.errors import UserError

ROWS = """\
MQTT311-1-1,official,verified,MUST,1,wire,wire,,,,,a b c,One.,
MQTT311-1-2,official,verified,MUST,1,stateful,-,,,,,a b c,Two.,Hard to bring about.
MQTT311-1-3,official,verified,SHOULD,1,no,timer,,,,,a b c,Three.,Nobody can see it.
"""


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "mqtt.csv"
    path.write_text(",".join(catalogue.COLUMNS) + "\n" + ROWS, encoding="utf-8")
    return catalogue.read("mqtt311", path)


def case(name, role, *requirements):
    return SimpleNamespace(id=name, role=role, requirements=requirements)


def fault(name, role, requirement, outcome="killed"):
    return {"name": name, "role": role, "requirement": requirement, "outcome": outcome,
            "killed_by": []}  # fmt: skip


def proofs(*faults):
    return {"faults": list(faults)}


def test_nothing_is_covered_without_cases(rows):
    measured = coverage.measure(rows, [], proofs(fault("f", "server", "MQTT311-1-1")))
    assert measured.roles["server"] == coverage.Count(3, 2, 0, 0)
    assert measured.roles["client"] == coverage.Count(2, 2, 0, 0)
    assert [(gap.role, gap.id, gap.reason) for gap in measured.not_covered] == [
        ("server", "MQTT311-1-1", "no case names it."),
        ("server", "MQTT311-1-2", "no case names it. Hard to bring about."),
        ("server", "MQTT311-1-3", "Nobody can see it."),
        ("client", "MQTT311-1-1", "no case names it."),
        ("client", "MQTT311-1-3", "no case names it. Nobody can see it."),
    ]
    assert measured.not_proven == []


def test_a_case_covers_for_its_own_role(rows):
    measured = coverage.measure(rows, [case("a", "client", "MQTT311-1-1")], proofs())
    assert measured.roles["server"].covered == 0
    assert measured.roles["client"].covered == 1


def test_proven_needs_a_case_and_a_killed_fault_of_the_same_role(rows):
    cases = [case("a", "server", "MQTT311-1-1", "MQTT311-1-2"), case("b", "client", "MQTT311-1-1")]
    faults = [
        fault("f1", "server", "MQTT311-1-1"),
        fault("f2", "server", "MQTT311-1-2", "survived"),
        fault("f3", "server", "MQTT311-1-2", "wrong reason"),
    ]
    measured = coverage.measure(rows, cases, proofs(*faults))
    assert measured.roles["server"] == coverage.Count(3, 2, 2, 1)
    assert measured.roles["client"] == coverage.Count(2, 2, 1, 0)
    assert [(gap.id, gap.role, gap.reason) for gap in measured.not_proven] == [
        ("MQTT311-1-2", "server", "fault f2: survived; fault f3: wrong reason"),
        ("MQTT311-1-1", "client", "no fault of the reference peer breaks it"),
    ]


def test_one_killed_fault_is_enough(rows):
    faults = [
        fault("f1", "server", "MQTT311-1-1", "survived"), fault("f2", "server", "MQTT311-1-1"),
    ]  # fmt: skip
    measured = coverage.measure(rows, [case("a", "server", "MQTT311-1-1")], proofs(*faults))
    assert measured.roles["server"].proven == 1


def test_what_cannot_be_tested_is_not_covered_by_being_named(rows):
    measured = coverage.measure(rows, [case("a", "server", "MQTT311-1-3")], proofs())
    assert measured.roles["server"].covered == 0
    gaps = [gap for gap in measured.not_covered if gap.id == "MQTT311-1-3"]
    assert [(gap.role, gap.testable) for gap in gaps] == [("server", False), ("client", True)]


def test_ids_that_no_row_has_are_told(rows):
    cases = [case("a", "server", "MQTT311-9-9", "MQTT5-1.1.1-1")]
    assert coverage.measure(rows, cases, proofs()).unknown == [("a", "MQTT311-9-9")]


def test_a_part_of_the_catalogue(rows):
    part = rows.select(level="SHOULD")
    measured = coverage.measure(rows, [case("a", "server", "MQTT311-1-1")], proofs(), part)
    assert measured.roles["server"] == coverage.Count(1, 0, 0, 0)
    assert measured.unknown == []


def test_json_has_the_fixed_shape(rows):
    document = json.loads(json.dumps(coverage.measure(rows, [], proofs()).to_json()))
    assert document["protocol"] == "mqtt311"
    assert document["roles"]["server"] == {"total": 3, "testable": 2, "covered": 0, "proven": 0}
    assert {"id", "role", "reason"} <= document["not_covered"][0].keys()


# ---- the kill matrix


@pytest.fixture
def proofs_file(monkeypatch, tmp_path):
    (tmp_path / "proofs").mkdir()
    monkeypatch.setattr(paths, "data", lambda relative: tmp_path)
    return tmp_path / "proofs" / "mqtt311.json"


def test_no_kill_matrix_proves_nothing(proofs_file):
    assert coverage.load_proofs("mqtt311") == {"faults": []}


def test_a_kill_matrix_is_read(proofs_file):
    matrix = proofs(fault("f", "server", "MQTT311-1-1"))
    proofs_file.write_text(json.dumps(matrix), encoding="utf-8")
    assert coverage.load_proofs("mqtt311") == matrix


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"faults": [{"name": "x"}]}', '{"faults": 3}'])
def test_what_is_no_kill_matrix_is_said(proofs_file, text):
    proofs_file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="mqtt311.json is no kill matrix .*faults mqtt311 --update"):
        coverage.load_proofs("mqtt311")
