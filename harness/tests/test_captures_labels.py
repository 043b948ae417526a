"""Every capture of conformance/captures, replayed to the reference broker with its label's faults,
gives its labelled verdict; anonymised, it shows the same violations."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from capture_samples import capture
from wirelaw import paths
from wirelaw.captures import anonymise
from wirelaw.captures.conversation import Source, choose, read
from wirelaw.captures.playing.bench import Request, replay
from wirelaw.cli import main
from wirelaw.engine.codec import codec_of
from wirelaw.engine.plan import Plan
from wirelaw.errors import UserError

FOLDER = paths.data("conformance/captures")
LABELS: list[dict[str, Any]] = json.loads((FOLDER / "labels.json").read_text())["captures"]


def verdict(label: dict[str, Any]) -> tuple[str, str]:
    """The verdict of the replay, and why. What cannot be played is inconclusive."""
    source = Source(str(FOLDER / label["file"]))
    plan = Plan(protocol="", iut="reference", faults=label["faults"])
    try:
        found = replay(Request(source, choose(read(source), [], source), plan))
    except UserError as error:
        return "inconclusive", str(error)
    outcome = found.outcome
    return str(outcome.verdict), "\n".join(map(str, [*outcome.findings, *outcome.played]))


@pytest.mark.parametrize("label", LABELS, ids=[row["file"] for row in LABELS])
def test_a_replay_gives_the_labelled_verdict(label: dict[str, Any]) -> None:
    found, why = verdict(label)
    assert found == label["verdict"], why


#: Where a message stands in no frame as it is, it can't be replaced there: it is left out.
ENCRYPTED = ("tls12", "tls13")


@pytest.mark.parametrize(
    "label", [row for row in LABELS if row["transport"] not in ENCRYPTED],
    ids=[row["file"] for row in LABELS if row["transport"] not in ENCRYPTED],
)  # fmt: skip
def test_anonymised_it_shows_the_same(label: dict[str, Any], tmp_path: Path) -> None:
    file, out = str(FOLDER / label["file"]), str(tmp_path / "out.pcapng")
    assert main(["pcap", "anonymise", file, "-o", out, "--key", "k", "--no-verify"]) == 0
    assert anonymise.violations(out) == anonymise.violations(file)


def texts_of(file: str) -> set[bytes]:
    """The words of four letters or digits and more in a capture's messages and heads."""
    said = b"".join(item.wire + b"\n" for flow in read(Source(file)) for item in flow.messages())
    words = set(re.findall(rb"[A-Za-z0-9]{4,}", said))
    return words - {b"MQTT", b"MQIsdp"}


@pytest.mark.parametrize("name", ["properties", "will", "session", "no-identifier"])
def test_nothing_of_the_original_is_left(name: str, tmp_path: Path) -> None:
    file, out = capture(tmp_path, name, "mqtt5").file, tmp_path / "out.pcapng"
    assert main(["pcap", "anonymise", file, "-o", str(out)]) == 0
    before, after = texts_of(file), texts_of(str(out))
    assert len(before) > 3 and not before & after
    octets = out.read_bytes()
    assert not [word for word in before if word in octets]
    clients = [{flow.client for flow in read(Source(str(f)))} for f in (file, out)]
    assert len(clients[0]) == len(clients[1]) and not clients[0] & clients[1]
    ports = [{end.rpartition(":")[2] for end in each} for each in clients]
    assert ports[0] == ports[1]


def test_segments_sent_again_are_changed_in_the_same_way(tmp_path: Path) -> None:
    file, out = FOLDER / "chat-5-retransmitted.pcapng", tmp_path / "out.pcapng"
    assert main(["pcap", "anonymise", str(file), "-o", str(out)]) == 0
    octets = out.read_bytes()
    topic = next(
        codec_of("mqtt5").value_of("topic") for flow in read(Source(str(out)))
        for item in flow.messages() if codec_of("mqtt5").load(item.wire) == "PUBLISH"
    )  # fmt: skip
    assert topic != b"a/b" and octets.count(topic) >= 4
    assert octets.count(b"a/b") == 0


