"""From the raw mapping of one case to Case objects, one for each row of its matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wirelaw import when
from wirelaw.cases import grammar, matrix
from wirelaw.cases.context import Context
from wirelaw.cases.dialects import Dialect
from wirelaw.cases.model import ISOLATIONS, MAX_REQUIREMENTS, ROLES, Case, Source, Step
from wirelaw.engine.actions import Send, Silence
from wirelaw.engine.values import substitute

KEYS = (
    "id", "title", "role", "protocols", "requires", "when", "transports", "isolation", "slow",
    "bulk", "matrix", "kills", "note", "preamble", "body",
)  # fmt: skip
TRANSPORTS = ("tcp", "tls", "ws", "wss", "udp", "dtls")
SLOW_FROM = 3.0  # seconds of waiting


@dataclass(frozen=True)
class Place:
    """What all cases of one file share."""

    path: str  # relative to the folder that holds `conformance`
    file: Path
    dialect: Dialect
    protocols: tuple[str, ...]  # those that the folder's cases may be of


def read_case(
    ctx: Context, raw: Any, place: Place, function: Callable[..., Any] | None = None
) -> Iterator[Case]:
    """The cases of `ctx.protocol` that one mapping says; none when it is for another protocol.

    `ctx` is fresh for each case. Raises CaseError.
    """
    if not isinstance(raw, Mapping):
        ctx.fail("a case is a mapping that begins with `- id: ...`")
    ctx.line = getattr(raw, "line", ctx.line)
    if not isinstance(raw.get("id"), str) or not _is_slug(raw["id"]):
        ctx.fail("`id` is missing, or has other characters than a-z, 0-9 and -", raw)
    ctx.case = raw["id"]
    ctx.only_keys(raw, KEYS, "a case")
    protocols = _protocols(ctx, raw, place)
    if ctx.protocol not in protocols:
        return
    for suffix, parameters in matrix.expand(ctx, raw.get("matrix"), raw):
        row = replace(ctx, case=raw["id"] + suffix, parameters=parameters, bound=set())
        yield _one(row, substitute(raw, parameters), place, protocols, function)


def _is_slug(text: str) -> bool:
    return (
        bool(text)
        and text[0].isalnum()
        and all(c.isdigit() or "a" <= c <= "z" or c == "-" for c in text)
    )


def _strings(ctx: Context, raw: Any, what: str, where: Any) -> tuple[str, ...]:
    if raw is None:
        return ()
    found = raw if isinstance(raw, list) else [raw]
    if not all(isinstance(one, str) for one in found):
        ctx.fail(f"`{what}` is a name or a list of names", where)
    return tuple(found)


def _protocols(ctx: Context, raw: Mapping[str, Any], place: Place) -> tuple[str, ...]:
    named = _strings(ctx, raw.get("protocols", list(place.protocols[:1])), "protocols", raw)
    for name in named:
        if name not in place.protocols:
            ctx.fail(f"`protocols` names `{name}`; here are {', '.join(place.protocols)}", raw)
    return named


def _ids(ctx: Context, raw: Any, where: Any) -> tuple[str, ...]:
    """The requirement ids of this protocol's catalogue in a `requires`."""
    named = _strings(ctx, raw, "requires", where)
    for name in named:
        if name not in ctx.all_ids:
            ctx.fail(f"no catalogue has the requirement {name}; 'wirelaw spec' lists them", where)
    return tuple(name for name in named if name in ctx.ids)


def _when(ctx: Context, raw: Mapping[str, Any]) -> str:
    parts = _strings(ctx, raw.get("when"), "when", raw)
    text = parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)
    try:
        when.parse(text)
    except when.WhenError as error:
        ctx.fail(f"`when`: {error}", raw)
    return text


