"""The comparison with other codecs: its own parts, without any of the others."""

from __future__ import annotations

import sys

import pytest

from wirelaw import catalogue
from wirelaw.differential import codecs, groups, inputs
from wirelaw.differential.inputs import Packet

PINGREQ = Packet("mqtt5", b"\xc0\x00")
BAD = Packet("mqtt5", b"\xc1\x00")
SHIM = """
import sys
for line in sys.stdin:
    if line.startswith("5 c1"):
        sys.exit(1)
    print("reject because of 17", flush=True)
"""


def test_mutations_are_the_same_in_every_run():
    seeds = inputs.vectors()
    first, second = (list(inputs.mutations(seeds, 500)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 400


def test_ours_names_the_requirement():
    ours = codecs.Ours()
    assert ours.judge(PINGREQ) is None
    assert ours.judge(BAD) == "MQTT5-2.1.3-1"
    with pytest.raises(codecs.NotOnePacket):
        ours.judge(Packet("mqtt5", b"\xc0\x00\xc0\x00"))


def test_a_codec_that_a_packet_kills_goes_on_with_the_next(tmp_path):
    (tmp_path / "shim.py").write_text(SHIM)
    other = codecs.Other("fragile", [sys.executable, "shim.py"], tmp_path)
    refused, died = ("reject", "because of 17"), ("crash", "")
    assert other.judge([PINGREQ, BAD, PINGREQ]) == [refused, died, refused]


def test_groups_leave_out_agreement_and_numbers():
    rows = [
        ("a", PINGREQ, None, "accept", ""),
        ("b", PINGREQ, None, "reject", "17 is too many"),
        ("b", PINGREQ, None, "reject", "9 is too many"),
        ("c", PINGREQ, None, "cannot", ""),
        ("d", BAD, "MQTT5-2.1.3-1", "accept", ""),
    ]
    found = groups.gather(rows)
    assert [(group.key, group.count) for group in found] == [
        (groups.Key("b", "accept", "N is too many", "mqtt5 PINGREQ"), 2),
        (groups.Key("d", "MQTT5-2.1.3-1", "accept", ""), 1),
    ]
    assert found[0].settled is None
    assert found[1].settled is not None
    assert found[1].settled.right == "wirelaw"


def test_what_is_settled_names_statements_that_exist():
    known = {row.id for name in ("mqtt5", "mqtt311") for row in catalogue.load(name)}
    for row in groups.settled():
        assert row.right in ("wirelaw", "codec", "both")
        assert row.why
        listed = row.ours if isinstance(row.ours, list) else []
        assert set(listed) | set(row.sentences) <= known
