"""PUBLISH and its acknowledgements: errors that a server may overlook, or must answer by closing.

5.0 leaves open how strictly a server checks (4.13.1): one that carries on gets a warning, one that
reports the error and stays open fails.
"""

from __future__ import annotations

from typing import Any

from wirelaw.cases import case

ANSWERS = ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "PUBLISH"]
MANY = 256


async def noticed(t: Any, packets: list[Any], why: str, reason: int | None = None) -> None:
    """Sends what is wrong on the connection `a`, then PINGREQ: what is answered first tells."""
    await t.a(send=[*packets, "PINGREQ"])
    answer = await t.a(any_of=["closed", "DISCONNECT>=0x80", "PINGRESP"], tolerate=ANSWERS)
    if answer["type"] == "PINGRESP":
        t.warn(f"{why}, and the server carries on")
    elif answer["type"] == "DISCONNECT":
        if reason is not None and answer["reason"] != reason:
            t.warn(f"the server says 0x{answer['reason']:02x} instead of 0x{reason:02x}")
        await t.a(expect="closed")


@case(
    "topic-alias-above-maximum-noticed",
    requires="MQTT5-3.3.4/alias-range",
    kills="alias-range-unchecked",
)
async def alias_range(t: Any) -> None:
    """A Topic Alias above the server's Topic Alias Maximum is a Protocol Error"""
    connack = await t.a(connect={})
    highest = connack.get("topic_alias_maximum", 0)
    if highest == 0xFFFF:
        t.not_applicable("the server takes every Topic Alias")
    await t.a(publish={"topic": "$t/a"})
    await t.a(barrier=True)
    t.body()
    publish = {"PUBLISH": {"topic": "$t/a", "topic_alias": highest + 1}}
    await noticed(t, [publish], f"{highest + 1} is above the Topic Alias Maximum", 0x94)


@case(
    "topic-alias-unknown-noticed",
    requires="MQTT5-3.3.4/alias-unknown",
    kills="unknown-alias-ignored",
    when="topic_alias",
)
async def alias_unknown(t: Any) -> None:
    """An empty topic name with a Topic Alias that was not set is a Protocol Error"""
    await t.good(connect={}, topic_alias_maximum={"ge": 1})
    await t.good(publish={"topic": "$t/a", "topic_alias": 1})
    await t.good(publish={"topic": "", "topic_alias": 1})
    await t.good(barrier=True)
    await t.a(connect={}, topic_alias_maximum={"ge": 1})
    t.body()
    await noticed(t, [{"PUBLISH": {"topic": "", "topic_alias": 1}}], "the alias was not set", 0x82)


@case(
    "receive-maximum-of-server-exceeded-noticed",
    requires="MQTT5-3.3.4/receive-maximum-server",
    kills="receive-maximum-not-enforced",
    when="qos2",
)
async def receive_maximum(t: Any) -> None:
    """More messages than the server's Receive Maximum are a Protocol Error"""
    connack = await t.a(connect={})
    quota = connack.get("receive_maximum", 0xFFFF)
    if quota > MANY:
        t.not_applicable(f"the server takes {quota} messages at once")
    packets = [
        {"PUBLISH": {"topic": "$t/a", "qos": 2, "packet_id": n + 1, "payload": "x"}}
        for n in range(quota + 1)
    ]
    await t.good(connect={})
    await t.good(send=packets[:quota])
    await t.good(send="PINGREQ")
    await t.good(expect="PINGRESP", tolerate=ANSWERS)
    t.body()
    await noticed(t, packets, f"{quota + 1} messages are not released", 0x93)


@case(
    "subscription-id-from-client-noticed",
    requires="MQTT5-3.3.4-6",
    kills="client-subscription-id-accepted",
)
async def subscription_id(t: Any) -> None:
    """A client's PUBLISH with a Subscription Identifier is a Protocol Error"""
    await t.a(connect={})
    await t.a(publish={"topic": "$t/a"})
    await t.a(barrier=True)
    t.body()
    publish = {"PUBLISH": {"topic": "$t/a", "subscription_identifier": 7}}
    await noticed(t, [publish], "only servers send Subscription Identifiers", 0x82)


