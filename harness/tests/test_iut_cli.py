"""``wirelaw iut``, run as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import wirelaw

SERVER = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    server.accept()[0].close()
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A user of a descriptor of their own, called fake, and of folders that nobody else uses."""
    folder = tmp_path / "wirelaw" / "iuts"
    folder.mkdir(parents=True)
    (tmp_path / "server.py").write_text(SERVER)
    (folder / "fake.toml").write_text(
        textwrap.dedent(f"""
        name = "fake"
        title = "A server of the test's own"
        role = "server"
        [protocols]
        mqtt5 = ["tcp"]
        [install]
        from = "ours"
        [start]
        argv = ["{sys.executable}", "{tmp_path}/server.py", "{{port}}"]
        [listeners]
        tcp = {{}}
        """)
    )
    return {
        **os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path), "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(Path(wirelaw.__file__).resolve().parents[1]),
    }  # fmt: skip


def command(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wirelaw", "iut", *args],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def started(env: dict[str, str], *args: str) -> "tuple[subprocess.Popen[str], dict]":
    process = subprocess.Popen(
        [sys.executable, "-m", "wirelaw", "iut", "start", "fake", "--json", *args],
        env=env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = ""
    while not lines.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, lines
        lines += line
    return process, json.loads(lines)


def test_list(env: dict[str, str]) -> None:
    assert "fake" in command(env, "list").stdout
    entries = {
        one["name"]: one for one in json.loads(command(env, "list", "--json").stdout)["iuts"]
    }
    assert entries["fake"]["installed"] and entries["fake"]["protocols"] == {"mqtt5": ["tcp"]}
    assert {"reference", "mosquitto", "null-silent"} <= entries.keys()


def test_doctor(env: dict[str, str]) -> None:
    done = command(env, "doctor", "fake")
    assert (done.returncode, done.stdout) == (0, "fake: ready (version not known)\n")
    found = json.loads(command(env, "doctor", "--json").stdout)["iuts"]
    for finding in found:
        assert finding["state"] == "ready" or (finding["problem"] and finding["remedy"])


def test_start_until_interrupted(env: dict[str, str]) -> None:
    process, told = started(env)
    assert told["ports"].keys() == {"tcp"} and told["urls"]["tcp"].endswith(
        str(told["ports"]["tcp"])
    )
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert not Path(told["dir"]).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(told["pid"], 0)


def test_stop_ends_what_start_keeps(env: dict[str, str]) -> None:
    process, told = started(env)
    done = command(env, "stop", "fake")
    assert (done.returncode, done.stdout) == (0, "fake stopped\n")
    assert process.wait(20) == 0
    done = command(env, "stop")
    assert (done.returncode, done.stdout) == (1, "no IUT is kept by 'wirelaw iut start'\n")


def test_one_that_ends_by_itself_is_an_error(env: dict[str, str]) -> None:
    process, told = started(env)
    time.sleep(0.05)
    os.kill(told["pid"], signal.SIGKILL)
    assert process.wait(20) == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["start", "no-such"], "there is no IUT 'no-such'"),
        (
            ["start", "fake", "--transport", "ws"],
            "fake does not listen on ws for mqtt5; it offers tcp",
        ),
        (["start", "fake", "--port", "1"], "port 1 on 127.0.0.1 is taken"),
        (["install", "fakes"], "did you mean 'fake'?"),
        (["doctor", "fake", "--nonsense"], "--nonsense"),
    ],
)
def test_mistakes_are_one_sentence(env: dict[str, str], args: list[str], said: str) -> None:
    if "--port" in args and os.geteuid() == 0:
        import socket

        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            done = command(env, *[port if arg == "1" else arg for arg in args])
            said = said.replace("port 1 ", f"port {port} ")
    else:
        done = command(env, *args)
    assert done.returncode == 2 and said in done.stderr
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1
