"""What cannot be the same in a second run, and is put in the place of what was captured: packet
identifiers and client identifiers that the IUT chose, topic aliases that it does not take,
credentials.

The messages themselves are edited in their span map, so that all else stays as it was captured,
right or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirelaw.captures import mqtt as family
from wirelaw.captures.conversation import Flow, Item
from wirelaw.engine.codec import BuildError, Codec
from wirelaw.engine.target import Login

_NO_ALIASES = 0


def _written_over(secret: Any) -> bool:
    """Captures of our own have stars in the place of passwords."""
    return isinstance(secret, bytes) and len(secret) > 0 and set(secret) == {ord("*")}


def _refused(codec: Codec, connect: Item) -> bool:
    """Whether the captured server did not take these credentials."""
    answers = [codec.fields(each.wire) for each in connect.flow.messages() if not each.from_client]
    return bool(answers) and answers[0].get("reason") in family.BAD_CREDENTIALS


class Session:
    """What holds for all connections of one client: packet identifiers that the IUT chose, by those
    that were captured."""

    def __init__(self) -> None:
        self.ids: dict[int, int] = {}


class Talk:
    """One connection of the replay, and the one that was captured."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.aliases: dict[int, Any] = {}  # ours, as captured: what stands for which topic
        self.captured_aliases: dict[int, Any] = {}  # the IUT's, in the capture
        self.got_aliases: dict[int, Any] = {}  # and now
        self.captured_limit = self.limit = 0  # how many aliases the IUT takes
        self.captured_quota = self.quota = (
            family.ANY_NUMBER
        )  # and messages that it has not answered

    def resolve(self, fields: Mapping[str, Any], captured: bool) -> dict[str, Any]:
        """The fields of a message of the IUT, with the topic that its alias stands for."""
        made = dict(fields)
        alias = made.get("topic_alias")
        if alias is None or "topic" not in made:
            return made
        known = self.captured_aliases if captured else self.got_aliases
        if made["topic"]:
            known[alias] = made["topic"]
        else:
            made["topic"] = known.get(alias, "")
        return made


