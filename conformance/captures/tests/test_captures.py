"""Every capture of this folder is judged as its label says; and the labels are what the scenarios
say, the captures what the reference peers do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from wirelaw import paths

FOLDER = Path(__file__).resolve().parents[1]
LABELS: list[dict[str, Any]] = json.loads((FOLDER / "labels.json").read_text())["captures"]
STATUS = {"pass": (0,), "fail": (1,), "inconclusive": (0, 2)}


def judged(file: Path) -> tuple[int, dict[str, Any]]:
    """The exit status and the document of `wirelaw pcap check --json`."""
    done = subprocess.run(
        [str(paths.program("wirelaw-pcap")), "check", "--json", str(file)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("label", LABELS, ids=[row["file"] for row in LABELS])
def test_it_is_judged_as_labelled(label: dict[str, Any]) -> None:
    status, found = judged(FOLDER / label["file"])
    wire = [row for row in found["violations"] if row["kind"] == "wire"]
    cut = [row for row in found["violations"] if row["kind"] == "cut short"]
    assert [
        {key: row[key] for key in ("requirement", "frame", "offset", "from")} for row in wire
    ] == label["violations"]
    assert [{key: row[key] for key in ("frame", "offset")} for row in cut] == label["cut_short"]
    assert bool(found["not_judged"]) == label["not_judged"]
    assert status in STATUS[label["verdict"]]


def test_there_are_enough_of_each() -> None:
    counts = {verdict: sum(row["verdict"] == verdict for row in LABELS) for verdict in STATUS}
    assert len(LABELS) >= 60
    assert min(counts.values()) >= 10, counts


def test_every_file_has_a_label() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix in (".pcap", ".pcapng")}
    assert files == {row["file"] for row in LABELS}


def test_the_script_makes_the_same_captures(tmp_path: Path) -> None:
    """Those with TLS are random: they are only made."""
    done = subprocess.run(
        [sys.executable, str(FOLDER / "generate.py"), "--into", str(tmp_path)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "labels.json").read_text())["captures"]
    assert [row["file"] for row in made] == [row["file"] for row in LABELS]
    for row, label in zip(made, LABELS, strict=True):
        if label["transport"].startswith("tls"):
            assert row["violations"] and label["violations"] or row["verdict"] != "fail"
        else:
            assert row == label
            assert (tmp_path / row["file"]).read_bytes() == (FOLDER / row["file"]).read_bytes()
