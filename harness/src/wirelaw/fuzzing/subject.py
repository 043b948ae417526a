"""The IUT of a campaign: started, started afresh, ended cleanly; and what it said on its way down."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import shlex
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wirelaw import iut
from wirelaw.errors import UserError
from wirelaw.iut import template
from wirelaw.iut.descriptor import (
    Credentials,
    Descriptor,
    Install,
    Listener,
    Ready,
    Start,
    Stop,
    Version,
)

_LOG_LIMIT = 64 << 20
#: An address space of this size is a sanitizer's shadow, not the program's.
_SHADOW = 1 << 40
_MANAGED = re.compile(rb"libjvm|/node$|/beam\.smp|libcoreclr|/python3|libpython", re.MULTILINE)
_MANAGED_GROWTH = 512 << 20


def from_command(text: str, protocol: str, ready: str | None = None) -> Descriptor:
    """A server that is only a command line, with ``{port}`` (and ``{host}``, ``{dir}``) filled in.
    `ready`: a pattern of a line that it prints when it may be used.

    Raises UserError when it cannot be split, lacks the port, or its program is not there."""
    try:
        argv = shlex.split(text)
    except ValueError as error:
        raise UserError(f"--command cannot be split into words: {error}") from None
    if not argv or "port" not in template.argv_names(argv):
        raise UserError("--command must mention {port}, where the server shall listen")
    program = shutil.which(argv[0])
    if program is None:
        raise UserError(f"--command: there is no program {argv[0]}")
    stop = Stop("TERM", "process", 5.0)
    return Descriptor(
        file=Path("command"), name=Path(argv[0]).name, title=text, role="server",
        protocols={protocol: ("tcp",)}, notes=[], null=False,
        install=Install("ours", [], None, [], [], [], []), version=Version(None, None, []),
        start=Start([os.path.abspath(program), *argv[1:]], {}, {}, [], False),
        ready=Ready(re.compile(ready, re.MULTILINE) if ready else None, True, 20.0),
        stop=stop, restart=stop, listeners={"tcp": Listener("tcp")}, pics={},
        credentials=Credentials(None, None), stimulus=None, resources={}, deviations=[],
    )  # fmt: skip


@dataclass(frozen=True)
class End:
    """How an IUT ended: its exit status (minus a signal), and its log from its start on."""

    status: int | None
    log: str


class Subject(contextlib.AbstractContextManager["Subject"]):
    """A server that this campaign starts and ends as often as it needs.

    port, pid, start_seconds (how long the last start took)"""

    restartable = True

    def __init__(self, descriptor: Descriptor, protocol: str, transport: str, folder: Path) -> None:
        self.descriptor = descriptor
        self.protocol, self.transport = protocol, transport
        self.folder = folder
        self.start_seconds = 0.0
        self._running: iut.Running | None = None
        self._mark = 0
        shutil.rmtree(folder, ignore_errors=True)

    @property
    def name(self) -> str:
        return self.descriptor.name

    @property
    def running(self) -> iut.Running:
        assert self._running is not None
        return self._running

    @property
    def port(self) -> int:
        return self.running.ports[self.transport]

    @property
    def pid(self) -> int:
        return self.running.pid

    @property
    def credentials(self) -> Credentials:
        return self.running.credentials

    def fresh(self) -> None:
        """Starts it, for the first time or anew, with nothing kept. Raises UserError."""
        began = time.monotonic()
        if self._running is None:
            self._running = iut.start(
                self.descriptor, [self.transport], protocol=self.protocol, folder=self.folder
            )
        else:
            self._mark = self.running.log_offset()
            self.running.kill()
            self._again()
        self.start_seconds = time.monotonic() - began

    def _again(self) -> None:
        """Servers' ports may be held for a moment by what the one before left."""
        for left in range(3, -1, -1):
            try:
                self.running.restart(kill=True, keep_data=False)
                return
            except UserError:
                if left == 0:
                    raise
                time.sleep(0.3)

    def alive(self, settle: float = 0.0) -> bool:
        return self.running.alive(settle)

    def end(self) -> End:
        """Asks it to end, as its descriptor says, which is when leaks are reported."""
        how = self.descriptor.stop
        status = self.running.exit_status()
        if self.running.alive():
            status = self.running._end(how)  # noqa: SLF001 - stop() would give up its ports
        return End(status, self.log())

    def log(self) -> str:
        """What it said since its last start; the end of it when that is very much."""
        size = self.running.log_offset()
        return self.running.log_since(max(self._mark, size - (1 << 20)))

    def trim(self) -> None:
        """Keeps its log from filling the disk: the campaign makes many IUTs talk."""
        if self.running.log_offset() > _LOG_LIMIT:
            os.truncate(self.running.log, 0)
            self._mark = 0

    def min_growth(self) -> int:
        """Bytes that it may grow by before that means anything: those that collect garbage grow as
        they like, and a sanitizer keeps what was freed (0 then means: do not look)."""
        try:
            maps = Path(f"/proc/{self.pid}/maps").read_bytes()
            program = Path(os.readlink(f"/proc/{self.pid}/exe"))
            virtual = int(Path(f"/proc/{self.pid}/statm").read_text().split()[0]) * 4096
            go = b"Go buildinf:" in program.read_bytes()[: 64 << 20]
        except (OSError, ValueError):
            return 0
        if virtual > _SHADOW:
            return 1 << 50
        return _MANAGED_GROWTH if go or _MANAGED.search(maps) else 0

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.stop()


class Outside(contextlib.AbstractContextManager["Outside"]):
    """A server that runs already: no process to look at, nothing to start."""

    restartable = False
    pid = 0
    start_seconds = 0.0

    def __init__(self, external: iut.External, transport: str) -> None:
        self.external = external
        self.name = external.name
        self.transport = transport
        self.port = external.ports[transport]
        self.credentials = external.credentials
        self.alive: Callable[..., bool] = external.alive

    def is_here(self) -> bool:
        """Whether it is this machine."""
        host = self.external.listeners[self.transport].host
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return all(ipaddress.ip_address(str(one[4][0])).is_loopback for one in found)

    def fresh(self) -> None:
        """It is as it is."""

    def end(self) -> End:
        return End(None, "")

    def log(self) -> str:
        return ""

    def trim(self) -> None: ...

    def min_growth(self) -> int:
        return 0

    def __exit__(self, *_: object) -> None: ...


def work_of(name: str, protocol: str) -> Path:
    """Where a campaign keeps its things unless it is told."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "wirelaw", "fuzz", f"{name}-{protocol}")


def scratch() -> Path:
    """A folder for what is not kept."""
    return Path(tempfile.mkdtemp(prefix="wirelaw-fuzz-"))
