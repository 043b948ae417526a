"""``wirelaw fuzz iut``: journals, names, reductions, findings; and campaigns against planted bugs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wirelaw import cli, paths
from wirelaw.errors import UserError
from wirelaw.fuzzing import findings, journal, reduce, seeds, signature
from wirelaw.fuzzing.investigate import Finding, Suspicion, last_message, name_of
from wirelaw.fuzzing.journal import DATA, END, RESET, Record
from wirelaw.fuzzing.signature import Signature

CONNECT = bytes.fromhex("101200044d5154540502003c00000566757a3030")
PING = bytes.fromhex("c000")
BAD_SUBSCRIBE = bytes.fromhex("820600010000 0161".replace(" ", ""))

ASAN = """\
=================================================================
==77==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020000000f0 at pc 0x55 bp 0x7f sp 0x7f
WRITE of size 4 at 0x6020000000f0 thread T0
    #0 0x559 in __interceptor_memcpy (/x/server+0x1)
    #1 0x559 in take_packet /src/packets.c:340
    #2 0x559 in end_packet /src/server_main.c:90
    #3 0x559 in main /src/server_main.c:300

0x6020000000f0 is located 0 bytes inside of 16-byte region
"""
LEAKS = """\
==9==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 24 byte(s) in 1 object(s) allocated from:
    #0 0x7f in __interceptor_malloc (/lib/x)
    #1 0x55 in copy /src/packets.c:9

Direct leak of 48 byte(s) in 2 object(s) allocated from:
    #0 0x7f in malloc (/lib/x)
    #1 0x55 in keep_will /src/packets.c:50

SUMMARY: AddressSanitizer: 72 byte(s) leaked in 3 allocation(s).
"""
PANIC = """\
panic: runtime error: index out of range [7] with length 7

