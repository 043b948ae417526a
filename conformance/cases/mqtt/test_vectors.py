"""Every vector that a server must not take, sent to the IUT; a case for each packet and requirement.

What a server owes to a bad packet differs. A CONNECT it must check, and close (5.0 and 3.1.1, 3.1.4-1).
In 3.1.1 it must close on every violation it meets (4.8.0-1), in 5.0 on those that a statement names; elsewhere 5.0
leaves open how strictly it checks (4.13.1), so one that carries on gets a warning, and one that reports the
violation and stays open fails (4.13.1-1).
"""

from __future__ import annotations

from typing import Any

from wirelaw.cases import case
from wirelaw.cases.vectors import Group, Vector, refused as refused_vectors

AT_ONCE = 12

#: Statements of 5.0 that tell a server to check, beside those of CONNECT.
MUST_CHECK = {
    "MQTT5-3.6.1-1", "MQTT5-3.8.1-1", "MQTT5-3.8.3-5", "MQTT5-3.10.1-1", "MQTT5-3.14.1-1",
    "MQTT5-3.15.1-1",
}  # fmt: skip
#: 3.1.1 says nowhere that fields and Remaining Length must end together; 5.0 calls no value of the
#: Payload Format Indicator an error, and no encoding that is longer than it must be. An acknowledgement of the
#: identifier 0 is one of a packet that was not sent, like any other that 3.1.1 does not tell what to do with.
#: DUP of a QoS 0 PUBLISH means nothing to its receiver, who need not look.
MAY_PASS = {
    "MQTT311-2.2.3/trailing", "MQTT311-2.3.1-6", "MQTT311-3.3.1-2", "MQTT311-3.7.2/packet-id",
    "MQTT5-1.5.5-1", "MQTT5-3.1.3.2.3/value",
}  # fmt: skip
#: What makes a Response Topic a Topic Name is said outside section 3.1, which is what 3.1.4-1 has checked.
OUTSIDE_CONNECT = "5-will-response-topic-"
#: So is what a Topic Name may hold, for the Will Topic: 3.1.4 says that a server MAY check such
#: "further restrictions".
BEYOND_CONNECT = "-4.7."
#: Topic filters may be refused one by one, in SUBACK.
FILTERS = ("-4.7.", "-4.8.2")

#: What the sender of a CONNECT breaks, and what its server owes to that, are two statements.
OWED = {
    "MQTT5-3.1.2.2/value": "MQTT5-3.1.2-2",
    "MQTT311-3.1.2.1/name": "MQTT311-3.1.2-1",
    "MQTT311-3.1.2.2/level": "MQTT311-3.1.2-2",
}

PINGREQ = "c000"
ANSWERS = ["SUBACK", "UNSUBACK", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "PUBLISH"]
#: Of QoS 2: a server that has none may close on them, good or bad.
QOS2_PACKETS = {"pubrec", "pubrel", "pubcomp"}
REFUSALS = ["DISCONNECT>=0x80", "CONNACK>=1"]
NEIGHBOURS: dict[str, dict[str, Any]] = {
    "publish": {"send": ["PUBLISH", "PINGREQ"]},
    "puback": {"send": [{"PUBACK": {"packet_id": 10}}, "PINGREQ"]},
    "pubrec": {"send": [{"PUBREC": {"packet_id": 10}}, "PINGREQ"]},
    "pubrel": {"send": [{"PUBREL": {"packet_id": 10}}, "PINGREQ"]},
    "pubcomp": {"send": [{"PUBCOMP": {"packet_id": 10}}, "PINGREQ"]},
    "subscribe": {"send": ["SUBSCRIBE", "PINGREQ"]},
    "unsubscribe": {"send": ["UNSUBSCRIBE", "PINGREQ"]},
}


def is_strict(packet: str, requirement: str) -> bool:
    """Whether a server that takes the packet as if nothing were wrong has broken a MUST."""
    if packet == "connect":
        if BEYOND_CONNECT in requirement:
            return False
        return requirement not in MAY_PASS or requirement.endswith("trailing")
    if requirement.startswith("MQTT5-"):
        return requirement in MUST_CHECK
    return requirement not in MAY_PASS and not (
        packet == "unsubscribe" and any(part in requirement for part in FILTERS)
    )


async def refused_connects(t: Any, vectors: tuple[Vector, ...], strict: bool) -> None:
    await t.good(connect={})
    t.body()
    for n, vector in enumerate(vectors):
        name, note = f"v{n}", vector["name"]
        await t.step(name, {"open": {}})
        await t.step(name, {"send": vector["hex"], "note": note})
        if strict and OUTSIDE_CONNECT not in note:
            await t.step(name, {"expect": "closed", "note": note})
            continue
        answer = await t.step(name, {"any_of": ["closed", "CONNACK"], "note": note})
        if answer.get("reason") == 0:
            t.warn(f"{note} was taken as if nothing were wrong")


