"""Runs the whole flows: connect, publish, receive, subscribe, ping, disconnect, accept, grant.

What a flow demands is the answer to what it sent. Where it goes on after that (PUBREL, PUBCOMP), a
miss
is inconclusive: other cases judge that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wirelaw.cases.model import Step
from wirelaw.engine import actions, steps
from wirelaw.engine import net as net_module
from wirelaw.engine.compare import Mismatch, first_mismatch
from wirelaw.engine.connection import Connection, Received
from wirelaw.engine.outcome import Inconclusive, NotApplicable, StepFailed
from wirelaw.engine.patterns import Pattern
from wirelaw.engine.values import fill

if TYPE_CHECKING:
    from wirelaw.engine.run import CaseRun

#: Packets of deliveries that are on their way, which a flow leaves for later steps.
_ON_THEIR_WAY = frozenset(("PUBLISH", "PUBREL"))
_REFUSAL = 0x80


async def answer(
    run: CaseRun, connection: Connection, wanted: str, expected: str, within: float | None = None
) -> tuple[Received, Mapping[str, Any]]:
    """Takes the next message of that type, past deliveries on their way."""
    deadline = run.deadline(within)
    at = 0
    while True:
        while at < len(connection.inbox):
            message = connection.inbox[at]
            if message.type == wanted:
                del connection.inbox[at]
                return message, steps.received(run, connection, message)
            if message.type not in _ON_THEIR_WAY:
                raise _other(run, message, expected)
            at += 1
        if not connection.is_open or not await run.wait(deadline):
            if at == len(connection.inbox):
                raise steps.no_answer(run, connection, expected, deadline)


def _other(run: CaseRun, message: Received, expected: str) -> StepFailed:
    got = run.codec.text(message.wire)
    return StepFailed(
        "mismatch", f"expected {expected}, got {got}", expected=expected, got=got,
        message=message.index, soft=steps.refuses(run, message.fields(run)),
    )  # fmt: skip


def check(
    run: CaseRun, message: Received, fields: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    """Raises StepFailed when the answer is not as wanted."""
    assert message.type is not None
    found = first_mismatch(run.codec, message.type, wanted, fields)
    if found is not None:
        _fail(message, found)


def _fail(message: Received, found: Mismatch) -> None:
    raise StepFailed(
        "mismatch", f"{message.type}: {found}",
        expected=f"{found.field} {found.expected}", got=f"{found.field} {found.got}",
        message=message.index,
    )  # fmt: skip


async def connect(run: CaseRun, step: Step) -> Mapping[str, Any]:
    flow: actions.Flow = step.args
    assert step.conn is not None
    old = run.connections.get(step.conn)
    if old is not None and not old.is_open:
        run.forget(old)
    connection = await run.connection(step.conn)
    begun = net_module.now()
    wire, sent = steps.build(run, connection, flow.sends)
    run.send(connection, wire)
    deadline = run.deadline()
    message = await run.next(connection, deadline)
    if message is None:
        raise steps.no_answer(run, connection, "CONNACK", deadline)
    run.clock.answered(message.time - begun)
    fields = steps.received(run, connection, message)
    run.steps[step.index].message = message.index
    if message.type != "CONNACK":
        raise _other(run, message, "CONNACK")
    check(run, message, fields, {"reason": 0, **fill(flow.answer, run.variables)})
    if fields["reason"] == 0:
        run.target.num_sessions += 1
        _judge_announcements(run, step, fields)
    steps.bind(run, flow.bind, {**sent, **fields})
    return fields


def _judge_announcements(run: CaseRun, step: Step, connack: Mapping[str, Any]) -> None:
    """A server may offer less to this session than to the first: then the case does not apply."""
    said = run.target.speech.announcements(connack)
    if not step.preamble or said == run.target.announced:
        return
    lacks = run.codec.lacks("CONNACK", "maximum_qos")
    if not run.case.applies(run.target.speech.narrowed(run.target.pics, connack, lacks)):
        raise NotApplicable(f"the server does not offer {run.case.when}")


async def publish(run: CaseRun, step: Step) -> Mapping[str, Any]:
    flow: actions.Flow = step.args
    connection = await run.connection(step.conn)
    wire, sent = steps.build(run, connection, flow.sends)
    run.send(connection, wire)
    qos = sent.get("qos", 0)
    if qos == 0:
        steps.bind(run, flow.bind, sent)
        return sent
    first = "PUBACK" if qos == 1 else "PUBREC"
    message, fields = await answer(run, connection, first, first)
    run.steps[step.index].message = message.index
    check(run, message, fields, {"packet_id": sent["packet_id"]})
    wanted = fill(flow.answer, run.variables)
    check(run, message, fields, {"reason": {"le": _REFUSAL - 1}, **wanted})
    if qos == 2 and fields.get("reason", 0) < _REFUSAL:
        await _finish_publish(run, connection, sent["packet_id"])
    steps.bind(run, flow.bind, {**fields, **sent})
    return fields


async def _finish_publish(run: CaseRun, connection: Connection, packet_id: int) -> None:
    run.send(connection, run.codec.build("PUBREL", {"packet_id": packet_id}))
    await _prerequisite(run, connection, "PUBCOMP", packet_id)


async def _prerequisite(run: CaseRun, connection: Connection, wanted: str, packet_id: int) -> None:
    """An answer that other cases judge."""
    try:
        if wanted == "PUBREL":
            message = await _delivery(run, connection, packet_id)
        else:
            message, fields = await answer(run, connection, wanted, wanted)
            check(run, message, fields, {"packet_id": packet_id})
    except StepFailed as error:
        raise Inconclusive("flow", f"the flow was not finished: {error.detail}") from None


async def _delivery(run: CaseRun, connection: Connection, packet_id: int) -> Received:
    """The PUBREL of one delivery, past others that are on their way."""
    deadline = run.deadline()
    at = 0
    while True:
        for at in range(len(connection.inbox)):
            message = connection.inbox[at]
            if message.type == "PUBREL" and message.fields(run).get("packet_id") == packet_id:
                del connection.inbox[at]
                return message
        if not connection.is_open or not await run.wait(deadline):
            raise steps.no_answer(run, connection, f"PUBREL packet_id={packet_id}", deadline)


async def receive(run: CaseRun, step: Step) -> Mapping[str, Any]:
    flow: actions.Flow = step.args
    connection = await run.connection(step.conn)
    expected = actions.Expect((Pattern("PUBLISH", flow.answer),), bind=flow.bind, **flow.options)
    fields = await steps.expect_one(run, step, connection, expected)
    qos, packet_id = fields.get("qos", 0), fields.get("packet_id", 0)
    if qos == 1:
        run.send(connection, run.codec.build("PUBACK", {"packet_id": packet_id}))
    elif qos == 2:
        run.send(connection, run.codec.build("PUBREC", {"packet_id": packet_id}))
        await _prerequisite(run, connection, "PUBREL", packet_id)
        run.send(connection, run.codec.build("PUBCOMP", {"packet_id": packet_id}))
    return fields


async def _request(run: CaseRun, step: Step, reply: str) -> Mapping[str, Any]:
    """SUBSCRIBE, UNSUBSCRIBE: the reply has the same identifier; by default no reason is a
    refusal.
    """
    flow: actions.Flow = step.args
    connection = await run.connection(step.conn)
    wire, sent = steps.build(run, connection, flow.sends)
    run.send(connection, wire)
    message, fields = await answer(run, connection, reply, reply)
    run.steps[step.index].message = message.index
    wanted = fill(flow.answer, run.variables)
    check(run, message, fields, {"packet_id": sent["packet_id"], **wanted})
    reasons = fields.get("reasons", [])
    if "reasons" not in wanted and any(reason >= _REFUSAL for reason in reasons):
        _fail(message, Mismatch("reasons", "below 0x80", str([hex(one) for one in reasons])))
    steps.bind(run, flow.bind, {**sent, **fields})
    return fields


async def subscribe(run: CaseRun, step: Step) -> Mapping[str, Any]:
    return await _request(run, step, "SUBACK")


async def unsubscribe(run: CaseRun, step: Step) -> Mapping[str, Any]:
    return await _request(run, step, "UNSUBACK")


async def ping(run: CaseRun, step: Step) -> None:
    connection = await run.connection(step.conn)
    run.send(connection, run.codec.build("PINGREQ", {}))
    expected = actions.Expect((Pattern("PINGRESP", {}),), within=step.args.options["within"])
    begun = net_module.now()
    await steps.expect_one(run, step, connection, expected)
    run.clock.answered(net_module.now() - begun)


async def barrier(run: CaseRun, step: Step) -> None:
    connection = await run.connection(step.conn)
    await pass_barrier(run, connection, step.args.options["within"])


async def pass_barrier(run: CaseRun, connection: Connection, within: float | None = None) -> None:
    """PINGREQ and its answer: what this connection sent before was read."""
    begun = net_module.now()
    run.send(connection, run.codec.build("PINGREQ", {}))
    message, _ = await answer(run, connection, "PINGRESP", "PINGRESP", within)
    run.clock.answered(message.time - begun)


async def disconnect(run: CaseRun, step: Step) -> None:
    flow: actions.Flow = step.args
    connection = await run.connection(step.conn)
    wire, _ = steps.build(run, connection, flow.sends)
    run.send(connection, wire)
    await steps.end_connection(run, connection, "fin")


# wirelaw as the server


async def accept(run: CaseRun, step: Step) -> Mapping[str, Any]:
    flow: actions.Flow = step.args
    assert step.conn is not None
    old = run.connections.get(step.conn)
    if old is not None and not old.is_open:
        run.forget(old)
    connection = await run.connection(step.conn)
    wanted = actions.Expect(
        (Pattern("CONNECT", flow.answer),), bind=flow.bind, within=flow.options["within"]
    )
    fields = await steps.expect_one(run, step, connection, wanted)
    wire, _ = steps.build(run, connection, flow.sends)
    run.send(connection, wire)
    run.target.num_sessions += 1
    return fields


async def grant(run: CaseRun, step: Step) -> Mapping[str, Any]:
    flow: actions.Flow = step.args
    connection = await run.connection(step.conn)
    request = flow.options["request"]
    wanted = actions.Expect(
        (Pattern(request, flow.answer),), bind=flow.bind, within=flow.options["within"]
    )
    fields = await steps.expect_one(run, step, connection, wanted)
    wire, _ = steps.build(run, connection, flow.sends)
    run.send(connection, wire)
    return fields


RUNNERS = {
    "connect": connect, "publish": publish, "receive": receive, "subscribe": subscribe,
    "unsubscribe": unsubscribe, "ping": ping, "barrier": barrier, "disconnect": disconnect,
    "accept": accept, "grant": grant,
}  # fmt: skip
