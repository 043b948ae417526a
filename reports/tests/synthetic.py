"""Results of a run that never was: for tests of the reports, in any size, the same for one seed.

`python synthetic.py FOLDER [CASES] [SEED]` writes a results.json to look at.
"""

from __future__ import annotations

import datetime
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from wirelaw.results import (
    Capture,
    CaseResult,
    Catalogue,
    CatalogueRow,
    Deviation,
    Iut,
    Message,
    MonitorViolation,
    PlannedCase,
    Results,
    ResultsWriter,
    Run,
    Span,
    Step,
    Verdict,
    Violation,
)

#: What an IUT might send to break a page, a terminal or a machine's file.
HOSTILE = (
    "</script><script>window.owned=1</script>",
    "<img src=x onerror=window.owned=1>",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "]]><owned/><![CDATA[",
    "safe\u202egnp.exe\u2066\u200b",
    "'\"><svg onload=window.owned=1>",
    "nul\x00 bell\x07 \ufffe\uffff \udc80",
    "{{ 7*7 }} ${7*7} javascript:window.owned=1",
    "| a | `b` [x](javascript:window.owned=1) <!-- @everyone",
    "=cmd|'/c calc'!A0",
)

SECTIONS = {
    "1": "Introduction", "1.5": "Data representation", "1.5.4": "UTF-8 Encoded String",
    "2": "MQTT Control Packet format", "2.1": "Structure", "2.2": "Variable Header",
    "3": "MQTT Control Packets", "3.1": "CONNECT", "3.1.2": "CONNECT Variable Header",
    "3.1.2.11": "CONNECT Properties", "3.1.3": "CONNECT Payload", "3.1.4": "CONNECT Actions",
    "3.2": "CONNACK", "3.2.2": "CONNACK Variable Header", "3.3": "PUBLISH",
    "3.3.1": "PUBLISH Fixed Header", "3.3.2": "PUBLISH Variable Header", "3.3.4": "PUBLISH Actions",
    "3.8": "SUBSCRIBE", "3.8.3": "SUBSCRIBE Payload", "3.8.4": "SUBSCRIBE Actions",
    "3.10": "UNSUBSCRIBE", "3.12": "PINGREQ", "3.14": "DISCONNECT",
    "4": "Operational behavior", "4.1": "Session State", "4.3": "Quality of Service levels",
    "4.4": "Message delivery retry", "4.6": "Message ordering", "4.7": "Topic Names and Filters",
    "4.8": "Subscriptions", "4.9": "Flow Control", "4.12": "Enhanced authentication",
    "4.13": "Handling errors", "6": "Using WebSocket as a network transport",
}  # fmt: skip

_LEAVES = [number for number in SECTIONS if number not in ("1", "2", "3", "4")]
_SUBJECTS = ("A second CONNECT", "A reserved flag that is set", "An unknown reason code",
             "A packet identifier that is in use", "A repeated property", "An empty topic filter",
             "A topic name with a wildcard", "A retained message of no bytes")  # fmt: skip
_RULES = ("closes the connection", "is answered with the reason code of its kind",
          "is never delivered to a subscriber", "is treated as a protocol error",
          "leaves the session as it was", "is sent again when the session is resumed")  # fmt: skip
_TITLES = ("closes after", "answers", "keeps the order of", "refuses", "delivers once", "resends")
_CONNS = ("pub", "sub", "re")