goroutine 12 [running]:
github.com/x/packets.(*Packet).Decode(0xc0001, {0xc000, 0x1})
\t/go/packets.go:100 +0x1
main.main()
\t/go/main.go:1 +0x2
"""


def record(data: bytes, group: int = 1, connection: int = 1, event: int = DATA) -> Record:
    return Record(group, connection, event, 0, data)


# Journals


def test_a_journal_is_read_as_it_was_written(tmp_path):
    records = [record(CONNECT), record(b"", 2, 5, RESET), record(b"x" * 77, 3, 6), record(b"", 3, 6, END)]
    journal.write(tmp_path / "j", records)
    assert journal.read(tmp_path / "j") == records


def test_what_is_no_journal_is_refused(tmp_path):
    (tmp_path / "j").write_bytes(b"x" * 5000)
    with pytest.raises(UserError, match="is no journal"):
        journal.read(tmp_path / "j")


def test_groups_stand_in_the_order_of_their_ends():
    records = [record(b"a", 1), record(b"b", 2), record(b"c", 1)]
    assert journal.groups(records) == [[records[1]], [records[0], records[2]]]


def test_a_journal_becomes_a_conversation_and_back():
    records = [record(CONNECT, 1, 9), record(PING, 1, 12), record(b"", 1, 9, RESET)]
    again = journal.from_sequence(journal.to_sequence(records))
    assert [(one.connection, one.event, one.data) for one in again] == [
        (1, DATA, CONNECT), (2, DATA, PING), (1, RESET, b""),
    ]  # fmt: skip


def test_vectors_are_seeds(tmp_path):
    num = seeds.write(tmp_path, "mqtt5")
    first = journal.from_sequence((tmp_path / "00000.seq").read_bytes())
    assert num > 500
    assert first[0].data[0] >> 4 == 1


# Names


def test_sanitizer_reports_are_named_by_kind_and_stack():
    assert signature.of_death(1, ASAN) == Signature("heap-use-after-free in take_packet < end_packet", 416)


def test_each_leak_has_a_name():
    assert signature.of_leaks(LEAKS) == [Signature("leak: copy", 401), Signature("leak: keep_will", 401)]
    assert signature.of_leaks("all is well") == []


@pytest.mark.parametrize(
    ("status", "log", "text", "cwe"),
    [
        (2, PANIC, "panic: runtime error: index out of range [N] with length N in "
                   "github.com/x/packets.(*Packet).Decode < main.main", 129),
        (-11, "", "SIGSEGV", 119),
        (-6, "x: y.c:3: f: Assertion `n > 0' failed.\n", "assertion n > 0", 617),
        (7, "nothing", "exit 7", 248),
        (1, "TypeError: Cannot read properties of undefined\n    at parse (/a/b.js:1:2)\n",
         "TypeError: Cannot read properties of undefined in parse", 248),
    ],
)  # fmt: skip
def test_deaths_are_named(status, log, text, cwe):
    assert signature.of_death(status, log) == Signature(text, cwe)


def test_a_bare_signal_is_told_apart_by_what_was_sent():
    what = Suspicion("death", death=Signature("SIGSEGV", 119))
    records = [record(CONNECT + BAD_SUBSCRIBE + PING)]
    assert name_of(what, records, "mqtt5").text.startswith("SIGSEGV by SUBSCRIBE against MQTT5-")
    assert last_message([record(CONNECT + PING)], "mqtt5") == "CONNECT"


# Reductions


def reduced(records: list[Record], does) -> list[Record]:
    return reduce.reduce(records, "mqtt5", does, reduce.Budget(30))


def test_messages_that_do_nothing_go():
    def does(some: list[Record]) -> bool:
        sent = b"".join(one.data for one in some)
        return CONNECT[:1] in sent[:1] and b"\x82" in sent

    noise = [record(CONNECT + PING, group, group) for group in range(2, 40)]
    small = reduced([*noise, record(CONNECT + PING + BAD_SUBSCRIBE + PING, 50, 50)], does)
    assert reduce.num_messages(small, "mqtt5") == 2
    assert len(small) == 1


def test_texts_become_short_with_their_lengths_right():
    publish = bytes.fromhex("3017000a746f7069632f6c6f6e6700") + b"payload!"[:10]
    publish = bytes([0x30, len(publish) - 2]) + publish[2:]
    small = reduced([record(publish)], lambda some: any(r.data[:1] == b"\x30" for r in some))
    assert small[0].data in (bytes.fromhex("3003000000"), bytes.fromhex("300400016100"))


def test_two_connections_become_one_where_that_does_it():
    def does(some: list[Record]) -> bool:
        return b"\x82" in b"".join(r.data for r in some) and any(r.data[:1] == b"\x10" for r in some)

    small = reduced([record(CONNECT, 1, 1), record(CONNECT, 1, 2), record(BAD_SUBSCRIBE, 1, 2)], does)
    assert len({one.connection for one in small}) == 1


def test_the_shortest_end_of_a_history_is_looked_for():
    groups = [[record(bytes([n]), n)] for n in range(100)]
    found = reduce.suffix(groups, lambda some: any(r.group == 95 for r in some), reduce.Budget(5))
    assert found is not None and [r.group for r in found] == list(range(84, 100))


# Findings


@pytest.fixture
def finding() -> Finding:
    return Finding(
        Signature("SIGSEGV by SUBSCRIBE", 119), "death", None, "", "", [record(CONNECT + BAD_SUBSCRIBE)],
        3, 3, 2, 12.0, log="it said\nthis",
    )  # fmt: skip


ABOUT = findings.Subjects("some", "1.0", "mqtt5", "tcp", command="./some {port}")


def test_a_finding_on_disk_is_read_again(tmp_path, finding):
    place = findings.write(tmp_path, finding, ABOUT, None)
    document, records, what = findings.read(place)
    assert records == finding.records
    assert document["cwe"] == "CWE-119"
    assert (what.kind, what.death) == ("death", Signature("SIGSEGV", 119))
    page = (place / "README.md").read_text()
    assert "shown 3 of 3 times" in page and "breaks MQTT5-" in page and "it said" in page


@pytest.mark.parametrize("protocol", ["mqtt5", "mqtt311"])
def test_its_case_can_be_loaded(tmp_path, finding, protocol):
    from wirelaw.cases.loader import load_file

    about = findings.Subjects("some", None, protocol, "tcp")
    place = findings.write(tmp_path, finding, about, None)
    (case,) = load_file(place / "case.yaml", protocol)
    assert case.isolation == "own-iut"
    assert case.steps[0].action == "send"


def test_a_folder_without_finding_is_refused(tmp_path):
    with pytest.raises(UserError, match="is no finding"):
        findings.read(tmp_path)


# The command line


@pytest.fixture
def run(capsys):
    def call(*argv: str) -> tuple[int, str, str]:
        status = cli.main(["fuzz", *argv])
        return status, *capsys.readouterr()

    return call


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["iut"], "give one of URL, --iut NAME or --command COMMAND"),
        (["iut", "--command", "true"], "must mention {port}"),
        (["iut", "--command", "no-such-program {port}"], "there is no program no-such-program"),
        (["iut", "tcp://127.0.0.1:1", "--time", "0"], "more than 0 seconds"),
        (["iut", "tcp://192.0.2.1:1883"], "is not this machine; add --yes"),
        (["iut", "tcp://127.0.0.1:1", "--role", "client"], "a client dials in"),
        (["replay", "/nowhere"], "is no finding"),
    ],
)
def test_errors_are_one_sentence(run, argv, says):
    status, out, err = run(*argv)
    assert (status, out) == (2, "")
    assert says in err and err.count("\n") == 1


def planted(name: str) -> str:
    build = paths.build_dir()
    program = build / "planted" / name if build else None
    if program is None or not program.exists():
        pytest.skip("the planted programs are not built here")
    return str(program)


def campaign(run, tmp_path: Path, command: str, *more: str, seconds: int = 60) -> dict:
    status, out, err = run(
        "iut", "--command", command, "--time", str(seconds), "--stop-at-first", "--json",
        "--work", str(tmp_path / "work"), *more,
    )  # fmt: skip
    document = json.loads(out)
    assert status == (1 if document["findings"] else 0), err
    return document


@pytest.mark.parametrize(
    ("bug", "bucket"),
    [("client-connack", "SIGSEGV by CONNACK"), ("wrong-reason", "MQTT5-3.9.3-2 in SUBACK")],
)
def test_planted_bugs_of_a_server_are_found_named_and_made_small(run, tmp_path, bug, bucket):
    document = campaign(run, tmp_path, f"{planted('planted-server')} --bug {bug} --port {{port}}")
    (found,) = document["findings"]
    assert found["bucket"].startswith(bucket)
    assert found["messages"] <= 4
    (place,) = (tmp_path / "work" / "findings").iterdir()
    assert (place / "capture.pcapng").stat().st_size > 100
    status, out, _ = run("replay", str(place))
    assert status == 1 and "shown 1 of 1 times" in out
    status, out, _ = run("replay", str(place), "--command", f"{planted('planted-server')} --port {{port}}")
    assert status == 0 and "shown 0 of 1 times" in out


def test_a_planted_bug_of_a_client_is_found(run, tmp_path):
    command = f"{planted('planted-client')} --bug empty-payload --port {{port}}"
    document = campaign(run, tmp_path, command, "--role", "client", "--minimise", "5")
    (found,) = document["findings"]
    assert found["bucket"].startswith("SIGSEGV")


def test_nothing_is_found_where_nothing_is(run, tmp_path):
    document = campaign(run, tmp_path, f"{planted('planted-server')} --port {{port}}", seconds=3)
    assert document["findings"] == []
    assert document["sessions"] > 10 and document["messages"] > 100


def test_ctrl_c_keeps_what_was_found(tmp_path):
    server = f"{planted('planted-server')} --bug client-connack --port {{port}}"
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wirelaw", "fuzz", "iut", "--command", server, "--json",
         "--work", str(tmp_path / "work"), "--minimise", "3"],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + 40
    written = tmp_path / "work" / "findings"
    while time.monotonic() < until and not any(written.glob("*/capture.pcapng")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert json.loads(out)["findings"][0]["bucket"].startswith("SIGSEGV")


def test_the_journal_of_a_campaign_that_was_killed_is_looked_through(run, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    connack = record(bytes.fromhex("2003000000"), 7, 7)
    journal.write(work / "journal", [record(CONNECT + PING, 5, 5), connack, record(CONNECT, 6, 6)])
    server = f"{planted('planted-server')} --bug client-connack --port {{port}}"
    document = campaign(run, tmp_path, server, seconds=1)
    assert document["findings"][0]["sent"] == [{"connection": 7, "hex": "2003000000"}]


def test_a_password_is_sent_and_not_written(run, tmp_path, monkeypatch):
    """The reference broker takes any; the journal must not have it."""
    monkeypatch.setenv("WIRELAW_IUT_PASSWORD", "hush-hush-hush")
    from wirelaw import iut

    with iut.start(iut.load("reference"), ["tcp"], protocol="mqtt5") as running:
        status, _, err = run(
            "iut", running.url("tcp"), "--user", "somebody", "--time", "2", "--work", str(tmp_path / "work"),
        )  # fmt: skip
    assert status == 0, err
    for file in (tmp_path / "work").rglob("*"):
        assert not file.is_file() or b"hush-hush-hush" not in file.read_bytes()
