"""IUTs that run already, named by a URL."""

import socket

import pytest

from wirelaw import iut
from wirelaw.errors import UserError


@pytest.mark.parametrize(
    ("url", "transport", "port", "path"),
    [
        ("tcp://127.0.0.1:1", "tcp", 1, ""),
        ("mqtt://localhost", "tcp", 1883, ""),
        ("mqtts://localhost", "tls", 8883, ""),
        ("ws://127.0.0.1:90/there", "ws", 90, "/there"),
        ("wss://127.0.0.1", "wss", 443, "/mqtt"),
    ],
)
def test_urls(url: str, transport: str, port: int, path: str) -> None:
    with iut.external(url) as running:
        (listener,) = running.listeners.values()
        assert (listener.transport, listener.port, listener.path) == (transport, port, path)
        assert running.netns_fd is None and running.exit_status() is None


def test_the_login_in_a_url_is_never_shown() -> None:
    running = iut.external("tcp://user:secret@127.0.0.1:1")
    assert running.credentials.username == "user" and running.credentials.password == "secret"
    assert "secret" not in running.name and "secret" not in repr(running.credentials)
    with pytest.raises(UserError) as caught:
        iut.external("http://user:secret@127.0.0.1:1")
    assert "secret" not in str(caught.value)


def test_another_machine_needs_a_yes() -> None:
    with pytest.raises(UserError, match="192.0.2.1 is not this machine; add --yes"):
        iut.external("tcp://192.0.2.1:1883")
    assert iut.external("tcp://192.0.2.1:1883", allow_remote=True).ports == {"tcp": 1883}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("here", "is no IUT: give a name, or a URL"),
        ("tcp://", "names no host"),
        ("tcp://127.0.0.1:99999", "has a port that is none"),
    ],
)
def test_what_is_no_url(url: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        iut.external(url)


def test_alive_means_that_it_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        running = iut.external(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        assert running.alive()
    assert not running.alive()
    with pytest.raises(UserError, match="was not started by wirelaw"):
        running.restart()
