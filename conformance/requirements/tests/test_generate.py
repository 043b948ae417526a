"""The generator: C that compiles without a warning, finds every id, and refuses bad catalogues."""

from __future__ import annotations

import csv
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).resolve().parents[1]
GENERATOR = FOLDER / "generate.py"
STRICT = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]


def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wirelaw_generate", GENERATOR)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look their module up
    spec.loader.exec_module(loaded)
    return loaded


generate = module()
HEADER = ",".join(generate.COLUMNS)


def row(requirement_id: str, **other: str) -> str:
    """One CSV line, good unless told otherwise."""
    values = dict.fromkeys(generate.COLUMNS, "") | {
        "id": requirement_id, "level": "MUST", "section": "1.2", "statement": "Be good.",
    } | other  # fmt: skip
    return ",".join(values.values())


def folder(tmp_path: Path, **files: list[str]) -> Path:
    made = tmp_path / "catalogues"
    made.mkdir()
    for name, lines in files.items():
        (made / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


def run(catalogues: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """The generator as the build calls it: a bare interpreter."""
    command = [sys.executable, "-I", "-S", str(GENERATOR), "--folder", str(catalogues)]
    command += ["--out-header", str(out / "requirements.h")]
    command += ["--out-source", str(out / "requirements.c")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def compile_and_run(out: Path, program: str) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler, "no C compiler; packages.txt names one"
    (out / "main.c").write_text(program, encoding="utf-8")
    command = [compiler, *STRICT, "-o", "main", "main.c", "requirements.c"]
    subprocess.run(command, cwd=out, check=True)
    return subprocess.run([out / "main"], capture_output=True, text=True, check=True).stdout


DUMP = r"""
#include <stdio.h>
#include "requirements.h"
int main(void) {
  unsigned i;
  if (sizeof(law_requirement) != 2 || LAW_R_NONE != 0) return 1;
  if (law_requirement_find("no such id") != LAW_R_NONE || law_requirement_find("") != LAW_R_NONE ||
      law_requirement_find(NULL) != LAW_R_NONE || law_requirement_find("none") != LAW_R_NONE)
    return 1;
  printf("%s %s\n", law_requirement_name(LAW_R_NONE), law_requirement_name(LAW_R_COUNT));
  for (i = 1; i < LAW_R_COUNT; i++) {
    const law_requirement_info *info = &law_requirements[i];
    if (law_requirement_find(info->id) != i) return 1;
    if (info->id != law_requirement_name((law_requirement)i)) return 1;
    printf("%s\t%s\t%s\t%s\n", info->id, info->level, info->section, info->statement);
  }
  return 0;
}
"""


def test_the_catalogues_become_c(tmp_path: Path) -> None:
    """Every row of the project's own catalogues arrives in C unchanged, in order."""
    done = run(FOLDER, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    printed = compile_and_run(tmp_path, DUMP).split("\n")
    expected = []
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for each in csv.DictReader(file):
                expected.append("\t".join(each[c] for c in ("id", "level", "section", "statement")))
    assert printed[0] == "none unknown"
    assert printed[1:-1] == expected


def test_text_survives_the_c_literal(tmp_path: Path) -> None:
    """Quotes, backslashes, trigraphs, digits behind escapes, and more than ASCII."""
    nasty = '"" \\n %s ??/ ??= é1 \U0001f600 7\x7f0'
    catalogues = folder(tmp_path, a=[HEADER, row("A-1", statement=f'"{nasty}"')])
    assert run(catalogues, tmp_path).returncode == 0
    printed = compile_and_run(tmp_path, DUMP)
    assert printed.split("\n")[1] == f"A-1\tMUST\t1.2\t{nasty.replace(chr(34) * 2, chr(34))}"
    assert (tmp_path / "requirements.c").read_bytes().isascii()


def test_order_is_files_then_rows(tmp_path: Path) -> None:
    catalogues = folder(
        tmp_path, b=[HEADER, row("B-2"), row("B-1")], a=[HEADER, row("A-9"), row("A-10/x-y")]
    )
    names = [each.enum_name for each in generate.read_folder(catalogues)]
    assert names == ["LAW_R_A_9", "LAW_R_A_10_X_Y", "LAW_R_B_2", "LAW_R_B_1"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for out in (first, second):
        out.mkdir()
        assert run(FOLDER, out).returncode == 0
        assert sorted(path.name for path in out.iterdir()) == ["requirements.c", "requirements.h"]
    for name in ("requirements.h", "requirements.c"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


@pytest.mark.parametrize(
    ("lines", "where", "what"),
    [
        (["id,level"], "a.csv:1", "the columns must be exactly"),
        ([HEADER, "A-1,short"], "a.csv:2", "2 fields, expected 14"),
        ([HEADER, row("A-1"), row("a b")], "a.csv:3", "is no requirement id"),
        ([HEADER, row("")], "a.csv:2", "is no requirement id"),
        ([HEADER, row("A-1", level="")], "a.csv:2", "has no level"),
        ([HEADER, row("A-1", statement=" ")], "a.csv:2", "has no statement"),
        ([HEADER, row("A-1"), row("A-1")], "a.csv:3", "already A-1 at a.csv:2"),
        ([HEADER, row("A-1.2"), row("A-1-2")], "a.csv:3", "LAW_R_A_1_2, which is already"),
        ([HEADER, row("A-1", reason='"two\nlines"'), row("?")], "a.csv:4", "no requirement id"),
        ([HEADER, row("A-1", reason='"open')], "a.csv:2", "not valid CSV"),
    ],
)
def test_a_bad_catalogue_is_one_sentence(
    tmp_path: Path, lines: list[str], where: str, what: str
) -> None:
    done = run(folder(tmp_path, a=lines), tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("generate.py: ") and done.stderr.count("\n") == 1
    assert where in done.stderr and what in done.stderr
    assert not list(tmp_path.glob("requirements.*")), "nothing is written"


def test_collisions_between_files_are_found(tmp_path: Path) -> None:
    done = run(folder(tmp_path, a=[HEADER, row("A-1")], b=[HEADER, row("A-1")]), tmp_path)
    assert done.returncode == 1
    assert "b.csv:2" in done.stderr and "A-1 at a.csv:2" in done.stderr


def test_a_folder_without_catalogues(tmp_path: Path) -> None:
    done = run(folder(tmp_path), tmp_path)
    assert done.returncode == 1
    assert "no *.csv" in done.stderr


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    catalogues = folder(tmp_path)
    (catalogues / "a.csv").write_bytes(f"{HEADER}\n{row('A-1')}\n".encode() + b"A-2,\xff\n")
    done = run(catalogues, tmp_path)
    assert done.returncode == 1
    assert "a.csv:3: not UTF-8" in done.stderr


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    done = run(FOLDER, tmp_path / "nowhere")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr and done.stderr.count("\n") == 1
