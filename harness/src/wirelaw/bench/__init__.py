"""Speed: runs ``wirelaw-bench`` and makes rows of what it says.

The program measures this project's codec and any number of peers, each a shared object behind one
small interface (``harness/bench/peer.h``), in interleaved rounds of one process.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError

OURS = "wirelaw"


@dataclass(frozen=True)
class Row:
    """What one message takes one subject: nanoseconds, of the fastest round and of the median."""

    what: str
    subject: str
    best: float
    median: float
    ratio: float  # to ours; below 1 is faster than we are

    def to_json(self) -> dict[str, Any]:
        """The row as ``--json`` prints it."""
        return {
            "what": self.what,
            "subject": self.subject,
            "value": self.best,
            "unit": "ns",
            "ratio_to_wirelaw": self.ratio,
            "median": self.median,
        }


@dataclass(frozen=True)
class Outcome:
    """All rows, and what each subject validates, in words."""

    rows: list[Row]
    checks: dict[str, str]


def measure(peers: Sequence[Path], rounds: int | None = None) -> Outcome:
    """Runs the program with these shared objects. Raises UserError when it refuses."""
    command = [str(paths.program("wirelaw-bench"))]
    for peer in peers:
        command += ["--peer", str(peer)]
    if rounds is not None:
        command += ["--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(done.stderr.strip() or f"wirelaw-bench ended with {done.returncode}")
    return read(done.stdout)


def read(text: str) -> Outcome:
    """Reads what ``wirelaw-bench`` prints; its main.c says how."""
    checks: dict[str, str] = {}
    figures: dict[str, dict[str, tuple[float, float]]] = {}
    for line in text.splitlines():
        kind, *fields = line.split("\t")
        if kind == "subject":
            checks[fields[0]] = fields[1]
        elif kind == "figure":
            what, subject, best, median = fields
            figures.setdefault(what, {})[subject] = float(best), float(median)
    rows = [
        Row(what, subject, best, median, round(best / subjects[OURS][0], 2))
        for what, subjects in figures.items()
        for subject, (best, median) in subjects.items()
    ]
    return Outcome(rows, checks)
