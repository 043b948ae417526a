"""A conversation as a case for a client: we are its server, and an upper tester makes it act."""

from __future__ import annotations

from typing import Any

from wirelaw.captures.cases.side import Side, Step
from wirelaw.captures.conversation import Item

#: What a client can be told of a CONNECT.
TOLD = (
    "clean_start", "keep_alive", "will", "session_expiry_interval", "receive_maximum",
    "maximum_packet_size", "topic_alias_maximum", "user_property",
)  # fmt: skip


class ClientSide(Side):
    """The server's messages are steps; the client is told to send its own, which are expected."""

    def from_iut(self, item: Item) -> bool:
        return item.from_client

    def take(self, item: Item) -> None:
        if item.flow in self.over:
            return
        if item.from_client:
            self._theirs(item)
        elif item.is_end:
            self.over.add(item.flow)
            self.say(item, {"end": item.kind})
        elif item.is_message:
            self.send(item)
        else:
            self.raw(item)

    def tell(self, item: Item, do: str, fields: dict[str, Any]) -> None:
        self.made.append(Step("iut", {"do": do, **fields}, opening=do in ("connect", "subscribe")))

    def _theirs(self, item: Item) -> None:
        if item.is_end:
            self.over.add(item.flow)
            self.say(item, {"expect": "closed", "after_any": ["DISCONNECT"]}, proves="closed")
            return
        maker = getattr(self, f"_{(item.type or '').lower()}", None)
        if item.is_message and item.status == "ok":
            (maker or self._answer)(item)

    def _connect(self, item: Item) -> None:
        sent = self.packet(item) or {}
        told = {name: sent[name] for name in TOLD if name in sent}
        if sent.get("client_id"):
            told["client_id"] = sent["client_id"]
        self.tell(item, "connect", told)
        answer = next(iter(self.after(item)), None)
        expected: dict[str, Any] = {"clean_start": bool(self.fields(item)["clean_start"])}
        if answer is None or answer.type != "CONNACK" or answer.status != "ok":
            self.say(item, {"expect": "CONNECT", **expected}, opening=True)
            return
        self.used.add(answer)
        self.say(item, {"accept": self.packet(answer) or {}, "expect": expected}, opening=True)

    def _subscribe(self, item: Item) -> None:
        fields = self.packet(item) or {}
        answers = self.exchange(item, ("SUBACK", False))
        reasons = self.fields(answers[0])["reasons"] if answers else []
        self.used.update(answers or ())
        for index, each in enumerate(fields.get("filters", [])):
            self.tell(item, "subscribe", {"filters": [each]})
            wanted = {"filters": [{"filter": each}] if isinstance(each, str) else [each]}
            if answers and index < len(reasons):
                self.say(item, {"grant": [reasons[index]], "expect": wanted}, opening=True)
            else:
                self.say(item, {"expect": "SUBSCRIBE", **wanted, **self.bind_id(item)})

    def _unsubscribe(self, item: Item) -> None:
        fields = self.packet(item) or {}
        answers = self.exchange(item, ("UNSUBACK", False))
        self.used.update(answers or ())
        for each in fields.get("filters", []):
            self.tell(item, "unsubscribe", {"filters": [each]})
            if answers:
                self.say(item, {"grant": "unsubscribe", "expect": {"filters": [each]}})
            else:
                self.say(item, {"expect": "UNSUBSCRIBE", "filters": [each], **self.bind_id(item)})

    def _publish(self, item: Item) -> None:
        fields = self.packet(item) or {}
        fields.pop("packet_id", None)
        fields.pop("dup", None)
        fields.pop("topic_alias", None)
        self.tell(item, "publish", fields)
        wanted = self.delivered(item)
        self.say(item, {"expect": "PUBLISH", **wanted, **self.bind_id(item)}, proves="PUBLISH")

    def _disconnect(self, item: Item) -> None:
        end = next(iter(self.after(item)), None)
        self.tell(item, "disconnect", {})
        self.say(item, {"expect": "DISCONNECT"}, proves="DISCONNECT")
        if end is not None and end.is_end and end.from_client:
            self.used.add(end)
            self.over.add(item.flow)
            self.say(item, {"expect": "closed"})

    def _pingreq(self, item: Item) -> None:
        """A client pings when it wants to; the harness answers."""
        answer = next((each for each in self.after(item) if each.type == "PINGRESP"), None)
        if answer is not None:
            self.used.add(answer)

    def _answer(self, item: Item) -> None:
        fields = self.fields(item)
        wanted: dict[str, Any] = {}
        if "packet_id" in fields:
            name = self.bound.get((item.flow, fields["packet_id"]))
            chosen = item.type == "PUBREL" and name is not None
            wanted["packet_id"] = f"${name}" if chosen else fields["packet_id"]
        if fields.get("reason"):
            wanted["reason"] = self.reason(item, fields["reason"])
        self.say(item, {"expect": item.type, **wanted}, proves=item.type)
