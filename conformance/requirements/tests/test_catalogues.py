"""The catalogues hold what they promise: form, numbering, references, and the texts' own words.

With WIRELAW_SPECS naming a folder that holds the specifications as text (mqtt-v5.0-os.txt,
mqtt-v3.1.1-os.txt, mqtt-v3.1.txt, rfc6455.txt, rfc7252.txt ..., at any depth) each anchor is
looked up in its section as well.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from wirelaw import catalogue, when
from wirelaw.iut.descriptor import CLIENT_PICS, COAP_PICS, SERVER_PICS

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "conformance" / "requirements"
PREFIX = {
    "mqtt31": "MQTT31",
    "mqtt311": "MQTT311",
    "mqtt5": "MQTT5",
    "websocket": "RFC6455",
    "coap": "COAP",
    "coap-observe": "RFC7641",
    "coap-block": "RFC7959",
}
OF_COAP = ("COAP-", "RFC7641-", "RFC7959-")
OFFICIALLY_NUMBERED = ("mqtt311", "mqtt5")
COAP = ("coap", "coap-observe", "coap-block")
RFCS = ("websocket", *COAP)
NUMBERED = (*OFFICIALLY_NUMBERED, *RFCS)
PROTOCOLS = tuple(catalogue.FILES)
PACKETS = (
    "CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK"
    " PINGREQ PINGRESP DISCONNECT AUTH"
).split()

#: How many ids the body of each specification assigns.
OFFICIAL = {
    # The appendix lists 139. Two more stand in the body, with mistyped tags: [MQTT-3.1.2.7] and
    # [MQTT-3-8.3-4].
    "mqtt311": 141,
    "mqtt5": 252,
}

#: Numbers that the specifications leave out, and why their absence is no omission of ours.
GAPS = {
    ("mqtt5", "2.2.1", 1): "The text of 5.0 begins with MQTT-2.2.1-2; no statement bears the 1.",
}

TEXTS = {
    "mqtt5": "mqtt-v5.0-os.txt",
    "mqtt311": "mqtt-v3.1.1-os.txt",
    "mqtt31": "mqtt-v3.1.txt",
    "websocket": "rfc6455.txt",
    "coap": "rfc7252.txt",
    "coap-observe": "rfc7641.txt",
    "coap-block": "rfc7959.txt",
}

CITED = re.compile(
    r"\bMQTT(?:5|311)-\d+(?:\.\d+)*(?:-\d+|/[a-z0-9-]+)|\bMQTT31-[a-z][a-z0-9-]*/[a-z0-9-]+"
    r"|\b(?:COAP|RFC6455|RFC7641|RFC7959)-\d+(?:\.\d+)*/[a-z0-9-]+"
)
ENUM = re.compile(r"\bLAW_R_[A-Z0-9_]+\b(?!\s*##)")


def rows(protocol: str) -> tuple[catalogue.Requirement, ...]:
    return catalogue.load(protocol).rows


def every_row() -> Iterator[catalogue.Requirement]:
    for protocol in PROTOCOLS:
        yield from rows(protocol)


def numbers(section: str) -> tuple[int, ...]:
    return tuple(int(part) for part in section.split("."))


# ---- form


def test_every_file_has_a_protocol() -> None:
    assert {path.name for path in FOLDER.glob("*.csv")} == set(catalogue.FILES.values())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_file_is_plain_csv(protocol: str) -> None:
    content = (FOLDER / catalogue.FILES[protocol]).read_bytes()
    assert content.split(b"\n", 1)[0].decode() == ",".join(catalogue.COLUMNS)
    assert b"\r" not in content and content.endswith(b"\n")
    table = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    assert {len(fields) for fields in table} == {len(catalogue.COLUMNS)}
    for fields in table:
        assert not [field for field in fields if field != field.strip() or "\n" in field]


def test_ids_are_unique_over_all_files() -> None:
    times = Counter(row.id for row in every_row())
    assert [name for name, count in times.items() if count > 1] == []


@pytest.mark.parametrize("protocol", NUMBERED)
def test_id_says_its_origin_and_section(protocol: str) -> None:
    wrong = []
    for row in rows(protocol):
        official = re.fullmatch(PREFIX[protocol] + r"-(\d+(?:\.\d+)*)-[1-9]\d*", row.id)
        minted = re.fullmatch(PREFIX[protocol] + r"-(\d+(?:\.\d+)*)/[a-z0-9]+(-[a-z0-9]+)*", row.id)
        if row.origin == "official":
            home = official and re.sub(r"(\.0)+$", "", official.group(1))
            fits = home and catalogue.within(row.section, home)
        else:
            fits = minted and minted.group(1) == row.section
        if not fits:
            wrong.append((row.id, row.origin, row.section))
    assert wrong == []


def test_ids_of_mqtt_31_are_minted_under_a_heading() -> None:
    for row in rows("mqtt31"):
        found = re.fullmatch(r"MQTT31-([a-z0-9-]+)/[a-z0-9]+(-[a-z0-9]+)*", row.id)
        assert found and found.group(1) == row.section, row.id
        assert row.origin == "minted", row.id


@pytest.mark.parametrize("protocol", NUMBERED)
def test_rows_stand_in_the_order_of_sections(protocol: str) -> None:
    order = [numbers(row.section) for row in rows(protocol)]
    assert order == sorted(order)


@pytest.mark.parametrize("protocol", OFFICIALLY_NUMBERED)
def test_official_numbers_are_complete(protocol: str) -> None:
    official = [row.id.split("-") for row in rows(protocol) if row.origin == "official"]
    assert len(official) == OFFICIAL[protocol]
    seen: dict[str, set[int]] = defaultdict(set)
    for _, section, number in official:
        seen[section].add(int(number))
    missing = {
        (protocol, section, number)
        for section, there in seen.items()
        for number in set(range(1, max(there) + 1)) - there
    }
    assert missing == {gap for gap in GAPS if gap[0] == protocol}


def test_enough_rules_without_a_number_are_minted() -> None:
    minted = Counter(p for p in PROTOCOLS for row in rows(p) if row.origin == "minted")
    assert minted["mqtt5"] >= 150
    assert minted["mqtt311"] >= 50
    assert minted["coap"] >= 210


# ---- words


def test_every_row_was_read_against_the_text() -> None:
    assert [row.id for row in every_row() if row.status != "verified"] == []


def test_testable_or_a_reason() -> None:
    """A row that no test can show says why; a row concerns somebody."""
    for row in every_row():
        hows = {row.how(role) for role in catalogue.ROLES}
        assert hows != {catalogue.NO_DUTY}, row.id
        assert catalogue.NOT_TESTABLE not in hows or len(row.reason.split()) >= 4, row.id


@pytest.mark.parametrize("protocol", NUMBERED)
def test_few_duties_of_a_server_cannot_be_tested(protocol: str) -> None:
    musts = [
        row
        for row in rows(protocol)
        if catalogue.level_group(row.level) == "MUST" and row.concerns("server")
    ]
    untestable = [row.id for row in musts if not row.testable("server")]
    assert len(untestable) * 10 <= len(musts), untestable


def test_when_names_capabilities_of_whom_it_concerns() -> None:
    pics = {"server": SERVER_PICS, "client": CLIENT_PICS}
    for row in every_row():
        concerned = [pics[role] for role in catalogue.ROLES if row.concerns(role)]
        known = COAP_PICS if row.id.startswith(OF_COAP) else frozenset().union(*concerned)
        # A Client declares no transports: what it dials in by is known.
        assert when.parse(row.when).names <= known | {"websocket", "tls"}, row.id


def test_message_is_a_packet() -> None:
    for row in every_row():
        assert set(row.messages) <= set(PACKETS), row.id


def test_reaction_is_known() -> None:
    for row in every_row():
        assert re.fullmatch(
            r"(|ignore|reset|reject|close|0x[0-9A-F]{2}|close 0x[0-9A-F]{2}|[45]\.\d\d)",
            row.reaction,
        ), row.id


def test_same_as_names_another_requirement() -> None:
    """The same rule in another version, or a second statement of it in the same text."""
    known = {row.id for row in every_row()}
    for row in every_row():
        if row.same_as:
            assert row.same_as in known - {row.id}, (row.id, row.same_as)


def test_statement_is_a_sentence_of_ours() -> None:
    for row in every_row():
        assert row.statement[0].isupper() or row.statement[0] in "\"'$/#+0123456789", row.id
        assert row.statement.endswith("."), row.id
        assert row.statement not in {row.anchor, row.anchor + "."}, row.id


# ---- who cites


def tracked() -> Iterator[Path]:
    """The files of the project: those that git tracks, or in a tarball all but what was built."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".venv/", "dist/"))]
    for name in names:
        path = ROOT / name
        tests_in_python = path.suffix == ".py" and "tests" in path.parts  # they make ids up
        if path.is_file() and path.parent != FOLDER and not tests_in_python:
            yield path


