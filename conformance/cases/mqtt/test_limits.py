"""What a server announces in CONNACK and has to hold to, or to refuse (5.0 section 3.2.2.3)."""

from typing import Any

from wirelaw.cases import case

LARGEST = 4 * 1024 * 1024  # bytes: limits above it are not worth the time
TEXTS = (
    "reason_string", "assigned_client_identifier", "response_information", "server_reference",
)  # fmt: skip


@case(
    "packet-above-servers-maximum-refused",
    requires="MQTT5-3.2.2.3.6/exceeded",
    kills="oversize-accepted",
)
async def oversize(t: Any) -> None:
    """A packet above the server's Maximum Packet Size is a protocol error"""
    connack = await t.a(connect={})
    limit = connack.get("maximum_packet_size", LARGEST + 1)
    if limit > LARGEST:
        t.not_applicable("the server announces no Maximum Packet Size that could be tried")
    await t.a(publish={"topic": "$t/a"})
    await t.a(barrier=True)
    t.body()
    await t.a(send={"PUBLISH": {"topic": "$t/a", "payload": {"fill": "x", "len": limit}}})
    await t.a(expect="closed", prefer={"DISCONNECT": "packet_too_large"})


def is_disallowed(text: str) -> bool:
    """Control characters and what Unicode calls non-characters (1.5.4)."""
    return any(
        c < 0x20 or 0x7F <= c < 0xA0 or c & 0xFFFE == 0xFFFE or 0xFDD0 <= c <= 0xFDEF
        for c in map(ord, text)
    )


@case(
    "connack-texts-without-control-characters",
    requires="MQTT5-1.5.4/disallowed",
    kills="control-character-sent",
    matrix=[
        {"name": "no-client-id", "fields": {"client_id": ""}},
        {"name": "user-name", "fields": {"user_name": "wirelaw"}},
        {"name": "unknown-method", "fields": {"authentication_method": "no-such-method"}},
    ],
)
async def texts(t: Any, name: str, fields: Any) -> None:
    """The server's own strings in CONNACK have no control characters and no non-characters"""
    await t.good(connect={})
    t.body()
    await t.a(send={"CONNECT": {"request_response_information": 1, **fields}})
    answer = await t.a(any_of=["CONNACK", "closed"])
    for field in TEXTS:
        text = answer.get(field, "")
        if is_disallowed(text if isinstance(text, str) else bytes(text).decode("utf-8", "replace")):
            t.warn(f"{field} holds a character that strings should not include")
