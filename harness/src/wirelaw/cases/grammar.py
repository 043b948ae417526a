"""Reads one step: its action, what that takes, and what it is bound to. docs/cases.md is the
manual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirelaw.cases.context import Context, as_map, near
from wirelaw.cases.dialects import Dialect
from wirelaw.cases.patterns import patterns
from wirelaw.cases.strictyaml import Map
from wirelaw.engine import actions
from wirelaw.engine.codec import EDITS
from wirelaw.engine.patterns import CLOSED
from wirelaw.engine.values import Mapped

#: What every step may have.
COMMON = ("requires", "kills", "only", "note")
#: Actions of every protocol, with what else they take.
ACTIONS = {
    "send": ("bind", "edit", "split", "frame"),
    "expect": ("bind", "tolerate", "none_before", "prefer", "within", "not_before", "after_any"),
    "any_of": ("bind", "tolerate", "none_before", "within", "not_before"),
    "all_of": ("tolerate", "within"),
    "none": (),
    "park": (),
    "end": (),
    "open": (),
    "read": (),
}
#: Those that judge the IUT by themselves, and so are bound to the case's only requirement.
JUDGING = frozenset(("expect", "any_of", "all_of", "none", "park"))
ENDS = ("fin", "rst", "silent")
OWN_IUT = ("restart", "kill", "stop", "start")
CONN = re.compile(r"[a-z][a-z0-9]{0,7}")
_HEX = re.compile(r"(?:[0-9a-f]{2}\s*)+")
_PATHS = re.compile(r"[a-z0-9_.\[\]]+")
RESERVED = ("iut", "wait")


@dataclass
class Parsed:
    """A step before it is bound: `judges` whether it judges the IUT by itself."""

    conn: str | None
    action: str
    args: Any
    judges: bool
    seconds: float = 0.0


def parse(ctx: Context, raw: Any, dialect: Dialect) -> Parsed:
    """One step. Raises CaseError."""
    if not isinstance(raw, Mapping) or not raw:
        ctx.fail("a step is a mapping: {connection: {action: ...}}", raw)
    ctx.line = getattr(raw, "line", 0) or ctx.line
    first = next(iter(raw))
    if first == "wait":
        return _wait(ctx, raw)
    body = raw[first]
    if len(raw) != 1:
        ctx.fail(f"one connection a step: `{first}` and `{list(raw)[1]}` stand in the same", raw)
    if first == "iut":
        return _iut(ctx, body, dialect)
    if not CONN.fullmatch(first):
        ctx.fail(f"`{first}` is no name of a connection: up to 8 of a-z and 0-9", raw)
    if not isinstance(body, Mapping) or not body:
        ctx.fail(f"what shall `{first}` do? {{{first}: {{send: PINGREQ}}}}, for instance", raw)
    known = [*ACTIONS, *dialect.flows]
    action = next((key for key in body if key in known), None)
    if action is None:
        key = next(iter(body))
        ctx.fail(f"there is no action `{key}`; {near(key, known)}", body)
    if action in dialect.flows:
        args = dialect.flows[action].parse(ctx, body)
        return Parsed(first, action, args, dialect.flows[action].judges)
    args = _READERS[action](ctx, body)
    wait = getattr(args, "not_before", None) or 0.0
    return Parsed(first, action, args, action in JUDGING, wait)


def _wait(ctx: Context, raw: Mapping[str, Any]) -> Parsed:
    ctx.only_keys(raw, ("wait", "only", "note"), "a `wait`")
    seconds = ctx.value(raw["wait"], raw)
    if isinstance(seconds, (str, bool)) or seconds is None:
        ctx.fail("`wait` is a number of seconds", raw)
    fixed = float(seconds) if isinstance(seconds, (int, float)) else 0.0
    return Parsed(None, "wait", seconds, False, fixed)


def _iut(ctx: Context, raw: Any, dialect: Dialect) -> Parsed:
    if not isinstance(raw, Mapping) or "do" not in raw:
        ctx.fail("`iut` needs what to do: {iut: {do: restart}}", raw)
    do = raw["do"]
    if do in OWN_IUT:
        ctx.only_keys(raw, ("do", *COMMON), f"`do: {do}`")
        return Parsed(None, "iut", actions.Stimulus(do, {}), False)
    if not isinstance(do, str) or do not in dialect.stimuli:
        ctx.fail(f"the IUT cannot `{do}`; {near(str(do), (*OWN_IUT, *dialect.stimuli))}", raw)
    fields = {key: value for key, value in raw.items() if key not in ("do", *COMMON)}
    each = ctx.type(dialect.stimuli[do], raw)
    if len(fields.get("filters") or [None]) != 1:
        ctx.fail("a client is told of one filter at a time; write a step for each", raw)
    return Parsed(
        None, "iut", actions.Stimulus(do, ctx.fields(each, fields, raw, wanted=False)), False
    )


# send


def packet(ctx: Context, raw: Any, where: Any, edit: Any = None) -> actions.Packet:
    """`TYPE`, a hex text, or {TYPE: {field: value}}."""
    if isinstance(raw, str) and _HEX.fullmatch(raw):
        if edit is not None:
            ctx.fail("raw bytes have no fields to edit; write the bytes that you mean", where)
        return actions.Packet(None, None, bytes.fromhex(raw))
    if isinstance(raw, Mapping) and len(raw) == 1:
        ((name, inner),) = raw.items()
        fields = dict(as_map(inner))
        edit = fields.pop("edit", edit)
        return _packet_of(ctx, name, fields, where, edit)
    if isinstance(raw, str):
        return _packet_of(ctx, raw, {}, where, edit)
    ctx.fail("a packet is `TYPE`, {TYPE: {field: value}}, or a quoted text of hex", where)


def _packet_of(
    ctx: Context, name: Any, fields: Mapping[str, Any], where: Any, edit: Any
) -> actions.Packet:
    fields = dict(fields)
    special = {key: fields.pop(key) for key in ("credentials",) if key in fields}
    each = ctx.type(name, where)
    compiled = ctx.fields(each, fields, where, wanted=False)
    if special.get("credentials") is False:
        compiled = _without_credentials(compiled)
    return actions.Packet(name, compiled, None, _edits(ctx, edit, where))


def _without_credentials(compiled: Any) -> Any:
    """Marks a CONNECT that shall not get the IUT's user name and password."""
    if isinstance(compiled, Mapped):
        return Mapped({**compiled.value, "credentials": False})
    return {**compiled, "credentials": False}


