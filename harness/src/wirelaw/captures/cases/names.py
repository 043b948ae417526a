"""Client identifiers, topics and texts of a capture, as a case writes them: of this run alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wirelaw.captures import mqtt as family
from wirelaw.captures.conversation import Flow, Item
from wirelaw.engine.codec import Codec

_SECRETS = ("user_name", "password", "user_name_flag", "password_flag")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Names:
    """What is renamed, consistently over all flows: client identifiers go under $s, topics under
    $t. Credentials are left to the IUT's own."""

    def __init__(self, codec: Codec, flows: Sequence[Flow]) -> None:
        self.codec = codec
        self.clients: dict[str | bytes, str] = {}
        self.assigned: dict[str | bytes, str] = {}  # what a server gave, and the variable it is in
        self.refused: set[Item] = set()  # CONNECTs that were refused for their credentials
        self.strangers: set[Item] = set()  # CONNECTs of clients that were not seen before
        for flow in flows:
            self._look(flow)

    def _look(self, flow: Flow) -> None:
        connect: Item | None = None
        for item in flow.messages():
            fields = self.codec.fields(item.wire)
            if item.type == "CONNECT" and connect is None:
                connect = item
                client = fields.get("client_id")
                if client not in self.clients and client not in self.assigned:
                    self.strangers.add(item)
                    if isinstance(client, str) and client and client.isprintable():
                        self.clients[client] = "${s}" + _name(len(self.clients))
            elif item.type == "CONNACK" and connect is not None:
                if fields.get("reason") in family.BAD_CREDENTIALS:
                    self.refused.add(connect)
                given = fields.get("assigned_client_identifier")
                if given and given not in self.assigned:
                    self.assigned[given] = f"given{len(self.assigned) + 1}"

    # Values

    def value(self, value: Any) -> Any:
        """Texts with their dollar signs doubled; bytes as text where they are printable."""
        if isinstance(value, bytes):
            try:
                text = value.decode()
            except UnicodeDecodeError:
                return value
            if not all(c.isprintable() or c in "\n\t" for c in text):
                return value
            value = text
        return value.replace("$", "$$") if isinstance(value, str) else value

    def topic(self, topic: Any) -> Any:
        """A topic or filter below the case's own; those of the server ($SYS) as they are."""
        if not isinstance(topic, str):
            return topic  # no UTF-8: as it is
        if topic.startswith("$share/"):
            share, _, inner = topic.removeprefix("$share/").partition("/")
            return f"$share/{self.value(share)}/{self.topic(inner)}" if inner else self.value(topic)
        if not topic or topic.startswith("$"):
            return self.value(topic)
        return f"$t/{self.value(topic)}"

    def client(self, client: Any) -> Any:
        if client in self.assigned:
            return f"${self.assigned[client]}"
        if client in self.clients:
            return self.clients[client]
        return self.value(client)  # one that is no text is what the case is about

    def property(self, name: str, value: Any) -> Any:
        """The value of any field."""
        if name in ("topic", "response_topic"):
            return self.topic(value)
        if name == "client_id":
            return self.client(value) if value else value
        if isinstance(value, list):
            return [self.property("filter" if name == "filters" else "", each) for each in value]
        if isinstance(value, Mapping):
            return {key: self.property(key, each) for key, each in value.items()}
        if name == "filter":
            return self.topic(value)
        return self.value(value)

    # Messages

    def sent(self, item: Item, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a message that a step sends."""
        made = {name: self.property(name, value) for name, value in fields.items()}
        if item.type == "CONNECT":
            self._connect(item, made)
        if "filters" in made and item.type in ("SUBSCRIBE", "UNSUBSCRIBE"):
            made["filters"] = [_filter(one) for one in made["filters"]]
        return made

    def _connect(self, item: Item, made: dict[str, Any]) -> None:
        """The identifier is always said; secrets are never."""
        self._credentials(item, made)
        if "authentication_data" in made:
            made["authentication_data"] = "$nonce"
        made.setdefault("client_id", "")
        if made.get("clean_start") == 1:
            del made["clean_start"]
        elif "clean_start" not in made:
            made["clean_start"] = False

    def _credentials(self, item: Item, made: dict[str, Any]) -> None:
        """Left to the IUT's own, unless they are what is wrong."""
        secret = {name: made.pop(name) for name in _SECRETS if name in made}
        if item.broken:
            made.update({name: _masked(value) for name, value in secret.items()})
            return
        if item in self.refused:
            names = [name for name in ("user_name", "password") if name in secret]
            made.update({name: f"$nonce{i + 1}" for i, name in enumerate(names)})


def _masked(value: Any) -> Any:
    """A secret of the same form: its letters and digits are x."""
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        return value
    return bytes(0x78 if chr(c).isalnum() and c < 0x80 else c for c in value)


def _filter(value: Any) -> Any:
    """A filter at QoS 0 is its text alone."""
    if isinstance(value, Mapping) and set(value) == {"filter"}:
        return value["filter"]
    if not isinstance(value, Mapping):
        return value
    kept = {key: one for key, one in value.items() if one or key == "filter"}
    return kept["filter"] if set(kept) == {"filter"} and isinstance(kept["filter"], str) else kept


def _name(index: int) -> str:
    letter, number = _LETTERS[index % 26], index // 26
    return f"{letter}{number or ''}"
