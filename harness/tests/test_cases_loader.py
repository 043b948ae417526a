"""Loading cases: what they become, and one clear sentence for each thing that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from wirelaw import paths
from wirelaw.cases import load, load_file, schema, strictyaml
from wirelaw.errors import UserError

PING = """\
- id: ping
  protocols: [mqtt5, mqtt311]
  requires: [MQTT5-3.12.4-1, MQTT311-3.12.4-1]
  preamble:
    - a: {connect: {}}
  body:
    - a: {send: PINGREQ}
    - a: {expect: PINGRESP}
"""


def write(folder: Path, text: str, name: str = "x.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def one(folder: Path, body: str, head: str = "requires: MQTT5-3.12.4-1") -> str:
    return str(write(folder, f"- id: x\n  {head}\n  body:\n    - {body}\n"))


# What a case becomes


def test_a_case_for_two_protocols_has_the_ids_of_the_one_that_is_loaded(tmp_path: Path) -> None:
    file = write(tmp_path, PING)
    (new,) = load_file(file, "mqtt5")
    (old,) = load_file(file, "mqtt311")
    assert new.requirements == ("MQTT5-3.12.4-1",) and old.requirements == ("MQTT311-3.12.4-1",)
    assert (
        new.title == "Ping" and new.role == "server" and new.isolation == "topics" and not new.slow
    )
    assert new.source.line == 1 and new.source.path == "x.yaml"
    assert new.nodeid == "x.yaml::ping"


def test_expectations_of_the_body_are_bound_to_the_only_requirement_and_flows_are_not(
    tmp_path: Path,
) -> None:
    (case,) = load_file(write(tmp_path, PING), "mqtt5")
    assert [step.requirement for step in case.steps] == [None, None, "MQTT5-3.12.4-1"]
    assert [step.preamble for step in case.steps] == [True, False, False]
    assert case.steps[1].text == "a: send: PINGREQ"


def test_with_several_requirements_only_steps_that_name_one_are_bound(tmp_path: Path) -> None:
    text = """\
- id: x
  requires: [MQTT5-3.12.4-1, MQTT5-3.1.0-2]
  kills: a-fault
  body:
    - a: {connect: {}, requires: MQTT5-3.1.0-2}
    - a: {ping: true}
    - a: {ping: true, requires: MQTT5-3.12.4-1, kills: [no-pingresp, other]}
"""
    (case,) = load_file(write(tmp_path, text), "mqtt5")
    assert [step.requirement for step in case.steps] == ["MQTT5-3.1.0-2", None, "MQTT5-3.12.4-1"]
    assert [step.kills for step in case.steps] == [("a-fault",), (), ("no-pingresp", "other")]
    assert case.kills == ("a-fault", "no-pingresp", "other")


def test_a_step_knows_whether_it_is_bound_to_a_must(tmp_path: Path) -> None:
    from wirelaw import catalogue

    should = next(row.id for row in catalogue.load("mqtt5") if row.level == "SHOULD")
    text = f"- id: x\n  requires: {should}\n  body:\n    - a: {{ping: true}}\n"
    (case,) = load_file(write(tmp_path, text), "mqtt5")
    assert not case.steps[0].must


def test_a_matrix_makes_a_case_of_each_combination_in_ids_steps_and_keys(tmp_path: Path) -> None:
    text = """\
- id: x
  requires: $req
  matrix:
    - {name: dup, req: MQTT5-3.1.0-2, key: keep_alive, value: 7}
    - {name: other, req: MQTT5-3.12.4-1, key: receive_maximum, value: 8}
  body:
    - a: {connect: {$key: $value}}
    - a: {ping: true}
    - a: {send: PINGREQ, only: {name: dup}}
- id: y
  requires: MQTT5-3.12.4-1
  matrix: {end: [fin, rst], qos: [1]}
  body:
    - a: {ping: true}
    - a: {end: $end}
"""
    cases = load_file(write(tmp_path, text), "mqtt5")
    assert [case.id for case in cases] == [
        "x[dup]",
        "x[other]",
        "y[end=fin,qos=1]",
        "y[end=rst,qos=1]",
    ]
    assert cases[0].requirements == ("MQTT5-3.1.0-2",) and len(cases[0].steps) == 3
    assert (
        cases[1].steps[0].args.sends.fields == {"receive_maximum": 8} and len(cases[1].steps) == 2
    )
    assert cases[3].steps[1].args == "rst"


def test_a_case_that_waits_for_long_is_slow(tmp_path: Path) -> None:
    text = """\
