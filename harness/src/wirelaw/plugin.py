"""The pytest plugin: conformance cases are pytest items, and run side by side on one IUT.

`wirelaw check` starts pytest with it. The plugin owns the run loop: all selected cases start
together and
are reported as they end. With `-n` (pytest-xdist) each worker process has an IUT of its own and
runs
its share side by side. `-k`, `--co`, `-x`, `--junitxml` and the like work as ever.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wirelaw.cases import Case
from wirelaw.engine import net
from wirelaw.engine.bench import Bench
from wirelaw.engine.plan import Plan, Selection, cases_of, select
from wirelaw.engine.record import result_of, untested
from wirelaw.engine.run import CaseRun
from wirelaw.errors import UserError
from wirelaw.results.model import CaseResult, MonitorViolation, Verdict

PLAN = pytest.StashKey["Conformance"]()
_OUTCOMES = {
    Verdict.PASS: "passed", Verdict.WARN: "passed", Verdict.FAIL: "failed", Verdict.ERROR: "failed",
}  # fmt: skip


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **keys: Any) -> None:
        super().__init__(name=case.id, **keys)
        self.case = case

    def runtest(self) -> None:
        raise UserError("a case runs on the scheduler, not by itself")

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.case.source.file, self.case.source.line - 1, self.case.id


class CaseFile(pytest.File):
    """One file of cases."""

    def collect(self) -> Iterator[CaseItem]:
        conformance = self.config.stash[PLAN]
        for case in conformance.cases_of(self.path):
            yield CaseItem.from_parent(self, case=case)


class Conformance:
    """What the run is about, and what came of it. One object for each process.

    `on_selected` is told the ids of the cases that will run, before any does; what is known of the
    IUT once it was greeted (pics, url); `on_case` of each result, `on_violation` of what the
    monitor sees.
    """

    def __init__(self, plan: Plan, selection: Selection | None = None) -> None:
        self.plan = plan
        self.selection = selection or select(plan, cases_of(plan))
        self.began = net.now()
        self.capture: Path | None = None
        self.on_selected: Callable[[list[str]], None] = lambda ids: None
        self.on_start: Callable[[dict[str, Any]], None] = lambda known: None
        self.on_started: Callable[[Case], None] = lambda case: None
        self.on_case: Callable[[CaseResult], None] = lambda result: None
        self.on_violation: Callable[[MonitorViolation], None] = lambda seen: None
        self.on_turn: Callable[[], None] = lambda: None
        self.on_sessions: Callable[[int], None] = lambda count: None
        self.known: dict[str, Any] | None = None  # of the IUT, once it was greeted
        self.error: UserError | None = None
        self.given_up: str | None = None
        self.items: list[CaseItem] = []
        self._files: dict[Path, list[Case]] = {}
        for case in self.selection.run:
            self._files.setdefault(case.source.file.resolve(), []).append(case)

    @property
    def files(self) -> list[Path]:
        """The files that hold selected cases."""
        return list(self._files)

    def cases_of(self, file: Path) -> list[Case]:
        return self._files.get(file.resolve(), [])


# Collection


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wirelaw", "conformance cases")
    group.addoption("--protocol", help="run the cases of this protocol: mqtt5, mqtt311")
    group.addoption("--iut", default="reference", help="the implementation under test: name or URL")


def pytest_configure(config: pytest.Config) -> None:
    if PLAN in config.stash:
        return
    given = getattr(config, "workerinput", {}).get("wirelaw")
    if given is not None:
        config.stash[PLAN] = Conformance(Plan.from_json(given))
    elif config.getoption("protocol"):
        plan = Plan(protocol=config.getoption("protocol"), iut=config.getoption("iut"))
        config.stash[PLAN] = Conformance(plan)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    conformance = parent.config.stash.get(PLAN, None)
    if conformance is None or file_path.suffix == ".py" or not conformance.cases_of(file_path):
        return None
    return CaseFile.from_parent(parent, path=file_path)  # type: ignore[no-any-return]


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """Files of cases in Python: pytest's own collector comes by here, and finds no tests in
    them.
    """
    conformance = parent.config.stash.get(PLAN, None)
    if conformance is not None and conformance.cases_of(module_path):
        return CaseFile.from_parent(parent, path=module_path)
    return None


# Running


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _is_controller(config: pytest.Config) -> bool:
    return not _is_worker(config) and bool(getattr(config.option, "tx", None))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    conformance = session.config.stash.get(PLAN, None)
    if conformance is None or session.config.option.collectonly or session.testsfailed:
        return None
    if _is_controller(session.config) or _is_worker(session.config):
        return None
    items = [item for item in session.items if isinstance(item, CaseItem)]
    if not items:
        return True
    try:
        _run_all(conformance, items, session.config)
    except UserError as error:  # a port that is taken, a disk that is full
        conformance.error = error
        raise pytest.exit.Exception(str(error), returncode=2) from None
    return True


def _run_all(conformance: Conformance, items: list[CaseItem], config: pytest.Config) -> None:
    loop = Loop(conformance, items, config)
    try:
        conformance.on_selected([item.case.id for item in items])
        loop.start()
        while loop.advance():
            for item, result in loop.ended():
                emit(item, result)
    finally:
        try:
            loop.close()
        finally:
            for item, result in loop.ended():
                emit(item, result)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """In a worker of xdist: the first call starts the worker's whole share."""
    conformance = item.config.stash.get(PLAN, None)
    if conformance is None or not isinstance(item, CaseItem):
        return None
    loop = _share_of(item, conformance)
    result = loop.result_of(item)
    emit(item, result, loop.take_violations())
    if nextitem is None:
        item.config.stash[LOOP].close()
    return True


