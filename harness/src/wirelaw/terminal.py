"""What a run shows on a terminal: one live line while it lasts, one screen at its end.

The engine calls `start`, `case_started`, `case_ended`, `tick` (whenever it wakes; cheap) and
`finish`. Away from a terminal the same calls print plain lines: a sign of life now and then, and
the summary. NO_COLOR is honoured. Nothing that an IUT sent reaches the terminal raw.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from wirelaw.results import (
    TO_IUT,
    CaseResult,
    Results,
    Verdict,
    blamed,
    headline,
    new_failures,
    printable,
)

GLYPHS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.FAIL: ("✗", "bold red"),
    Verdict.INCONCLUSIVE: ("?", "magenta"),
    Verdict.NOT_APPLICABLE: ("–", "dim"),
    Verdict.ERROR: ("‼", "bold magenta"),
    Verdict.UNTESTED: ("○", "dim"),
}

#: The summary lists what stands higher here first, and nothing else.
_TELLING = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.WARN)

_REFRESH_S = 0.1
_SIGN_OF_LIFE_S = 15.0

def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def duration(seconds: float) -> str:
    """A length of time as people say it: `0.4 s`, `8.2 s`, `1:52`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Terminal:
    """Shows one run. Not for use by several threads."""

    def __init__(
        self,
        progress: TextIO | None = None,
        summary: TextIO | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The live line goes to `progress` (standard error), the summary to `summary` (standard
        output); a caller that prints JSON there gives standard error for both."""
        self._console = _console(progress or sys.stderr)
        self._summary = _console(summary or sys.stdout)
        self._clock = clock
        self._live: Live | None = None
        self._running: dict[str, None] = {}
        self._counts = dict.fromkeys(Verdict, 0)
        self._total = 0
        self._expected: float | None = None
        self._began = self._shown = clock()

    def start(self, total: int, expected_seconds: float | None = None) -> None:
        """A run of so many cases begins; `expected_seconds` is how long it will take if the
        engine knows, as by its longest timer."""
        self._total, self._expected = total, expected_seconds
        self._began = self._shown = self._clock()
        if self._console.is_terminal:
            self._live = Live(
                self._line(), console=self._console, transient=True, auto_refresh=False
            )
            self._live.start(refresh=True)

    def case_started(self, case_id: str) -> None:
        self._running[case_id] = None
        self.tick()

    def case_ended(self, case: CaseResult) -> None:
        self._running.pop(case.id, None)
        self._counts[case.verdict] += 1
        self.tick()

    def tick(self) -> None:
        """Shows the time going by; redraws at most ten times a second."""
        now = self._clock()
        if self._live is not None:
            if now - self._shown >= _REFRESH_S:
                self._shown = now
                self._live.update(self._line(), refresh=True)
        elif now - self._shown >= _SIGN_OF_LIFE_S:
            self._shown = now
            self._console.print(self._line(plain=True), soft_wrap=True)

    def finish(self, results: Results, report_dir: Path) -> None:
        """The run is over: takes the live line away and prints the summary."""
        self.close()
        for line in summary_lines(results, report_dir, self._summary.size):
            self._summary.print(line, soft_wrap=True, highlight=False)

    def close(self) -> None:
        """Takes the live line away, if it is there: for a run that ends without results."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self, plain: bool = False) -> Text:
        done = sum(self._counts.values())
        line = Text(no_wrap=True, overflow="ellipsis")
        if not plain:
            line.append_text(_bar(done, self._total))
        line.append(f" {done} of {self._total}" if not plain else f"{done} of {self._total} cases")
        failing = self._counts[Verdict.FAIL] + self._counts[Verdict.ERROR]
        line.append(f"  {failing} failing", "bold red" if failing else "dim")
        line.append(f"  {self._left(done)}", "dim")
        if self._running:
            line.append(f"  {len(self._running)} running: ", "dim")
            line.append(printable(next(reversed(self._running)), 60), "cyan")
        return line

    def _left(self, done: int) -> str:
        spent = self._clock() - self._began
        if self._expected is not None:
            left = max(0.0, self._expected - spent)
        elif done == 0 or spent < 0.5:
            return duration(spent)
        else:
            left = spent / done * (self._total - done)
        return f"{duration(left)} left"


def _console(stream: TextIO) -> Console:
    plain = not stream.isatty() or os.environ.get("TERM") == "dumb"
    return Console(
        file=stream,
        force_terminal=not plain,
        no_color=True if os.environ.get("NO_COLOR") else None,
        highlight=False,
        markup=False,
        emoji=False,
        width=140 if plain else None,
        legacy_windows=False,
    )


def _bar(done: int, total: int, cells: int = 24) -> Text:
    filled = cells * done // total if total else cells
    bar = Text("━" * filled, "cyan")
    return bar.append("━" * (cells - filled), "bright_black")


def summary_lines(results: Results, report_dir: Path, size: tuple[int, int]) -> list[Text]:
    """The closing summary, in at most as many lines as the screen (columns, rows) has, with room
    for the prompt."""
    columns, rows = size
    foot = [*_levels(results), *_foot(results, report_dir)]
    head = [_judgement(results, columns)]
    room = max(2, rows - 1 - len(head) - len(foot) - 3)
    body = _told(results, report_dir, columns, room)
    if body:
        head.append(Text())
        body.append(Text())
    else:
        head.append(Text())
    return head + body + foot


def _judgement(results: Results, columns: int) -> Text:
    status = results.run.exit.status if results.run.exit else 2
    word, style = {
        0: ("conforms, as far as tested", "bold green"),
        1: ("does not conform", "bold red"),
        2: ("could not be judged", "bold magenta"),
    }[status]
    if status == 0 and results.totals[Verdict.FAIL]:
        word, style = "has no new failures", "bold yellow"
    iut = results.iut
    name = f"{iut.name} {iut.version}" if iut.version else iut.name
    line = Text(no_wrap=True)
    line.append(f"{printable(name, 40)} ", "bold").append(word, style)
    ran = sum(results.totals.values()) - results.totals["untested"]
    about = f"{iut.protocol} {iut.role}, {iut.transport}, {ran} cases, {duration(results.run.seconds)}"
    room = max(0, columns - width(line.plain) - 3)
    return line.append(f"   {printable(about, room)}", "dim") if room > 12 else line


def telling(results: Results) -> list[CaseResult]:
    """The cases that a summary names: new failures, then the others, worst first, and those that
    a deviation excuses."""
    cases = [case for case in results.cases if case.verdict in _TELLING]
    new = set(new_failures(results))
    cases.sort(
        key=lambda case: (bool(case.deviation), case.id not in new, _TELLING.index(case.verdict))
    )
    return cases


def _told(results: Results, report_dir: Path, columns: int, room: int) -> list[Text]:
    """Two lines for each case or monitor's objection that the room allows, then how many more."""
    entries = [*_monitor_entries(results, columns), *_case_entries(results, report_dir, columns)]
    fitting = len(entries) if 2 * len(entries) <= room else max(1, (room - 1) // 2)
    lines = [line for entry in entries[:fitting] for line in entry]
    if fitting < len(entries):
        where = printable(str(report_dir / "index.html"))
        lines.append(Text(f"  and {len(entries) - fitting} more in {where}", "dim"))
    return lines


def _case_entries(results: Results, report_dir: Path, columns: int) -> Iterator[list[Text]]:
    for case in telling(results):
        glyph, style = GLYPHS[case.verdict]
        first = Text(no_wrap=True)
        first.append(f"{glyph} ", style).append(printable(case.id, 60), "bold")
        if requirement := blamed(case):
            first.append(f"  {printable(requirement)}", "cyan")
        why = f"deviation: {case.deviation}" if case.deviation else headline(case)
        room = max(20, columns - width(first.plain) - 2)
        first.append(f"  {printable(why, room)}")
        more = f"wirelaw report {shlex.quote(str(report_dir))} --case {shlex.quote(case.id)}"
        yield [first, Text(f"    {printable(more)}", "dim", no_wrap=True)]


def _monitor_entries(results: Results, columns: int) -> Iterator[list[Text]]:
    seen: dict[str, list[str]] = {}
    for violation in results.monitor_violations:
        if not violation.deviation:
            text = violation.detail or violation.summary or violation.type or ""
            where = f"packet {violation.frame}" if violation.frame else f"connection {violation.conn}"
            seen.setdefault(violation.requirement, []).append(f"{where}: {text}")
    for requirement, texts in seen.items():
        first = Text(no_wrap=True)
        first.append("✗ ", "bold red").append(f"seen by the monitor {len(texts)}x", "bold")
        first.append(f"  {printable(requirement)}", "cyan")
        more = f"wirelaw spec {results.iut.protocol} {requirement}"
        yield [
            first.append(f"  {printable(texts[0], max(20, columns - width(first.plain) - 2))}"),
            Text(f"    {printable(more)}", "dim", no_wrap=True),
        ]


def _levels(results: Results) -> Iterator[Text]:
    for level, count in results.coverage.items():
        if not count["total"]:
            continue
        line = Text(no_wrap=True)
        line.append(f"{level:>8} ", "bold")
        line.append(f"{count['tested']} of {count['applicable']} tested")
        _append_counts(line, count["verdicts"])
        yield line
    line = Text(no_wrap=True)
    line.append(f"{'cases':>8} ", "bold").append(f"{sum(results.totals.values())}")
    _append_counts(line, results.totals)
    yield line


def _append_counts(line: Text, counts: dict[str, int]) -> None:
    for verdict in Verdict:
        if counts[verdict]:
            line.append("  ")
            name = verdict.replace("_", " ")
            line.append(f"{counts[verdict]} {name}", GLYPHS[verdict][1])


def _foot(results: Results, report_dir: Path) -> Iterator[Text]:
    if results.comparison:
        changes = [row["change"] for row in results.comparison["cases"]]
        told = [
            f"{changes.count(change)} {change.replace('_', ' ')}" for change in dict.fromkeys(changes)
        ]
        line = Text("baseline ", "bold", no_wrap=True)
        yield line.append(", ".join(told) or "no change", "default")
    for row in results.deviations:
        if row["state"] in ("expired", "passing"):
            name = printable(str(row["case"] or row["requirement"]), 50)
            what = "expired" if row["state"] == "expired" else "passes now: take it out"
            yield Text(f"deviation {name} {what}", "yellow", no_wrap=True)
    line = Text(f"{'report':>8} ", "bold", no_wrap=True)
    yield line.append(printable(str(report_dir / "index.html")), "default")
    if results.run.exit and results.run.exit.status:
        line = Text(f"{'exit ' + str(results.run.exit.status):>8} ", "bold", no_wrap=True)
        yield line.append(printable("; ".join(results.run.exit.reasons)), "default")


def show_case(case: CaseResult, results: Results, out: TextIO | None = None) -> None:
    """Prints one case: what was asked, the steps, the conversation, the bytes that broke a rule."""
    console = _console(out or sys.stdout)
    for line in _case_lines(case, results):
        console.print(line, soft_wrap=True, highlight=False)


def _case_lines(case: CaseResult, results: Results) -> Iterator[Text]:
    glyph, style = GLYPHS[case.verdict]
    yield Text(f"{glyph} {case.verdict}", style).append(f"  {printable(case.id)}", "bold")
    yield Text(f"  {printable(case.title)}")
    if why := headline(case):
        yield Text(f"  {printable(why)}", style)
    if case.deviation:
        yield Text(f"  deviation: {printable(case.deviation)}", "yellow")
    statements = {row.id: row for row in results.requirements}
    for requirement in case.requirements:
        row = statements.get(requirement)
        line = Text(f"  {printable(requirement)}", "cyan")
        yield line.append(f"  {row.level}: {printable(row.statement)}" if row else "", "default")
    yield Text()
    yield from _step_lines(case)
    yield from _message_lines(case)
    if case.capture:
        span = f"{case.capture.first} to {case.capture.last} of {case.capture.file}"
        yield Text(f"  packets {printable(span)}", "dim")
    if case.repeat:
        yield Text(f"  again   {printable(case.repeat)}", "dim")


def _step_lines(case: CaseResult) -> Iterator[Text]:
    for step in case.steps:
        glyph, style = GLYPHS[step.verdict]
        line = Text(f"  {glyph} ", style).append(f"{printable(step.conn or '-'):<6} ", "dim")
        line.append(printable(step.text), "default")
        if step.requirement:
            line.append(f"  {printable(step.requirement)}", "cyan")
        yield line
        if step.index == case.failed_step:
            for name, said in (("expected", step.expected), ("got", step.got)):
                if said:
                    yield Text(f"             {name:<9}{printable(said)}", style)
    if case.steps:
        yield Text()


def _message_lines(case: CaseResult) -> Iterator[Text]:
    start = case.messages[0].time_ns if case.messages else 0
    for message in case.messages:
        arrow = "->" if message.direction == TO_IUT else "<-"
        frame = f"#{message.frame}" if message.frame else ""
        line = Text(f"  {(message.time_ns - start) / 1e6:9.3f} ms {frame:>6} ", "dim")
        line.append(f"{printable(message.conn):<6} {arrow} ", "dim")
        yield line.append(printable(message.summary), "bold red" if message.violation else "default")
        if message.violation:
            yield from _hex_lines(message.hex, message.violation.offset, message.violation.length)
    if case.messages:
        yield Text()


def _hex_lines(wire: str, offset: int, length: int) -> Iterator[Text]:
    """The lines of 16 bytes around a violation, its bytes marked."""
    raw = bytes.fromhex(wire)
    first = max(0, offset // 16 - 1) * 16
    for at in range(first, min(len(raw), first + 64), 16):
        line, marks = Text(f"      {at:04x}  ", "dim"), ""
        for i, byte in enumerate(raw[at : at + 16], at):
            bad = offset <= i < offset + max(1, length)
            line.append(f"{byte:02x} ", "bold red" if bad else "default")
            marks += "^^ " if bad else "   "
        yield line
        if marks.strip():
            yield Text(f"            {marks.rstrip()} byte {offset}", "bold red")
