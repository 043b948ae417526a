"""An IUT that runs already: named by a URL, not ours to stop."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from wirelaw.errors import UserError
from wirelaw.iut.descriptor import Credentials, Listener
from wirelaw.iut.logs import Diagnostic

SCHEMES = {
    "tcp": ("tcp", 1883), "mqtt": ("tcp", 1883), "tls": ("tls", 8883), "mqtts": ("tls", 8883),
    "ssl": ("tls", 8883), "ws": ("ws", 80), "wss": ("wss", 443),
}  # fmt: skip


class External(AbstractContextManager["External"]):
    """The same face as ``Running``, for what can be known from outside: no process, no log."""

    descriptor = None
    netns_pid: int | None = None
    netns_fd: int | None = None
    certificates = None
    pid: int | None = None
    death_fd = -1
    log: Path | None = None
    num_starts = 1

    def __init__(self, listener: Listener, credentials: Credentials) -> None:
        self.name = listener.url
        self.listeners = {listener.transport: listener}
        self.credentials = credentials

    @property
    def ports(self) -> dict[str, int]:
        """The port of its only transport."""
        return {transport: listener.port for transport, listener in self.listeners.items()}

    def url(self, transport: str | None = None) -> str:
        """Where to connect. Raises UserError for a transport other than the one it was named
        with."""
        if transport is not None and transport not in self.listeners:
            raise UserError(f"{self.name} was given, which is no {transport} URL")
        return next(iter(self.listeners.values())).url

    def namespace(self) -> AbstractContextManager[None]:
        """Where we are."""
        return nullcontext()

    def alive(self, settle: float = 0.0) -> bool:
        """True when it accepts a connection within a second. `settle` is for ``Running``."""
        listener = next(iter(self.listeners.values()))
        try:
            socket.create_connection((listener.host, listener.port), timeout=1.0).close()
        except OSError:
            return False
        return True

    def exit_status(self) -> int | None:
        """Not known."""
        return None

    def log_offset(self) -> int:
        """It has no log."""
        return 0

    def log_since(self, offset: int = 0) -> str:
        """Nothing."""
        return ""

    def diagnostics(self, offset: int = 0) -> list[Diagnostic]:
        """None."""
        return []

    def stop(self) -> int | None:
        """Not ours to stop."""
        return None

    kill = stop

    def restart(self, *, kill: bool = False, keep_data: bool = True) -> None:
        """Raises UserError: it is not ours."""
        raise UserError(f"{self.name} was not started by wirelaw, so it cannot be restarted")

    def __exit__(self, *_: object) -> None:
        return None


def external(
    url: str,
    *,
    username: str | None = None,
    password: str | None = None,
    ws_path: str | None = None,
    allow_remote: bool = False,
) -> External:
    """The IUT at `url`: tcp, mqtt, tls, mqtts, ws or wss; user and password may stand in the URL.

    Nothing is connected yet. Raises UserError for a URL that is none, a host with no address, and
    one that is not this machine unless `allow_remote` (``--yes``)."""
    scheme, host, port, parts = _split(url)
    transport = SCHEMES[scheme][0]
    addresses = _addresses(host, port)
    remote = next((a for a in addresses if not ipaddress.ip_address(a).is_loopback), None)
    if remote is not None and not allow_remote:
        raise UserError(f"{host} is not this machine; add --yes if you may test it")
    path = ws_path or parts.path or "/mqtt"
    shown = Listener(transport, path if transport in ("ws", "wss") else "", host=host, port=port)
    return External(shown, Credentials(username or parts.username, password or parts.password))


def _split(url: str):  # type: ignore[no-untyped-def]
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise UserError(
            f"'{_without_login(url)}' is no IUT: give a name, or a URL that starts with "
            f"{', '.join(f'{scheme}://' for scheme in SCHEMES)}"
        )
    try:
        port = parts.port or SCHEMES[parts.scheme][1]
    except ValueError:
        raise UserError(f"'{_without_login(url)}' has a port that is none") from None
    if not parts.hostname:
        raise UserError(f"'{_without_login(url)}' names no host")
    return parts.scheme, parts.hostname, port, parts


def _without_login(url: str) -> str:
    head, separator, tail = url.partition("://")
    return f"{head}{separator}{tail.rpartition('@')[2]}"


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise UserError(f"the host {host} has no address: {error.strerror}") from None
    return [str(entry[4][0]).partition("%")[0] for entry in found]
