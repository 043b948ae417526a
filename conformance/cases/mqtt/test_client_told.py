"""What a client makes of a command that the text does not let it carry out.

The statements bind the client as a whole, and here the upper tester, its application, asks for the violation. A
library that passes the command on gets a warning for that, no failure (docs/decisions/0010-what-a-client-is-told.md).
That it did not pass it on is shown by what it was told to do behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wirelaw.cases import case

Fields = Mapping[str, Any]
PASSED_ON = "the client passes on what it was told, and what it must not send"
#: What it is told behind it, twice: the first ends the preamble, the second proves.
ALLOWED = {
    "publish": [{"topic": "$t/sentinel", "payload": f"$sentinel{n}"} for n in (1, 2)],
    "subscribe": [{"filters": [{"filter": f"$t/sentinel{n}", "qos": 1}]} for n in (1, 2)],
}
SEEN = {
    "publish": [{"payload": f"$sentinel{n}"} for n in (1, 2)],
    "subscribe": [{"filters": [{"filter": f"$t/sentinel{n}"}]} for n in (1, 2)],
}


async def judge(t: Any, verb: str, told: Fields, bad: Fields, instead: Fields | None) -> None:
    """The client of connection c is told what it must not do, and twice what it may.

    bad      fields of what it must not send
    instead  fields of what it may send for the command"""
    for command in (told, *ALLOWED[verb]):
        await t.step("iut", {"do": verb, **command})
    packet = verb.upper()
    first, last = ({packet: fields} for fields in SEEN[verb])
    forbidden = {packet: bad}
    around = {} if instead is None else {"tolerate": {packet: instead}}
    answer = await t.step("c", {"any_of": [first, forbidden], **around})
    said = answer["payload"] if verb == "publish" else answer["filters"][0]["filter"].encode()
    was_sent = b"sentinel1" not in said
    if was_sent:
        await t.step("c", {"any_of": [first], **around})
    t.body()
    await t.step("c", {"any_of": [last], "none_before": forbidden, **around})
    if was_sent:
        t.warn(PASSED_ON)


def told(
    name: str, title: str, requires: Sequence[str], kills: str, verb: str, command: Fields, bad: Fields, *,
    instead: Fields | None = None, connack: Fields | None = None, when: str = "",
) -> None:  # fmt: skip
    """A case: the client connects, gets a CONNACK with these fields, and is told what it must not do."""
    protocols = [p for p, mark in (("mqtt5", "MQTT5-"), ("mqtt311", "MQTT311-"))
                 if any(one.startswith(mark) for one in requires)]  # fmt: skip

    async def run(t: Any) -> None:
        t.body  # noqa: B018 - says that the case has a preamble
        t.provokes(*requires)
        await t.iut(do="connect")
        await t.c(accept=connack or {})
        await judge(t, verb, command, bad, instead)

    case(name, role="client", title=title, requires=list(requires), kills=kills, protocols=protocols,
         when=[f"{verb} and {when}" if when else verb])(run)  # fmt: skip


# Limits that CONNACK announced.

nonce = {"topic": "$t/a", "payload": "$nonce"}

told(
    "client-keeps-to-maximum-qos", "A client publishes nothing above the Maximum QoS", ["MQTT5-3.2.2-11"],
    "client-ignores-maximum-qos", "publish", {**nonce, "qos": 1}, {"qos": {"ge": 1}},
    instead={"payload": "$nonce", "qos": 0}, connack={"maximum_qos": 0}, when="qos1",
)  # fmt: skip
told(
    "client-keeps-to-retain-available", "A client sends no RETAIN flag to a server without retained messages",
    ["MQTT5-3.2.2-14"], "client-ignores-retain-available", "publish", {**nonce, "retain": True}, {"retain": 1},
    instead={"payload": "$nonce", "retain": 0}, connack={"retain_available": 0}, when="retain",
)  # fmt: skip
told(
    "client-keeps-to-maximum-packet-size", "A client sends no packet larger than the server's Maximum Packet Size",
    ["MQTT5-3.2.2-15"], "client-ignores-maximum-packet-size", "publish",
    {"topic": "$t/a", "payload": {"fill": "x", "len": 200}}, {"size": {"ge": 101}},
    connack={"maximum_packet_size": 100},
)  # fmt: skip


@case("client-alias-within-maximum", role="client", requires="$req", kills="$fault",
      when=["publish and topic_alias"],
      matrix=[
          {"name": "told", "maximum": 3, "req": "MQTT5-3.2.2-17", "fault": "client-alias-above-maximum"},
          {"name": "none", "maximum": 0, "req": "MQTT5-3.2.2-18", "fault": "client-alias-unasked"},
      ])  # fmt: skip
async def alias_within_maximum(t: Any, maximum: int, **_: str) -> None:
    """A client sends no Topic Alias above the server's maximum"""
    t.body  # noqa: B018 - says that the case has a preamble
    await t.iut(do="connect")
    await t.c(accept={"topic_alias_maximum": maximum})
    command, alias = {**nonce, "topic_alias": maximum + 1}, {"ge": maximum + 1}
    instead = {"payload": "$nonce", "topic_alias": {"absent": True}}
    await judge(t, "publish", command, {"topic_alias": alias}, instead)


