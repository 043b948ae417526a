"""Free ports on the loopback interface, safe for runs side by side.

Ports come from below the range that the kernel gives to outgoing connections, and each is held by a
lock on a file of its own until the process that took it lets go or dies, so that two runs that
start at the same time never agree on one."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

from wirelaw.errors import UserError

FIRST, LAST = 20000, 32000


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"wirelaw-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def bindable(port: int, host: str = "127.0.0.1") -> bool:
    """True when nobody listens on `port` (a connection in TIME_WAIT is no obstacle)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError:
            return False
    return True


class PortLease:
    """One port, ours until ``release`` or the end of the process."""

    def __init__(self, port: int, fd: int) -> None:
        self.port = port
        self._fd = fd

    def release(self) -> None:
        """Give it back. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _try(port: int) -> PortLease | None:
    fd = os.open(_folder() / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    if bindable(port):
        return PortLease(port, fd)
    os.close(fd)
    return None


def lease() -> PortLease:
    """A free port. Raises UserError when a thousand tries found none."""
    for _ in range(1000):
        taken = _try(random.randrange(FIRST, LAST))
        if taken is not None:
            return taken
    raise UserError(
        f"no port is free between {FIRST} and {LAST} on 127.0.0.1; stop what holds them"
    )


def lease_exactly(port: int) -> PortLease:
    """That port. Raises UserError when somebody has it."""
    taken = _try(port)
    if taken is None:
        raise UserError(f"port {port} on 127.0.0.1 is taken; stop what uses it or name another")
    return taken
