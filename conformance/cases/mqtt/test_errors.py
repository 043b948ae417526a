"""A server that reports an error of 0x80 or more has to close (5.0 section 4.13.2)."""

from typing import Any

from wirelaw.cases import case


@case("reported-error-closes", requires="MQTT5-4.13.2-1", kills="disconnect-left-open", when="topic_alias")
async def reported_error_closes(t: Any) -> None:
    """A server that has sent DISCONNECT with 0x80 or more closes the connection"""
    await t.a(connect={})
    t.body()
    # A Topic Alias of 0 is a Protocol Error (3.3.2-8), told by 0x94.
    await t.a(send=[{"PUBLISH": {"topic": "$t/a", "topic_alias": 0}}, "PINGREQ"])
    message = await t.a(any_of=["DISCONNECT>=0x80", "closed", "PINGRESP"])
    if message["type"] == "PINGRESP":
        t.inconclusive("the server took no notice of a Topic Alias of 0")
    if message["type"] == "DISCONNECT":
        await t.a(expect="closed", after_any=["DISCONNECT>=0x80", "PINGRESP"])


@case("refused-message-hurts-no-session", requires="MQTT5-4.13.2/acknowledged-error", kills="refused-hurts-session",
      when="qos$qos", matrix=[{"name": "puback", "qos": 1}, {"name": "pubrec", "qos": 2}],
      note="A PUBREL that comes in spite of the refusal is answered, for it may hold up what follows.")  # fmt: skip
async def refused_message_hurts_no_session(t: Any, name: str, qos: int) -> None:
    """A message that a client refuses has no consequence for other packets"""
    await t.sub(connect={})
    await t.sub(subscribe=[{"filter": "$t/a", "qos": qos}], granted=[qos])
    await t.pub(connect={})
    await t.pub(publish={"topic": "$t/a", "qos": qos, "payload": "$nonce"})
    first = await t.sub(expect="PUBLISH", qos=qos, payload="$nonce")
    refusal = {"packet_id": first["packet_id"], "reason": "implementation_specific_error"}
    await t.sub(send=[{name.upper(): refusal}, "PINGREQ"])
    answer = await t.sub(any_of=["PINGRESP", "PUBREL"])
    if answer["type"] == "PUBREL":
        await t.sub(expect="PINGRESP")
        await t.sub(send="PUBCOMP", packet_id=first["packet_id"], reason=0x92)
    await t.pub(publish={"topic": "$t/a", "qos": qos, "payload": "$nonce2"})
    t.body()
    await t.sub(receive={"payload": "$nonce2", "qos": qos})
