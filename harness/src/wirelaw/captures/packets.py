"""Small captures, packet by packet: what two ends said over TCP, written as pcap or pcapng, and
read back from the captures of our own runs.

Headers are made here, as in pcap/writer.c, but every packet is at hand, so that one may be left
out, cut, moved or cut into fragments.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

CLIENT, SERVER = 0, 1

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

LINK_ETHERNET, LINK_RAW = 1, 101

_EPOCH_NS = 1_700_000_000_000_000_000
_STEP_NS = 1_000_000  # between two packets


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: an IP datagram, or what `link` says. `length` is what it had on the wire; None:
    all of it is in `data`."""

    time_ns: int
    data: bytes
    length: int | None = None
    link: int = LINK_RAW
    comment: str | None = None

    def cut(self, captured: int) -> Packet:
        """What a capture with this snaplen has of it."""
        return replace(self, data=self.data[:captured], length=self.length or len(self.data))


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(
    source: str,
    destination: str,
    payload: bytes,
    *,
    protocol: int = 6,
    ident: int = 0,
    fragment: int = 0,
    more: bool = False,
) -> bytes:
    """An IPv4 or IPv6 packet; `fragment` (IPv4) is the offset in bytes."""
    src, dst = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if src.version == 6:
        head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
        return head + src.packed + dst.packed + payload
    flags = fragment // 8 | (0x2000 if more else 0)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, flags, 64, protocol, 0)
    head += src.packed + dst.packed
    return head[:10] + struct.pack(">H", _checksum(head)) + head[12:] + payload


def in_fragments(packet: Packet, size: int) -> list[Packet]:
    """An IPv4 packet as fragments of at most `size` bytes of payload, a multiple of 8."""
    head, payload = packet.data[:20], packet.data[20:]
    source, destination = (
        str(ipaddress.ip_address(head[12:16])),
        str(ipaddress.ip_address(head[16:20])),
    )
    return [
        replace(packet, data=ip_packet(
            source, destination, payload[at : at + size], protocol=head[9], ident=0x4242,
            fragment=at, more=at + size < len(payload),
        ))
        for at in range(0, len(payload), size)
    ]  # fmt: skip


def in_ethernet(packet: Packet, vlan: int | None = None) -> Packet:
    """A raw IP packet in an Ethernet frame, tagged with a VLAN if one is given."""
    kind = 0x86DD if packet.data[0] >> 4 == 6 else 0x0800
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    head = b"\x02\0\0\0\0\x02" + b"\x02\0\0\0\0\x01" + tag + struct.pack(">H", kind)
    length = None if packet.length is None else packet.length + len(head)
    return replace(packet, data=head + packet.data, length=length, link=LINK_ETHERNET)


@dataclass
class Conversation:
    """One TCP connection as it is told; `packets` are what a capture has of it."""

    client: tuple[str, int] = ("10.0.0.1", 40000)
    server: tuple[str, int] = ("10.0.0.2", 1883)
    time_ns: int = _EPOCH_NS
    packets: list[Packet] = field(default_factory=list)
    sequence: list[int] = field(default_factory=lambda: [1000, 5000])

    def _segment(self, side: int, flags: int, data: bytes = b"") -> None:
        source, destination = (self.client, self.server)[:: 1 if side == CLIENT else -1]
        other = 1 - side
        head = struct.pack(
            ">HHIIBBHHH", source[1], destination[1], self.sequence[side] & 0xFFFFFFFF,
            self.sequence[other] & 0xFFFFFFFF if flags & ACK else 0, 5 << 4, flags, 0xFFFF, 0, 0,
        )  # fmt: skip
        segment = head + data
        ends = [ipaddress.ip_address(each[0]).packed for each in (source, destination)]
        pseudo = b"".join(ends) + struct.pack(">II", len(segment), 6)
        segment = segment[:16] + struct.pack(">H", _checksum(pseudo + segment)) + segment[18:]
        self.packets.append(Packet(self.time_ns, ip_packet(source[0], destination[0], segment)))
        self.sequence[side] += len(data) + (1 if flags & (SYN | FIN) else 0)
        self.time_ns += _STEP_NS

    def open(self) -> Conversation:
        """The three packets that open it."""
        self._segment(CLIENT, SYN)
        self._segment(SERVER, SYN | ACK)
        self._segment(CLIENT, ACK)
        return self

    def say(self, side: int, data: bytes, segment: int | None = None) -> Conversation:
        """Data, in segments of at most `segment` bytes."""
        step = segment or max(len(data), 1)
        for at in range(0, len(data), step):
            last = at + step >= len(data)
            self._segment(side, ACK | (PSH if last else 0), data[at : at + step])
        return self

    def close(self, side: int, reset: bool = False) -> Conversation:
        """FIN and its acknowledgement, or RST."""
        self._segment(side, (RST if reset else FIN) | ACK)
        if not reset:
            self._segment(1 - side, ACK)
        return self

    def wait(self, seconds: float) -> Conversation:
        """Nothing is said for a while."""
        self.time_ns += round(seconds * 1_000_000_000)
        return self


