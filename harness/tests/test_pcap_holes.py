"""What a capture lacks is never held against who sent it.

Clean conversations, of a run of our own with the reference broker, are captured with any one packet
missing, cut, sent twice or in the wrong place, ended or begun at any packet: nothing may be called
wrong on the wire. All variants go through one capture, each as a flow of its own.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wirelaw import paths
from wirelaw.captures.packets import (
    CLIENT,
    SERVER,
    Conversation,
    Packet,
    Said,
    conversations,
    pcap,
)

AT_LEAST = 50  # clean conversations
LONGEST = 80  # packets of one
SEGMENTS = (None, 7, 50)
RUNS = {"mqtt5": ("mqtt5", "tcp", 1883), "mqtt311": ("mqtt311", "tcp", 1883),
        "mqtt5-ws": ("mqtt5", "ws", 80)}  # fmt: skip


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def told(said: list[Said], number: int, port: int, segment: int | None) -> list[Packet]:
    talk = Conversation(client=(address(number), 40000), server=("192.0.2.1", port)).open()
    for each in said:
        talk.say(each.side, each.data, segment)
    return talk.close(CLIENT).close(SERVER).packets


def check(packets: list[Packet], folder: Path) -> dict[str, Any]:
    file = folder / "made.pcap"
    file.write_bytes(pcap(packets))
    done = subprocess.run(
        [str(paths.program("wirelaw-pcap")), "check", "--json", str(file)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def broken(found: dict[str, Any]) -> dict[str, list[str]]:
    """What is wrong on the wire, by client."""
    by_client: dict[str, list[str]] = {}
    for row in found["violations"]:
        if row["kind"] == "wire":
            ends = (row["source"], row["destination"])
            client = next(end for end in ends if end.endswith(":40000"))
            by_client.setdefault(client.partition(":")[0], []).append(row["requirement"])
    return by_client


@pytest.fixture(scope="module", params=RUNS)
def clean(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Conversations of a run in which neither side broke a rule, and the server's port."""
    protocol, transport, port = RUNS[request.param]
    folder = tmp_path_factory.mktemp("run")
    done = subprocess.run(
        [sys.executable, "-m", "wirelaw", "check", protocol, "--transport", transport,
         "--section", "3.3", "--report", str(folder / "out")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    all_said = [said for said in conversations(folder / "out" / "run.pcapng") if len(said) >= 4]
    found = check(
        [p for number, said in enumerate(all_said, 1) for p in told(said, number, port, None)],
        folder,
    )
    wrong = broken(found)
    good = [said for number, said in enumerate(all_said, 1) if address(number) not in wrong]
    random.Random(1).shuffle(good)
    assert len(good) >= AT_LEAST
    return good[:AT_LEAST], port


def holes(packets: list[Packet]) -> Iterator[tuple[str, list[Packet]]]:
    for at in range(len(packets)):
        rest = packets[at + 1 :]
        yield f"without {at}", packets[:at] + rest
        yield f"up to {at}", packets[:at]
        yield f"from {at}", packets[at:]
        cut = packets[at].cut(max(40, len(packets[at].data) - 3))
        yield f"cut {at}", [*packets[:at], cut, *rest]
        yield f"twice {at}", [*packets[: at + 1], packets[at], *rest]
        yield f"swapped {at}", [*packets[:at], *rest[:1], packets[at], *rest[1:]]


def test_nothing_is_wrong_on_the_wire(clean: Any, tmp_path: Path) -> None:
    good, port = clean
    names: dict[str, str] = {}
    packets: list[Packet] = []
    number = 0
    for index, said in enumerate(good):
        segment = SEGMENTS[index % len(SEGMENTS)]
        size = len(told(said, 1, port, segment))
        if size > LONGEST:
            segment, size = None, len(told(said, 1, port, None))
        for name, _ in holes([Packet(0, b"")] * min(size, LONGEST)):
            number += 1
            names[address(number)] = f"conversation {index}, segments of {segment}: {name}"
            whole = told(said, number, port, segment)
            packets += dict(holes(whole))[name]
    found = check(packets, tmp_path)
    assert {names[client]: rules for client, rules in broken(found).items()} == {}
    assert found["totals"]["messages"] > 1000  # something was judged at all
    assert found["totals"]["cut_short"] > 100
