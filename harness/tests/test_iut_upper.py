"""Upper testers: a shim that speaks the protocol, and a client that is only commands."""

import os
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wirelaw import iut
from wirelaw.errors import UserError

SHIM = """
import json, sys
print("a line that is no event")
for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "disconnect":
        print(json.dumps({"event": "closed", "detail": "bye"}), flush=True)
        sys.exit(7)
    print(json.dumps({"event": "done", "do": command["do"], "detail": command}), flush=True)
"""
CLIENT = """
import sys
print("ran", *sys.argv[1:], flush=True)
print("m|a/b|2|1|6869", flush=True)
if sys.argv[1] == "stay":
    sys.stdin.read()
if sys.argv[1] == "fail":
    sys.exit("no such luck")
"""
HEAD = """
name = "fake"
title = "A client of the test's own"
role = "client"
[protocols]
mqtt5 = ["tcp"]
[install]
from = "ours"
"""


def make(folder: Path, stimulus: str) -> iut.Descriptor:
    (folder / "shim.py").write_text(SHIM)
    (folder / "client.py").write_text(CLIENT)
    file = folder / "fake.toml"
    file.write_text(HEAD + "[stimulus]\n" + textwrap.dedent(stimulus))
    return iut.parse(file)


def shim(folder: Path) -> iut.Descriptor:
    return make(folder, f'shim = ["{sys.executable}", "{folder}/shim.py"]')


def commands(folder: Path, publish: str = "go") -> iut.Descriptor:
    run = f'"{sys.executable}", "{folder}/client.py"'
    return make(
        folder,
        f"""
        property = ["-D", "{{packet}}", "{{name}}", "{{value}}"]
        message = '^m\\|(?P<topic>.*)\\|(?P<qos>.)\\|(?P<retain>.)\\|(?P<payload_hex>.*)$'
        connect = [{run}, "stay", "{{client_id}}"]
        publish = [{run}, "{publish}", "{{host}}:{{port}}", ["-i", "{{client_id}}"],
          {{ when = "v5", args = ["-5"] }}, ["--will-topic", "{{will_topic}}"], "{{properties}}",
          "{{topic}}"]
        """,
    )


def until(tester: iut.UpperTester, done: Callable[[list[dict]], bool]) -> list[dict]:
    """Events until `done` is satisfied with them."""
    found: list[dict] = []
    end = time.monotonic() + 10
    while not done(found):
        assert time.monotonic() < end, found
        found += tester.events(timeout=0.1)
    return found


def kinds(events: list[dict]) -> list[str]:
    return [event["event"] for event in events]


def test_a_shim_is_told_where_to_connect(tmp_path: Path) -> None:
    with iut.upper_tester(shim(tmp_path), "127.0.0.1", 1234, "some-case") as tester:
        assert tester.verbs == ("connect", "publish", "subscribe", "unsubscribe", "disconnect")
        tester.send({"do": "connect", "client_id": "c", "version": 5})
        (event,) = until(tester, bool)
        assert event == {
            "event": "done",
            "do": "connect",
            "detail": {
                "do": "connect",
                "client_id": "c",
                "version": 5,
                "host": "127.0.0.1",
                "port": 1234,
            },
        }
        assert tester.events() == []
        assert "a line that is no event" in tester.output.read_text()


def test_the_end_of_a_shim_is_an_event(tmp_path: Path) -> None:
    with iut.upper_tester(shim(tmp_path), "127.0.0.1", 1, "c") as tester:
        tester.send({"do": "disconnect"})
        events = until(tester, lambda found: "ended" in kinds(found))
        assert events == [{"event": "closed", "detail": "bye"}, {"event": "ended", "status": 7}]
        tester.send({"do": "publish", "topic": "t"})
        assert kinds(until(tester, bool)) == ["error"]


def test_what_it_cannot_do_is_refused(tmp_path: Path) -> None:
    with iut.upper_tester(commands(tmp_path), "127.0.0.1", 1, "c") as tester:
        assert tester.verbs == ("connect", "publish", "disconnect")
        with pytest.raises(UserError, match="fake cannot subscribe; it can connect, publish"):
            tester.send({"do": "subscribe", "filter": "#"})


