"""The files for CI servers: what can be run here, is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from wirelaw import paths

ROOT = paths.source_tree()
assert ROOT is not None
FOLDER = ROOT / "docs" / "ci"
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text("utf-8"))
SCRIPTS = {step["name"]: step["run"] for step in ACTION["runs"]["steps"] if "run" in step}


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """What a runner of GitHub gives a step, with a `wirelaw` that is this tree's."""
    command = tmp_path / "temp/wirelaw/bin/wirelaw"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m wirelaw "$@"\n', "utf-8")
    command.chmod(0o755)
    return {
        **os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "BASELINE": "",
        "RUNNER_TEMP": str(tmp_path / "temp"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "PROTOCOL": "mqtt5", "IUT": "reference", "OPTIONS": "--case pingreq-is-answered",
    }  # fmt: skip


def step(name: str, runner: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", SCRIPTS[name]], cwd=folder, env=runner, text=True, capture_output=True,
        timeout=100, check=False,
    )  # fmt: skip


def test_the_action_tests_a_broker(runner: dict[str, str], tmp_path: Path) -> None:
    done = step("Test the broker", runner, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "reference" in (tmp_path / "summary").read_text("utf-8")
    assert (tmp_path / "wirelaw-report/ci/results.sarif").is_file()


def test_the_action_hands_on_why_it_failed(runner: dict[str, str], tmp_path: Path) -> None:
    failing = runner | {"OPTIONS": "--case pingreq-is-answered --fault no-pingresp"}
    assert step("Test the broker", failing, tmp_path).returncode == 1
    unreachable = runner | {"IUT": "tcp://127.0.0.1:1"}
    assert step("Test the broker", unreachable, tmp_path).returncode == 2


def test_the_action_refuses_another_release(runner: dict[str, str], tmp_path: Path) -> None:
    release = tmp_path / "release.tar.gz"
    release.write_bytes(b"not what was promised")
    given = runner | {"RELEASE": str(release), "DIGEST": "0" * 64}
    assert step("Install wirelaw", given, tmp_path).returncode != 0


def test_scripts_and_templates_can_be_read() -> None:
    for text in SCRIPTS.values():
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    subprocess.run(["bash", "-n", FOLDER / "make-release"], check=True)
    template = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text("utf-8"))[".wirelaw"]
    for line in (*template["before_script"], *template["script"]):
        subprocess.run(["sh", "-n"], input=line, text=True, check=True)
    assert template["artifacts"]["reports"]["junit"] == "wirelaw-report/ci/junit.xml"
