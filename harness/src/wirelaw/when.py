"""PICS expressions: ``and``, ``or``, ``not`` and parentheses over names of capabilities.

    expression = term { "or" term }
    term       = factor { "and" factor }
    factor     = "not" factor | "(" expression ")" | name
    name       = letter { letter | digit | "_" }, lower case

An empty expression always holds. Nothing of it is ever given to Python to evaluate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_TOKEN = re.compile(r"\s*([()]|[a-z][a-z0-9_]*)")
_WORDS = ("and", "or", "not")

#: A parsed expression: a name, ("not", x), ("and", x, y) or ("or", x, y); None is the empty one.
_Node = str | tuple | None


class WhenError(ValueError):
    """The text is no PICS expression; the message says where it goes wrong."""


@dataclass(frozen=True, slots=True)
class When:
    """A parsed PICS expression."""

    text: str
    names: frozenset[str]
    _tree: _Node

    def holds(self, pics: Mapping[str, bool]) -> bool:
        """Whether it is true of these capabilities; one that is not mentioned is not there."""
        return self._tree is None or _evaluate(self._tree, pics)


@cache
def parse(text: str) -> When:
    """Parses an expression. Raises WhenError."""
    tokens = _tokens(text)
    if not tokens:
        return When("", frozenset(), None)
    tree, end = _alternatives(text, tokens, 0)
    if end < len(tokens):
        raise WhenError(f"'{text}' goes on with '{tokens[end]}' where it should end")
    names = frozenset(token for token in tokens if token not in (*_WORDS, "(", ")"))
    return When(text, names, tree)


def _tokens(text: str) -> list[str]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise WhenError(f"'{text}' has '{text[at:].strip()[0]}', which no PICS expression has")
        tokens.append(found.group(1))
        at = found.end()
    return tokens


def _alternatives(text: str, tokens: list[str], at: int) -> tuple[_Node, int]:
    return _chain(text, tokens, at, "or")


def _chain(text: str, tokens: list[str], at: int, word: str) -> tuple[_Node, int]:
    """A chain of operands joined by `word`; those of "or" are the chains of "and"."""

    def operand(at: int) -> tuple[_Node, int]:
        return _chain(text, tokens, at, "and") if word == "or" else _factor(text, tokens, at)

    tree, at = operand(at)
    while at < len(tokens) and tokens[at] == word:
        right, at = operand(at + 1)
        tree = (word, tree, right)
    return tree, at


def _factor(text: str, tokens: list[str], at: int) -> tuple[_Node, int]:
    token = tokens[at] if at < len(tokens) else ""
    if token == "not":
        inner, at = _factor(text, tokens, at + 1)
        return ("not", inner), at
    if token == "(":
        inner, at = _alternatives(text, tokens, at + 1)
        if at >= len(tokens) or tokens[at] != ")":
            raise WhenError(f"'{text}' opens a parenthesis and does not close it")
        return inner, at + 1
    if not token or token == ")" or token in _WORDS:
        raise WhenError(f"'{text}' lacks the name of a capability " + _before(token))
    return token, at + 1


def _before(token: str) -> str:
    return f"before '{token}'" if token else "at its end"


def _evaluate(tree: _Node, pics: Mapping[str, bool]) -> bool:
    if isinstance(tree, str):
        return bool(pics.get(tree, False))
    assert tree is not None
    if tree[0] == "not":
        return not _evaluate(tree[1], pics)
    if tree[0] == "and":
        return _evaluate(tree[1], pics) and _evaluate(tree[2], pics)
    return _evaluate(tree[1], pics) or _evaluate(tree[2], pics)
