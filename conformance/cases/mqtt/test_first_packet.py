"""The first packet of a connection, where 5.0 leaves open how strictly a server checks (4.13.1)."""

from typing import Any

from wirelaw.cases import case


@case(
    "first-packet-not-connect-noticed",
    requires="MQTT5-3.1.0-1",
    kills="first-packet-any",
    matrix=[
        {"name": "pingreq", "packet": "PINGREQ"},
        {"name": "publish", "packet": {"PUBLISH": {"topic": "$t/a"}}},
        {"name": "subscribe", "packet": {"SUBSCRIBE": {"filters": ["$t/a"]}}},
    ],
)
async def first_packet(t: Any, name: str, packet: Any) -> None:
    """The server takes no CONNECT that is not the first packet of its connection"""
    await t.good(connect={})
    t.body()
    await t.a(send=[packet, "CONNECT"])
    answer = await t.a(any_of=["closed", "CONNACK"])
    if answer.get("reason") == 0:
        t.warn("the packet before CONNECT was passed over")


@case(
    "packets-of-servers-refused",
    requires=["MQTT5-2.1.2/direction", "MQTT311-2.2.1/direction"],
    protocols=["mqtt5", "mqtt311"],
    kills="direction-unchecked",
    matrix=[
        {"name": "connack", "packet": "CONNACK"},
        {"name": "suback", "packet": {"SUBACK": {"packet_id": 1}}},
        {"name": "unsuback", "packet": {"UNSUBACK": {"packet_id": 1}}},
        {"name": "pingresp", "packet": "PINGRESP"},
    ],
    note="3.1.1 has the direction in a table, and calls a packet that goes against it nowhere a protocol violation.",
)
async def direction(t: Any, name: str, packet: Any) -> None:
    """A packet that only servers send is refused"""
    await t.a(connect={})
    t.body()
    await t.a(send=[packet, "PINGREQ"])
    step = {"any_of": ["closed", "DISCONNECT>=0x80", "PINGRESP"]}
    answer = await t.step("a", step, or_warn="the server neither closed nor answered what came behind")
    if answer is None:
        return
    if answer["type"] == "PINGRESP":
        t.warn("the packet was passed over")
    elif answer["type"] == "DISCONNECT":
        await t.a(expect="closed")
