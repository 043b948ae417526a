"""Finds and loads the cases of a protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from wirelaw import catalogue, paths
from wirelaw.cases import python, strictyaml
from wirelaw.cases.context import Context
from wirelaw.cases.dialects import dialect_of, family_of, protocols_of
from wirelaw.cases.model import Case
from wirelaw.cases.reader import Place, read_case
from wirelaw.engine.codec import codec_of
from wirelaw.errors import UserError
from wirelaw.iut.descriptor import PROTOCOLS

FOLDER = "conformance/cases"


def load(
    protocol: str, folder: Path | None = None, errors: list[UserError] | None = None
) -> list[Case]:
    """All cases of a protocol (mqtt5), by file and line.

    `folder` is another one than the suite's own. With `errors`, what is wrong is put there and left
    out; without, the first error is raised: UserError, one sentence with file and line.
    """
    root = folder or paths.data(FOLDER) / family_of(protocol)
    base = root if folder else paths.data("conformance").parent
    found: list[Case] = []
    seen: dict[str, Case] = {}
    for file in sorted([*root.glob("*.yaml"), *root.glob("test_*.py")]):
        for case in _load_file(file, base, protocol, errors):
            if case.id in seen:
                error = UserError(
                    f"{file}:{case.source.line}: the id {case.id} is taken by "
                    f"{seen[case.id].source}; choose another"
                )
                if errors is None:
                    raise error
                errors.append(error)
                continue
            seen[case.id] = case
            found.append(case)
    return found


def load_file(file: Path, protocol: str, base: Path | None = None) -> list[Case]:
    """The cases of one file. Raises UserError."""
    return list(_load_file(file, base or file.parent, protocol, None))


def _load_file(
    file: Path, base: Path, protocol: str, errors: list[UserError] | None
) -> Iterator[Case]:
    family = family_of(protocol)
    place = Place(
        file.relative_to(base).as_posix(), file, dialect_of(family), _tested(protocols_of(family))
    )
    try:
        declared = list(_raw_cases(file))
    except UserError as error:
        if errors is None:
            raise
        errors.append(error)
        return
    for raw, function in declared:
        try:
            cases = list(read_case(_context(file, protocol), raw, place, function))
        except UserError as error:
            if errors is None:
                raise
            errors.append(error)
            continue
        yield from cases


def _tested(protocols: tuple[str, ...]) -> tuple[str, ...]:
    """Those that can be named on the command line and have a catalogue, the newest first."""
    return tuple(name for name in protocols if name in catalogue.FILES and name in PROTOCOLS)


def _raw_cases(file: Path) -> Iterator[tuple[object, object]]:
    if file.suffix == ".py":
        for each in python.read_file(file):
            yield each.raw, each.function
        return
    document = strictyaml.read(file)
    if document is None:
        return
    if not isinstance(document, list):
        raise UserError(f"{file}:1: a file of cases is a list: each begins with `- id: ...`")
    for raw in document:
        yield raw, None


@cache
def _ids(protocol: str) -> Mapping[str, bool]:
    return {row.id: catalogue.level_group(row.level) == "MUST" for row in catalogue.load(protocol)}


@cache
def _all_ids() -> frozenset[str]:
    return frozenset().union(*(_ids(name) for name in catalogue.FILES))


def _context(file: Path, protocol: str) -> Context:
    tables = codec_of(protocol).tables
    return Context(file, "", protocol, tables, _ids(protocol), _all_ids())


def context_of(case: Case) -> Context:
    """A context for steps that a case in Python makes while it runs."""
    context = _context(case.source.file, case.protocol)
    context.case, context.line, context.parameters = case.id, case.source.line, case.parameters
    return context
