"""Starting, watching and ending IUTs: with a small server of the test's own, whose vices we
choose."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from wirelaw import iut
from wirelaw.errors import UserError
from wirelaw.iut import netns, ports

PROGRAM = """
import os, signal, socket, subprocess, sys, time
port, vice, data = int(sys.argv[1]), sys.argv[2], sys.argv[3]
starts = os.path.join(data, "starts")
open(starts, "a").write("x")
print("starts", len(open(starts).read()), flush=True)
if vice == "dies":
    print("no such luck", flush=True)
    sys.exit(3)
if vice == "child":
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    print("child", child.pid, flush=True)
if vice == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if vice == "deaf":
    time.sleep(60)
server = socket.create_server(("0.0.0.0" if vice == "any" else "127.0.0.1", port))
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    word = connection.recv(10)
    if word == b"crash":
        print("==7==ERROR: AddressSanitizer: heap-buffer-overflow on address", flush=True)
        os.abort()
    connection.sendall(word)
    connection.close()
"""


def make(folder: Path, vice: str = "none", more: str = "") -> iut.Descriptor:
    (folder / "server.py").write_text(PROGRAM)
    file = folder / "fake.toml"
    file.write_text(
        textwrap.dedent(f"""
        name = "fake"
        title = "A server of the test's own"
        role = "server"
        [protocols]
        mqtt5 = ["tcp"]
        [install]
        from = "ours"
        [start]
        argv = ["{sys.executable}", "{folder}/server.py", "{{port}}", "{vice}", "{{data}}"]
        netns = {"true" if vice == "any" else "false"}
        [ready]
        log = '^ready'
        timeout = 5
        [stop]
        timeout = 0.3
        [listeners]
        tcp = {{}}
        [credentials]
        username = "u"
        password = "{{password}}"
        """)
        + more
    )
    return iut.parse(file)


def say(running: iut.Running, word: bytes) -> bytes:
    with running.namespace():
        connection = socket.create_connection(("127.0.0.1", running.ports["tcp"]), timeout=5)
    with connection:
        connection.sendall(word)
        try:
            return connection.recv(10)
        except ConnectionResetError:
            return b""


def exists(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_gone(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while exists(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not exists(pid)


def child_of(running: iut.Running) -> int:
    return int(running.log_since().split("child ")[1].split()[0])


def test_start_and_stop(tmp_path: Path) -> None:
    with iut.start(make(tmp_path)) as running:
        assert running.alive() and running.exit_status() is None
        assert running.url() == f"tcp://127.0.0.1:{running.ports['tcp']}"
        assert running.credentials.username == "u" and len(running.credentials.password or "") == 24
        assert (running.credentials.password or "") not in repr(running.credentials)
        assert running.netns_pid is None and os.getpgid(running.pid) == running.pid
        assert say(running, b"hello") == b"hello"
        pid, folder = running.pid, running.dir
    assert not exists(pid) and not folder.exists()
    assert running.exit_status() == -signal.SIGTERM
    assert running.stop() == -signal.SIGTERM  # a second time does no harm


def test_a_folder_that_was_named_is_kept(tmp_path: Path) -> None:
    with iut.start(make(tmp_path), folder=tmp_path / "run") as running:
        pass
    assert "ready" in running.log.read_text()


def test_one_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    with iut.start(make(tmp_path, "stubborn")) as running:
        assert running.stop() == -signal.SIGKILL


def test_a_child_in_a_session_of_its_own_is_killed(tmp_path: Path) -> None:
    with iut.start(make(tmp_path, "child")) as running:
        child = child_of(running)
        assert exists(child) and os.getsid(child) == child
    assert not exists(child)


def test_nothing_is_left_when_we_are_killed(tmp_path: Path) -> None:
    make(tmp_path, "child")
    script = (
        "import sys, time; from wirelaw import iut\n"
        f"running = iut.start(iut.load({str(tmp_path / 'fake.toml')!r}))\n"
        "print(running.pid, running.log_since().split('child ')[1].split()[0], flush=True)\n"
        "time.sleep(60)\n"
    )
    source = str(Path(iut.__file__).resolve().parents[2])
    ours = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": source, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert ours.stdout is not None
    pid, child = (int(word) for word in ours.stdout.readline().split())
    assert exists(pid) and exists(child)
    ours.kill()
    ours.wait()
    assert wait_gone(pid) and wait_gone(child)


def test_restart_keeps_the_data_and_the_ports(tmp_path: Path) -> None:
    with iut.start(make(tmp_path)) as running:
        first, port, offset = running.pid, running.ports["tcp"], running.log_offset()
        running.restart()
        assert running.pid != first and running.ports["tcp"] == port and not exists(first)
        assert "starts 2" in running.log_since(offset)
        running.restart(kill=True, keep_data=False)
        assert running.log_since().count("starts 1\n") == 2
        assert running.num_starts == 3 and say(running, b"x") == b"x"


def test_one_without_memory_cannot_be_restarted(tmp_path: Path) -> None:
    with iut.start(make(tmp_path, more="[restart]\nsupported = false\n")) as running:
        with pytest.raises(UserError, match="keeps nothing over a restart"):
            running.restart()
        assert running.alive()
        running.restart(keep_data=False)
        assert running.alive()


def test_a_crash_is_seen_with_its_report(tmp_path: Path) -> None:
    with iut.start(make(tmp_path)) as running:
        offset = running.log_offset()
        assert say(running, b"crash") == b""
        assert not running.alive(settle=5.0)
        assert running.exit_status() == -signal.SIGABRT
        (report,) = running.diagnostics(offset)
        assert report.kind == "sanitizer" and "heap-buffer-overflow" in report.line
        running.restart()
        assert say(running, b"x") == b"x"


def test_death_fd(tmp_path: Path) -> None:
    import select

    with iut.start(make(tmp_path)) as running:
        assert not select.select([running.death_fd], [], [], 0)[0]
        os.kill(running.pid, signal.SIGKILL)
        assert select.select([running.death_fd], [], [], 5)[0]


@pytest.mark.parametrize(
    ("vice", "said"),
    [
        ("dies", "fake ended with status 3 before it was ready: it said 'no such luck'"),
        ("deaf", "fake was not ready within 0.3 s: it said 'starts 1'"),
    ],
)
def test_one_that_does_not_come_up(tmp_path: Path, vice: str, said: str) -> None:
    descriptor = make(tmp_path, vice)
    file = descriptor.file
    file.write_text(file.read_text().replace("timeout = 5", "timeout = 0.3"))
    with pytest.raises(UserError, match=said):
        iut.start(iut.parse(file))
    below = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(tmp_path) not in below.stdout


def test_one_that_is_not_installed(tmp_path: Path) -> None:
    file = make(tmp_path).file
    file.write_text(
        file.read_text()
        .replace(f'"{sys.executable}"', '"no-such-program"')
        .replace('from = "ours"', 'from = "npm"\npackages = ["x"]')
    )
    with pytest.raises(UserError, match="run 'wirelaw iut install fake'"):
        iut.start(iut.parse(file))


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is taken"):
            iut.start(make(tmp_path), wanted_ports={"tcp": port})


def test_a_transport_that_it_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fake does not listen on ws for mqtt5; it offers tcp"):
        iut.start(make(tmp_path), ["ws"])


def test_leases_never_agree() -> None:
    leases = [ports.lease() for _ in range(50)]
    assert len({lease.port for lease in leases}) == 50
    with pytest.raises(UserError, match="is taken"):
        ports.lease_exactly(leases[0].port)
    for lease in leases:
        lease.release()
    ports.lease_exactly(leases[0].port).release()


@pytest.mark.skipif(netns.missing_permission() is not None, reason="needs a network namespace")
def test_one_that_binds_every_address_has_a_network_of_its_own(tmp_path: Path) -> None:
    with iut.start(make(tmp_path, "any")) as running:
        assert running.netns_pid == running.pid and running.netns_fd is not None
        assert say(running, b"hello") == b"hello"
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", running.ports["tcp"]), timeout=1)
        running.restart()
        assert say(running, b"again") == b"again"
    assert running.netns_fd is None


def test_without_permission_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(netns.os, "geteuid", lambda: 65534)
    with pytest.raises(UserError, match="unshare --map-root-user --net"):
        iut.start(make(tmp_path, "any"))


def test_certificates(tmp_path: Path) -> None:
    import ssl

    made = iut.make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server, made.server_key)
    context.load_cert_chain(made.client, made.client_key)
    context.load_verify_locations(made.ca)
    verified = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", made.ca, made.server, made.client],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr


def test_diagnostics() -> None:
    log = "fine\nx.c:3:7: runtime error: shift\nmore\npanic: runtime error: index\ngoroutine 1\n"
    found = iut.diagnostics(log)
    assert [report.kind for report in found] == ["sanitizer", "panic"]
    assert "goroutine 1" in found[1].text
