"""A server IUT that runs: started by us from its descriptor, or one that was there before."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError
from wirelaw.iut import installation, netns, ports, template, tls
from wirelaw.iut.descriptor import LEVELS, PORT_NAMES, Credentials, Descriptor, Listener, Stop
from wirelaw.iut.logs import Diagnostic, diagnostics
from wirelaw.iut.process import GuardedProcess

_POLL = 0.01


class Running(AbstractContextManager["Running"]):
    """An IUT that was started by ``start``. As a context manager it stops at the end.

    protocol     what it was started for
    listeners    transport -> Listener with its real host and port
    ports        transport -> port
    pid          its process, and process group; changes with ``restart``
    netns_pid    a process in its network namespace, None when it has none of its own
    netns_fd     a descriptor for setns(), the same for its whole life, across restarts; or None
    dir, data    the run's folder, and the one for what the IUT keeps, which ``restart`` leaves
    alone
    log          the file with its standard output and error
    credentials  what a session with it needs
    certificates for TLS; None when it has no such listener
    """

    def __init__(
        self,
        descriptor: Descriptor,
        protocol: str,
        wanted: list[Listener],
        folder: Path,
        own_folder: bool,
    ) -> None:
        self.descriptor = descriptor
        self.protocol = protocol
        self.name = descriptor.name
        self.wanted = wanted
        self.needs_netns = _needs_netns(descriptor, wanted)
        self.dir = folder
        self.data = folder / "data"
        self.log = folder / "iut.log"
        self.listeners: dict[str, Listener] = {}
        self.netns_fd: int | None = None
        self.certificates: tls.Certificates | None = None
        self.credentials = Credentials(None, None)
        self.num_starts = 0
        self._own_folder = own_folder
        self._leases: list[ports.PortLease] = []
        self._process: GuardedProcess | None = None
        self._values: dict[str, Any] = {}

    # What it is

    @property
    def ports(self) -> dict[str, int]:
        """The port of each transport."""
        return {transport: listener.port for transport, listener in self.listeners.items()}

    @property
    def pid(self) -> int:
        """Its process id, also when it has ended."""
        assert self._process is not None
        return self._process.pid

    @property
    def netns_pid(self) -> int | None:
        """A process whose network namespace is the IUT's; None: ours is."""
        return self.pid if self.netns_fd is not None else None

    @property
    def death_fd(self) -> int:
        """Becomes readable when the process ends; -1 when it has. Changes with ``restart``."""
        assert self._process is not None
        return self._process.death_fd

    def url(self, transport: str = "tcp") -> str:
        """Where to connect. Raises UserError when it does not listen on that transport."""
        if transport not in self.listeners:
            offered = ", ".join(self.listeners)
            raise UserError(f"{self.name} does not listen on {transport}; it offers {offered}")
        return self.listeners[transport].url

    def namespace(self) -> AbstractContextManager[None]:
        """Sockets made inside this context can reach the IUT."""
        return netns.inside(self.netns_fd)

    # How it is

    def alive(self, settle: float = 0.0) -> bool:
        """See ``GuardedProcess.alive``."""
        return self._process is not None and self._process.alive(settle)

    def exit_status(self) -> int | None:
        """None while it runs; then its exit status, or minus the number of the signal."""
        return None if self._process is None else self._process.exit_status()

    def log_offset(self) -> int:
        """Where its log ends now, for ``log_since``."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_since(self, offset: int = 0) -> str:
        """What it wrote since then."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")

    def diagnostics(self, offset: int = 0) -> list[Diagnostic]:
        """Reports of sanitizers, panics and aborts in its log since `offset`."""
        return diagnostics(self.log_since(offset))

    # What can be done to it

    def stop(self) -> int | None:
        """End it as its descriptor says, and kill what it leaves. Returns its exit status."""
        status = self._end(self.descriptor.stop)
        self._let_go()
        return status

    def kill(self) -> int | None:
        """SIGKILL for it and for all that it started. It may be started again by ``restart``."""
        return None if self._process is None else self._process.kill()

    def restart(self, *, kill: bool = False, keep_data: bool = True) -> None:
        """End it and start it again on the same ports; ready on return. Also when it is dead.

        `kill`: end it by SIGKILL. `keep_data=False`: it forgets all. Raises UserError when its
        descriptor says that it keeps nothing over a restart (and `keep_data` asks for that).
        """
        how = self.descriptor.restart
        if how is None and keep_data:
            raise UserError(f"{self.name} keeps nothing over a restart, as its descriptor says")
        if kill:
            self.kill()
        else:
            self._end(how or self.descriptor.stop)
        if not keep_data:
            shutil.rmtree(self.data, ignore_errors=True)
        self._launch()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # How it comes and goes

    def _end(self, how: Stop) -> int | None:
        if self._process is None:
            return None
        number = signal.Signals[f"SIG{how.signal}"]
        return self._process.stop(number, how.timeout, how.whom)

    def _let_go(self) -> None:
        for lease in self._leases:
            lease.release()
        if self.netns_fd is not None:
            os.close(self.netns_fd)
            self.netns_fd = None
        if self._own_folder:
            shutil.rmtree(self.dir, ignore_errors=True)

    def _prepare(self, wanted: Mapping[str, int]) -> None:
        """Ports, certificates, placeholders, and the files of the run's folder."""
        values: dict[str, Any] = {"host": "127.0.0.1", "dir": self.dir, "data": self.data}
        for listener in self.wanted:
            port = wanted.get(listener.transport)
            lease = ports.lease_exactly(port) if port else ports.lease()
            self._leases.append(lease)
            values[PORT_NAMES[listener.transport]] = lease.port
            self.listeners[listener.transport] = replace(listener, port=lease.port)
        values["protocol"], values["level"] = self.protocol, LEVELS.get(self.protocol, 0)
        values["cache"] = installation.cache_folder(self.descriptor)
        values["shims"] = self.descriptor.shims
        values["password"] = os.environ.get("WIRELAW_IUT_PASSWORD") or secrets.token_hex(12)
        values["listeners"] = "".join(template.fill(one.config, values) for one in self.wanted)
        self._values = values
        stated = self.descriptor.credentials
        password = None if stated.password is None else template.fill(stated.password, values)
        self.credentials = replace(stated, password=password)
        if self.listeners.keys() & {"tls", "wss", "dtls"}:
            self.certificates = tls.make_certificates(self.dir)

    def _write_files(self) -> None:
        assert self.descriptor.start is not None
        self.data.mkdir(parents=True, exist_ok=True)
        for name, text in self.descriptor.start.files.items():
            file = self.dir / template.fill(name, self._values)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(template.fill(text, self._values))

    def _prepare_by(self, argv: list[str], extra: Mapping[str, str]) -> None:
        with self.log.open("ab") as log:
            done = subprocess.run(
                [self._program(argv[0]), *argv[1:]], cwd=self.dir, stdin=subprocess.DEVNULL,
                env=installation.environment(self.descriptor, extra), stdout=log, stderr=log,
                check=False,
            )  # fmt: skip
        if done.returncode != 0:
            raise UserError(
                f"{self.name} could not be prepared: {argv[0]} failed: {self._last_words(0)}"
            )

    def _launch(self) -> None:
        """Start the process and wait until it is ready. Raises UserError; then it is stopped."""
        start = self.descriptor.start
        assert start is not None
        extra = {name: template.fill(text, self._values) for name, text in start.env.items()}
        self._write_files()
        for command in start.prepare:
            self._prepare_by(template.fill_argv(command, self._values), extra)
        argv = template.fill_argv(self._with_listeners(start.argv), self._values)
        argv[0] = self._program(argv[0])
        offset = self.log_offset()
        with self.log.open("ab") as log, open(os.devnull, "rb") as nothing:
            self._process = GuardedProcess(
                argv,
                env=installation.environment(self.descriptor, extra),
                cwd=self.dir,
                fds=(nothing.fileno(), log.fileno(), log.fileno()),
                netns=self.needs_netns and self.netns_fd is None,
                netns_fd=self.netns_fd,
            )
        self.num_starts += 1
        if self.needs_netns and self.netns_fd is None:
            try:
                self.netns_fd = netns.open_netns(self.pid)
            except OSError:  # dead already: the wait for its readiness tells why
                pass
        self._wait_ready(offset)

    def _with_listeners(self, argv: list[Any]) -> list[Any]:
        """The element ``{listeners}`` stands for the arguments of all that are wanted."""
        args = [arg for listener in self.wanted for arg in listener.args]
        at = argv.index("{listeners}") if "{listeners}" in argv else len(argv)
        return [*argv[:at], *args, *argv[at + 1 :]]

    def _program(self, program: str) -> str:
        found = installation.which(self.descriptor, program)
        if found is None and self.descriptor.install.registry == "ours":
            return str(paths.program(program))  # raises, and says how to get it
        if found is None:
            raise UserError(
                f"{self.name} is not installed ({program} was not found): run "
                f"'wirelaw iut install {self.name}'"
            )
        return found

    def _wait_ready(self, offset: int) -> None:
        ready = self.descriptor.ready
        until = time.monotonic() + ready.timeout
        waiting = list(self.listeners.values()) if ready.accept else []
        while True:
            if not self.alive():
                raise UserError(
                    f"{self.name} ended with {_status_words(self.exit_status())} before it was "
                    f"ready: {self._last_words(offset)}"
                )
            said = ready.log is None or ready.log.search(self.log_since(offset))
            waiting = [listener for listener in waiting if not (said and self._accepts(listener))]
            if said and not waiting:
                return
            if time.monotonic() > until:
                raise UserError(
                    f"{self.name} was not ready within {ready.timeout:g} s: "
                    f"{self._last_words(offset)}"
                )
            time.sleep(_POLL)

    def _accepts(self, listener: Listener) -> bool:
        if listener.transport in ("udp", "dtls"):
            return True
        with self.namespace(), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(1.0)
            return sock.connect_ex((listener.host, listener.port)) == 0

    def _last_words(self, offset: int) -> str:
        lines = [line.strip() for line in self.log_since(offset).splitlines() if line.strip()]
        return f"it said '{lines[-1][:200]}'" if lines else "it said nothing"


