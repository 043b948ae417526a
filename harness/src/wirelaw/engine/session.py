"""A set of cases on one IUT: which runs when, what is run again, and who killed the IUT.

Cases that only need their own topics run side by side; exclusive ones alone; those that need an
IUT of their own beside all others. Parked cases are judged at the very end.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelaw.cases.model import Case, Source
from wirelaw.engine import net as net_module
from wirelaw.engine.actions import Flow
from wirelaw.engine.execute import close_parked, execute, tidy
from wirelaw.engine.net import NS
from wirelaw.engine.outcome import Aborted, Inconclusive, StepFailed
from wirelaw.engine.run import CaseRun
from wirelaw.engine.scheduler import Scheduler, Task
from wirelaw.engine.target import Target
from wirelaw.errors import UserError
from wirelaw.results.model import Verdict

HOLD = 100_000_000  # ns: how long a result waits in which a death of the IUT might show
SETTLE = 0.2  # s in which a dying IUT of a case's own is seen to be dead
MAX_DEATHS = 20
MAX_ABSENT = 3  # cases for which no client came, when none ever did
LEAVE_TIME = 3.0  # s: to tidy up after an interrupt
PARK_TIME = 1.0  # s: how long the last parked connection stays open at least
SLEEPER = 1.0  # s of waiting: a case above it mostly sleeps, and does not count as running
IDLE = 300_000_000  # ns in which nothing came in for a case: it waits, and does not count either
_DEATHLY = frozenset(("closed", "connect", "refused", "timeout", "flow"))


@dataclass
class Options:
    """How a session runs. `concurrency` cases run at once, beside those that have waited for `idle`
    ns; `crowd` bounds both. `again`: whether failures by time-out on a busy machine get a
    second look."""

    concurrency: int = 32
    crowd: int = 128
    idle: int = IDLE
    own_concurrency: int = 2
    seed: int = 0
    again: bool = True
    stop_after: int = 0  # failures; 0: never


class Session:
    """Runs cases on one IUT. `make_own` starts an IUT for one case (None: not possible);
    `restart` brings a dead IUT back. The callbacks are told of each case."""

    def __init__(
        self,
        scheduler: Scheduler,
        target: Target,
        cases: Iterable[Case],
        options: Options,
        *,
        on_started: Callable[[Case], None] = lambda case: None,
        on_ended: Callable[[CaseRun, str | None], None] = lambda run, repeat: None,
        make_own: Callable[[], Target] | None = None,
        restart: Callable[[], None] | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.target = target
        self.options = options
        self.on_started = on_started
        self.on_ended = on_ended
        self._make_own = make_own
        self._restart = restart
        self._shared, self._alone, self._own = _sorted(cases, options.seed)
        self._active: dict[CaseRun, Task] = {}
        self._held: deque[tuple[int, CaseRun]] = deque()
        self._parked: list[CaseRun] = []
        self._suspects: deque[Case] = deque()
        self._looked: set[str] = set()
        self._notes: dict[str, str] = {}
        self._num_own = 0
        self._number = 0
        self._lonely: CaseRun | None = None
        self._ran_alone: set[CaseRun] = set()
        self._dead = False
        self._taken_back = False  # the active runs end, to run again alone
        self._log_at = target.log_offset()
        self._death_watch = 0
        self._deaths = 0
        self._last_park = 0
        self._num_absent = 0
        self.num_failed = 0
        self.given_up: str | None = None
        self._watch_death()

    # The whole run

    @property
    def busy(self) -> bool:
        """Whether something is still to be done before the parked cases are judged."""
        return bool(
            self._active or self._held or self._shared or self._alone or self._own
            or self._suspects or self._num_own or self._dead
        )  # fmt: skip

    def step(self) -> None:
        """Starts what can start now, and settles what has waited long enough. Never blocks, except
        to
        bring back an IUT that died."""
        self._settle()
        if self._dead and not self._active and not self._held:
            self._revive()
        if self.given_up:
            self._drop_rest()
            return
        self._start_own()
        if self._dead or self._taken_back or self._lonely is not None:
            return
        if self._suspects:
            self._start_lonely(self._suspects.popleft())
            return
        self._start_shared()
        if self._shared or self._active or self._held:
            return
        if self._alone:
            self._start_lonely(self._alone.popleft())

    @property
    def parked_until(self) -> int:
        """When the parked cases may be judged, in ns; 0 when there are none."""
        return self._last_park + int(PARK_TIME * NS) if self._parked else 0

    @property
    def num_running(self) -> int:
        """The cases that are running, without those that mostly sleep, or wait now."""
        idle = net_module.now() - self.options.idle
        return sum(
            1 for run, task in self._active.items()
            if run.case.seconds < SLEEPER and task.resumed > idle
        )  # fmt: skip

    @property
    def waking_at(self) -> int | None:
        """When `step` wants to be called next though nothing came in; None: then only."""
        return self._held[0][0] if self._held else None

    def finish(self) -> None:
        """Judges the parked cases: call when nothing is busy any more."""
        while net_module.now() < self.parked_until:
            self.scheduler.turn(self.parked_until)
        for run in self._parked:
            close_parked(run)
            self._report(run)
        self._parked.clear()
        self.target.dismiss_all()

    def run(self, on_turn: Callable[[], None] = lambda: None) -> None:
        """Everything. After KeyboardInterrupt what was begun is tidied up, and it is raised
        again.
        """
        try:
            while self.busy:
                self.step()
                on_turn()
                self.scheduler.turn(self.waking_at)
            self.finish()
        except KeyboardInterrupt:
            self.interrupt()
            raise

    def interrupt(self) -> None:
        """Takes all running cases back and tidies up after them, for a few seconds at most."""
        self._shared.clear(), self._alone.clear(), self._own.clear(), self._suspects.clear()
        self._taken_back = False
        for run in list(self._active):
            run.abort()
        left = net_module.now() + int(LEAVE_TIME * NS)
        while (self._active or self._num_own) and net_module.now() < left:
            self.scheduler.turn(left)
        for run in self._parked:
            close_parked(run)
        self.target.dismiss_all()

    # Starting

    def _start_shared(self) -> None:
        room = self.options.concurrency - self.num_running
        while self._shared and room > 0 and len(self._active) < self.options.crowd:
            room -= self._start(self._shared.popleft(), self.target).case.seconds < SLEEPER

    def _start_lonely(self, case: Case) -> None:
        self._lonely = self._start(case, self.target)
        self._ran_alone.add(self._lonely)

    def _start(self, case: Case, target: Target) -> CaseRun:
        self._number += 1
        run = CaseRun(case, target, self.scheduler, self._number)
        run.first_look = self.options.again and case.id not in self._looked
        if case.id in self._looked:
            run.patience = 2.0
        self.on_started(case)
        if case.role == "client":
            listen(run)
        self._active[run] = run.task = self.scheduler.spawn(
            _whole(run), lambda task: self._ended(run, task)
        )
        return run

    def _start_own(self) -> None:
        while self._own and self._num_own < self.options.own_concurrency:
            case = self._own.popleft()
            if self._make_own is None:
                self._skip(case, "it needs an IUT of its own, which wirelaw cannot start here")
                continue
            self._num_own += 1
            holder: list[Task] = []
            coroutine = self._run_own(case, self._make_own, holder)
            holder.append(self.scheduler.spawn(coroutine, self._own_ended))

    async def _run_own(self, case: Case, make: Callable[[], Target], holder: list[Task]) -> None:
        """One case on an IUT of its own, which is started and stopped in another thread."""
        try:
            target = await self.scheduler.in_thread(holder[0], make)
        except UserError as error:
            self._skip(case, str(error), Verdict.ERROR)
            return
        try:
            self._number += 1
            run = CaseRun(case, target, self.scheduler, self._number)
            run.task = holder[0]
            self.on_started(case)
            await _whole(run)
            close_parked(run)
            for found in target.running.diagnostics()[:1]:
                run.end_with(Verdict.FAIL, f"{found.kind}: {found.line}")
            if run.verdict is not Verdict.PASS and not target.down_on_purpose:
                if not await self.scheduler.in_thread(holder[0], lambda: target.alive(SETTLE)):
                    run.end_with(Verdict.FAIL, "crash")
            self._report(run)
            self.target.num_sessions += target.num_sessions
        finally:
            if target.running is not None:
                await self.scheduler.in_thread(holder[0], target.running.stop)

    def _own_ended(self, task: Task) -> None:
        self._num_own -= 1
        if task.error is not None and not isinstance(task.error, Aborted):
            raise task.error

    # Ending

    def _ended(self, run: CaseRun, task: Task) -> None:
        del self._active[run]
        self._close_listener(run)
        run.target.dismiss(run)
        if run is self._lonely:
            self._lonely = None
        if isinstance(task.error, Aborted):
            if self._dead or self._taken_back:
                self._suspects.append(run.case)
            self._taken_back = self._taken_back and bool(self._active)
            return
        if task.error is not None:
            raise task.error
        report = self._new_report(run.target)
        if report is not None:
            self._reported(run, report)
        elif self._may_be_death(run):
            self._held.append((net_module.now() + HOLD, run))
        else:
            self._settled(run)

    def _new_report(self, target: Target) -> str | None:
        """A report of a sanitizer, or a panic, that the IUT has written since the last look."""
        if target.running is None or target.running.log is None:
            return None
        at = self._log_at
        self._log_at = target.log_offset()
        found = target.running.diagnostics(at) if self._log_at > at else []
        return f"{found[0].kind}: {found[0].line}" if found else None

    def _reported(self, run: CaseRun, report: str) -> None:
        """The IUT reported a defect of its own: it fails the case that ran alone; several run
        again, alone.
        """
        if run in self._ran_alone:
            run.end_with(Verdict.FAIL, report)
            self._report(run)
        else:
            for each in [run, *self._active]:
                self._notes[each.case.id] = f"beside others: {report}"
            self._suspects.append(run.case)
            self._taken_back = bool(self._active)
            for each in list(self._active):
                each.abort()
        self._begin_anew()

    def _begin_anew(self) -> None:
        """An IUT of ours that reported a defect may be broken for all that follow."""
        running = self.target.running
        if self._restart is not None and running is not None and running.death_fd >= 0:
            self._unwatch_death()
            running.kill()
            self._deaths -= 1  # this one is not its own
            self._died()

    def _close_listener(self, run: CaseRun) -> None:
        if run.listener is not None:
            self.scheduler.net.end(run.listener, "fin")
            self.scheduler.listeners.pop(run.listener, None)
            self.scheduler.refusals.pop(run.listener, None)

    def _may_be_death(self, run: CaseRun) -> bool:
        """Whether the result might come from the IUT's death, which shows a moment later."""
        if run.target.running is None:
            return self._dead
        cause = (run.cause or "").rpartition(": ")[2] if run.cause else None
        return run.verdict not in (Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE) and (
            cause in _DEATHLY or (run.cause or "").startswith("does not serve")
        )

    def _settle(self) -> None:
        now = net_module.now()
        while self._held and (self._held[0][0] <= now or self._dead):
            _, run = self._held.popleft()
            if not self._dead and self._out_of_reach():
                self._died()
            if self._dead:
                self._suspect(run)
            else:
                self._settled(run)

    def _out_of_reach(self) -> bool:
        """Whether an IUT that is not ours to watch accepts no connections any more. Blocks for a
        second at most."""
        running = self.target.running
        return running is not None and running.death_fd < 0 and not running.alive()

    def _suspect(self, run: CaseRun) -> None:
        """The IUT died while it ran: alone again, unless it was alone already: then it is the
        killer.
        """
        if run in self._ran_alone:
            run.end_with(Verdict.FAIL, "crash")
            self._report(run)
        else:
            self._suspects.append(run.case)

    def _settled(self, run: CaseRun) -> None:
        if self._wants_second_look(run):
            self._look_again(run)
        elif run.parked and run.verdict in (Verdict.PASS, Verdict.WARN):
            self._parked.append(run)
            self._last_park = max(self._last_park, run.ended)
        else:
            self._report(run)

    def _wants_second_look(self, run: CaseRun) -> bool:
        return (
            self.options.again
            and run.by_timeout
            and run.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.INCONCLUSIVE)
            and run.case.id not in self._looked
            and run.case.isolation != "own-iut"
        )

    def _look_again(self, run: CaseRun) -> None:
        """What failed by time-out on a busy machine runs once more, with twice the patience."""
        self._looked.add(run.case.id)
        self._notes.setdefault(run.case.id, f"first: {run.verdict} ({run.cause})")
        queue = self._alone if run.case.isolation == "exclusive" else self._shared
        queue.append(run.case)

    def _report(self, run: CaseRun) -> None:
        if run.verdict in (Verdict.FAIL, Verdict.ERROR):
            self.num_failed += 1
            if self.options.stop_after and self.num_failed >= self.options.stop_after:
                self.given_up = f"stopped after {self.num_failed} failures"
        if (run.cause or "").endswith("no dial-in") and self.target.num_sessions == 0:
            self._num_absent += 1
            if self._num_absent >= MAX_ABSENT:
                at = f"{self.target.endpoint.host}:{run.port}"
                self.given_up = f"no client has connected, last awaited at {at}"
        self.on_ended(run, self._notes.get(run.case.id))

    def _skip(self, case: Case, why: str, verdict: Verdict = Verdict.UNTESTED) -> None:
        run = CaseRun(case, self.target, self.scheduler, 0)
        run.end_with(verdict, why)
        run.ended = run.started
        self._report(run)

    def _drop_rest(self) -> None:
        assert self.given_up is not None
        for queue in (self._shared, self._alone, self._own, self._suspects):
            while queue:
                self._skip(queue.popleft(), self.given_up)

    # Death of the IUT

    def _watch_death(self) -> None:
        running = self.target.running
        if running is None or running.death_fd < 0:
            return
        self._death_watch = self.scheduler.net.watch(running.death_fd)

        def died() -> None:
            self._unwatch_death()
            self._died()

        self.scheduler.watches[self._death_watch] = died

    def _unwatch_death(self) -> None:
        self.scheduler.net.end(self._death_watch, "fin")
        self.scheduler.watches.pop(self._death_watch, None)

    def _died(self) -> None:
        """All cases in flight are taken back; they run again alone, on a fresh IUT."""
        self._dead = True
        self._deaths += 1
        lonely = self._lonely
        for run in list(self._active):
            if run is lonely:
                self._kill(run)
            else:
                run.abort()

    def _kill(self, run: CaseRun) -> None:
        """The IUT died while this case ran alone: it is the killer."""
        task = self._active[run]
        run.end_with(Verdict.FAIL, "crash")
        task.finished = True
        task.coroutine.close()
        self.scheduler.num_tasks -= 1
        run.ended = net_module.now()
        del self._active[run]
        self._lonely = None
        self._report(run)

    def _revive(self) -> None:
        if self._restart is None or self._deaths > MAX_DEATHS:
            self._dead = False
            self.given_up = (
                f"the IUT died {self._deaths} times" if self._restart else "the IUT died"
            )
            return
        try:
            self._restart()
        except UserError as error:
            self._dead = False
            ours = self.target.running is not None and self.target.running.death_fd >= 0
            self.given_up = f"the IUT died and did not start again: {error}" if ours else str(error)
            return
        self._dead = False
        self._log_at = self.target.log_offset()  # what the dead one said is no report of this one
        self._watch_death()


