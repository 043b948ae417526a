"""Into the network namespace of an IUT and back, for this thread.

A socket stays for life in the namespace it was made in. So whoever wants to talk to an IUT that
runs in a namespace of its own enters it, makes the socket, and leaves: nothing has to stand in
between."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from wirelaw.errors import UserError

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def _setns(fd: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise UserError(
            f"cannot enter the network namespace of the IUT: {os.strerror(number)}; run as root"
        )


def open_netns(pid: int) -> int:
    """A descriptor of the network namespace of `pid`; it keeps the namespace alive."""
    return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def inside(netns_fd: int | None) -> Iterator[None]:
    """Run the body inside that namespace. None: where we are."""
    if netns_fd is None:
        yield
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _setns(netns_fd)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)


def ensure_loopback() -> None:
    """Bring the loopback interface up where we are: in a namespace that ``unshare`` just made it is
    down. Raises UserError when it is and we may not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        if flags & IFF_UP:
            return
        try:
            fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
        except OSError:
            raise UserError("the loopback interface is down: run 'ip link set lo up'") from None


def missing_permission() -> str | None:
    """Why an IUT cannot get a network namespace of its own here, with the way out; None: it can."""
    if os.geteuid() == 0 and _has_sys_admin():
        return None
    return (
        "it binds every address, so it needs a network namespace of its own: run as root, or put "
        "'unshare --map-root-user --net' before the wirelaw command"
    )


def _has_sys_admin() -> bool:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> 21 & 1)
    return False
