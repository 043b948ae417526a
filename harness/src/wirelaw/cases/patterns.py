"""Reads patterns: `TYPE`, `TYPE>=0x80`, `{TYPE: {field: value}}`, `closed`, or a list of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirelaw.cases.context import Context, as_map
from wirelaw.engine.patterns import CLOSED, Pattern

_SHORT = re.compile(r"([A-Z][A-Z0-9_]*)\s*(?:(>=|<=|!=|=)\s*(\w+))?")
_OPS = {">=": "ge", "<=": "le", "!=": "ne"}
REASON = "reason"


def patterns(ctx: Context, raw: Any, where: Any, *, closed: bool = False) -> tuple[Pattern, ...]:
    """One pattern or several. `closed`: the word is allowed, too."""
    if isinstance(raw, list):
        return tuple(each for one in raw for each in patterns(ctx, one, where, closed=closed))
    if isinstance(raw, Mapping):
        if not raw:
            ctx.fail("a pattern is missing: `TYPE`, or {TYPE: {field: value}}", where)
        return tuple(_long(ctx, name, fields, raw) for name, fields in raw.items())
    if raw == CLOSED and closed:
        return (Pattern(CLOSED, None),)
    return (_short(ctx, raw, where),)


def _long(ctx: Context, name: str, fields: Any, where: Any) -> Pattern:
    each = ctx.type(name, where)
    if fields is not None and not isinstance(fields, Mapping):
        if REASON not in each.fields:
            ctx.fail(f"after `{name}:` comes a mapping of fields", where)
        fields = {REASON: fields}
    return Pattern(name, ctx.fields(each, as_map(fields), where, wanted=True))


def _short(ctx: Context, raw: Any, where: Any) -> Pattern:
    found = _SHORT.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        ctx.fail(
            f"`{raw}` is no pattern: `TYPE`, `TYPE>=0x80`, or {{TYPE: {{field: value}}}}", where
        )
    each = ctx.type(found[1], where)
    if found[2] is None:
        return Pattern(found[1], {})
    if REASON not in each.fields:
        ctx.fail(f"{found[1]} has no reason code to compare with `{found[2]}`", where)
    value: Any = found[3]
    try:
        value = int(value, 0)
    except ValueError:
        pass
    want = value if found[2] == "=" else {_OPS[found[2]]: value}
    return Pattern(found[1], ctx.fields(each, {REASON: want}, where, wanted=True))
