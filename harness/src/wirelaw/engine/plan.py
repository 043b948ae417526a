"""What a run is asked to do: the options of `wirelaw check`, in a form that worker processes get,
too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wirelaw import catalogue
from wirelaw.cases import Case, load, load_file
from wirelaw.errors import UserError


@dataclass
class Plan:
    """`iut` is a name, a path of a descriptor, or a URL; None for a client that dials in by
    itself.
    """

    protocol: str
    role: str = "server"
    iut: str | None = "reference"
    transport: str | None = None
    level: str | None = None
    section: str | None = None
    case: list[str] = field(default_factory=list)
    cases: str | None = None  # a file or folder of cases instead of the suite's
    slow: bool = False
    repeat: int = 1
    patience: float = 1.0
    seed: int = 0
    concurrency: int = 32
    faults: list[str] = field(default_factory=list)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: str | None = None
    cert: str | None = None
    key: str | None = None
    alpn: str | None = None
    ws_path: str | None = None
    topic_prefix: str | None = None
    client_id: str | None = None
    read_only: bool = False
    yes: bool = False
    iut_command: str | None = None
    listen: str | None = None
    ciphertext: bool = False
    report: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Plan:
        return cls(**document)


def cases_of(plan: Plan, errors: list[UserError] | None = None) -> list[Case]:
    """The cases that the plan chooses from. `errors`: as for `wirelaw.cases.load`."""
    if plan.cases is None:
        return load(plan.protocol, errors=errors)
    path = Path(plan.cases)
    if not path.exists():
        raise UserError(f"{path} does not exist; --cases names a file or a folder of cases")
    return load(plan.protocol, path, errors) if path.is_dir() else load_file(path, plan.protocol)


@dataclass
class Selection:
    """`run`: cases to run; `left_out`: cases of the selection that do not, each with its reason."""

    run: list[Case]
    left_out: list[tuple[Case, str]]


def select(plan: Plan, cases: Iterable[Case]) -> Selection:
    """The cases of the plan. Raises UserError when nothing fits, or a named case does not exist."""
    all_cases = [case for case in cases if case.role == plan.role]
    chosen = [case for case in all_cases if _chosen(plan, case)]
    for name in plan.case:
        if not any(matches(name, case.id) for case in all_cases):
            raise UserError(
                f"{plan.protocol} has no case '{name}' for a {plan.role}; 'wirelaw check "
                f"{plan.protocol} --role {plan.role} --co -q' lists them"
            )
    if not chosen:
        what = " and ".join(
            f"--{key} {value}"
            for key, value in (("level", plan.level), ("section", plan.section))
            if value
        )
        raise UserError(
            f"{plan.protocol} has no case for a {plan.role}{' with ' + what if what else ''}"
        )
    run, left_out = [], []
    for case in chosen:
        why = _why_not(plan, case)
        if why is None:
            run.append(case)
        else:
            left_out.append((case, why))
    if not run:
        raise UserError(f"all cases of the selection are left out: {left_out[0][1]}")
    return Selection(run, left_out)


def matches(name: str, case_id: str) -> bool:
    """Whether a name on the command line means this case: its id, or its id without the matrix."""
    return case_id == name or case_id.partition("[")[0] == name


def _chosen(plan: Plan, case: Case) -> bool:
    if plan.case:
        return any(matches(name, case.id) for name in plan.case)
    if plan.level is None and plan.section is None:
        return True
    rows = [catalogue.load(plan.protocol).get(each) for each in case.requirements]
    return any(
        row is not None
        and (plan.level is None or catalogue.level_group(row.level) == plan.level.upper())
        and (plan.section is None or catalogue.within(row.section, plan.section))
        for row in rows
    )


def _why_not(plan: Plan, case: Case) -> str | None:
    if case.slow and not plan.slow and not plan.case:
        return "slow: add --slow"
    if plan.read_only and any(word in step.text for step in case.steps for word in _WRITES):
        return "it publishes, and --read-only was given"
    return None


_WRITES = ("publish", "PUBLISH", "will:")
