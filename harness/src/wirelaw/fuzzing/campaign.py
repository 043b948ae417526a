"""A campaign: an engine watched until its time is over or somebody stops it, then its findings."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from wirelaw.errors import UserError
from wirelaw.fuzzing.engine import Engine, Status
from wirelaw.fuzzing.triage import Triage
from wirelaw.terminal import duration

_LOOK_S = 0.5
_PLAIN_S = 15.0  # between lines where there is no terminal


def default_work(target: str) -> Path:
    """Where a campaign keeps its things unless it is told: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "wirelaw", "fuzz", target)


@contextmanager
def work_folder(work: Path, root: Path, resume: bool, fresh: bool) -> Iterator[Path]:
    """The folder, made and held. Raises UserError when it may not be used."""
    work = work.resolve()
    if work.is_relative_to(root / "corpora"):
        raise UserError(f"--work {work} lies in the tracked corpora, which fuzzing never writes to")
    if fresh and not resume and _is_campaign(work):
        shutil.rmtree(work)
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / "lock").open("w")
    except OSError as error:
        raise UserError(f"--work {work} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"another campaign runs in {work}; give this one its own --work") from error
        old = _is_campaign(work)
        if old and not resume:
            raise UserError(
                f"{work} holds an earlier campaign; --resume goes on with it, --fresh removes it,"
                " --work DIR starts elsewhere"
            )
        yield work


def _is_campaign(work: Path) -> bool:
    return any((work / name).exists() for name in ("corpus", "afl"))


@dataclass(frozen=True)
class Outcome:
    """What a campaign came to."""

    status: Status
    seconds: float
    stopped: bool  # by Ctrl-C


class Line:
    """The live line on a terminal; elsewhere a line now and then."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._live, self._shown = out, out.isatty(), time.monotonic()

    def show(self, text: str, now: bool = False) -> None:
        if self._live:
            columns = shutil.get_terminal_size().columns
            self._out.write(f"\r\x1b[K{text[: columns - 1]}")
            self._out.flush()
        elif now or time.monotonic() - self._shown >= _PLAIN_S:
            self._shown = time.monotonic()
            print(text, file=self._out, flush=True)

    def clear(self) -> None:
        if self._live:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        print(text, file=self._out, flush=True)


def describe(name: str, status: Status, seconds: float, findings: int, limit: float | None) -> str:
    left = f" of {duration(limit)}" if limit else ""
    return (
        f"{name}  {duration(seconds)}{left}  {status.per_second:,.0f} exec/s"
        f"  {status.executions:,} executions  {status.coverage:,} edges  {status.corpus:,} inputs"
        f"  {findings} finding{'' if findings == 1 else 's'} ({status.crashes} crashes)"
    )


def watch(
    engine: Engine, triage: Triage, name: str, limit: float | None, line: Line,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:  # fmt: skip
    """Runs until the time is over, the engine ends, or Ctrl-C. Raises UserError when it cannot run."""
    began, stopped = clock(), False
    engine.start()
    try:
        while engine.running() and not (limit and clock() - began >= limit):
            time.sleep(_LOOK_S)
            _take_new(engine, triage, line, most=1)
            line.show(describe(name, engine.status(), clock() - began, len(triage.findings), limit))
    except KeyboardInterrupt:
        stopped = True
    finally:
        trouble = None if stopped else engine.trouble()
        engine.stop()
        line.clear()
    if trouble:
        raise UserError(trouble)
    return Outcome(engine.status(), clock() - began, stopped)


def _take_new(engine: Engine, triage: Triage, line: Line, most: int) -> None:
    """Files artifacts that were not seen; running one takes a second or so."""
    for artifact in engine.artifacts():
        if most == 0:
            return
        before = triage.num_taken()
        finding = triage.take(artifact)
        if finding is not None:
            line.say(f"finding: {finding.title} ({finding.size} bytes)")
        most -= triage.num_taken() - before


MOST_FILED = 200  # of one campaign, after its end; a cause that crashes always has thousands


def settle(engine: Engine, triage: Triage, minimise_s: int, line: Line) -> None:
    """After the end: the rest is filed, each finding made small, its regression written."""
    for artifact in engine.artifacts()[-MOST_FILED:]:
        finding = triage.take(artifact)
        if finding is not None:
            line.say(f"finding: {finding.title} ({finding.size} bytes)")
    for finding in triage.findings.values():
        line.show(f"minimising {finding.name}", now=True)
        if finding.size > 1 and minimise_s > 0:
            triage.minimise(finding, minimise_s)
        triage.write_regression(finding)
    line.clear()


def stderr_line() -> Line:
    return Line(sys.stderr)
