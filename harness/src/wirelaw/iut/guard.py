"""The process that stands between wirelaw and an IUT. Run as a script; imports nothing of ours.

    python -I -S guard.py SPEC        SPEC is one JSON object, see ``main``

It gives an IUT a network namespace of its own if asked, starts it, tells its exit status, and
sees to it that nothing is left: it is the reaper of all orphans below it, so that even a daemon
that an IUT put into a session of its own is found and killed. It ends when it is told to, when
the IUT ends, or when wirelaw is gone for whatever reason, SIGKILL included (end of file on the
control pipe, or its pidfd).

Control, on standard input, a line each: ``stop SIGNAL SECONDS WHOM`` (WHOM: process or group),
``kill``. Status, on standard output, a JSON object a line: ``{"pid": n}`` or ``{"error": text}``
first of all, then ``{"exit": n}`` (negative: the signal that ended it). End of file: nothing of
the IUT is left."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import Any

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise OSError naming `what` when a libc call failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def tell(**status: object) -> None:
    """One status line; wirelaw may be gone already, which the main loop notices by itself."""
    try:
        os.write(1, json.dumps(status).encode() + b"\n")
    except OSError:
        pass


def loopback_up() -> None:
    """A new network namespace has a loopback interface that is down (netns.py has its twin: this
    file stands alone)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def enter_network(spec: dict[str, Any]) -> None:
    """Into the namespace that an earlier start of this IUT made, or into a new one."""
    if spec.get("netns_fd") is not None:
        check(libc.setns(spec["netns_fd"], CLONE_NEWNET), "setns")
        os.close(spec["netns_fd"])
    elif spec.get("netns"):
        check(libc.unshare(CLONE_NEWNET), "unshare of the network")
        loopback_up()


def spawn(spec: dict[str, Any]) -> int:
    """Fork and exec the IUT as the leader of its own group. Raises OSError when exec fails."""
    reader, writer = os.pipe()
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        become(spec, guard, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        failure = stream.read()
    if failure:
        os.waitpid(pid, 0)
        raise OSError(failure.decode())
    return pid


def become(spec: dict[str, Any], guard: int, writer: int) -> None:
    """The child's side of ``spawn``: never returns."""
    try:
        os.setpgid(0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(127)
        signal.set_wakeup_fd(-1)
        for number in (
            signal.SIGCHLD,
            signal.SIGTERM,
            signal.SIGINT,
            signal.SIGPIPE,
            signal.SIGHUP,
        ):
            signal.signal(number, signal.SIG_DFL)
        for target, source in enumerate(spec["fds"]):
            os.dup2(source, target)
        os.chdir(spec["cwd"])
        os.execvp(spec["argv"][0], spec["argv"])
    except OSError as error:
        os.write(writer, f"{spec['argv'][0]}: {error.strerror}".encode())
    os._exit(127)


def descendants() -> list[int]:
    """All processes below this one, by a walk of /proc (a zombie counts: it is ours to reap)."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(name))
    found, queue = [], [os.getpid()]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


class Guard:
    """The main loop's state: which process is the IUT, and until when it may take to stop."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exited = False
        self.deadline: float | None = None

    def reap(self) -> None:
        """Collect every child that ended; tell when one was the IUT itself."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.exited = True
                tell(exit=os.waitstatus_to_exitcode(status))

    def kill_all(self) -> None:
        """SIGKILL whatever is below, again while something is: a process may fork meanwhile."""
        for _ in range(500):
            below = descendants()
            if not below:
                return
            for pid in below:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.reap()
            time.sleep(0.002)

    def stop(self, number: int, seconds: float, whom: str) -> None:
        """Ask politely; ``run`` kills when the time is up."""
        self.deadline = time.monotonic() + seconds
        try:
            (os.killpg if whom == "group" else os.kill)(self.pid, number)
        except ProcessLookupError:
            pass

    def obey(self, line: str) -> bool:
        """One control line. False: end now."""
        words = line.split()
        if words[:1] == ["stop"]:
            self.stop(int(words[1]), float(words[2]), words[3])
            return True
        return words[:1] != ["kill"]

    def run(self, wake: int, parent: int) -> None:
        """Until the IUT ended, the time to stop is up, or wirelaw said so or is gone."""
        pending = b""
        while not self.exited:
            wait = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
            ready, _, _ = select.select([0, wake, parent], [], [], wait)
            if not ready or parent in ready:
                return
            if wake in ready and signal.SIGTERM in os.read(wake, 512):
                self.stop(signal.SIGTERM, 5.0, "process")
            self.reap()
            if 0 in ready:
                chunk = os.read(0, 4096)
                *lines, pending = (pending + chunk).split(b"\n")
                if not chunk or not all(self.obey(line.decode()) for line in lines):
                    return


def main() -> int:
    """SPEC: argv, cwd, fds (three: the IUT's 0, 1, 2), parent (wirelaw's pid), netns, netns_fd."""
    spec = json.loads(sys.argv[1])
    for fd in spec["fds"]:
        os.set_inheritable(fd, False)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    try:
        parent = os.pidfd_open(spec["parent"])
        enter_network(spec)
        pid = spawn(spec)
    except OSError as error:
        tell(error=error.strerror or str(error))
        return 1
    for fd in set(spec["fds"]):
        os.close(fd)
    tell(pid=pid)
    guard = Guard(pid)
    guard.run(wake, parent)
    guard.kill_all()
    guard.reap()
    return 0


if __name__ == "__main__":
    sys.exit(main())