class Identity:
    """All that is exchanged, over all flows of a replay."""

    def __init__(
        self, codec: Codec, we_are_client: bool, login: Login, login_required: bool
    ) -> None:
        self.login_required = login_required
        self.codec = codec
        self.we_are_client = we_are_client
        self.login = login
        self.values: dict[Any, Any] = {}  # texts that the IUT made up, by those that were captured
        self.blind: dict[Flow, str] = {}  # why nothing can be said of a flow any more
        self._sessions: dict[Any, Session] = {}
        self._talks: dict[Flow, Talk] = {}

    def talk(self, flow: Flow) -> Talk:
        """The state of a flow. One whose client has a session shares its identifiers."""
        if flow not in self._talks:
            client = self._client_of(flow)
            session = Session() if client is None else self._sessions.setdefault(client, Session())
            self._talks[flow] = Talk(session)
        return self._talks[flow]

    def _client_of(self, flow: Flow) -> Any:
        for item in flow.messages():
            fields = self.codec.fields(item.wire)
            if item.type == family.OPENS:
                given = fields.get("client_id")
                if given:
                    return given
            elif given := fields.get("assigned_client_identifier"):
                return given
        return None

    # What we send

    def outgoing(self, item: Item) -> bytes:
        """The bytes of one of our messages, for this run."""
        name = self.codec.load(item.wire)
        if name is None or not item.is_message:
            return item.wire
        fields = self.codec.fields(item.wire)
        wire = item.wire
        for edit in self._edits(item, name, fields):
            try:
                wire = self.codec.edit(wire, [edit])
            except BuildError:
                continue  # what is wrong with it leaves no such field
        if name == family.OPENS and item.status == "ok":
            wire = self._with_login(item, fields, wire)
        return wire

    def _edits(self, item: Item, name: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        talk = self.talk(item.flow)
        edits: list[dict[str, Any]] = []
        number = fields.get("packet_id")
        if number is not None and self._answers(name) and number in talk.session.ids:
            edits.append({"set": "packet_id", "to": talk.session.ids[number]})
        if fields.get("client_id") in self.values:
            edits.append({"set": "client_id", "to": self.values[fields["client_id"]]})
        edits += self._topics(fields) + self._token(item.flow, name, fields)
        if "topic" in fields and item.status == "ok":
            edits += self._alias(talk, fields)
        return edits

    def answers_nothing(self, item: Item) -> bool:
        """Whether it acknowledges what the IUT sent in the capture and not now."""
        if item.status != "ok" or not self._answers(str(item.type)):
            return False
        number = self.codec.fields(item.wire).get("packet_id")
        captured = any(
            each.from_client != item.from_client
            and each.is_message
            and self.chooses(str(each.type))
            and self.codec.fields(each.wire).get("packet_id") == number
            for each in item.flow.items if each.last <= item.last
        )  # fmt: skip
        return captured and number not in self.talk(item.flow).session.ids

    def _answers(self, name: str) -> bool:
        """Whether our message names an identifier that the IUT chose."""
        return name in family.OF_RECEIVER or (
            not self.we_are_client and name in ("SUBACK", "UNSUBACK")
        )

    def _token(self, flow: Flow, name: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """An answer that repeats the IUT's challenge repeats the one of now; another can't be
        known."""
        data = fields.get("authentication_data")
        if data is None:
            return []
        if data in self.values:
            return [{"set": "properties.authentication_data.value", "to": self.values[data]}]
        if name == "AUTH" and self.values:
            self.blind[flow] = "the answer to a challenge cannot be played again"
        elif _written_over(data):
            self.blind[flow] = "its authentication data are written over in the capture"
        return []

    def _topics(self, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Topics below what the IUT made up (5.0 section 3.2.2.3.15)."""
        edits = []
        for path in ("topic", "properties.response_topic.value"):
            topic = fields.get(path.split(".")[-2] if "." in path else path)
            made = self._renamed(topic)
            if made is not None:
                edits.append({"set": path, "to": made})
        for index, each in enumerate(fields.get("filters") or []):
            text = each.get("filter") if isinstance(each, Mapping) else each
            made = self._renamed(text)
            if made is not None:
                path = f"filters[{index}].filter"
                edits.append({"set": path, "to": made})
        return edits

    def _renamed(self, topic: Any) -> str | None:
        if not isinstance(topic, str):
            return None
        for one, other in self.values.items():
            if isinstance(one, str) and isinstance(other, str) and one in topic:
                return topic.replace(one, other)
        return None

    def _alias(self, talk: Talk, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """An alias that the captured IUT took and this one does not: the topic itself."""
        alias = fields.get("topic_alias")
        if not alias:
            return []
        if fields["topic"]:
            talk.aliases[alias] = fields["topic"]
        if not talk.limit < alias <= talk.captured_limit or alias not in talk.aliases:
            return []
        topic = self._renamed(talk.aliases[alias]) or talk.aliases[alias]
        return [{"drop": "properties.topic_alias"}, {"set": "topic", "to": topic}]

    def _with_login(self, item: Item, fields: Mapping[str, Any], wire: bytes) -> bytes:
        """The IUT's own credentials in the place of the captured ones, which may be written over;
        also where it wants some. Those that were refused stay."""
        captured = fields.get("user_name") is not None or fields.get("password") is not None
        if not self.we_are_client or _refused(self.codec, item):
            return wire
        if self.login.username is None:
            if _written_over(fields.get("password")):
                self.blind[item.flow] = "its password is written over in the capture"
            return wire
        if not captured and not self.login_required:
            return wire
        made = {k: v for k, v in fields.items() if k not in ("type", "size")}
        made["client_id"] = self.values.get(fields["client_id"], fields["client_id"])
        made["user_name"], made["user_name_flag"] = self.login.username, 1
        if self.login.password is not None:
            made["password"], made["password_flag"] = self.login.password, 1
        return self.codec.build(family.OPENS, made)

    # What the IUT sends

    def expected(self, item: Item) -> dict[str, Any]:
        """The fields of a captured message of the IUT, as they must be now."""
        talk = self.talk(item.flow)
        fields = talk.resolve(self.codec.fields(item.wire), captured=True)
        if "topic" in fields:
            fields["topic"] = self._renamed(fields["topic"]) or fields["topic"]
        return fields

    def chooses(self, type_name: str) -> bool:
        """Whether this message of the IUT begins with an identifier of the IUT's choice."""
        return type_name in ("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE")

    def refers(self, type_name: str) -> bool:
        """Whether it refers to one that it chose before."""
        return type_name == "PUBREL"

    def learn(self, item: Item, got: Mapping[str, Any]) -> None:
        """A captured message of the IUT and the one that came in its place."""
        talk = self.talk(item.flow)
        captured = self.codec.fields(item.wire)
        if "packet_id" in captured and "packet_id" in got and self.chooses(str(item.type)):
            talk.session.ids[captured["packet_id"]] = got["packet_id"]
        for name in family.MADE_UP:
            if captured.get(name) and got.get(name):
                self.values[captured[name]] = got[name]
        if item.type in ("CONNACK", family.OPENS):
            talk.captured_limit = captured.get("topic_alias_maximum", _NO_ALIASES)
            talk.limit = got.get("topic_alias_maximum", _NO_ALIASES)
            talk.captured_quota = captured.get("receive_maximum", family.ANY_NUMBER)
            talk.quota = got.get("receive_maximum", family.ANY_NUMBER)

    def wanted_id(self, item: Item, captured: Mapping[str, Any]) -> int | None:
        """The packet identifier that a message of the IUT must have; None: any."""
        number = captured.get("packet_id")
        if number is None or self.chooses(str(item.type)):
            return None
        if self.refers(str(item.type)):
            return self.talk(item.flow).session.ids.get(number, number)
        return int(number)