def test_a_websocket_keeps_its_masks_and_loses_its_hosts(tmp_path: Path) -> None:
    file, out = FOLDER / "chat-5-ws.pcapng", tmp_path / "out.pcapng"
    assert main(["pcap", "anonymise", str(file), "-o", str(out), "--key", "k"]) == 0
    before, after = ([item.type for flow in read(Source(str(f))) for item in flow.messages()]
                     for f in (file, out))  # fmt: skip
    assert before == after and len(after) > 10
    assert b"Sec-WebSocket-Key" in out.read_bytes()
    host = re.search(rb"Host: ([^\r]+)", file.read_bytes())
    assert host is not None and host[0] not in out.read_bytes()


def test_one_key_gives_the_same_names(tmp_path: Path) -> None:
    made = []
    for name, key in (("a", "one"), ("b", "one"), ("c", "two")):
        out = tmp_path / f"{name}.pcapng"
        words = ["pcap", "anonymise", str(FOLDER / "properties-5.pcapng"), "-o", str(out)]
        assert main([*words, "--key", key]) == 0
        made.append(out.read_bytes())
    assert made[0] == made[1] != made[2]


def datagram(source: int, target: int, ports: tuple[int, int], payload: bytes) -> bytes:
    """An IPv4 packet, 10.1.1.source to 10.1.1.target, with a UDP datagram."""
    udp = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0)
    packet = head + bytes([10, 1, 1, source, 10, 1, 1, target]) + udp
    total = sum(struct.unpack(">10H", packet[:20]))
    total = (total & 0xFFFF) + (total >> 16)
    return packet[:10] + struct.pack(">H", 0xFFFF - total) + packet[12:]


def test_datagrams_are_anonymised(tmp_path: Path) -> None:
    """CoAP: GET /sensors/kitchen, 2.05 with a payload; its token and its options stay."""
    get = bytes.fromhex("44010001deadbeef") + b"\xb7sensors\x07kitchen"
    content = bytes.fromhex("64450001deadbeef") + b"\xc0\xffhot water"
    file, out = tmp_path / "in.pcap", tmp_path / "out.pcapng"
    octets = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for index, packet in enumerate(
        [datagram(1, 2, (40000, 5683), get), datagram(2, 1, (5683, 40000), content)]
    ):
        octets += struct.pack("<IIII", 1700000000, index, len(packet), len(packet)) + packet
    file.write_bytes(octets)
    assert main(["pcap", "anonymise", str(file), "-o", str(out)]) == 0
    made = out.read_bytes()
    assert not [w for w in (b"sensors", b"kitchen", b"hot", b"water") if w in made]
    assert made.count(bytes.fromhex("deadbeef")) == 2 and re.search(rb"\xb7[a-z]{7}\x07", made)
    assert b"\x0a\x01\x01\x01" not in made and b"\x16\x33" in made  # 5683
    types = [item.type for flow in read(Source(str(out))) for item in flow.messages()]
    assert types == ["GET", "2.05"]


def test_what_is_encrypted_is_left_out_and_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.pcapng"
    words = ["pcap", "anonymise", str(FOLDER / "chat-5-tls12.pcapng"), "-o", str(out)]
    assert main([*words, "--no-verify"]) == 0
    assert "left out" in capsys.readouterr().out
    assert not read(Source(str(out))) and b"CLIENT_RANDOM" not in out.read_bytes()


def test_the_new_capture_is_not_the_old_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.pcapng"
    file.write_bytes((FOLDER / "chat-5.pcapng").read_bytes())
    assert main(["pcap", "anonymise", str(file), "-o", str(file)]) == 2
    assert "cannot be the one" in capsys.readouterr().err


def test_one_message_of_each_shape_is_extracted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(FOLDER / f"{name}.pcapng") for name in ("chat-5", "chat-5-segments", "type-0")]
    words = ["pcap", "extract", *files, "--into", str(tmp_path), "--json"]
    assert main(words) == 0
    first = json.loads(capsys.readouterr().out)
    messages = list((tmp_path / "messages").iterdir())
    assert first["written"] == len(messages) < first["messages"] / 2
    assert first["sequences"]["written"] == 2  # the same conversation in pieces is no other one
    assert main(words) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["written"] == 0 and again["known"] >= len(messages)
    assert again["sequences"] == {"written": 0, "known": 2, "skipped": 0}
