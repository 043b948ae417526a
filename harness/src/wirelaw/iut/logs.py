"""What an IUT says on its way down: reports of sanitizers, panics, aborts, found in its log."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KINDS = (
    ("sanitizer", re.compile(r"ERROR: (?:Address|Leak|HWAddress)Sanitizer")),
    ("sanitizer", re.compile(r"WARNING: (?:Memory|Thread)Sanitizer")),
    ("sanitizer", re.compile(r"\S+:\d+:\d+: runtime error: ")),
    ("sanitizer", re.compile(r"==\d+== (?:Invalid (?:read|write|free)|Conditional jump or move)")),
    ("panic", re.compile(r"^panic: |^fatal error: ")),
    ("panic", re.compile(r"^thread '.*' (?:\(\d+\) )?panicked at ")),
    ("abort", re.compile(r"\*\*\* .+ \*\*\*: terminated|[Aa]ssertion .+ failed")),
    ("abort", re.compile(r"^(?:double free|free\(\)|malloc\(\)|corrupted |munmap_chunk\(\))")),
)
_CONTEXT_LINES = 12


@dataclass(frozen=True)
class Diagnostic:
    """One report: its kind (sanitizer, panic, abort), its first line, and some lines that
    follow."""

    kind: str
    line: str
    text: str


def diagnostics(log: str) -> list[Diagnostic]:
    """All reports in a piece of log, in order."""
    lines = log.splitlines()
    found = []
    for number, line in enumerate(lines):
        kind = next((kind for kind, pattern in _KINDS if pattern.search(line)), None)
        if kind is not None:
            text = "\n".join(lines[number : number + _CONTEXT_LINES])
            found.append(Diagnostic(kind, line.strip(), text))
    return found
