"""The conformance statement: what it says, and that it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wirelaw_reports
from wirelaw.errors import UserError
from wirelaw.results import Results, Verdict
from wirelaw_reports import statement


def test_it_says_what_was_claimed_tested_and_found(many: Results) -> None:
    text = statement.render(many)
    assert many.iut.name in text and "Capabilities claimed (PICS)" in text
    for row in many.requirements:
        assert row.id in text
    failures = text[text.index("4. Failures") : text.index("5. Every requirement")]
    first = failures.index(", warn<") if ", warn<" in failures else len(failures)
    assert all(
        failures.index(row.id) < first for row in many.requirements if row.verdict is Verdict.FAIL
    )
    assert "src=" not in text and "<script" not in text


def test_hostile_names_do_not_break_it(hostile: Results) -> None:
    text = statement.render(hostile)
    body = text[text.index("<body>") :]
    assert set(re.findall(r"<(\w+)", body)) <= {
        "body", "header", "p", "section", "h1", "h2", "h3", "table", "caption", "thead", "tbody", "tr",
        "th", "td", "b", "br", "i",
    }  # fmt: skip


def test_it_is_printed_on_a4(many: Results, tmp_path: Path) -> None:
    page, pdf = wirelaw_reports.write(many, tmp_path, ["statement"])
    assert (page.name, pdf.name) == ("statement.html", "statement.pdf")
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    box = re.search(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", data)
    assert box is not None and (round(float(box[1])), round(float(box[2]))) in ((595, 842), (596, 842))


def test_without_a_browser_there_is_one_sentence(
    many: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="a PDF needs Chromium"):
        wirelaw_reports.write(many, tmp_path, ["statement"])
    assert (tmp_path / "statement.html").is_file()
