"""Variables, and the values that steps are written with.

A value of a step is compiled once, when its case is loaded, to a constant or to a Template that
is filled with the variables of one run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_VARIABLE = re.compile(r"\$(?:(\$)|\{([a-z][a-z0-9_]*)\}|([a-z][a-z0-9_]*))")
#: Names behind a dollar sign that MQTT itself gives a meaning.
LITERAL = frozenset(("share",))
#: Variables that every run of a case has.
OWN = ("t", "s")
#: Names that begin so are texts of their own, made when they are first used.
FRESH = ("nonce", "sentinel")


class BadValue(ValueError):
    """A value that is written wrongly; the text says how."""


class Template:
    """A value with variables in it."""

    __slots__ = ("names",)

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def fill(self, variables: Mapping[str, Any]) -> Any:
        raise NotImplementedError


class Variable(Template):
    """Nothing but one variable: the value keeps its type."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__(frozenset((name,)))
        self.name = name

    def fill(self, variables: Mapping[str, Any]) -> Any:
        return variables[self.name]


class Text(Template):
    """A text around variables: `parts` are texts and, at odd places, names."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[str]) -> None:
        super().__init__(frozenset(parts[1::2]))
        self.parts = parts

    def fill(self, variables: Mapping[str, Any]) -> str:
        out = list(self.parts)
        for i in range(1, len(out), 2):
            value = variables[out[i]]
            out[i] = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return "".join(out)


class Mapped(Template):
    """A mapping some of whose values are templates."""

    __slots__ = ("value",)

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__(frozenset().union(*(names_of(one) for one in value.values())))
        self.value = value

    def fill(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        return {
            k: v.fill(variables) if isinstance(v, Template) else v for k, v in self.value.items()
        }


class Listed(Template):
    """A list some of whose values are templates."""

    __slots__ = ("value",)

    def __init__(self, value: list[Any]) -> None:
        super().__init__(frozenset().union(*(names_of(one) for one in value)))
        self.value = value

    def fill(self, variables: Mapping[str, Any]) -> list[Any]:
        return [v.fill(variables) if isinstance(v, Template) else v for v in self.value]


class Repeated(Template):
    """{fill: text, len: n} with a variable in it."""

    __slots__ = ("value",)

    def __init__(self, value: Mapped) -> None:
        super().__init__(value.names)
        self.value = value

    def fill(self, variables: Mapping[str, Any]) -> str | bytes:
        return _repeat(self.value.fill(variables))


def names_of(value: Any) -> frozenset[str]:
    """The variables in a compiled value."""
    return value.names if isinstance(value, Template) else frozenset()


def fill(value: Any, variables: Mapping[str, Any]) -> Any:
    """A compiled value with its variables put in."""
    return value.fill(variables) if isinstance(value, Template) else value


def compile_value(value: Any) -> Any:
    """A constant, or a Template. Raises BadValue."""
    if isinstance(value, str):
        return _compile_text(value) if "$" in value else value
    if isinstance(value, Mapping):
        return _compile_mapping(value)
    if isinstance(value, list):
        items = [compile_value(one) for one in value]
        return Listed(items) if any(isinstance(one, Template) for one in items) else items
    return value


def _compile_text(value: str) -> Any:
    parts = [""]
    at = 0
    for found in _VARIABLE.finditer(value):
        name = found[2] or found[3]
        literal = "$" if found[1] else found[0] if name in LITERAL else None
        parts[-1] += value[at : found.start()]
        at = found.end()
        if literal is not None:
            parts[-1] += literal
        else:
            parts += [name, ""]
    parts[-1] += value[at:]
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 3 and not parts[0] and not parts[2]:
        return Variable(parts[1])
    return Text(parts)


def _compile_mapping(value: Mapping[str, Any]) -> Any:
    if set(value) == {"hex"}:
        return _hex(value["hex"])
    compiled = {key: compile_value(one) for key, one in value.items()}
    dynamic = any(isinstance(one, Template) for one in compiled.values())
    if set(value) == {"fill", "len"}:
        return Repeated(Mapped(compiled)) if dynamic else _repeat(compiled)
    return Mapped(compiled) if dynamic else compiled


def _hex(value: Any) -> bytes:
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        raise BadValue(f"hex: {value!r} is no quoted string of hex digits") from None


def _repeat(value: Mapping[str, Any]) -> str | bytes:
    text, size = value["fill"], value["len"]
    if isinstance(size, bool) or not isinstance(size, int) or size < 0 or not text:
        raise BadValue("fill: needs a text, and len: a number of bytes")
    if isinstance(text, str) and text.isascii():
        return (text * (size // len(text) + 1))[:size]
    octets = text if isinstance(text, bytes) else str(text).encode()
    return (octets * (size // len(octets) + 1))[:size]


def substitute(value: Any, parameters: Mapping[str, Any]) -> Any:
    """Puts parameters of a matrix into a raw tree, keys included; other variables stay."""
    if isinstance(value, str):
        return _substitute_text(value, parameters) if "$" in value else value
    if isinstance(value, Mapping):
        made = type(value)()
        made.__dict__.update(getattr(value, "__dict__", {}))
        for key, one in value.items():
            made[_key(key, parameters)] = substitute(one, parameters)
        return made
    if isinstance(value, list):
        return [substitute(one, parameters) for one in value]
    return value


def _key(key: Any, parameters: Mapping[str, Any]) -> str:
    """Keys are texts, whatever the parameter is."""
    return str(substitute(key, parameters) if isinstance(key, str) else key)


def _substitute_text(value: str, parameters: Mapping[str, Any]) -> Any:
    whole = _VARIABLE.fullmatch(value)
    if whole and not whole[1] and (whole[2] or whole[3]) in parameters:
        return parameters[whole[2] or whole[3]]

    def put(found: re.Match[str]) -> str:
        name = found[2] or found[3]
        return str(parameters[name]) if not found[1] and name in parameters else found[0]

    return _VARIABLE.sub(put, value)


def variables_in(value: Any) -> Iterator[str]:
    """The names of variables in a raw tree."""
    if isinstance(value, str):
        for found in _VARIABLE.finditer(value):
            if not found[1] and (found[2] or found[3]) not in LITERAL:
                yield found[2] or found[3]
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from variables_in(key)
            yield from variables_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from variables_in(one)
