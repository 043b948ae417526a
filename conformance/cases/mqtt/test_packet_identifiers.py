"""Packet identifiers that are free again (5.0 section 2.2.1)."""

from typing import Any

from wirelaw.cases import case


@case(
    "packet-id-free-after-pubrec-error",
    requires="MQTT5-2.2.1/reuse",
    when="qos2",
    kills="pubrec-error-ignored",
    note="No sentence forbids a PUBREL that nobody needs, hence a warning.",
)
async def free_after_pubrec_error(t: Any) -> None:
    """A PUBREC of 0x80 or more ends the flow of a QoS 2 message, and the server sends no PUBREL"""
    await t.sub(connect={})
    await t.sub(subscribe=[{"filter": "$t/a", "qos": 2}], granted=[2])
    await t.pub(connect={})
    await t.pub(publish={"topic": "$t/a", "qos": 2, "payload": "$nonce"})
    await t.sub(expect="PUBLISH", qos=2, payload="$nonce", bind={"id": "packet_id"})
    t.body()
    await t.sub(
        send={"PUBREC": {"packet_id": "$id", "reason": "implementation_specific_error"}}
    )
    await t.pub(publish={"topic": "$t/a", "qos": 2, "payload": "$sentinel"})
    sentinel = {"PUBLISH": {"payload": "$sentinel"}}
    answer = await t.sub(any_of=[sentinel, {"PUBREL": {"packet_id": "$id"}}])
    if answer["type"] == "PUBREL":
        t.warn("PUBREL for a packet identifier that PUBREC had freed")
