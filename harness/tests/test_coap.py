"""CoAP through Python: messages from fields and back, and what has no cases yet says so."""

from __future__ import annotations

import json

import pytest

from wirelaw.cli import main
from wirelaw.engine.codec import BuildError, codec_of


def test_options_in_any_order_and_back() -> None:
    codec = codec_of("coap")
    fields = {
        "message_type": 1, "message_id": 7, "token": b"ab", "uri_query": ["q=1"],
        "unknown": [[2053, b"x"]], "uri_path": ["a", "b"], "content_format": "application_cbor",
        "payload": b"\xa0",
    }  # fmt: skip
    wire = codec.build("PUT", fields)
    assert wire.hex() == "520300076162" + "b161" + "0162" + "113c" + "33713d31" + "e106e978" + "ffa0"
    assert codec.decode(wire, False) == ("ok", None, 0)
    back = codec.fields(wire)
    assert {name: back[name] for name in fields} == {**fields, "content_format": 60}
    assert back["type"] == "PUT" and back["size"] == len(wire)


def test_edits_keep_the_numbers_of_options() -> None:
    codec = codec_of("coap")
    wire = codec.build("GET", {"message_id": 7, "uri_host": "h", "uri_path": "a"})
    dropped = codec.edit(wire, [{"drop": "options.uri_host"}])
    assert codec.document(dropped)["options"] == {"uri_path": ["a"]}
    reserved = codec.edit(wire, [{"force": "options.uri_path.length", "to": 15}])
    assert codec.decode(reserved, False) == ("malformed", "COAP-3.1/length-15", 6)


def test_an_option_without_a_name_is_a_number_and_a_value() -> None:
    with pytest.raises(BuildError, match="unknown must be a number and a value"):
        codec_of("coap").build("GET", {"unknown": [["x", "y"]]})


def test_decode(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "coap", "--json", "70457d34"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["violation"] == {"requirement": "COAP-4.2/reset-empty", "offset": 1}
    assert told["message"]["type"] == "2.05"


@pytest.mark.parametrize("verb", ["check", "faults"])
def test_no_cases_yet(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "coap"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "there are no cases for coap yet" in told
