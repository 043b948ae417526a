"""Writing the results of a run, so that a run killed at any moment still leaves a report.

While the run lasts, each event is one line of `results.partial.jsonl`; at the end the lines become
`results.json` in one step, and the partial file goes. `read_results` reads either.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from ..errors import UserError
from .baseline import compare
from .deviations import Deviation, excuse_case, excuse_violation, report_deviations
from .gate import FailOn, exit_of
from .model import (
    SCHEMA,
    CaseResult,
    CatalogueRow,
    Iut,
    MonitorViolation,
    PlannedCase,
    Results,
    Run,
    untested_case,
)
from .requirements import count_coverage, count_totals, judge_requirements
from .secrets import Scrubber, redact_command, redact_url

FINAL = "results.json"
PARTIAL = "results.partial.jsonl"
PARTIAL_SCHEMA = "wirelaw-results-partial/1"

#: An IUT's log is cut to this many characters for each case: its beginning and its end.
LOG_LIMIT = 16_384

NOT_RUN = "not run: the run ended before its turn"
CUT_OFF = "not finished: the run ended while it was running"


def _dump(value: Any) -> bytes:
    """One line of JSON in UTF-8. Lone surrogates, which only a broken text has, become `?`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def cut_log(log: str | None, limit: int = LOG_LIMIT) -> str | None:
    """A log with its middle left out where it is longer than the limit."""
    if log is None or len(log) <= limit:
        return log
    half = limit // 2
    return f"{log[:half]}\n[... {len(log) - 2 * half} characters left out ...]\n{log[-half:]}"


class ResultsWriter:
    """Takes cases as they end and writes them down at once.

    Use it as a context manager. `finish` writes results.json; a block left without it keeps the
    partial file, from which `read_results` makes results that say what was not run.
    Not for use by several threads or processes: workers hand their cases to the one that writes.
    """

    def __init__(
        self,
        directory: Path,
        run: Run,
        iut: Iut,
        catalogue: Iterable[CatalogueRow],
        planned: Iterable[PlannedCase],
        *,
        deviations: Sequence[Deviation] = (),
        secrets: Iterable[str | bytes] = (),
        sections: Mapping[str, str] | None = None,
        today: datetime.date | None = None,
    ) -> None:
        """`sections` gives the titles of the specification's sections by number. Raises UserError
        where the directory can't be written."""
        self.directory = directory
        self._run, self._iut = run, iut
        self._catalogue, self._planned = list(catalogue), list(planned)
        self._deviations = list(deviations)
        self._sections = dict(sections or {})
        self._scrub = Scrubber(secrets)
        self._today = today or datetime.datetime.now(datetime.UTC).date()
        self._cases: dict[str, CaseResult] = {}
        self._lines: dict[str, bytes] = {}
        self._started: set[str] = set()
        self._monitor: list[MonitorViolation] = []
        run.command = [self._scrub.text(word) or "" for word in redact_command(run.command)]
        iut.url = redact_url(iut.url) if iut.url else None
        self._file = _open_partial(directory)
        self._write({"schema": PARTIAL_SCHEMA, **self._header()})

    def _header(self) -> dict[str, Any]:
        return {
            "run": self._run.to_json(),
            "iut": self._iut.to_json(),
            "catalogue": [row.to_json() for row in self._catalogue],
            "planned": [case.to_json() for case in self._planned],
            "deviations": [_deviation_json(each) for each in self._deviations],
            "sections": self._sections,
        }

    def _write(self, event: Mapping[str, Any]) -> None:
        self._write_line(_dump(event))

    def _write_line(self, line: bytes) -> None:
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as error:
            raise _cannot_write(self.directory, error) from None

    def case_started(self, case_id: str) -> None:
        """Notes that a case is running, so that a killed run names those it was in."""
        self._started.add(case_id)
        self._write({"started": case_id})

    def case_ended(self, case: CaseResult) -> CaseResult:
        """Writes a case that ended; a second result of the same case replaces the first, as when
        it was run again alone. Gives the case with its deviation filled in."""
        case.log = cut_log(case.log)
        self._scrub.case(case)
        excuse = excuse_case(case, self._deviations, self._today)
        case.deviation = excuse.reason if excuse else None
        line = _dump(case.to_json())
        self._cases[case.id], self._lines[case.id] = case, line
        self._write_line(b'{"case":' + line + b"}")
        return case

    def monitor_violation(self, seen: MonitorViolation) -> None:
        """Writes a requirement that the monitor saw broken."""
        self._scrub.violation(seen)
        excuse = excuse_violation(seen, self._deviations, self._today)
        seen.deviation = excuse.reason if excuse else None
        self._monitor.append(seen)
        self._write({"monitor": seen.to_json()})

    def iut_known(self, *, version: str | None = None, pics: Mapping[str, bool] | None = None,
                  url: str | None = None) -> None:
        """Fills in what is known of the IUT only after it has started."""
        if version is not None:
            self._iut.version = version
        if pics is not None:
            self._iut.pics = dict(pics)
        if url is not None:
            self._iut.url = redact_url(url)
        self._write({"iut": self._iut.to_json()})

    def finish(
        self,
        *,
        seconds: float,
        sessions: int | None = None,
        interrupted: str | None = None,
        baseline: Results | None = None,
        max_inconclusive: float = 0.05,
        fail_on: FailOn = "new",
    ) -> Results:
        """Judges the requirements, works out the exit status (`results.run.exit`), and writes
        results.json.

        `interrupted` says why the run ended early, if it did: the cases that are missing are then
        untested. Without it a planned case that never ended is untested too.
        """
        self._run.seconds, self._run.sessions = seconds, sessions
        self._run.interrupted, self._run.complete = interrupted, interrupted is None
        results = _assemble(
            self._run, self._iut, self._catalogue, self._planned, self._cases, self._started,
            self._monitor, self._deviations, self._sections, self._today,
        )
        results.comparison = compare(baseline, results) if baseline else None
        results.run.exit = exit_of(results, max_inconclusive=max_inconclusive, fail_on=fail_on)
        write_results(self.directory, results, self._lines)
        self._file.close()
        (self.directory / PARTIAL).unlink(missing_ok=True)
        return results

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # what could not be written has been told
            self._file.close()