- id: x
  requires: MQTT5-3.12.4-1
  body:
    - wait: 2
    - a: {expect: closed, not_before: 1.5}
"""
    (case,) = load_file(write(tmp_path, text), "mqtt5")
    assert case.slow and case.seconds == 3.5


def test_a_case_in_python_is_a_case_like_others(tmp_path: Path) -> None:
    text = """\
from wirelaw.cases import case

@case("py", requires="MQTT5-3.12.4-1", kills="no-pingresp", matrix={"n": [1, 2]})
async def py(t, n):
    \"\"\"A title

    and more.\"\"\"
"""
    cases = load_file(write(tmp_path, text, "test_x.py"), "mqtt5")
    assert [(case.id, case.title, case.parameters) for case in cases] == [
        ("py[n=1]", "A title", {"n": 1}), ("py[n=2]", "A title", {"n": 2}),
    ]  # fmt: skip
    assert cases[0].function is not None and cases[0].kills == ("no-pingresp",)
    assert cases[0].source.line == 3


# What is wrong with a case


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a: {sned: PINGREQ}", "there is no action `sned`; did you mean `send`?"),
        ("a: {send: PINGREP}", "there is no packet `PINGREP`; did you mean `PING"),
        ("a: {send: PUBLISH, topc: a}", "PUBLISH has no field `topc`; did you mean `topic`?"),
        ("a: {expect: CONNACK, reason: not_authorised}", "did you mean `not_authorized`?"),
        ("a: {expect: PUBLISH, topic: $nope}", "nothing has bound $nope before"),
        (
            "a: {expect: PUBLISH, requires: MQTT5-9.9.9-9}",
            "no catalogue has the requirement MQTT5-9.9.9-9",
        ),
        ("a: {send: PINGREQ}", "no step is bound to a requirement, so it cannot fail"),
        ("a: {none: PUBLISH}", "a `none` proves nothing unless something follows"),
        ("a: {expect: PUBLISH, tolerate: publish}", "`publish` is no pattern"),
        ("a: {end: now}", "`end` is one of fin, rst, silent"),
        ("a: {send: PUBLISH, edit: [{dorp: topic}]}", "an edit is one of set, raw, drop"),
        ("a: {send: PUBLISH, edit: [{force: topic.length}]}", "the edit `force` needs `to:`"),
        ('a: {send: "c0 00", topic: x}', "raw bytes have no fields"),
        ("too-long-name: {ping: true}", "`too-long-name` is no name of a connection"),
        ("a: {ping: true}\n      b: {ping: true}", "one connection a step"),
        ("iut: {do: dance}", "the IUT cannot `dance`"),
        ("a: {connect: {will: {topics: x}}}", "`will` has no `topics`; did you mean `topic`?"),
        (
            "a: {subscribe: [{filter: x, qso: 1}]}",
            "an item of filters has no `qso`; did you mean `qos`?",
        ),
        ("a: {expect: closed, topic: x}", "`expect: closed` has no `topic`"),
        ("a: {expect: SUBACK, bind: {id: packet_idd}}", "SUBACK has no field `packet_idd` to bind"),
        ("a: {expect: PUBLISH, payload: on}", "`on` may mean something else in YAML"),
        ("a: {expect: PUBLISH, only: {end: rst}}", "`only` names `end`, which is no parameter"),
        ("wait: soon", "`wait` is a number of seconds"),
        ("a: {send: PUBLISH, payload: {hex: zz}}", "is no quoted string of hex digits"),
    ],
)
def test_an_error_is_one_sentence_with_file_and_line(tmp_path: Path, body: str, said: str) -> None:
    file = one(tmp_path, body)
    with pytest.raises(UserError) as raised:
        load_file(Path(file), "mqtt5")
    text = str(raised.value)
    assert said in text and "\n" not in text
    assert text.startswith((f"{file}:4:", f"{file}:1: x: no step"))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("requires: []", "names no requirement of mqtt5"),
        (
            "requires: [MQTT5-3.12.4-1, MQTT5-3.1.0-2, MQTT5-3.1.0-1, MQTT5-3.2.0-1]",
            "at most 3; split it",
        ),
        ("role: broker", "`role` is one of server, client"),
        ("protocols: [mqtt4]", "`protocols` names `mqtt4`"),
        ("isolation: none", "`isolation` is one of topics"),
        ("when: [qos1 or]", "`when`: "),
        ("transports: [udq]", "`transports` names `udq`"),
        ("slow: maybe", "`slow` and `bulk` are true or false"),
        ("requirs: x", "a case has no `requirs`; did you mean `requires`?"),
        ("matrix: {end: fin}", "`end` in the matrix needs a list of values"),
        ("matrix: [{end: fin}]", "each row of the matrix needs a `name`"),
        ("matrix: {x: [a b]}", "cannot be part of an id"),
    ],
)
def test_an_error_in_the_head_of_a_case(tmp_path: Path, head: str, said: str) -> None:
    if "requires" not in head:
        head += "\n  requires: MQTT5-3.12.4-1"
    with pytest.raises(UserError, match="x.yaml:") as raised:
        load_file(Path(one(tmp_path, "a: {ping: true}", head)), "mqtt5")
    assert said in str(raised.value)


def test_an_id_is_taken_once_and_the_errors_of_others_can_be_collected(tmp_path: Path) -> None:
    write(tmp_path, PING, "a.yaml")
    write(tmp_path, PING + "- id: Bad\n", "b.yaml")
    with pytest.raises(
        UserError, match="the id ping is taken by a.yaml:1; choose another|`id` is missing"
    ):
        load("mqtt5", tmp_path)
    errors: list[UserError] = []
    assert [case.id for case in load("mqtt5", tmp_path, errors)] == ["ping"]
    assert len(errors) == 2


def test_a_python_file_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    file = write(tmp_path, "x = 1\nraise KeyError('y')\n", "test_x.py")
    with pytest.raises(UserError, match=r"test_x.py:2: KeyError"):
        load_file(file, "mqtt5")


@pytest.mark.parametrize(
    "scalar",
    ["yes", "off", "True", "017", "1_000", "1:30", "2020-01-01", "1e5", ".inf", "0o17", "+1"],
)
def test_yaml_guesses_nothing(scalar: str) -> None:
    with pytest.raises(UserError, match=r"x:1: .*put it in quotes"):
        strictyaml.parse(f"a: {scalar}", "x")
    assert strictyaml.parse(f"a: '{scalar}'", "x") == {"a": scalar}


def test_yaml_takes_what_is_plain() -> None:
    text = "{a: 1, b: -2, c: 0x1f, d: 1.5, e: true, f: null, g: a/b, h: $t/a, i: 5.0-x}"
    assert strictyaml.parse(text, "x") == {
        "a": 1, "b": -2, "c": 31, "d": 1.5, "e": True, "f": None, "g": "a/b", "h": "$t/a",
        "i": "5.0-x",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["a: [", "a: {b: 1, b: 2}", "1: x"])
def test_yaml_that_is_wrong_is_one_sentence(text: str) -> None:
    with pytest.raises(UserError, match=r"^x:\d+: "):
        strictyaml.parse(text, "x")


# The suite that is tracked


def suite_files() -> list[Path]:
    return sorted(paths.data("conformance/cases").rglob("*.yaml"))


@pytest.mark.parametrize("protocol", ["mqtt5", "mqtt311"])
def test_the_whole_suite_loads(protocol: str) -> None:
    cases = load(protocol)
    assert cases and len({case.id for case in cases}) == len(cases)


def test_the_tracked_schema_is_what_the_tables_say() -> None:
    tracked = paths.data(schema.TARGET).read_text(encoding="utf-8")
    assert tracked == schema.render(), "run: python -m wirelaw.cases.schema"


@pytest.mark.parametrize("file", suite_files(), ids=lambda file: file.stem)
def test_every_file_of_cases_obeys_the_schema(file: Path) -> None:
    document = json.loads(paths.data(schema.TARGET).read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(document)
    errors = [
        f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(strictyaml.read(file))
    ]
    assert not errors


@pytest.mark.parametrize(
    "step", ["a: {sned: PINGREQ}", "a: {send: PUBLISH, topc: x}", "a: {end: now}"]
)
def test_the_schema_refuses_what_the_loader_refuses(step: str) -> None:
    document = json.loads(paths.data(schema.TARGET).read_text(encoding="utf-8"))
    case = strictyaml.parse(f"- id: x\n  requires: y\n  body:\n    - {step}\n", "x")
    assert list(jsonschema.Draft202012Validator(document).iter_errors(case))
