"""The IUT as cases see it: where it is, what it can, and how it is made to act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wirelaw.engine.codec import Codec, codec_of
from wirelaw.engine.deadlines import DIAL_IN
from wirelaw.engine.net import NS, Endpoint
from wirelaw.engine.outcome import HarnessError, NotApplicable
from wirelaw.engine.values import fill
from wirelaw.errors import UserError
from wirelaw.results.model import Verdict

if TYPE_CHECKING:
    from wirelaw.engine.run import CaseRun


def speech_of(protocol: str) -> Any:
    """How the engine speaks the protocol's family."""
    family = codec_of(protocol).tables.protocol
    return import_module(f"wirelaw.engine.{family}").SPEECH


@dataclass(frozen=True)
class Login:
    """What a session with the IUT needs."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass
class Target:
    """One IUT in one role.

    endpoint     where a server listens; for a client, what wirelaw's listeners are like
    scope        how its connections are judged, a handle of the event loop
    tag          unique in the run: part of topics and client identifiers
    running      the process, with the face of iut.Running; None when it is not ours to know
    make_tester  starts the upper tester of a client, for one case
    tidy         whether what cases leave is removed
    """

    protocol: str
    role: str
    endpoint: Endpoint
    scope: int
    pics: Mapping[str, bool]
    tag: str
    credentials: Login = Login()
    running: Any = None
    topic_prefix: str = "law/"
    client_prefix: str = "w"
    captured: bool = False
    tidy: bool = True
    patience: float = 1.0
    name: str = ""
    announced: Any = None
    num_sessions: int = 0
    down_on_purpose: bool = False
    on_restarted: Callable[[], None] | None = None
    make_tester: Callable[[CaseRun], Any] | None = None
    _idle: list[Any] = field(default_factory=list)
    _endpoints: dict[tuple[tuple[str, Any], ...], Endpoint] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.codec: Codec = codec_of(self.protocol)
        self.speech = speech_of(self.protocol)
        self.tidy = self.tidy and self.role == "server"
        self.dial_in = int(DIAL_IN * self.patience * NS)

    def endpoint_with(self, options: Mapping[str, Any]) -> Endpoint:
        """The endpoint with the options of an `open` step."""
        if not options:
            return self.endpoint
        key = tuple(sorted(options.items()))
        if key not in self._endpoints:
            self._endpoints[key] = replace(self.endpoint, **options)
        return self._endpoints[key]

    def log_offset(self) -> int:
        """Where the IUT's log ends now."""
        return 0 if self.running is None else int(self.running.log_offset())

    def log_since(self, offset: int) -> str:
        """What the IUT wrote since then."""
        return "" if self.running is None else str(self.running.log_since(offset))

    def alive(self, settle: float) -> bool:
        """Whether its process lives, as far as that can be known. Blocks for `settle` seconds if
        so.
        """
        known = self.running is not None and self.running.pid is not None
        return not known or bool(self.running.alive(settle))

    # Making it act

    async def act(self, run: CaseRun, do: str, fields: Mapping[str, Any]) -> None:
        """A step `iut: {do: ...}`."""
        if do in ("restart", "kill", "stop", "start"):
            await self._control(run, do)
        elif self.make_tester is not None:
            self._tester(run)
            told = {"do": do, **self.speech.stimulus(run, do, fields)}
            if do == "connect":
                run.welcomed = False
                run.num_connects = run.num_told("connected") + 1
            elif run.welcomed and run.tester.tells:
                await self._connected(run)
            if do == "connect" and self.endpoint.transport != "tcp":
                told["transport"] = self.endpoint.transport
            self._tell(run, told)
        elif do != "connect":  # a device connects by itself, again and again
            raise NotApplicable(f"nothing can make this client {do}")

    async def _connected(self, run: CaseRun) -> None:
        """Until the client has said that it is connected: libraries do nothing before. Then it is told, whether
        it has said so or not."""
        deadline = run.deadline()
        while run.num_told("connected") < run.num_connects and not run.num_told("ended"):
            if not await run.wait(deadline):
                return

    async def _control(self, run: CaseRun, do: str) -> None:
        if run.case.isolation != "own-iut":
            raise HarnessError(f"{run.case.id} does `{do}` to an IUT that others use: own-iut")
        work: Callable[[], Any] = {
            "restart": self.running.restart,
            "kill": lambda: self.running.restart(kill=True),
            "stop": lambda: self.running.kill(),
            "start": self.running.restart,
        }[do]
        assert run.task is not None
        self.down_on_purpose = True
        try:
            await run.scheduler.in_thread(run.task, work)
        except UserError as error:
            raise NotApplicable(str(error)) from None
        finally:
            self.down_on_purpose = do == "stop"
        if self.on_restarted is not None and do != "stop":
            self.on_restarted()

    def _tester(self, run: CaseRun) -> None:
        """Starts the client of this case, once; or takes one that another case has left."""
        if run.tester is not None:
            return
        assert self.make_tester is not None
        if run.shares_client and self._idle:
            run.tester = self._idle.pop()
            run.tester.dial_at(run.port or 0)
        else:
            run.tester = self.make_tester(run)
        run.tester.plan(self.plan(run))
        handle = run.net.watch(run.tester.fileno())
        run.tester_handle = handle
        run.scheduler.watches[handle] = lambda: self._told(run)

    def plan(self, run: CaseRun) -> list[dict[str, Any]]:
        """All that the case's steps will tell the client, in order."""
        return [
            {
                "do": s.args.do,
                **self.speech.stimulus(run, s.args.do, fill(s.args.fields, run.variables)),
            }
            for s in run.case.steps
            if s.action == "iut"
        ]

    def _tell(self, run: CaseRun, command: dict[str, Any]) -> None:
        run.last_told = (command["do"], len(run.said))
        try:
            run.tester.send(command)
        except UserError as error:
            raise NotApplicable(str(error)) from None

    def _told(self, run: CaseRun) -> None:
        """Takes what the client says: only kept for the log, the wire is what counts."""
        for event in run.tester.events():
            run.said.append(event)
            if event.get("event") == "ended":
                run.shares_client = False
        if run.task is not None:
            run.scheduler.wake(run.task)

    def dismiss(self, run: CaseRun) -> None:
        """Ends the client of a case, unless other cases may have it: then it must be as if it were
        new.
        """
        if run.tester is None:
            return
        run.scheduler.watches.pop(run.tester_handle, None)
        run.net.end(run.tester_handle, "fin")
        left = all(connection.has_closed for connection in run.all_connections) and not run.dialled
        if run.shares_client and left and run.verdict in (Verdict.PASS, Verdict.WARN):
            self._idle.append(run.tester)
        else:
            run.tester.close()
        run.tester = None

    def dismiss_all(self) -> None:
        """Ends the clients that no case has."""
        while self._idle:
            self._idle.pop().close()
