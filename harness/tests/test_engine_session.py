"""Sessions: isolation, an IUT that dies, late answers, interrupts, tidying up."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_bench import REQUIREMENT, case_text, refused_port, run_cases
from wirelaw import iut
from wirelaw.engine import net
from wirelaw.engine.bench import Bench
from wirelaw.engine.deadlines import Clock, Deadline
from wirelaw.engine.net import NS
from wirelaw.engine.plan import Plan
from wirelaw.errors import UserError
from wirelaw.results import Verdict

PING = ("a: {ping: true}",)
CONNECTED = ("a: {connect: {}}",)

KILLER = """\
import os, signal
from wirelaw.cases import case

@case("killer", requires="MQTT5-3.12.4-1")
async def killer(t):
    await t.a(connect={})
    t.body()
    os.kill(t._run.target.running.pid, signal.SIGKILL)
    await t.a(ping=True)

@case("bystander", requires="MQTT5-3.12.4-1", matrix={"n": [1, 2, 3, 4, 5]})
async def bystander(t, n):
    await t.a(connect={})
    t.body()
    await t.wait(0.05 * n)
    await t.a(ping=True)
"""


def test_the_killer_of_an_iut_is_named_and_the_others_run_again(tmp_path: Path) -> None:
    outcome = run_cases(tmp_path, KILLER, name="test_killer.py")
    assert outcome["killer"].verdict is Verdict.FAIL and outcome["killer"].cause == "crash"
    others = {name: r for name, r in outcome.results.items() if name != "killer"}
    assert len(others) == 5 and all(r.verdict is Verdict.PASS for r in others.values())


def test_an_iut_of_a_case_of_its_own_that_dies_is_a_crash(tmp_path: Path) -> None:
    text = KILLER.replace('"killer", ', '"killer", isolation="own-iut", ')
    outcome = run_cases(tmp_path, text, name="test_killer.py")
    assert outcome["killer"].verdict is Verdict.FAIL and outcome["killer"].cause == "crash"
    assert outcome["bystander[n=1]"].verdict is Verdict.PASS


def test_a_report_of_a_sanitizer_fails_the_case_that_causes_it(tmp_path: Path) -> None:
    lines = """\
    with open(t._run.target.running.log, "a") as log:
        print("==7==ERROR: AddressSanitizer: heap-buffer-overflow on address", file=log)
"""
    text = KILLER.replace("    os.kill(t._run.target.running.pid, signal.SIGKILL)\n", lines)
    outcome = run_cases(tmp_path, text, name="test_killer.py")
    assert outcome["killer"].verdict is Verdict.FAIL
    assert (outcome["killer"].cause or "").startswith("sanitizer: ==7==ERROR: AddressSanitizer")
    others = [r.verdict for name, r in outcome.results.items() if name != "killer"]
    assert others == [Verdict.PASS] * 5


def test_an_iut_that_reported_a_defect_is_started_anew(tmp_path: Path) -> None:
    text = """\
import os
from wirelaw.cases import case
SEEN = []

@case("bad", requires="MQTT5-3.12.4-1", isolation="exclusive", matrix={"n": [1, 2]})
async def bad(t, n):
    await t.a(connect={})
    t.body()
    SEEN.append(t._run.target.running.pid)
    with open(t._run.target.running.log, "a") as log:
        print("thread 'tcp' panicked at src/broker.rs:1:2:", file=log)
    await t.a(ping=True)
    assert len(SEEN) == len(set(SEEN))

@case("good", requires="MQTT5-3.12.4-1", isolation="exclusive", matrix={"n": [1, 2, 3]})
async def good(t, n):
    await t.a(connect={})
    t.body()
    await t.a(ping=True)
"""
    results = run_cases(tmp_path, text, name="test_bad.py").results
    assert {name: r.verdict for name, r in results.items() if name.startswith("good")} == {
        f"good[n={n}]": Verdict.PASS for n in (1, 2, 3)
    }
    assert [(results[f"bad[n={n}]"].cause or "")[:6] for n in (1, 2)] == ["panic:"] * 2


def test_an_exclusive_case_runs_alone(tmp_path: Path) -> None:
    text = """\
from wirelaw.cases import case
RUNNING = set()

async def body(t, name):
    RUNNING.add(name)
    await t.a(connect={})
    await t.wait(0.05)
    others = RUNNING - {name}
    await t.a(ping=True)
    RUNNING.remove(name)
    return others