def _open_partial(directory: Path) -> Any:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = open(directory / PARTIAL, "ab")
    except OSError as error:
        raise _cannot_write(directory, error) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UserError(
            f"another run writes to {directory} now; name another folder with --report"
        ) from None
    file.truncate(0)
    (directory / FINAL).unlink(missing_ok=True)
    return file


def _cannot_write(directory: Path, error: OSError) -> UserError:
    return UserError(
        f"the results can't be written to {directory}: {error.strerror}; "
        "name another folder with --report"
    )


def _deviation_json(each: Deviation) -> dict[str, Any]:
    return {
        "case": each.case,
        "requirement": each.requirement,
        "reason": each.reason,
        "owner": each.owner,
        "expires": each.expires.isoformat() if each.expires else None,
    }


def _assemble(
    run: Run,
    iut: Iut,
    catalogue: Sequence[CatalogueRow],
    planned: Sequence[PlannedCase],
    ended: Mapping[str, CaseResult],
    started: set[str],
    monitor: list[MonitorViolation],
    deviations: Sequence[Deviation],
    sections: Mapping[str, str],
    today: datetime.date,
) -> Results:
    cases = [
        ended.get(each.id)
        or untested_case(each, each.untested or (CUT_OFF if each.id in started else NOT_RUN))
        for each in planned
    ]
    names = {each.id for each in planned}
    cases += [case for name, case in ended.items() if name not in names]
    requirements = judge_requirements(catalogue, cases, monitor)
    return Results(
        run=run,
        iut=iut,
        totals=count_totals(cases),
        cases=cases,
        requirements=requirements,
        coverage=count_coverage(requirements),
        monitor_violations=monitor,
        deviations=report_deviations(deviations, cases, monitor, today),
        sections=dict(sections),
    )


def write_results(
    directory: Path, results: Results, lines: Mapping[str, bytes] | None = None
) -> None:
    """Writes results.json in one step: a reader sees the whole file or none. A case is one line;
    `lines` has those that are at hand already."""
    lines = lines or {}
    directory.mkdir(parents=True, exist_ok=True)
    head = _dump(results.to_json(with_cases=False))
    cases = [lines.get(case.id) or _dump(case.to_json()) for case in results.cases]
    tail = b'"cases":[]}'
    temporary = directory / (FINAL + ".tmp")
    with open(temporary, "wb") as file:
        file.write(head.removesuffix(tail) + b'"cases":[\n')
        file.write(b",\n".join(cases))
        file.write(b"\n]}\n")
    os.replace(temporary, directory / FINAL)


def read_results(directory: Path) -> Results:
    """The results of a run's folder (or of a results.json itself): of a finished run, or, of one
    that was killed, as far as it came.

    Raises UserError where there are none or they are of another schema.
    """
    path = directory if directory.is_file() else directory / FINAL
    if path.exists():
        return Results.from_json(_read_document(path))
    if (directory / PARTIAL).exists():
        return recover(directory / PARTIAL)
    raise UserError(f"there are no results in {directory}: it has neither {FINAL} nor {PARTIAL}")


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path} can't be read as results: {error}") from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise UserError(f"{path} has the schema {schema!r}, and this tool reads {SCHEMA!r}")
    return document


def recover(path: Path) -> Results:
    """Results from the partial file of a run that was killed. The last line may be cut short."""
    events = _read_events(path)
    header = next(events, {})
    if header.get("schema") != PARTIAL_SCHEMA:
        raise UserError(f"{path} is not the partial result of a run ({PARTIAL_SCHEMA})")
    run, iut = Run.from_json(header["run"]), Iut(**header["iut"])
    ended: dict[str, CaseResult] = {}
    started: set[str] = set()
    monitor: list[MonitorViolation] = []
    for event in events:
        if "case" in event:
            ended[event["case"]["id"]] = CaseResult.from_json(event["case"])
        elif "started" in event:
            started.add(event["started"])
        elif "monitor" in event:
            monitor.append(MonitorViolation.from_json(event["monitor"]))
        elif "iut" in event:
            iut = Iut(**event["iut"])
    run.interrupted = f"it was killed after {len(ended)} of {len(header['planned'])} cases"
    results = _assemble(
        run, iut,
        [CatalogueRow(**row) for row in header["catalogue"]],
        [PlannedCase(**row) for row in header["planned"]],
        ended, started, monitor,
        [_deviation(row) for row in header["deviations"]],
        header["sections"],
        datetime.datetime.fromisoformat(run.started).date(),
    )
    results.run.exit = exit_of(results)
    return results


def _deviation(row: Mapping[str, Any]) -> Deviation:
    expires = datetime.date.fromisoformat(row["expires"]) if row["expires"] else None
    return Deviation(**{**row, "expires": expires})


def _read_events(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield json.loads(line)
