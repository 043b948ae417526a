"""IUTs that ``wirelaw iut start`` keeps in the foreground somewhere, so that ``iut stop`` finds
them."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Session:
    """One ``wirelaw iut start``: the process that keeps the IUT, and when that process began."""

    name: str
    keeper: int
    began: str
    urls: list[str]
    file: Path

    def alive(self) -> bool:
        """True when that very process, not another with its number, still runs."""
        return _began(self.keeper) == self.began

    def stop(self, seconds: float = 20.0) -> bool:
        """Ask the keeper to stop its IUT and end. False when it did not within `seconds`."""
        until = time.monotonic() + seconds
        os.kill(self.keeper, signal.SIGTERM)
        while self.alive() and time.monotonic() < until:
            time.sleep(0.02)
        return not self.alive()


def _folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"wirelaw-iuts-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _began(pid: int) -> str | None:
    """The start time of a process, in ticks since boot; None when there is none (or a zombie)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            words = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] == "Z" else words[19]


@contextmanager
def registered(name: str, urls: list[str]) -> Iterator[None]:
    """While the body runs, this process is the keeper of that IUT."""
    pid = os.getpid()
    file = _folder() / f"{name}.{pid}.json"
    file.write_text(json.dumps({"name": name, "keeper": pid, "began": _began(pid), "urls": urls}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def sessions(name: str | None = None) -> list[Session]:
    """Those that run now, of that name or all. What a killed keeper left is cleared away."""
    found = []
    for file in sorted(_folder().glob("*.json")):
        try:
            session = Session(**json.loads(file.read_text()), file=file)
        except (OSError, ValueError, TypeError):
            continue
        if not session.alive():
            file.unlink(missing_ok=True)
        elif name in (None, session.name):
            found.append(session)
    return found
