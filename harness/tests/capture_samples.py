"""Captured conversations for tests: cases that are run on the reference broker, one capture
each."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from engine_bench import run_cases
from wirelaw.captures.conversation import Flow, Source, choose, read

_HEAD = "  protocols: [mqtt5, mqtt311]\n  requires: [MQTT5-3.12.4-1, MQTT311-3.12.4-1]\n"

#: Steps by name. Each is what two sides say in one conversation.
CONVERSATIONS = {
    "qos1": """\
    - sub: {connect: {}}
    - sub: {subscribe: [{filter: $t/a, qos: 1}], granted: [1]}
    - pub: {connect: {}}
    - pub: {publish: {topic: $t/a, qos: 1, payload: hello}}
    - sub: {receive: {topic: $t/a, qos: 1, payload: hello}}
    - sub: {ping: true}
    - pub: {disconnect: {}}
    - sub: {disconnect: {}}
""",
    "qos2": """\
    - sub: {connect: {}}
    - sub: {subscribe: [{filter: $t/+, qos: 2}]}
    - sub: {publish: {topic: $t/a, qos: 2, payload: {hex: "00 ff 01"}}}
    - sub: {receive: {qos: 2}}
    - sub: {unsubscribe: [$t/+]}
    - sub: {end: fin}
""",
    "retained": """\
    - pub: {connect: {}}
    - pub: {publish: {topic: $t/a, qos: 1, retain: true, payload: kept}}
    - pub: {publish: {topic: $t/b, retain: true, payload: also}}
    - pub: {barrier: true}
    - sub: {connect: {}}
    - sub: {subscribe: [{filter: $t/a, qos: 1}]}
    - sub: {receive: {retain: true, payload: kept}}
    - pub: {publish: {topic: $t/a, qos: 1, retain: true, payload: ""}}
    - sub: {receive: {retain: false}}
    - pub: {publish: {topic: $t/b, qos: 1, retain: true, payload: ""}}
    - sub: {disconnect: {}}
    - pub: {disconnect: {}}
""",
    "will": """\
    - w: {connect: {will: {topic: $t/w, payload: gone, qos: 1}}}
    - sub: {connect: {}}
    - sub: {subscribe: [{filter: $t/#, qos: 1}]}
    - w: {end: fin}
    - sub: {receive: {topic: $t/w, payload: gone}}
    - sub: {disconnect: {}}
""",
    "session": """\
    - a: {connect: {clean_start: false, session_expiry_interval: 100}}
    - a: {subscribe: [{filter: $t/a, qos: 2}]}
    - a: {end: rst}
    - pub: {connect: {}}
    - pub: {publish: {topic: $t/a, qos: 1, payload: one}}
    - pub: {publish: {topic: $t/a, qos: 2, payload: two}}
    - a: {connect: {clean_start: false, session_expiry_interval: 100}, session_present: true}
    - a: {receive: {payload: one}}
    - a: {receive: {payload: two}}
    - pub: {disconnect: {}}
    - a: {disconnect: {}}
""",
    "second-connect": """\
    - a: {connect: {}}
    - a: {ping: true}
    - a: {send: CONNECT}
    - a: {expect: closed}
""",
    "malformed": """\
    - a: {connect: {}}
    - a: {send: SUBSCRIBE, filters: [$t/a], edit: [{force: flags, to: 0}]}
    - a: {expect: closed}
""",
    "raw": """\
    - a: {connect: {}}
    - a: {send: "00 00"}
    - a: {expect: closed}
""",
    "pipelined": """\
    - a: {connect: {}}
    - a: {send: [{SUBSCRIBE: {filters: [$t/a]}}, PINGREQ, {PUBLISH: {topic: $t/b, qos: 1}}]}
    - a: {expect: SUBACK}
    - a: {expect: PINGRESP}
    - a: {expect: PUBACK}
    - a: {disconnect: {}}
""",
    "no-identifier": """\
    - a: {connect: {client_id: ""}}
    - a: {subscribe: [$t/a, "$t/b/#", {filter: $t/c, qos: 1}]}
    - a: {publish: {topic: $t/b/x/y, payload: '{"key": "value", "n": 12}'}}
    - a: {receive: {topic: $t/b/x/y}}
    - a: {disconnect: {}}
""",
}

#: In MQTT 5.0 alone.
OF_5 = {
    "properties": """\
    - sub: {connect: {topic_alias_maximum: 5, receive_maximum: 10}}
    - sub: {subscribe: {filters: [{filter: $t/a, qos: 1}], subscription_identifier: 7}}
    - pub: {connect: {user_property: [[one, two]]}}
    - pub:
        publish:
          topic: $t/a
          qos: 1
          content_type: text/plain
          response_topic: $t/answer
          correlation_data: {hex: "01 02 03"}
          user_property: [[k, v], [k, w]]
          payload: hello
    - sub: {receive: {payload: hello}}
    - pub: {send: PUBLISH, topic: $t/a, topic_alias: 1, payload: first}
    - pub: {send: PUBLISH, topic: "", topic_alias: 1, payload: second}
    - sub: {receive: {payload: first}}
    - sub: {receive: {payload: second}}
    - pub: {disconnect: {reason: 4}}
    - sub: {disconnect: {}}
""",
    "shared": """\
    - sub: {connect: {}}
    - sub: {subscribe: [$share/group/$t/a]}
    - pub: {connect: {}}
    - pub: {publish: {topic: $t/a, payload: one}}
    - sub: {receive: {payload: one}}
    - pub: {publish: {topic: $t/a, qos: 1, payload: two}}
    - sub: {receive: {payload: two}}
    - pub: {disconnect: {}}
    - sub: {disconnect: {}}
""",
}
NAMES = [
    *((name, "mqtt5") for name in (*CONVERSATIONS, *OF_5)),
    *((name, "mqtt311") for name in CONVERSATIONS if name != "no-identifier"),
]


def text_of(name: str) -> str:
    """The YAML of one case."""
    steps = CONVERSATIONS.get(name) or OF_5[name]
    head = _HEAD if name in CONVERSATIONS else "  requires: MQTT5-3.12.4-1\n"
    return f"- id: {name}\n{head}  body:\n{steps}"


def capture(folder: Path, name: str, protocol: str, **plan: Any) -> Source:
    """The capture of one conversation with the reference broker."""
    outcome = run_cases(folder, text_of(name), capture=True, protocol=protocol, **plan)
    if not plan:
        assert outcome[name].verdict in ("pass", "warn", "inconclusive"), outcome[name].cause
    return Source(str(folder / "run.pcapng"))


@cache
def _folder() -> Path:
    """For captures that several tests read."""
    folder = Path(tempfile.mkdtemp(prefix="wirelaw-captures-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _shared(name: str, protocol: str) -> Source:
    folder = _folder() / f"{name}-{protocol}"
    folder.mkdir()
    return capture(folder, name, protocol)


def conversation(folder: Path, name: str, protocol: str, **plan: Any) -> tuple[Source, list[Flow]]:
    """The capture, and its flows without the one in which the engine greets the broker."""
    source = capture(folder, name, protocol, **plan) if plan else _shared(name, protocol)
    return source, choose(read(source), [], source)[1:]
