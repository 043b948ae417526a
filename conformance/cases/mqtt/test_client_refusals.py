"""What a client does when its server breaks a rule that the packet alone does not show.

In 3.1.1 it must close (4.8.0-1), unless nothing calls the packet a violation; in 5.0 it should (4.13.1): one that
carries on gets a warning, unless a statement says that it must. That it carries on is shown by its answer to a good
PUBLISH behind the bad packet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wirelaw.cases import case

GOOD = [
    {"PUBLISH": {"topic": "$t/good", "qos": 1, "packet_id": 1007, "payload": "good"}},
    {"PUBLISH": {"topic": "$t/good", "qos": 2, "packet_id": 1008, "payload": "good"}},
]
CARRIES_ON = [{"PUBACK": {"packet_id": 1007}}, {"PUBREC": {"packet_id": 1008}}]
BETWEEN = [
    "PINGREQ", "SUBSCRIBE", "PUBREL", "PUBCOMP", {"PUBACK": {"packet_id": {"ne": 1007}}},
    {"PUBREC": {"packet_id": {"ne": 1008}}},
]  # fmt: skip


async def refuses(t: Any, bad: Sequence[Any], *, strict: bool, good: bool = True) -> dict[str, Any]:
    """Sends `bad` and something good on c: the client closes; gives what it said first."""
    await t.step("c", {"send": [*bad, *(GOOD if good else [])]})
    allowed = ["closed", "DISCONNECT", *([] if strict else CARRIES_ON)]
    silent = None if strict else "the client neither closed nor answered what came behind"
    answer = await t.step("c", {"any_of": allowed, "tolerate": BETWEEN}, or_warn=silent)
    if answer is None:
        return {"type": "nothing"}
    if answer["type"] == "DISCONNECT":
        await t.c(expect="closed")
    elif answer["type"] != "closed":
        t.warn("the client carried on as if nothing were wrong")
    return dict(answer)


def situation(
    name: str, title: str, requires: Sequence[str], kills: str, bad: Sequence[Any], *,
    connect: Mapping[str, Any] | None = None, connack: Mapping[str, Any] | None = None,
    subscribe: Mapping[str, Any] | None = None, when: Sequence[str] = (), must: bool | None = None,
) -> None:  # fmt: skip
    """A case: the client connects as told (and subscribes), then gets the bad packets.

    connack    its fields; absent: the client gets no CONNACK before the bad packets
    subscribe  fields of a SUBSCRIBE that waits for its answer when the bad packets come
    must       whether it must close; absent: in 3.1.1"""
    protocols = [p for p, mark in (("mqtt5", "MQTT5-"), ("mqtt311", "MQTT311-"))
                 if any(one.startswith(mark) for one in requires)]  # fmt: skip

    async def run(t: Any) -> None:
        await t.step("iut", {"do": "connect", **(connect or {})})
        if connack is None:
            await t.c(expect="CONNECT")
        else:
            await t.c(accept=connack)
        if subscribe is not None:
            await t.step("iut", {"do": "subscribe", **subscribe})
            await t.c(expect="SUBSCRIBE")
        t.body()
        await refuses(t, bad, strict=t.protocol == "mqtt311" if must is None else must)

    case(
        f"client-refuses-{name}", role="client", title=title, requires=list(requires), kills=kills,
        protocols=protocols, when=["qos1 and qos2", *when],
    )(run)  # fmt: skip


publish = {"topic": "$t/a", "payload": "x"}
FILTER = {"filters": [{"filter": "$t/a", "qos": 1}]}

situation(
    "publish-before-connack", "A client takes nothing but AUTH before CONNACK",
    ["MQTT5-3.2.0-1", "MQTT311-3.2.0-1"], "client-anything-before-connack", [{"PUBLISH": publish}],
)  # fmt: skip
situation(
    "second-connack", "A client takes one CONNACK on a connection", ["MQTT5-3.2.0-2"],
    "client-second-connack-accepted", ["CONNACK"], connack={},
)  # fmt: skip
situation(
    "session-it-does-not-know", "A client without Session State closes when it is told Session Present 1",
    ["MQTT5-3.2.2-4"], "client-unknown-session-accepted", [], must=True,
    connect={"clean_start": False}, connack={"session_present": True},
)  # fmt: skip
situation(
    "too-large-packet", "A client refuses packets above its Maximum Packet Size",
    ["MQTT5-3.1.2.11.4/exceeded"], "client-oversize-accepted",
    [{"PUBLISH": {"topic": "$t/a", "payload": {"fill": "x", "len": 300}}}],
    connect={"maximum_packet_size": 200}, connack={},
)  # fmt: skip
situation(
    "explanation-not-asked-for", "A client that asked for no problem information refuses Reason Strings of SUBACK",
    ["MQTT5-3.1.2.11.7/received"], "client-explanation-accepted",
    [{"SUBACK": {"reasons": [1], "reason_string": "because"}}],
    connect={"request_problem_information": 0}, connack={}, subscribe=FILTER, when=["subscribe"],
)  # fmt: skip
situation(
    "alias-above-maximum", "A client refuses Topic Aliases above its maximum", ["MQTT5-3.3.4/alias-range"],
    "client-alias-range-unchecked", [{"PUBLISH": {**publish, "topic_alias": 4}}],
    connect={"topic_alias_maximum": 3}, connack={}, when=["topic_alias"],
)  # fmt: skip
situation(
    "unknown-alias", "A client refuses an alias that has no topic", ["MQTT5-3.3.4/alias-unknown"],
    "client-unknown-alias-accepted", [{"PUBLISH": {"topic": "", "topic_alias": 2}}],
    connect={"topic_alias_maximum": 3}, connack={}, when=["topic_alias"],
)  # fmt: skip
situation(
    "more-than-receive-maximum", "A client refuses more unreleased messages than its Receive Maximum",
    ["MQTT5-3.3.4/receive-maximum-client"], "client-receive-maximum-not-enforced",
    [{"PUBLISH": {**publish, "qos": 2, "packet_id": n}} for n in (1, 2, 3)],
    connect={"receive_maximum": 2}, connack={}, when=["subscribe"],
)  # fmt: skip
situation(
    "foreign-subscription-id", "A client refuses a Subscription Identifier that it never gave",
    ["MQTT5-3.3.4/foreign-id"], "client-foreign-id-accepted",
    [{"PUBLISH": {**publish, "subscription_identifier": 77}}], connack={},
)  # fmt: skip
situation(
    "packets-of-clients", "A client refuses packets that only clients send",
    ["MQTT5-2.1.2/direction", "MQTT311-2.2.1/direction"], "client-direction-unchecked", ["PINGREQ"], connack={},
    must=False,
)  # fmt: skip
situation(
    "authentication-not-asked-for", "A client without Authentication Method takes no AUTH", ["MQTT5-4.12.0-6"],
    "client-auth-unchecked",
    [{"AUTH": {"reason": 0x18, "authentication_method": "wirelaw-echo", "authentication_data": "x"}}], connack={},
)  # fmt: skip
situation(
    "connack-with-a-method", "A client without Authentication Method takes none from CONNACK", ["MQTT5-4.12.0-6"],
    "client-auth-unchecked", [], connack={"authentication_method": "wirelaw-echo"},
)  # fmt: skip
situation(
    "flags-of-suback", "A client closes when it meets wrong flags in a fixed header", ["MQTT311-2.2.2-2"],
    "client-flags-unchecked", ["91 03 00 01 00"], connack={},
)  # fmt: skip
situation(
    "bad-suback", "A client closes when it meets a violation of the protocol", ["MQTT311-4.8.0-1"],
    "client-violations-ignored", [{"SUBACK": {"reasons": [3]}}], connack={}, subscribe=FILTER, when=["subscribe"],
)  # fmt: skip
situation(
    "length-of-five-bytes", "A client closes when it meets a Remaining Length of five bytes",
    ["MQTT311-2.2.3/varint"], "client-accept:MQTT311-2.2.3/varint", ["d0 80 80 80 80 01"], connack={},
)  # fmt: skip


# What a client says of a bad SUBACK: one whose reserved flags are not 0.

BAD_SUBACK = "91 04 00 01 00 00"


def after_bad_suback(
    name: str, title: str, requires: str, kills: str, judge: Callable[[Any, Mapping[str, Any]], None]
) -> None:
    async def run(t: Any) -> None:
        await t.iut(do="connect")
        await t.c(accept={})
        await t.step("iut", {"do": "subscribe", **FILTER})
        await t.c(expect="SUBSCRIBE")
        t.body()
        judge(t, await refuses(t, [BAD_SUBACK], strict=False))

    case(f"client-after-bad-suback-{name}", role="client", title=title, requires=requires, kills=kills,
         when=["subscribe and qos1 and qos2"])(run)  # fmt: skip


def detected(t: Any, answer: Mapping[str, Any]) -> None:
    """What a client says of an error concerns those that see it."""
    if answer["type"] not in ("closed", "DISCONNECT"):
        t.not_applicable("the client does not close for a SUBACK with wrong flags")


def told_why(t: Any, answer: Mapping[str, Any]) -> None:
    detected(t, answer)
    if answer["type"] == "closed":
        t.warn("the client closed without a DISCONNECT")


def told_exactly(t: Any, answer: Mapping[str, Any]) -> None:
    detected(t, answer)
    if answer["type"] == "DISCONNECT" and answer["reason"] not in (0x81, 0x82):
        t.warn(f"the client's DISCONNECT says 0x{answer['reason']:02x}, not malformed packet or protocol error")


after_bad_suback(
    "closes", "A client that meets a malformed packet closes", "MQTT5-4.13.1/client-closes", "client-never-closes",
    lambda t, answer: None,
)  # fmt: skip
after_bad_suback(
    "says-so", "A client says DISCONNECT before it closes", "MQTT5-4.13.1/client-disconnect",
    "client-closes-silently", told_why,
)  # fmt: skip
after_bad_suback(
    "says-why", "A client's DISCONNECT says malformed packet or protocol error", "MQTT5-4.13.1/reason-code",
    "client-disconnect-unspecific", told_exactly,
)  # fmt: skip
after_bad_suback(
    "closes-after-saying-so", "A client that has sent a DISCONNECT of 0x80 or more closes", "MQTT5-4.13.2-1",
    "client-disconnect-left-open", detected,
)  # fmt: skip


async def closes_or_warns(t: Any, bad: Sequence[Any]) -> None:
    """Where nothing may be sent behind the packet: the client closes, or it is told to."""
    t.body()
    await t.step("c", {"send": list(bad)})
    step = {"any_of": ["closed", "DISCONNECT"], "tolerate": BETWEEN}
    answer = await t.step("c", step, or_warn="the client left the connection open")
    if answer is not None and answer["type"] == "DISCONNECT":
        await t.step("c", {"expect": "closed"}, or_warn="the client left the connection open")


@case("client-closes-after-servers-disconnect", role="client", requires="MQTT5-3.14.4/receiver-closes",
      kills="client-stays-after-disconnect")  # fmt: skip
async def closes_after_servers_disconnect(t: Any) -> None:
    """A client closes when its server has sent DISCONNECT"""
    await t.iut(do="connect")
    await t.c(accept={})
    await closes_or_warns(t, [{"DISCONNECT": {"reason": 0x8B}}])


@case("client-closes-when-refused", role="client", requires="MQTT5-4.13.2-1", kills="client-refused-stays")
async def closes_when_refused(t: Any) -> None:
    """A client closes when CONNACK refuses it, should the server be slow to do so"""
    await t.iut(do="connect")
    await t.c(expect="CONNECT")
    await closes_or_warns(t, [{"CONNACK": {"reason": 0x87}}])


# A re-authentication that fails: the server's AUTH names another method than CONNECT did.


async def reauthentication_fails(t: Any) -> dict[str, Any]:
    await t.iut(do="connect", authentication_method="wirelaw-echo")
    connack = {"authentication_method": "wirelaw-echo"}
    await t.c(accept=connack, expect=connack)
    await t.iut(do="auth")
    await t.c(expect="AUTH", reason=0x19)
    t.body()
    bad = {"AUTH": {"reason": 0x18, "authentication_method": "other", "authentication_data": "x"}}
    return await refuses(t, [bad], strict=True)


@case("client-closes-when-reauthentication-fails", role="client", requires="MQTT5-4.12.1-2",
      kills="client-reauth-failure-ignored", when=["auth_method and qos1 and qos2"])  # fmt: skip
async def closes_when_reauthentication_fails(t: Any) -> None:
    """A client closes when its re-authentication fails"""
    t.body  # noqa: B018 - says that the case has a preamble
    await reauthentication_fails(t)


@case("client-says-why-reauthentication-failed", role="client", requires="MQTT5-4.12.1/disconnect",
      kills="client-reauth-failure-silent", when=["auth_method and qos1 and qos2"])  # fmt: skip
async def says_why_reauthentication_failed(t: Any) -> None:
    """A client says by DISCONNECT that its re-authentication failed"""
    t.body  # noqa: B018
    answer = await reauthentication_fails(t)
    if answer["type"] == "closed":
        t.warn("the client closed without a DISCONNECT")
