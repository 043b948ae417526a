"""Writes cases as people do: a step on a line, in the YAML that cases may use
(cases/strictyaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z$/_][A-Za-z0-9$/_.+-]*(?: [A-Za-z0-9$/_.+-]+)*")
_WORDS = frozenset(
    (
        "yes no on off true false null y n True False TRUE FALSE Null NULL Yes No On Off YES NO ON "
        "OFF Y N"
    ).split()
)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def scalar(value: Any) -> str:
    """A number, truth value, None or text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0") + "0" * (value == int(value))
    return _text(str(value))


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    if '"' in text and text.isprintable() and text.isascii():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_character(c) for c in text) + '"'


def _character(c: str) -> str:
    code = ord(c)
    if c in _ESCAPES:
        return _ESCAPES[c]
    if 0x20 <= code < 0x7F or (0xA0 <= code and c.isprintable()):
        return c
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bytes):
        return "{hex: " + scalar_hex(value) + "}"
    return scalar(value)


def scalar_hex(value: bytes) -> str:
    return f'"{value.hex(" ")}"'


def step(name: str, body: Any, comment: str | None, indent: str = "    ") -> list[str]:
    """The lines of one step."""
    lines = [f"{indent}# {line}" for line in (comment or "").splitlines()]
    one = f"{indent}- {name}: {flow(body)}"
    if len(one) <= WIDTH or not isinstance(body, Mapping):
        return [*lines, one]
    lines.append(f"{indent}- {name}:")
    for key, value in body.items():
        lines += _entry(key, value, indent + "    ")
    return lines


def _entry(key: str, value: Any, indent: str) -> list[str]:
    one = f"{indent}{key}: {flow(value)}"
    if len(one) <= WIDTH or not isinstance(value, Mapping) or set(value) <= {"hex", "fill", "len"}:
        return [one]
    lines = [f"{indent}{key}:"]
    for inner, each in value.items():
        lines += _entry(inner, each, indent + "  ")
    return lines
