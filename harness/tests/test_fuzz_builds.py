"""Builds of the fuzz targets for others' machines: OSS-Fuzz's contract; and coverage by the corpora."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from wirelaw import cli, paths
from wirelaw.fuzzing import targets

ROOT = paths.source_tree()
assert ROOT is not None, "these tests run in the source tree"
# All but those beside other libraries, which are no business of OSS-Fuzz.
ALL = [
    target
    for target in targets.all_targets(ROOT)
    if not target.hidden and not target.name.startswith("theirs_")
]
LINES, BRANCHES = 95.0, 90.0
# What a program may need that the machines of OSS-Fuzz have.
SYSTEM = ("linux-vdso", "libc.so", "libm.so", "libgcc_s.so", "libstdc++.so", "ld-linux", "libpthread", "libdl", "librt")


def test_the_corpora_reach_nearly_all_of_each_codec(capsys):
    assert cli.main(["fuzz", "coverage", "--json"]) == 0
    rows = {row["what"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    codecs = [row for what, row in rows.items() if what.startswith("codecs/")]
    assert len(codecs) >= 4
    for row in [*codecs, rows["conformance/monitors"]]:
        assert row["lines"] >= LINES and row["branches"] >= BRANCHES, row


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    """What build.sh puts into $OUT, under the variables of the contract."""
    folder = tmp_path_factory.mktemp("oss-fuzz")
    for name in ("src", "out", "work"):
        (folder / name).mkdir()
    (folder / "src/wirelaw").symlink_to(ROOT)
    flags = "-O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address -fsanitize=fuzzer-no-link"
    env = {
        **os.environ,
        "CC": "clang", "CXX": "clang++", "CFLAGS": flags, "CXXFLAGS": flags,
        "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer", "SANITIZER": "address", "FUZZING_ENGINE": "libfuzzer",
        "SRC": str(folder / "src"), "OUT": str(folder / "out"), "WORK": str(folder / "work"),
    }  # fmt: skip
    done = subprocess.run(
        [ROOT / "fuzz/oss-fuzz/build.sh"], env=env, cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "out"


@pytest.mark.parametrize("target", ALL, ids=lambda target: target.name)
def test_build_sh_gives_each_target_with_all_it_needs(target, out, tmp_path):
    program = out / target.name
    assert f"max_len = {target.max_len}\n" in (out / f"{target.name}.options").read_text()
    assert (out / f"{target.name}.dict").exists() == bool(target.dictionary)
    with zipfile.ZipFile(out / f"{target.name}_seed_corpus.zip") as archive:
        archive.extractall(tmp_path)
    command = [program, "-runs=200", f"-max_len={target.max_len}", tmp_path]
    if target.dictionary:
        command.append(f"-dict={out / target.name}.dict")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stderr[-2000:]
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    foreign = [line for line in linked.splitlines() if not any(name in line for name in SYSTEM)]
    assert foreign == []


def test_nothing_else_is_there(out):
    stems = {path.name.split(".")[0].removesuffix("_seed_corpus") for path in out.iterdir()}
    assert stems == {target.name for target in ALL}


def test_clusterfuzzlite_finds_its_folder():
    folder = ROOT / ".clusterfuzzlite"
    assert {path.name for path in folder.iterdir()} >= {"project.yaml", "Dockerfile", "build.sh"}
    assert "language: c\n" in (folder / "project.yaml").read_text()
