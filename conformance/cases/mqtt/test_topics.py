"""Topic names and filters: how deep they may be, and text that is no text (1.5.4, 4.7.3)."""

from typing import Any

from wirelaw.cases import case

LEVELS = 120
SEEN = ["SUBACK", "UNSUBACK", "PUBACK", "PUBREC", "PUBLISH"]
CUT = {"hex": "61c3"}
NUL = {"hex": "610062"}


@case(
    "deep-topic-delivered",
    requires=["MQTT5-4.7.3/levels", "MQTT311-4.7.3/levels"],
    protocols=["mqtt5", "mqtt311"],
    when="qos1",
    kills="deep-topic-lost",
    note="A topic that is well-formed may be refused all the same, by a code (3.4.2.1, 3.9.3).",
)
async def deep_topic(t: Any) -> None:
    """A topic of many levels is delivered like any"""
    deep = f"{t.vars['t']}{'/a' * LEVELS}"
    await t.sub(connect={})
    await t.sub(subscribe=[{"filter": "$t/a/a", "qos": 1}], granted=[1])
    await t.pub(connect={})
    await t.pub(publish={"topic": "$t/a/a", "qos": 1, "payload": "$nonce"})
    await t.sub(receive={"payload": "$nonce"})
    t.body()
    await t.sub(send={"SUBSCRIBE": {"packet_id": 9, "filters": [{"filter": deep, "qos": 1}]}})
    answer = await t.sub(expect="SUBACK", packet_id=9)
    if answer["reasons"][0] >= 0x80:
        t.inconclusive("the server allows the client no subscription of that many levels")
    await t.pub(send={"PUBLISH": {"topic": deep, "qos": 1, "packet_id": 9, "payload": "$nonce2"}})
    answer = await t.pub(expect="PUBACK", packet_id=9)
    if answer.get("reason", 0) >= 0x80:
        t.inconclusive("the server accepts no topic name of that many levels")
    await t.sub(receive={"payload": "$nonce2"})


def subscribe(text: Any) -> dict[str, Any]:
    return {"SUBSCRIBE": {"packet_id": 9, "filters": ["$t/a", text]}}


def unsubscribe(text: Any) -> dict[str, Any]:
    return {"UNSUBSCRIBE": {"packet_id": 9, "filters": ["$t/a", text]}}


def publish(text: Any) -> dict[str, Any]:
    return {"PUBLISH": {"topic": text, "payload": "x"}}


ROWS = {
    "subscribe": (subscribe, CUT, ["MQTT5-3.8.3-1", "MQTT311-3.8.3-1"], "filter-text-unchecked"),
    "unsubscribe": (
        unsubscribe, CUT, ["MQTT5-3.10.3-1", "MQTT311-3.10.3-1"], "unsubscribe-text-unchecked",
    ),
    "filter-nul": (subscribe, NUL, ["MQTT5-4.7.3-2", "MQTT311-4.7.3-2"], "topic-nul-unchecked"),
    "topic-nul": (publish, NUL, ["MQTT5-4.7.3-2", "MQTT311-4.7.3-2"], "topic-nul-unchecked"),
}  # fmt: skip


def declare(name: str) -> None:
    make, text, ids, fault = ROWS[name]

    @case(
        f"ill-formed-text-refused-{name}",
        title=f"Text that is no UTF-8 Encoded String is refused: {name.replace('-', ' ')}",
        requires=ids,
        protocols=["mqtt5", "mqtt311"],
        kills=fault,
        note="3.1.1 must close on ill-formed text (1.5.3-1, 1.5.3-2); in 5.0 it is a Malformed "
        "Packet, and 4.13.1 leaves open how strictly a server checks.",
    )
    async def refused(t: Any) -> None:
        await t.good(connect={})
        await t.good(send=[make("$t/b"), "PINGREQ"])
        await t.good(expect="PINGRESP", tolerate=SEEN)
        await t.a(connect={})
        t.body()
        await t.a(send=[make(text), "PINGREQ"])
        # A PINGRESP may overtake the close.
        await t.a(expect="closed", after_any=["PINGRESP"], only="mqtt311")
        answers = ["closed", "DISCONNECT>=0x80", "PINGRESP"]
        answer = await t.a(any_of=answers, tolerate=SEEN, only="mqtt5")
        if answer is None:
            return
        if answer["type"] == "PINGRESP":
            t.warn("the text was taken as if nothing were wrong")
        elif answer["type"] == "DISCONNECT":
            await t.a(expect="closed")


for each in ROWS:
    declare(each)
