"""What the captures of this folder hold: who says what to which reference broker, what a capture
has of it, and what must be found. `generate.py` plays them.

Expectations are written down here by hand, from the specification: which requirement is broken by
which message, at which byte. The number of the frame follows from where that byte went.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

CLIENT, SERVER = 0, 1


# Packets


def varint(value: int) -> bytes:
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + varint(len(body)) + body


class Speech:
    """The packets of one version. Properties are their encoded bytes."""

    def __init__(self, level: int) -> None:
        self.level = level

    def props(self, properties: bytes = b"") -> bytes:
        return varint(len(properties)) + properties if self.level == 5 else b""

    def connect(
        self,
        client_id: str = "dev",
        flags: int = 2,
        keep_alive: int = 60,
        properties: bytes = b"",
        rest: bytes = b"",
    ) -> bytes:
        name = b"\0\x06MQIsdp" if self.level == 3 else b"\0\x04MQTT"
        head = name + bytes([self.level, flags]) + struct.pack(">H", keep_alive)
        return packet(0x10, head + self.props(properties) + text(client_id) + rest)

    def publish(
        self,
        topic: str | bytes = "a/b",
        payload: bytes = b"21.5",
        qos: int = 0,
        packet_id: int = 1,
        flags: int = 0,
        properties: bytes = b"",
    ) -> bytes:
        number = struct.pack(">H", packet_id) if qos else b""
        body = text(topic) + number + self.props(properties) + payload
        return packet(0x30 | qos << 1 | flags, body)

    def subscribe(
        self,
        *filters: tuple[str, int],
        packet_id: int = 10,
        first: int = 0x82,
        properties: bytes = b"",
    ) -> bytes:
        body = struct.pack(">H", packet_id) + self.props(properties)
        return packet(first, body + b"".join(text(name) + bytes([qos]) for name, qos in filters))

    def unsubscribe(self, *filters: str, packet_id: int = 11) -> bytes:
        body = struct.pack(">H", packet_id) + self.props()
        return packet(0xA2, body + b"".join(text(name) for name in filters))


V5, V311, V31 = Speech(5), Speech(4), Speech(3)

PINGREQ, DISCONNECT = b"\xc0\0", b"\xe0\0"


def ack(first: int, packet_id: int = 1, rest: bytes = b"") -> bytes:
    return packet(first, struct.pack(">H", packet_id) + rest)


# Scenarios


@dataclass(frozen=True)
class Broken:
    """One violation: the `said`-th thing that a side says, the message that begins `begins` bytes
    into it, the byte at `offset` of that message."""

    requirement: str
    side: int
    said: int
    offset: int
    begins: int = 0


@dataclass(frozen=True)
class Scenario:
    """One capture. `steps`: bytes are said by the client; a number is how many packets the server
    says next. `how`: what the capture has of it, see generate.py. `cut`: messages of which it lacks a
    part: side, said, bytes that there are."""

    name: str
    title: str
    steps: list[bytes | int]
    verdict: str = "pass"
    level: int = 5
    faults: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    how: tuple[str, ...] = ()
    transport: str = "tcp"
    port: int = 1883
    cut: tuple[tuple[int, int, int], ...] = ()
    options: tuple[str, ...] = ()
    broker: tuple[str, ...] = ()
    unjudged: bool = False  # something must be listed as not judged
    args: dict[str, int] = field(default_factory=dict)


def session(speech: Speech, *middle: bytes | int) -> list[bytes | int]:
    return [speech.connect(), 1, *middle, DISCONNECT]


def chat(speech: Speech) -> list[bytes | int]:
    """A little of everything, all of it right."""
    return session(
        speech, speech.subscribe(("a/#", 2)), 1, speech.publish(), 1,
        speech.publish(qos=1, packet_id=7), 2, ack(0x40, 1), speech.publish(qos=2, packet_id=8), 2,
        ack(0x62, 8), 1, ack(0x50, 2), 1, ack(0x70, 2), PINGREQ, 1, speech.unsubscribe("a/#"), 1,
    )  # fmt: skip


def bad(
    name: str,
    title: str,
    requirement: str,
    offset: int,
    wrong: bytes,
    *,
    level: int = 5,
    hears: int | None = None,
    before: tuple[bytes | int, ...] = (),
    said: int = 1,
) -> Scenario:
    """A client that sends one wrong packet after its CONNECT; the broker says `hears` packets."""
    speech = {5: V5, 4: V311, 3: V31}[level]
    answers = [hears if hears is not None else int(level == 5)]
    return Scenario(
        name, title, [speech.connect(), 1, *before, wrong, *answers], "fail", level,
        broken=(Broken(requirement, CLIENT, said, offset),),
    )  # fmt: skip


def faulty(
    name: str,
    title: str,
    fault: str,
    requirement: str,
    offset: int,
    steps: list[bytes | int],
    said: int,
    *,
    level: int = 5,
    begins: int = 0,
) -> Scenario:
    return Scenario(
        name, title, steps, "fail", level, (fault,),
        (Broken(requirement, SERVER, said, offset, begins),),
    )  # fmt: skip


ALIAS = b"\x23\0\x01"  # Topic Alias 1
ALIASES = b"\x22\0\x05"  # Topic Alias Maximum 5

GOOD = [
    Scenario("chat-5", "a little of everything over MQTT 5.0", chat(V5)),
    Scenario("chat-311", "a little of everything over MQTT 3.1.1", chat(V311), level=4),
    Scenario("chat-31", "a little of everything over MQTT 3.1", chat(V31), level=3),
    Scenario(
        "will-5",
        "a will that is taken back by DISCONNECT",
        [V5.connect(flags=6, rest=b"\0" + text("w/t") + text(b"gone")), 1, DISCONNECT],
    ),
    Scenario(
        "retained-311",
        "a retained message, replaced and taken away",
        session(
            V311,
            V311.publish(flags=1),
            V311.publish(flags=1, payload=b"2"),
            V311.subscribe(("a/b", 0)),
            2,
            V311.publish(flags=1, payload=b""),
            1,
        ),
        level=4,
    ),
    Scenario(
        "properties-5",
        "user properties, content type and a response topic",
        session(
            V5,
            V5.publish(
                properties=b"\x26"
                + text("k")
                + text("v")
                + b"\x03"
                + text("t")
                + b"\x08"
                + text("r/t")
            ),
        ),
    ),
    Scenario(
        "alias-5",
        "a topic alias, set and used",
        session(V5, V5.publish(properties=ALIAS), V5.publish(topic="", properties=ALIAS)),
        broker=("--topic-alias-maximum", "5"),
    ),
    Scenario(
        "auth-5",
        "enhanced authentication refused: no such method",
        [V5.connect(properties=b"\x15" + text("none")), 1],
    ),
    Scenario(
        "refused-level",
        "a protocol level that does not exist yet, refused by the broker",
        [packet(0x10, b"\0\x04MQTT\x05\x02\0\x3c\0" + text("v")), 1, DISCONNECT],
    ),
    Scenario("chat-5-ws", "the same over a WebSocket", chat(V5), transport="ws", port=8080),
    Scenario(
        "chat-311-ws-split",
        "packets over several WebSocket frames and fragments",
        chat(V311),
        level=4,
        transport="ws",
        port=8080,
        how=("fragments",),
    ),
    Scenario(
        "ws-ping",
        "WebSocket ping and pong between the packets",
        chat(V5),
        transport="ws",
        port=8080,
        how=("pings",),
    ),
    Scenario("chat-5-odd-port", "MQTT at a port of something else", chat(V5), port=17501),
    Scenario("chat-5-ipv6", "over IPv6", chat(V5), how=("ipv6",)),
    Scenario("chat-5-vlan", "in Ethernet frames with a VLAN tag", chat(V5), how=("vlan",)),
    Scenario(
        "chat-311-pcap",
        "a classic pcap file of Ethernet frames",
        chat(V311),
        level=4,
        how=("ethernet", "pcap"),
    ),
    Scenario(
        "chat-5-segments",
        "every byte in a segment of its own",
        chat(V5),
        how=("segments",),
        args={"segment": 1},
    ),
    Scenario(
        "chat-311-segments-5",
        "segments of five bytes",
        chat(V311),
        level=4,
        how=("segments",),
        args={"segment": 5},
    ),
    Scenario(
        "chat-5-reordered",
        "neighbouring segments of one side in the wrong order",
        chat(V5),
        how=("segments", "reordered"),
        args={"segment": 9},
    ),
    Scenario("chat-5-retransmitted", "every segment twice", chat(V5), how=("retransmitted",)),
    Scenario("chat-5-ip-fragments", "packets in IP fragments", chat(V5), how=("ip-fragments",)),
    Scenario(
        "coalesced-311",
        "a whole session in one segment of the client",
        [V311.connect() + V311.subscribe(("c", 0)) + PINGREQ + DISCONNECT, 3],
        level=4,
    ),
    Scenario(
        "chat-5-wrapped", "sequence numbers that begin again at zero", chat(V5), how=("wrap",)
    ),
    Scenario(
        "large-311",
        "a message of 20,000 bytes over many segments",
        session(V311, V311.publish(payload=b"x" * 20000)),
        level=4,
        how=("segments",),
        args={"segment": 1400},
    ),
    Scenario(
        "chat-5-tls12",
        "TLS 1.2 with its secrets in the capture",
        chat(V5),
        transport="tls12",
        port=8883,
    ),
    Scenario(
        "chat-311-tls13",
        "TLS 1.3 with its secrets in the capture",
        chat(V311),
        level=4,
        transport="tls13",
        port=8883,
    ),
]

CLIENTS = [
    bad("publish-qos3", "both QoS bits set", "MQTT5-3.3.1-4", 0, V5.publish(flags=6)),
    bad("publish-qos3-311", "both QoS bits set", "MQTT311-3.3.1-4", 0, V311.publish(flags=6),
        level=4),
    bad("dup-on-qos0-client", "DUP in a message of QoS 0", "MQTT5-3.3.1-2", 0, V5.publish(flags=8)),
    bad("type-0", "packet type 0", "MQTT5-2.1.2/type-0", 0, b"\0\0"),
    bad("type-0-311", "packet type 0", "MQTT311-2.2.1/type-0", 0, b"\0\0", level=4),
    bad("subscribe-flags", "SUBSCRIBE with the flags 0000", "MQTT5-3.8.1-1", 0,
        V5.subscribe(("a", 0), first=0x80)),
    bad("subscribe-flags-311", "SUBSCRIBE with the flags 0000", "MQTT311-3.8.1-1", 0,
        V311.subscribe(("a", 0), first=0x80), level=4),
    bad("subscribe-nothing", "SUBSCRIBE without a filter", "MQTT5-3.8.3-2", 5, V5.subscribe()),
    bad("subscribe-nothing-311", "SUBSCRIBE without a filter", "MQTT311-3.8.3-3", 4,
        V311.subscribe(), level=4),
    bad("packet-id-0", "PUBLISH of QoS 1 with the packet identifier 0", "MQTT5-2.2.1-3", 7,
        V5.publish(qos=1, packet_id=0)),
    bad("packet-id-0-311", "PUBLISH of QoS 1 with the packet identifier 0", "MQTT311-2.3.1-1", 7,
        V311.publish(qos=1, packet_id=0), level=4),
    bad("topic-wildcard", "a wildcard in a topic name", "MQTT5-3.3.2-2", 6, V5.publish("a/+")),
    bad("topic-wildcard-311", "a wildcard in a topic name", "MQTT311-3.3.2-2", 6,
        V311.publish("a/#"), level=4),
    bad("topic-not-utf8", "a topic that is no UTF-8", "MQTT5-1.5.4-1", 5, V5.publish(b"a\xff")),
    bad("topic-nul", "U+0000 in a topic", "MQTT5-1.5.4-2", 5, V5.publish(b"a\0b")),
    bad("unknown-property", "a property that does not exist", "MQTT5-2.2.2.2/identifier",
        8,
        V5.publish(properties=b"\x04\0")),
    bad("second-connect", "CONNECT again", "MQTT5-3.1.0-2", 0, V5.connect()),
    bad("second-connect-311", "CONNECT again", "MQTT311-3.1.0-2", 0, V311.connect(), level=4),
    bad("pubrel-flags-client", "PUBREL with the flags 0000", "MQTT5-3.6.1-1", 0, ack(0x60, 8),
        before=(V5.publish(qos=2, packet_id=8), 1), said=2),
    Scenario("connect-reserved-flag", "bit 0 of the Connect Flags is set",
             [V5.connect(flags=3), 1], "fail", broken=(Broken("MQTT5-3.1.2-3", CLIENT, 0, 9),)),
    Scenario("connect-reserved-flag-311", "bit 0 of the Connect Flags is set",
             [V311.connect(flags=3), 0], "fail", 4,
             broken=(Broken("MQTT311-3.1.2-3", CLIENT, 0, 9),)),
    Scenario("connect-not-first", "PINGREQ before CONNECT", [PINGREQ, 0], "fail",
             broken=(Broken("MQTT5-3.1.0-1", CLIENT, 0, 0),)),
    Scenario("qos3-ipv6-segments", "both QoS bits set, over IPv6, a segment for each byte",
             [V5.connect(), 1, V5.publish(flags=6), 1], "fail",
             broken=(Broken("MQTT5-3.3.1-4", CLIENT, 1, 0),), how=("ipv6", "segments"),
             args={"segment": 1}),
    Scenario("wildcard-reordered", "a wildcard in a topic name, segments in the wrong order",
             [V5.connect(), 1, V5.publish("sensors/+/temperature"), 1], "fail",
             broken=(Broken("MQTT5-3.3.2-2", CLIENT, 1, 12),), how=("segments", "reordered"),
             args={"segment": 8}),
    Scenario("wildcard-ws", "a wildcard in a topic name, over a WebSocket",
             [V5.connect(), 1, V5.publish("a/#"), 1], "fail", transport="ws", port=8080,
             broken=(Broken("MQTT5-3.3.2-2", CLIENT, 1, 6),)),
    Scenario("type-0-tls13", "packet type 0 in TLS 1.3", [V5.connect(), 1, b"\0\0", 1], "fail",
             transport="tls13", port=8883, broken=(Broken("MQTT5-2.1.2/type-0", CLIENT, 1, 0),)),
]  # fmt: skip

SERVERS = [
    faulty("puback-wrong-id", "PUBACK for a message that was not sent", "puback-wrong-id",
           "MQTT5-2.2.1-5", 2, session(V5, V5.publish(qos=1, packet_id=65535), 1), 1),
    faulty("puback-wrong-id-311", "PUBACK for a message that was not sent", "puback-wrong-id",
           "MQTT311-2.3.1-6", 2, session(V311, V311.publish(qos=1, packet_id=65535), 1), 1,
           level=4),
    faulty("pubrel-flags-server", "PUBREL with the flags 0000", "pubrel-flags", "MQTT5-3.6.1-1", 0,
           session(V5, V5.subscribe(("a/b", 2)), 1, V5.publish(qos=2, packet_id=9), 2, ack(0x62, 9),
                   1, ack(0x50, 1), 1), 4),
    faulty("connack-flags", "a reserved flag in CONNACK", "connack-reserved-flag",
           "MQTT5-3.2.2-1", 2, [V5.connect(flags=0x82, rest=text("user")), 1, DISCONNECT], 0),
    faulty("connack-reason", "a CONNACK code that does not exist", "connack-reserved-reason",
           "MQTT5-3.2.2-8", 3, [V5.connect(flags=0x82, rest=text("user")), 1], 0),
    faulty("suback-wrong-id", "SUBACK with another packet identifier", "suback-wrong-id",
           "MQTT5-3.8.4-2", 2, session(V5, V5.subscribe(("a", 0), packet_id=65535), 1), 1),
    faulty("suback-reason-311", "a SUBACK code that does not exist", "suback-reserved-reason",
           "MQTT311-3.9.3-2", 5, session(V311, V311.subscribe(("a", 0), ("b", 1)), 1), 1, level=4),
    faulty("dup-on-qos0-server", "DUP in a message of QoS 0", "dup-on-qos0", "MQTT5-3.3.1-2", 0,
           session(V5, V5.subscribe(("a/b/c", 0)), 1, V5.publish("a/b/c"), 1), 2),
    faulty("alias-zero", "Topic Alias 0", "alias-zero", "MQTT5-3.3.2-8", 9,
           [V5.connect(properties=ALIASES), 1, V5.subscribe(("a/b", 0)), 1, V5.publish(), 1,
            DISCONNECT], 2),
    faulty("unsuback-wrong-id-311", "UNSUBACK with another packet identifier", "unsuback-wrong-id",
           "MQTT311-3.10.4-4", 2, session(V311, V311.unsubscribe("a", packet_id=65535), 1), 1,
           level=4),
    faulty("pingresp-unasked", "a PINGRESP that nobody asked for", "pingresp-unasked",
           "MQTT5-3.13/solicited", 0, session(V5, V5.unsubscribe("a"), 2), 1, begins=6),
]  # fmt: skip

UNCLEAR = [
    Scenario(
        "snaplen-publish",
        "a snaplen that cuts a message's payload",
        session(V5, V5.publish(payload=b"p" * 300)),
        "inconclusive",
        how=("snaplen",),
        args={"snaplen": 140},
        cut=((CLIENT, 1, 100),),
        unjudged=True,
    ),
    Scenario(
        "snaplen-connect",
        "a snaplen that cuts CONNECT: the version is not known",
        [V311.connect("c" * 120), 1, V311.publish(), DISCONNECT],
        "inconclusive",
        4,
        how=("snaplen",),
        args={"snaplen": 90},
        cut=((CLIENT, 0, 50),),
        unjudged=True,
    ),
    Scenario(
        "file-ends",
        "the file ends in a message",
        session(V5, V5.publish(payload=b"q" * 99)),
        "inconclusive",
        how=("segments", "ends"),
        args={"segment": 40, "keep": 7},
        cut=((CLIENT, 1, 80),),
    ),
    Scenario(
        "begins-in-the-middle",
        "the capture begins after CONNECT",
        session(V311, V311.publish(), V311.publish(), PINGREQ, 1),
        "inconclusive",
        4,
        how=("begins",),
        args={"from": 5},
        unjudged=True,
    ),
    Scenario(
        "begins-in-a-message",
        "the capture begins in the middle of a message",
        session(V5, V5.publish(payload=b"r" * 90), PINGREQ, 1),
        "inconclusive",
        how=("segments", "begins"),
        args={"segment": 30, "from": 7},
        unjudged=True,
    ),
    Scenario(
        "connect-lost",
        "the packet of CONNECT is missing",
        session(V311, V311.subscribe(("a", 0)), 1, PINGREQ, 1),
        "inconclusive",
        4,
        how=("missing",),
        args={"missing": 3},
        unjudged=True,
    ),
    Scenario(
        "segment-lost",
        "a segment in the middle of a message is missing",
        session(V5, V5.publish(payload=b"s" * 90), PINGREQ, 1),
        "inconclusive",
        how=("segments", "missing"),
        args={"segment": 30, "missing": 6},
        unjudged=True,
        cut=((CLIENT, 1, 30),),
    ),
    Scenario(
        "syn-lost",
        "the client's SYN is missing",
        chat(V5),
        how=("missing",),
        args={"missing": 0},
        verdict="pass",
    ),
    Scenario(
        "broken-after-loss",
        "a wrong message right after a lost one is not judged",
        [V5.connect(), 1, PINGREQ, 1, V5.publish(flags=6), 1],
        "inconclusive",
        how=("missing",),
        args={"missing": 5},
        unjudged=True,
    ),
    Scenario(
        "tls-without-secrets",
        "TLS 1.3 whose secrets nobody has",
        chat(V5),
        "inconclusive",
        transport="tls13",
        port=8883,
        how=("no-secrets",),
        unjudged=True,
    ),
    Scenario(
        "tls12-without-secrets",
        "TLS 1.2 whose secrets nobody has",
        chat(V5),
        "inconclusive",
        transport="tls12",
        port=8883,
        how=("no-secrets",),
        unjudged=True,
    ),
    Scenario(
        "ws-begins-in-the-middle",
        "a WebSocket whose upgrade is missing",
        session(V5, V5.publish(), PINGREQ, 1, V5.publish(), PINGREQ, 1),
        "inconclusive",
        transport="ws",
        port=8080,
        how=("begins",),
        args={"from": 7},
        unjudged=True,
    ),
    Scenario(
        "server-only",
        "only what the broker sent was captured",
        session(V5, V5.subscribe(("a/b", 0)), 1, V5.publish(), 1),
        "inconclusive",
        how=("one-side",),
        args={"side": SERVER},
        unjudged=True,
    ),
]

ALL = GOOD + CLIENTS + SERVERS + UNCLEAR
