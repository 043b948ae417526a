"""What a client makes of the messages that it takes: its upper tester tells of each.

That a message was not taken, or only once, is shown by a later one of the same quality that it told of.
"""

from __future__ import annotations

from typing import Any

from wirelaw.cases import case

RESUMES = {"clean_start": False, "session_expiry_interval": 600}


async def subscribed(t: Any, qos: int = 1, **connect: Any) -> None:
    await t.step("iut", {"do": "connect", **connect})
    await t.c(accept={})
    await t.iut(do="subscribe", filters=[{"filter": "$t/#", "qos": qos}])
    await t.c(grant=[qos])


async def taken(t: Any, name: str, qos: int = 1, topic: str = "$t/sentinel") -> None:
    """A last message, which the client tells of after all that came before it."""
    await t.step(name, {"send": "PUBLISH", "topic": topic, "qos": qos, "packet_id": 1009, "payload": "$sentinel"})
    await t.step(name, {"expect": "PUBACK" if qos == 1 else "PUBREC", "packet_id": 1009})
    if qos == 2:
        await t.step(name, {"send": "PUBREL", "packet_id": 1009})
        await t.step(name, {"expect": "PUBCOMP", "packet_id": 1009})
    await t.heard("$sentinel")


def topics(t: Any, payload: str) -> list[bytes]:
    wanted = t.vars[payload].encode()
    return [message["topic"] for message in t.messages if message["payload"] == wanted]


@case("client-delivers-qos2-once", role="client", protocols=["mqtt5", "mqtt311"],
      requires=["MQTT5-4.3.3-10", "MQTT311-4.3.3/duplicate"], kills="client-qos2-twice",
      when=["subscribe and qos2 and persistence"])  # fmt: skip
async def delivers_qos2_once(t: Any) -> None:
    """A client takes a QoS 2 message that comes again before PUBREL for the same message"""
    await resent(t)


@case("client-remembers-qos2-messages", role="client", protocols=["mqtt5", "mqtt311"],
      requires=["MQTT5-4.1/qos2-received", "MQTT311-3.1.2.4/qos2-received"], kills="client-forgets-qos2-received",
      when=["subscribe and qos2 and persistence"])  # fmt: skip
async def remembers_qos2(t: Any) -> None:
    """A client still knows after a reconnect which QoS 2 messages came"""
    await resent(t)


async def resent(t: Any) -> None:
    await subscribed(t, 2, **RESUMES)
    await t.c(send="PUBLISH", topic="$t/a", qos=2, packet_id=8, payload="$nonce")
    await t.c(expect="PUBREC", packet_id=8)
    await t.c(end="fin")
    await t.step("iut", {"do": "connect", **RESUMES})
    await t.d(accept={"session_present": True})
    await t.d(send="PUBLISH", topic="$t/a", qos=2, packet_id=8, dup=1, payload="$nonce")
    await t.d(expect="PUBREC", packet_id=8)
    await t.d(send="PUBREL", packet_id=8)
    await t.d(expect="PUBCOMP", packet_id=8)
    t.body()
    await taken(t, "d", 2)
    found = topics(t, "nonce")
    if not found:
        t.inconclusive("the client told of the message not even once")
    if len(found) > 1:
        t.fail("the client told of the message twice")


@case("client-keeps-its-session-while-connected", role="client", protocols=["mqtt5", "mqtt311"], slow=True,
      requires=["MQTT5-4.1.0-1", "MQTT311-4.1.0-2"], kills="client-session-lost-while-connected",
      when=["subscribe and qos2"])  # fmt: skip
async def keeps_its_session_while_connected(t: Any) -> None:
    """A client still knows after a PINGRESP which QoS 2 messages came"""
    await subscribed(t, 2, keep_alive=5)
    await t.c(send="PUBLISH", topic="$t/a", qos=2, packet_id=8, payload="$nonce")
    await t.c(expect="PUBREC", packet_id=8)
    await t.c(expect="PINGREQ", within=6)
    await t.c(send="PINGRESP")
    t.body()
    if t.protocol == "mqtt5":  # where a PUBCOMP says whether the message was known
        await t.c(send="PUBREL", packet_id=8)
        await t.c(expect="PUBCOMP", packet_id=8, reason=0)
        return
    await t.c(send="PUBLISH", topic="$t/a", qos=2, packet_id=8, dup=1, payload="$nonce")
    await t.step("c", {"expect": "PUBREC", "packet_id": 8})
    await taken(t, "c", 2)
    if len(topics(t, "nonce")) > 1:
        t.fail("the client told of the message twice")


