#!/usr/bin/env python3
"""Makes the captures of this folder, and labels.json, by playing scenarios.py to reference brokers.

    python3 conformance/captures/generate.py [--into DIR] [--tls]

Times, ports, masks and nonces are fixed, so that the same bytes come out each time, except for TLS,
which is random: those files are made again only with --tls, or when they are missing.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
if (HERE.parents[1] / "harness" / "src").is_dir():
    sys.path.insert(0, str(HERE.parents[1] / "harness" / "src"))

from scenarios import ALL, CLIENT, SERVER, Scenario  # noqa: E402
from wirelaw import paths  # noqa: E402
from wirelaw.captures import packets  # noqa: E402

PATIENCE = 10.0  # s that a broker has for what it must say
MASK = b"\x11\x22\x33\x44"
KEY = base64.b64encode(b"wirelaw captures").decode()


# The broker


@contextmanager
def broker(scenario: Scenario, folder: Path) -> Iterator[int]:
    """A reference broker of this scenario; gives its port."""
    kind = scenario.transport
    scheme = "tls" if kind.startswith("tls") else kind
    words = [str(paths.program("wirelaw-peer")), "broker", "--until-eof", *scenario.broker]
    words += ["--listen", f"{scheme}://127.0.0.1:0"]
    words += [word for fault in scenario.faults for word in ("--fault", fault)]
    if scheme == "tls":
        words += ["--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem")]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield int(ready["listen"][0].rpartition(":")[2].partition("/")[0])
    finally:
        process.communicate()


def make_certificate(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
         "-subj", "/CN=localhost", "-days", "30"],
        check=True, capture_output=True,
    )  # fmt: skip


# Playing


@dataclass
class Said:
    """What a side said: `data` are its packets, `wire` what the transport made of them, and where
    in it the bytes of `data` stand (None: nowhere as they are)."""

    side: int
    data: bytes
    wire: bytes
    places: list[int] | None = None


@dataclass
class Line:
    """One connection with a broker. What is said is noted."""

    sock: Any
    said: list[Said] = field(default_factory=list)
    buffer: bytes = b""

    def send(self, data: bytes) -> None:
        self.said.append(Said(CLIENT, data, data, list(range(len(data)))))
        self.sock.sendall(data)

    def packet_len(self) -> int:
        """The length of the packet that the buffer begins with; 0 while it is not whole."""
        value = shift = 0
        for at, byte in enumerate(self.buffer[1:5], 1):
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                whole = at + 1 + value
                return whole if len(self.buffer) >= whole else 0
        return 0

    def fill(self) -> None:
        got = self.sock.recv(65536)
        if not got:
            raise EOFError
        self.buffer += got

    def hear(self, number: int) -> None:
        """That many packets, as one thing that the broker said."""
        data = b""
        for _ in range(number):
            while not self.packet_len():
                self.fill()
            cut = self.packet_len()
            data, self.buffer = data + self.buffer[:cut], self.buffer[cut:]
        self.note(data)

    def note(self, data: bytes) -> None:
        if data:
            self.said.append(Said(SERVER, data, data, list(range(len(data)))))


class WebSocketLine(Line):
    """The same over a WebSocket: the broker's frames are taken as they come."""

    pings = False
    fragments = False

    def upgrade(self) -> None:
        ask = (
            "GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: mqtt\r\n\r\n"
        ).encode()
        self.said.append(Said(CLIENT, b"", ask))
        self.sock.sendall(ask)
        self.raw = b""
        while b"\r\n\r\n" not in self.raw:
            self.raw += self.sock.recv(65536)
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        accept = hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        assert base64.b64encode(accept) in head
        self.said.append(Said(SERVER, b"", head + b"\r\n\r\n"))

    def send(self, data: bytes) -> None:
        half = len(data) // 2 if self.fragments and len(data) > 2 else len(data)
        parts = [part for part in (data[:half], data[half:]) if part]
        wire, places = b"", []
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            frame = _frame((0x80 if last else 0) | (2 if index == 0 else 0), part)
            places += range(len(wire) + len(frame) - len(part), len(wire) + len(frame))
            wire += frame
        if self.pings:
            wire += _frame(0x89, b"are you there")
        self.said.append(Said(CLIENT, data, wire, places))
        self.sock.sendall(wire)

    def hear(self, number: int) -> None:
        wire, places, data = b"", [], b""
        heard = 0
        while heard < number or (self.pings and heard == 0 and number == 0):
            while not self.packet_len():
                frame, payload = self.frame()
                if frame[0] & 15 <= 2:
                    start = len(wire) + len(frame) - len(payload)
                    places += range(start, start + len(payload))
                    data += payload
                    self.buffer += payload
                wire += frame
            self.buffer = self.buffer[self.packet_len() :]
            heard += 1
        if wire:
            self.said.append(Said(SERVER, data, wire, places))

    def frame(self) -> tuple[bytes, bytes]:
        """The next frame of the broker: all of it, and its payload."""
        while True:
            if len(self.raw) >= 2:
                short = self.raw[1] & 0x7F
                head = 4 if short == 126 else 2
                if len(self.raw) >= head:
                    size = int.from_bytes(self.raw[2:4]) if short == 126 else short
                    if len(self.raw) >= head + size:
                        whole, self.raw = self.raw[: head + size], self.raw[head + size :]
                        return whole, whole[head:]
            got = self.sock.recv(65536)
            if not got:
                raise EOFError
            self.raw += got


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    head = bytes([first, 0x80 | size]) if size < 126 else bytes([first, 0xFE]) + size.to_bytes(2)
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
    return head + MASK + masked


