"""The suites as a whole: the reference peers conform, and the tracked proofs are true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from test_check_cli import wirelaw_command
from wirelaw import paths
from wirelaw.cases import load
from wirelaw.engine.matrix import known_faults

PROTOCOLS = ("mqtt5", "mqtt311")
#: So many faults are proven again in this test; `wirelaw faults` does all.
SAMPLE = 40
#: Each case runs against all faults of a chunk.
CHUNK = 8


def proofs(protocol: str) -> dict[str, Any]:
    file = paths.data("conformance") / "proofs" / f"{protocol}.json"
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("role", ["server", "client"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_reference_peer_conforms(protocol: str, role: str, tmp_path: Path) -> None:
    done = wirelaw_command("check", protocol, "--role", role, "--report", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_broker_that_offers_as_little_as_it_may_conforms(protocol: str, tmp_path: Path) -> None:
    done = wirelaw_command("check", protocol, "--iut", "reference-limited", "--report", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("transport", ["tls", "ws", "wss"])
def test_the_reference_broker_conforms_on_every_transport(transport: str, tmp_path: Path) -> None:
    done = wirelaw_command("check", "mqtt5", "--transport", transport, "--report", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_fault_of_a_server_has_its_proof(protocol: str) -> None:
    """A new fault, or a renamed one, needs `wirelaw faults PROTOCOL --update`."""
    rows = [row for row in proofs(protocol)["faults"] if row["role"] == "server"]
    assert {row["name"] for row in rows} == {fault.name for fault in known_faults(protocol, "server")}
    assert [row["name"] for row in rows if row["outcome"] != "killed"] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_proofs_name_cases_that_exist(protocol: str) -> None:
    known = {case.id for case in load(protocol)}
    stale = {row["name"]: set(row["killed_by"]) - known for row in proofs(protocol)["faults"]}
    assert {name: cases for name, cases in stale.items() if cases} == {}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sample_of_the_proofs_is_true(protocol: str, tmp_path: Path) -> None:
    rows = [row for row in proofs(protocol)["faults"] if row["killed_by"] and row["role"] == "server"]
    sample = rows[:: len(rows) // SAMPLE]
    for some in (sample[at : at + CHUNK] for at in range(0, len(sample), CHUNK)):
        words = [f"--fault={row['name']}" for row in some]
        words += [f"--case={case}" for case in {row["killed_by"][0] for row in some}]
        done = wirelaw_command("faults", protocol, *words, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