def test_a_command_that_publishes_connects_by_itself(tmp_path: Path) -> None:
    connect = {"do": "connect", "client_id": "c", "version": 5, "will": {"topic": "w", "qos": 1},
               "properties": {"session_expiry_interval": 5}}  # fmt: skip
    publish = {
        "do": "publish",
        "topic": "t",
        "properties": {"user_property": [["a", "b"], ["c", "d"]]},
    }
    with iut.upper_tester(commands(tmp_path), "127.0.0.1", 99, "c") as tester:
        tester.plan([connect, publish])
        tester.send(connect)
        tester.send(publish)
        events = until(tester, lambda found: "closed" in kinds(found))
        assert kinds(events) == ["done", "message", "done", "closed"]
        assert events[1] == {
            "event": "message", "topic": "a/b", "qos": 2, "retain": True, "payload_hex": "6869",
        }  # fmt: skip
        assert tester.output.read_text() == (
            "ran go 127.0.0.1:99 -i c -5 --will-topic w -D CONNECT session-expiry-interval 5 "
            "-D PUBLISH user-property a b -D PUBLISH user-property c d t\n"
        )


def test_a_command_does_one_thing_on_a_connection(tmp_path: Path) -> None:
    with iut.upper_tester(commands(tmp_path), "127.0.0.1", 99, "c") as tester:
        connect, publish = {"do": "connect"}, {"do": "publish", "topic": "t"}
        tester.plan([connect, publish, publish, connect, publish])
        tester.send(connect)
        tester.send(publish)
        with pytest.raises(UserError, match="fake does one thing on a connection, and cannot publish as well"):
            tester.send(publish)
        tester.send(connect)
        tester.send(publish)


def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    with iut.upper_tester(commands(tmp_path, "fail"), "127.0.0.1", 99, "c") as tester:
        tester.send({"do": "publish", "topic": "t"})
        events = until(tester, lambda found: "closed" in kinds(found))
        assert {"event": "error", "do": "publish", "detail": "no such luck"} in events


def test_connect_alone_stays_until_disconnect(tmp_path: Path) -> None:
    with iut.upper_tester(commands(tmp_path), "127.0.0.1", 99, "c") as tester:
        tester.send({"do": "connect", "client_id": "c"})
        assert kinds(until(tester, lambda found: "message" in kinds(found))) == ["done", "message"]
        tester.send({"do": "disconnect"})
        assert kinds(until(tester, lambda found: "closed" in kinds(found))) == ["done", "closed"]


def test_fileno_is_readable_when_there_is_something(tmp_path: Path) -> None:
    import select

    with iut.upper_tester(commands(tmp_path), "127.0.0.1", 99, "c") as tester:
        assert not select.select([tester], [], [], 0)[0]
        tester.send({"do": "connect", "client_id": "c"})
        assert select.select([tester], [], [], 5)[0]


def test_a_client_that_is_only_a_command_line(tmp_path: Path) -> None:
    make(tmp_path, 'connect = ["x"]')
    text = f"{sys.executable} '{tmp_path}/client.py' go {{host}} {{port}} {{case}}"
    descriptor = iut.from_command(text, {"mqtt5": ("tcp",)})
    with iut.upper_tester(descriptor, "127.0.0.1", 7, "case-1", folder=tmp_path / "run") as tester:
        tester.send({"do": "connect"})
        until(tester, lambda found: "closed" in kinds(found))
    assert "ran go 127.0.0.1 7 case-1" in (tmp_path / "run" / "command.out").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [("prog 'x", "cannot be split"), ("prog {prot}", "{prot}"), ("prog", "must mention {port}")],
)
def test_a_command_line_that_cannot_do(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        iut.from_command(text, {"mqtt5": ("tcp",)})


def test_one_that_is_not_installed_leaves_no_descriptors(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(UserError, match="run 'wirelaw iut install fake'"):
        iut.upper_tester(make(tmp_path, 'shim = ["no-such-program"]'), "127.0.0.1", 1, "c")
    assert os.listdir("/proc/self/fd") == before


def test_a_client_needs_a_stimulus(tmp_path: Path) -> None:
    file = tmp_path / "fake.toml"
    file.write_text(HEAD)
    with pytest.raises(UserError, match="stimulus is missing"):
        iut.parse(file)
    file.write_text(HEAD + "[stimulus]\n")
    with pytest.raises(UserError, match="stimulus.shim must be there, or else commands"):
        iut.parse(file)
    file.write_text(HEAD + '[stimulus]\nshim = ["x", "{prot}"]\n')
    with pytest.raises(UserError, match="stimulus.shim mentions {prot}"):
        iut.parse(file)
    with pytest.raises(UserError, match="is a client"):
        iut.start(commands(tmp_path))
