"""Where a case is being read: the words that are allowed there, and errors that say where they
are.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from wirelaw.cases.strictyaml import Map
from wirelaw.engine.tables import Field, Tables, Type
from wirelaw.engine.values import FRESH, OWN, BadValue, compile_value, names_of
from wirelaw.errors import UserError


class CaseError(UserError):
    """Something is wrong with a case: file and line, what, and what to do."""


def near(name: str, known: Iterable[str]) -> str:
    """A hint: what may have been meant."""
    known = list(known)
    found = difflib.get_close_matches(name, known, n=1)
    if found:
        return f"did you mean `{found[0]}`?"
    return f"known are {', '.join(sorted(known))}"


@dataclass
class Context:
    """One case of one protocol while it is read. `bound` are the variables bound so far."""

    file: Path
    case: str
    protocol: str
    tables: Tables
    ids: Mapping[str, bool]  # requirement ids of this protocol's catalogue: whether it is a MUST
    all_ids: frozenset[str]  # and of all catalogues
    parameters: Mapping[str, Any] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    line: int = 0

    def fail(self, text: str, where: Any = None) -> NoReturn:
        """Raises CaseError for the line of `where` (a Map), else the line read last."""
        line = getattr(where, "line", 0) or self.line
        about = f"{self.case}: " if self.case else ""
        raise CaseError(f"{self.file}:{line}: {about}{text}")

    def only_keys(self, where: Mapping[str, Any], known: Iterable[str], what: str) -> None:
        """Refuses keys that are not known."""
        known = list(known)
        for key in where:
            if key not in known:
                self.fail(f"{what} has no `{key}`; {near(key, known)}", where)

    def type(self, name: Any, where: Any = None) -> Type:
        """The type of message of that name."""
        if not isinstance(name, str) or name not in self.tables.types:
            self.fail(f"there is no packet `{name}`; {near(str(name), self.tables.types)}", where)
        return self.tables.types[name]

    def value(self, raw: Any, where: Any = None) -> Any:
        """A compiled value; its variables must be bound."""
        try:
            compiled = compile_value(raw)
        except BadValue as error:
            self.fail(str(error), where)
        for name in names_of(compiled):
            if name not in OWN and name not in self.bound and not name.startswith(FRESH):
                known = [*OWN, *self.bound, "nonce", "sentinel"]
                self.fail(
                    f"nothing has bound ${name} before; {near(name, known)} ($$ is a dollar sign)",
                    where,
                )
        return compiled

    def fields(self, each: Type, raw: Mapping[str, Any], where: Any, *, wanted: bool) -> Any:
        """The fields of a message, checked by name; `wanted`: as an expectation of them."""
        for name, value in raw.items():
            if name in each.groups:
                if not isinstance(value, Mapping):
                    self.fail(f"`{name}` of {each.name} is a mapping of its fields", where)
                for inner, one in value.items():
                    member = each.groups[name].get(inner)
                    if member is None and not (wanted and inner in ("present", "absent")):
                        known = each.groups[name]
                        self.fail(f"`{name}` has no `{inner}`; {near(inner, known)}", value)
                    if member is not None:
                        self._names(member, one, where)
                continue
            field = each.get(name)
            if (
                field is None
                or field.kind in ("length", "tagged")
                or (field.derived and not wanted)
            ):
                known = [*(f for f in each.fields), *each.groups]
                self.fail(f"{each.name} has no field `{name}`; {near(name, known)}", where)
            if wanted and field.carrier:
                self.fail(f"compare the parts of `{name}`, not the byte itself", where)
            self._names(field, value, where)
        return self.value(raw, where)

    def _names(self, field: Field, value: Any, where: Any) -> None:
        """Names of values must be known; texts do not fit numbers."""
        if isinstance(value, str) and field.is_number and "$" not in value:
            if value not in field.names:
                hint = near(value, field.names) if field.names else "write a number"
                self.fail(f"`{field.name}` has no value `{value}`; {hint}", where)
        elif isinstance(value, list):
            inner = field.only_item if field.items else field
            for one in value:
                if field.items and isinstance(one, Mapping):
                    self._item(field, one)
                elif inner is not None:
                    self._names(inner, one, where)
        elif isinstance(value, Mapping):
            for op in ("ne", "ge", "le", "in"):
                if op in value:
                    self._names(field, value[op], where)

    def _item(self, field: Field, value: Mapping[str, Any]) -> None:
        if set(value) & {"ge", "le", "ne", "in"} and field.only_item is not None:
            self._names(field.only_item, value, value)
            return
        for name, one in value.items():
            inner = field.items.get(name)
            if inner is None and name not in ("hex", "fill", "len"):
                self.fail(
                    f"an item of {field.name} has no `{name}`; {near(name, field.items)}", value
                )
            if inner is not None:
                self._names(inner, one, value)

    def bind(self, raw: Any, where: Any) -> tuple[tuple[str, str], ...]:
        """`bind: {name: field}`."""
        if raw is None:
            return ()
        if not isinstance(raw, Mapping) or not all(isinstance(v, str) for v in raw.values()):
            self.fail("`bind` is a mapping: {name: field}", where)
        for name in raw:
            if not name.isidentifier() or name != name.lower():
                self.fail(f"`{name}` is no name of a variable: a-z, 0-9 and _", where)
        self.bound.update(raw)
        return tuple(raw.items())

    def seconds(self, raw: Any, what: str, where: Any) -> float | None:
        """A number of seconds, or None."""
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, (int, float)) or raw < 0:
            self.fail(f"`{what}` is a number of seconds, not {raw!r}", where)
        return float(raw)


def as_map(value: Any) -> Mapping[str, Any]:
    """`{}` and nothing are the same."""
    return value if isinstance(value, Mapping) else Map()
