"""Client identifiers whose length matters (5.0 section 3.1.3.1)."""

from typing import Any

from wirelaw.cases import case

SHORT = 23
LONG = 1024


def padded(start: str, text: str, size: int) -> str:
    """`start`, and of the text as much as makes it `size` long."""
    return (start + text * size)[:size]


@case(
    "client-id-of-23-bytes-accepted",
    requires=["MQTT5-3.1.3-5", "MQTT311-3.1.3-5"],
    protocols=["mqtt5", "mqtt311"],
    kills="client-id-23-refused",
    matrix=[
        {"name": "digits", "text": "0123456789"},
        {"name": "lower", "text": "abcdefghijklmnopqrstuvwxyz"},
        {"name": "upper", "text": "ZYXWVUTSRQPONMLKJIHGFEDCBA"},
    ],
)
async def short_client_id(t: Any, name: str, text: str) -> None:
    """A client identifier of 23 digits and letters is accepted"""
    await t.good(connect={})
    t.body()
    await t.a(send={"CONNECT": {"client_id": padded(t.vars["s"], text, SHORT)}})
    await t.a(expect="CONNACK", reason=0)


@case("client-id-refused-closes", requires="MQTT5-3.1.3-8", kills="long-client-id-left-open")
async def refused_client_id(t: Any) -> None:
    """A client identifier that the server does not want closes the connection"""
    await t.good(connect={})
    t.body()
    await t.a(send={"CONNECT": {"client_id": padded(t.vars["s"], "long", LONG)}})
    answer = await t.a(any_of=["CONNACK", "closed"])
    if answer.get("reason", 0) >= 0x80:
        await t.a(expect="closed")
