"""Before and after a case: does the server serve, and nothing of the case is left on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wirelaw.engine import steps
from wirelaw.engine.actions import Packet
from wirelaw.engine.connection import Connection
from wirelaw.engine.mqtt.flows import pass_barrier
from wirelaw.engine.outcome import Inconclusive, StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from wirelaw.engine.run import CaseRun

_NAME = "law"  # of our own connections, beside the case's


async def serves(run: CaseRun, client_id: str | None = None, **fields: Any) -> Mapping[str, Any]:
    """Connects afresh; gives the CONNACK. Raises StepFailed when that does not succeed."""
    connection = await _session(run, client_id or f"{run.variables['s']}{_NAME}", **fields)
    connack = run.announced
    _leave(run, connection)
    return connack  # type: ignore[no-any-return]


async def _session(run: CaseRun, client_id: str | bytes, **fields: Any) -> Connection:
    connection = await run.open(_NAME)
    run.forget(connection)
    packet = Packet("CONNECT", {"client_id": client_id, "clean_start": True, **fields})
    wire, _ = steps.build(run, connection, packet)
    run.send(connection, wire)
    deadline = run.deadline()
    message = await run.next(connection, deadline)
    if message is None:
        raise steps.no_answer(run, connection, "CONNACK", deadline)
    connack = steps.received(run, connection, message)
    if message.type != "CONNACK" or connack["reason"] != 0:
        got = run.codec.text(message.wire)
        reason = re.search(r"\breason=\d+(?: \([^)]*\))?", got)
        said = f"{message.type} {reason[0]}" if reason else got
        raise StepFailed("refused", f"it refused a plain CONNECT by {said}",
                         expected="CONNACK reason=0",
                         got=got, message=message.index)  # fmt: skip
    run.clock.answered(message.time - deadline.begun)
    run.target.num_sessions += 1
    run.announced = connack
    return connection


def _leave(run: CaseRun, connection: Connection) -> None:
    """DISCONNECT and close, without waiting."""
    if connection.is_open:
        run.send(connection, run.codec.build("DISCONNECT", {}))
        run.net.end(connection.handle, "fin")
        connection.state = "ended"


def say_goodbye(run: CaseRun, connection: Connection) -> None:
    """Ends a connection of a case; where things are kept tidy, so that no will is published."""
    if not run.target.tidy or connection.silent or not connection.is_open:
        if connection.state in ("open", "connecting"):
            run.net.end(connection.handle, "rst")
            connection.state = "ended"
        return
    _leave(run, connection)


async def tidy_up(run: CaseRun) -> None:
    """Removes the retained messages and the sessions that the case left. Best effort."""
    if not (run.retained or run.sessions):
        return
    try:
        for client_id in run.sessions:
            _leave(run, await _session(run, client_id))
        if run.retained:
            connection = await _session(run, f"{run.variables['s']}{_NAME}")
            for topic in run.retained:
                fields = {"topic": topic, "retain": True, "payload": ""}
                run.send(connection, run.codec.build("PUBLISH", fields))
            await pass_barrier(run, connection)
            _leave(run, connection)
    except (StepFailed, Inconclusive):
        pass  # the server does not serve: the cases themselves have seen that