def cited(pattern: re.Pattern[str], known: set[str]) -> list[str]:
    """Where the project cites what is not known: file, line, name."""
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for at, line in enumerate(text.split("\n"), 1):
            for name in pattern.findall(line):
                if name not in known:
                    found.append(f"{path.relative_to(ROOT)}:{at}: {name}")
    return found


def test_every_cited_id_exists() -> None:
    assert cited(CITED, {row.id for row in every_row()}) == []


def test_every_cited_enumerator_exists() -> None:
    enum = {"LAW_R_" + re.sub(r"[^A-Z0-9]", "_", row.id.upper()) for row in every_row()}
    assert cited(ENUM, enum | {"LAW_R_NONE", "LAW_R_COUNT"}) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see [MQTT5-3.1.0-2].", ["MQTT5-3.1.0-2"]),
        ("MQTT5-3.1.2.11.2/dup, 3.1.2/x", ["MQTT5-3.1.2.11.2/dup"]),
        ("MQTT311-2.2.3/varint: none", ["MQTT311-2.2.3/varint"]),
        ("MQTT31-connect/client-id", ["MQTT31-connect/client-id"]),
        ("COAP-3/version and RFC6455-5.1/client-mask.", ["COAP-3/version", "RFC6455-5.1/client-mask"]),
        ("MQTT-3.1.0-2 and MQTT5- alone", []),
    ],
)  # fmt: skip
def test_citations_are_recognised(text: str, found: list[str]) -> None:
    assert CITED.findall(text) == found


