"""``wirelaw bench``: that it runs and says what it measured; never how fast that was."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from wirelaw import bench, cli, paths
from wirelaw.bench import peers

MESSAGES = 4
PEER = """
#include "bench/peer.h"
const char bench_peer_name[] = "picky";
const char bench_peer_checks[] = "nothing";
int bench_peer_decode(const uint8_t *bytes, size_t len, int version) {
  (void)len;
  return bytes[0] >> 4 == 1 ? BENCH_REFUSES : version == 5 ? BENCH_CANNOT : BENCH_ACCEPTS;
}
"""


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def call(*argv: str) -> tuple[int, str, str]:
        status = cli.main(["bench", "codec", "mqtt", "--rounds", "2", *argv])
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def picky(tmp_path):
    """A peer that refuses CONNECT and cannot decode 5.0."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    source, made = tmp_path / "picky.c", tmp_path / "picky.so"
    source.write_text(PEER)
    include = f"-I{paths.data('harness/bench').parent}"
    subprocess.run(["cc", *peers.CFLAGS, include, str(source), "-o", str(made)], check=True)
    return made


def test_ours_alone_in_json(run):
    status, out, _ = run("--no-peers", "--json")
    document = json.loads(out)
    assert status == 0
    assert document["bench"] == "codec mqtt"
    assert len(document["rows"]) == MESSAGES
    for row in document["rows"]:
        assert row["subject"] == "wirelaw"
        assert row["unit"] == "ns"
        assert row["ratio_to_wirelaw"] == 1
        assert 0 < row["value"] <= row["median"]
    assert {peer["subject"] for peer in document["missing"]} == {peer.name for peer in peers.PEERS}


def test_the_table_names_messages_and_what_is_missing(run):
    status, out, _ = run("--no-peers")
    assert status == 0
    assert "CONNECT, 65 bytes" in out
    for peer in peers.PEERS:
        assert f"{peer.name}: {peer.get}" in out


def test_a_peer_has_rows_for_what_it_accepts(run, picky):
    status, out, _ = run("--no-peers", "--json", "--peer", str(picky))
    rows = [row["what"] for row in json.loads(out)["rows"] if row["subject"] == "picky"]
    assert status == 0
    assert rows == ["PUBLISH QoS 1, 132 bytes", "SUBSCRIBE, five filters"]


def test_a_file_that_is_no_peer(run, tmp_path):
    (tmp_path / "text.so").write_text("text")
    status, _, err = run("--no-peers", "--peer", str(tmp_path / "text.so"))
    assert status == 2
    assert "cannot be loaded" in err


def test_a_peer_that_is_not_there(run):
    status, _, err = run("--no-peers", "--peer", "nowhere.so")
    assert status == 2
    assert "no such file" in err


def test_peers_without_their_code_are_missing(monkeypatch):
    monkeypatch.setattr(peers, "has_code", lambda peer: False)
    assert peers.available() == ([], list(peers.PEERS))


def test_ratios_are_to_ours():
    outcome = bench.read(
        "subject\twirelaw\tall\nsubject\tother\tlengths\n"
        "figure\tm\twirelaw\t10.00\t11.00\nfigure\tm\tother\t25.00\t26.00\n"
    )
    assert [(row.subject, row.ratio) for row in outcome.rows] == [("wirelaw", 1), ("other", 2.5)]
    assert outcome.checks == {"wirelaw": "all", "other": "lengths"}


def test_captures_are_read_whole(capsys, tmp_path):
    options = ["--megabytes", "2", "--flows", "50", "--tshark-megabytes", "1", "--rounds", "1"]
    status = cli.main(["bench", "pcap", "--json", "--folder", str(tmp_path), *options])
    document = json.loads(capsys.readouterr().out)
    assert status == 0
    assert document["bench"] == "pcap"
    rows = {(row["what"], row["subject"]): row for row in document["rows"]}
    assert rows["read", "wirelaw pcap check"]["ratio_to_wirelaw"] == 1
    assert rows["read", "libpcap alone"]["value"] > 0
    assert rows["messages", "wirelaw pcap check"]["unit"] == "1/s"
    assert ("read", "tshark") in rows or document["missing"] == ["tshark"]
    assert list(tmp_path.iterdir()) == []


def test_captures_as_a_table(capsys):
    assert cli.main(["bench", "pcap", "--megabytes", "1", "--flows", "5", "--rounds", "1",
                     "--tshark-megabytes", "1"]) == 0  # fmt: skip
    out = capsys.readouterr().out
    assert "messages/s" in out
    assert "times as fast as libpcap alone" in out


def test_numbers_that_make_no_sense(capsys):
    assert cli.main(["bench", "pcap", "--flows", "0"]) == 2
    assert "--flows 0: from 1 to" in capsys.readouterr().err
