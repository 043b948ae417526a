"""`wirelaw report`: one run again, a killed one, one case, several side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import synthetic

from wirelaw.cli import main
from wirelaw.results import FINAL, PARTIAL, CatalogueRow, Iut, PlannedCase, ResultsWriter, Run


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    synthetic.generate(folder, 60, 5, failing=0.2)
    return folder


def test_renders_everything(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run_folder)]) == 0
    out = capsys.readouterr().out
    assert "does not conform" in out and "wirelaw report" in out
    for name in ("index.html", "junit.xml", "results.sarif", "summary.md", "badge.svg", "traceability.csv"):
        assert (run_folder / name).stat().st_size > 100


def test_formats_and_json(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(run_folder), "--out", str(tmp_path), "--format", "badge", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == [str(tmp_path / "badge.svg")]
    assert [each.name for each in tmp_path.iterdir()] == ["badge.svg"]


def test_one_case_on_the_terminal(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((run_folder / FINAL).read_text())
    case = next(each for each in document["cases"] if each["verdict"] == "fail")
    assert main(["report", str(run_folder), "--case", case["id"]]) == 0
    out = capsys.readouterr().out
    assert case["requirements"][0] in out and "^^ byte 0" in out and "expected" in out
    assert main(["report", str(run_folder), "--case", case["id"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == case


def test_killed_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run("killed", "2026-11-24T10:00:00+00:00", "0.1.0", "1")
    rows = [CatalogueRow("MQTT5-3.1.0-2", "MUST", "3.1", "A rule.")]
    planned = [PlannedCase("one", "One.", "server", (rows[0].id,))]
    with ResultsWriter(tmp_path, run, Iut("x", "server", "mqtt5"), rows, planned):
        pass
    assert main(["report", str(tmp_path)]) == 0
    assert "killed after 0 of 1 cases" in capsys.readouterr().out
    assert (tmp_path / FINAL).exists() and (tmp_path / PARTIAL).exists()


def test_matrix(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synthetic.generate(tmp_path / "b", 60, 6, name="other")
    assert main(["report", str(run_folder), str(tmp_path / "b"), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "matrix.html").exists()
    lines = (tmp_path / "matrix.csv").read_text().splitlines()
    assert {line.split(",")[2] for line in lines[1:]} == {"example", "other"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no results in nowhere"),
        (["{run}", "--format", "pdf"], "there is no format 'pdf'"),
        (["{run}", "--case", "nobody"], "there is no case 'nobody'"),
        (["{run}", "{run}", "--case", "x"], "one run"),
        (["{run}", "{run}", "--format", "html"], "several runs"),
        (["{run}", "--out", "/proc/nowhere"], "can't be written"),
    ],
)
def test_errors_are_one_sentence(
    run_folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    line = [each.format(run=run_folder) for each in arguments]
    assert main(["report", *line]) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.strip().splitlines()) == 1
