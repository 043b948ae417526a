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
