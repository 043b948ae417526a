"""Runs cases that a test writes, on the reference broker: what each came to."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wirelaw.cases import Case, load_file
from wirelaw.engine import net
from wirelaw.engine.bench import Bench
from wirelaw.engine.plan import Plan
from wirelaw.engine.record import result_of
from wirelaw.results import CaseResult

REQUIREMENT = "MQTT5-3.12.4-1"


@contextmanager
def refused_port() -> Iterator[int]:
    """A port that refuses connections: ours, and nobody listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class Outcome:
    """The results by id, in the order in which they ended, and the bench of the run."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.results: dict[str, CaseResult] = {}
        self.notes: dict[str, str | None] = {}
        self.given_up: str | None = None

    def __getitem__(self, case_id: str) -> CaseResult:
        return self.results[case_id]


def case_text(*steps: str, name: str = "x", preamble: tuple[str, ...] = (), head: str = "") -> str:
    """The YAML of one case."""
    lines = [f"- id: {name}"]
    lines += [f"  {line}" for line in (head or f"requires: {REQUIREMENT}").split("\n")]
    for key, some in (("preamble", preamble), ("body", steps)):
        if some:
            lines += [f"  {key}:", *(f"    - {step}" for step in some)]
    return "\n".join(lines) + "\n"


def run_cases(
    folder: Path,
    text: str,
    *,
    name: str = "cases.yaml",
    capture: bool = False,
    on_bench: Callable[[Bench], None] = lambda bench: None,
    again: bool = False,
    **plan: Any,
) -> Outcome:
    """Runs a file of cases; plan are fields of Plan (iut, faults, transport, role ...)."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    made = Plan(**{"protocol": "mqtt5", **plan})
    cases = [case for case in load_file(file, made.protocol) if case.role == made.role]
    assert cases, "the text has no case for this role and protocol"
    with Bench(made, folder / "run.pcapng" if capture else None, net.now()) as bench:
        bench.start()
        on_bench(bench)
        outcome = Outcome(bench)

        def ended(run: Any, note: str | None) -> None:
            outcome.results[run.case.id] = result_of(run, bench.began)
            outcome.notes[run.case.id] = note

        session = bench.session(cases, on_started=_ignore, on_ended=ended)
        session.options.again = again
        session.run()
        outcome.given_up = session.given_up
        bench.end_capture()
    return outcome


def run_one(
    folder: Path, *steps: str, preamble: tuple[str, ...] = (), head: str = "", **plan: Any
) -> CaseResult:
    """Runs one case of these steps."""
    return run_cases(folder, case_text(*steps, preamble=preamble, head=head), **plan)["x"]


def _ignore(case: Case) -> None:
    return None
