"""Reading a TOML table strictly: each wrong or unknown key is one sentence that names file and
key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from wirelaw.errors import UserError
from wirelaw.iut import template


class Table:
    """One table of a descriptor. Getters take a key off it; ``finish`` objects to what is left."""

    def __init__(self, file: Path, name: str, data: dict[str, Any]) -> None:
        self.file = file
        self.name = name
        self._data = dict(data)

    def fail(self, key: str, what: str) -> NoReturn:
        """Raise the UserError for `key` of this table."""
        where = f"{self.name}.{key}" if self.name and key else self.name or key
        raise UserError(f"{self.file}: {where} {what}")

    def has(self, key: str) -> bool:
        """True when `key` is there and was not taken yet."""
        return key in self._data

    def _take(self, key: str, kind: type | tuple[type, ...], what: str, default: Any) -> Any:
        if key not in self._data:
            if default is ...:
                self.fail(key, f"is missing; it must be {what}")
            return default
        value = self._data.pop(key)
        wrong_bool = isinstance(value, bool) and kind is not bool
        if wrong_bool or not isinstance(value, kind):
            self.fail(key, f"must be {what}")
        return value

    def string(self, key: str, default: Any = ...) -> Any:
        """A string."""
        return self._take(key, str, "a string", default)

    def boolean(self, key: str, default: Any = ...) -> Any:
        """true or false."""
        return self._take(key, bool, "true or false", default)

    def seconds(self, key: str, default: float) -> float:
        """A duration, in seconds."""
        return float(self._take(key, (int, float), "a number of seconds", default))

    def choice(self, key: str, choices: tuple[str, ...], default: Any = ...) -> Any:
        """One of `choices`."""
        value = self.string(key, default)
        if value is not default and value not in choices:
            self.fail(key, f"is '{value}', which is none of {', '.join(choices)}")
        return value

    def strings(self, key: str, default: Any = ...) -> list[str]:
        """A list of strings."""
        value = self._take(key, list, "a list of strings", default)
        if not all(isinstance(item, str) for item in value):
            self.fail(key, "must be a list of strings")
        return list(value)

    def pattern(self, key: str) -> re.Pattern[str] | None:
        """A regular expression, or None."""
        text = self.string(key, None)
        if text is None:
            return None
        try:
            return re.compile(text, re.MULTILINE)
        except re.error as error:
            self.fail(key, f"is no regular expression: {error}")

    def mapping(self, key: str, kind: type, what: str) -> dict[str, Any]:
        """A table of values of one type; empty when it is not there."""
        value = self._take(key, dict, f"a table of {what}", {})
        for name, item in value.items():
            if not isinstance(item, kind):
                self.fail(f"{key}.{name}", f"must be {what}")
        return dict(value)

    def argv(self, key: str, default: Any = ..., known: frozenset[str] | None = None) -> Any:
        """A command line (see ``template.fill_argv``); `known` are its allowed placeholders."""
        value = self._take(key, list, "a list of strings", default)
        if value is default:
            return value
        wrong = template.argv_shape(value)
        if wrong:
            self.fail(key, wrong)
        unknown = sorted(template.argv_names(value) - known) if known is not None else []
        if unknown:
            allowed = ", ".join(sorted(known or ()))
            self.fail(key, f"mentions {{{unknown[0]}}}, which is no placeholder here ({allowed})")
        return value

    def argvs(self, key: str, known: frozenset[str]) -> list[list[Any]]:
        """A list of command lines; empty when it is not there."""
        commands = self._take(key, list, "a list of commands", [])
        return [Table(self.file, self.name, {key: one}).argv(key, known=known) for one in commands]

    def table(self, key: str, needed: bool = False) -> Table:
        """A table inside this one; empty when it is not there."""
        value = self._take(key, dict, "a table", ... if needed else {})
        return Table(self.file, f"{self.name}.{key}" if self.name else key, value)

    def tables(self, key: str) -> list[Table]:
        """An array of tables, ``[[key]]``."""
        value = self._take(key, list, "an array of tables", [])
        if not all(isinstance(item, dict) for item in value):
            self.fail(key, "must be an array of tables")
        return [Table(self.file, f"{key}[{n}]", item) for n, item in enumerate(value, 1)]

    def take(self, key: str) -> Any:
        """The raw value, or None."""
        return self._data.pop(key, None)

    def keys(self) -> list[str]:
        """What was not taken yet."""
        return list(self._data)

    def finish(self) -> None:
        """Object to a key that nobody took."""
        for key in self._data:
            self.fail(key, "is no key of a descriptor; docs/iut.md lists them")


def read(file: Path) -> Table:
    """The whole file. Raises UserError when it cannot be read or is no TOML."""
    try:
        return Table(file, "", tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: is no TOML: {error}") from None
