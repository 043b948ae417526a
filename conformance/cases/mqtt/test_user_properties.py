"""User Properties of forwarded messages. A server that adds some of its own breaks no rule."""

from __future__ import annotations

from typing import Any

from wirelaw.cases import case

WAYS = ["subscribed", "retained", "waiting"]


async def forwarded(t: Any, way: str, sent: list[list[str]], requirement: str) -> list[list[str]]:
    """Those of `sent` that arrive, in the order in which they arrive, as often as they do."""
    session = {"client_id": "$s", "clean_start": False, "session_expiry_interval": 60}
    subscription = {"subscribe": [{"filter": "$t/a", "qos": 1}], "granted": [1]}
    message = {"topic": "$t/a", "qos": 1, "payload": "$nonce", "user_property": sent}
    await t.pub(connect={})
    if way == "retained":
        await t.pub(publish={**message, "retain": True})
        await t.sub(connect={})
        await t.step("sub", subscription)
    else:
        await t.sub(connect=session)
        await t.step("sub", subscription)
        if way == "waiting":
            await t.sub(disconnect={})
        await t.pub(publish=message)
        if way == "waiting":
            await t.sub(connect=session, session_present=True)
    t.body()
    got = await t.sub(expect="PUBLISH", payload="$nonce", requires=requirement)
    return [list(pair) for pair in got.get("user_property", []) if list(pair) in sent]


@case(
    "user-properties-forwarded",
    requires="MQTT5-3.3.2-17",
    kills="user-properties-first-only",
    matrix={"way": WAYS},
    when="qos1 and retain and persistence",
)
async def all_of_them(t: Any, way: str) -> None:
    """All User Properties of a message reach its subscribers"""
    t.body  # noqa: B018 - says that the case has a preamble
    sent = [["k", "v"], ["k", "w"], ["", "é"], ["k", "v"]]
    got = await forwarded(t, way, sent, "MQTT5-3.3.2-17")
    if sorted(got) != sorted(sent):
        t.fail(f"of the User Properties {sent} came {got}")


@case(
    "user-properties-in-order",
    requires="MQTT5-3.3.2-18",
    kills="user-properties-reversed",
    matrix={"way": WAYS},
    when="qos1 and retain and persistence",
)
async def in_order(t: Any, way: str) -> None:
    """The User Properties of a message keep their order"""
    t.body  # noqa: B018 - says that the case has a preamble
    sent = [["b", "1"], ["c", "2"], ["a", "3"]]
    got = await forwarded(t, way, sent, "MQTT5-3.3.2-18")
    if got != [pair for pair in sent if pair in got]:
        t.fail(f"of the User Properties {sent} came {got}")
