"""What the two engines have in common: workers, and what is known of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

GRACE_S = 8.0  # for workers to end by themselves


@dataclass(frozen=True)
class Status:
    """How far a campaign is. Counts are of this run; a resumed one begins with its old corpus."""

    executions: int = 0
    per_second: float = 0.0
    coverage: int = 0  # edges, as the engine counts them
    corpus: int = 0  # inputs kept
    crashes: int = 0  # as the engine counts them: many may have one cause


class Engine(Protocol):
    """One run of an engine on one target."""

    name: str

    def start(self) -> None: ...

    def status(self) -> Status: ...

    def artifacts(self) -> list[Path]:
        """The inputs that crashed, hung or used too much memory, oldest first."""
        ...

    def running(self) -> bool: ...

    def trouble(self) -> str | None:
        """Why it ended before its time: one sentence; None when it did not."""
        ...

    def stop(self) -> None: ...


class Workers:
    """Processes, each in a group of its own, with their output in files."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []

    def start(self, command: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        with log.open("wb") as out:
            self._processes.append(
                subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                    env={**os.environ, **env}, start_new_session=True,
                )
            )  # fmt: skip
        self._logs.append(log)

    def running(self) -> bool:
        """Whether any of them is."""
        return any(process.poll() is None for process in self._processes)

    def all_failed(self) -> bool:
        return bool(self._processes) and all(
            process.poll() not in (None, 0) for process in self._processes
        )

    def last_words(self) -> str:
        """The last line that says something, of the first worker that failed."""
        for process, log in zip(self._processes, self._logs, strict=True):
            if process.poll() not in (None, 0):
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                telling = [line for line in lines if "ERROR" in line or "PROGRAM ABORT" in line]
                return (telling or [line for line in lines if line.strip()] or ["no output"])[-1].strip()
        return "no output"

    def stop(self) -> None:
        """Asks all to end, as Ctrl-C does, and makes sure of it."""
        for process in self._processes:
            _signal(process, signal.SIGINT)
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GRACE_S)
        for process in self._processes:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