def catalogue(rng: random.Random, size: int) -> list[CatalogueRow]:
    """Rows spread over the sections, a fifth of them minted, some untestable or not applicable."""
    rows = []
    for i in range(size):
        section = _LEAVES[i * len(_LEAVES) // size]
        level = rng.choices(("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"), (60, 22, 9, 4, 5))[0]
        minted = level[0] != "M" or level == "MAY"
        name = f"MQTT5-{section}/rule-{i}" if minted else f"MQTT5-{section}-{i}"
        testable = rng.random() > 0.05
        applicable = rng.random() > 0.07
        rows.append(
            CatalogueRow(
                name, level, section, f"{rng.choice(_SUBJECTS)} {rng.choice(_RULES)}.",
                testable, applicable,
                None if testable else "It concerns what the server keeps to itself.",
                "minted" if minted else "official",
            )
        )  # fmt: skip
    return rows


class _Wire:
    """Makes messages with bytes, spans and packet numbers that fit together."""

    def __init__(self, rng: random.Random, hostile: bool) -> None:
        self.rng, self.hostile = rng, hostile
        self.frame, self.time = 0, 0

    def text(self, usual: str) -> str:
        return self.rng.choice(HOSTILE) if self.hostile else usual

    def _next(self) -> tuple[int, int]:
        self.frame += self.rng.randint(1, 2)
        self.time += self.rng.randint(40_000, 3_000_000)
        return self.time, self.frame

    def event(self, conn: str, direction: str, kind: str) -> Message:
        time, frame = self._next()
        return Message(conn, direction, time, kind, {"open": "TCP connection opened",
            "close": "TCP connection closed", "reset": "connection reset"}[kind], "", frame)  # fmt: skip

    def publish(self, conn: str, direction: str, qos: int, broken: str | None) -> Message:
        time, frame = self._next()
        topic = self.text(f"wirelaw/{self.rng.randrange(1 << 24):06x}/a")
        payload = self.rng.randbytes(self.rng.choice((4, 16, 40)))
        wire, tree = publish_bytes(topic, qos, self.rng.randrange(1, 0xFFFF), payload)
        violation = Violation(broken, 0, 1, "QoS 3 does not exist") if broken else None
        return Message(conn, direction, time, "PUBLISH", f"PUBLISH q{qos} {topic}, {len(payload)} B",
                       wire.hex(), frame, violation, tree)  # fmt: skip

    def fixed(self, conn: str, direction: str, kind: str, wire: str) -> Message:
        time, frame = self._next()
        name = self.text(kind) if self.hostile else kind
        tree: list[Span] = [
            {"name": kind, "at": 0, "len": len(wire) // 2, "parent": None, "value": None},
            {"name": "flags", "at": 0, "len": 1, "parent": 0, "value": int(wire[1], 16)},
            {"name": "remaining length", "at": 1, "len": 1, "parent": 0, "value": int(wire[2:4], 16)},
            {"name": "client id", "at": 2, "len": len(wire) // 2 - 2, "parent": 0,
             "value": self.text("c0")},
        ]  # fmt: skip
        return Message(conn, direction, time, kind, name, wire, frame, None, tree)


def publish_bytes(topic: str, qos: int, packet_id: int, payload: bytes) -> tuple[bytes, list[Span]]:
    """An MQTT 5.0 PUBLISH and its span map."""
    name = topic.encode("utf-8", "replace")
    head = len(name).to_bytes(2, "big") + name
    ident = packet_id.to_bytes(2, "big") if qos else b""
    body = head + ident + b"\x00" + payload
    length = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128, len(body) >> 7])
    wire = bytes([0x30 | qos << 1]) + length + body
    spans: list[Span] = []

    def span(name: str, at: int, size: int, value: str | int | None, parent: int | None = 0) -> int:
        spans.append({"name": name, "at": at, "len": size, "parent": parent, "value": value})
        return at + size

    span("PUBLISH", 0, len(wire), None, None)
    span("dup", 0, 1, 0)
    span("qos", 0, 1, qos)
    at = span("remaining length", 1, len(length), len(body))
    at = span("topic", at + 2, len(name), topic)
    at = span("packet id", at, 2, packet_id) if qos else at
    at = span("properties", at, 1, None)
    span("payload", at, len(payload), payload.hex())
    return wire, spans


def case(
    rng: random.Random, wire: _Wire, name: str, rows: list[CatalogueRow], verdict: Verdict
) -> CaseResult:
    """One case with the verdict: two connections, a publish, and an expectation for each row."""
    first = wire.frame + 1
    title = f"The server {rng.choice(_TITLES)} {rows[0].statement[0].lower()}{rows[0].statement[1:]}"
    result = CaseResult(name, wire.text(title) if wire.hostile else title, verdict, "server",
                        [row.id for row in rows], seconds=rng.expovariate(8))  # fmt: skip
    if verdict in (Verdict.UNTESTED, Verdict.NOT_APPLICABLE):
        result.cause = "slow" if verdict is Verdict.UNTESTED else "the IUT has no shared subscriptions"
        return result
    result.messages = list(_talk(rng, wire, rows[0].id if verdict is Verdict.FAIL else None))
    result.capture = Capture("run.pcapng", first, wire.frame)
    result.repeat = f"wirelaw check mqtt5 --iut example -k '{name}'"
    result.log = wire.text(f"1: client {name} connected\n2: client disconnected")
    _steps(result, rows, wire)
    return result


def _talk(rng: random.Random, wire: _Wire, broken: str | None) -> Iterator[Message]:
    for conn in ("sub", "pub"):
        yield wire.event(conn, "to_iut", "open")
        yield wire.fixed(conn, "to_iut", "CONNECT", "101000044d5154540502003c00000363" + "3a31")
        yield wire.fixed(conn, "from_iut", "CONNACK", "20030000" + "00")
    yield wire.fixed("sub", "to_iut", "SUBSCRIBE", "8209000100000361" + "2f6202")
    yield wire.fixed("sub", "from_iut", "SUBACK", "900400010002")
    if broken:
        odd = wire.fixed("pub", "to_iut", "PINGREQ", "c100")
        odd.violation = Violation(broken, 0, 1, "reserved flags")
        yield odd
    for _ in range(rng.randint(1, 3)):
        yield wire.publish("pub", "to_iut", 1, None)
        yield wire.fixed("pub", "from_iut", "PUBACK", "40020001")
    yield wire.publish("sub", "from_iut", 3 if broken else 1, broken)
    yield wire.event("sub", "from_iut" if broken else "to_iut", "close")


