"""One case as a script for the people who maintain the IUT: it needs Python's standard library only.

The script says again what was said, waits for what came, and tells whether the IUT still does what
decided the verdict. What it plays is data at its top; what plays it is `templates/player.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from wirelaw.errors import UserError
from wirelaw.results import CaseResult, Message, Results, Verdict, printable
from wirelaw.results.model import TO_IUT

from .facts import iut_name, protocol_name

PLAYER = Path(__file__).with_name("templates") / "player.py"
#: How a step that ends a connection reads; its `how` is fin, rst or silent.
_END = re.compile(r"^(?P<conn>[^:]+): end: (?P<how>fin|rst)$")
_WAITED = re.compile(r"nothing for ([0-9.]+) s")
_JUDGED = (Verdict.FAIL, Verdict.WARN, Verdict.INCONCLUSIVE)


def render(results: Results, case: CaseResult) -> str:
    """The script's text. Raises UserError for a case that cannot be played."""
    if case.role != "server":
        raise UserError(f"{case.id} tests a client; a script can play the side of a client only")
    if not case.messages:
        raise UserError(f"{case.id} has no messages in these results; it did not run")
    play = "".join(f"    {item},\n" for item in _play(case))
    head = f"CASE = {_text(case.id)}\nTITLE = {_text(case.title)}\nSENTENCES = {_sentences(results, case)}\n"
    return (
        PLAYER.read_text(encoding="utf-8")
        .replace("# DATA\n", f"{head}FOUND = {_found(results, case)}\nPLAY = [\n{play}]\n")
        .replace("PROTOCOL = 5\n", f"PROTOCOL = {_level(case)}\n")
    )


def _text(text: str) -> str:
    return ascii(printable(text))


def _level(case: CaseResult) -> int:
    """The protocol level that the first CONNECT names; 5 when there is none."""
    for message in case.messages:
        wire = bytes.fromhex(message.hex)
        at = wire.find(b"\x00\x04MQTT")
        if message.direction == TO_IUT and 0 < at < 6 and len(wire) > at + 6:
            return wire[at + 6]
    return 5


def _sentences(results: Results, case: CaseResult) -> list[str]:
    rows = {row.id: row for row in results.requirements}
    step = case.step(case.failed_step)
    ids = [step.requirement] if step is not None and step.requirement else list(case.requirements)
    return [
        printable(f"{name} ({protocol_name(results.iut.protocol)}, section {rows[name].section}): "
                  f"{rows[name].statement}")
        for name in ids if name in rows
    ]  # fmt: skip


def _found(results: Results, case: CaseResult) -> dict[str, object]:
    """What decided the verdict, as the player looks for it again."""
    step = case.step(case.failed_step)
    found: dict[str, object] = {
        "iut": printable(iut_name(results)), "verdict": str(case.verdict), "kind": "nothing",
    }  # fmt: skip
    if case.verdict not in _JUDGED or step is None:
        return found
    found |= {
        "conn": step.conn or "", "expected": printable(step.expected or step.text),
        "got": printable(step.got or step.detail or ""),
    }  # fmt: skip
    message = case.messages[step.message] if step.message is not None else None
    if case.cause and case.cause.endswith("timeout"):
        waited = _WAITED.search(step.got or "")
        return found | {"kind": "silence", "seconds": float(waited[1]) if waited else 5.0}
    if message is not None and message.type in ("close", "reset"):
        return found | {"kind": "close"}
    if message is not None and message.hex and message.direction != TO_IUT:
        return found | {"kind": "message", "hex": message.hex}
    return found


def _play(case: CaseResult) -> Iterator[tuple[object, ...]]:
    """(seconds, verb, connection, hex, what it is), in order, up to what decided the verdict."""
    last = _last(case)
    ends = _ends(case)
    begun = case.messages[0].time_ns
    for index, message in enumerate(case.messages[: last + 1]):
        at = round((message.time_ns - begun) / 1e9, 3)
        for conn, how in ends.pop(index, ()):
            yield (at, "end", conn, how, "")
        yield (at, _verb(message), message.conn, message.hex, printable(message.type))
    for conn, how in (end for some in ends.values() for end in some):
        yield (at, "end", conn, how, "")


def _verb(message: Message) -> str:
    if message.type in ("open", "close", "reset"):
        return "open" if message.type == "open" else "closed"
    return "send" if message.direction == TO_IUT else "get"


def _last(case: CaseResult) -> int:
    """The last message before the tester tidied up: the failed step's, or the last step's. After a
    time-out nothing that came later than its wait began."""
    step = case.step(case.failed_step)
    if step is not None and step.message is not None:
        return step.message
    waited = _WAITED.search(step.got or "") if step is not None else None
    if waited:
        begun = case.messages[-1].time_ns - int(0.9 * float(waited[1]) * 1e9)
        return max((i for i, m in enumerate(case.messages) if m.time_ns <= begun), default=0)
    told = [each.message for each in case.steps if each.message is not None]
    return max(told, default=len(case.messages) - 1)


def _ends(case: CaseResult) -> dict[int, list[tuple[str, str]]]:
    """Where the tester closed a connection: before the message with that index."""
    found: dict[int, list[tuple[str, str]]] = {}
    done = -1
    for step in case.steps:
        match = _END.match(step.text)
        if match and step.verdict is Verdict.PASS:
            closes = (
                i for i, m in enumerate(case.messages)
                if i > done and m.conn == match["conn"] and m.type in ("close", "reset")
            )  # fmt: skip
            at = next(closes, done + 1)
            found.setdefault(at, []).append((match["conn"], match["how"]))
        elif step.message is not None:
            done = max(done, step.message)
    return found
