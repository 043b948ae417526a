"""``wirelaw spec``, as a user and as a program sees it."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

import wirelaw
from wirelaw import catalogue, cli, coverage


@pytest.fixture
def run(capsys):
    def call(*argv: str) -> tuple[int, str, str]:
        status = cli.main(["spec", *argv])
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def some_cases(monkeypatch):
    """Two cases in the place of the real ones, and a kill matrix for one of them."""
    cases = ModuleType("wirelaw.cases")
    named = {"ping": ["MQTT311-3.12.4-1"], "bye": ["MQTT311-3.14.4/close", "MQTT311-0-0"]}
    cases.load = lambda protocol: [
        SimpleNamespace(id=name, role="server", requirements=ids) for name, ids in named.items()
    ]
    monkeypatch.setitem(sys.modules, "wirelaw.cases", cases)
    monkeypatch.setattr(wirelaw, "cases", cases, raising=False)
    fault = {"name": "no-pingresp", "requirement": "MQTT311-3.12.4-1", "role": "server",
             "outcome": "killed", "killed_by": ["ping"]}  # fmt: skip
    monkeypatch.setattr(coverage, "load_proofs", lambda protocol: {"faults": [fault]})


@pytest.mark.parametrize("protocol", catalogue.FILES)
def test_the_list_has_a_line_for_each_row(run, protocol):
    status, out, err = run(protocol)
    assert (status, err) == (0, "")
    rows = catalogue.load(protocol).rows
    assert out.splitlines() == [f"{row.id}\t{row.level}\t{row.statement}" for row in rows]


def test_filters(run):
    _, out, _ = run("mqtt311", "--section", "3.14", "--level", "should")
    assert [line.split("\t")[0] for line in out.splitlines()] == ["MQTT311-3.14.4/close"]
    _, out, _ = run("mqtt311", "--section", "3.14", "--role", "client", "--level", "MUST", "--json")
    document = json.loads(out)
    assert document["protocol"] == "mqtt311"
    assert [row["id"] for row in document["requirements"]] == [
        "MQTT311-3.14.1-1", "MQTT311-3.14.4-1", "MQTT311-3.14.4-2",
    ]  # fmt: skip


def test_a_terminal_gets_a_table(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = run("mqtt311", "--section", "3.14")
    assert "MQTT311-3.14.4/close" in out and "\x1b[" in out
    assert f"5 of {len(catalogue.load('mqtt311'))} requirements of mqtt311" in out


def test_one_in_full(run, some_cases):
    status, out, err = run("mqtt311", "3.12.4-1")
    assert (status, err) == (0, "")
    row = catalogue.load("mqtt311").get("MQTT311-3.12.4-1")
    for part in (row.id, row.level, row.statement, row.anchor, row.same_as, "numbered by the spec"):
        assert part in out
    assert "no-pingresp: killed by ping" in out


def test_one_as_json(run, some_cases):
    _, out, _ = run("mqtt311", "MQTT311-3.12.4-1", "--json")
    document = json.loads(out)
    assert document["requirement"]["section"] == "3.12.4"
    assert [fault["name"] for fault in document["faults"]] == ["no-pingresp"]


def test_coverage_as_json(run, some_cases):
    status, out, _ = run("mqtt311", "--coverage", "--json")
    assert status == 0
    document = json.loads(out)
    server = document["roles"]["server"]
    assert (server["covered"], server["proven"]) == (2, 1)
    assert server["total"] == len(catalogue.load("mqtt311").select(role="server"))
    assert document["not_proven"][0]["id"] == "MQTT311-3.14.4/close"
    assert document["unknown"] == [{"case": "bye", "requirement": "MQTT311-0-0"}]


def test_coverage_for_people(run, some_cases):
    _, out, _ = run("mqtt311", "--coverage", "--section", "3.12", "--role", "server")
    assert "server" in out and "1 (100 %)" in out
    assert "not covered" not in out
    _, out, _ = run("mqtt311", "--coverage", "--section", "3.14", "--role", "server")
    assert "MQTT311-3.14.4-3  server: no case names it." in out
    assert "not proven: 1" in out
    assert "case bye names MQTT311-0-0, which is not in the catalogue" in out


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["mqtt9"], "there is no catalogue of 'mqtt9'"),
        (["mqtt311", "3.99"], "mqtt311 has no requirement 3.99"),
        (["mqtt311", "--section", "42", "--level", "MUST"],
         "no requirement of mqtt311 is a MUST and stands in section 42"),
        (["mqtt311", "3.12.4-1", "--coverage"], "an ID stands alone"),
    ],
)  # fmt: skip
def test_errors_are_one_sentence(run, argv, sentence):
    status, out, err = run(*argv)
    assert (status, out) == (2, "")
    assert err.startswith("wirelaw: ") and sentence in err and err.count("\n") == 1
