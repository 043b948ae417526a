"""Runs the steps that every protocol has: send, expect, none, park, end, open, read, wait, iut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from wirelaw.cases.model import Step
from wirelaw.engine import actions
from wirelaw.engine import net as net_module
from wirelaw.engine.codec import BuildError
from wirelaw.engine.connection import Connection, Received
from wirelaw.engine.outcome import HarnessError, Inconclusive, StepFailed
from wirelaw.engine.patterns import CLOSED, Pattern, any_match, describe_any
from wirelaw.engine.scheduler import pause
from wirelaw.engine.values import fill
from wirelaw.results.model import Verdict

if TYPE_CHECKING:
    from wirelaw.engine.run import CaseRun

Runner = Callable[["CaseRun", Step], Awaitable[Any]]


# Sending


def build(
    run: CaseRun, connection: Connection, packet: actions.Packet
) -> tuple[bytes, Mapping[str, Any]]:
    """The bytes of a packet, and its fields with the defaults."""
    if packet.raw is not None:
        return packet.raw, {}
    assert packet.type is not None
    given = fill(packet.fields, run.variables) or {}
    fields = run.target.speech.defaults(run, connection, packet.type, given)
    try:
        wire = run.codec.build(packet.type, fields)
        if packet.edits:
            wire = run.codec.edit(wire, fill(packet.edits, run.variables))
    except BuildError as error:
        raise HarnessError(f"the {packet.type} of {run.case.id} cannot be made: {error}") from None
    run.target.speech.sending(run, connection, packet.type, fields)
    return wire, fields


async def send(run: CaseRun, step: Step) -> None:
    args: actions.Send = step.args
    connection = await run.connection(step.conn)
    built = [build(run, connection, packet) for packet in args.packets]
    run.send(connection, *(wire for wire, _ in built), split=args.split, text=args.text)
    bind(run, args.bind, built[-1][1])


def bind(run: CaseRun, names: tuple[tuple[str, str], ...], fields: Mapping[str, Any]) -> None:
    """Keeps fields as variables."""
    for name, field in names:
        if field not in fields:
            raise StepFailed("mismatch", f"there is no {field} to keep as ${name}", expected=field)
        run.variables[name] = fields[field]


# Expecting


def received(run: CaseRun, connection: Connection, message: Received) -> Mapping[str, Any]:
    """The fields of a message that a step takes; later answers may refer to its identifier."""
    fields = message.fields(run)
    connection.last_id = fields.get("packet_id", connection.last_id)
    return fields


def no_answer(
    run: CaseRun, connection: Connection, expected: str, deadline: Any, index: int | None = None
) -> StepFailed:
    """Why nothing came: the connection is closed, or the time is up."""
    if connection.failure:
        return StepFailed("connect", connection.failure, expected=expected, got=connection.failure)
    if connection.has_closed:
        return StepFailed(
            "closed", f"expected {expected}, but the IUT closed the connection",
            expected=expected, got="close", message=connection.closed_index,
        )  # fmt: skip
    if not connection.is_open:
        raise HarnessError(f"{run.case.id} waits on {connection.name}, which it has ended itself")
    seconds = (deadline.until - deadline.begun) / net_module.NS
    refused = run.told_no()
    why = f"; the client said: {refused.get('detail')}" if refused else ""
    return StepFailed(
        "timeout", f"expected {expected}, got nothing for {seconds:.1f} s{why}",
        expected=expected, got=f"nothing for {seconds:.1f} s", message=index, soft=bool(refused),
    )  # fmt: skip


def may_take_long(run: CaseRun, connection: Connection) -> bool:
    """Whether the IUT may still close by itself: nothing says how soon it must, and until a session
    begins a server waits for it to, and a client for its answer, and close when they give up."""
    if run.case.role == "client":
        return not run.welcomed
    return not any(entry[0] == connection.name and entry[1] and entry[3] for entry in run.log)


def mismatch(
    run: CaseRun, patterns: tuple[Pattern, ...], message: Received, fields: Mapping[str, Any]
) -> StepFailed:
    """Another message than expected; says which field when the type is right. When the IUT says that
    it ends the connection for reasons of its own, it is not judged."""
    expected = describe_any(patterns, run.variables)
    got = run.codec.text(message.wire)
    same = [pattern for pattern in patterns if pattern.type == fields["type"]]
    if len(same) == 1:
        found = same[0].mismatch(run.codec, run.variables, fields)
        detail = f"{same[0].type}: {found}"
    else:
        detail = f"expected {expected}, got {got}"
    soft = not same and refuses(run, fields)
    return StepFailed(
        "mismatch", detail, expected=expected, got=got, message=message.index, soft=soft
    )


def refuses(run: CaseRun, fields: Mapping[str, Any]) -> bool:
    """Whether this message says that the IUT goes on no longer, for reasons of its own."""
    reasons = run.target.speech.own_reasons
    return any_match(reasons, run.codec, run.variables, fields) is not None


async def expect(run: CaseRun, step: Step) -> Any:
    args = step.args
    if isinstance(args, actions.ExpectClosed):
        await _expect_closed(run, step, args)
        return None
    connection = await run.connection(step.conn)
    if args.all:
        return await _expect_all(run, connection, args)
    return await expect_one(run, step, connection, args)


async def expect_one(
    run: CaseRun, step: Step, connection: Connection, args: actions.Expect
) -> Mapping[str, Any]:
    """Takes messages until one is expected; gives its fields."""
    deadline = run.deadline(args.within)
    closed_will_do = any(pattern.type == CLOSED for pattern in args.any)
    while True:
        message = await run.next(connection, deadline)
        if message is None:
            if closed_will_do and connection.has_closed and not connection.failure:
                _in_time(args.not_before, deadline.begun, connection.closed_at, "the close")
                run.check_serving = True
                return {"type": CLOSED}
            error = no_answer(run, connection, describe_any(args.any, run.variables), deadline)
            error.soft |= bool(args.none_before)
            error.mild = closed_will_do and may_take_long(run, connection)
            raise error
        fields = received(run, connection, message)
        if any_match(args.any, run.codec, run.variables, fields):
            break
        if any_match(args.none_before, run.codec, run.variables, fields):
            got = run.codec.text(message.wire)
            raise StepFailed(
                "forbidden", f"{got} came, which must not come before",
                expected=describe_any(args.any, run.variables), got=got, message=message.index,
            )  # fmt: skip
        if not any_match(args.tolerate, run.codec, run.variables, fields):
            error = mismatch(run, args.any, message, fields)
            error.soft |= bool(args.none_before)
            raise error
    _in_time(args.not_before, deadline.begun, message.time, "it", message.index)
    _prefer(run, step, args, fields, message)
    run.steps[step.index].message = message.index
    bind(run, args.bind, fields)
    return fields


def _in_time(
    not_before: float | None, begun: int, time: int, what: str, index: int | None = None
) -> None:
    if not_before is not None and time - begun < not_before * net_module.NS:
        seconds = (time - begun) / net_module.NS
        raise StepFailed(
            "early", 
            f"{what} came after {seconds:.2f} s, and not before {not_before:g} s was allowed",
            expected=f"not before {not_before:g} s", got=f"after {seconds:.2f} s", message=index,
        )  # fmt: skip


def _prefer(
    run: CaseRun, step: Step, args: actions.Expect, fields: Mapping[str, Any], message: Received
) -> None:
    if args.prefer is None:
        return
    found = Pattern(args.any[0].type, args.prefer).mismatch(run.codec, run.variables, fields)
    if found is not None:
        error = StepFailed(
            "preference", str(found), expected=found.expected, got=found.got, message=message.index
        )
        run.mark(step.index, Verdict.WARN, "preference", str(found), error)


async def _expect_all(run: CaseRun, connection: Connection, args: actions.Expect) -> None:
    missing = list(args.all)
    deadline = run.deadline(args.within)
    while missing:
        message = await run.next(connection, deadline)
        if message is None:
            expected = " and ".join(p.describe(run.variables) for p in missing)
            raise no_answer(run, connection, expected, deadline)
        fields = received(run, connection, message)
        found = any_match(tuple(missing), run.codec, run.variables, fields)
        if found is not None:
            missing.remove(found)
        elif not any_match(args.tolerate, run.codec, run.variables, fields):
            raise mismatch(run, tuple(missing), message, fields)


async def _expect_closed(run: CaseRun, step: Step, args: actions.ExpectClosed) -> None:
    connection = await run.connection(step.conn)
    allowed = args.after if args.after is not None else run.target.speech.before_close
    deadline = run.deadline(args.within)
    preferred = not args.prefer
    while True:
        message = await run.next(connection, deadline)
        if message is None:
            break
        fields = received(run, connection, message)
        run.steps[step.index].message = message.index
        if any_match(args.prefer, run.codec, run.variables, fields):
            preferred = True
        elif not any_match(allowed, run.codec, run.variables, fields):
            got = run.codec.text(message.wire)
            raise StepFailed(
                "mismatch", f"expected the connection to be closed, got {got}",
                expected="close", got=got, message=message.index,
            )  # fmt: skip
    if not connection.has_closed or connection.failure:
        error = no_answer(run, connection, "close", deadline)
        error.mild = args.within is None and may_take_long(run, connection)
        raise error
    _in_time(
        args.not_before, deadline.begun, connection.closed_at, "the close", connection.closed_index
    )
    run.check_serving = True
    if not preferred:
        wanted = describe_any(args.prefer, run.variables)
        error = StepFailed("preference", "", expected=f"{wanted} before the close", got="close",
                           message=connection.closed_index)  # fmt: skip
        run.mark(step.index, Verdict.WARN, "preference", f"closed without {wanted}", error)


# Silence


async def silence(run: CaseRun, step: Step) -> None:
    args: actions.Silence = step.args
    connection = await run.connection(step.conn)
    connection.forbid(step.index, args.patterns)
    run.parked |= args.park


# The rest


async def end(run: CaseRun, step: Step) -> None:
    connection = run.connections.get(step.conn or "")
    if connection is None:
        raise HarnessError(f"{run.case.id} ends {step.conn}, which is not open")
    await end_connection(run, connection, str(fill(step.args, run.variables)))


async def end_connection(run: CaseRun, connection: Connection, how: str) -> None:
    """fin: closes and waits until the IUT did, too. rst: aborts. silent: says nothing any more."""
    run.forget(connection)
    if not connection.is_open:
        return
    if how == "silent":
        connection.silent = True
        run.net.read(connection.handle, False)
        return
    run.net.end(connection.handle, how)
    if how == "rst":
        connection.state = "ended"
        run.scheduler.connections.pop(connection.handle, None)
        return
    deadline = run.deadline()
    while connection.is_open and await run.wait(deadline):
        pass
    if connection.is_open:
        connection.state = "ended"


async def open_(run: CaseRun, step: Step) -> None:
    assert step.conn is not None
    if step.conn in run.connections:
        raise HarnessError(f"{run.case.id} opens {step.conn}, which is open")
    options = dict(step.args)
    wanted = options.pop("agreed_subprotocol", None)
    connection = await run.open(step.conn, **options)
    agreed = run.net.subprotocol(connection.handle)
    if wanted is not None and agreed != wanted:
        raise StepFailed(
            "mismatch",
            f"the subprotocol is {agreed!r}, not {wanted!r}",
            expected=wanted,
            got=agreed,
        )


async def read(run: CaseRun, step: Step) -> None:
    connection = await run.connection(step.conn)
    run.net.read(connection.handle, step.args)


async def wait(run: CaseRun, step: Step) -> None:
    until = net_module.now() + int(float(fill(step.args, run.variables)) * net_module.NS)
    while net_module.now() < until:
        await pause(until)
        run.check()


async def iut(run: CaseRun, step: Step) -> None:
    args: actions.Stimulus = step.args
    assert run.task is not None
    try:
        await run.target.act(run, args.do, fill(args.fields, run.variables) or {})
    except OSError as error:
        raise Inconclusive("stimulus", f"the IUT could not be told to {args.do}: {error}") from None


def _obeys_form(run: CaseRun, step: Step) -> None:
    """Bound to a rule that the decoder knows, a step fails when the message it took breaks that
    rule.
    """
    index = run.steps[step.index].message
    wire = run.log[index][3] if index is not None and step.requirement else None
    if wire is None:
        return
    _, broken, offset = run.codec.decode(wire, run.case.role == "server")
    if broken == step.requirement:
        got = run.codec.text(wire)
        raise StepFailed(
            "malformed", f"{got} breaks the rule at byte {offset}",
            expected="a well-formed packet", got=got, message=index,
        )  # fmt: skip


async def attempt(run: CaseRun, step: Step) -> tuple[bool, Any]:
    """One step: whether the case goes on after it, and what it gives. Marks its verdict."""
    runner = RUNNERS.get(step.action) or run.target.speech.runners[step.action]
    if run.target.captured and step.requirement and step.conn in run.connections:
        handle = run.connections[step.conn].handle
        run.net.comment(handle, f"{run.case.id} ({step.conn}): {step.requirement}")
    result = None
    try:
        result = await runner(run, step)
        run.check()
        _obeys_form(run, step)
    except StepFailed as error:
        run.fail(step.index, error)
        return False, None
    except Inconclusive as error:
        run.mark(step.index, Verdict.INCONCLUSIVE, error.cause, error.detail)
        return False, None
    state = run.steps[step.index]
    if state.verdict is Verdict.UNTESTED and not isinstance(step.args, actions.Silence):
        state.verdict = Verdict.PASS
    return True, result


RUNNERS: dict[str, Runner] = {
    "send": send, "expect": expect, "any_of": expect, "all_of": expect, "none": silence,
    "park": silence, "end": end, "open": open_, "read": read, "wait": wait, "iut": iut,
}  # fmt: skip
