"""Packets under every link layer and protocol that the reader of captures knows, as classic pcap
files: seeds that conversations over raw IPv4 do not give."""

from __future__ import annotations

import struct

_MAC = bytes(12)
_V4, _V6 = 0x0800, 0x86DD


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(payload: bytes, protocol: int = 6, fragment: int = 0, options: bytes = b"") -> bytes:
    """A datagram between two loopback addresses; ``fragment`` is flags and offset."""
    words, total = 5 + len(options) // 4, 20 + len(options) + len(payload)
    head = struct.pack(">BBHHHBBH", 0x40 | words, 0, total, 7, fragment, 64, protocol, 0)
    head += bytes([127, 0, 0, 1]) * 2 + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(payload: bytes, following: int = 6) -> bytes:
    loop = bytes(15) + b"\1"
    return struct.pack(">IHBB", 6 << 28, len(payload), following, 64) + loop + loop + payload


def tcp(seq: int, flags: int, data: bytes = b"", back: bool = False, ack: int = 0) -> bytes:
    ports = (1883, 40000) if back else (40000, 1883)
    return struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0) + data


def udp(data: bytes) -> bytes:
    return struct.pack(">HHHH", 40000, 5683, 8 + len(data), 0) + data


def file(link: int, packets: list[bytes], order: str = "<", nanoseconds: bool = False, snaplen: int = 65535) -> bytes:
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, snaplen, link)
    for i, packet in enumerate(packets):
        kept = packet[:snaplen]
        out += struct.pack(f"{order}IIII", 1_000_000_000 + i, i, len(kept), len(packet)) + kept
    return out


SYN, FIN, RST, ACK = 2, 1, 4, 16
CONNECT = bytes.fromhex("100c00044d515454050200000000")
PING = bytes.fromhex("c000")


def conversation() -> list[bytes]:
    """Segments of one connection: out of order, twice, overlapping, with a hole, to its end."""
    return [
        tcp(100, SYN), tcp(500, SYN | ACK, back=True, ack=101), tcp(101, ACK, CONNECT, ack=501),
        tcp(117, ACK, PING, ack=501), tcp(115, ACK, PING, ack=501), tcp(115, ACK, PING, ack=501),
        tcp(116, ACK, b"\0" + PING, ack=501), tcp(125, ACK, PING, ack=501), tcp(501, ACK, PING, True, 127),
        tcp(127, ACK | FIN, ack=503), tcp(503, ACK | FIN, back=True, ack=128), tcp(128, RST),
    ]  # fmt: skip


def classic_samples() -> dict[str, bytes]:
    """Files by what they show."""
    ip = [ipv4(segment) for segment in conversation()]
    one = ip[2]
    extension = b"\x06\0" + bytes(6) + conversation()[2]  # hop-by-hop options, then TCP
    fragment6 = struct.pack(">BBHI", 17, 0, 1, 9)
    datagram = udp(b"\x40\x01\x00\x01" * 6)
    files = {
        "raw": file(101, ip),
        "big endian": file(101, ip, ">"),
        "nanoseconds": file(101, ip, nanoseconds=True),
        "cut": file(101, ip, snaplen=44),
        "ethernet": file(1, [_MAC + struct.pack(">H", _V4) + packet for packet in ip]),
        "vlan": file(1, [_MAC + bytes.fromhex("8100000588a800068100000a0800") + one]),
        "arp": file(1, [_MAC + bytes.fromhex("0806") + bytes(28), _MAC + b"\0\x10" + bytes(16)]),
        "null": file(0, [struct.pack("<I", 2) + one, struct.pack(">I", 30) + ipv6(conversation()[2])]),
        "loop": file(108, [struct.pack(">I", 2) + one]),
        "sll": file(113, [bytes(14) + struct.pack(">H", _V4) + one]),
        "sll2": file(276, [struct.pack(">H", _V6) + bytes(18) + ipv6(conversation()[2])]),
        "ppp": file(9, [bytes.fromhex("ff030021") + one]),
        "802.15.4": file(195, [bytes(20)]),
        "ipv4 alone": file(228, [one]),
        "ipv6 alone": file(229, [ipv6(extension, 0), ipv6(conversation()[0], 6)]),
        "ipv6 fragments": file(229, [
            ipv6(fragment6 + datagram[:16], 44),
            ipv6(struct.pack(">BBHI", 17, 0, 16, 9) + datagram[16:], 44),
            ipv6(b"", 59), ipv6(b"\x3a\0" + bytes(6), 60), ipv6(b"\x11\x01" + bytes(30), 51),
        ]),
        "ipv4 fragments": file(101, [
            ipv4(datagram[16:24], 17, 0x2002), ipv4(datagram[:16], 17, 0x2000), ipv4(datagram[24:], 17, 3),
            ipv4(datagram[:8], 17, 0x2000), ipv4(datagram[:16], 17, 0x2000),
        ]),
        "udp": file(101, [ipv4(datagram, 17), ipv4(datagram[:6], 17), ipv4(udp(b""), 17)]),
        "icmp": file(101, [ipv4(bytes(8), 1), ipv4(bytes(8), 132), ipv4(conversation()[0], options=bytes(8))]),
        "malformed": file(101, [b"\x45", b"\x4f" + bytes(19), b"\x00" * 30, ipv4(b"\0" * 8), ipv4(tcp(1, 2)[:12] + b"\xf0" + bytes(7))]),
        "middle": file(101, [ipv4(segment) for segment in conversation()[5:]]),
        "reset": file(101, [*ip[:3], ipv4(tcp(503, RST | ACK, back=True, ack=115)), ip[3]]),
    }  # fmt: skip
    return files