def _status_words(status: int | None) -> str:
    if status is not None and status < 0:
        return f"signal {signal.Signals(-status).name}"
    return f"status {status}"


def _needs_netns(descriptor: Descriptor, wanted: list[Listener]) -> bool:
    assert descriptor.start is not None
    return descriptor.start.netns or any(listener.netns for listener in wanted)


def _protocol(descriptor: Descriptor, protocol: str | None) -> str:
    if protocol is None:
        return max(descriptor.protocols, key=lambda name: LEVELS.get(name, 0))
    if protocol not in descriptor.protocols:
        offered = ", ".join(descriptor.protocols)
        raise UserError(f"{descriptor.name} does not speak {protocol}; it offers {offered}")
    return protocol


def _wanted(
    descriptor: Descriptor, protocol: str, transports: Sequence[str] | None
) -> list[Listener]:
    offered = descriptor.protocols[protocol]
    for transport in transports or ():
        if transport not in offered:
            raise UserError(
                f"{descriptor.name} does not listen on {transport} for {protocol}; "
                f"it offers {', '.join(offered)}"
            )
    return [
        listener
        for transport, listener in descriptor.listeners.items()
        if transport in offered and (transports is None or transport in transports)
    ]


def start(
    descriptor: Descriptor,
    transports: Sequence[str] | None = None,
    *,
    protocol: str | None = None,
    folder: Path | None = None,
    wanted_ports: Mapping[str, int] | None = None,
) -> Running:
    """Start a server IUT on free ports of 127.0.0.1; it is ready on return.

    `protocol`: what it will be tested for, None for the newest of its protocols (most speak all
    that they offer on one listener; some do not). `transports`: which of its listeners are
    wanted, None for all. Asking for what is needed starts faster, and may spare a network
    namespace. `folder` is for its files and log, and is kept; without it a temporary one is
    removed in the end. `wanted_ports` asks for certain ports, by transport. Raises UserError
    (nothing is left running) when it is not installed, cannot run here, ends, or is not ready in
    time."""
    if descriptor.role != "server" or descriptor.start is None:
        raise UserError(
            f"{descriptor.name} is a client: it is started case by case, not as a server"
        )
    spoken = _protocol(descriptor, protocol)
    wanted = _wanted(descriptor, spoken, transports)
    reason = netns.missing_permission() if _needs_netns(descriptor, wanted) else None
    if reason is not None:
        barred = [listener.transport for listener in wanted if listener.netns]
        what = f"listen on {', '.join(barred)}" if barred else "run"
        raise UserError(f"{descriptor.name} cannot {what} here: {reason}")
    netns.ensure_loopback()
    own_folder = folder is None
    place = folder or Path(tempfile.mkdtemp(prefix=f"wirelaw-{descriptor.name}-"))
    place.mkdir(parents=True, exist_ok=True)
    running = Running(descriptor, spoken, wanted, place.resolve(), own_folder)
    try:
        running._prepare(wanted_ports or {})
        running._launch()
    except BaseException:
        running.kill()
        running._let_go()
        raise
    return running