@case("shared", requires="MQTT5-3.12.4-1", matrix={"n": [1, 2, 3]})
async def shared(t, n):
    assert "alone" not in await body(t, n)

@case("alone", requires="MQTT5-3.12.4-1", isolation="exclusive")
async def alone(t):
    assert await body(t, "alone") == set()
"""
    outcome = run_cases(tmp_path, text, name="test_alone.py")
    assert [str(r.verdict) for r in outcome.results.values()] == ["pass"] * 4
    assert list(outcome.results)[-1] == "alone"


def test_hundreds_of_cases_run_side_by_side(tmp_path: Path) -> None:
    text = "".join(
        case_text("wait: 0.3", *PING, name=f"c{n}", preamble=CONNECTED) for n in range(200)
    )
    begun = time.monotonic()
    outcome = run_cases(tmp_path, text, concurrency=256)
    assert {r.verdict for r in outcome.results.values()} == {Verdict.PASS}
    assert time.monotonic() - begun < 12, "one after the other they would take a minute"


def stopped_for(seconds: float) -> Callable[[Bench], None]:
    """Stops the broker while the case waits, so long."""

    def stop(bench: Bench) -> None:
        pid = bench.running.pid
        threading.Timer(0.05, os.kill, (pid, signal.SIGSTOP)).start()
        threading.Timer(seconds, os.kill, (pid, signal.SIGCONT)).start()

    return stop


def test_a_late_answer_is_waited_for_twice_as_long(tmp_path: Path) -> None:
    text = case_text("wait: 0.3", *PING, preamble=CONNECTED)
    outcome = run_cases(tmp_path, text, on_bench=stopped_for(1.8), again=True)
    assert outcome["x"].verdict is Verdict.PASS and outcome.notes["x"] is None


def test_on_a_busy_machine_a_timeout_gets_a_second_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "hurried", True)
    text = case_text("a: {expect: PINGRESP}", preamble=CONNECTED)
    outcome = run_cases(tmp_path, text, again=True)
    assert outcome["x"].verdict is Verdict.FAIL
    assert "timeout" in (outcome.notes["x"] or "")


def test_the_grace_is_given_once_and_calm_is_told() -> None:
    clock = Clock()
    deadline = Deadline(clock, 0, NS, NS // 2)
    assert deadline.extend() and deadline.until == NS * 3 // 2
    assert not deadline.extend() and deadline.calm
    clock.stalled(NS)
    assert not deadline.calm
    hurried = Clock()
    hurried.answered(NS // 2)
    assert not Deadline(hurried, 0, NS).calm


def test_cases_that_wait_make_room_for_others(tmp_path: Path) -> None:
    """Two at once, and six wait for what never comes: the last to start is the first to end."""
    never = ("a: {expect: PINGRESP}",)
    text = "".join(case_text(*never, preamble=CONNECTED, name=f"w{i}") for i in range(6))
    text += case_text(*PING, preamble=CONNECTED, name="quick")
    outcome = run_cases(tmp_path, text, concurrency=2, again=True)
    assert next(iter(outcome.results)) == "quick"


def test_the_deadline_is_extended_by_what_this_machine_lost() -> None:
    clock = Clock()
    deadline = Deadline(clock, 0, NS)
    assert not deadline.extend() and not deadline.late
    clock.stalled(NS // 2)
    assert deadline.extend() and deadline.until > NS
    for _ in range(5):
        clock.stalled(4 * NS)
        deadline.extend()
    assert deadline.late


def test_deadlines_follow_the_measured_round_trip_and_patience() -> None:
    clock = Clock()
    assert clock.allowance == NS
    clock.answered(NS // 2)
    assert clock.allowance == 10 * NS
    clock.answered(NS)
    assert clock.allowance == 10 * NS
    clock.answered(4 * NS)
    assert clock.allowance == 20 * NS
    assert Clock(patience=3).allowance == 3 * NS


def test_nothing_is_left_retained_and_no_session(tmp_path: Path) -> None:
    text = case_text(
        "a: {publish: {topic: $t/kept, retain: true, qos: 1, payload: x}}",
        "a: {ping: true}",
        preamble=("a: {connect: {client_id: $s, session_expiry_interval: 600}}",),
    )
    left: list[Any] = []

    def look(bench: Bench) -> None:
        left.append(bench.running)

    outcome_folder = tmp_path / "one"
    outcome_folder.mkdir()
    with iut.start(iut.load("reference"), ["tcp"]) as running:
        url = running.url("tcp")
        outcome = run_cases(outcome_folder, text, iut=url)
        assert outcome["x"].verdict is Verdict.PASS
        client_id = bytes.fromhex(
            next(m for m in outcome["x"].messages if m.type == "CONNECT").hex
        )[-6:]
        see = case_text(
            "b: {connect: {}}",
            "b: {none: PUBLISH}",
            "b: {subscribe: [{filter: 'law/#'}]}",
            "b: {ping: true}",
        )
        after = run_cases(tmp_path, see, iut=url)
        assert after["x"].verdict is Verdict.PASS, client_id


def test_an_interrupt_tidies_up_and_is_raised_again(tmp_path: Path) -> None:
    text = case_text("wait: 30", *PING, preamble=CONNECTED)

    def interrupt(bench: Bench) -> None:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_cases(tmp_path, text, on_bench=interrupt)
    assert time.monotonic() - begun < 10


def test_an_iut_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with refused_port() as port:
        said = f"no session with tcp://127.0.0.1:{port}: no connection"
        with pytest.raises(UserError, match=said):
            run_cases(tmp_path, case_text(*PING), iut=f"tcp://127.0.0.1:{port}")


def test_an_iut_that_never_answers_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="no session with null-silent .*expected CONNACK, got nothing"
    ):
        run_cases(tmp_path, case_text(*PING), iut="null-silent")


def test_a_refused_login_asks_for_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="refused.*are user name and password right"):
        with Bench(
            Plan("mqtt5", iut="reference-limited", user="x", password="y"), None, net.now()
        ) as bench:
            bench.start()


@pytest.mark.parametrize("transport", ["tls", "ws", "wss"])
def test_every_transport_carries_cases(tmp_path: Path, transport: str) -> None:
    outcome = run_cases(
        tmp_path, case_text(*PING, preamble=CONNECTED), transport=transport, capture=True
    )
    assert outcome["x"].verdict is Verdict.PASS
    capture = outcome["x"].capture
    assert capture is not None and capture.first >= 1
    assert (tmp_path / "run.pcapng").stat().st_size > 300


def test_what_the_monitor_sees_is_told_with_the_message(tmp_path: Path) -> None:
    text = case_text(
        "a: {publish: {topic: $t, qos: 1, payload: x}}",
        "a: {receive: {payload: x}}",
        preamble=(*CONNECTED, "a: {subscribe: [{filter: $t, qos: 1}]}"),
        head=f"requires: {REQUIREMENT}",
    )
    outcome = run_cases(tmp_path, text, faults=["dup-on-first-qos1"])
    seen = outcome.bench.violations
    assert seen and seen[0].type == "PUBLISH" and seen[0].case == "x" and seen[0].hex


def test_a_client_dials_in_and_is_told_what_to_do(tmp_path: Path) -> None:
    text = case_text(
        "c: {send: PUBLISH, topic: $t/a, qos: 1, payload: $nonce, bind: {id: packet_id}}",
        "c: {expect: PUBACK, packet_id: $id}",
        preamble=(
            "iut: {do: connect}", "c: {accept: {}}",
            "iut: {do: subscribe, filters: [{filter: $t/a, qos: 1}]}", "c: {grant: [1]}",
        ),
        head=f"requires: {REQUIREMENT}\nrole: client",
    )  # fmt: skip
    if not iut.installed(iut.load("mosquitto-clients")):
        pytest.skip("mosquitto-clients is not installed")
    outcome = run_cases(tmp_path, text, role="client", iut="mosquitto-clients")
    assert outcome["x"].verdict is Verdict.PASS


def test_no_dial_in_is_inconclusive(tmp_path: Path) -> None:
    text = case_text(
        "c: {expect: CONNECT}", preamble=("iut: {do: connect}",),
        head=f"requires: {REQUIREMENT}\nrole: client",
    )  # fmt: skip
    outcome = run_cases(
        tmp_path, text, role="client", iut=None, iut_command="echo {port}", patience=0.05
    )
    assert outcome["x"].verdict is Verdict.INCONCLUSIVE and outcome["x"].cause == "no dial-in"