def _edits(ctx: Context, raw: Any, where: Any) -> Any:
    if raw is None:
        return ()
    edits = raw if isinstance(raw, list) else [raw]
    for each in edits:
        op = (
            next((key for key in each if key in EDITS), None) if isinstance(each, Mapping) else None
        )
        if op is None:
            ctx.fail(f"an edit is one of {', '.join(EDITS)}: {{drop: PATH}}, for instance", where)
        ctx.only_keys(each, (op, "to", "bytes", "keep_lengths"), f"the edit `{op}`")
        paths = each[op] if op == "swap" else [each[op]]
        if not isinstance(paths, list) or (op == "swap" and len(paths) != 2):
            ctx.fail("`swap` takes two paths: {swap: [PATH, PATH]}", each)
        for path in paths:
            if not isinstance(path, str) or not _PATHS.fullmatch(path):
                ctx.fail(
                    f"`{path}` is no path; 'wirelaw decode {ctx.protocol} HEX --spans' shows them",
                    each,
                )
        if op in ("set", "raw", "resize", "force", "varint", "truncate") and "to" not in each:
            ctx.fail(f"the edit `{op}` needs `to:`", each)
        if op == "insert" and "bytes" not in each:
            ctx.fail("the edit `insert` needs `bytes:`", each)
    return ctx.value([dict(each) for each in edits], where)


def _send(ctx: Context, raw: Mapping[str, Any]) -> actions.Send:
    what = raw["send"]
    options = ("send", *ACTIONS["send"], *COMMON)
    fields = {key: value for key, value in raw.items() if key not in options}
    if isinstance(what, list):
        if fields or "edit" in raw or "bind" in raw:
            ctx.fail(
                "fields, `edit` and `bind` belong to one packet; write {TYPE: {...}} in the list",
                raw,
            )
        packets = tuple(packet(ctx, one, raw) for one in what)
    elif fields or "edit" in raw:
        packets = (_checked(ctx, what, fields, raw),)
    else:
        packets = (packet(ctx, what, raw),)
    split = raw.get("split")
    if split is not None and (isinstance(split, bool) or not isinstance(split, int) or split < 1):
        ctx.fail("`split` is a number of bytes", raw)
    if raw.get("frame", "binary") not in ("binary", "text"):
        ctx.fail("`frame` is text or binary, of a WebSocket", raw)
    text = raw.get("frame") == "text"
    return actions.Send(packets, split, ctx.bind(raw.get("bind"), raw), text)


def _checked(ctx: Context, what: Any, fields: Mapping[str, Any], raw: Any) -> actions.Packet:
    if not isinstance(what, str) or _HEX.fullmatch(what):
        ctx.fail("raw bytes have no fields; write the bytes that you mean", raw)
    return _packet_of(ctx, what, fields, raw, raw.get("edit"))


# expect


def _timing(ctx: Context, raw: Mapping[str, Any]) -> dict[str, float | None]:
    return {key: ctx.seconds(raw.get(key), key, raw) for key in ("within", "not_before")}


def _around(ctx: Context, raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: patterns(ctx, raw[key], raw) if key in raw else ()
        for key in ("tolerate", "none_before")
    }


