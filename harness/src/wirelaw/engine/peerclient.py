"""wirelaw's own client under test, started without a guard: the kill matrix starts thousands."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError


class PeerClient:
    """The face of iut.UpperTester over `wirelaw-peer client`, which ends with its standard
    input.
    """

    tells = True
    verbs = ("connect", "publish", "subscribe", "unsubscribe", "disconnect", "auth")

    def __init__(self, host: str, port: int, faults: Iterable[str]) -> None:
        words = [word for fault in faults for word in ("--fault", fault)]
        command = [str(paths.program("wirelaw-peer")), "client", *words, "--until-eof"]
        self._where = {"host": host, "port": port}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._pending = b""

    def plan(self, commands: Iterable[Mapping[str, Any]]) -> None:
        """It needs none."""

    def dial_at(self, port: int) -> None:
        """Another case has it from now on."""
        self._where["port"] = port

    def send(self, command: Mapping[str, Any]) -> None:
        """Tells it what to do. Raises UserError when it cannot do that."""
        if command["do"] not in self.verbs:
            raise UserError(f"the reference client cannot {command['do']}")
        told = {**self._where, **command} if command["do"] == "connect" else command
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
        except OSError:
            pass  # it has ended: what is expected of it will not come

    def fileno(self) -> int:
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def events(self) -> list[dict[str, Any]]:
        """What it said since the last call."""
        chunk = os.read(self.fileno(), 65536)
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        found = [json.loads(line) for line in lines if line.strip()]
        return found if chunk else [*found, {"event": "ended"}]

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
