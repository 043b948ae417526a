"""What both sides of a conversation share when it becomes steps of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wirelaw.captures import mqtt as family
from wirelaw.captures.cases.names import Names
from wirelaw.captures.cases.symbols import symbolic
from wirelaw.captures.conversation import Flow, Item, in_time_order
from wirelaw.captures.pauses import kept_pauses
from wirelaw.engine.codec import Codec, codec_of

NS = 1_000_000_000
REFUSAL = 0x80
#: Fields of a delivered message that tell its meaning, beside topic and payload.
_CONTENT = (
    "content_type", "response_topic", "correlation_data", "payload_format_indicator",
    "user_property", "subscription_identifier",
)  # fmt: skip
_LACKS = {
    "gap": "the capture lacks packets here",
    "none": "what was wrong here lies in the transport, and no step says it",
}


@dataclass
class Step:
    """One step as it will be written. `proves` is the type of answer that it is about."""

    conn: str
    body: Any
    proves: str | None = None
    comment: str | None = None
    opening: bool = False  # a connection or a subscription comes about, and nothing else


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
        self.lacks: str | None = None  # what no step can say, told at the next one
        self._fields: dict[Item, dict[str, Any]] = {}
        self._at = {flow: {item: i for i, item in enumerate(flow.items)} for flow in flows}

    def steps(self) -> list[Step]:
        pauses = kept_pauses(self.codec, self.items)
        for item in self.items:
            if item in pauses and self.made:
                self.made.append(Step("wait", round(pauses[item] / NS, 1)))
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
        """The messages (type, from the client) that follow `item` with its packet identifier, one
        after the other, when nothing but deliveries on their way lies between."""
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

    def reason(self, item: Item, value: int) -> int | str:
        """A refusal by its name."""
        each = self.codec.types[item.type or ""]
        field = each.fields.get("reason") or each.fields["reasons"].only_item
        names = {number: name for name, number in field.names.items()} if field else {}
        return names.get(value, value) if value >= REFUSAL else value

    def say(self, item: Item, body: Any, **more: Any) -> None:
        if self.lacks:
            comment = "\n".join(filter(None, [self.lacks, more.get("comment")]))
            more, self.lacks = {**more, "comment": comment}, None
        self.made.append(Step(self.conns[item.flow], body, **more))

    # Messages that we send

    def packet(self, item: Item) -> dict[str, Any] | None:
        """The fields that a step sends this message with; None: it needs its bytes."""
        always = family.DEFAULTED.get(item.type or "", ())
        found = symbolic(self.codec, item.wire, always) if item.is_message else None
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
        if not item.wire:
            self.lacks = f"frame {item.frame}: {_LACKS.get(item.kind, item.kind)}"
            return
        why = "; ".join(
            f"it breaks {each.requirement} at byte {each.offset}" for each in item.broken
        )
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
        why = "; ".join(
            f"it breaks {each.requirement} at byte {each.offset}" for each in item.broken
        )
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
