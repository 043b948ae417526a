"""`wirelaw pcap check` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from wirelaw import paths
from wirelaw.captures.packets import CLIENT, SERVER, Conversation, Packet, pcap, pcapng
from wirelaw.results import read_results

CONNECT = bytes.fromhex("101000044d5154540502003c000003646576")
CONNACK = bytes.fromhex("2003000000")
QOS3 = bytes.fromhex("3606000161") + b"\0on"
DUP = bytes.fromhex("3806000161") + b"\0on"
PINGREQ, PINGRESP, DISCONNECT = b"\xc0\0", b"\xd0\0", b"\xe0\0"


def talk(*middle: bytes, port: int = 1883, client: str = "10.0.0.1") -> list[Packet]:
    made = Conversation(client=(client, 40000), server=("10.0.0.2", port)).open()
    made.say(CLIENT, CONNECT).say(SERVER, CONNACK)
    for each in middle:
        made.say(SERVER if each == PINGRESP else CLIENT, each)
    return made.say(CLIENT, DISCONNECT).close(CLIENT).close(SERVER).packets


def write(folder: Path, packets: list[Packet], name: str = "a.pcapng") -> Path:
    file = folder / name
    file.write_bytes(pcapng(packets) if name.endswith("ng") else pcap(packets))
    return file


def wirelaw(*words: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "wirelaw", "pcap", "check", *map(str, words)], input=stdin,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
             "NO_COLOR": "1"},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def check(*words: str | Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(paths.program("wirelaw-pcap")), "check", "--json", *map(str, words)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["exit"] == done.returncode
    return document


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """One wrong PUBLISH, in frame 6."""
    return write(tmp_path, talk(QOS3))


def test_a_violation_is_one_line_and_its_statement(broken: Path) -> None:
    done = wirelaw(broken)
    first, second, *_ = done.stdout.splitlines()
    assert first == (
        "frame 6  0.005000 s  flow 1  10.0.0.1:40000 > 10.0.0.2:1883  MQTT5-3.3.1-4  "
        "PUBLISH from the client, byte 0"
    )
    assert second.startswith("    MUST NOT: ")
    assert "messages    mqtt  CONNECT 1, CONNACK 1, PUBLISH 1, DISCONNECT 1" in done.stdout
    assert done.returncode == 1


def test_a_good_capture(tmp_path: Path) -> None:
    done = wirelaw(write(tmp_path, talk(PINGREQ, PINGRESP)))
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "no violation in 5 messages"
    assert done.stderr == ""


def test_the_document(broken: Path) -> None:
    found = check(broken)
    assert found["file"] == str(broken)
    assert found["messages"] == {
        "mqtt": {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1, "DISCONNECT": 1}
    }
    (row,) = found["violations"]
    assert (row["frame"], row["protocol"], row["requirement"], row["offset"], row["kind"]) == (
        6, "mqtt", "MQTT5-3.3.1-4", 0, "wire"
    )  # fmt: skip
    assert row["frame_offset"] == 40  # behind the headers of IPv4 and TCP
    assert found["not_judged"] == []
    assert found["variants"] == {"mqtt": {"mqtt5": 1}}


def test_the_first_few_of_each_rule_are_shown(tmp_path: Path) -> None:
    file = write(tmp_path, talk(*[DUP] * 9))
    assert wirelaw(file).stdout.count("frame ") == 3
    assert wirelaw(file, "--first", "1").stdout.count("frame ") == 1
    assert "9 in 1 flow, 9 by the client" in wirelaw(file).stdout
    assert len(check(file)["violations"]) == 9
    assert len(check(file, "--first", "2")["violations"]) == 2


def test_messages_as_text_and_as_lines(broken: Path) -> None:
    text = wirelaw(broken, "--messages").stdout
    assert 'client_id="dev"' in text and "MQTT5-3.3.1-4" in text
    lines = [
        json.loads(line) for line in wirelaw(broken, "--messages", "--json").stdout.splitlines()
    ]
    assert [line["record"] for line in lines] == [
        "message", "message", "message", "violation", "message", "summary",
    ]  # fmt: skip
    assert lines[0]["fields"]["client_id"] == "dev"
    assert lines[-1]["messages"]["mqtt"]["PUBLISH"] == 1


def test_passwords_are_not_printed(tmp_path: Path) -> None:
    login = bytes.fromhex("101d00044d51545405c2003c000003646576") + b"\0\4user\0\5Passw"
    login = login[:1] + bytes([len(login) - 2]) + login[2:]
    made = Conversation().open().say(CLIENT, login + b"\xff").say(SERVER, CONNACK)
    file = write(tmp_path, made.packets)
    for words in (["--messages"], ["--json"], ["--messages", "--json"]):
        assert "Passw" not in wirelaw(file, *words).stdout


def test_levels_and_requirements_are_chosen(tmp_path: Path) -> None:
    file = write(tmp_path, talk(DUP, QOS3))
    found = check(file, "--requirement", "MQTT5-3.3.1-2")
    assert {row["requirement"] for row in found["violations"]} == {"MQTT5-3.3.1-2"}
    assert check(file, "--level", "MUST")["totals"]["must"] == 2
    assert check(file, "--requirement", "MQTT5-3.1.0-2")["exit"] == 0


def test_a_pipe_is_read_while_it_is_written(broken: Path) -> None:
    content = broken.read_bytes()
    process = subprocess.Popen(
        [str(paths.program("wirelaw-pcap")), "check", "--messages", "-"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=False,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(content[:-40])
    process.stdin.flush()
    began = time.monotonic()
    assert b"CONNECT" in process.stdout.readline()
    assert time.monotonic() - began < 20
    out, _ = process.communicate(content[-40:])
    assert b"MQTT5-3.3.1-4" in out and process.returncode == 1


def test_a_pipe_through_the_launcher(broken: Path) -> None:
    done = wirelaw("-", stdin=broken.read_bytes())
    assert done.returncode == 1 and "standard input" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.pcap"], "nowhere.pcap"),
        ([], "which capture?"),
        (["a.pcap", "--level", "SOMETIMES"], "the levels are MUST, SHOULD and MAY"),
        (["a.pcap", "--requirement", "MQTT5-0"], "there is none of this id"),
        (["a.pcap", "--decode-as", "x=mqtt"], "PORT=PROTOCOL"),
        (["a.pcap", "--decode-as", "1=gopher"], "PORT=PROTOCOL"),
        (["a.pcap", "--psk", "secret:xyz"], "HEX or IDENTITY:HEX"),
        (["a.pcap", "--keylog", "nowhere.log"], "nowhere.log"),
        (["a.pcap", "--protocol", "mqtt6"], "mqtt5 and mqtt311"),
        (["--live", "no-such-interface"], "no-such-interface"),
    ],
)
def test_an_error_is_one_sentence(words: list[str], sentence: str) -> None:
    done = wirelaw(*words)
    assert done.returncode == 2
    assert sentence in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert "xyz" not in done.stderr


def test_what_is_no_capture(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("not a capture, whatever it is called\n" * 9)
    done = wirelaw(tmp_path / "a.txt")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_a_cut_file_is_judged_as_far_as_it_goes(broken: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(broken.read_bytes()[:-30])
    done = wirelaw(cut)
    assert done.returncode == 1
    assert "MQTT5-3.3.1-4" in done.stdout and "the capture itself: " in done.stdout


def test_nothing_judged_is_no_success(tmp_path: Path) -> None:
    made = Conversation(server=("10.0.0.2", 22)).open().say(SERVER, b"SSH-2.0-x\r\n").packets
    done = wirelaw(write(tmp_path, made))
    assert done.returncode == 2
    assert "could be judged" in done.stderr and "ssh" in done.stdout
    assert wirelaw(write(tmp_path, [])).returncode == 2


def test_a_port_is_named(tmp_path: Path) -> None:
    """A conversation from its middle says too little at a port of nobody's."""
    packets = talk(PINGREQ, QOS3, port=17501)[5:]
    file = write(tmp_path, packets)
    assert check(file)["exit"] == 2
    assert check(file, "--decode-as", "17501=mqtt5")["messages"]["mqtt"]["PINGREQ"] == 1


