"""What is known of MQTT when its conversations are played again, beside the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wirelaw.captures.conversation import Flow, Item
from wirelaw.engine.codec import Codec, codec_of

#: What opens a conversation.
OPENS = "CONNECT"
_VARIANTS = {5: "mqtt5", 4: "mqtt311", 3: "mqtt31"}
#: What a test of a variant is called where it is not tested by itself.
TESTED = {"mqtt31": "mqtt311"}
#: Answers that name the message they answer by its packet identifier.
ANSWERS = {
    "SUBACK": "SUBSCRIBE", "UNSUBACK": "UNSUBSCRIBE", "PUBACK": "PUBLISH", "PUBREC": "PUBLISH",
    "PUBREL": "PUBREC", "PUBCOMP": "PUBREL",
}  # fmt: skip
#: Acknowledgements of the receiver and of the sender of an application message.
OF_RECEIVER = frozenset(("PUBACK", "PUBREC", "PUBCOMP"))
#: Fields that a step of a case gives a value of its own when it does not say them.
DEFAULTED: Mapping[str, tuple[str, ...]] = {
    "CONNECT": ("client_id", "keep_alive", "clean_start"), "PUBLISH": ("topic",),
    "SUBSCRIBE": ("filters", "packet_id"), "UNSUBSCRIBE": ("filters", "packet_id"),
    "SUBACK": ("reasons", "packet_id"), "UNSUBACK": ("reasons", "packet_id"),
    **{name: ("packet_id",) for name in ("PUBACK", "PUBREC", "PUBREL", "PUBCOMP")},
}  # fmt: skip
#: What a server must do for its answers, by type, and what a client must: the most telling first.
REQUIREMENTS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("server", "mqtt5"): {
        "closed": "MQTT5-4.13.1-1", "refused": "MQTT5-3.2.2-7", "PUBLISH": "MQTT5-3.3.2-3",
        "PUBCOMP": "MQTT5-4.3.3-11", "PUBREL": "MQTT5-4.3.3-4", "PUBREC": "MQTT5-4.3.3-8",
        "PUBACK": "MQTT5-4.3.2-4", "AUTH": "MQTT5-4.12.0-2", "UNSUBACK": "MQTT5-3.10.4-4",
        "SUBACK": "MQTT5-3.8.4-1", "PINGRESP": "MQTT5-3.12.4-1", "CONNACK": "MQTT5-3.1.4-5",
    },
    ("server", "mqtt311"): {
        "closed": "MQTT311-4.8.0-1", "refused": "MQTT311-3.2.2-5", "PUBLISH": "MQTT311-3.3.2-3",
        "PUBCOMP": "MQTT311-4.3.3/pubcomp", "PUBREL": "MQTT311-4.3.3/pubrel",
        "PUBREC": "MQTT311-4.3.3-2", "PUBACK": "MQTT311-4.3.2-2", "UNSUBACK": "MQTT311-3.10.4-4",
        "SUBACK": "MQTT311-3.8.4-1", "PINGRESP": "MQTT311-3.12.4-1", "CONNACK": "MQTT311-3.1.4-4",
    },
    ("client", "mqtt5"): {
        "closed": "MQTT5-3.14.4-2", "PUBCOMP": "MQTT5-4.3.3-11", "PUBREL": "MQTT5-4.3.3-4",
        "PUBREC": "MQTT5-4.3.3-8", "PUBACK": "MQTT5-4.3.2-4", "PUBLISH": "MQTT5-2.2.1-3",
        "UNSUBSCRIBE": "MQTT5-3.10.1-1", "SUBSCRIBE": "MQTT5-3.8.1-1",
        "DISCONNECT": "MQTT5-3.14.4-1", "CONNECT": "MQTT5-3.1.0-1",
    },
    ("client", "mqtt311"): {
        "closed": "MQTT311-3.14.4-1", "PUBCOMP": "MQTT311-4.3.3/pubcomp",
        "PUBREL": "MQTT311-4.3.3/pubrel", "PUBREC": "MQTT311-4.3.3-2",
        "PUBACK": "MQTT311-4.3.2-2", "PUBLISH": "MQTT311-2.3.1-2",
        "UNSUBSCRIBE": "MQTT311-3.10.1-1", "SUBSCRIBE": "MQTT311-3.8.1-1",
        "DISCONNECT": "MQTT311-3.14.4-2", "CONNECT": "MQTT311-3.1.0-1",
    },
}  # fmt: skip
#: In 5.0 a server that accepts a PUBLISH may say that nobody subscribes, or not (3.4.2.1, 3.5.2.1).
NO_SUBSCRIBERS = 0x10
#: Texts that one side makes up and the other uses.
MADE_UP = ("assigned_client_identifier", "response_information", "authentication_data")
#: Reasons of a CONNACK that refuses for its credentials, in both versions.
BAD_CREDENTIALS = frozenset((4, 5, 0x86, 0x87))
NEVER = 0xFFFFFFFF  # a Session Expiry Interval


def variant_of(flow: Flow) -> str | None:
    """The variant that the flow's CONNECT says; None when the capture has none that is whole."""
    codec = codec_of("mqtt5")
    for item in flow.messages():
        if item.type == OPENS and item.from_client:
            return _VARIANTS.get(codec.fields(item.wire).get("protocol_level", 0))
    return None


