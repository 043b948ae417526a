"""`wirelaw pcap to-case`: what it writes loads, and passes where the conversation came from."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from capture_samples import NAMES, conversation
from engine_bench import run_cases
from wirelaw import paths
from wirelaw.captures.cases import to_case, yamltext
from wirelaw.captures.cases.names import Names
from wirelaw.captures.cases.symbols import symbolic
from wirelaw.cases import load_file, strictyaml
from wirelaw.cli import main
from wirelaw.engine.codec import codec_of
from wirelaw.errors import UserError
from wirelaw.results.model import Verdict


@pytest.mark.parametrize(("name", "protocol"), NAMES, ids=lambda value: str(value))
def test_a_conversation_becomes_a_case_that_passes(
    tmp_path: Path, name: str, protocol: str
) -> None:
    source, flows = conversation(tmp_path, name, protocol)
    text = to_case(source, flows, "server", f"captured-{name}")
    schema = json.loads(paths.data("conformance/case.schema.json").read_text())
    jsonschema.validate(strictyaml.parse(text, "case.yaml"), schema)
    outcome = run_cases(tmp_path, text, name="captured.yaml", protocol=protocol)
    result = outcome[f"captured-{name}"]
    assert result.verdict in (Verdict.PASS, Verdict.WARN), (result.cause, result.steps, text)


def test_it_fails_where_the_answers_are_others(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "retained", "mqtt5")
    text = to_case(source, flows, "server", "captured")
    outcome = run_cases(tmp_path, text, name="captured.yaml", faults=["retained-without-flag"])
    assert outcome["captured"].verdict is Verdict.FAIL


def test_names_are_those_of_the_run(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "session", "mqtt5")
    text = to_case(source, flows, "server")
    assert text.count('client_id: "${s}a"') >= 2  # one client that comes back
    assert "topic: $t/law/" in text and "topic: law/" not in text


def test_what_prepares_stands_in_the_preamble(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "qos2", "mqtt5")
    (tmp_path / "case.yaml").write_text(to_case(source, flows, "server"))
    (case,) = load_file(tmp_path / "case.yaml", "mqtt5")
    assert [step.action for step in case.steps if step.preamble] == ["connect", "subscribe"]
    assert all(step.requirement for step in case.steps if step.action == "receive")


def test_a_client_is_told_what_to_do(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "qos1", "mqtt5")
    publisher = [flow for flow in flows if any(item.type == "PUBACK" for item in flow.items)]
    text = to_case(source, [publisher[-1]], "client", "captured")
    outcome = run_cases(
        tmp_path, text, name="client.yaml", role="client", iut="reference-client"
    )  # fmt: skip
    assert outcome["captured"].verdict is Verdict.PASS, (outcome["captured"].steps, text)


def test_credentials_are_not_written(tmp_path: Path) -> None:
    codec = codec_of("mqtt5")
    wire = codec.build(
        "CONNECT", {"client_id": "x", "user_name": b"somebody", "user_name_flag": 1,
                    "password": b"secret!", "password_flag": 1},
    )  # fmt: skip
    from wirelaw.captures.conversation import Flow, Item

    flow = Flow(1, "1.2.3.4:5", "1.2.3.4:1883", "tcp", "mqtt", True)
    flow.items.append(Item(flow, "message", True, 4, 4, 0, wire, "CONNECT"))
    found = symbolic(codec, wire)
    assert found is not None
    sent = Names(codec, [flow]).sent(flow.items[0], found[0])
    assert "somebody" not in str(sent) and "secret" not in str(sent)


def test_wrong_messages_are_fields_edits_or_bytes_that_make_them_again() -> None:
    codec = codec_of("mqtt5")
    good = codec.build("SUBSCRIBE", {"packet_id": 1, "filters": ["a"]})
    found = symbolic(codec, bytes([0x80]) + good[1:])
    assert found is not None and found[0]["flags"] == 0 and found[1] == []
    for path, value in (("filters[0].reserved", 3), ("packet_id", 0), ("properties.length", 5)):
        wrong = codec.edit(good, [{"force": path, "to": value}])
        found = symbolic(codec, wrong)
        if found is not None:
            assert codec.edit(codec.build("SUBSCRIBE", found[0]), found[1]) == wrong
    assert symbolic(codec, codec.edit(good, [{"force": "properties.length", "to": 5}])) is None
    assert symbolic(codec, b"\x00\x00") is None


def test_texts_are_written_so_that_cases_may_use_them() -> None:
    values = ("yes", "12", "a: b", 'a"b', "it's", "\x01é\U0001f600", "", " x", "$$SYS", "0x1f")
    for value in values:
        text = yamltext.flow({"x": value})
        assert strictyaml.parse(text, "text") == {"x": value}, text


def test_a_conversation_that_began_before_the_capture_is_refused(tmp_path: Path) -> None:
    source, flows = conversation(tmp_path, "qos1", "mqtt5")
    flows[0].from_start = False
    del flows[0].items[0]
    with pytest.raises(UserError, match="began before the capture"):
        to_case(source, flows, "server")


def test_the_command_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, flows = conversation(tmp_path, "raw", "mqtt311")
    out = tmp_path / "out.yaml"
    words = ["pcap", "to-case", source.file, "--flow", str(flows[0].number), "-o", str(out)]
    assert main(words) == 0
    assert 'send: "00 00"' in out.read_text() and "it breaks" in out.read_text()
    assert main(["pcap", "to-case", source.file, "--flow", "99"]) == 2
    assert "no conversation of mqtt in flow 99" in capsys.readouterr().err


def test_cases_of_ones_own_are_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, flows = conversation(tmp_path, "qos1", "mqtt5")
    file, out = tmp_path / "mine.yaml", tmp_path / "out"
    file.write_text(to_case(source, flows, "server", "mine"))
    assert main(["check", "mqtt5", "--cases", str(file), "--report", str(out)]) == 0
    document = json.loads((out / "results.json").read_text())
    assert [case["id"] for case in document["cases"]] == ["mine"]
    assert main(["check", "mqtt5", "--cases", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml does not exist" in capsys.readouterr().err


def test_another_protocol_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from wirelaw.captures import choice
    from wirelaw.captures.conversation import Flow

    flow = Flow(1, "1.2.3.4:5", "1.2.3.4:5683", "udp", "coap", True)
    monkeypatch.setattr(choice, "read", lambda source: [flow])
    assert main(["pcap", "to-case", "x.pcap"]) == 2
    assert "holds conversations of coap, and those of mqtt are needed" in capsys.readouterr().err