# Files


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def pcapng(packets: Iterable[Packet], *, secrets: bytes = b"", comment: str = "") -> bytes:
    """A pcapng file: an interface for each link type, times in ns; `secrets` is a TLS key log."""
    options = (_option(1, comment.encode()) if comment else b"") + _option(4, b"wirelaw")
    head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + options + b"\0\0\0\0"
    blocks = [_block(0x0A0D0D0A, head)]
    packets = list(packets)
    links = list(dict.fromkeys(packet.link for packet in packets)) or [LINK_RAW]
    for link in links:
        blocks.append(
            _block(1, struct.pack("<HHI", link, 0, 0) + _option(9, b"\x09") + b"\0\0\0\0")
        )
    if secrets:
        padded = secrets + b"\0" * (-len(secrets) % 4)
        blocks.append(_block(10, struct.pack("<II", 0x544C534B, len(secrets)) + padded))
    for packet in packets:
        length = packet.length if packet.length is not None else len(packet.data)
        body = struct.pack(
            "<IIIII", links.index(packet.link), packet.time_ns >> 32, packet.time_ns & 0xFFFFFFFF,
            len(packet.data), length,
        )  # fmt: skip
        body += packet.data + b"\0" * (-len(packet.data) % 4)
        if packet.comment:
            body += _option(1, packet.comment.encode()) + b"\0\0\0\0"
        blocks.append(_block(6, body))
    return b"".join(blocks)


def pcap(packets: Sequence[Packet]) -> bytes:
    """A classic pcap file with times in ns."""
    link = packets[0].link if packets else LINK_RAW
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link)]
    for packet in packets:
        length = packet.length if packet.length is not None else len(packet.data)
        seconds, rest = divmod(packet.time_ns, 1_000_000_000)
        parts.append(struct.pack("<IIII", seconds, rest, len(packet.data), length) + packet.data)
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Said:
    """What one side of a connection said at once, in the capture of a run of our own."""

    side: int
    data: bytes
    time_ns: int


def conversations(path: Path) -> list[list[Said]]:
    """The connections of a capture of our own (IPv4, raw, in order), what was said in each."""
    flows: dict[tuple[bytes, bytes], tuple[bytes, list[Said]]] = {}
    for time_ns, packet in _packets_of_ours(path.read_bytes()):
        head = (packet[0] & 15) * 4
        tcp = packet[head:]
        source, destination = packet[12:16] + tcp[:2], packet[16:20] + tcp[2:4]
        low, high = sorted((source, destination))
        client, said = flows.setdefault((low, high), (source, []))
        data = tcp[(tcp[12] >> 4) * 4 :]
        if data:
            said.append(Said(CLIENT if source == client else SERVER, data, time_ns))
    return [said for _, said in flows.values() if said]


def _packets_of_ours(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        kind, size = struct.unpack_from("<II", content, at)
        if kind == 6:
            high, low, captured = struct.unpack_from("<III", content, at + 12)
            yield high << 32 | low, content[at + 28 : at + 28 + captured]
        at += size
