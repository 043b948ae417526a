"""`wirelaw check`, `faults`, `decode` and `encode` as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import wirelaw
from engine_bench import refused_port
from wirelaw import iut

CASE = "pingreq-is-answered"


def wirelaw_command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "wirelaw", *words], cwd=cwd, env=environment, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip


def start_check(*words: str, cwd: Path) -> subprocess.Popen[str]:
    """A run into `out` that goes on until something happens to it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.Popen(
        [sys.executable, "-m", "wirelaw", "check", "mqtt5", "--section", "3.12", "--report", "out",
         *words],
        cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def wait_for_first_case(folder: Path) -> None:
    partial = folder / "results.partial.jsonl"
    until = time.monotonic() + 30
    while time.monotonic() < until and not (
        partial.exists() and b'\n{"started"' in partial.read_bytes()
    ):
        time.sleep(0.05)


def results(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return document


def test_a_run_writes_its_folder_and_exits_0(tmp_path: Path) -> None:
    done = wirelaw_command("check", "mqtt5", "--case", CASE, "--report", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "conforms, as far as tested" in done.stdout
    folder = tmp_path / "out"
    assert {"results.json", "index.html", "junit.xml", "results.sarif", "run.pcapng"} <= {
        file.name for file in folder.iterdir()
    }
    document = results(folder)
    assert document["totals"]["pass"] == 1 and document["run"]["sessions"] > 0
    assert document["iut"]["name"] == "reference" and document["iut"]["pics"]["qos2"]
    assert document["iut"]["version"] == wirelaw.__version__
    (case,) = document["cases"]
    assert case["id"] == CASE and case["capture"]["first"] > 0
    assert case["repeat"] == f"wirelaw check mqtt5 --iut reference --case {CASE}"
    assert document["run"]["catalogues"][0]["name"] == "mqtt-5.0.csv"


def test_a_fault_makes_it_exit_1_and_json_is_one_document(tmp_path: Path) -> None:
    done = wirelaw_command(
        "check", "mqtt5", "--case", CASE, "--fault", "no-pingresp", "--json", cwd=tmp_path
    )
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["totals"]["fail"] == 1 and document["cases"][0]["cause"] == "timeout"
    requirement = next(row for row in document["requirements"] if row["id"] == "MQTT5-3.12.4-1")
    assert requirement["verdict"] == "fail" and requirement["violations"]


def test_a_baseline_excuses_what_failed_before(tmp_path: Path) -> None:
    words = ["check", "mqtt5", "--case", CASE, "--fault", "no-pingresp"]
    assert wirelaw_command(*words, "--report", "a", cwd=tmp_path).returncode == 1
    done = wirelaw_command(*words, "--report", "b", "--baseline", "a", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert results(tmp_path / "b")["comparison"]["cases"] == []


def test_workers_have_an_iut_each_and_junit_and_k_work(tmp_path: Path) -> None:
    done = wirelaw_command(
        "check", "mqtt5", "--section", "3.12", "-n", "2", "-k", "pingreq", "--junitxml", "j.xml",
        "--report", "out", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = results(tmp_path / "out")
    assert document["totals"]["pass"] >= 1 and document["iut"]["pics"]["qos2"]
    assert document["run"]["sessions"] > 0
    assert 'name="verdict" value="pass"' in (tmp_path / "j.xml").read_text()
    assert (tmp_path / "out" / "run-gw0.pcapng").exists()


def test_repeated_runs_give_one_result_for_each_case(tmp_path: Path) -> None:
    done = wirelaw_command(
        "check", "mqtt5", "--case", CASE, "--repeat", "3", "--report", "out", cwd=tmp_path
    )
    assert done.returncode == 0
    assert results(tmp_path / "out")["totals"]["pass"] == 1


def test_cases_are_listed_by_stable_names(tmp_path: Path) -> None:
    done = wirelaw_command("check", "mqtt5", "--co", "-q", cwd=tmp_path)
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if "::" in line]
    assert f"conformance/cases/mqtt/3.12-pingreq.yaml::{CASE}" in lines
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mqtt6"], "there is no protocol 'mqtt6'; did you mean mqtt5?"),
        (["mqtt5", "--case", "nix"], "mqtt5 has no case 'nix' for a server"),
        (["mqtt5", "--iut", "mosquito"], "there is no IUT 'mosquito'; did you mean 'mosquitto'?"),
        (["mqtt5", "--iut", "tcp://127.0.0.1:{refused}"], "no session with tcp://127.0.0.1:"),
        (["mqtt5", "--iut", "null-closes"], "no session with null-closes at tcp://"),
        (["mqtt5", "--iut", "mosquitto", "--fault", "x"], "--fault is for wirelaw's own peers"),
        (["mqtt5", "--section", "99"], "mqtt5 has no case for a server with --section 99"),
        (["mqtt5", "--client-id", "a-b"], "--client-id must be letters and digits"),
        (["mqtt5", "--report", "full"], "full holds other files; name an empty folder"),
        (["mqtt5", "--iut", "reference-client"], "reference-client is a client"),
        (["mqtt5", "--fault", "no-pingrsp"], "no fault is called 'no-pingrsp'; did you mean"),
        (["mqtt5", "--report", "bad"], "the results can't be written to bad: Is a directory"),
        (["mqtt5", "--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["mqtt5", "--case", CASE, "-k", "nix"], "no case is selected by '-k nix'"),
        (["mqtt5", "--role", "client", "--section", "3.12"], "left out: slow: add --slow"),
        (["mqtt5", "--listen", "tcp://192.0.2.1:1883"], "cannot listen on 192.0.2.1 port 1883"),
        (["mqtt5", "--iut-command", "nix {port}"], "names 'nix', which is no program"),
        (["mqtt5", "--iut", "tcp://192.0.2.1"], "192.0.2.1 is not this machine; add --yes"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_2(
    tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    (tmp_path / "bad" / "results.partial.jsonl").mkdir(parents=True)
    with refused_port() as port:
        filled = [word.replace("{refused}", str(port)) for word in words]
        done = wirelaw_command("check", *filled, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr
    assert (tmp_path / "full" / "mine").read_text() == "x"
    assert not list(tmp_path.glob("wirelaw-report/*")), "nothing came of it, nothing is left"


def test_a_refused_login_is_one_sentence(tmp_path: Path) -> None:
    with iut.start(iut.load("reference-limited"), ["tcp"], protocol="mqtt5") as running:
        at = running.url("tcp")
        words = ["check", "mqtt5", "--iut", at, "--user", "x", "--password", "wrong!"]
        done = wirelaw_command(*words, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert "are user name and password right?" in done.stderr and "wrong!" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("in_url", [False, True])
def test_no_file_of_a_run_holds_the_password(tmp_path: Path, in_url: bool) -> None:
    with iut.start(iut.load("reference-limited"), ["tcp"], protocol="mqtt5") as running:
        login, at = running.credentials, running.url("tcp")
        assert login.username and login.password
        words = ["--iut", at, "--user", login.username, "--password", login.password]
        if in_url:
            words = ["--iut", at.replace("://", f"://{login.username}:{login.password}@")]
        done = wirelaw_command("check", "mqtt5", "--case", CASE, "--report", "out", *words,
                               cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0 and login.password not in done.stdout + done.stderr
    for file in (tmp_path / "out").iterdir():
        assert login.password.encode() not in file.read_bytes(), file.name
    assert login.username.encode() in (tmp_path / "out" / "run.pcapng").read_bytes()


def dissected(capture: Path, interface: int, what: str) -> list[str]:
    """What Wireshark's own dissectors make of one interface, by themselves."""
    done = subprocess.run(
        ["tshark", "-r", str(capture), "-Y", f"frame.interface_id=={interface} && {what}",
         "-T", "fields", "-e", f"{what}.{'msgtype' if what == 'mqtt' else 'opcode'}"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return [kind for line in done.stdout.split() for kind in line.split(",")]


@pytest.mark.parametrize(("transport", "what"), [("tls", "mqtt"), ("wss", "websocket")])
def test_wireshark_reads_the_ciphertext_of_a_run(
    tmp_path: Path, transport: str, what: str
) -> None:
    done = wirelaw_command(
        "check", "mqtt5", "--case", CASE, "--transport", transport, "--ciphertext",
        "--report", "out", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    capture = tmp_path / "out" / "run.pcapng"
    clear = dissected(capture, 0, what)
    assert len(clear) > 4
    assert sorted(dissected(capture, 1, what)) == sorted(clear)


def test_no_ciphertext_with_a_password(tmp_path: Path) -> None:
    for words in (["--user", "u", "--password", "p"], ["--iut", "tls://u:p@127.0.0.1:1"]):
        done = wirelaw_command("check", "mqtt5", "--transport", "tls", "--ciphertext", *words,
                               cwd=tmp_path)  # fmt: skip
        assert done.returncode == 2
        assert "--ciphertext would let everybody who has the capture read" in done.stderr


def test_an_iut_of_somebody_else_that_goes_ends_the_run(tmp_path: Path) -> None:
    with iut.start(iut.load("reference"), ["tcp"], protocol="mqtt5") as running:
        process = start_check("--iut", running.url("tcp"), "--repeat", "100000", cwd=tmp_path)
        wait_for_first_case(tmp_path / "out")
        running.kill()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 2 and "accepts no connections any more" in output, output
    document = results(tmp_path / "out")
    assert document["totals"]["fail"] == document["totals"]["inconclusive"] == 0
    assert document["totals"]["pass"] > 0, "what was known before is kept"


def test_two_runs_never_write_to_one_folder(tmp_path: Path) -> None:
    process = start_check("--repeat", "100000", cwd=tmp_path)
    wait_for_first_case(tmp_path / "out")
    second = wirelaw_command("check", "mqtt5", "--case", CASE, "--report", "out", cwd=tmp_path)
    assert second.returncode == 2 and "another run writes to out now" in second.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert results(tmp_path / "out")["totals"]["pass"] >= 1


def test_ctrl_c_keeps_the_results_so_far_and_leaves_nothing_running(tmp_path: Path) -> None:
    process = start_check("--repeat", "100000", cwd=tmp_path)
    wait_for_first_case(tmp_path / "out")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2, output
    assert "the run did not end: interrupted" in output
    assert results(tmp_path / "out")["totals"]["pass"] >= 1


# The kill matrix


def test_a_fault_is_killed_for_its_own_reason(tmp_path: Path) -> None:
    done = wirelaw_command(
        "faults", "mqtt5", "--fault", "no-pingresp", "--case", CASE, "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (row,) = document["faults"]
    assert row == {
        "name": "no-pingresp", "requirement": "MQTT5-3.12.4-1", "role": "server",
        "outcome": "killed",
        "killed_by": [CASE], "collateral": 0, "tested": 1,
    }  # fmt: skip


def test_a_fault_that_no_case_sees_survives(tmp_path: Path) -> None:
    done = wirelaw_command(
        "faults", "mqtt5", "--fault", "no-pingresp", "--case", "second-connect-closes", cwd=tmp_path
    )
    assert done.returncode == 1 and done.stdout.startswith("survived")


def test_an_unknown_fault_is_one_sentence(tmp_path: Path) -> None:
    done = wirelaw_command("faults", "mqtt5", "--fault", "no-pingres", cwd=tmp_path)
    assert done.returncode == 2 and "did you mean 'no-pingresp'?" in done.stderr


# Bytes


def test_decode_says_what_bytes_are(tmp_path: Path) -> None:
    good = wirelaw_command("decode", "mqtt5", "c0 00", "--json", cwd=tmp_path)
    assert good.returncode == 0 and json.loads(good.stdout)["status"] == "ok"
    assert json.loads(good.stdout)["message"]["type"] == "PINGREQ"
    bad = wirelaw_command("decode", "mqtt5", "c001 00", "--json", cwd=tmp_path)
    document = json.loads(bad.stdout)
    assert bad.returncode == 1 and document["status"] == "malformed"
    assert (
        document["violation"]["requirement"].startswith("MQTT5-")
        and document["violation"]["offset"] >= 1
    )
    short = wirelaw_command("decode", "mqtt311", "3010", cwd=tmp_path)
    assert short.returncode == 1 and "16 more bytes needed" in short.stdout
    wrong = wirelaw_command("decode", "mqtt5", "nothing", cwd=tmp_path)
    assert wrong.returncode == 2 and "neither hex nor a file" in wrong.stderr


def test_encode_and_decode_are_inverse(tmp_path: Path) -> None:
    fields = "{topic: a/b, qos: 1, packet_id: 7, payload: hello, user_property: [[k, v]]}"
    encoded = wirelaw_command("encode", "mqtt5", "PUBLISH", fields, cwd=tmp_path)
    assert encoded.returncode == 0
    (tmp_path / "p.bin").write_bytes(bytes.fromhex(encoded.stdout))
    decoded = wirelaw_command("decode", "mqtt5", "p.bin", "--json", cwd=tmp_path)
    message = json.loads(decoded.stdout)["message"]
    assert message["topic"] == "a/b" and message["properties"]["user_property"] == [["k", "v"]]
    listed = wirelaw_command("encode", "mqtt311", "--list", "CONNACK", cwd=tmp_path)
    assert "session_present" in listed.stdout and "maximum_qos" not in listed.stdout
    edited = wirelaw_command(
        "encode", "mqtt5", "PINGREQ", "{edit: [{force: remaining_length, to: 3}]}", cwd=tmp_path
    )
    assert edited.stdout.strip() == "c003"


def test_mosquitto_is_tested_when_it_is_installed(tmp_path: Path) -> None:
    if not iut.installed(iut.load("mosquitto")):
        pytest.skip("mosquitto is not installed")
    done = wirelaw_command(
        "check", "mqtt5", "--iut", "mosquitto", "--section", "3.12", cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
