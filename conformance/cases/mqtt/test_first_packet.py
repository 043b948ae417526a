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
