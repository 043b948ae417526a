"""Real ones, started from their descriptors, that are on every machine that runs the tests."""

import socket
from pathlib import Path

import pytest

from wirelaw import iut
from wirelaw.iut import netns

SERVERS = ("mosquitto", "reference", "reference-limited")
LEVELS = {"mqtt311": 4, "mqtt5": 5}
ANONYMOUS = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01w"
ANONYMOUS_5 = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01w"


def connack(running: iut.Running, level: int) -> bytes:
    """The first bytes that answer a CONNECT."""
    with running.namespace():
        connection = socket.create_connection(("127.0.0.1", running.ports["tcp"]), timeout=10)
    with connection:
        connection.sendall(ANONYMOUS if level == 4 else ANONYMOUS_5)
        return connection.recv(200)


@pytest.mark.parametrize("protocol", LEVELS)
@pytest.mark.parametrize("name", SERVERS)
def test_it_answers_before_and_after_a_restart(name: str, protocol: str) -> None:
    descriptor = iut.load(name)
    assert iut.installed(descriptor)
    with iut.start(descriptor, ["tcp"], protocol=protocol) as running:
        answer = connack(running, LEVELS[protocol])
        assert answer[0] == 0x20 and answer[2:4] == b"\x00\x00"
        running.restart()
        assert connack(running, LEVELS[protocol])[:1] == b"\x20"
    assert running.exit_status() == 0


@pytest.mark.parametrize("name", SERVERS)
def test_all_its_listeners_come_up(name: str) -> None:
    descriptor = iut.load(name)
    needs_netns = any(listener.netns for listener in descriptor.listeners.values())
    barred = needs_netns and netns.missing_permission() is not None
    with iut.start(descriptor, ["tcp", "tls"] if barred else None) as running:
        assert running.certificates is not None
        assert len(set(running.ports.values())) == len(running.ports)


@pytest.mark.parametrize("kind", ["silent", "closes", "echo", "yes"])
def test_null_peers(kind: str) -> None:
    descriptor = iut.load(f"null-{kind}")
    assert descriptor.null
    with iut.start(descriptor) as running:
        if kind == "silent":
            with pytest.raises(TimeoutError):
                quiet = socket.create_connection(("127.0.0.1", running.ports["tcp"]), timeout=0.3)
                with quiet:
                    quiet.sendall(ANONYMOUS_5)
                    quiet.recv(1)
        else:
            expected = {"closes": b"", "echo": ANONYMOUS_5[:3], "yes": b"\x20\x03\x00"}[kind]
            assert connack(running, 5)[:3] == expected


def test_mosquitto_pub_and_sub(tmp_path: Path) -> None:
    descriptor = iut.load("mosquitto-clients")
    with (
        iut.start(iut.load("reference"), ["tcp"]) as broker,
        iut.upper_tester(descriptor, "127.0.0.1", broker.ports["tcp"], "a") as sub,
        iut.upper_tester(descriptor, "127.0.0.1", broker.ports["tcp"], "b") as pub,
    ):
        sub.send({"do": "subscribe", "client_id": "s", "version": 5, "filter": "a/+", "qos": 1})
        found: list[dict] = []
        for number in range(100):  # until the subscription is there
            payload = f"{number} {{x}}"
            pub.send(
                {"do": "publish", "client_id": "p", "topic": "a/b", "payload": payload, "qos": 1}
            )
            while not any(event["event"] == "closed" for event in pub.events(timeout=10)):
                pass
            found = [event for event in sub.events(timeout=0.2) if event["event"] == "message"]
            if found:
                break
        assert found[0]["topic"] == "a/b" and found[0]["qos"] == 1
        assert bytes.fromhex(found[0]["payload_hex"]).endswith(b" {x}")
