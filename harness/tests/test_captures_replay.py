"""`wirelaw pcap replay`: the same answers pass, others are told, what cannot be told is said to be
so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from capture_samples import NAMES, conversation
from engine_bench import case_text, refused_port, run_cases
from wirelaw import iut
from wirelaw.captures.conversation import Flow, Item, Source, choose, read
from wirelaw.captures.playing.bench import Replayed, Request, replay
from wirelaw.captures.playing.meaning import differences
from wirelaw.cli import main
from wirelaw.engine.codec import codec_of
from wirelaw.engine.plan import Plan
from wirelaw.errors import UserError
from wirelaw.results.model import Verdict

MOSQUITTO = iut.installed(iut.load("mosquitto"))


def play(source: Source, flows: list[Flow], **plan: Any) -> Replayed:
    side = plan.pop("side", "client")
    made = Plan(protocol="", **{"iut": "reference", **plan})
    return replay(Request(source, flows, made, side, ignore_played=True))


def told(replayed: Replayed, kind: str = "difference") -> str:
    return "\n".join(map(str, replayed.outcome.of(kind)))


@pytest.mark.parametrize(("name", "protocol"), NAMES, ids=lambda value: str(value))
def test_the_same_broker_gives_the_same_answers(tmp_path: Path, name: str, protocol: str) -> None:
    source, flows = conversation(tmp_path, name, protocol)
    found = play(source, flows)
    assert found.outcome.verdict is Verdict.PASS, (told(found), told(found, "unknown"))
    assert found.outcome.num_same == found.outcome.num_answers > 0


@pytest.mark.skipif(not MOSQUITTO, reason="mosquitto is not installed")
@pytest.mark.parametrize(("name", "protocol"), NAMES, ids=lambda value: str(value))
def test_mosquitto_gives_the_same_answers(tmp_path: Path, name: str, protocol: str) -> None:
    source, flows = conversation(tmp_path, name, protocol)
    found = play(source, flows, iut="mosquitto")
    assert found.outcome.verdict is Verdict.PASS, (told(found), told(found, "unknown"))


@pytest.mark.parametrize(
    ("name", "fault", "expected"),
    [
        ("retained", "retained-without-flag", "expected PUBLISH retain 1, got 0"),
        ("second-connect", "second-connect-ignored", "expected close, got nothing"),
        ("session", "forget-subscriptions", "expected PUBLISH"),
    ],
)
def test_other_answers_are_told(tmp_path: Path, name: str, fault: str, expected: str) -> None:
    source, flows = conversation(tmp_path, name, "mqtt5")
    found = play(source, flows, faults=[fault])
    assert found.outcome.verdict is Verdict.FAIL
    assert expected in told(found), told(found)
    assert found.outcome.of("difference")[0].frame is not None


def test_the_judge_sees_what_answers_break(tmp_path: Path) -> None:
    """What it broke in the capture it breaks again: the same answer, and wrong."""
    fault = ["suback-reserved-reason"]
    source, flows = conversation(tmp_path, "no-identifier", "mqtt5", faults=fault)
    found = play(source, flows, faults=fault)
    assert found.outcome.broken and found.outcome.status == 1


def test_what_is_played_may_break_rules(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "malformed", "mqtt5")
    found = replay(Request(source, flows, Plan(protocol="", iut="reference")))
    assert found.outcome.status == 1 and not found.outcome.of("difference")
    assert "MQTT5-3.8.1-1" in str(found.outcome.played[0])
    assert play(source, flows).outcome.status == 0


def test_identifiers_that_the_iut_chooses_are_exchanged(tmp_path: Path) -> None:
    """The subscriber has other messages in flight, so the broker's identifiers are other ones."""
    source, flows = conversation(tmp_path, "qos1", "mqtt5")
    codec = codec_of("mqtt5")
    for flow in flows:
        for item in flow.messages():
            fields = codec.fields(item.wire)
            by_server = item.type == "PUBLISH" and not item.from_client
            acknowledges = item.type == "PUBACK" and item.from_client
            if by_server or acknowledges:
                made = {**fields, "packet_id": 777}
                made.pop("size"), made.pop("type")
                if item.type == "PUBACK":
                    made = {"packet_id": 777}
                item.wire = codec.build(str(item.type), made)
    found = play(source, flows)
    assert found.outcome.verdict is Verdict.PASS, told(found)