async def refused_disconnects(t: Any, vectors: tuple[Vector, ...], strict: bool) -> None:
    """A DISCONNECT closes, good or bad: only a good one drops the will.

    A server that publishes no will when it closes on a bad packet (3.1.2-8) shows nothing here.
    """
    await t.watch(connect={})
    await t.watch(subscribe=["$t/will"])
    await t.good(connect={"will": {"topic": "$t/will", "payload": "closed"}})
    await t.good(send={"SUBSCRIBE": {"edit": [{"force": "flags", "to": 0}]}})
    await t.good(any_of=["closed", "DISCONNECT>=0x80"])
    await t.watch(expect="PUBLISH", payload="closed")
    t.body()
    for n, vector in enumerate(vectors):
        name, note = f"v{n}", vector["name"]
        await t.step(name, {"connect": {"will": {"topic": "$t/will", "payload": note}}})
        await t.step(name, {"send": vector["hex"], "note": note})
        answer = await t.step(name, {"any_of": ["DISCONNECT>=0x80", "closed"], "note": note})
        if answer["type"] == "DISCONNECT":
            await t.step(name, {"expect": "closed", "note": note})
            continue
        will = {"PUBLISH": {"payload": note}}
        if strict:
            await t.step("watch", {"any_of": [will], "tolerate": "PUBLISH", "note": note})
            continue
        # A will may come at any time; those that did are dropped with the sentinel's forerunners.
        end = {"PUBLISH": {"payload": f"sentinel-{n}"}}
        await t.step("watch", {"send": {"PUBLISH": {"topic": "$t/will", "payload": f"sentinel-{n}"}}})
        first = await t.step("watch", {"any_of": [will, end], "tolerate": "PUBLISH"})
        if first["payload"] != note.encode():
            t.warn(f"{note} was taken as a DISCONNECT that drops the will")


def describe_codes(codes: list[int]) -> str:
    return " ".join(f"0x{code:02x}" for code in codes) or "no codes"


async def refused(
    t: Any, packet: str, vectors: tuple[Vector, ...], strict: bool, by_suback: bool
) -> None:
    await t.good(connect={})
    if packet in NEIGHBOURS:
        await t.step("good", NEIGHBOURS[packet])
        taken = await t.step("good", {"any_of": ["PINGRESP", "closed"], "tolerate": ANSWERS})
        if taken["type"] == "closed":
            t.not_applicable(f"the server takes no {packet.upper()} that comes unasked, good or bad")
    t.body()
    for n, vector in enumerate(vectors):
        name, note = f"v{n}", vector["name"]
        await t.step(name, {"connect": {}})
        await t.step(name, {"send": [vector["hex"], PINGREQ], "note": note})
        allowed = ["closed", *REFUSALS]
        if by_suback:
            allowed += ["SUBACK"]
        # A PINGRESP may overtake the close, so where a close is owed it proves nothing.
        passed = ["PINGRESP"]
        if not strict:
            allowed += [{"PUBACK": {"reason": {"ge": 0x80}}}, {"PUBREC": {"reason": {"ge": 0x80}}}, "PINGRESP"]
            passed = ANSWERS
        answer = await t.step(name, {"any_of": allowed, "tolerate": passed, "note": note})
        taken = answer["type"] == "SUBACK" and max(answer["reasons"], default=0) < 0x80
        if taken and strict:
            t.fail(f"{note} was granted: {describe_codes(answer['reasons'])}")
        elif taken or answer["type"] == "PINGRESP":
            t.warn(f"{note} was taken as if nothing were wrong")
        elif answer["type"] in ("DISCONNECT", "CONNACK"):
            await t.step(name, {"expect": "closed", "note": note})


def declare(group: Group) -> None:
    packet, requirement, vectors = group.packet, group.requirement, group.vectors
    strict = is_strict(packet, requirement)
    by_suback = packet == "subscribe" and any(mark in requirement for mark in FILTERS)

    async def run(t: Any) -> None:
        t.body  # noqa: B018 - says that the case has a preamble
        if requirement == "MQTT5-3.1.2-2":
            # Which form a CONNACK has for a version that the server does not know is not said.
            t.provokes("MQTT5-2.2.2-1")
        if packet == "connect":
            await refused_connects(t, vectors, strict)
        elif packet == "disconnect":
            await refused_disconnects(t, vectors, strict)
        else:
            await refused(t, packet, vectors, strict, by_suback)

    case(
        f"vector-{group.slug}",
        requires=requirement,
        protocols=[group.protocol],
        when="qos2" if packet in QOS2_PACKETS else None,
        # What a lenient server subscribes to must not get what other cases publish.
        isolation="exclusive" if packet == "subscribe" else "topics",
        bulk=True,
        title=f"{packet.upper()} packets that break {requirement} are refused",
    )(run)


def reaches_a_server(vector: Vector) -> bool:
    """PUBLISH properties are the same from both sides, but for the Subscription Identifier. A server may
    speak other levels as well: 3 is MQTT 3.1, and so is MQIsdp; those with the highest bit are known from bridges."""
    if vector["name"].endswith(("-level-3", "-level-128", "-level-132", "311-name-mqisdp")):
        return False
    return vector["from"] != "server" or (
        vector["name"].startswith("publish-") and "subscription-identifier" not in vector["name"]
    )


for each in refused_vectors(reaches_a_server, AT_ONCE, OWED):
    declare(each)