@case("client-takes-a-new-qos1-message-with-dup", role="client", protocols=["mqtt5", "mqtt311"],
      requires=["MQTT5-4.3.2-5", "MQTT311-4.3.2/new-after-puback"], kills="client-qos1-deduplicated",
      when=["subscribe and qos1"])  # fmt: skip
async def takes_a_new_qos1_message(t: Any) -> None:
    """After PUBACK a client takes the same identifier for a new message, whatever DUP says"""
    await subscribed(t)
    for dup, payload in ((0, "$nonce"), (1, "$nonce2")):
        await t.c(send="PUBLISH", topic="$t/a", qos=1, packet_id=8, dup=dup, payload=payload)
        await t.c(expect="PUBACK", packet_id=8)
    t.body()
    await taken(t, "c")
    if topics(t, "nonce") and not topics(t, "nonce2"):
        t.fail("the client did not tell of the second message")


@case("client-takes-a-new-qos2-message-after-pubcomp", role="client", protocols=["mqtt5", "mqtt311"],
      requires=["MQTT5-4.3.3-12", "MQTT311-4.3.3/new-after-pubcomp"], kills="client-held-after-pubcomp",
      when=["subscribe and qos2"])  # fmt: skip
async def takes_a_new_qos2_message(t: Any) -> None:
    """After PUBCOMP a client takes the same identifier for a new message"""
    await subscribed(t, 2)
    for payload in ("$nonce", "$nonce2"):
        await t.c(send="PUBLISH", topic="$t/a", qos=2, packet_id=8, payload=payload)
        await t.c(expect="PUBREC", packet_id=8)
        await t.c(send="PUBREL", packet_id=8)
        await t.c(expect="PUBCOMP", packet_id=8)
    t.body()
    await taken(t, "c", 2)
    if topics(t, "nonce") and not topics(t, "nonce2"):
        t.fail("the client did not tell of the second message")


@case("client-takes-a-new-qos2-message-after-refusing-one", role="client", requires="MQTT5-4.3.3-9",
      kills="client-held-after-refusal", when=["subscribe and qos2"],
      note="A client may look whether a payload is the text that it is said to be (3.3.2.3.2).")  # fmt: skip
async def takes_a_new_qos2_message_after_refusing_one(t: Any) -> None:
    """After a PUBREC of 0x80 or more a client takes the same identifier for a new message"""
    await subscribed(t, 2)
    bad = {"topic": "$t/a", "qos": 2, "packet_id": 8, "payload": {"hex": "c328"}, "payload_format_indicator": 1}
    await t.step("c", {"send": "PUBLISH", **bad})
    answer = await t.c(any_of=["PUBREC", "DISCONNECT", "closed"])
    if answer["type"] != "PUBREC" or answer["reason"] < 0x80:
        t.not_applicable("the client refuses no payload by PUBREC")
    await t.c(send="PUBLISH", topic="$t/a", qos=2, packet_id=8, payload="$nonce")
    await t.c(expect="PUBREC", packet_id=8, reason={"le": 0x7F})
    await t.c(send="PUBREL", packet_id=8)
    await t.c(expect="PUBCOMP", packet_id=8)
    t.body()
    await taken(t, "c", 2)
    if not topics(t, "nonce"):
        t.fail("the client did not tell of the new message")


@case("client-keeps-the-byte-order-mark", role="client", protocols=["mqtt5", "mqtt311"],
      requires=["MQTT5-1.5.4-3", "MQTT311-1.5.3-3"], kills="client-bom-stripped", when=["subscribe and qos1"])  # fmt: skip
