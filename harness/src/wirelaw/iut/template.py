"""Placeholders in descriptors: ``{port}`` and the like, in command lines and in files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")

Argument = str | Sequence[str] | Mapping[str, object]


def names(text: str) -> set[str]:
    """The placeholders that `text` mentions."""
    return set(_PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, object]) -> str:
    """`text` with each known placeholder replaced. Any other braces stay: files may need them."""
    return _PLACEHOLDER.sub(
        lambda found: str(values[found[1]]) if found[1] in values else found[0], text
    )


def fill_argv(argv: Iterable[Argument], values: Mapping[str, object]) -> list[str]:
    """A command line.

    An element that is a list is left out as a whole when one of its placeholders has no value (is
    missing or None). A table ``{when = NAME, args = [...]}`` stands when NAME is true,
    ``{unless = NAME, args = [...]}`` when it is not.
    """
    known = {name: value for name, value in values.items() if value is not None}
    filled: list[str] = []
    for element in argv:
        if isinstance(element, str):
            filled.append(fill(element, known))
        elif isinstance(element, Mapping):
            filled += fill_argv(_chosen(element, known), known)
        elif all(names(part) <= known.keys() for part in element):
            filled += [fill(part, known) for part in element]
    return filled


def _chosen(element: Mapping[str, object], known: Mapping[str, object]) -> Sequence[str]:
    wanted = "when" in element
    holds = bool(known.get(str(element["when" if wanted else "unless"])))
    args = element["args"]
    assert isinstance(args, Sequence)
    return args if holds == wanted else []


def argv_names(argv: Iterable[Argument]) -> set[str]:
    """All placeholders of a command line, conditions included."""
    found: set[str] = set()
    for element in argv:
        if isinstance(element, str):
            found |= names(element)
        elif isinstance(element, Mapping):
            found |= {str(element.get("when", element.get("unless")))}
            found |= argv_names(element["args"])  # type: ignore[arg-type]
        else:
            found |= {name for part in element for name in names(part)}
    return found


def argv_shape(argv: object) -> str | None:
    """What is wrong with the shape of `argv` as read from TOML, or None."""
    if not isinstance(argv, list) or not argv:
        return "must be a list of strings that is not empty"
    for element in argv:
        group = element.get("args") if isinstance(element, dict) else element
        if isinstance(element, dict) and (
            set(element) not in ({"when", "args"}, {"unless", "args"})
            or not all(isinstance(element[key], str) for key in element if key != "args")
        ):
            return "has a table other than {when = NAME, args = [...]} or {unless = ...}"
        if not isinstance(group, str) and not (
            isinstance(group, list) and all(isinstance(part, str) for part in group)
        ):
            return "has an element that is neither a string nor a list of strings"
    return None
