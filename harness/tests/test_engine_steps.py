"""What steps do, and the verdict that each ending gives: on the reference broker, with and without
faults.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from engine_bench import REQUIREMENT, case_text, run_cases, run_one
from wirelaw.results import Verdict

CONNECTED = ("a: {connect: {}}",)


def test_a_case_passes_and_its_result_has_steps_messages_and_spans(tmp_path: Path) -> None:
    result = run_one(tmp_path, "a: {send: PINGREQ}", "a: {expect: PINGRESP}", preamble=CONNECTED)
    assert result.verdict is Verdict.PASS and result.cause is None
    assert [(step.verdict, step.requirement) for step in result.steps] == [
        ("pass", None), ("pass", None), ("pass", REQUIREMENT),
    ]  # fmt: skip
    types = [(message.direction, message.type) for message in result.messages]
    assert types[:5] == [
        ("from_iut", "open"), ("to_iut", "CONNECT"), ("from_iut", "CONNACK"), ("to_iut", "PINGREQ"),
        ("from_iut", "PINGRESP"),
    ]  # fmt: skip
    answer = result.messages[result.steps[2].message or 0]
    assert answer.type == "PINGRESP" and answer.hex == "d000" and answer.tree is not None
    assert answer.tree[0]["parent"] is None and answer.tree[-1]["name"] == "remaining_length"


def test_a_missing_answer_fails_by_time_out_with_what_was_expected(tmp_path: Path) -> None:
    result = run_one(tmp_path, "a: {ping: true}", preamble=CONNECTED, faults=["no-pingresp"])
    assert result.verdict is Verdict.FAIL and result.cause == "timeout" and result.failed_step == 1
    assert result.steps[1].expected == "PINGRESP" and (result.steps[1].got or "").startswith(
        "nothing for"
    )


def test_a_wrong_field_fails_and_says_which(tmp_path: Path) -> None:
    result = run_one(
        tmp_path, "a: {send: SUBSCRIBE}", "a: {expect: SUBACK, reasons: [2]}", preamble=CONNECTED
    )
    assert result.verdict is Verdict.FAIL and result.cause == "mismatch"
    assert "reasons" in (result.steps[2].detail or "") and "expected" in (
        result.steps[2].detail or ""
    )


def test_what_is_bound_to_nothing_is_inconclusive(tmp_path: Path) -> None:
    flow = run_one(
        tmp_path, "a: {subscribe: [$t], granted: [2]}", "a: {ping: true}", preamble=CONNECTED
    )
    assert flow.verdict is Verdict.INCONCLUSIVE and flow.cause == "mismatch"
    preamble = run_one(
        tmp_path, "a: {ping: true}", preamble=("a: {connect: {}, reason: not_authorized}",)
    )
    assert preamble.verdict is Verdict.INCONCLUSIVE and preamble.cause == "preamble: mismatch"
    assert [step.verdict for step in preamble.steps] == ["inconclusive", "untested"]


def test_a_flow_with_its_own_requirement_fails(tmp_path: Path) -> None:
    step = f"a: {{subscribe: [$t], granted: [2], requires: {REQUIREMENT}}}"
    result = run_one(tmp_path, step, preamble=CONNECTED)
    assert result.verdict is Verdict.FAIL and result.failed_step == 1


def test_what_is_bound_to_a_should_only_warns(tmp_path: Path) -> None:
    from wirelaw import catalogue

    should = next(row.id for row in catalogue.load("mqtt5") if row.level == "SHOULD")
    result = run_one(
        tmp_path, "a: {send: SUBSCRIBE}", "a: {expect: SUBACK, reasons: [2]}", preamble=CONNECTED,
        head=f"requires: {should}",
    )  # fmt: skip
    assert result.verdict is Verdict.WARN


# Closing


def test_a_close_is_told_from_a_time_out(tmp_path: Path) -> None:
    closes = run_one(tmp_path, "a: {send: CONNECT}", "a: {expect: closed}", preamble=CONNECTED)
    assert closes.verdict is Verdict.PASS
    assert closes.messages[-1].conn == "law", "a fresh connection was served afterwards"
    stays = run_one(
        tmp_path,
        "a: {send: PINGREQ}",
        "a: {expect: closed, after_any: PINGRESP}",
        preamble=CONNECTED,
    )
    assert stays.verdict is Verdict.FAIL and stays.cause == "timeout"
    answers = run_one(tmp_path, "a: {send: PINGREQ}", "a: {expect: closed}", preamble=CONNECTED)
    assert answers.verdict is Verdict.FAIL and "got PINGRESP" in (answers.steps[2].detail or "")


def test_silence_before_the_session_is_a_warning_where_a_close_is_due(tmp_path: Path) -> None:
    faults = ["first-packet-any", "no-pingresp"]
    sent, closed = "a: {send: PINGREQ}", "a: {expect: closed}"
    early = run_one(tmp_path, sent, closed, preamble=["a: {open: {}}"], faults=faults)
    assert early.verdict is Verdict.WARN and early.cause == "timeout"
    assert "nothing says how soon" in (early.steps[2].detail or "")
    late = run_one(tmp_path, sent, closed, preamble=CONNECTED, faults=faults)
    assert late.verdict is Verdict.FAIL and late.cause == "timeout"
    told = run_one(tmp_path, sent, "a: {expect: closed, within: 1}", preamble=["a: {open: {}}"], faults=faults)
    assert told.verdict is Verdict.FAIL


def test_a_close_that_was_not_expected_is_named(tmp_path: Path) -> None:
    result = run_one(
        tmp_path,
        "a: {send: CONNECT}",
        "a: {expect: PUBACK, tolerate: DISCONNECT}",
        preamble=CONNECTED,
    )
    assert result.verdict is Verdict.FAIL and result.cause == "closed"


def test_a_missed_preference_is_a_warning(tmp_path: Path) -> None:
    prefer = "a: {expect: closed, prefer: {DISCONNECT: malformed_packet}, after_any: DISCONNECT}"
    result = run_one(tmp_path, "a: {send: CONNECT}", prefer, preamble=CONNECTED)
    assert result.verdict is Verdict.WARN and result.cause == "preference"
    field = run_one(
        tmp_path,
        "a: {send: SUBSCRIBE}",
        "a: {expect: SUBACK, prefer: {reasons: [1]}}",
        preamble=CONNECTED,
    )
    assert field.verdict is Verdict.WARN and field.steps[2].expected is not None


def test_an_early_close_fails_not_before(tmp_path: Path) -> None:
    result = run_one(
        tmp_path, "a: {send: CONNECT}", "a: {expect: closed, not_before: 0.5}", preamble=CONNECTED
    )
    assert result.verdict is Verdict.FAIL and result.cause == "early"


# Sending


def test_edits_raw_bytes_pieces_and_several_packets(tmp_path: Path) -> None:
    several = ("a: {send: [PINGREQ, {SUBSCRIBE: {packet_id: 9}}, \"c000\"]}",
               "a: {all_of: [PINGRESP, {SUBACK: {packet_id: 9}}, PINGRESP]}")  # fmt: skip
    edit = ("a: {send: PUBLISH, topic: abc, edit: [{force: topic.length, to: 60}]}",
            "a: {expect: closed}")  # fmt: skip
    bodies = {
        "raw": ('a: {send: "c0 00"}', "a: {expect: PINGRESP}"),
        "split": ("a: {send: PINGREQ, split: 1}", "a: {expect: PINGRESP}"),
        "several": several,
        "edit": edit,
    }
    text = "".join(case_text(*body, name=n, preamble=CONNECTED) for n, body in bodies.items())
    outcome = run_cases(tmp_path, text)
    assert {name: result.verdict for name, result in outcome.results.items()} == dict.fromkeys(
        ("raw", "split", "several", "edit"), Verdict.PASS
    )
    sent = next(m for m in outcome["edit"].messages if m.type == "PUBLISH")
    assert sent.violation is not None and sent.violation.requirement.startswith("MQTT5-")


def test_variables_are_bound_and_kept_apart_between_cases(tmp_path: Path) -> None:
    body = (
        "sub: {connect: {}}",
        "sub: {subscribe: [{filter: $t/a, qos: 2}], granted: [2]}",
        "pub: {connect: {}}",
        "pub: {publish: {topic: $t/a, qos: 2, payload: $nonce}, bind: {sent: packet_id}}",
        "pub: {publish: {topic: $t/a, qos: 1, payload: '<$sent>'}}",
        "sub: {receive: {payload: $nonce, qos: 2}, bind: {id: packet_id, topic: topic}}",
        "sub: {receive: {payload: <1>, topic: $topic, packet_id: {ne: $id}}}",
    )
    text = case_text(*body, name="one") + case_text(*body, name="two")
    outcome = run_cases(tmp_path, text)
    assert outcome["one"].verdict is outcome["two"].verdict is Verdict.PASS
    topics = {
        next(m for m in outcome[n].messages if m.type == "SUBSCRIBE").hex for n in ("one", "two")
    }
    assert len(topics) == 2


def test_flows_look_past_deliveries(tmp_path: Path) -> None:
    result = run_one(
        tmp_path,
        "a: {publish: {topic: $t, qos: 1, payload: $nonce}}",
        "a: {barrier: true}",
        "a: {receive: {payload: $nonce, qos: 1}}",
        preamble=(*CONNECTED, "a: {subscribe: [{filter: $t, qos: 1}]}"),
    )
    assert result.verdict is Verdict.PASS


# Silence


SILENT = (
    "sub: {connect: {}}",
    "sub: {subscribe: [{filter: $t/a, qos: 1}], granted: [1]}",
    "pub: {connect: {}}",
)


def test_a_forbidden_message_fails_the_step_that_forbids_it(tmp_path: Path) -> None:
    text = "".join(
        case_text(
            f"sub: {{{kind}: {{PUBLISH: {{payload: $nonce}}}}}}",
            "pub: {publish: {topic: $t/a, qos: 1, payload: $nonce}}",
            "sub: {barrier: true}", "wait: 0.2", "sub: {barrier: true}",
            name=kind, preamble=SILENT,
        )
        for kind in ("none", "park")
    )  # fmt: skip
    outcome = run_cases(tmp_path, text)
    for kind in ("none", "park"):
        assert outcome[kind].verdict is Verdict.FAIL and outcome[kind].cause == "forbidden"
        assert outcome[kind].failed_step == 3


def test_a_late_message_turns_the_verdict_of_a_parked_case(tmp_path: Path) -> None:
    text = """\
