"""The vectors are what docs/vectors.md says, and the codec behind the Python binding obeys them."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest

from wirelaw import catalogue, paths
from wirelaw.engine.codec import Codec

VARIANTS = ("mqtt31", "mqtt311", "mqtt5", "coap")
STATUSES = {
    "ok": {"message"},
    "malformed": {"requirement", "offset"},
    "protocol_error": {"requirement", "offset"},
    "need_more": {"need"},
    "stream": {"lengths", "end"},
}
COMMON = {"name", "versions", "from", "comment", "hex", "status"}
Vector = dict[str, Any]


@cache
def files() -> dict[str, list[Vector]]:
    """By folder and name, such as coap/header."""
    found = sorted(paths.data("conformance/vectors").glob("*/*.json"))
    return {f"{f.parent.name}/{f.stem}": json.loads(f.read_text("utf-8")) for f in found}


@cache
def codec(variant: str) -> Codec:
    return Codec(variant)


def all_vectors() -> list[Vector]:
    return [vector for vectors in files().values() for vector in vectors]


def sides(vector: Vector) -> list[bool]:
    """Whether the server sent it: both are tried when either may have."""
    return {"client": [False], "server": [True], "either": [False, True]}[vector["from"]]


def test_there_are_enough_with_names_of_their_own() -> None:
    names = Counter(vector["name"] for vector in all_vectors())
    assert len(names) >= 850
    assert sum(len(vectors) for name, vectors in files().items() if name.startswith("coap/")) >= 150
    assert [name for name, times in names.items() if times > 1] == []
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_the_same_bytes_have_one_meaning() -> None:
    meanings: dict[Any, set[Any]] = defaultdict(set)
    for vector in all_vectors():
        for version in vector["versions"]:
            for from_server in sides(vector):
                broken = vector.get("requirement", {}).get(version)
                meaning = (vector["status"], broken, vector.get("offset"))
                key = (version, from_server, vector["hex"], vector["status"] == "stream")
                meanings[key].add(meaning)
    assert {key: found for key, found in meanings.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", list(files()))
def test_each_has_the_keys_of_its_kind(name: str) -> None:
    for vector in files()[name]:
        who = vector["name"]
        assert set(vector) - {"also", "breaks"} == COMMON | STATUSES[vector["status"]], who
        assert "breaks" not in vector or vector["status"] == "ok", who
        assert "also" not in vector or "requirement" in vector, who
        assert vector["versions"] and set(vector["versions"]) <= set(VARIANTS), who
        assert vector["from"] in ("client", "server", "either"), who
        assert re.fullmatch(r"([0-9a-f]{2})*", vector["hex"]), who
        assert vector["comment"], who


@pytest.mark.parametrize("name", list(files()))
def test_each_requirement_is_one_of_its_version(name: str) -> None:
    known = {version: {row.id for row in catalogue.load(version)} for version in VARIANTS}
    known["coap"] |= {row.id for row in catalogue.load("coap-block")}
    for vector in files()[name]:
        named = vector.get("requirement", {})
        if vector["status"] in ("malformed", "protocol_error"):
            assert set(named) == set(vector["versions"]), vector["name"]
            assert 0 <= vector["offset"] <= len(vector["hex"]) // 2, vector["name"]
        if "breaks" in vector:
            assert set(vector["breaks"]) == {"from", "status", "requirement", "offset"}
            named = vector["breaks"]["requirement"]
        for version, requirement in named.items():
            assert requirement in known[version], (vector["name"], requirement)
        for version, requirements in vector.get("also", {}).items():
            assert set(requirements) <= known[version] - {named[version]}, vector["name"]


@pytest.mark.parametrize("name", list(files()))
def test_the_codec_gives_what_they_say(name: str) -> None:
    for vector in files()[name]:
        wire = bytes.fromhex(vector["hex"])
        for version in vector["versions"]:
            expected = (
                vector["status"],
                vector.get("requirement", {}).get(version),
                vector.get("offset", 0),
            )
            who = (vector["name"], version)
            framed = codec(version).frame(wire)
            if vector["status"] == "stream":
                assert framed[:2] == ("ok", vector["lengths"][0]), who
            elif vector["status"] == "need_more":
                assert framed[:2] == ("need_more", vector["need"]), who
            elif framed[0] != "ok":
                assert (framed[0], *framed[2:]) == expected, who
            else:
                assert framed[1] == len(wire), who
                for from_server in sides(vector):
                    assert codec(version).decode(wire, from_server) == expected, (who, from_server)
            if "message" in vector:
                assert codec(version).document(wire) == vector["message"], who
