"""How much of a catalogue the cases cover, and how much of that is proven.

A requirement is *covered* for a role when a case of that role names it. It is *proven* when, in
addition, a fault of the reference peer that breaks it was killed by a case, for that reason: the
case is known to be able to fail.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from wirelaw import paths
from wirelaw.catalogue import ROLES, Catalogue, Requirement
from wirelaw.errors import UserError

KILLED = "killed"


class CaseLike(Protocol):
    """What coverage asks of a case."""

    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def requirements(self) -> Collection[str]: ...


@dataclass(frozen=True, slots=True)
class Count:
    """For one role: requirements that concern it, can be tested, are covered, and are proven.

    Each number counts a part of the one before.
    """

    total: int
    testable: int
    covered: int
    proven: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A requirement that is not covered, or not proven, for one role."""

    id: str
    role: str
    reason: str
    testable: bool


@dataclass(frozen=True)
class Coverage:
    """The coverage of one catalogue."""

    protocol: str
    roles: Mapping[str, Count]
    not_covered: Sequence[Gap]
    not_proven: Sequence[Gap]
    #: Case id and requirement id, where a case names what the catalogue does not have.
    unknown: Sequence[tuple[str, str]] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return {
            "protocol": self.protocol,
            "roles": {role: asdict(count) for role, count in self.roles.items()},
            "not_covered": [asdict(gap) for gap in self.not_covered],
            "not_proven": [asdict(gap) for gap in self.not_proven],
            "unknown": [{"case": case, "requirement": name} for case, name in self.unknown],
        }


def load_proofs(protocol: str) -> dict[str, Any]:
    """The kill matrix that `wirelaw faults PROTOCOL --update` wrote; if it never did, no faults.

    Raises UserError when the file is there and is not a kill matrix.
    """
    path = paths.data("conformance") / "proofs" / f"{protocol}.json"
    if not path.is_file():
        return {"faults": []}
    try:
        matrix = json.loads(path.read_text(encoding="utf-8"))
        for fault in matrix["faults"]:
            fault["name"], fault["requirement"], fault["role"], fault["outcome"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no kill matrix ({error!r}): run 'wirelaw faults {protocol} --update'"
        ) from None
    return dict(matrix)


def measure(
    catalogue: Catalogue,
    cases: Iterable[CaseLike],
    proofs: Mapping[str, Any],
    rows: Iterable[Requirement] | None = None,
) -> Coverage:
    """Measures the coverage of `rows`, by default all rows of the catalogue.

    `proofs` is the kill matrix: {"faults": [{"name", "requirement", "role", "outcome", ...}]}.
    """
    rows = catalogue.rows if rows is None else tuple(rows)
    cases = list(cases)
    named = {(case.role, name) for case in cases for name in case.requirements}
    faults: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for fault in proofs["faults"]:
        faults[fault["role"], fault["requirement"]].append(fault)
    counts: dict[str, Count] = {}
    not_covered: list[Gap] = []
    not_proven: list[Gap] = []
    for role in ROLES:
        concerned = [row for row in rows if row.concerns(role)]
        testable = [row for row in concerned if row.testable(role)]
        covered = [row for row in testable if (role, row.id) in named]
        proven = [row for row in covered if _killed(faults[role, row.id])]
        counts[role] = Count(len(concerned), len(testable), len(covered), len(proven))
        not_covered += _gaps(role, concerned, covered, _why_not_covered)
        not_proven += _gaps(role, covered, proven, lambda row, role: _why(faults[role, row.id]))
    return Coverage(catalogue.protocol, counts, not_covered, not_proven, _unknown(catalogue, cases))


def _killed(faults: Iterable[Mapping[str, Any]]) -> bool:
    return any(fault["outcome"] == KILLED for fault in faults)


def _gaps(
    role: str,
    wanted: Iterable[Requirement],
    reached: Iterable[Requirement],
    why: Callable[[Requirement, str], str],
) -> list[Gap]:
    done = {row.id for row in reached}
    left = [row for row in wanted if row.id not in done]
    return [Gap(row.id, role, why(row, role), row.testable(role)) for row in left]


def _why_not_covered(row: Requirement, role: str) -> str:
    if not row.testable(role):
        return row.reason
    return f"no case names it. {row.reason}".strip()


def _why(faults: Sequence[Mapping[str, Any]]) -> str:
    if not faults:
        return "no fault of the reference peer breaks it"
    return "; ".join(f"fault {fault['name']}: {fault['outcome']}" for fault in faults)


def _unknown(catalogue: Catalogue, cases: Iterable[CaseLike]) -> list[tuple[str, str]]:
    """What cases name of this catalogue that it does not have. Cases for several protocols name
    requirements of other catalogues too; those are none of this one's business."""
    return [
        (case.id, name)
        for case in cases
        for name in case.requirements
        if name.startswith(catalogue.prefix) and name not in catalogue
    ]