@case("client-subscribes-within-what-is-offered", role="client", requires="$req", kills="$fault", when=["subscribe"],
      matrix=[
          {"name": "wildcard", "filter": "$t/+", "req": "MQTT5-3.2.2.3.11/used",
           "fault": "client-ignores-wildcard-available"},
          {"name": "shared", "filter": "$share/g/$t/a", "req": "MQTT5-3.2.2.3.13/used",
           "fault": "client-ignores-shared-available"},
      ])  # fmt: skip
async def subscribes_within_what_is_offered(t: Any, name: str, **parameters: str) -> None:
    """A client asks for no subscription that the server says it has not"""
    t.body  # noqa: B018
    await t.iut(do="connect")
    await t.c(accept={f"{name}_subscription_available": 0})
    only = {"filter": parameters["filter"]}
    await judge(t, "subscribe", {"filters": [{**only, "qos": 1}]}, {"filters": [only]}, None)


one = {"filters": [{"filter": "$t/a", "qos": 1}]}
told(
    "client-sends-no-subscription-id-where-there-are-none",
    "A client sends no Subscription Identifier to a server that has none", ["MQTT5-3.2.2.3.12/used"],
    "client-ignores-subscription-ids", "subscribe", {**one, "subscription_identifier": 7},
    {"subscription_identifier": {"present": True}},
    instead={"filters": [{"filter": "$t/a"}], "subscription_identifier": {"absent": True}},
    connack={"subscription_identifier_available": 0},
)  # fmt: skip

# What no client may ever send.

told(
    "client-publishes-to-no-wildcard", "A client that is told to publish to a wildcard does not",
    ["MQTT5-3.3.2-2", "MQTT311-3.3.2-2"], "client-sends-bad-topics", "publish",
    {"topic": "$t/+", "payload": "$nonce"}, {"topic": {"contains": "+"}},
)  # fmt: skip
told(
    "client-publishes-no-subscription-id", "A client that is told to send a Subscription Identifier does not",
    ["MQTT5-3.3.4-6"], "client-publishes-subscription-id", "publish", {**nonce, "subscription_identifier": 3},
    {"subscription_identifier": {"present": True}},
    instead={"payload": "$nonce", "subscription_identifier": {"absent": True}},
)  # fmt: skip
told(
    "client-subscribes-to-no-local-of-a-share",
    "A client that is told to ask for No Local with a shared subscription does not", ["MQTT5-3.8.3-4"],
    "client-sends-bad-filters", "subscribe",
    {"filters": [{"filter": "$share/group/$t/a", "qos": 1, "no_local": True}]}, {"filters": [{"no_local": 1}]},
    instead={"filters": [{"filter": "$share/group/$t/a", "no_local": 0}]},
)  # fmt: skip
told(
    "client-subscribes-to-no-empty-filter", "A client that is told to subscribe to an empty topic filter does not",
    ["MQTT311-4.7.3-1"], "client-sends-bad-filters", "subscribe", {"filters": [{"filter": "", "qos": 1}]},
    {"filters": [{"filter": ""}]},
)  # fmt: skip


@case("client-does-not-raise-expiry", role="client", requires="MQTT5-3.14.2.2.2/raised", kills="client-raises-expiry",
      when=["publish"])  # fmt: skip
async def does_not_raise_expiry(t: Any) -> None:
    """A client whose Session Expiry Interval was 0 sets no other by DISCONNECT"""
    t.provokes("MQTT5-3.14.2.2.2/raised")
    await t.iut(do="connect")
    await t.c(accept={}, expect={"session_expiry_interval": {"absent": True}})
    await t.iut(do="disconnect", session_expiry_interval=60)
    await t.iut(do="publish", topic="$t/a", payload="$sentinel")
    t.body()
    answer = await t.c(any_of=["DISCONNECT", {"PUBLISH": {"payload": "$sentinel"}}, "closed"])
    if answer.get("session_expiry_interval"):
        t.warn(PASSED_ON)


@case("client-empty-id-needs-clean-session", role="client", protocols=["mqtt311"], requires="MQTT311-3.1.3-7",
      kills="client-empty-id-with-session",
      note="A client may refuse the first command, or put in an identifier of its own; the second it may carry out.")  # fmt: skip
async def empty_id_needs_clean_session(t: Any) -> None:
    """A client of 3.1.1 without an identifier asks for a clean session"""
    t.provokes("MQTT311-3.1.3-7")
    await t.iut(do="connect", client_id="", clean_start=False)
    await t.iut(do="connect", client_id="")
    answer = await t.c(any_of=["CONNECT"])
    t.body()
    # An answer, for the verdict to stand at.
    await t.step("c", {"send": "CONNACK", "reason": 2, "requires": "MQTT311-3.1.3-7"})
    if not answer["client_id"] and not answer["clean_start"]:
        t.warn(PASSED_ON)


@case("client-sends-no-auth-without-a-method", role="client", requires="MQTT5-4.12.0-7",
      kills="client-auth-without-method", when=["auth_method and publish"])  # fmt: skip
async def sends_no_auth_without_a_method(t: Any) -> None:
    """A client that named no Authentication Method sends no AUTH"""
    t.provokes("MQTT5-4.12.0-7")
    await t.iut(do="connect")
    await t.c(accept={})
    await t.iut(do="auth")
    await t.iut(do="publish", topic="$t/a", payload="$sentinel")
    t.body()
    answer = await t.c(any_of=["AUTH", {"PUBLISH": {"payload": "$sentinel"}}])
    if answer["type"] == "AUTH":
        t.warn(PASSED_ON)