from wirelaw.cases import case

@case("late", requires="MQTT5-3.12.4-1")
async def late(t):
    await t.sub(connect={})
    await t.sub(subscribe=["$t/a"])
    await t.sub(park={"PUBLISH": {"payload": "late"}})
    LATE.append(t.vars["t"])

@case("later", requires="MQTT5-3.12.4-1", isolation="exclusive")
async def later(t):
    await t.pub(connect={})
    await t.pub(publish={"topic": LATE[0] + "/a", "payload": "late"})
    await t.pub(ping=True)

LATE = []
"""
    outcome = run_cases(tmp_path, text, name="test_late.py")
    assert outcome["later"].verdict is Verdict.PASS
    assert outcome["late"].verdict is Verdict.FAIL and outcome["late"].cause == "forbidden"


def test_silence_that_holds_passes_at_the_end_of_the_run(tmp_path: Path) -> None:
    result = run_one(tmp_path, "sub: {park: {PUBLISH: {payload: never}}}", preamble=SILENT[:2])
    assert result.verdict is Verdict.PASS and result.steps[2].verdict == "pass"


def test_a_sentinel_that_does_not_come_is_inconclusive_and_a_forbidden_one_fails(
    tmp_path: Path,
) -> None:
    step = "sub: {receive: {payload: $sentinel}, none_before: {PUBLISH: {payload: $nonce}}}"
    lost = run_one(tmp_path, step, preamble=SILENT)
    assert lost.verdict is Verdict.INCONCLUSIVE and lost.cause == "timeout"
    both = [
        f"pub: {{publish: {{topic: $t/a, qos: 1, payload: ${name}}}}}"
        for name in ("nonce", "sentinel")
    ]
    came = run_one(tmp_path, *both, step, preamble=SILENT)
    assert came.verdict is Verdict.FAIL and came.cause == "forbidden"


# What applies, and ends


def test_what_the_server_announces_decides_what_applies(tmp_path: Path) -> None:
    text = case_text(
        "a: {ping: true}", preamble=CONNECTED, head=f"requires: {REQUIREMENT}\nwhen: qos2"
    )
    outcome = run_cases(tmp_path, text, iut="reference-limited")
    assert not outcome.bench.target.pics["qos2"]
    session_pics = outcome.bench.target.pics
    assert session_pics["qos1"] and not session_pics["retain"]


@pytest.mark.parametrize("end", ["fin", "rst", "silent"])
def test_a_session_is_resumed_after_each_kind_of_end(tmp_path: Path, end: str) -> None:
    result = run_one(
        tmp_path,
        f"a: {{end: {end}}}",
        "b: {connect: {client_id: $s, clean_start: false}, session_present: true}",
        "b: {ping: true}",
        preamble=("a: {connect: {client_id: $s, session_expiry_interval: 30}}",),
    )
    assert result.verdict is Verdict.PASS


def test_the_same_name_connects_again_after_a_disconnect(tmp_path: Path) -> None:
    result = run_one(
        tmp_path, "a: {disconnect: {}}", "a: {connect: {}}", "a: {ping: true}", preamble=CONNECTED
    )
    assert result.verdict is Verdict.PASS


def test_an_own_iut_is_restarted_and_keeps_its_sessions(tmp_path: Path) -> None:
    result = run_one(
        tmp_path,
        "iut: {do: restart}",
        "b: {connect: {client_id: $s, clean_start: false, session_expiry_interval: 60},"
        " session_present: true}",
        "b: {ping: true}",
        preamble=("a: {connect: {client_id: $s, session_expiry_interval: 60}}",),
        head=f"requires: {REQUIREMENT}\nisolation: own-iut",
    )
    assert result.verdict is Verdict.PASS, result


def test_restarting_an_iut_that_others_use_is_an_error_of_the_case(tmp_path: Path) -> None:
    result = run_one(tmp_path, "iut: {do: restart}", "a: {ping: true}", preamble=CONNECTED)
    assert result.verdict is Verdict.ERROR and "own-iut" in (result.cause or "")


def test_a_case_in_python_has_the_same_steps(tmp_path: Path) -> None:
    text = """\