def _choice(ctx: Context, raw: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str:
    value = raw.get(key, known[0])
    if value not in known:
        ctx.fail(f"`{key}` is one of {', '.join(known)}, not `{value}`", raw)
    return str(value)


def _one(
    ctx: Context, raw: Mapping[str, Any], place: Place, protocols: tuple[str, ...],
    function: Callable[..., Any] | None,
) -> Case:  # fmt: skip
    case_ids = _ids(ctx, raw.get("requires"), raw)
    case_kills = _strings(ctx, raw.get("kills"), "kills", raw)
    drafts = [] if function else list(_drafts(ctx, raw, place.dialect))
    ids = tuple(dict.fromkeys([*case_ids, *(one for d in drafts if (one := d.own_id))]))
    if not ids:
        ctx.fail(f"names no requirement of {ctx.protocol}; add `requires:`", raw)
    if len(ids) > MAX_REQUIREMENTS:
        ctx.fail(f"names {len(ids)} requirements, at most {MAX_REQUIREMENTS}; split it", raw)
    only = ids[0] if len(ids) == 1 else None
    steps = tuple(make_step(ctx, draft, i, only, case_kills) for i, draft in enumerate(drafts))
    if not function:
        _check_steps(ctx, steps, raw)
    seconds = sum(draft.parsed.seconds for draft in drafts)
    transports = _strings(ctx, raw.get("transports"), "transports", raw)
    for name in transports:
        if name not in TRANSPORTS:
            ctx.fail(f"`transports` names `{name}`; there are {', '.join(TRANSPORTS)}", raw)
    slow = raw.get("slow", seconds > SLOW_FROM)
    bulk = raw.get("bulk", False)
    if not isinstance(slow, bool) or not isinstance(bulk, bool):
        ctx.fail("`slow` and `bulk` are true or false", raw)
    kills = dict.fromkeys([*case_kills, *(one for step in steps for one in step.kills)])
    return Case(
        id=ctx.case,
        title=str(raw.get("title") or raw["id"].replace("-", " ").capitalize()),
        protocol=ctx.protocol,
        role=_choice(ctx, raw, "role", ROLES),
        protocols=protocols,
        requirements=ids,
        steps=steps,
        kills=tuple(kills),
        isolation=_choice(ctx, raw, "isolation", ISOLATIONS),
        when=_when(ctx, raw),
        transports=transports,
        slow=slow,
        seconds=seconds,
        bulk=bulk,
        source=Source(place.path, getattr(raw, "line", ctx.line), place.file),
        note=raw.get("note"),
        parameters=ctx.parameters,
        function=function,
    )


@dataclass
class Draft:
    """A step that is read but not bound yet. `own_id` is the id that it names itself."""

    parsed: grammar.Parsed
    text: str
    line: int
    preamble: bool
    own_id: str | None
    kills: tuple[str, ...]
    note: str | None


def _drafts(ctx: Context, raw: Mapping[str, Any], dialect: Dialect) -> Iterator[Draft]:
    for part in ("preamble", "body"):
        steps = raw.get(part) or []
        if not isinstance(steps, list):
            ctx.fail(f"`{part}` is a list of steps", raw)
        for step in steps:
            draft = read_step(ctx, step, dialect, part == "preamble")
            if draft is not None:
                yield draft


def read_step(ctx: Context, raw: Any, dialect: Dialect, preamble: bool) -> Draft | None:
    """One step; None when its `only` leaves it out here."""
    options = _options(raw)
    line = getattr(raw, "line", ctx.line)
    if not _included(ctx, options.get("only"), raw):
        return None
    parsed = grammar.parse(ctx, raw, dialect)
    ids = _ids(ctx, options.get("requires"), raw)
    if len(ids) > 1:
        ctx.fail("a step proves one requirement; split it", raw)
    kills = _strings(ctx, options.get("kills"), "kills", raw)
    return Draft(
        parsed,
        grammar.shown(raw),
        line,
        preamble,
        ids[0] if ids else None,
        kills,
        options.get("note"),
    )


def _options(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping) or not raw:
        return {}
    if "wait" in raw:
        return raw
    body = next(iter(raw.values()))
    return body if isinstance(body, Mapping) else {}


def _included(ctx: Context, only: Any, where: Any) -> bool:
    if only is None:
        return True
    if isinstance(only, Mapping):
        for name, values in only.items():
            if name not in ctx.parameters:
                ctx.fail(f"`only` names `{name}`, which is no parameter of the matrix", where)
            if ctx.parameters[name] not in (values if isinstance(values, list) else [values]):
                return False
        return True
    return ctx.protocol in _strings(ctx, only, "only", where)


def bind(draft: Draft, only: str | None) -> str | None:
    """The requirement that a step is bound to; docs/cases.md, "What a step proves"."""
    if draft.own_id or draft.preamble or not draft.parsed.judges:
        return draft.own_id
    return only


def make_step(
    ctx: Context, draft: Draft, index: int, only: str | None, case_kills: tuple[str, ...]
) -> Step:
    """The step, bound."""
    requirement = bind(draft, only)
    kills = draft.kills or (case_kills if requirement else ())
    parsed = draft.parsed
    return Step(
        index, draft.line, parsed.conn, parsed.action, parsed.args, draft.text,
        draft.preamble, requirement, kills, draft.note, ctx.ids.get(requirement or "", True),
    )  # fmt: skip


def _check_steps(ctx: Context, steps: tuple[Step, ...], raw: Mapping[str, Any]) -> None:
    if not any(step.requirement for step in steps):
        ctx.fail(
            "no step is bound to a requirement, so it cannot fail; add `requires:` to one", raw
        )
    for i, step in enumerate(steps):
        if isinstance(step.args, Silence) and not step.args.park and not _shown_alive(steps, i):
            ctx.line = step.line
            ctx.fail(
                "a `none` proves nothing unless something follows on its connection that shows it "
                "alive: `expect`, `ping` or `barrier`; or use `park`"
            )


def _shown_alive(steps: tuple[Step, ...], at: int) -> bool:
    return any(
        step.conn == steps[at].conn and not isinstance(step.args, (Send, Silence, str, bool))
        for step in steps[at + 1 :]
    )
