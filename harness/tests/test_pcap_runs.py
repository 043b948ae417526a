"""The capture that a run writes, judged by itself, gives what the run's monitor found: the same
requirements, at the same bytes, in the same packets. Nothing more, nothing less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from wirelaw import paths

RUNS = {
    "mqtt5-tcp": ("mqtt5", "tcp", ()),
    "mqtt5-tcp-faults": ("mqtt5", "tcp", (
        "puback-wrong-id", "dup-on-qos0", "connack-reserved-flag", "session-present-1-clean",
        "retain-flag-kept", "pubrel-flags",
    )),
    "mqtt5-wss-faults": ("mqtt5", "wss", (
        "refused-with-session-present", "retained-without-flag", "deliver-published-qos", "reorder",
    )),
    "mqtt311-tcp": ("mqtt311", "tcp", ()),
    "mqtt311-tls-faults": ("mqtt311", "tls", (
        "qos0-sent-again", "connack-reserved-reason", "dup-on-first-qos1", "suback-reserved-reason",
    )),
    "mqtt311-ws-faults": ("mqtt311", "ws", ("session-present-1-new", "puback-wrong-id", "reorder")),
}  # fmt: skip


def run(name: str, folder: Path) -> dict[str, Any]:
    """The results of a whole run."""
    protocol, transport, faults = RUNS[name]
    words = [word for fault in faults for word in ("--fault", fault)]
    done = subprocess.run(
        [sys.executable, "-m", "wirelaw", "check", protocol, "--transport", transport,
         "--report", "out", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        cwd=folder, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1, 2), done.stderr
    document: dict[str, Any] = json.loads((folder / "out" / "results.json").read_text())
    assert document["run"]["complete"]
    return document


def check(capture: Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(paths.program("wirelaw-pcap")), "check", "--json", str(capture)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("name", RUNS)
def test_run_and_capture_agree(name: str, tmp_path: Path) -> None:
    seen = run(name, tmp_path)["monitor_violations"]
    found = check(tmp_path / "out" / "run.pcapng")
    wire = [row for row in found["violations"] if row["kind"] == "wire"]
    assert len(wire) == len(found["violations"])  # nothing is cut short in a capture of our own
    by_run = Counter((row["requirement"], row["frame"], row["offset"]) for row in seen)
    by_capture = Counter(
        (row["requirement"], row["last_frame"], row["offset"]) if row["message"]
        else (row["requirement"], None, None)
        for row in wire
    )  # fmt: skip
    assert by_run == by_capture
    assert bool(by_run) == bool(RUNS[name][2])
    assert found["totals"]["not_judged_messages"] == 0
    assert found["totals"]["messages"] > 3000
