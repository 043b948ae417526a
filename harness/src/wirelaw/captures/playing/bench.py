"""One replay from its beginning to its end: the IUT is started, played to, looked after and
stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wirelaw import catalogue
from wirelaw.captures import mqtt as family
from wirelaw.captures.conversation import Flow, Source
from wirelaw.captures.playing.identity import Identity
from wirelaw.captures.playing.outcome import Outcome
from wirelaw.captures.playing.player import Player
from wirelaw.captures.playing.script import Script
from wirelaw.cases.model import Case, Step
from wirelaw.cases.model import Source as CaseSource
from wirelaw.engine import net as net_module
from wirelaw.engine.actions import Stimulus
from wirelaw.engine.bench import Bench
from wirelaw.engine.codec import codec_of
from wirelaw.engine.outcome import HarnessError, NotApplicable
from wirelaw.engine.plan import Plan
from wirelaw.engine.run import CaseRun
from wirelaw.engine.scheduler import Task
from wirelaw.engine.session import listen
from wirelaw.errors import UserError
from wirelaw.results.model import CaseResult

_SETTLE = 0.1  # s in which a dying IUT is seen to be dead
_CASE = "replay"


@dataclass
class Request:
    """What shall be replayed to whom. `side` is the one that we play; `plan` says what is tested,
    its protocol and role are set here."""

    source: Source
    flows: Sequence[Flow]
    plan: Plan
    side: str = "client"
    capture: Path | None = None
    ignore_played: bool = False  # what we play may break rules
    left_out: list[str] = field(default_factory=list)  # sentences


@dataclass
class Replayed:
    """A replay that took place."""

    request: Request
    plan: Plan
    variant: str
    outcome: Outcome
    result: CaseResult
    url: str | None
    name: str


def replay(request: Request) -> Replayed:
    """Raises UserError when it cannot take place: no conversation to play, no IUT."""
    variant, flows = _of_one_variant(request)
    _check_whole(request, flows)
    we_are_client = request.side == "client"
    if not we_are_client:
        _check_one_client(flows, codec_of(variant))
    plan = replace(
        request.plan, protocol=family.TESTED.get(variant, variant),
        role="server" if we_are_client else "client",
    )  # fmt: skip
    plan.transport = plan.transport or _transport(request, plan, flows)
    script = Script(codec_of(variant), flows, we_are_client)
    if not script.acts:
        whose = "client" if we_are_client else "server"
        raise UserError(
            f"{request.source.name}: the {whose} says nothing in these flows, so there is nothing "
            "to play"
        )
    return _Run(request, plan, variant, script).run()


def _of_one_variant(request: Request) -> tuple[str, list[Flow]]:
    """The variant of the first flow that says one, and the flows of it."""
    spoken = {flow: family.variant_of(flow) for flow in request.flows}
    variant = next((each for each in spoken.values() if each), "mqtt5")
    kept = [flow for flow in request.flows if spoken[flow] in (variant, None)]
    for flow in request.flows:
        if flow not in kept:
            request.left_out.append(
                f"flow {flow.number} speaks {spoken[flow]} and is left out: replay it with "
                f"--flow {flow.number}"
            )
    return str(variant), kept


def _check_whole(request: Request, flows: list[Flow]) -> None:
    whole = [flow for flow in flows if family.is_whole(flow)]
    if not whole:
        raise UserError(
            f"{request.source.name}: flow {flows[0].number} began before the capture, so it cannot "
            "be played from its beginning"
        )
    for flow in flows:
        if flow not in whole:
            request.left_out.append(f"flow {flow.number} began before the capture and is left out")
    flows[:] = whole


def _check_one_client(flows: Sequence[Flow], codec: Any) -> None:
    """One client is told what to do, so all flows must be one client's."""
    clients = {
        str(codec.fields(item.wire).get("client_id", "")): flow.number
        for flow in flows
        for item in flow.messages()
        if item.type == family.OPENS
    }
    if len(clients) > 1:
        shown = " and ".join(str(number) for number in list(clients.values())[:4])
        raise UserError(
            f"the flows are of {len(clients)} clients (flows {shown}), and one client is tested: "
            "choose its flows with --flow"
        )


