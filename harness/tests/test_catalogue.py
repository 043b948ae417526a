"""Catalogues in Python: reading, finding, choosing, and the errors of files and users."""

from __future__ import annotations

import dataclasses

import pytest

from wirelaw import catalogue
from wirelaw.errors import UserError

HEADER = ",".join(catalogue.COLUMNS)
GOOD = (
    "MQTT311-3.1.0-1,official,verified,MUST,3.1,wire,-,qos1 and not qos2,CONNECT PUBLISH,close,,"
    'an anchor of words,"A statement, with a comma.",'
)


def read(tmp_path, *lines):
    path = tmp_path / "mqtt.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return catalogue.read("mqtt311", path)


def test_a_row_has_the_columns_of_the_file(tmp_path):
    rows = read(tmp_path, GOOD)
    row = rows.get("MQTT311-3.1.0-1")
    assert [field.name for field in dataclasses.fields(row)] == [*catalogue.COLUMNS, "line"]
    assert row.statement == "A statement, with a comma."
    assert (row.line, row.messages) == (2, ("CONNECT", "PUBLISH"))
    assert row.to_json() == {name: getattr(row, name) for name in catalogue.COLUMNS}
    assert len(rows) == 1 and row.id in rows and "MQTT311-1" not in rows
    assert rows.get("MQTT311-1") is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.id = "other"


def test_what_a_row_says_of_a_role(tmp_path):
    row = read(tmp_path, GOOD).rows[0]
    assert row.testable("server") and row.concerns("server")
    assert not row.testable("client") and not row.concerns("client")
    assert row.applies({"qos1": True}) and not row.applies({"qos1": True, "qos2": True})
    hopeless = read(tmp_path, GOOD.replace("wire,-", "no,no")).rows[0]
    assert hopeless.concerns("server") and not hopeless.testable("server")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (GOOD.replace("official", "offical"), "mqtt.csv:2: origin is 'offical', which is none of"),
        (GOOD.replace("MUST", "must"), "mqtt.csv:2: level is 'must'"),
        (GOOD.replace("wire", "maybe"), "mqtt.csv:2: testable_server is 'maybe'"),
        (GOOD.replace("and not", "&"), "mqtt.csv:2: when: 'qos1 & qos2' has '&'"),
        (GOOD + ",", "mqtt.csv:2: 15 fields instead of 14"),
        (GOOD + "\n" + GOOD, "mqtt.csv:3: MQTT311-3.1.0-1 stands on line 2"),
        (GOOD + '\n"', "mqtt.csv: not a CSV file in UTF-8"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, line, what):
    with pytest.raises(catalogue.CatalogueError) as caught:
        read(tmp_path, line)
    assert what in str(caught.value)


def test_other_columns(tmp_path):
    path = tmp_path / "mqtt.csv"
    path.write_text("id,level\n", encoding="utf-8")
    with pytest.raises(catalogue.CatalogueError, match="mqtt.csv:1: the columns must be id,origin"):
        catalogue.read("mqtt311", path)


def test_no_rows(tmp_path):
    with pytest.raises(catalogue.CatalogueError, match="holds no requirement"):
        read(tmp_path)


@pytest.mark.parametrize("protocol", catalogue.FILES)
def test_the_projects_own_catalogues_load_once(protocol):
    rows = catalogue.load(protocol)
    assert rows is catalogue.load(protocol)
    assert rows.protocol == protocol and len(rows.sha256) == 64
    assert all(row.id.startswith(rows.prefix) for row in rows)


def test_an_unknown_protocol():
    with pytest.raises(UserError, match="no catalogue of 'mqtt9'; there is one of each of mqtt31,"):
        catalogue.load("mqtt9")


@pytest.mark.parametrize(
    "text",
    ["MQTT311-3.14.4-1", "mqtt311-3.14.4-1", "3.14.4-1", "MQTT-3.14.4-1", "[MQTT-3.14.4-1]"],
)
def test_a_requirement_is_found_by_what_people_write(text):
    assert catalogue.load("mqtt311").find(text).id == "MQTT311-3.14.4-1"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("3.14.4-9", "near it: MQTT311-3.14.4-"),
        ("MQTT311-2.2.3/varin", "near it: MQTT311-2.2.3/varint"),
        ("nothing like it", "'wirelaw spec mqtt311' lists them all"),
        ("mqtt31-topics/null", "belongs to mqtt31: try 'wirelaw spec mqtt31 mqtt31-topics/null'"),
    ],
)
def test_what_is_not_found_has_a_way_out(text, hint):
    with pytest.raises(UserError) as caught:
        catalogue.load("mqtt311").find(text)
    assert text in str(caught.value) and hint in str(caught.value)


def test_choosing():
    rows = catalogue.load("mqtt311")
    assert rows.select() == rows.rows
    levels = {row.level for row in rows.select(level="MUST")}
    assert levels == {"MUST", "MUST NOT"}
    assert {row.section for row in rows.select(section="3.1")} >= {"3.1", "3.1.2.5", "3.1.4"}
    assert not any(row.section.startswith("3.10") for row in rows.select(section="3.1"))
    assert all(row.concerns("client") for row in rows.select(role="client"))
    assert rows.select(section="99") == ()
