"""Matrix of a case: every combination of its parameters, or one case for each row of a table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from wirelaw.cases.context import Context

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VALUE = re.compile(r"[A-Za-z0-9_.+-]+")


def expand(ctx: Context, raw: Any, where: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The suffix of the id and the parameters of each: [("[end=rst]", {"end": "rst"})...]."""
    if raw is None:
        return [("", {})]
    if isinstance(raw, list):
        return [_row(ctx, row, where) for row in raw]
    if not isinstance(raw, Mapping) or not raw:
        ctx.fail("`matrix` is {name: [values]}, or a list of rows", where)
    for name, values in raw.items():
        _check_name(ctx, name, raw)
        if not isinstance(values, list) or not values:
            ctx.fail(f"`{name}` in the matrix needs a list of values", raw)
    combinations = itertools.product(*([(n, v) for v in values] for n, values in raw.items()))
    return [(_suffix(ctx, each, raw), dict(each)) for each in combinations]


def _check_name(ctx: Context, name: Any, where: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in ("t", "s"):
        ctx.fail(f"`{name}` is no name of a parameter: a-z, 0-9 and _, but not t or s", where)


def _row(ctx: Context, row: Any, where: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
        ctx.fail(
            "each row of the matrix needs a `name`, which becomes part of the id", row or where
        )
    for name in row:
        _check_name(ctx, name, row)
    if not _VALUE.fullmatch(row["name"]):
        ctx.fail(f"the row's name `{row['name']}` may hold letters, digits and _ . + - only", row)
    return f"[{row['name']}]", dict(row)


def _suffix(ctx: Context, each: tuple[tuple[str, Any], ...], where: Any) -> str:
    parts = []
    for name, value in each:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if not _VALUE.fullmatch(text):
            ctx.fail(
                f"`{name}: {text}` cannot be part of an id; use rows with a `name` each", where
            )
        parts.append(f"{name}={text}")
    return f"[{','.join(parts)}]"
