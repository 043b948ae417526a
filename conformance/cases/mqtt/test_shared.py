"""Shared subscriptions whose member the server chooses (5.0 section 4.8.2)."""

from typing import Any

from wirelaw.cases import case


@case(
    "shared-message-to-one-session",
    requires="MQTT5-4.8.2/one-session",
    when=["shared", "qos1"],
    kills="shared-to-all",
    note="Whom the server chooses is left to it. The sentinel has another topic: a copy that comes "
    "behind it is seen as well, until the case ends.",
)
async def one_session(t: Any) -> None:
    """A message that matches a shared subscription goes to one of its sessions only"""
    nonce, sentinel = {"PUBLISH": {"payload": "$nonce"}}, {"PUBLISH": {"payload": "$sentinel"}}
    filters = [{"filter": "$share/$s/$t/a", "qos": 1}, {"filter": "$t/b", "qos": 1}]
    for name in ("a", "b"):
        await t.step(name, {"connect": {}})
        await t.step(name, {"subscribe": filters, "granted": [1, 1]})
    await t.pub(connect={})
    await t.pub(publish={"topic": "$t/a", "qos": 1, "payload": "$nonce"})
    await t.pub(publish={"topic": "$t/b", "qos": 1, "payload": "$sentinel"})
    first = await t.a(any_of=[nonce, sentinel], bind={"first": "payload"})
    chosen, other = ("a", "b") if first["payload"] == t.vars["nonce"].encode() else ("b", "a")
    if chosen == "b":
        await t.b(expect="PUBLISH", payload="$nonce", tolerate=sentinel)
    t.body()
    await t.step(other, {"none": nonce})
    if other == "b":
        await t.b(expect="PUBLISH", payload="$sentinel")
    await t.step(other, {"ping": True})
