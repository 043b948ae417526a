"""A case as a script: it needs nothing but the standard library, and finds again what was found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from test_check_cli import wirelaw_command
from wirelaw import paths

#: A wrong answer, none, a message that must not come, a will that does not.
FAULTS = ("pubcomp-wrong-id", "no-pingresp", "shared-gets-retained", "will-lost-on-protocol-error")


@contextmanager
def broker(*faults: str) -> Iterator[str]:
    """A reference broker of its own; gives its port."""
    words = [str(paths.program("wirelaw-peer")), "broker", "--listen", "tcp://127.0.0.1:0"]
    words += [word for fault in faults for word in ("--fault", fault)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["listen"][0].rpartition(":")[2]
        finally:
            process.terminate()


def killer(fault: str) -> str:
    rows = json.loads((paths.data("conformance") / "proofs/mqtt5.json").read_text("utf-8"))["faults"]
    return str(next(row["killed_by"][0] for row in rows if row["name"] == fault))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_script_finds_again_what_was_found(fault: str, tmp_path: Path) -> None:
    case = killer(fault)
    wirelaw_command("check", "mqtt5", "--fault", fault, "--case", case, "--report", "out", cwd=tmp_path)
    made = wirelaw_command("report", "out", "--case", case, "--script", "again.py", cwd=tmp_path)
    assert made.returncode == 0, made.stderr

    def play(port: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", "again.py", "--port", port], cwd=tmp_path, text=True,
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    with broker(fault) as port:
        faulty = play(port)
        assert faulty.returncode == 1, faulty.stdout + faulty.stderr
        assert "it does it again" in faulty.stdout and "MQTT5-" in faulty.stdout
    with broker() as port:
        sound = play(port)
        assert sound.returncode in (0, 2), sound.stdout + sound.stderr
    gone = play(port)
    assert gone.returncode == 2 and "refused" in gone.stderr


def test_what_cannot_be_a_script_is_one_sentence(tmp_path: Path) -> None:
    words = ["check", "mqtt5", "--section", "3.1.2", "--report", "out"]
    wirelaw_command(*words, cwd=tmp_path)
    results = json.loads((tmp_path / "out/results.json").read_text("utf-8"))
    ran = next(case["id"] for case in results["cases"] if case["messages"])
    left_out = next(case["id"] for case in results["cases"] if not case["messages"])
    for words, sentence in (
        (("--script", "x.py"), "name it with --case"),
        (("--case", f"{ran[:-2]}x", "--script", "x.py"), "did you mean"),
        (("--case", ran, "--script", "no/x.py"), "can't be written"),
        (("--case", left_out, "--script", "x.py"), "it did not run"),
    ):
        done = wirelaw_command("report", "out", *words, cwd=tmp_path)
        assert done.returncode == 2 and sentence in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1
