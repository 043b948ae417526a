"""A conversation as a case for a server: we are its clients."""

from __future__ import annotations

from typing import Any

from wirelaw.captures.cases.side import REFUSAL, Side
from wirelaw.captures.conversation import Item

_ACCEPTED = (0, 0x10)


class ServerSide(Side):
    """The clients' messages are steps; the server's are expected."""

    def from_iut(self, item: Item) -> bool:
        return not item.from_client

    def take(self, item: Item) -> None:
        if item.flow in self.over:
            return
        if item.from_client:
            self._ours(item)
        else:
            self._theirs(item)

    # What the clients do

    def _ours(self, item: Item) -> None:
        if item.is_end:
            self._end(item)
        elif not item.is_message:
            self.raw(item)
        elif item.status != "ok" or not self._whole(item):
            self.send(item)

    def _end(self, item: Item) -> None:
        self.over.add(item.flow)
        self.say(item, {"end": item.kind})

    def _whole(self, item: Item) -> bool:
        """Whether a flow of cases says this message and what answers it."""
        maker = getattr(self, f"_{(item.type or '').lower()}", None)
        return bool(maker is not None and maker(item))

    def _connect(self, item: Item) -> bool:
        answer = next(iter(self.after(item)), None)
        fields = self.packet(item)
        if answer is None or answer.type != "CONNACK" or answer.status != "ok" or fields is None:
            return False
        if "edit" in fields:
            return False
        self.used.add(answer)
        connack = self.fields(answer)
        body: dict[str, Any] = {"connect": fields}
        if connack["reason"] != 0:
            body["reason"] = self.reason(answer, connack["reason"])
        elif connack["session_present"] or self.fields(item).get("clean_start") == 0:
            body["session_present"] = bool(connack["session_present"])
        given = connack.get("assigned_client_identifier")
        if given is not None:
            body["assigned_client_identifier"] = {"present": True}
            body["bind"] = {self.names.assigned[given]: "assigned_client_identifier"}
        refused = connack["reason"] != 0
        comment = (
            "it had a session from before the capture" if body.get("session_present") else None
        )
        if comment and item in self.names.strangers:
            del body["session_present"]
        else:
            comment = None
        self.say(
            item, body, proves=None if refused else "CONNACK", opening=not refused, comment=comment
        )
        return True

    def _subscribe(self, item: Item) -> bool:
        return self._request(item, "subscribe", "SUBACK", "granted")

    def _unsubscribe(self, item: Item) -> bool:
        return self._request(item, "unsubscribe", "UNSUBACK", "reasons")

    def _request(self, item: Item, action: str, reply: str, result: str) -> bool:
        answers = self.exchange(item, (reply, False))
        fields = self.packet(item)
        if answers is None or fields is None or "edit" in fields:
            return False
        self.used.update(answers)
        body: dict[str, Any] = {action: fields}
        reasons = self.fields(answers[0]).get("reasons")
        if reasons is not None:
            body[result] = [self.reason(answers[0], each) for each in reasons]
        self.say(item, body, proves=reply, opening=action == "subscribe")
        return True

    def _publish(self, item: Item) -> bool:
        qos = self.fields(item)["qos"]
        wanted = {
            0: (),
            1: (("PUBACK", False),),
            2: (("PUBREC", False), ("PUBREL", True), ("PUBCOMP", False)),
        }.get(qos)
        if wanted is None:
            return False
        refusal = self.exchange(item, wanted[0]) if wanted else []
        if refusal is None:
            return False
        reason = self.fields(refusal[0]).get("reason", 0) if refusal else 0
        answers = refusal if reason >= REFUSAL else self.exchange(item, *wanted)
        fields = self.packet(item)
        if answers is None or fields is None or "edit" in fields or not self._plain(answers):
            return False
        self.used.update(answers)
        body: dict[str, Any] = {"publish": fields}
        if reason not in _ACCEPTED:
            body["reason"] = self.reason(refusal[0], reason)
        self.say(item, body, proves={0: None, 1: "PUBACK", 2: "PUBREC"}[qos])
        return True

    def _plain(self, answers: list[Item]) -> bool:
        """Whether our own part of an exchange is what the flow would send."""
        for each in answers:
            if each.from_client:
                fields = self.fields(each)
                if fields.get("reason") or "user_property" in fields or "reason_string" in fields:
                    return False
        return True

    def _pingreq(self, item: Item) -> bool:
        between = True
        for answer in self.after(item):
            if answer.type == "PINGRESP" and not answer.from_client:
                self.used.add(answer)
                self.say(item, {"ping" if between else "barrier": True}, proves="PINGRESP")
                return True
            if not self.on_its_way(answer):
                return False
            between = False
        return False

    def _disconnect(self, item: Item) -> bool:
        end = next(iter(self.after(item)), None)
        fields = self.packet(item)
        if end is None or end.kind != "fin" or not end.from_client or fields is None:
            return False
        if "edit" in fields:
            return False
        self.used.add(end)
        self.over.add(item.flow)
        self.say(item, {"disconnect": fields})
        return True

    # What the server does

    def _theirs(self, item: Item) -> None:
        if item.is_end:
            self._closed(item, None)
        elif item.is_message and item.status == "ok":
            self._answer(item)
        elif item.is_message:
            self.say(
                item, {"expect": item.type},
                comment=f"frame {item.frame}: it breaks "
                + ", ".join(each.requirement for each in item.broken),
            )  # fmt: skip

    def _answer(self, item: Item) -> None:
        after = self.after(item)
        if item.type == "DISCONNECT" and after and after[0].is_end and not after[0].from_client:
            self.used.add(after[0])
            self._closed(after[0], item)
        elif item.type == "PUBLISH":
            self._delivery(item)
        else:
            self.say(item, {"expect": item.type, **self._meaning(item)}, proves=item.type)

    def _closed(self, item: Item, disconnect: Item | None) -> None:
        """A close that we did not begin."""
        self.over.add(item.flow)
        body: dict[str, Any] = {"expect": "closed"}
        if disconnect is not None:
            body["prefer"] = {
                "DISCONNECT": self.reason(disconnect, self.fields(disconnect)["reason"])
            }
            body["after_any"] = ["DISCONNECT"]
        seconds = self._waited(disconnect or item)
        if seconds > 0.5:
            body["within"] = round(1.5 * seconds + 1, 1)
        refused = any(
            each.type == "CONNACK" and self.fields(each)["reason"] != 0
            for each in item.flow.messages()
        )
        self.say(item, body, proves="refused" if refused else "closed")

    def _waited(self, item: Item) -> float:
        """How long it took after the last thing that we did, in s."""
        asked = [
            each.time for each in item.flow.items if each.from_client and each.last <= item.last
        ]
        return (item.time - max(asked)) / 1e9 if asked else 0.0

    def _delivery(self, item: Item) -> None:
        wanted = self.delivered(item)
        exchange = {
            0: (),
            1: (("PUBACK", True),),
            2: (("PUBREC", True), ("PUBREL", False), ("PUBCOMP", True)),
        }[self.fields(item)["qos"]]
        answers = self._answered(item, exchange)
        if answers is None:
            body = {"expect": "PUBLISH", **wanted, **self.bind_id(item)}
        else:
            self.used.update(answers)
            body = {"receive": wanted}
        self.say(item, body, proves="PUBLISH")

    def _answered(self, item: Item, wanted: tuple[tuple[str, bool], ...]) -> list[Item] | None:
        """How the client took a delivery, when it did nothing else on this connection meanwhile."""
        found: list[Item] = []
        number = self.fields(item).get("packet_id")
        for each in self.after(item):
            if len(found) == len(wanted):
                break
            type_name, from_client = wanted[len(found)]
            fits = each.is_message and each.type == type_name and each.from_client == from_client
            if fits and self.fields(each).get("packet_id") == number:
                found.append(each)
            elif each.from_client or each.is_end:
                return None
        return found if len(found) == len(wanted) and self._plain(found) else None

    def _meaning(self, item: Item) -> dict[str, Any]:
        """What of an answer must be the same."""
        fields = self.fields(item)
        wanted: dict[str, Any] = {}
        if "packet_id" in fields:
            name = self.bound.get((item.flow, fields["packet_id"]))
            ours = item.type not in ("PUBREL",)
            wanted["packet_id"] = fields["packet_id"] if ours or name is None else f"${name}"
        if item.type in ("SUBACK", "UNSUBACK"):
            if "reasons" in fields:
                wanted["reasons"] = [self.reason(item, each) for each in fields["reasons"]]
        elif item.type in ("PUBACK", "PUBREC") and fields.get("reason", 0) in _ACCEPTED:
            wanted["reason"] = {"le": REFUSAL - 1}
        elif "reason" in fields:
            wanted["reason"] = self.reason(item, fields["reason"])
        if item.type == "CONNACK" and fields["reason"] == 0:
            wanted["session_present"] = bool(fields["session_present"])
        return wanted