def test_found_by_content_at_any_port(tmp_path: Path) -> None:
    found = check(write(tmp_path, talk(QOS3, port=17501)))
    assert [row["requirement"] for row in found["violations"]] == ["MQTT5-3.3.1-4"]


def test_something_else_at_the_port_of_mqtt(tmp_path: Path) -> None:
    made = Conversation().open().say(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    made.say(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").close(CLIENT).close(SERVER)
    found = check(write(tmp_path, made.packets))
    assert found["exit"] == 2 and found["violations"] == []
    assert "http" in found["not_judged"][0]["reason"]


def test_a_filter(tmp_path: Path) -> None:
    file = write(tmp_path, talk(QOS3) + talk(PINGREQ, PINGRESP, port=1884, client="10.0.0.9"))
    assert check(file)["exit"] == 1
    assert check(file, "--filter", "tcp port 1884")["exit"] == 0


def test_the_report_of_a_run(tmp_path: Path) -> None:
    file = write(tmp_path, talk(QOS3, DUP))
    done = wirelaw(file, "--report", tmp_path / "out")
    assert done.returncode == 1 and "MQTT5-3.3.1-4" in done.stdout
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    jsonschema.validate(document, json.loads(paths.data("reports/results.schema.json").read_text()))
    results = read_results(tmp_path / "out")
    verdicts = {row.id: row.verdict for row in results.requirements}
    assert verdicts["MQTT5-3.3.1-4"] == "fail"
    assert set(verdicts.values()) == {"fail", "untested"}
    for name in ("index.html", "junit.xml", "results.sarif"):
        assert "MQTT5-3.3.1-4" in (tmp_path / "out" / name).read_text()


def test_a_capture_proves_nothing_kept(tmp_path: Path) -> None:
    file = write(tmp_path, talk(PINGREQ, PINGRESP))
    assert wirelaw(file, "--report", tmp_path / "out").returncode == 0
    results = read_results(tmp_path / "out")
    assert {row.verdict for row in results.requirements} == {"untested"}
    assert "onforms" not in (tmp_path / "out" / "summary.md").read_text()
    assert wirelaw(file, "--report", tmp_path).returncode == 2  # a folder with other files


def test_what_a_server_owes_across_connections(tmp_path: Path) -> None:
    """A session that ended with its connection is there again: seen only by who sees both."""
    first = Conversation(client=("10.0.0.1", 40000)).open()
    first.say(CLIENT, CONNECT).say(SERVER, CONNACK).say(CLIENT, DISCONNECT)
    first.close(CLIENT).close(SERVER)
    second = Conversation(client=("10.0.0.1", 40001), time_ns=first.time_ns).open().wait(1)
    second.say(CLIENT, CONNECT[:9] + b"\0" + CONNECT[10:]).say(SERVER, b"\x20\3\1\0\0")
    second.say(CLIENT, DISCONNECT).close(CLIENT).close(SERVER)
    file = write(tmp_path, first.packets + second.packets)
    assert check(file)["violations"] == []
    (row,) = check(file, "--complete")["violations"]
    assert (row["requirement"], row["from"], row["frame"]) == ("MQTT5-3.2.2-3", "server", 15)