LOOP = pytest.StashKey["Loop"]()


def _share_of(item: CaseItem, conformance: Conformance) -> Loop:
    config = item.config
    if LOOP not in config.stash:
        worker = config.workerinput["workerid"]  # type: ignore[attr-defined]
        count = config.workerinput["workercount"]  # type: ignore[attr-defined]
        share = item.session.items[int(worker.removeprefix("gw")) :: count]
        if conformance.plan.report:
            conformance.capture = Path(conformance.plan.report) / f"run-{worker}.pcapng"
        config.stash[LOOP] = loop = Loop(
            conformance, [each for each in share if isinstance(each, CaseItem)], config
        )
        loop.start()
    return config.stash[LOOP]


class Loop:
    """The run of some items in this process."""

    def __init__(
        self, conformance: Conformance, items: list[CaseItem], config: pytest.Config
    ) -> None:
        self.conformance = conformance
        self.config = config
        self._items = {item.case: item for item in items}
        self._ended: list[tuple[CaseItem, CaseResult]] = []
        self._results: dict[CaseItem, CaseResult] = {}
        self._violations: list[MonitorViolation] = []
        self._bench: Bench | None = None
        self._session: Any = None
        self._rounds: list[dict[str, CaseResult]] = []

    def start(self) -> None:
        """Starts the IUT and the first round. A UserError is kept for whoever asked for the run."""
        conformance = self.conformance
        bench = Bench(conformance.plan, conformance.capture, conformance.began)
        self._bench = bench
        bench.on_violation = self._seen
        try:
            bench.start()
        except UserError as error:
            conformance.error = error
            raise pytest.exit.Exception(str(error), returncode=2) from None
        url = bench.running.url(bench.transport) if bench.running is not None else None
        conformance.known = {"pics": dict(bench.target.pics), "url": url}
        conformance.on_start(conformance.known)
        self._begin()

    def _begin(self) -> None:
        assert self._bench is not None
        bench, cases = self._bench, []
        for case in self._items:
            why = bench.why_not(case)
            if why is None:
                cases.append(case)
            else:
                self._put(case, untested(case, Verdict.NOT_APPLICABLE, why))
        bench.plan.seed += len(self._rounds)
        self._session = bench.session(
            cases, on_started=self.conformance.on_started, on_ended=self._case_ended,
            stop_after=self.config.option.maxfail,
        )  # fmt: skip

    def _seen(self, violation: MonitorViolation) -> None:
        self._violations.append(violation)
        self.conformance.on_violation(violation)

    @property
    def num_sessions(self) -> int:
        """How many sessions with the IUT succeeded."""
        return self._bench.target.num_sessions if self._bench is not None else 0

    def take_violations(self) -> list[MonitorViolation]:
        """What the monitor saw since the last call."""
        seen, self._violations = self._violations, []
        return seen

    def _case_ended(self, run: CaseRun, note: str | None) -> None:
        result = result_of(run, self.conformance.began)
        if result.capture is not None and self.conformance.capture is not None:
            result.capture.file = self.conformance.capture.name
        if note is not None and result.steps:
            result.steps[-1].detail = f"{result.steps[-1].detail or ''} (run again: {note})".strip()
        self._put(run.case, result)

    def _put(self, case: Case, result: CaseResult) -> None:
        if self.conformance.plan.repeat > 1:
            if not self._rounds:
                self._rounds.append({})
            self._rounds[-1][case.id] = result
        else:
            self._done(case, result)

    def _done(self, case: Case, result: CaseResult) -> None:
        item = self._items[case]
        self._ended.append((item, result))
        self._results[item] = result
        self.conformance.on_case(result)

    def advance(self) -> bool:
        """One turn. False: everything has ended."""
        assert self._bench is not None
        session = self._session
        if not session.busy:
            session.finish()
            self.conformance.given_up = session.given_up
            self.conformance.on_sessions(self._bench.target.num_sessions)
            return self._next_round()
        try:
            session.step()
            self.conformance.on_turn()
            self._bench.scheduler.turn(session.waking_at)
        except KeyboardInterrupt:
            session.interrupt()
            self._close_rounds()
            self.conformance.on_sessions(self.num_sessions)
            raise
        return True

    def _next_round(self) -> bool:
        plan = self.conformance.plan
        if not self._rounds:
            return False
        if len(self._rounds) < plan.repeat and self.conformance.given_up is None:
            self._rounds.append({})
            self._begin()
            return True
        self._close_rounds()
        return False

    def _close_rounds(self) -> None:
        """One result for each case out of all rounds, the last of which may not have ended."""
        by_id = {case.id: case for case in self._items}
        names = dict.fromkeys(name for each in self._rounds for name in each)
        for name in names:
            self._done(by_id[name], combined([r[name] for r in self._rounds if name in r]))
        self._rounds = []

    def ended(self) -> list[tuple[CaseItem, CaseResult]]:
        """Items that ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def result_of(self, item: CaseItem) -> CaseResult:
        """Turns until this item has ended."""
        while item not in self._results and self.advance():
            pass
        self._ended.clear()
        return self._results.get(item) or untested(item.case, Verdict.UNTESTED, "it never ended")

    def close(self) -> None:
        """Stops the IUT."""
        if self._bench is not None:
            bench, self._bench = self._bench, None
            try:
                bench.end_capture()
            finally:
                bench.close()


_WORST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.WARN)


def combined(rounds: list[CaseResult]) -> CaseResult:
    """One result of several runs of a case: the worst, and how often each verdict came."""
    worst = min(
        rounds, key=lambda r: _WORST.index(r.verdict) if r.verdict in _WORST else len(_WORST)
    )
    counts = {verdict: sum(r.verdict is verdict for r in rounds) for verdict in Verdict}
    if counts[worst.verdict] < len(rounds):
        told = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
        worst.cause = f"{worst.cause or worst.verdict}; of {len(rounds)} runs: {told}"
    return worst


# Reporting to pytest


def emit(
    item: CaseItem, result: CaseResult, violations: list[MonitorViolation] | None = None
) -> None:
    """Gives pytest the reports of one item."""
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for when in ("setup", "call", "teardown"):
        hook.pytest_runtest_logreport(report=_report(item, result, when, violations))
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _report(
    item: CaseItem, result: CaseResult, when: Any, violations: list[MonitorViolation] | None
) -> pytest.TestReport:
    outcome: Any = "passed"
    longrepr: Any = None
    if when == "call":
        outcome = _OUTCOMES.get(result.verdict, "skipped")
        told = f"{result.verdict}: {_why(result)}"
        if outcome == "skipped":
            longrepr = (str(item.case.source.path), item.case.source.line, told)
        elif outcome == "failed":
            longrepr = f"{item.case.source}: {item.case.id}: {told}"
    report = pytest.TestReport(
        nodeid=item.nodeid, location=item.location, keywords={item.name: 1}, outcome=outcome,
        longrepr=longrepr, when=when, duration=result.seconds if when == "call" else 0.0,
        user_properties=[("verdict", str(result.verdict))],
    )  # fmt: skip
    if when == "call" and _is_worker(item.config):
        loop = item.config.stash[LOOP]
        report.wirelaw = {  # type: ignore[attr-defined]
            "case": result.to_json(),
            "violations": [each.to_json() for each in violations or []],
            "sessions": loop.num_sessions,
            "known": loop.conformance.known,
        }
    return report


def _why(result: CaseResult) -> str:
    step = result.step(result.failed_step)
    detail = step.detail if step is not None else None
    return " ".join(part for part in (result.cause, detail) if part)


# xdist: the controller's side


class Controller:
    """Registered by `wirelaw check`: hands the plan to workers, and takes their results."""

    def __init__(self, conformance: Conformance) -> None:
        self.conformance = conformance
        self._sessions: dict[str, int] = {}
        self._selected = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[PLAN] = self.conformance

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["wirelaw"] = self.conformance.plan.to_json()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        if not self._selected:
            self._selected = True
            self.conformance.on_selected([each.partition("::")[2] for each in ids])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        from xdist.scheduler import LoadScheduling

        class Shares(LoadScheduling):
            """Each worker gets its share at once, so that it runs side by side there."""

            def schedule(self) -> None:
                collections = list(self.node2collection.values())
                if self.collection is not None or not self._check_nodes_have_same_collection():
                    return
                self.collection = collections[0]
                self.pending[:] = []
                for number, node in enumerate(sorted(self.nodes, key=lambda n: n.gateway.id)):
                    share = list(range(number, len(self.collection), len(self.nodes)))
                    self.node2pending[node].extend(share)
                    if share:
                        node.send_runtest_some(share)
                    node.shutdown()

            def check_schedule(self, node: Any, duration: float = 0) -> None:
                """Nothing is left to hand out."""

        return Shares(config, log)

    def pytest_runtest_logreport(self, report: Any) -> None:
        told = getattr(report, "wirelaw", None)
        if told is None:
            return
        result = CaseResult.from_json(told["case"])
        if self.conformance.known is None and told["known"] is not None:
            self.conformance.known = told["known"]
            self.conformance.on_start(told["known"])
        self.conformance.on_case(result)
        for each in told["violations"]:
            self.conformance.on_violation(MonitorViolation.from_json(each))
        self._sessions[getattr(report, "worker_id", "gw0")] = told["sessions"]
        self.conformance.on_sessions(sum(self._sessions.values()))


class Quiet:
    """Takes pytest's own screen away: the terminal shows cases, not tests."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.unregister(reporter)


def shuffled_seed() -> int:
    """A seed for a run that was given none."""
    return random.SystemRandom().randrange(1 << 31)


__all__ = ["CaseItem", "Conformance", "Controller", "Quiet", "combined", "shuffled_seed"]
