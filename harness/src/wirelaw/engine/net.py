"""The C event loop from Python: connections, listeners, descriptors to watch, and one wait for
all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wirelaw.engine.binding import ffi, lib, requirement, text
from wirelaw.errors import UserError

NS = 1_000_000_000
_MAX_EVENTS = 256
_TEXT_FRAME = 1  # RFC 6455, section 11.8

CONNECTED = lib.LAW_EV_CONNECTED
FAILED = lib.LAW_EV_FAILED
ACCEPTED = lib.LAW_EV_ACCEPTED
MESSAGE = lib.LAW_EV_MESSAGE
CLOSED = lib.LAW_EV_CLOSED
READABLE = lib.LAW_EV_READABLE
VIOLATION = lib.LAW_EV_VIOLATION

_TRANSPORTS = {
    "tcp": lib.LAW_TCP, "tls": lib.LAW_TLS, "ws": lib.LAW_WS, "wss": lib.LAW_WSS,
    "udp": lib.LAW_UDP, "dtls": lib.LAW_DTLS,
}  # fmt: skip
_ENDINGS = {"fin": lib.LAW_CLOSE_FIN, "rst": lib.LAW_CLOSE_RST}
ENDING_NAMES = {lib.LAW_CLOSE_FIN: "fin", lib.LAW_CLOSE_RST: "rst", lib.LAW_CLOSE_ERROR: "error"}


def now() -> int:
    """Monotonic time in ns: the clock of all events."""
    return lib.law_net_now()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Found:
    """A requirement that the monitor or the decoder saw broken, and the offset in the message."""

    requirement: str
    offset: int


@dataclass
class Endpoint:
    """Where to connect to, or to listen on. Files are PEM; `netns` a descriptor or None."""

    transport: str
    host: str
    port: int
    ws_path: str | None = None
    ws_subprotocol: str | None = None
    alpn: str | None = None
    server_name: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = False
    netns: int | None = None

    def to_c(self) -> tuple[Any, list[Any]]:
        """The C struct, and what must live as long as it is used."""
        keep: list[Any] = []

        def string(value: str | None) -> Any:
            if value is None:
                return ffi.NULL
            keep.append(ffi.new("char[]", value.encode()))
            return keep[-1]

        made = ffi.new(
            "law_endpoint *",
            {
                "transport": _TRANSPORTS[self.transport],
                "host": string(self.host),
                "port": self.port,
                "ws_path": string(self.ws_path),
                "ws_subprotocol": string(self.ws_subprotocol),
                "alpn": string(self.alpn),
                "server_name": string(self.server_name),
                "ca_file": string(self.ca_file),
                "cert_file": string(self.cert_file),
                "key_file": string(self.key_file),
                "verify": self.verify,
                "netns": self.netns or 0,
            },
        )
        return made, keep


class Net:
    """One event loop. Close it when done: all that is open is aborted."""

    def __init__(self) -> None:
        self._net = lib.law_net_new()
        if self._net == ffi.NULL:
            raise UserError("no event loop could be made: out of memory or of file descriptors")
        self._events = ffi.new("law_event[]", _MAX_EVENTS)
        self._packet = ffi.new("uint32_t *")
        self._bytes = ffi.new("law_bytes *")
        self._endpoints: dict[int, tuple[Any, list[Any]]] = {}

    def close(self) -> None:
        """Aborts all that is open and frees the loop. May be called twice."""
        if self._net != ffi.NULL:
            lib.law_net_free(self._net)
            self._net = ffi.NULL

    @property
    def error(self) -> str:
        """Why the last call failed."""
        return text(lib.law_net_error(self._net))

    def capture(self, path: str, ciphertext: bool = False) -> None:
        """Writes all traffic from now on to a pcapng file; `ciphertext`: also what TLS has on the
        wire, on an interface of its own, and its secrets. Raises UserError.
        """
        if not lib.law_net_capture(self._net, path.encode()):
            raise UserError(f"{path} cannot be written: {self.error}")
        if ciphertext and not lib.law_net_capture_ciphertext(self._net):
            raise UserError(self.error)

    def hide(self, secret: str) -> None:
        """Captures get `*` instead of this password. Raises UserError."""
        data = secret.encode()
        buffer = ffi.from_buffer("uint8_t[]", data)
        if not lib.law_net_hide(self._net, {"data": buffer, "len": len(data)}):
            raise UserError(self.error)

    def end_capture(self) -> None:
        """Flushes and closes the capture. Raises UserError when it is not whole."""
        if not lib.law_net_capture_end(self._net):
            raise UserError(f"the capture could not be written: {self.error}")

    def scope(self, protocol: Any, variant: str, judged_server: bool, monitor: bool = True) -> int:
        """How the connections of one IUT are judged."""
        judged = lib.LAW_SERVER if judged_server else lib.LAW_CLIENT
        handle: int = lib.law_net_scope(self._net, protocol, judged, monitor)
        if not handle or not lib.law_net_assume(self._net, handle, variant.encode()):
            raise UserError(f"connections of {variant} cannot be judged: {self.error}")
        return handle

    def connect(self, scope: int, endpoint: Endpoint) -> int:
        """Starts to connect; 0 when out of descriptors."""
        made = self._endpoints.get(id(endpoint))
        if made is None:
            made = self._endpoints[id(endpoint)] = endpoint.to_c()
            made[1].append(endpoint)  # keeps the id from being used again
        return lib.law_net_connect(self._net, scope, made[0], ffi.NULL)  # type: ignore[no-any-return]

    def listen(self, scope: int, endpoint: Endpoint) -> tuple[int, int]:
        """Listens: the handle and the real port. Raises UserError."""
        made, keep = endpoint.to_c()
        handle = lib.law_net_listen(self._net, scope, made, ffi.NULL)
        del keep
        if not handle:
            raise UserError(self.error)  # it names address and port
        return handle, lib.law_net_port(self._net, handle)

    def send(self, handle: int, data: bytes) -> int | None:
        """Sends bytes: the number of the capture's packet (0 without one), or None when closed."""
        view = self._bytes
        view.data = ffi.from_buffer("uint8_t[]", data)
        view.len = len(data)
        if not lib.law_net_send(self._net, handle, view[0], self._packet):
            return None
        return self._packet[0]  # type: ignore[no-any-return]

    def send_text(self, handle: int, data: bytes) -> int | None:
        """Sends one WebSocket text frame; see `send`."""
        view = self._bytes
        view.data = ffi.from_buffer("uint8_t[]", data)
        view.len = len(data)
        if not lib.law_net_send_frame(self._net, handle, _TEXT_FRAME, True, view[0], self._packet):
            return None
        return self._packet[0]  # type: ignore[no-any-return]

    def subprotocol(self, handle: int) -> str:
        """The WebSocket subprotocol that both sides agreed on; empty for none."""
        return text(lib.law_net_subprotocol(self._net, handle))

    def read(self, handle: int, on: bool) -> None:
        """Stops or resumes reading."""
        lib.law_net_read(self._net, handle, on)

    def end(self, handle: int, how: str) -> None:
        """Closes: `fin` or `rst`."""
        lib.law_net_close(self._net, handle, _ENDINGS[how])

    def comment(self, handle: int, comment: str) -> None:
        """What the capture's next packets of this connection carry."""
        lib.law_net_comment(self._net, handle, comment.encode())

    def watch(self, fd: int) -> int:
        """READABLE whenever the descriptor can be read, until `end`."""
        return lib.law_net_watch(self._net, fd, ffi.NULL)  # type: ignore[no-any-return]

    def wait(self, until: int) -> Iterator[Any]:
        """Waits until something happens or `until` (ns); the events, valid until the next call."""
        count = lib.law_net_wait(self._net, until, self._events, _MAX_EVENTS)
        if count < 0:
            raise OSError(ffi.errno, "the event loop failed")
        events = self._events
        return (events[i] for i in range(count))


def wire_of(event: Any) -> bytes:
    """The bytes of a message event."""
    return bytes(ffi.buffer(event.wire.data, event.wire.len))


def found_in(event: Any) -> list[Found]:
    """What the decoder and the monitor object to."""
    return [
        Found(requirement(event.violations[i].requirement), event.violations[i].offset)
        for i in range(event.num_violations)
    ]


def text_of(event: Any) -> str:
    """Why it failed."""
    return text(event.text) if event.text != ffi.NULL else ""