@case(
    "subscription-id-0-from-client-noticed",
    requires="MQTT5-3.3.2.3.8/value",
    kills="stays-open:MQTT5-3.3.2.3.8/value",
)
async def subscription_id_0(t: Any) -> None:
    """A PUBLISH with Subscription Identifier 0 is a Protocol Error"""
    await t.a(connect={})
    await t.a(publish={"topic": "$t/a"})
    await t.a(barrier=True)
    t.body()
    publish = {"PUBLISH": {"topic": "$t/a", "subscription_identifier": 0}}
    await noticed(t, [publish], "the identifier 0 is none", 0x82)


TEXTS = [
    {"name": "topic", "field": "topic", "text": {"hex": "61c3"}, "req": "MQTT5-3.3.2-1",
     "fault": "topic-text-unchecked"},
    {"name": "response-topic", "field": "response_topic", "text": {"hex": "61c0af"},
     "req": "MQTT5-3.3.2-13", "fault": "response-topic-text-unchecked"},
    {"name": "content-type", "field": "content_type", "text": {"hex": "61eda080"},
     "req": "MQTT5-3.3.2-19", "fault": "content-type-text-unchecked"},
]  # fmt: skip


@case("publish-text-ill-formed-noticed", requires="$req", kills="$fault", matrix=TEXTS)
async def text(t: Any, field: str, text: Any, **_: Any) -> None:
    """A PUBLISH with ill-formed UTF-8 in a string is a Malformed Packet"""
    await t.a(connect={})
    await t.a(publish={"topic": "$t/a", field: "$t/a"})
    await t.a(barrier=True)
    t.body()
    publish = {"topic": "$t/a", field: text}
    await noticed(t, [{"PUBLISH": publish}], f"the {field} is ill-formed")


@case(
    "no-matching-subscribers-from-client-noticed",
    requires="$req",
    kills="$fault",
    matrix=[
        {"name": "puback", "qos": 1, "answer": "PUBACK", "req": "MQTT5-3.4.2.1/server-only",
         "fault": "puback-server-reason-accepted"},
        {"name": "pubrec", "qos": 2, "answer": "PUBREC", "req": "MQTT5-3.5.2.1/server-only",
         "fault": "pubrec-server-reason-accepted"},
    ],
    when="qos$qos",
)  # fmt: skip
async def no_matching_subscribers(t: Any, qos: int, answer: str, **_: Any) -> None:
    """Reason Code 0x10 of PUBACK and PUBREC is only for servers"""
    await t.a(connect={})
    await t.a(subscribe=[{"filter": "$t/a", "qos": qos}], granted=[qos])
    await t.pub(connect={})
    await t.pub(publish={"topic": "$t/a", "qos": qos, "payload": "$nonce"})
    got = await t.a(expect="PUBLISH", qos=qos, payload="$nonce")
    t.body()
    packet = {answer: {"packet_id": got["packet_id"], "reason": 0x10}}
    await noticed(t, [packet], "only servers say that nobody subscribes")


@case(
    "refused-qos2-identifier-is-free",
    requires="MQTT5-4.3.3-9",
    kills="refused-qos2-held",
    when="qos2",
)
async def refused(t: Any) -> None:
    """After a PUBREC of 0x80 or more a PUBLISH with the same packet identifier is a new message"""
    await t.sub(connect={})
    await t.sub(subscribe=[{"filter": "$t/a", "qos": 2}], granted=[2])
    await t.pub(connect={})
    await t.pub(send=[{"PUBLISH": {"topic": "$SYS/wirelaw", "qos": 2, "packet_id": 9}}, "PINGREQ"])
    answer = await t.pub(any_of=["PUBREC", "PINGRESP", "closed", "DISCONNECT"])
    if answer["type"] != "PUBREC" or answer["reason"] < 0x80:
        t.not_applicable("the server refuses no message by PUBREC that this case knows of")
    if (await t.pub(any_of=["PINGRESP", "closed", "DISCONNECT"]))["type"] != "PINGRESP":
        t.not_applicable("the server closes the connection after its refusal")
    t.body()
    await t.pub(publish={"topic": "$t/a", "qos": 2, "packet_id": 9, "payload": "$nonce"})
    await t.sub(expect="PUBLISH", payload="$nonce")
