"""The launcher ``./wirelaw``, once set up: from anywhere, several at once, quiet, quick; and without root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wirelaw import __version__, paths

ROOT = paths.source_tree()
assert ROOT is not None, "these tests run in the source tree"
LAUNCHER = ROOT / "wirelaw"
VERSION = f"wirelaw {__version__}\n"
NOBODY = 65534


def start(launcher: Path, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [launcher, "--version"], cwd=cwd, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_runs_from_anywhere_through_a_symlink(tmp_path):
    link = tmp_path / "elsewhere"
    link.symlink_to(LAUNCHER)
    out, err = start(link, tmp_path).communicate(timeout=600)
    assert (out, err) == (VERSION, "")


def test_several_at_once(tmp_path):
    processes = [start(LAUNCHER, tmp_path) for _ in range(4)]
    assert [process.communicate(timeout=600) for process in processes] == [(VERSION, "")] * 4


def test_later_starts_are_quick(tmp_path):
    def seconds() -> float:
        begin = time.monotonic()
        start(LAUNCHER, tmp_path).communicate(timeout=600)
        return time.monotonic() - begin

    seconds()
    assert min(seconds() for _ in range(5)) < 0.5  # the least: other tests use the machine, too


@pytest.fixture
def bare_machine() -> Iterator[Path]:
    """A folder with the launcher, and a PATH on which only openssl and python3 are installed.

    It is readable for a user who is not root, which pytest's own folders are not.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(LAUNCHER, folder)
        shutil.copy(ROOT / "packages.txt", folder)
        fakes = folder / "fakes"
        fakes.mkdir()
        fake(fakes / "dpkg-query", 'case "$4" in openssl|python3) echo "ii " ;; *) exit 1 ;; esac')
        fake(fakes / "apt-cache", '[ "$2" != chromium ]')
        fake(fakes / "sudo", "exit 1")
        for path in (folder, fakes):
            path.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield folder


def fake(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def launch_without_root(folder: Path, verb: str) -> subprocess.CompletedProcess[str]:
    someone = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        [folder / "wirelaw", verb], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        env={"PATH": f"{folder}/fakes:/usr/bin:/bin"}, **someone,
    )  # fmt: skip


def asked_for(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The packages that the one sentence asks for."""
    assert done.returncode == 2
    assert done.stdout == ""
    request = (
        "wirelaw: Debian packages are missing; ask an administrator to run: "
        "sudo apt-get install --no-install-recommends "
    )
    assert done.stderr.startswith(request)
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix(request).split()


def test_without_root_it_names_what_is_missing_and_no_more(bare_machine):
    packages = asked_for(launch_without_root(bare_machine, "check"))
    assert {"gcc", "cmake", "libssl-dev", "python3-venv"} <= set(packages)
    assert set(packages).isdisjoint({"openssl", "python3", "clang", "mosquitto"})


def test_the_tests_need_more_and_alternatives_are_what_the_system_knows(bare_machine):
    packages = asked_for(launch_without_root(bare_machine, "test"))
    assert {"libcmocka-dev", "clang", "mosquitto", "chromium-browser"} <= set(packages)
    assert "chromium" not in packages


def test_a_folder_that_cannot_be_written_is_one_sentence(bare_machine):
    if os.geteuid() == 0:
        os.chown(bare_machine, 0, 0)
    else:
        bare_machine.chmod(0o555)
    done = launch_without_root(bare_machine, "check")
    bare_machine.chmod(0o755)
    assert done.returncode == 2
    assert done.stderr == f"wirelaw: {bare_machine} cannot be written; copy it to a folder of your own\n"