def _expect(ctx: Context, raw: Mapping[str, Any]) -> Any:
    what = raw["expect"]
    if what == CLOSED:
        return _expect_closed(ctx, raw)
    if "after_any" in raw:
        ctx.fail("`after_any` belongs to `expect: closed`", raw)
    if not isinstance(what, str):
        ctx.fail("`expect` takes the type of one packet, or `closed`; for several: `any_of`", raw)
    each = ctx.type(what, raw)
    options = ("expect", *ACTIONS["expect"], *COMMON)
    fields = {key: value for key, value in raw.items() if key not in options}
    compiled = ctx.fields(each, fields, raw, wanted=True)
    around = _around(ctx, raw)
    prefer = raw.get("prefer")
    if prefer is not None:
        prefer = ctx.fields(each, as_map(prefer), raw, wanted=True)
    _check_binding(ctx, each, raw)
    return actions.Expect(
        (actions.Pattern(what, compiled),), bind=ctx.bind(raw.get("bind"), raw), prefer=prefer,
        **around, **_timing(ctx, raw),
    )  # fmt: skip


def _check_binding(ctx: Context, each: Any, raw: Mapping[str, Any]) -> None:
    for field in as_map(raw.get("bind")).values():
        if field not in each.fields and field not in each.groups:
            ctx.fail(f"{each.name} has no field `{field}` to bind; {near(field, each.fields)}", raw)


def _expect_closed(ctx: Context, raw: Mapping[str, Any]) -> actions.ExpectClosed:
    ctx.only_keys(
        raw, ("expect", "after_any", "prefer", "within", "not_before", *COMMON), "`expect: closed`"
    )
    after = patterns(ctx, raw["after_any"], raw) if "after_any" in raw else None
    prefer = patterns(ctx, raw["prefer"], raw) if "prefer" in raw else ()
    return actions.ExpectClosed(after, prefer, **_timing(ctx, raw))


def _any_of(ctx: Context, raw: Mapping[str, Any]) -> actions.Expect:
    ctx.only_keys(raw, ("any_of", *ACTIONS["any_of"], *COMMON), "`any_of`")
    found = patterns(ctx, raw["any_of"], raw, closed=True)
    bind = ctx.bind(raw.get("bind"), raw)
    return actions.Expect(found, bind=bind, **_around(ctx, raw), **_timing(ctx, raw))


def _all_of(ctx: Context, raw: Mapping[str, Any]) -> actions.Expect:
    ctx.only_keys(raw, ("all_of", *ACTIONS["all_of"], *COMMON), "`all_of`")
    found = patterns(ctx, raw["all_of"], raw)
    tolerate = patterns(ctx, raw["tolerate"], raw) if "tolerate" in raw else ()
    within = ctx.seconds(raw.get("within"), "within", raw)
    return actions.Expect((), all=found, tolerate=tolerate, within=within)


def _silence(action: str) -> Any:
    def read(ctx: Context, raw: Mapping[str, Any]) -> actions.Silence:
        ctx.only_keys(raw, (action, *COMMON), f"`{action}`")
        return actions.Silence(patterns(ctx, raw[action], raw), action == "park")

    return read


def _end(ctx: Context, raw: Mapping[str, Any]) -> str:
    ctx.only_keys(raw, ("end", *COMMON), "`end`")
    if raw["end"] not in ENDS:
        ctx.fail(f"`end` is one of {', '.join(ENDS)}", raw)
    return str(raw["end"])


def _open(ctx: Context, raw: Mapping[str, Any]) -> dict[str, Any]:
    ctx.only_keys(raw, ("open", *COMMON), "`open`")
    options = as_map(raw["open"])
    ctx.only_keys(options, ("ws_subprotocol", "ws_path", "agreed_subprotocol"), "`open`")
    return dict(options)


def _read(ctx: Context, raw: Mapping[str, Any]) -> bool:
    ctx.only_keys(raw, ("read", *COMMON), "`read`")
    if not isinstance(raw["read"], bool):
        ctx.fail("`read` is true or false", raw)
    return bool(raw["read"])


_READERS = {
    "send": _send, "expect": _expect, "any_of": _any_of, "all_of": _all_of,
    "none": _silence("none"), "park": _silence("park"), "end": _end, "open": _open, "read": _read,
}  # fmt: skip


def shown(raw: Any) -> str:
    """A step for people, on one line, as it was written."""
    if isinstance(raw, Map) and len(raw) == 1 and "wait" not in raw:
        ((conn, body),) = raw.items()
        hidden = {k: v for k, v in as_map(body).items() if k not in COMMON}
        return f"{conn}: {_flow(hidden)[1:-1]}"
    return _flow({k: v for k, v in as_map(raw).items() if k not in COMMON})[1:-1]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value >= 0x80:
        return hex(value)
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
