"""One run of one case against one IUT: its variables, connections, log and verdicts."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from wirelaw.cases.model import Case, Step
from wirelaw.engine import net as net_module
from wirelaw.engine.connection import Connection, Received
from wirelaw.engine.deadlines import Deadline
from wirelaw.engine.outcome import Aborted, Inconclusive, StepFailed
from wirelaw.engine.scheduler import Scheduler, Task, pause
from wirelaw.engine.values import FRESH
from wirelaw.results.model import CASE_ORDER, Verdict

if TYPE_CHECKING:
    from wirelaw.engine.target import Target

#: (connection, from the IUT, time in ns, bytes or None, packet of the capture, kind of event or
#: None)
Entry = tuple[str, bool, int, bytes | None, int | None, str | None]


class Variables(dict[str, Any]):
    """Variables of one run. A name that begins with nonce or sentinel is made when first used."""

    def __init__(self, tag: str, topic: str, client_id: str) -> None:
        super().__init__(t=topic, s=client_id)
        self._tag = tag

    def __missing__(self, name: str) -> str:
        if not name.startswith(FRESH):
            raise KeyError(name)
        self[name] = text = f"{name}-{self._tag}"
        return text


class StepState:
    """What became of one step."""

    __slots__ = ("verdict", "cause", "detail", "expected", "got", "message")

    def __init__(self) -> None:
        self.verdict = Verdict.UNTESTED
        self.cause: str | None = None
        self.detail: str | None = None
        self.expected: str | None = None
        self.got: str | None = None
        self.message: int | None = None


class CaseRun:
    """A case on its way. `scheduler` drives `task`; what the steps need is here."""

    def __init__(self, case: Case, target: Target, scheduler: Scheduler, number: int) -> None:
        self.case = case
        self.target = target
        self.scheduler = scheduler
        self.net = scheduler.net
        self.clock = scheduler.clock
        self.codec = target.codec
        self.task: Task | None = None
        tag = f"{target.tag}{number:x}"
        # The z ends the number: no case's own identifier begins with another's.
        self.variables = Variables(
            tag, f"{target.topic_prefix}{tag}", f"{target.client_prefix}{tag}z"
        )
        self.connections: dict[str, Connection] = {}
        self.all_connections: list[Connection] = []
        self.dialled: deque[Connection] = deque()
        self.refusal: str | None = None  # why a client that dialled in was not let in
        self.log: list[Entry] = []
        self.steps = [StepState() for _ in case.steps]
        self.script_steps: list[Step] = []  # of a case in Python, as it makes them
        self.started = net_module.now()
        self.ended = 0
        self.parked = False
        self.check_serving = False
        self.by_timeout = False  # of which another look may show more
        self.first_look = False  # another may follow
        self._calm = False
        self.patience = 1.0  # of this run, on top of the user's
        self.verdict = Verdict.UNTESTED
        self.cause: str | None = None
        self.failed_step: int | None = None
        self.announced: Any = None
        self.retained: set[bytes | str] = set()
        self.sessions: set[bytes | str] = set()
        self.listener: int | None = None
        self.port: int | None = None
        self.tester: Any = None
        self.tester_handle = 0
        self.last_told = ("", 0)  # a verb, and how much the tester had said before
        self.num_connects = 0  # how many times it will have said that it is connected
        self.welcomed = False  # a CONNACK, or the like, went to the client since it was told to connect
        self.shares_client = False  # its tester may come from another case, and go to one
        self.said: list[dict[str, Any]] = []  # by the upper tester
        self.provoked: frozenset[str] = frozenset()  # requirements that the client is told to break
        self._hit: tuple[int, Connection, Received] | None = None
        self.log_from = target.log_offset()

    def num_told(self, event: str) -> int:
        """How many events of that kind the upper tester told of."""
        return sum(1 for one in self.said if one.get("event") == event)

    def told_no(self) -> dict[str, Any] | None:
        """What the upper tester said when it did not do what it was told last: then nobody is judged by
        what does not come."""
        do, since = self.last_told
        answers = (one for one in self.said[since:] if one.get("event") == "error")
        return next((one for one in answers if one.get("do") == do), None)

    def step(self, index: int) -> Step:
        """The step that a state belongs to."""
        return (self.case.steps or self.script_steps)[index]

    # The log

    def log_message(
        self, connection: Connection, from_iut: bool, time: int, wire: bytes, packet: int | None
    ) -> int:
        """Adds a message; its index."""
        self.log.append((connection.name, from_iut, time, wire, packet or None, None))
        return len(self.log) - 1

    def note(self, connection: Connection, kind: str, time: int, packet: int | None = None) -> int:
        """Adds `open`, `close` or `reset`, as the IUT did it; its index."""
        self.log.append((connection.name, True, time, None, packet or None, kind))
        return len(self.log) - 1

    # Connections

    async def connection(self, name: str | None) -> Connection:
        """The connection of that name; opened, or dialled in, when it is new."""
        assert name is not None
        found = self.connections.get(name)
        if found is None:
            found = await self.open(name)
        return found

    async def open(self, name: str, **options: Any) -> Connection:
        """Opens a new connection (client role: takes the next that was dialled in)."""
        if self.case.role == "client":
            return await self._dialled(name)
        handle = self.net.connect(self.target.scope, self.target.endpoint_with(options))
        if not handle:
            raise Inconclusive("descriptors", f"no connection could be opened: {self.net.error}")
        made = self._adopt(Connection(self, name, handle))
        self.scheduler.connections[handle] = made
        deadline = self.deadline()
        while made.state == "connecting":
            if not await self.wait(deadline):
                raise StepFailed("connect", "the IUT accepted no connection in time")
        if made.has_closed:
            raise StepFailed("connect", f"no connection: {made.failure or 'closed at once'}")
        return made

    def _adopt(self, connection: Connection) -> Connection:
        self.connections[connection.name] = connection
        self.all_connections.append(connection)
        if self.target.captured:
            self.net.comment(connection.handle, f"{self.case.id} ({connection.name})")
        return connection

    async def _dialled(self, name: str) -> Connection:
        deadline = Deadline(self.clock, net_module.now(), self.target.dial_in)
        while not self.dialled:
            if self.refusal is not None:
                raise self._no_handshake(self.refusal)
            if not await self.wait(deadline):
                raise Inconclusive("no dial-in", "the client did not connect")
        made = self.dialled.popleft()
        made.name = name
        self.note(made, "open", net_module.now())
        return self._adopt(made)

    def _no_handshake(self, why: str) -> Exception:
        """Which subprotocol a client offers is a rule of the protocols that cases are about; the rest of a
        WebSocket's handshake is not."""
        self.refusal = None
        if "subprotocol" in why:
            return StepFailed("handshake", why, expected="the subprotocol mqtt", got=why)
        return Inconclusive("handshake", why)

    def refused(self, why: str) -> None:
        """A client dialled in, and its handshake failed."""
        self.refusal = why
        if self.task is not None:
            self.scheduler.wake(self.task)

    def dialled_in(self, handle: int) -> Connection:
        """A client under test has connected; the next new name of a step takes it."""
        made = Connection(self, "?", handle)
        self.dialled.append(made)
        return made

    def forget(self, connection: Connection) -> None:
        """The name is free for a new connection."""
        if self.connections.get(connection.name) is connection:
            del self.connections[connection.name]

    def send(
        self, connection: Connection, *wires: bytes, split: int | None = None, text: bool = False
    ) -> None:
        """Sends packets in one write, or in pieces of `split` bytes; over WebSocket as `text` frames if
        asked to. Nothing when the IUT had closed."""
        send = self.net.send_text if text else self.net.send
        whole = b"".join(wires)
        size = split or max(1, len(whole))
        packet: int | None = None
        for at in range(0, max(1, len(whole)), size):
            piece = whole[at : at + size]
            packet = send(connection.handle, piece) if connection.is_open else None
            if packet is None:
                return
        for wire in wires:
            self.log_message(connection, False, net_module.now(), wire, packet)

    # Waiting

    def deadline(self, within: float | None = None) -> Deadline:
        """The end of a wait that begins now; `within` is a time that the specification allows."""
        self._calm = False
        allowance = int(self.clock.allowance * self.patience)
        given = int((within or 0.0) * net_module.NS)
        grace = max(0, allowance - given) if self.first_look else 0
        return Deadline(self.clock, net_module.now(), allowance + given, grace)

    async def wait(self, deadline: Deadline) -> bool:
        """Until something came in. False: the time is up. Raises Inconclusive when that says
        nothing.
        """
        self.check()
        while net_module.now() >= deadline.until:
            if deadline.late:
                raise Inconclusive(
                    "late", "this machine was too busy to say whether it came in time"
                )
            if not deadline.extend():
                if deadline.late:
                    continue
                self._calm = deadline.calm
                return False
        await pause(deadline.until)
        self.check()
        return True

    async def next(self, connection: Connection, deadline: Deadline) -> Received | None:
        """Takes the next message. None: the time is up, or the IUT closed (`has_closed`)."""
        while not connection.inbox:
            if not connection.is_open or not await self.wait(deadline):
                if connection.inbox:
                    break
                return None
        return connection.inbox.popleft()

    # Silence

    def forbid(self, step: int, connection: Connection, received: Received) -> None:
        """A forbidden message came."""
        if self._hit is None:
            self._hit = (step, connection, received)
            if self.ended:
                self._turn()

    def check(self) -> None:
        """Raises StepFailed when a forbidden message has come. Not after the case, while it is
        tidied up.
        """
        if self._hit is not None and not self.ended:
            raise self._forbidden()

    def _forbidden(self) -> StepFailed:
        assert self._hit is not None
        step, connection, received = self._hit
        got = self.codec.text(received.wire)
        error = StepFailed(
            "forbidden", f"a message came on {connection.name} that must not come",
            expected="silence", got=got, message=received.index,
        )  # fmt: skip
        error.step = step
        return error

    def _turn(self) -> None:
        """A late forbidden message turns the verdict of a parked case."""
        error = self._forbidden()
        self.fail(self._hit[0] if self._hit else 0, error)
        self.conclude()

    # Verdicts

    def fail(self, index: int, error: StepFailed) -> None:
        """Marks the step. One that is bound to nothing is only inconclusive, to a SHOULD only a
        warning, as is an error that is mild.
        """
        index = index if error.step is None else error.step
        step = self.step(index)
        verdict = Verdict.INCONCLUSIVE
        if step.requirement and not error.soft:
            verdict = Verdict.FAIL if step.must and not error.mild else Verdict.WARN
        more = ", and nothing says how soon it must" if verdict is Verdict.WARN and error.mild else ""
        self.mark(index, verdict, error.cause, error.detail + more, error)
        self.note_timeout(error)

    def note_timeout(self, error: StepFailed) -> None:
        """Keeps whether it was a time-out that a calmer machine might not have seen."""
        self.by_timeout = error.cause in ("timeout", "connect") and not self._calm

    def mark(
        self, index: int, verdict: Verdict, cause: str | None = None, detail: str | None = None,
        error: StepFailed | None = None,
    ) -> None:  # fmt: skip
        """Gives a step its verdict."""
        state = self.steps[index]
        state.verdict, state.cause, state.detail = verdict, cause, detail
        if error is not None:
            state.expected, state.got, state.message = error.expected, error.got, error.message

    def conclude(self) -> None:
        """The case's verdict from those of its steps."""
        for verdict in CASE_ORDER:
            index = next((i for i, s in enumerate(self.steps) if s.verdict is verdict), None)
            if index is None:
                continue
            self.verdict = verdict
            if verdict not in (Verdict.PASS, Verdict.UNTESTED):
                self.failed_step = index
                self.cause = self.steps[index].cause
                if self.step(index).preamble and verdict is Verdict.INCONCLUSIVE:
                    self.cause = f"preamble: {self.cause}"
            return

    def end_with(self, verdict: Verdict, cause: str) -> None:
        """A verdict that no step decides."""
        self.verdict, self.cause, self.failed_step = verdict, cause, None

    def abort(self) -> None:
        """Takes the case back, from outside of it."""
        if self.task is not None and not self.task.finished:
            self.scheduler.throw(self.task, Aborted())