async def keeps_the_byte_order_mark(t: Any) -> None:
    """A client does not strip U+FEFF from the beginning of a topic name"""
    await t.iut(do="connect")
    await t.c(accept={})
    await t.iut(do="subscribe", filters=[{"filter": "#", "qos": 1}])
    await t.c(grant=[1])
    topic = "\ufeff" + t.vars["t"]
    await t.c(send="PUBLISH", topic=topic, qos=1, packet_id=8, payload="$nonce")
    await t.c(expect="PUBACK", packet_id=8)
    t.body()
    await taken(t, "c")
    found = topics(t, "nonce")
    if not found:
        t.inconclusive("the client did not tell of the message")
    if found != [topic.encode()]:
        t.fail(f"the client told of the topic {found[0]!r}, which was {topic.encode()!r}")


@case("client-remaps-an-alias", role="client", requires="MQTT5-3.3.2.3.4/remap", kills="client-alias-not-remapped",
      when=["subscribe and topic_alias and qos1"])  # fmt: skip
async def remaps_an_alias(t: Any) -> None:
    """A client takes another topic for an alias, and uses it from then on"""
    await subscribed(t, topic_alias_maximum=3)
    for n, topic in enumerate(("$t/a", "$t/b")):
        await t.c(send="PUBLISH", topic=topic, topic_alias=2, qos=1, packet_id=8 + n, payload="x")
        await t.c(expect="PUBACK", packet_id=8 + n)
    await t.c(send="PUBLISH", topic="", topic_alias=2, qos=1, packet_id=10, payload="$nonce")
    await t.c(expect="PUBACK", packet_id=10)
    t.body()
    await taken(t, "c")
    judge_topic(t, "/b")


def judge_topic(t: Any, end: str) -> None:
    found = topics(t, "nonce")
    if not found:
        t.inconclusive("the client did not tell of the message")
    if found != [(t.vars["t"] + end).encode()]:
        t.fail(f"the client told of the topic {found[0]!r}")


@case("client-forgets-aliases-with-the-connection", role="client", requires="MQTT5-3.3.2-7",
      kills="client-remembers-aliases", when=["subscribe and topic_alias and qos1 and persistence"])  # fmt: skip
async def forgets_aliases(t: Any) -> None:
    """A client does not use the Topic Aliases of an earlier connection"""
    await subscribed(t, topic_alias_maximum=3, **RESUMES)
    await t.c(send="PUBLISH", topic="$t/a", topic_alias=2, qos=1, packet_id=8, payload="x")
    await t.c(expect="PUBACK", packet_id=8)
    await t.c(end="fin")
    await t.step("iut", {"do": "connect", "topic_alias_maximum": 3, **RESUMES})
    await t.d(accept={"session_present": True})
    t.body()
    await not_by_alias(t, "d", 2)


@case("client-keeps-alias-directions-apart", role="client", requires="MQTT5-3.3.2.3.4/independent",
      kills="client-alias-directions-mixed", when=["publish and subscribe and topic_alias and qos1"])  # fmt: skip
async def keeps_alias_directions_apart(t: Any) -> None:
    """A client does not take an alias that it set itself for one of the server's"""
    await t.iut(do="connect", topic_alias_maximum=3)
    await t.c(accept={"topic_alias_maximum": 3})
    await t.iut(do="subscribe", filters=[{"filter": "$t/#", "qos": 1}])
    await t.c(grant=[1])
    await t.iut(do="publish", topic="$t/a", payload="x", topic_alias=2)
    message = await t.c(expect="PUBLISH")
    if message.get("topic_alias") != 2:
        t.not_applicable("the client did not send the alias that it was told")
    t.body()
    await not_by_alias(t, "c", 2)


async def not_by_alias(t: Any, name: str, alias: int) -> None:
    """An alias that has no topic here: the client should close, and may not know a topic."""
    packet = {"topic": "", "topic_alias": alias, "qos": 1, "packet_id": 1008, "payload": "$nonce"}
    sentinel = {"topic": "$t/sentinel", "qos": 1, "packet_id": 1009, "payload": "$sentinel"}
    await t.step(name, {"send": [{"PUBLISH": packet}, {"PUBLISH": sentinel}]})
    step = {"any_of": ["closed", "DISCONNECT", {"PUBACK": {"packet_id": 1009}}], "tolerate": ["PUBACK"]}
    answer = await t.step(name, step, or_warn="the client neither closed nor answered")
    if answer is not None and answer["type"] == "PUBACK":
        await t.heard("$sentinel")
    if any(topic.endswith(b"/a") for topic in topics(t, "nonce")):
        t.fail("the client told of the topic that the alias had elsewhere")