def is_whole(flow: Flow) -> bool:
    """Whether the capture has its beginning."""
    first = next(flow.messages(), None)
    return flow.from_start or (
        first is not None and first.from_client and first.type == OPENS and first.status == "ok"
    )


def same_reason(type_name: str, captured: Any, got: Any) -> bool:
    """Whether two reason codes mean the same in that answer."""
    fine = (0, NO_SUBSCRIBERS)
    return type_name in ("PUBACK", "PUBREC") and captured in fine and got in fine


def timers(codec: Codec, items: Iterable[Item]) -> Iterable[tuple[int, int]]:
    """When timers of the protocol begin and run out, in ns as the capture counts: expiry of
    messages and sessions, delays of wills. Keep alive is not among them: a client that is silent is
    captured."""
    for item in items:
        if item.status != "ok":
            continue
        fields = codec.fields(item.wire)
        will = fields.get("will") or {}
        for seconds in (
            fields.get("message_expiry_interval"),
            fields.get("session_expiry_interval"),
            will.get("message_expiry_interval"),
            will.get("will_delay_interval"),
        ):
            if seconds and seconds != NEVER:
                yield item.time, item.time + seconds * 1_000_000_000


def without_secrets(codec: Codec, wire: bytes) -> bytes:
    """The bytes with what is secret in them written over, lengths kept."""
    if codec.load(wire) is None:
        return wire
    hidden = bytearray(wire)
    for span in codec.spans(wire):
        value = span.get("value")
        if isinstance(value, dict) and value.get("secret") and span["kind"] != "item":
            end = span["at"] + span["len"]
            hidden[end - value["len"] : end] = b"*" * value["len"]
    return bytes(hidden)


# When there may not be as many messages on their way as there were (5.0 section 4.9)

ANY_NUMBER = 65535


def takes_quota(fields: Mapping[str, Any]) -> bool:
    """Whether this message uses up one of the receiver's Receive Maximum."""
    return fields.get("type") == "PUBLISH" and bool(fields.get("qos")) and not fields.get("dup")


def gives_quota(fields: Mapping[str, Any]) -> bool:
    """Whether this answer gives one back."""
    name = fields.get("type")
    refused = name == "PUBREC" and fields.get("reason", 0) >= 0x80
    return name in ("PUBACK", "PUBCOMP") or refused


# When answers are compared

_CONNACK = "CONNACK"
#: What nothing said means, by type (or any) and property (5.0 section 3.2.2.3).
DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("", "receive_maximum"): 65535, ("", "topic_alias_maximum"): 0,
    (_CONNACK, "maximum_qos"): 2, (_CONNACK, "retain_available"): 1,
    (_CONNACK, "wildcard_subscription_available"): 1,
    (_CONNACK, "subscription_identifier_available"): 1,
    (_CONNACK, "shared_subscription_available"): 1,
    ("PUBLISH", "payload_format_indicator"): 0,
}  # fmt: skip
#: Seconds that are left, so that a later message says fewer (3.3.2.3.3).
COUNTED_DOWN = frozenset(("message_expiry_interval",))
#: Several of them, in no order (3.3.4).
UNORDERED = frozenset(("subscription_identifier",))


def is_remark(type_name: str, name: str) -> bool:
    """User properties are part of an application message; in other packets the text gives them no
    meaning (3.2.2.3.10 and its like)."""
    return name == "user_property" and type_name != "PUBLISH"


#: What a client can be told of a packet, beside topic, payload and filters.
_TOLD = {
    "CONNECT": ("client_id", "clean_start", "keep_alive", "will", "session_expiry_interval",
                "receive_maximum", "maximum_packet_size", "topic_alias_maximum", "user_property",
                "user_name"),
    "PUBLISH": ("topic", "payload", "qos", "retain", "payload_format_indicator", "content_type",
                "message_expiry_interval", "response_topic", "correlation_data", "user_property"),
    "DISCONNECT": ("reason", "session_expiry_interval", "user_property"),
    "AUTH": ("reason", "authentication_method"),
}  # fmt: skip


def stimuli(codec: Codec, item: Item) -> list[tuple[str, dict[str, Any]]]:
    """What to tell a client so that it sends this message; nothing for what it sends by itself."""
    fields = codec.fields(item.wire)
    name = str(item.type)
    if name in ("SUBSCRIBE", "UNSUBSCRIBE"):
        return [(name.lower(), {"filters": [each]}) for each in fields["filters"]]
    if name not in _TOLD:
        return []
    told = {key: fields[key] for key in _TOLD[name] if key in fields}
    if name == "DISCONNECT" and not told.get("reason"):
        told.pop("reason", None)
    return [(name.lower(), told)]
