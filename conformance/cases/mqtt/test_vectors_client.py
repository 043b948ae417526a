"""Every vector that a client must not take, sent to the IUT; a case for each packet and requirement.

In 3.1.1 a client must close on every violation it meets (4.8.0-1). In 5.0 it should (4.13.1): one that carries
on gets a warning, unless a statement names the check; but one that reports the violation by DISCONNECT must close
(3.14.4-2). That a client carries on is shown by its answer to a good PUBLISH sent behind the bad packet.
"""

from __future__ import annotations

from typing import Any

from wirelaw.cases import case
from wirelaw.cases.vectors import Group, Vector, packet_of, refused as refused_vectors

NOT_FOR_CLIENTS = ("connect", "subscribe", "unsubscribe", "pingreq")
AT_ONCE = 50

#: Statements of 5.0 that tell a client to check.
MUST_CHECK = {"MQTT5-3.15.1-1"}
#: 3.1.1 says nowhere that fields and Remaining Length must end together. An acknowledgement of the identifier 0 is
#: one of a packet that was not sent, like any other that 3.1.1 does not tell what to do with. DUP of a QoS 0
#: PUBLISH means nothing to its receiver, who need not look. No server of 3.1.1 sends DISCONNECT, and it is the server
#: who has to look at its flags.
MAY_PASS = {
    "MQTT311-2.2.3/trailing", "MQTT311-2.3.1-6", "MQTT311-2.3.1-7", "MQTT311-3.3.1-2", "MQTT311-3.7.2/packet-id",
    "MQTT311-3.14.1-1",
}  # fmt: skip

#: Two, so that a client that answers only one of them is seen to carry on as well.
GOOD = [
    {"PUBLISH": {"topic": "$t/good", "qos": 1, "packet_id": 7, "payload": "good"}},
    {"PUBLISH": {"topic": "$t/good", "qos": 2, "packet_id": 8, "payload": "good"}},
]
CARRIES_ON: list[Any] = [{"PUBACK": {"packet_id": 7}}, {"PUBREC": {"packet_id": 8}}]
#: What a client may say meanwhile: keeping the connection alive, finishing flows.
BETWEEN = [
    "PINGREQ", "PUBREL", "PUBCOMP", {"PUBREC": {"packet_id": {"ne": 8}}}, {"PUBACK": {"packet_id": {"ne": 7}}},
]  # fmt: skip
#: A good packet of the same type, which nobody asked for either.
NEIGHBOURS: dict[str, Any] = {
    "puback": {"PUBACK": {"packet_id": 10}},
    "pubrec": {"PUBREC": {"packet_id": 10}},
    "pubrel": {"PUBREL": {"packet_id": 10}},
    "pubcomp": {"PUBCOMP": {"packet_id": 10}},
    "suback": {"SUBACK": {"packet_id": 10, "reasons": [0]}},
    "unsuback": {"UNSUBACK": {"packet_id": 10, "reasons": [0]}},
    "pingresp": "PINGRESP",
}
IGNORED = "the client neither closed nor answered what came behind: "
TAKEN = "the client carried on as if nothing were wrong: "


def is_strict(requirement: str) -> bool:
    """Whether a client that takes the packet as if nothing were wrong has broken a MUST."""
    if requirement.startswith("MQTT5-"):
        return requirement in MUST_CHECK
    return requirement not in MAY_PASS


async def carries_on_when_good(t: Any, packet: str) -> None:
    """Without the fault in it the packet is taken, and a good PUBLISH is answered."""
    await t.iut(do="connect")
    await t.good(accept={})
    first = [NEIGHBOURS[packet]] if packet in NEIGHBOURS else []
    await t.step("good", {"send": [*first, *GOOD]})
    await t.step("good", {"any_of": CARRIES_ON, "tolerate": BETWEEN})
    await t.good(end="fin")


async def refused(t: Any, packet: str, vectors: tuple[Vector, ...], strict: bool) -> None:
    t.share_client()
    await carries_on_when_good(t, packet)
    t.body()
    for n, vector in enumerate(vectors):
        await t.iut(do="connect")
        opening = {"expect": "CONNECT"} if packet == "connack" else {"accept": {}}
        await t.step(f"v{n}", opening)
        # Behind a DISCONNECT nothing may come, and behind a bad CONNACK all is bad.
        behind = [] if packet == "disconnect" or (packet == "connack" and strict) else GOOD
        await t.step(f"v{n}", {"send": [vector["hex"], *behind], "note": vector["name"]})
        if not await closes(t, f"v{n}", vector["name"], strict):
            return  # the others would take as long to say the same


async def closes(t: Any, name: str, note: str, strict: bool) -> bool:
    """The client closes, with or without a DISCONNECT; where it only should, the rest is a warning.
    False: it does nothing at all any more."""
    allowed = ["closed", "DISCONNECT", *([] if strict else CARRIES_ON)]
    silent = None if strict else IGNORED + note
    step = {"any_of": allowed, "tolerate": BETWEEN, "note": note}
    answer = await t.step(name, step, or_warn=silent)
    if answer is None:
        await t.step(name, {"end": "fin"})
        return False
    if answer["type"] == "DISCONNECT":
        if answer.get("reason", 0x80) < 0x80:
            t.warn(f"{note} was answered by a DISCONNECT that says all is well")
        await t.step(name, {"expect": "closed", "note": note})
    elif answer["type"] != "closed":
        t.warn(TAKEN + note)
        await t.step(name, {"end": "fin"})
    return True


def declare(group: Group) -> None:
    packet, requirement, vectors = group.packet, group.requirement, group.vectors

    async def run(t: Any) -> None:
        t.body  # noqa: B018 - says that the case has a preamble
        await refused(t, packet, vectors, is_strict(requirement))

    case(
        f"client-vector-{group.slug}",
        role="client",
        requires=requirement,
        protocols=[group.protocol],
        when=["qos1 and qos2"],
        bulk=True,
        title=f"{packet.upper()} packets that break {requirement} are refused by a client",
    )(run)


def reaches_a_client(vector: Vector) -> bool:
    """The flags of DISCONNECT are wrong from both sides."""
    packet = packet_of(vector)
    both = any(one.endswith("-3.14.1-1") for one in vector["requirement"].values())
    return (vector["from"] != "client" or both) and packet not in NOT_FOR_CLIENTS


for each in refused_vectors(reaches_a_client, AT_ONCE):
    declare(each)
