"""YAML without guesses: what YAML 1.1 would silently turn into something else is refused.

Mappings know the line they begin on, so that every error names file and line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from wirelaw.errors import UserError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: slower, the same documents
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+")
_REFUSED = re.compile(
    r"(?i:yes|no|on|off)|True|TRUE|False|FALSE|Null|NULL"  # words that YAML takes for others
    r"|[-+]?0[0-9_]+|0o[0-7]+|0b[01_]+|\+[0-9].*"  # octal, binary, signs
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+"  # base 60
    r"|[-+]?[0-9]+_[0-9_]*|[-+]?(?:[0-9]*\.)?[0-9]+[eE][-+]?[0-9]+|[-+]?\.(?:inf|nan|[0-9]+)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"  # dates
)
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


class Map(dict[str, Any]):
    """A mapping that knows the line it begins on."""

    line: int = 0


class _Composer(_Loader):  # type: ignore[misc]
    """Only composes nodes: which value a scalar is, is decided by `_scalar`."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        return "tag:yaml.org,2002:str"


def read(path: Path) -> Any:
    """The document in a file: Map, list, str, int, float, bool or None. Raises UserError."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


_DEEPEST = 60  # composing is recursive in C, without a limit of its own
_BRACKET = re.compile(rb"[\[\]{}]")


def _refuse_deep(source: bytes | str, name: str) -> None:
    """Raises UserError for a text nested deeper than any case; a quick look clears nearly all."""
    raw = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    depth = deepest = 0
    for bracket in _BRACKET.finditer(raw):
        depth += 1 if bracket.group() in (b"[", b"{") else -1
        deepest = max(deepest, depth)
    if deepest <= _DEEPEST and max(map(len, raw.splitlines()), default=0) <= 4 * _DEEPEST:
        return
    depth = 0
    try:
        for event in yaml.parse(source, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise UserError(f"{name}:{event.start_mark.line + 1}: nested deeper than {_DEEPEST} levels")
    except yaml.YAMLError:
        return  # which is said where the text is read


def parse(source: bytes | str, name: str) -> Any:
    """The document in a text; `name` is for error messages."""
    _refuse_deep(source, name)
    loader = _Composer(source)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UserError(f"{where}: not valid YAML: {what}") from None
    finally:
        loader.dispose()
    return None if node is None else _build(node, name)


def _build(node: Any, name: str) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else _scalar(node, name)
    if isinstance(node, yaml.SequenceNode):
        return [_build(one, name) for one in node.value]
    made = Map()
    made.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = _build(key_node, name)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise UserError(f"{name}:{line}: the key {key!r} is no text; quote it")
        if key in made:
            raise UserError(f"{name}:{line}: the key `{key}` stands twice; leave one out")
        made[key] = _build(value_node, name)
    return made


def _scalar(node: Any, name: str) -> Any:
    value = node.value
    if value in _WORDS:
        return _WORDS[value]
    first = value[0]
    if first.isdigit() or first in "-+.":
        if _INTEGER.fullmatch(value):
            return int(value, 0)
        if _FLOAT.fullmatch(value):
            return float(value)
    if _REFUSED.fullmatch(value):
        raise UserError(
            f"{name}:{node.start_mark.line + 1}: `{value}` may mean something else in YAML; write "
            "true, false, a decimal or 0x number, or put it in quotes"
        )
    return value
