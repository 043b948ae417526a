"""What a run shows: the live line, the closing screen, and that an IUT can't steer the terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from results_samples import MUST, SHOULD, a_case, written
from wirelaw.results import CaseResult, MonitorViolation
from wirelaw.terminal import Terminal, duration, printable, summary_lines

HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\n</script>\u202egnp.exe\u200b\x9b31m\udc80"


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def many(number: int) -> list[CaseResult]:
    cases = [a_case(f"case-{i}", "pass", (MUST.id, "pass")) for i in range(number)]
    for i in range(0, number, 4):
        cases[i] = a_case(f"bad-{i}", "fail", (MUST.id, "fail"), cause=f"closed {HOSTILE}")
    return cases


def shown(tmp_path: Path, cases: list[CaseResult], stream: io.StringIO) -> str:
    terminal = Terminal(progress=io.StringIO(), summary=stream)
    terminal.finish(written(tmp_path, *cases), Path("out dir"))
    return stream.getvalue()


def test_plain_summary_names_failures_first(tmp_path: Path) -> None:
    text = shown(tmp_path, many(8), io.StringIO())
    assert "\x1b" not in text and "\u202e" not in text
    assert text.index("bad-0") < text.index("MUST")
    assert "wirelaw report 'out dir' --case bad-0" in text
    assert "does not conform" in text and "exit 1" in text
    assert r"\x1b[2J" in text


@pytest.mark.parametrize("size", [(80, 24), (100, 40), (60, 16)])
def test_summary_fits_the_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    results = written(tmp_path, *many(400), monitor=(MonitorViolation(SHOULD.id, detail="late"),))
    lines = summary_lines(results, Path("report"), size)
    assert len(lines) <= size[1] - 1
    assert any("more in report/index.html" in line.plain for line in lines)
    told = [line for line in lines if line.plain.startswith("✗")]
    assert len(told) >= 1 and all(len(line.plain) <= size[0] + 20 for line in told)


def test_colour_only_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in shown(tmp_path / "a", many(4), Tty())
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown(tmp_path / "b", many(4), Tty())
    assert not re.search("\x1b\\[[0-9;]*3[0-9]", text), "a colour in spite of NO_COLOR"


def test_all_well_is_short(tmp_path: Path) -> None:
    text = shown(tmp_path, [a_case("one", "pass", (MUST.id, "pass"))], io.StringIO())
    assert "conforms, as far as tested" in text and len(text.splitlines()) <= 8


def test_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = Tty(), Clock()
    terminal = Terminal(progress=stream, summary=io.StringIO(), clock=clock)
    terminal.start(4)
    clock.now = 2.0
    terminal.case_started(f"evil{HOSTILE}")
    clock.now = 4.0
    terminal.case_ended(a_case("x", "fail", (MUST.id, "fail")))
    terminal.close()
    text = stream.getvalue()
    assert "1 of 4" in text and "1 failing" in text and "12.0 s left" in text
    assert "\x1b[2J" not in text and "\x1b]0;" not in text and r"\x1b[2J" in text


def test_live_line_is_drawn_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, clock = Tty(), Clock()
    terminal = Terminal(progress=stream, summary=io.StringIO(), clock=clock)
    terminal.start(1000, expected_seconds=30)
    before = len(stream.getvalue())
    for _ in range(1000):
        clock.now += 0.0001
        terminal.tick()
    once = len(stream.getvalue()) - before
    terminal.close()
    assert once < 600


def test_plain_progress_is_a_sign_of_life() -> None:
    stream, clock = io.StringIO(), Clock()
    terminal = Terminal(progress=stream, summary=io.StringIO(), clock=clock)
    terminal.start(10)
    for _ in range(40):
        clock.now += 1.0
        terminal.tick()
    terminal.close()
    assert len(stream.getvalue().splitlines()) == 2


def test_printable_spells_out_what_steers() -> None:
    safe = printable(HOSTILE)
    assert all(char.isprintable() for char in safe)
    assert r"\u202e" in safe and r"\x9b" in safe and r"\udc80" in safe
    assert printable("é漢字 ok") == "é漢字 ok"
    assert printable("abcdef", 4) == "abc…"


def test_durations() -> None:
    assert [duration(each) for each in (0.44, 8.2, 112, 3725)] == ["0.4 s", "8.2 s", "1:52", "1:02:05"]
