"""Cases in Python: the decorator that declares them. docs/cases.md, "Python"."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelaw.cases.strictyaml import Map
from wirelaw.errors import UserError

_Function = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Declared:
    """A function and what its decorator said, in the words of a case in YAML."""

    raw: Map
    function: _Function


_declared: list[Declared] = []


def case(
    id: str,
    *,
    requires: str | Sequence[str],
    kills: str | Sequence[str] = (),
    title: str | None = None,
    **keys: Any,
) -> Callable[[_Function], _Function]:
    """Declares an `async def NAME(t, **parameters of the matrix)` as a case.

    The keys are those of a case in YAML; the title is the first line of the docstring.
    """

    def declare(function: _Function) -> _Function:
        code = function.__code__
        if not inspect.iscoroutinefunction(function):
            raise UserError(f"{code.co_filename}:{code.co_firstlineno}: {id}: write `async def`")
        doc = (inspect.getdoc(function) or "").partition("\n")[0]
        raw = Map(id=id, title=title or doc or None, requires=_listed(requires), **keys)
        raw["kills"] = _listed(kills)
        raw.line = code.co_firstlineno
        if raw["title"] is None:
            del raw["title"]
        _declared.append(Declared(_plain(raw), function))
        return function

    return declare


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _plain(value: Any) -> Any:
    """Tuples as lists, mappings with the line of the case."""
    if isinstance(value, dict):
        made = Map({key: _plain(one) for key, one in value.items()})
        made.line = getattr(value, "line", 0)
        return made
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def read_file(file: Path) -> list[Declared]:
    """All cases that a Python file declares. Raises UserError when it cannot be loaded."""
    name = f"wirelaw_cases_{file.parent.name}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _declared.clear()
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except Exception as error:
        line = _line_in(error, file)
        raise UserError(f"{file}:{line}: {type(error).__name__}: {error}") from error
    return list(_declared)


def _line_in(error: BaseException, file: Path) -> int:
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