class TlsLine(Line):
    """The same in TLS; what is on the wire is noted, packets by where their records are."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush(b"")
                self.receive()
        self.flush(b"")

    def flush(self, data: bytes) -> None:
        wire = self.outgoing.read()
        if wire:
            self.said.append(Said(CLIENT, data, wire))
            self.sock.sendall(wire)

    def receive(self) -> None:
        got = self.sock.recv(65536)
        if not got:
            raise EOFError
        self.said.append(Said(SERVER, b"", got))
        self.incoming.write(got)

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self.flush(data)

    def fill(self) -> None:
        while True:
            try:
                self.buffer += self.tls.read(65536)
                return
            except ssl.SSLWantReadError:
                self.receive()
            except ssl.SSLZeroReturnError:
                raise EOFError from None

    def note(self, data: bytes) -> None:
        """The record that completed it is the last thing that came."""
        for said in reversed(self.said):
            if said.side == SERVER:
                said.data += data
                return


def play(scenario: Scenario, folder: Path) -> tuple[list[Said], bytes]:
    """What both sides said, and the TLS secrets."""
    keylog = folder / f"{scenario.name}.keys"
    with broker(scenario, folder) as port, socket.create_connection(("127.0.0.1", port)) as sock:
        sock.settimeout(PATIENCE)
        line = _line(scenario, sock, keylog)
        for step in scenario.steps:
            if isinstance(step, bytes):
                line.send(step)
            else:
                line.hear(step)
        return line.said, keylog.read_bytes() if keylog.exists() else b""


def _line(scenario: Scenario, sock: socket.socket, keylog: Path) -> Line:
    if scenario.transport == "ws":
        line = WebSocketLine(sock)
        line.fragments, line.pings = "fragments" in scenario.how, "pings" in scenario.how
        line.upgrade()
        return line
    if scenario.transport.startswith("tls"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        version = (
            ssl.TLSVersion.TLSv1_2 if scenario.transport == "tls12" else ssl.TLSVersion.TLSv1_3
        )
        context.minimum_version = context.maximum_version = version
        context.keylog_filename = str(keylog)
        return TlsLine(sock, context)
    return Line(sock)


# The capture


@dataclass
class Marked:
    """A packet, and which bytes of what was said it holds: said, first, one past the last, and
    where they begin in the packet."""

    packet: packets.Packet
    said: int = -1
    first: int = 0
    end: int = 0
    at: int = 0


def told(scenario: Scenario, said: list[Said]) -> list[Marked]:
    """The packets of the whole conversation."""
    v6 = "ipv6" in scenario.how
    talk = packets.Conversation(
        client=("2001:db8::1" if v6 else "10.0.0.1", 40000),
        server=("2001:db8::2" if v6 else "10.0.0.2", scenario.port),
    )
    if "wrap" in scenario.how:
        talk.sequence = [0xFFFFFFF0, 0xFFFFFFF8]
    head = 60 if v6 else 40
    talk.open()
    marked = [Marked(each) for each in talk.packets]
    size = scenario.args.get("segment", 60000)
    for index, each in enumerate(said):
        for first in range(0, len(each.wire), size):
            end = min(first + size, len(each.wire))
            talk.say(each.side, each.wire[first:end])
            marked.append(Marked(talk.packets[-1], index, first, end, head))
    before = len(talk.packets)
    talk.close(CLIENT).close(SERVER)
    return marked + [Marked(each) for each in talk.packets[before:]]


def captured(scenario: Scenario, marked: list[Marked]) -> list[Marked]:
    """What the capture has of them."""
    how, args = scenario.how, scenario.args
    if "reordered" in how:
        marked = _reordered(marked)
    if "retransmitted" in how:
        marked = [twice for each in marked for twice in (each, each)]
    if "ip-fragments" in how:
        marked = [part for each in marked for part in _fragments(each)]
    if "missing" in how:
        marked = marked[: args["missing"]] + marked[args["missing"] + 1 :]
    if "begins" in how:
        marked = marked[args["from"] :]
    if "ends" in how:
        marked = marked[: args["keep"]]
    if "one-side" in how:
        source = b"\x0a\0\0\x02" if args["side"] == SERVER else b"\x0a\0\0\x01"
        marked = [each for each in marked if each.packet.data[12:16] == source]
    if "snaplen" in how:
        marked = [_snapped(each, args["snaplen"]) for each in marked]
    if "vlan" in how or "ethernet" in how:
        vlan = 7 if "vlan" in how else None
        marked = [
            replace(
                each,
                packet=packets.in_ethernet(each.packet, vlan),
                at=each.at + (18 if vlan else 14),
            )
            for each in marked
        ]
    return marked


def _reordered(marked: list[Marked]) -> list[Marked]:
    """Neighbours that belong to one thing that was said change places, but the last comes last: its
    other side answers to it."""
    out = list(marked)
    for at in range(0, len(out) - 2):
        if out[at].said >= 0 and out[at].said == out[at + 1].said == out[at + 2].said:
            first, second = out[at], out[at + 1]
            if at % 2 == 0:
                out[at], out[at + 1] = second, first
    return out


def _snapped(marked: Marked, snaplen: int) -> Marked:
    lacks = max(len(marked.packet.data) - snaplen, 0)
    cut = replace(marked, packet=marked.packet.cut(snaplen))
    return replace(cut, end=max(marked.end - lacks, marked.first))


def _fragments(marked: Marked) -> list[Marked]:
    if len(marked.packet.data) <= 20 + 24:
        return [marked]
    parts = packets.in_fragments(marked.packet, 24)
    return [replace(marked, packet=part) if part is parts[-1] else Marked(part) for part in parts]


# Labels


def frame_of(marked: list[Marked], said: int, byte: int) -> int | None:
    """The first frame that holds a byte of the wire."""
    for number, each in enumerate(marked, 1):
        if each.said == said and each.first <= byte < each.end:
            return number
    return None


def index_of(said: list[Said], side: int, number: int) -> int:
    """Which thing that was said is the `number`-th with packets of a side."""
    return [at for at, each in enumerate(said) if each.side == side and each.data][number]


def label(scenario: Scenario, said: list[Said], marked: list[Marked], file: str) -> dict[str, Any]:
    broken = []
    for each in scenario.broken:
        index = index_of(said, each.side, each.said)
        places = said[index].places
        last = len(said[index].wire) - 1
        at = each.begins + each.offset  # of what is missing: behind the last byte
        byte = places[at] if places and at < len(places) else last
        broken.append({
            "requirement": each.requirement, "frame": frame_of(marked, index, byte),
            "offset": each.offset, "from": ("client", "server")[each.side],
        })  # fmt: skip
    cut = []
    for side, number, have in scenario.cut:
        index = index_of(said, side, number)
        cut.append({"frame": frame_of(marked, index, have - 1), "offset": have})
    return {
        "file": file, "title": scenario.title, "verdict": scenario.verdict,
        "protocol": {5: "mqtt5", 4: "mqtt311", 3: "mqtt31"}[scenario.level],
        "transport": scenario.transport, "faults": list(scenario.faults),
        "violations": broken, "cut_short": cut, "not_judged": scenario.unjudged,
    }  # fmt: skip


def make(scenario: Scenario, folder: Path) -> tuple[bytes, dict[str, Any], str]:
    """The capture, its label, and the name of its file."""
    said, secrets = play(scenario, folder)
    marked = captured(scenario, told(scenario, said))
    classic = "pcap" in scenario.how
    file = f"{scenario.name}.{'pcap' if classic else 'pcapng'}"
    found = label(scenario, said, marked, file)
    note = f"{scenario.title}; {scenario.verdict}"
    shown = [each.packet for each in marked]
    for row in found["violations"]:
        at = row["frame"] - 1
        shown[at] = replace(shown[at], comment=f"{row['requirement']}, byte {row['offset']}")
    keys = b"" if "no-secrets" in scenario.how else secrets
    return (
        packets.pcap(shown) if classic else packets.pcapng(shown, secrets=keys, comment=note),
        found,
        file,
    )


def is_random(scenario: Scenario) -> bool:
    return scenario.transport.startswith("tls")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=HERE, help="the folder (default: this one)")
    parser.add_argument("--tls", action="store_true", help="make those with TLS again, too")
    args = parser.parse_args()
    args.into.mkdir(parents=True, exist_ok=True)
    labels_file = args.into / "labels.json"
    known = {}
    if labels_file.exists():
        known = {row["file"]: row for row in json.loads(labels_file.read_text())["captures"]}
    labels = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_certificate(folder)
        for scenario in ALL:
            kept = f"{scenario.name}.pcapng"
            if (
                is_random(scenario)
                and not args.tls
                and kept in known
                and (args.into / kept).exists()
            ):
                labels.append(known[kept])
                continue
            try:
                content, found, file = make(scenario, folder)
            except (EOFError, TimeoutError) as error:
                raise SystemExit(
                    f"{scenario.name}: the broker said too little: {error!r}"
                ) from error
            (args.into / file).write_bytes(content)
            labels.append(found)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in labels)
    labels_file.write_text(f'{{"captures": [\n{rows}\n]}}\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
