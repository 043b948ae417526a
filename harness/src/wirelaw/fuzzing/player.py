"""Plays journals to an IUT, by ``wirelaw-fuzz replay``, and says what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError
from wirelaw.fuzzing import journal
from wirelaw.fuzzing.journal import Record
from wirelaw.fuzzing.subject import End, Outside, Subject


@dataclass(frozen=True)
class Outcome:
    """What one replay showed. Times in ms; `canary_ms` 0: a publish-and-receive did not come."""

    dead: bool
    canary_ms: int
    calm_ms: int  # the same before the replay
    slowest_ms: int  # an answer
    virtual: int  # bytes of address space that were added
    fds: int  # descriptors that did not come back
    spins: bool
    violations: frozenset[tuple[str, str]]  # requirement, and type of the IUT's message
    end: End | None = None  # of a client that was started for this


def engine_environment(subject: Subject | Outside) -> dict[str, str]:
    """The engine gets credentials where no list of processes shows them."""
    env = dict(os.environ)
    given = subject.credentials
    needed = given.required or isinstance(subject, Outside)
    for name, value in (("USERNAME", given.username), ("PASSWORD", given.password)):
        env.pop(f"WIRELAW_FUZZ_{name}", None)
        if value is not None and needed:
            env[f"WIRELAW_FUZZ_{name}"] = value
    return env


def where(subject: Subject | Outside) -> tuple[list[str], tuple[int, ...]]:
    """Options that say where the IUT listens, but for its port; descriptors that go along."""
    options = ["--transport", subject.transport]
    fds: tuple[int, ...] = ()
    source = subject.external if isinstance(subject, Outside) else subject.running
    listener = source.listeners[subject.transport]
    options += ["--host", _literal(listener.host)]
    if listener.path:
        options += ["--ws-path", listener.path]
    if source.netns_fd is not None:
        options += ["--netns", str(source.netns_fd)]
        fds = (source.netns_fd,)
    return options, fds


def _literal(host: str) -> str:
    import socket

    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])


class Player(contextlib.AbstractContextManager["Player"]):
    """One engine process for many replays."""

    def __init__(self, subject: Subject | Outside, protocol: str, scratch: Path) -> None:
        self.subject, self.protocol = subject, protocol
        self._journal = scratch / "replay.journal"
        options, fds = where(subject)
        self._engine = subprocess.Popen(
            [str(paths.program("wirelaw-fuzz")), "replay", "--protocol", protocol, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=fds,
            env=engine_environment(subject), start_new_session=True,
        )  # fmt: skip
        self.num_plays = 0

    def play(
        self, records: Sequence[Record], kind: str = "-", capture: Path | None = None
    ) -> Outcome:
        """`kind`: what is looked for; some kinds take a look of a second. Raises UserError when the engine cannot."""
        journal.write(self._journal, records)
        self.num_plays += 1
        fields = (self._journal, self.subject.port, self.subject.pid, kind, capture or "-")
        assert self._engine.stdin is not None and self._engine.stdout is not None
        try:
            print("run " + "\t".join(map(str, fields)), file=self._engine.stdin, flush=True)
            line = self._engine.stdout.readline()
        except OSError:
            line = ""
        told: dict[str, Any] = json.loads(line or '{"event": "failed", "why": "it ended"}')
        if told["event"] == "failed":
            raise UserError(f"the replay failed: {told['why']}")
        return Outcome(
            dead=bool(told["dead"]), canary_ms=told["canary_ms"], calm_ms=told["calm_ms"],
            slowest_ms=told["slowest_ms"], virtual=told.get("virtual", 0),
            fds=told.get("fds", 0), spins=bool(told.get("spins", 0)),
            violations=frozenset((v["requirement"], v["type"]) for v in told["violations"]),
        )  # fmt: skip

    def __exit__(self, *_: object) -> None:
        assert self._engine.stdin is not None
        with contextlib.suppress(OSError):
            self._engine.stdin.close()
        try:
            self._engine.wait(5)
        except subprocess.TimeoutExpired:
            self._engine.kill()
            self._engine.wait()
        if self._engine.stdout is not None:
            self._engine.stdout.close()
