"""Where several subscriptions of a client match: one copy for all of them, or one for each."""

from __future__ import annotations

from typing import Any

from wirelaw.cases import case

SERVER = "qos1 and wildcard and subscription_ids"
Filters = list[tuple[str, int | None]]


@case(
    "overlapping-subscriptions-highest-qos",
    protocols=["mqtt5", "mqtt311"],
    requires=["MQTT5-3.3.4-2", "MQTT311-3.3.5-1"],
    kills="overlap-lowest-qos",
    matrix=[
        {"name": "0-and-1", "wide": 0, "narrow": 1, "highest": 1},
        {"name": "1-and-2", "wide": 1, "narrow": 2, "highest": 2},
        {"name": "2-and-0", "wide": 2, "narrow": 0, "highest": 2},
    ],
    when="qos$highest and wildcard",
)
async def highest_qos(t: Any, wide: int, narrow: int, highest: int, **_: Any) -> None:
    """A message that matches several subscriptions is delivered at their highest QoS"""
    await t.sub(connect={})
    filters = [{"filter": "$t/+", "qos": wide}, {"filter": "$t/a", "qos": narrow}]
    await t.sub(subscribe=filters, granted=[wide, narrow])
    await t.pub(connect={})
    await t.pub(publish={"topic": "$t/a", "qos": highest, "payload": "$nonce"})
    t.body()
    # A server may send a copy for the other one first, and wait until that is acknowledged.
    if (await t.sub(receive={"payload": "$nonce"}))["qos"] != highest:
        await t.sub(receive={"payload": "$nonce", "qos": highest})


async def copies(t: Any, filters: Filters, requirement: str) -> list[list[int]]:
    """The identifiers in each copy of one message to $t/a/b. The last step is bound."""
    await t.sub(connect={})
    for text, identifier in filters:
        fields: dict[str, Any] = {"filters": [{"filter": text, "qos": 1}]}
        if identifier is not None:
            fields["subscription_identifier"] = identifier
        await t.sub(subscribe=fields, granted=[1])
    await t.pub(connect={})
    await t.pub(publish={"topic": "$t/a/b", "qos": 1, "payload": "$nonce"})
    await t.pub(publish={"topic": "$t/a/b", "qos": 1, "payload": "$sentinel"})
    t.body()
    found: list[list[int]] = []
    wanted = [{"PUBLISH": {"payload": "$nonce"}}]
    while True:
        step = {"any_of": [*wanted, {"PUBLISH": {"payload": "$sentinel"}}] if found else wanted}
        got = await t.step("sub", {**step, "requires": requirement} if found else step)
        if _is_sentinel(got):
            return found
        found.append(sorted(got.get("subscription_identifier", [])))
        await t.sub(send="PUBACK", packet_id=got["packet_id"])


@case(
    "overlapping-subscription-ids-sent",
    requires="MQTT5-3.3.4-3",
    kills="overlap-no-ids",
    when=SERVER,
)
async def sent_at_all(t: Any) -> None:
    """The identifier of one of two overlapping subscriptions is sent with the message"""
    t.body  # noqa: B018 - says that the case has a preamble
    found = await copies(t, [("$t/a/+", 21), ("$t/+/b", None)], "MQTT5-3.3.4-3")
    if [21] not in found:
        t.fail(f"no copy has the Subscription Identifier 21: {found}")


@case(
    "overlapping-subscription-ids-in-one-copy",
    requires="MQTT5-3.3.4-4",
    kills="overlap-first-id-only",
    when=SERVER,
)
async def in_one_copy(t: Any) -> None:
    """A single copy has the identifiers of all subscriptions that match"""
    t.body  # noqa: B018 - says that the case has a preamble
    found = await copies(t, [("$t/a/+", 21), ("$t/+/b", 22), ("$t/a/b", 23)], "MQTT5-3.3.4-4")
    if len(found) == 1 and found != [[21, 22, 23]]:
        t.fail(f"the only copy has the Subscription Identifiers {found[0]}, and not 21, 22 and 23")


@case(
    "overlapping-subscription-ids-in-several-copies",
    requires="MQTT5-3.3.4-5",
    kills="overlap-copies-without-ids",
    when=SERVER,
)
async def in_several_copies(t: Any) -> None:
    """Of several copies each has the identifier of its own subscription"""
    t.body  # noqa: B018 - says that the case has a preamble
    found = await copies(t, [("$t/a/+", 21), ("$t/+/b", 22)], "MQTT5-3.3.4-5")
    if len(found) > 1 and sorted(found) != [[21], [22]]:
        t.fail(f"the copies have the Subscription Identifiers {found}, and not 21 and 22")


@case(
    "identical-subscription-ids-repeated",
    requires="MQTT5-3.3.4/identical-ids",
    kills="identical-ids-once",
    when=SERVER,
)
async def identical(t: Any) -> None:
    """An identifier that two matching subscriptions have stands twice in a single copy"""
    t.body  # noqa: B018 - says that the case has a preamble
    found = await copies(t, [("$t/a/+", 21), ("$t/+/b", 21)], "MQTT5-3.3.4/identical-ids")
    each = [[21], [21, 21]] if len(found) > 1 else [[21, 21]]
    if any(identifiers not in each for identifiers in found):
        t.fail(f"the copies have the Subscription Identifiers {found}")


@case(
    "shared-subscription-id-of-receiver-only",
    requires="MQTT5-3.3.4/shared-ids",
    kills="shared-foreign-id",
    when="qos1 and shared and subscription_ids",
)
async def shared(t: Any) -> None:
    """A message of a share carries no Subscription Identifier that another member gave"""
    members = {"m1": 31, "m2": 32}
    for name, identifier in members.items():
        await t.step(name, {"connect": {}})
        filters = [{"filter": "$share/$s/$t/a", "qos": 1}]
        fields = {"filters": filters, "subscription_identifier": identifier}
        await t.step(name, {"subscribe": fields})
        await t.step(name, {"subscribe": [{"filter": "$t/end", "qos": 1}], "granted": [1]})
    t.body()
    for name, identifier in members.items():
        foreign = {"topic": "$t/a", "subscription_identifier": {"ne": identifier}}
        await t.step(name, {"park": {"PUBLISH": foreign}})
    await t.pub(connect={})
    for _ in range(4):
        await t.pub(publish={"topic": "$t/a", "qos": 1, "payload": "$nonce"})
    await t.pub(publish={"topic": "$t/end", "qos": 1, "payload": "$sentinel"})
    received = 0
    for name in members:
        while not _is_sentinel(await t.step(name, {"receive": {"payload": {"present": True}}})):
            received += 1
    if received == 0:
        t.inconclusive("no member of the share got the messages")


def _is_sentinel(publish: dict[str, Any]) -> bool:
    return bytes(publish["payload"]).startswith(b"sentinel")