def test_an_iut_that_takes_fewer_messages_at_a_time_gets_them_later(tmp_path: Path) -> None:
    many = "\n".join(
        f"    - a: {{send: PUBLISH, topic: $t/a, qos: 1, packet_id: {i}}}" for i in range(1, 31)
    )
    answers = "\n".join(f"    - a: {{expect: PUBACK, packet_id: {i}}}" for i in range(1, 31))
    text = f"""\
- id: many
  requires: MQTT5-3.12.4-1
  body:
    - a: {{connect: {{}}}}
{many}
{answers}
    - a: {{ping: true}}
"""
    run_cases(tmp_path, text, capture=True, iut="reference")
    source = Source(str(tmp_path / "run.pcapng"))
    flows = choose(read(source), [], source)[1:]
    codec = codec_of("mqtt5")
    connack = next(item for item in flows[0].items if item.type == "CONNACK")
    connack.wire = codec.build("CONNACK", {"reason": 0, "receive_maximum": 100})
    found = play(source, flows)
    assert found.outcome.num_sent >= 31
    assert found.outcome.verdict is Verdict.PASS, told(found)


def test_an_assigned_identifier_is_used_again(tmp_path: Path) -> None:
    text = case_text(
        'a: {connect: {client_id: "", session_expiry_interval: 60}, '
        "bind: {g: assigned_client_identifier}}",
        "a: {end: fin}",
        "b: {connect: {client_id: $g, clean_start: false}, session_present: true}",
        "b: {ping: true}",
        "b: {disconnect: {}}",
    )  # fmt: skip
    run_cases(tmp_path, text, capture=True)
    source = Source(str(tmp_path / "run.pcapng"))
    found = play(source, choose(read(source), [], source)[1:])
    assert found.outcome.verdict is Verdict.PASS, told(found)


def test_a_client_is_played_to(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "qos1", "mqtt5")
    publisher = [flow for flow in flows if any(item.type == "PUBACK" and not item.from_client
                                               for item in flow.items)]  # fmt: skip
    found = play(source, publisher, side="server", iut="reference-client")
    assert found.outcome.verdict is Verdict.PASS, (told(found), told(found, "unknown"))


def test_what_the_capture_lacks_is_not_told(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "qos1", "mqtt5")
    cut = next(item for item in flows[-1].items if item.type == "PUBLISH")
    cut.kind = "cut"
    found = play(source, flows)
    assert found.outcome.verdict is not Verdict.PASS
    assert "lacks a part" in told(found, "unknown")


def test_qos_0_may_be_lost(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "no-identifier", "mqtt5")
    for item in [item for item in flows[0].items if item.type == "PUBLISH" and item.from_client]:
        flows[0].items.remove(item)
    found = play(source, flows)
    assert found.outcome.verdict is Verdict.INCONCLUSIVE and found.outcome.status == 2
    assert "may be lost" in told(found, "unknown")


def test_what_may_differ_does_not_count() -> None:
    codec = codec_of("mqtt5")
    one = {"type": "CONNACK", "reason": 0, "session_present": 0, "receive_maximum": 20}
    two = {**one, "reason_string": "welcome", "receive_maximum": 10}
    found = differences(codec, one, two)
    assert [(each.name, each.counts) for each in found] == [("receive_maximum", False)]
    without = {k: v for k, v in one.items() if k != "receive_maximum"}
    assert not differences(codec, {**one, "receive_maximum": 65535}, without)
    publish = {"type": "PUBLISH", "qos": 1, "topic": "a", "payload": b"x", "retain": 0, "dup": 0}
    later = {**publish, "message_expiry_interval": 9}
    assert not differences(codec, {**publish, "message_expiry_interval": 10}, later, slack=2)
    assert differences(codec, publish, later)[0].counts
    assert not differences(
        codec, {"type": "PUBACK", "reason": 0}, {"type": "PUBACK", "reason": 0x10}
    )
    assert differences(
        codec, {"type": "SUBACK", "reasons": [1]}, {"type": "SUBACK", "reasons": [0]}
    )


def test_nothing_to_play_is_a_sentence(tmp_path: Path) -> None:
    flow = Flow(1, "1.2.3.4:5", "1.2.3.4:1883", "tcp", "mqtt", False)
    flow.items.append(Item(flow, "message", False, 1, 1, 0, b"\xd0\x00", "PINGRESP"))
    with pytest.raises(UserError, match="began before the capture"):
        play(Source("x.pcap"), [flow])
    with refused_port() as port, pytest.raises(UserError, match="no session with"):
        source, flows = conversation(tmp_path, "raw", "mqtt311")
        play(source, flows, iut=f"tcp://127.0.0.1:{port}")


def test_the_command_writes_a_report_and_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, flows = conversation(tmp_path, "qos1", "mqtt5")
    words = ["pcap", "replay", source.file, "--report", str(tmp_path / "out")]
    for flow in flows:
        words += ["--flow", str(flow.number)]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "pass" and document["answers"]["same"] > 0
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "results.json", "index.html", "run.pcapng"
    }  # fmt: skip
    assert main([*words, "--fault", "dup-on-first-qos1"]) == 1
    assert "expected PUBLISH dup 0, got 1" in capsys.readouterr().out
    again = Source(str(tmp_path / "out" / "run.pcapng"))
    assert len(read(again)) >= len(flows)
