"""`wirelaw pcap check` on CoAP: what is judged, and what is nobody's fault."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from wirelaw import paths
from wirelaw.captures.packets import CLIENT, SERVER, Conversation, pcap

RAW_IP = 101
GET = bytes.fromhex("41010001aab474657374")  # token aa, Uri-Path test
CONTENT = bytes.fromhex("61450001aaff6869")
PING, RESET = bytes.fromhex("40000002"), bytes.fromhex("70000002")
LENGTH_15 = bytes.fromhex("41010003aabf")
VERSION_2 = bytes.fromhex("81010004aa")
CRITICAL = bytes.fromhex("41010005aae106e900")  # an option that nobody knows
RUBBISH = bytes.fromhex("00ff00ff")

Sent = tuple[str, bytes]


def udp(sent: list[Sent], port: int, client_port: int = 40000, keep: int = 10**6) -> bytes:
    """A capture of datagrams between 10.0.0.1 and 10.0.0.2, each kept up to `keep` bytes of CoAP."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP)
    for number, (who, payload) in enumerate(sent):
        ports = (client_port, port) if who == "c" else (port, client_port)
        hosts = (bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)))
        source, destination = hosts if who == "c" else hosts[::-1]
        datagram = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), number, 0, 64, 17, 0)
        packet = header + source + destination + datagram
        kept = packet[: 28 + keep]
        out += struct.pack("<IIII", 1_600_000_000 + number, 0, len(kept), len(packet)) + kept
    return out


def check(tmp_path: Path, content: bytes, *words: str) -> dict[str, Any]:
    file = tmp_path / "a.pcap"
    file.write_bytes(content)
    done = subprocess.run(
        [str(paths.program("wirelaw-pcap")), "check", "--json", *words, str(file)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def violations(document: dict[str, Any]) -> list[tuple[int, str, int]]:
    return [(v["frame"], v["requirement"], v["offset"]) for v in document["violations"]]


def reasons(document: dict[str, Any]) -> str:
    return "\n".join(row["reason"] for row in document["not_judged"])


def test_a_good_conversation(tmp_path: Path) -> None:
    sent = [("c", GET), ("s", CONTENT), ("c", PING), ("s", RESET), ("c", CRITICAL)]
    told = check(tmp_path, udp(sent, 5683))
    assert told["messages"] == {"coap": {"GET": 2, "2.05": 1, "EMPTY": 2}}
    assert violations(told) == [] and told["not_judged"] == []


def test_a_wrong_message_among_good_ones(tmp_path: Path) -> None:
    told = check(tmp_path, udp([("c", GET), ("s", CONTENT), ("c", LENGTH_15)], 5683))
    assert violations(told) == [(3, "COAP-3.1/length-15", 5)]


def test_the_answer_shows_that_the_wrong_message_is_coap(tmp_path: Path) -> None:
    told = check(tmp_path, udp([("c", LENGTH_15), ("s", bytes.fromhex("70000003"))], 5683))
    assert violations(told) == [(1, "COAP-3.1/length-15", 5)]
    assert told["messages"] == {"coap": {"GET": 1, "EMPTY": 1}}


def test_another_version_is_nobodys_fault(tmp_path: Path) -> None:
    told = check(tmp_path, udp([("c", GET), ("s", CONTENT), ("c", VERSION_2)], 5683))
    assert violations(told) == []
    assert told["messages"] == {"coap": {"GET": 1, "2.05": 1}}
    assert "they say that they are something else" in reasons(told)


@pytest.mark.parametrize("sent", [[("c", RUBBISH)], [("c", LENGTH_15), ("s", RUBBISH)]])
def test_no_message_at_the_port_of_coap(tmp_path: Path, sent: list[Sent]) -> None:
    told = check(tmp_path, udp(sent, 5683))
    assert violations(told) == [] and told["messages"] == {}
    assert "at the port of CoAP, and no message of it" in reasons(told)


def test_elsewhere_both_sides_must_speak_it(tmp_path: Path) -> None:
    told = check(tmp_path, udp([("c", GET), ("c", GET)], 9999))
    assert told["messages"] == {} and "coap, perhaps" in reasons(told)
    told = check(tmp_path, udp([("c", GET), ("s", CONTENT), ("c", LENGTH_15)], 9999))
    assert told["messages"] == {"coap": {"GET": 1, "2.05": 1}}
    assert violations(told) == [] and "nothing shows that their sender speaks" in reasons(told)
    told = check(tmp_path, udp([("s", CONTENT), *[("c", GET)] * 3, ("c", LENGTH_15)], 9999))
    assert violations(told) == [(5, "COAP-3.1/length-15", 5)]


def test_a_port_is_named(tmp_path: Path) -> None:
    told = check(tmp_path, udp([("c", GET)], 9999), "--decode-as", "9999=coap")
    assert told["messages"] == {"coap": {"GET": 1}}


def test_a_datagram_that_the_capture_cut(tmp_path: Path) -> None:
    told = check(tmp_path, udp([("c", GET), ("s", CONTENT)], 5683, keep=7))
    assert {v["kind"] for v in told["violations"]} <= {"cut short"}


def test_it_is_not_sought_in_tcp(tmp_path: Path) -> None:
    made = Conversation(client=("10.0.0.1", 40000), server=("10.0.0.2", 5683)).open()
    made.say(CLIENT, GET).say(SERVER, CONTENT)
    told = check(tmp_path, pcap(made.close(CLIENT).close(SERVER).packets))
    assert told["messages"] == {}