from wirelaw.cases import case

@case("py", requires="MQTT5-3.12.4-1")
async def py(t):
    connack = await t.a(connect={"session_expiry_interval": 9})
    assert connack["reason"] == 0
    t.body()
    got = await t.a(ping=True)
    suback = await t.step("a", {"subscribe": ["$t/a"], "bind": {"id": "packet_id"}})
    assert suback["reasons"] == [0] and t.vars["id"] == suback["packet_id"]
    await t.wait(0.01)

@case("fails", requires="MQTT5-3.12.4-1")
async def fails(t):
    await t.a(connect={})
    t.body()
    await t.a(send="SUBSCRIBE")
    await t.a(expect="PINGRESP")

@case("does-not-apply", requires="MQTT5-3.12.4-1")
async def does_not_apply(t):
    t.not_applicable("no reason")

@case("is-wrong", requires="MQTT5-3.12.4-1")
async def is_wrong(t):
    await t.a(connect={"client": 1})

@case("gives-up", requires="MQTT5-3.12.4-1")
async def gives_up(t):
    t.inconclusive("cannot be said")
"""
    outcome = run_cases(tmp_path, text, name="test_py.py")
    assert {name: str(result.verdict) for name, result in outcome.results.items()} == {
        "py": "pass", "fails": "fail", "does-not-apply": "not_applicable", "is-wrong": "error",
        "gives-up": "inconclusive",
    }  # fmt: skip
    assert (
        outcome["fails"].failed_step == 2 and outcome["fails"].steps[2].requirement == REQUIREMENT
    )
    assert "CONNECT has no field `client`" in (outcome["is-wrong"].cause or "")


def test_mqtt311_is_spoken_in_its_own_form(tmp_path: Path) -> None:
    head = "requires: MQTT311-3.12.4-1\nprotocols: [mqtt311]"
    result = run_one(
        tmp_path,
        "a: {publish: {qos: 1, topic: $t, payload: x, topic_alias: 1}, reason: 0}",
        "a: {ping: true}",
        preamble=("a: {connect: {session_expiry_interval: 10}, session_present: false}",),
        head=head,
        protocol="mqtt311",
    )
    assert result.verdict is Verdict.PASS
    connect = next(m for m in result.messages if m.type == "CONNECT")
    assert connect.hex.startswith("10") and "00044d51545404" in connect.hex


def server_that_answers(ping: bytes) -> str:
    """The URL of a server that accepts every client, and says `ping` to what comes then."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                for answer in (bytes.fromhex("2003000000"), ping):
                    if connection.recv(4096):
                        connection.sendall(answer)
                connection.recv(4096)

    threading.Thread(target=serve, daemon=True).start()
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [("89", Verdict.INCONCLUSIVE), ("97", Verdict.INCONCLUSIVE), ("82", Verdict.FAIL)],
)
def test_a_server_that_ends_it_for_reasons_of_its_own_is_not_judged(
    tmp_path: Path, reason: str, verdict: Verdict
) -> None:
    url = server_that_answers(bytes.fromhex(f"e002{reason}00"))
    result = run_one(
        tmp_path, "a: {send: PINGREQ}", "a: {expect: PINGRESP}", preamble=CONNECTED, iut=url
    )
    assert (result.verdict, result.cause) == (verdict, "mismatch")
    flow = run_one(tmp_path, "a: {ping: true}", preamble=CONNECTED, iut=url)
    assert flow.verdict is verdict


def test_packets_of_one_write_are_shown_one_by_one(tmp_path: Path) -> None:
    result = run_one(
        tmp_path, "a: {send: [PINGREQ, PINGREQ], split: 3}", "a: {expect: PINGRESP}", preamble=CONNECTED
    )
    assert result.verdict is Verdict.PASS
    sent = [(m.type, m.hex) for m in result.messages if m.direction == "to_iut"]
    assert sent[1:3] == [("PINGREQ", "c000"), ("PINGREQ", "c000")]