_CAUSES = {
    Verdict.FAIL: "wrong value", Verdict.WARN: "preferred answer missing",
    Verdict.INCONCLUSIVE: "preamble", Verdict.ERROR: "harness",
}  # fmt: skip


def _steps(result: CaseResult, rows: list[CatalogueRow], wire: _Wire) -> None:
    said = result.verdict
    texts = [("sub", "connect"), ("pub", "connect"), ("sub", "subscribe $t/a at QoS 2, granted 2"),
             ("pub", "publish $nonce to $t/a at QoS 1")]  # fmt: skip
    result.steps = [
        Step(i, conn, text, Verdict.PASS, message=3 * i + 1 if i < 2 else 6 + 2 * (i - 2))
        for i, (conn, text) in enumerate(texts)
    ]
    for row in rows:
        index = len(result.steps)
        decided = index == len(texts)
        verdict = said if decided else Verdict.PASS if said is Verdict.PASS else Verdict.UNTESTED
        result.steps.append(
            Step(index, "sub", f"expect PUBLISH for {row.section}", verdict, row.id,
                 message=len(result.messages) - 2)
        )  # fmt: skip
    if said is Verdict.PASS:
        return
    result.cause, result.failed_step = _CAUSES[said], len(texts)
    step = result.steps[len(texts)]
    step.expected = "PUBLISH with qos 1 within 1.0 s"
    step.got = wire.text(result.messages[-2].summary)


def generate(
    folder: Path,
    num_cases: int = 600,
    seed: int = 1,
    *,
    name: str = "example",
    version: str | None = "2.0.11",
    hostile: bool = False,
    failing: float = 0.04,
    baseline: Results | None = None,
    started: str = "2026-11-24T10:00:00+00:00",
) -> Results:
    """Writes results.json into the folder and gives what is in it."""
    rng = random.Random(seed)
    rows = catalogue(random.Random(0), max(12, num_cases * 2 // 5))
    shown = f"{name} {HOSTILE[0]}{HOSTILE[2]}{HOSTILE[4]}" if hostile else name
    iut = Iut(shown, "server", "mqtt5", version, "ab" * 32, "tcp", "mqtt://127.0.0.1:41883",
              {"qos1": True, "qos2": True, "retain": True, "shared": False})  # fmt: skip
    run = Run(f"run-{seed}", started, "0.1.0", "2026.11", [Catalogue("mqtt-5.0", "1", "cd" * 32)],
              ["wirelaw", "check", "mqtt5", "--iut", name], "Linux 6.1 x86_64", seed)  # fmt: skip
    wire = _Wire(rng, hostile)
    usable = [row for i, row in enumerate(rows) if row.testable and row.applicable and i % 13]
    other = 1 - failing
    weights = (0.86 * other, 0.02 * other, failing, 0.02 * other, 0.06 * other, 0, 0.04 * other)
    made = []
    for i in range(num_cases):
        row = usable[i * len(usable) // num_cases]
        also = [usable[(i * 7) % len(usable)]] if i % 5 == 0 else []
        cited = [row, *(each for each in also if each.id != row.id)]
        usual = random.Random(f"{name}-{i}")
        verdict = (rng if rng.random() < 0.03 else usual).choices(list(Verdict), weights)[0]
        name_of = f"{row.section.replace('.', '-')}-case-{i}" + ("[end=rst]" if i % 9 == 0 else "")
        made.append(case(rng, wire, name_of, cited, verdict))
    planned = [PlannedCase(each.id, each.title, each.role, each.requirements) for each in made]
    failed = [each.id for each in made if each.verdict is Verdict.FAIL]
    deviations = [
        Deviation("Known since 1.9; the fix is in review.", "broker team", failed[0],
                  expires=datetime.date(2027, 3, 31)),
        Deviation("Was accepted for the last release.", "qa", failed[1],
                  expires=datetime.date(2026, 6, 30)),
    ] if len(failed) > 1 else []  # fmt: skip
    with ResultsWriter(
        folder, run, iut, rows, planned, deviations=deviations, sections=SECTIONS,
        today=datetime.date(2026, 11, 24),
    ) as writer:  # fmt: skip
        for each in made:
            writer.case_ended(each)
        for violation in _seen(usable, made, wire) if failing else ():
            writer.monitor_violation(violation)
        return writer.finish(seconds=8.4, sessions=2 * num_cases, baseline=baseline)


def _seen(
    rows: list[CatalogueRow], made: list[CaseResult], wire: _Wire
) -> Iterator[MonitorViolation]:
    for row in rows[3:5]:
        message = wire.publish("sub", "from_iut", 1, None)
        yield MonitorViolation(row.id, "sub", made[0].id, message.time_ns, message.frame,
                               message.type, message.summary, message.hex, 2, 2,
                               wire.text("packet identifier 7 is still in use"))  # fmt: skip


if __name__ == "__main__":
    size, seed_given = (int(word) for word in (sys.argv[2:] + ["600", "1"][len(sys.argv) - 2 :]))
    generate(Path(sys.argv[1]), size, seed_given)