def _sorted(cases: Iterable[Case], seed: int) -> tuple[deque[Case], deque[Case], deque[Case]]:
    """Shared (those that wait longest first), exclusive, own IUT; in random order."""
    order = list(cases)
    random.Random(seed).shuffle(order)
    shared = [case for case in order if case.isolation == "topics"]
    shared.sort(key=lambda case: -_longest(case))
    alone = [case for case in order if case.isolation == "exclusive"]
    own = [case for case in order if case.isolation == "own-iut"]
    return deque(shared), deque(alone), deque(own)


def _longest(case: Case) -> float:
    """How many seconds a case may wait for what the specification gives time."""
    return case.seconds + sum(_within(step.args) for step in case.steps)


def _within(args: Any) -> float:
    given = args.options.get("within") if isinstance(args, Flow) else getattr(args, "within", None)
    return given or 0.0


async def _whole(run: CaseRun) -> None:
    """A case, and tidying up after it, whatever became of it."""
    try:
        await execute(run)
    except Aborted:
        run.verdict, run.ended = Verdict.UNTESTED, net_module.now()
        await tidy(run)
        raise
    await tidy(run)


def listen(run: CaseRun) -> None:
    """Opens the port that the client of this case shall dial."""
    run.listener, run.port = run.net.listen(run.target.scope, run.target.endpoint)
    run.scheduler.listeners[run.listener] = run.dialled_in
    run.scheduler.refusals[run.listener] = run.refused


def hello(scheduler: Scheduler, target: Target) -> Exception | None:
    """One plain session, to hear what a server announces. None, or why there was none."""
    case = Case(
        "hello", "A plain session", target.protocol, "server", (), (), (), (), "topics", "", (),
        False,
        0.0, Source("", 0, Path()),
    )  # fmt: skip
    run = CaseRun(case, target, scheduler, 0)
    ended: list[Task] = []
    run.task = scheduler.spawn(_greet(run), ended.append)
    while not ended:
        scheduler.turn()
    error = ended[0].error
    if isinstance(error, (StepFailed, Inconclusive)):
        return error
    if error is not None:
        raise error
    lacks = target.codec.lacks("CONNACK", "maximum_qos")
    target.announced = target.speech.announcements(run.announced)
    target.pics = target.speech.narrowed(target.pics, run.announced, lacks)
    return None


async def _greet(run: CaseRun) -> None:
    await run.target.speech.serves(run)
