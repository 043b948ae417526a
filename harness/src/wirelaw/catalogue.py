"""The catalogues: every normative statement of a specification, a row each.

The CSV files are the ones that the C enum is made from (``conformance/requirements``), in a source
tree and in an installed package alike.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from wirelaw import paths, when
from wirelaw.errors import UserError

#: Protocol name on the command line -> file. MQTT 3.1 has a catalogue for the sake of its decoder.
FILES = {
    "mqtt31": "mqtt-3.1.csv",
    "mqtt311": "mqtt-3.1.1.csv",
    "mqtt5": "mqtt-5.0.csv",
    "websocket": "rfc6455.csv",
    "coap": "rfc7252.csv",
    "coap-observe": "rfc7641.csv",
    "coap-block": "rfc7959.csv",
}

COLUMNS = (
    "id", "origin", "status", "level", "section", "testable_server", "testable_client", "when",
    "message", "reaction", "same_as", "anchor", "statement", "reason",
)  # fmt: skip

ROLES = ("server", "client")
ORIGINS = ("official", "minted")
STATUSES = ("verified", "unverified")
LEVELS = ("MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "MAY NOT")

#: How a role can be tested for a requirement: by one message, by several, by waiting, by setting
#: the IUT up for it, or by looking at what the IUT does beside the wire.
HOW = ("wire", "stateful", "timer", "config", "observer")
NOT_TESTABLE = "no"
NO_DUTY = "-"


class CatalogueError(UserError):
    """A catalogue file is not what it should be: file, line, what."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative statement. The fields are the columns of the CSV file."""

    id: str
    origin: str
    status: str
    level: str
    section: str
    testable_server: str
    testable_client: str
    when: str
    message: str
    reaction: str
    same_as: str
    anchor: str
    statement: str
    reason: str
    #: Line of the file on which the row begins.
    line: int = field(compare=False)

    def how(self, role: str) -> str:
        """How a role is tested: one of HOW, NOT_TESTABLE or NO_DUTY."""
        return {"server": self.testable_server, "client": self.testable_client}[role]

    def concerns(self, role: str) -> bool:
        """Whether a role has a duty by it."""
        return self.how(role) != NO_DUTY

    def testable(self, role: str) -> bool:
        """Whether a role has a duty by it that a test can show."""
        return self.how(role) in HOW

    def applies(self, pics: Mapping[str, bool]) -> bool:
        """Whether it binds an IUT of these capabilities; one not mentioned is not there."""
        return when.parse(self.when).holds(pics)

    @property
    def messages(self) -> tuple[str, ...]:
        """The packets that it speaks of, by name."""
        return tuple(self.message.split())

    def to_json(self) -> dict[str, str]:
        """The columns by name, as the file has them."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True)
class Catalogue:
    """All requirements of one specification, in the order of its text."""

    protocol: str
    path: Path
    sha256: str
    rows: tuple[Requirement, ...]
    _by_id: Mapping[str, Requirement] = field(repr=False)

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, requirement_id: object) -> bool:
        return requirement_id in self._by_id

    def get(self, requirement_id: str) -> Requirement | None:
        """The row of exactly this id, or None."""
        return self._by_id.get(requirement_id)

    @property
    def prefix(self) -> str:
        """What every id of this catalogue begins with, such as ``MQTT5-``."""
        return self.rows[0].id.split("-")[0] + "-"

    def find(self, text: str) -> Requirement:
        """The row that a user means by `text`: an id, in any case, with or without its prefix.

        Raises UserError, which names what is near.
        """
        by_folded = {row.id.casefold(): row for row in self.rows}
        wanted = text.strip().casefold().replace("[", "").replace("]", "")
        bare = re.sub(r"^mqtt-", "", wanted)  # as the specifications write their ids
        for candidate in (wanted, self.prefix.casefold() + bare):
            if candidate in by_folded:
                return by_folded[candidate]
        raise self._unknown(text, by_folded)

    def _unknown(self, text: str, by_folded: Mapping[str, Requirement]) -> UserError:
        for protocol in FILES:
            if protocol != self.protocol and any(
                row.id.casefold() == text.casefold() for row in load(protocol)
            ):
                return UserError(
                    f"{text} belongs to {protocol}: try 'wirelaw spec {protocol} {text}'"
                )
        wanted = text.casefold()
        if not wanted.startswith(self.prefix.casefold()):
            wanted = self.prefix.casefold() + wanted
        near = difflib.get_close_matches(wanted, by_folded, n=3)
        names = ", ".join(by_folded[each].id for each in near)
        hint = f"near it: {names}" if near else f"'wirelaw spec {self.protocol}' lists them all"
        return UserError(f"{self.protocol} has no requirement {text}; {hint}")

    def select(
        self, *, level: str | None = None, section: str | None = None, role: str | None = None
    ) -> tuple[Requirement, ...]:
        """The rows of a level (MUST means its NOT as well), of a section and those below it, and
        of a role that has a duty by them. None stands for all."""
        return tuple(
            row
            for row in self.rows
            if (level is None or level_group(row.level) == level_group(level))
            and (section is None or within(row.section, section))
            and (role is None or row.concerns(role))
        )


def level_group(level: str) -> str:
    """MUST, SHOULD or MAY: a level without its NOT."""
    return level.removesuffix(" NOT")


def within(section: str, outer: str) -> bool:
    """Whether a section is `outer` or stands below it."""
    return section == outer or section.startswith(outer + ".")


@cache
def load(protocol: str) -> Catalogue:
    """The catalogue of a protocol. Raises UserError."""
    if protocol not in FILES:
        known = ", ".join(FILES)
        raise UserError(f"there is no catalogue of '{protocol}'; there is one of each of {known}")
    return read(protocol, paths.data(f"conformance/requirements/{FILES[protocol]}"))


def read(protocol: str, path: Path) -> Catalogue:
    """Reads one file strictly. Raises CatalogueError."""
    content = path.read_bytes()
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        if tuple(next(reader, ())) != COLUMNS:
            raise CatalogueError(f"{path}:1: the columns must be {','.join(COLUMNS)}")
        rows = tuple(_rows(path, reader))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"{path}: not a CSV file in UTF-8 ({error})") from None
    if not rows:
        raise CatalogueError(f"{path}: holds no requirement")
    by_id: dict[str, Requirement] = {}
    for row in rows:
        if row.id in by_id:
            raise CatalogueError(f"{path}:{row.line}: {row.id} stands on line {by_id[row.id].line}")
        by_id[row.id] = row
    return Catalogue(protocol, path, hashlib.sha256(content).hexdigest(), rows, by_id)


def _rows(path: Path, reader: Iterator[list[str]]) -> Iterator[Requirement]:
    line = reader.line_num + 1  # type: ignore[attr-defined]
    for fields in reader:
        if len(fields) != len(COLUMNS):
            raise CatalogueError(f"{path}:{line}: {len(fields)} fields instead of {len(COLUMNS)}")
        row = Requirement(*fields, line=line)
        _check(path, row)
        yield row
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _check(path: Path, row: Requirement) -> None:
    """Refuses words that no reader of the catalogue knows."""
    words = {"origin": ORIGINS, "status": STATUSES, "level": LEVELS}
    words |= {f"testable_{role}": (*HOW, NOT_TESTABLE, NO_DUTY) for role in ROLES}
    for column, known in words.items():
        if (value := getattr(row, column)) not in known:
            raise CatalogueError(
                f"{path}:{row.line}: {column} is '{value}', which is none of {', '.join(known)}"
            )
    try:
        when.parse(row.when)
    except when.WhenError as error:
        raise CatalogueError(f"{path}:{row.line}: when: {error}") from None