def test_pasted_enumerators_are_no_citations() -> None:
    assert ENUM.findall("LAW_R_NONE LAW_R_MQTT5_##x LAW_R_##y") == ["LAW_R_NONE"]


# ---- the texts


def spec_text(protocol: str) -> str | None:
    """The text of a specification if WIRELAW_SPECS leads to it."""
    folder = os.environ.get("WIRELAW_SPECS")
    if not folder:
        return None
    found = sorted(Path(folder).rglob(TEXTS[protocol]))
    assert found, f"WIRELAW_SPECS is set, and {TEXTS[protocol]} is nowhere in {folder}"
    return found[0].read_text(encoding="utf-8")


FURNITURE = re.compile(
    r"^\s*(mqtt-v[\d.]+-os\s|Standards Track Work Product\s|\d+ of \d+$|MQTT V3\.1 Protocol Spec)"
)
HEADING = re.compile(r"^\d+\s+((?:\d+\.)*\d+) +[^\s\d].*[^.\s]")
FURNITURE_OF_RFC = re.compile(r"^\s*(\S.*\s)?Standards Track\s+\[Page|^RFC \d+ .*\b20\d\d$")
HEADING_OF_RFC = re.compile(r"^\s?((?:\d+\.)*\d+)\. +\S(?!.*\. \.|.*\.\.\.)")
MARGIN = re.compile(r"^\d+(\s+|$)")


def sections(text: str) -> dict[str, str]:
    """The text of each section, with those below it, as one line of words; "" is all of it.

    The numbers in the margin and what stands at the head and foot of pages are left out. A heading
    is a line whose number can follow the heading before. RFCs have no numbers in the margin.
    """
    texts: dict[str, list[str]] = {"": []}
    last: tuple[int, ...] = (0,)
    is_rfc = re.search(r"^(RFC \d+ |Request for Comments: \d+)", text, re.MULTILINE) is not None
    furniture = FURNITURE_OF_RFC if is_rfc else FURNITURE
    for line in text.replace("\f", "").split("\n"):
        if furniture.match(line):
            continue
        heading = (HEADING_OF_RFC if is_rfc else HEADING).match(line)
        if heading and follows(last, numbers(heading.group(1))):
            last = numbers(heading.group(1))
        words = line.strip() if is_rfc else MARGIN.sub("", line).strip()
        texts[""].append(words)
        for depth in range(1, len(last) + 1):
            name = ".".join(map(str, last[:depth]))
            texts.setdefault(name, []).append(words)
    return {name: " ".join(" ".join(lines).split()) for name, lines in texts.items()}


def follows(last: tuple[int, ...], section: tuple[int, ...]) -> bool:
    """Whether a section can be the next one: the first below `last`, or the next beside any part
    of it."""
    steps = [(*last, 1)] + [(*last[:depth], last[depth] + 1) for depth in range(len(last))]
    return section in steps


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_anchors(protocol: str) -> None:
    """An anchor has three to eight words and, where the text is at hand, stands in its section."""
    text = spec_text(protocol)
    texts = sections(text) if text else None
    wrong = []
    for row in rows(protocol):
        if not 3 <= len(row.anchor.split()) <= 8 or row.anchor != " ".join(row.anchor.split()):
            wrong.append((row.id, "three to eight words", row.anchor))
        if texts is not None:
            place = row.section if protocol in NUMBERED else ""
            if row.anchor not in texts.get(place, ""):
                wrong.append((row.id, f"not in section {place}", row.anchor))
    assert wrong == []


def test_sections_are_found_in_a_text() -> None:
    """The reader of texts, on a page made for it."""
    page = """
        3.1 CONNECT ........ 23
1    1 Introduction
2    1.1 Organization
3    a line of the
4    first part
2  1  0  Exactly once
mqtt-v3.1.1-os           29 October 2014
     Standards Track Work Product      Page 9 of 81
\f5    1.2 Terminology
6    20 Clients speak
7    2 Format
8    the end
"""
    assert sections(page)["1.1"] == "1.1 Organization a line of the first part 1 0 Exactly once"
    assert sections(page)["1.2"] == "1.2 Terminology 20 Clients speak"
    assert sections(page)["1"].startswith("1 Introduction 1.1 Organization a line")
    assert sections(page)["2"] == "2 Format the end"


def test_sections_are_found_in_an_rfc() -> None:
    page = """
Request for Comments: 7252
   2.  Format ........ 9
1.   Introduction
   a line of
   2. The second one
RFC 7252                  CoAP                  June 2014
Somebody, et al.     Standards Track          [Page 9]
\f1.1.   Terms
   20 clients
2.   Format
"""
    assert sections(page)["1"].startswith("1. Introduction a line of 2. The second one 1.1. Terms")
    assert sections(page)["1.1"] == "1.1. Terms 20 clients"
