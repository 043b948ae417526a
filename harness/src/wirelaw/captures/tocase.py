"""`wirelaw pcap to-case`: a captured conversation becomes a case, ready to edit.

What we would send are steps that send; what the other side answered are expectations of its meaning.
Whole exchanges become the flows that cases have for them (connect, publish, subscribe ...), since
these leave the order open where the specification does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wirelaw.captures import mqtt as family
from wirelaw.captures import yamltext
from wirelaw.captures.conversation import Flow, Item, Source, in_time_order
from wirelaw.captures.names import Names
from wirelaw.captures.pauses import kept_pauses
from wirelaw.captures.symbols import symbolic
from wirelaw.engine.codec import Codec, codec_of
from wirelaw.errors import UserError

_MAX_IDS = 3
_NS = 1_000_000_000
_REFUSAL = 0x80
#: Fields of a delivered message that tell its meaning, beside topic and payload.
_CONTENT = (
    "content_type", "response_topic", "correlation_data", "payload_format_indicator",
    "user_property", "subscription_identifier",
)  # fmt: skip
#: What a client can be told of a CONNECT.
_TOLD = ("clean_start", "keep_alive", "will", "session_expiry_interval", "receive_maximum",
         "maximum_packet_size", "topic_alias_maximum", "user_property")  # fmt: skip
#: What says that a case is about more than its own topics.
_WIDE = ("#", "+", "$SYS")


@dataclass
class Step:
    """One step as it will be written. `proves` is the type of answer that it is about."""

    conn: str
    body: Any
    proves: str | None = None
    comment: str | None = None
    opening: bool = False  # a connection or a subscription comes about, and nothing else


def to_case(source: Source, flows: Sequence[Flow], role: str, name: str | None = None) -> str:
    """The text of a file with one case. Raises UserError when the flows cannot be one."""
    variant = _variant(flows, source)
    if role == "server":
        from wirelaw.captures.tocase_server import ServerSide as Side
    else:
        from wirelaw.captures.tocase_client import ClientSide as Side  # type: ignore[assignment]
    steps = Side(flows, variant).steps()
    if not any(step.proves for step in steps):
        side = "server" if role == "server" else "client"
        raise UserError(f"the {side} of {source.name} answers nothing, so there is nothing to expect")
    return _document(source, flows, role, variant, steps, name)


def _variant(flows: Sequence[Flow], source: Source) -> str:
    """The one variant that all flows speak."""
    for flow in flows:
        if not family.is_whole(flow):
            raise UserError(
                f"flow {flow.number} of {source.name} does not begin with {family.OPENS}: choose "
                "whole conversations with --flow"
            )
    spoken = {family.variant_of(flow): flow.number for flow in flows}
    spoken.pop(None, None)
    if not spoken:
        return "mqtt5"  # nobody says what it is, in bytes that are none
    if len(spoken) > 1:
        raise UserError(
            f"the flows of {source.name} speak {' and '.join(map(str, spoken))}, and a case is of one "
            "protocol: choose flows with --flow"
        )
    variant = str(next(iter(spoken)))
    if variant in family.TESTED:
        raise UserError(f"flow {next(iter(spoken.values()))} speaks {variant}, which has no cases")
    return variant


# The document


def _document(
    source: Source, flows: Sequence[Flow], role: str, variant: str, steps: list[Step],
    name: str | None,
) -> str:  # fmt: skip
    ids = _requirements(steps, variant)
    split = _split(steps)
    first, last = flows[0].frame, max(item.last for flow in flows for item in flow.items)
    numbers = ", ".join(str(flow.number) for flow in flows)
    slug = name or _slug(source.name)
    lines = [
        "# yaml-language-server: $schema=../../case.schema.json",
        f"# From {_shown(source.name)}, frames {first} to {last}, flow{'s' * (len(flows) > 1)} {numbers}.",
        "# Run it: wirelaw check " + variant + " --case-file THIS FILE. docs/cases.md tells of every word.",
        "# Check that `requires` names what the case is about, and leave out what it is not about.",
        "",
        f"- id: {slug}",
        f"  title: {yamltext.scalar('The conversation of ' + _shown(source.name))}",
        f"  role: {role}",
        f"  protocols: [{variant}]",
        f"  requires: {yamltext.flow(list(ids.values()))}",
    ]
    lines += _isolation(steps)
    for part, chosen in (("preamble", steps[:split]), ("body", steps[split:])):
        if chosen:
            lines.append(f"  {part}:")
            for step in chosen:
                lines += _lines(step, ids if part == "body" else {})
    return "\n".join(lines) + "\n"


def _lines(step: Step, ids: Mapping[str, str]) -> list[str]:
    body = step.body
    if step.proves in ids and isinstance(body, Mapping):
        body = {**body, "requires": ids[step.proves]}
    return yamltext.step(step.conn, body, step.comment)


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() else "?" for c in text)


def _slug(file: str) -> str:
    stem = re.sub(r"\.(pcapng|pcap|cap)(\.gz)?$", "", file.lower())
    return "captured-" + (re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:40] or "conversation")


def _split(steps: list[Step]) -> int:
    """Where the body begins: behind what only opens connections and subscriptions, but before the
    last step that proves something."""
    at = 0
    while at < len(steps) and steps[at].opening:
        at += 1
    while at > 0 and not any(step.proves for step in steps[at:]):
        at -= 1
    return at


def _requirements(steps: list[Step], variant: str) -> dict[str, str]:
    """The three requirements, by type of answer, that tell the most of the body: the latest."""
    known = family.REQUIREMENTS[variant]
    found: dict[str, str] = {}
    for step in reversed(steps[_split(steps) :]):
        if step.proves in known and step.proves not in found and len(found) < _MAX_IDS:
            found[step.proves] = known[step.proves]
    return found


def _isolation(steps: list[Step]) -> list[str]:
    """A case that listens to more than its own topics must run alone."""
    text = " ".join(yamltext.flow(step.body) for step in steps)
    if re.search(r'filter: "?(?:\$\$SYS|#|\+)', text):
        return ["  isolation: exclusive"]
    return []


# What both sides share


class Side:
    """Walks the timeline once; each of our messages, or of the IUT's, becomes steps, and takes the
    items with it that belong to its exchange."""

    def __init__(self, flows: Sequence[Flow], variant: str) -> None:
        self.flows = flows
        self.codec: Codec = codec_of(variant)
        self.items = in_time_order(flows)
        self.names = Names(self.codec, flows)
        self.conns = {flow: _conn(index) for index, flow in enumerate(flows)}
        self.used: set[Item] = set()
        self.made: list[Step] = []
        self.bound: dict[tuple[Flow, int], str] = {}  # packet identifiers that the IUT chose
        self.over: set[Flow] = set()  # ended by one side
        self._fields: dict[Item, dict[str, Any]] = {}
        self._at = {flow: {item: i for i, item in enumerate(flow.items)} for flow in flows}

    def steps(self) -> list[Step]:
        pauses = kept_pauses(self.codec, self.items)
        for item in self.items:
            if item in pauses and self.made:
                self.made.append(Step("wait", round(pauses[item] / _NS, 1)))
            if item not in self.used:
                self.used.add(item)
                self.take(item)
        return self.made

    def take(self, item: Item) -> None:
        raise NotImplementedError

    def fields(self, item: Item) -> dict[str, Any]:
        if item not in self._fields:
            self._fields[item] = self.codec.fields(item.wire)
        return self._fields[item]

    def after(self, item: Item) -> list[Item]:
        """What follows on its connection and was not taken yet."""
        flow = item.flow
        rest = flow.items[self._at[flow][item] + 1 :]
        return [each for each in rest if each not in self.used]

    def exchange(self, item: Item, *wanted: tuple[str, bool]) -> list[Item] | None:
        """The messages (type, from the client) that follow `item` with its packet identifier, one after
        the other, when nothing but deliveries on their way lies between."""
        found: list[Item] = []
        number = self.fields(item).get("packet_id")
        for each in self.after(item):
            if len(found) == len(wanted):
                break
            type_name, from_client = wanted[len(found)]
            fits = (
                each.is_message and each.status == "ok" and each.type == type_name
                and each.from_client == from_client and self.fields(each).get("packet_id") == number
            )  # fmt: skip
            if fits:
                found.append(each)
            elif not self.on_its_way(each):
                return None
        return found if len(found) == len(wanted) else None

    def on_its_way(self, item: Item) -> bool:
        """What flows of cases look past."""
        return (
            item.is_message and item.status == "ok" and self.from_iut(item)
            and item.type in ("PUBLISH", "PUBREL")
        )  # fmt: skip

    def from_iut(self, item: Item) -> bool:
        raise NotImplementedError

    def say(self, item: Item, body: Any, **more: Any) -> None:
        self.made.append(Step(self.conns[item.flow], body, **more))

    # Messages that we send

    def packet(self, item: Item) -> dict[str, Any] | None:
        """The fields that a step sends this message with; None: it needs its bytes."""
        found = symbolic(self.codec, item.wire) if item.is_message else None
        if found is None:
            return None
        fields, edits = found
        fields = self.names.sent(item, fields)
        self.identify(item, fields)
        return {**fields, "edit": edits} if edits else fields

    def identify(self, item: Item, fields: dict[str, Any]) -> None:
        """An acknowledgement of a message of the IUT has the identifier that the IUT chose."""
        number = fields.get("packet_id")
        name = self.bound.get((item.flow, number)) if number is not None else None
        if name is not None and item.type in (*family.OF_RECEIVER, "SUBACK", "UNSUBACK"):
            fields["packet_id"] = f"${name}"

    def raw(self, item: Item) -> None:
        why = "; ".join(f"it breaks {each.requirement} at byte {each.offset}" for each in item.broken)
        what = "cut short by the capture" if item.kind == "cut" else "only its bytes can say it"
        hidden = family.without_secrets(self.codec, item.wire)
        shown = hidden.hex(" ") if len(hidden) <= 32 else hidden.hex()
        self.say(
            item, {"send": shown},
            comment=f"frame {item.frame}: {item.type or 'bytes'}, {why or what}",
        )  # fmt: skip

    def send(self, item: Item) -> None:
        fields = self.packet(item)
        if fields is None:
            self.raw(item)
            return
        why = "; ".join(f"it breaks {each.requirement} at byte {each.offset}" for each in item.broken)
        comment = f"frame {item.frame}: {why}" if why else None
        self.say(item, {"send": item.type, **fields}, comment=comment)

    # Messages that the IUT sends

    def bind_id(self, item: Item) -> dict[str, Any]:
        """The variable that keeps the packet identifier of a message of the IUT."""
        number = self.fields(item).get("packet_id")
        if number is None:
            return {}
        name = f"id{len(self.bound) + 1}"
        self.bound[item.flow, number] = name
        return {"bind": {name: "packet_id"}}

    def delivered(self, item: Item) -> dict[str, Any]:
        """What a PUBLISH of the IUT must say."""
        fields = self.fields(item)
        wanted: dict[str, Any] = {}
        if fields.get("topic"):
            wanted["topic"] = self.names.topic(fields["topic"])
        wanted["qos"] = fields["qos"]
        if fields["retain"]:
            wanted["retain"] = True
        wanted["payload"] = self.names.value(fields["payload"])
        for name in _CONTENT:
            if name in fields:
                wanted[name] = self.names.property(name, fields[name])
        return wanted


def _conn(index: int) -> str:
    letter, number = "abcdefghijklmnopqrstuvwxyz"[index % 26], index // 26
    return f"{letter}{number or ''}"


def closed_without_reason(items: Sequence[Item]) -> bool:
    return bool(items) and items[0].is_end