def _transport(request: Request, plan: Plan, flows: Sequence[Flow]) -> str | None:
    """The captured transport where the IUT has it, else TCP."""
    from wirelaw import iut

    if plan.iut is None or "://" in plan.iut:
        return None
    offered = iut.load(plan.iut).protocols.get(plan.protocol, ())
    captured = flows[0].transport
    if captured in offered or not offered:
        return captured
    if captured != "tcp":
        request.left_out.append(f"{plan.iut} does not speak over {captured}: tcp is used instead")
    return "tcp" if "tcp" in offered else offered[0]


class _Run:
    """The replay itself."""

    def __init__(self, request: Request, plan: Plan, variant: str, script: Script) -> None:
        self.request = request
        self.plan = plan
        self.variant = variant
        self.script = script
        self.outcome = Outcome(ignore_played=request.ignore_played)

    def run(self) -> Replayed:
        capture = self.request.capture
        with Bench(self.plan, capture, net_module.now()) as bench:
            bench.on_violation = self._broken
            bench.start()
            run = self._play(bench)
            self._look_after(bench)
            result = self._result(bench, run)
            url = bench.running.url(bench.transport) if bench.running is not None else None
            name = bench.target.name
            if capture is not None:
                bench.end_capture()
        return Replayed(self.request, self.plan, self.variant, self.outcome, result, url, name)

    def _play(self, bench: Bench) -> CaseRun:
        target = bench.target
        run = CaseRun(self._case(bench), target, bench.scheduler, 1)
        identity = Identity(
            self.script.codec, self.script.we_are_client, target.credentials,
            self._wants_login(bench),
        )  # fmt: skip
        player = Player(run, self.script, identity, self.outcome, self._is_must)
        if run.case.role == "client":
            listen(run)
        try:
            self._until_done(bench, run, self._whole(player))
        finally:
            target.dismiss(run)
        run.ended = net_module.now()
        return run

    def _wants_login(self, bench: Bench) -> bool:
        """Whether the IUT takes no session without credentials, as far as that is known."""
        stated = getattr(bench.running, "credentials", None)
        return bool(self.plan.user) or bool(getattr(stated, "required", False))

    async def _whole(self, player: Player) -> None:
        try:
            await player.play()
        except NotApplicable as error:
            self.outcome.unknown(None, str(error))
        except HarnessError as error:
            raise UserError(str(error)) from None
        run = player.run
        for connection in run.all_connections:
            run.target.speech.say_goodbye(run, connection)
        if run.target.tidy:
            await run.target.speech.tidy_up(run)

    def _until_done(self, bench: Bench, run: CaseRun, coroutine: Any) -> None:
        ended: list[Task] = []
        run.task = bench.scheduler.spawn(coroutine, ended.append)
        while not ended:
            bench.scheduler.turn()
        if ended[0].error is not None:
            raise ended[0].error

    def _case(self, bench: Bench) -> Case:
        """What stands for a case: its steps are only what a client will be told."""
        told = [act for act in self.script.acts if act.kind == "tell"]
        steps = tuple(
            Step(i, 0, None, "iut", Stimulus(act.do, act.fields), act.do, False, None, ())
            for i, act in enumerate(told)
        )
        name = self.request.source.name
        return Case(
            _CASE, f"The conversation of {name}", self.plan.protocol, self.plan.role,
            (self.plan.protocol,), (), steps, (), "exclusive", "", (), False, 0.0,
            CaseSource(name, 0, Path(name)),
        )  # fmt: skip

    def _broken(self, seen: Any) -> None:
        """The judge objects to what the IUT says."""
        if seen.case not in (_CASE, None):
            return
        self.outcome.violations.append(seen)
        if self._is_must(seen.requirement):
            self.outcome.must.add(seen.requirement)

    def _is_must(self, requirement: str) -> bool:
        """By any catalogue: MQTT 3.1 and WebSocket have their own."""
        for name in catalogue.FILES:
            known = catalogue.load(name).get(requirement)
            if known is not None:
                return catalogue.level_group(known.level) == "MUST"
        return True

    def _look_after(self, bench: Bench) -> None:
        """Whether the IUT lives, and reported no defect of its own."""
        running = bench.running
        if running is None:
            return
        if not bench.target.alive(_SETTLE):
            self.outcome.crashed = "the IUT died"
        for found in running.diagnostics()[:1]:
            self.outcome.crashed = f"{found.kind}: {found.line}"

    def _result(self, bench: Bench, run: CaseRun) -> CaseResult:
        from wirelaw.captures.playing.report import result_of_replay

        return result_of_replay(run, self.script, self.outcome, bench.began)
