"""AUTH that clients must not send, where 5.0 leaves open how strictly a server checks (4.12, 4.13.1).

The method wirelaw-echo: the server's Authentication Data, sent back, is the right answer. A server that
carries on as if nothing were wrong gets a warning.
"""

from typing import Any

from wirelaw.cases import case

METHOD = "wirelaw-echo"
LOST = ["closed", "DISCONNECT>=0x80", "CONNACK>=0x80"]


async def challenged(t: Any, name: str) -> Any:
    """CONNECT, up to the server's challenge; gives its data."""
    await t.step(name, {"send": {"CONNECT": {"authentication_method": METHOD}}})
    return (await t.step(name, {"expect": "AUTH"})).get("authentication_data", b"")


async def answer(t: Any, name: str, reason: int, data: Any) -> None:
    auth = {"reason": reason, "authentication_method": METHOD, "authentication_data": data}
    await t.step(name, {"send": {"AUTH": auth}})


async def authenticated(t: Any, name: str) -> None:
    """CONNECT, up to the CONNACK that accepts."""
    await answer(t, name, 0x18, await challenged(t, name))
    await t.step(name, {"expect": "CONNACK", "reason": 0})


async def lost(t: Any, name: str, otherwise: str) -> None:
    """The connection must be closed; a server that goes on is warned of."""
    message = await t.step(name, {"any_of": [*LOST, otherwise], "tolerate": ["PINGRESP"]})
    if message["type"] == otherwise and message.get("reason", 0) < 0x80:
        t.warn("the server went on as if nothing were wrong")
    elif message["type"] != "closed":
        await t.step(name, {"expect": "closed"})


@case(
    "auth-answer-with-wrong-reason",
    when="auth_method",
    matrix=[
        {"name": "success", "reason": 0x00, "req": "MQTT5-3.15.2.1/sent-by", "kill": "auth-success-accepted"},
        {"name": "re-authenticate", "reason": 0x19, "req": "MQTT5-4.12.0-3",
         "kill": "client-continue-unchecked"},
    ],
    requires="$req",
    kills="$kill",
)  # fmt: skip
async def wrong_reason(t: Any, name: str, reason: int, req: str, kill: str) -> None:
    """A client answers the server's AUTH by one with another Reason Code than 0x18"""
    await authenticated(t, "good")
    data = await challenged(t, "a")
    t.body()
    await answer(t, "a", reason, data)
    await lost(t, "a", "CONNACK")


@case(
    "other-packet-before-connack",
    requires="MQTT5-3.1.2-30",
    when="auth_method",
    kills="other-packets-during-auth",
)
async def other_packet(t: Any) -> None:
    """A client that named an Authentication Method sends a PINGREQ before the CONNACK"""
    await authenticated(t, "good")
    data = await challenged(t, "a")
    t.body()
    await t.a(send="PINGREQ")
    await answer(t, "a", 0x18, data)
    await lost(t, "a", "CONNACK")


@case("auth-without-method-in-connect", requires="MQTT5-4.12.0-7", kills="auth-method-unchecked")
async def auth_unasked(t: Any) -> None:
    """A client sends AUTH though its CONNECT named no Authentication Method"""
    await t.good(connect={})
    await t.a(connect={})
    t.body()
    await t.a(send={"AUTH": {"reason": 0x19, "authentication_method": METHOD}})
    await t.a(send={"SUBSCRIBE": {"filters": ["$t/a"]}})
    message = await t.a(any_of=["closed", "DISCONNECT>=0x80", "AUTH", "SUBACK"])
    if message["type"] in ("AUTH", "SUBACK"):
        t.warn("the server went on as if nothing were wrong")
    elif message["type"] == "DISCONNECT":
        await t.a(expect="closed")


@case(
    "re-authentication-with-other-method",
    requires="MQTT5-4.12.1-1",
    when="auth_method",
    kills="reauth-other-method",
)
async def other_method(t: Any) -> None:
    """A client re-authenticates by another method than it had named in CONNECT"""
    await authenticated(t, "good")
    await authenticated(t, "a")
    t.body()
    await t.a(send={"AUTH": {"reason": 0x19, "authentication_method": "other"}})
    await lost(t, "a", "AUTH")
