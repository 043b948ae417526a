"""A process under a guard (see guard.py): started, watched, ended, with nothing left behind."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from wirelaw.errors import UserError

_GUARD = Path(__file__).with_name("guard.py")
_GRACE = 10.0  # for the guard to kill what is left, beyond what the IUT was given


def _readable(fd: int, seconds: float) -> bool:
    """Whether there is something to read within the time. Descriptors may have high numbers."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


class GuardedProcess:
    """An IUT's process. `pid` is its own, and the id of its process group."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        fds: tuple[int, int, int],
        netns: bool = False,
        netns_fd: int | None = None,
    ) -> None:
        """Start it. `fds` become its 0, 1 and 2 and stay the caller's. Raises UserError."""
        self._exit: int | None = None
        self._pending = b""
        self._gone = False
        spec = {
            "argv": list(argv), "cwd": str(cwd), "fds": fds, "parent": os.getpid(),
            "netns": netns, "netns_fd": netns_fd,
        }  # fmt: skip
        kept = {*fds, *([] if netns_fd is None else [netns_fd])}
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), json.dumps(spec)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=fds[2], pass_fds=kept,
            env=dict(env), start_new_session=True, bufsize=0,
        )  # fmt: skip
        self.pid = self._first_word(argv[0])
        try:
            self._pidfd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            self._pidfd = -1

    def _first_word(self, program: str) -> int:
        assert self._guard.stdout is not None
        while b"\n" not in self._pending:
            chunk = os.read(self._guard.stdout.fileno(), 4096)
            if not chunk:
                break
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        status = json.loads(line or b'{"error": "its guard died"}')
        if "error" in status:
            self._guard.communicate()
            raise UserError(f"{program} could not be started: {status['error']}")
        return int(status["pid"])

    @property
    def death_fd(self) -> int:
        """Becomes readable when the process ends; -1 when it ended before we could look."""
        return self._pidfd

    def alive(self, settle: float = 0.0) -> bool:
        """False once it ended. Waits up to `settle` seconds for it to end: the kernel closes the
        sockets of a dying process a moment before it counts as dead."""
        if self._pidfd < 0 or self._exit is not None:
            return False
        return not _readable(self._pidfd, settle)

    def exit_status(self) -> int | None:
        """None while it runs; then its exit status, or minus the number of the signal."""
        if not self.alive():
            self._read_status(1.0)
        return self._exit

    def _read_status(self, seconds: float, until_gone: bool = False) -> None:
        """Take in what the guard tells, until the exit status (or end of file) or the time is
        up."""
        assert self._guard.stdout is not None
        until = time.monotonic() + seconds
        while not self._gone and (until_gone or self._exit is None):
            left = until - time.monotonic()
            if left < 0 or not _readable(self._guard.stdout.fileno(), left):
                return
            chunk = os.read(self._guard.stdout.fileno(), 4096)
            self._gone = not chunk
            *lines, self._pending = (self._pending + chunk).split(b"\n")
            for line in lines:
                self._exit = json.loads(line).get("exit", self._exit)

    def _tell(self, line: str) -> None:
        assert self._guard.stdin is not None
        try:
            os.write(self._guard.stdin.fileno(), line.encode())
        except OSError:
            pass

    def stop(self, number: int, seconds: float, whom: str) -> int | None:
        """Ask it to end by a signal, and kill it `seconds` later. Returns its exit status."""
        if not self._gone:
            self._tell(f"stop {int(number)} {seconds} {whom}\n")
        return self._end(seconds)

    def kill(self) -> int | None:
        """SIGKILL, for it and for all that it started. Returns its exit status."""
        if not self._gone:
            self._tell("kill\n")
        return self._end(0.0)

    def _end(self, seconds: float) -> int | None:
        self._read_status(seconds + _GRACE, until_gone=True)
        if not self._gone:
            self._guard.kill()
        self._guard.wait()
        for stream in (self._guard.stdin, self._guard.stdout):
            if stream is not None and not stream.closed:
                stream.close()
        self._gone = True
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        return self._exit
