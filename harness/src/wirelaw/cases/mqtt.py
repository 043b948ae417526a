"""The whole flows of MQTT, as steps write them: connect, publish, subscribe and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wirelaw.cases.context import Context, as_map
from wirelaw.cases.dialects import Dialect, FlowGrammar
from wirelaw.cases.grammar import COMMON, packet
from wirelaw.cases.patterns import patterns
from wirelaw.cases.strictyaml import Map
from wirelaw.engine.actions import Flow, Packet

_AROUND = ("tolerate", "none_before", "within", "not_before")
_ACKS = ("PUBACK", "PUBREC", "PUBCOMP")


def _answer(
    ctx: Context,
    raw: Mapping[str, Any],
    action: str,
    types: tuple[str, ...],
    known: tuple[str, ...],
) -> Any:
    """The fields of the answer that stand beside the flow's own key."""
    skip = (action, *known, *COMMON)
    fields = {key: value for key, value in raw.items() if key not in skip}
    for name in types:
        each = ctx.tables.types[name]
        if all(key in each.fields or key in each.groups for key in fields):
            return ctx.fields(each, fields, raw, wanted=True)
    return ctx.fields(ctx.tables.types[types[0]], fields, raw, wanted=True)


def _connect(ctx: Context, raw: Mapping[str, Any]) -> Flow:
    sends = packet(ctx, Map(CONNECT=as_map(raw["connect"])), raw)
    answer = _answer(ctx, raw, "connect", ("CONNACK",), ("bind",))
    return Flow(sends, answer, ctx.bind(raw.get("bind"), raw))


def _publish(ctx: Context, raw: Mapping[str, Any]) -> Flow:
    sends = packet(ctx, Map(PUBLISH=as_map(raw["publish"])), raw)
    answer = _answer(ctx, raw, "publish", _ACKS, ("bind",))
    return Flow(sends, answer, ctx.bind(raw.get("bind"), raw))


def _receive(ctx: Context, raw: Mapping[str, Any]) -> Flow:
    ctx.only_keys(raw, ("receive", "bind", *_AROUND, *COMMON), "`receive`")
    wanted = ctx.fields(ctx.tables.types["PUBLISH"], as_map(raw["receive"]), raw, wanted=True)
    options: dict[str, Any] = {
        key: patterns(ctx, raw[key], raw) for key in ("tolerate", "none_before") if key in raw
    }
    options |= {key: ctx.seconds(raw.get(key), key, raw) for key in ("within", "not_before")}
    return Flow(Packet("PUBLISH", {}), wanted, ctx.bind(raw.get("bind"), raw), options)


def _filters(name: str, answer: str, alias: str) -> Callable[[Context, Mapping[str, Any]], Flow]:
    """SUBSCRIBE and UNSUBSCRIBE: a list of filters, or a mapping of the packet's fields."""

    def read(ctx: Context, raw: Mapping[str, Any]) -> Flow:
        action = name.lower()
        what = raw[action]
        fields = what if isinstance(what, Mapping) else Map(filters=what)
        if isinstance(fields.get("filters"), str):
            fields = Map({**fields, "filters": [fields["filters"]]})
        sends = packet(ctx, Map({name: fields}), raw)
        beside = {("reasons" if key == alias else key): value for key, value in raw.items()}
        if "reasons" in beside and not isinstance(beside["reasons"], list):
            beside["reasons"] = [beside["reasons"]]
        answers = _answer(ctx, Map(beside), action, (answer,), ("bind",))
        return Flow(sends, answers, ctx.bind(raw.get("bind"), raw))

    return read


def _ping(action: str) -> Callable[[Context, Mapping[str, Any]], Flow]:
    def read(ctx: Context, raw: Mapping[str, Any]) -> Flow:
        ctx.only_keys(raw, (action, "within", *COMMON), f"`{action}`")
        within = ctx.seconds(raw.get("within"), "within", raw)
        return Flow(Packet("PINGREQ", {}), {}, (), {"within": within})

    return read


def _disconnect(ctx: Context, raw: Mapping[str, Any]) -> Flow:
    ctx.only_keys(raw, ("disconnect", *COMMON), "`disconnect`")
    return Flow(packet(ctx, Map(DISCONNECT=as_map(raw["disconnect"])), raw), {}, ())


def _accept(ctx: Context, raw: Mapping[str, Any]) -> Flow:
    ctx.only_keys(raw, ("accept", "expect", "bind", "within", *COMMON), "`accept`")
    wanted = ctx.fields(ctx.tables.types["CONNECT"], as_map(raw.get("expect")), raw, wanted=True)
    within = {"within": ctx.seconds(raw.get("within"), "within", raw)}
    bind = ctx.bind(raw.get("bind"), raw)
    return Flow(packet(ctx, Map(CONNACK=as_map(raw["accept"])), raw), wanted, bind, within)


def _grant(ctx: Context, raw: Mapping[str, Any]) -> Flow:
    ctx.only_keys(raw, ("grant", "expect", "bind", "within", *COMMON), "`grant`")
    what = raw["grant"]
    request, reply = (
        ("UNSUBSCRIBE", "UNSUBACK") if what == "unsubscribe" else ("SUBSCRIBE", "SUBACK")
    )
    fields = (
        {} if what == "unsubscribe" else what if isinstance(what, Mapping) else {"reasons": what}
    )
    wanted = ctx.fields(ctx.tables.types[request], as_map(raw.get("expect")), raw, wanted=True)
    within = {"within": ctx.seconds(raw.get("within"), "within", raw), "request": request}
    bind = ctx.bind(raw.get("bind"), raw)
    return Flow(packet(ctx, Map({reply: Map(fields)}), raw), wanted, bind, within)


DIALECT = Dialect(
    family="mqtt",
    flows={
        "connect": FlowGrammar(_connect, sends="CONNECT", answers=("CONNACK",), options=("bind",)),
        "publish": FlowGrammar(_publish, sends="PUBLISH", answers=_ACKS, options=("bind",)),
        "receive": FlowGrammar(
            _receive, judges=True, sends="PUBLISH", wanted=True, options=("bind", *_AROUND)
        ),
        "subscribe": FlowGrammar(
            _filters("SUBSCRIBE", "SUBACK", "granted"), sends="SUBSCRIBE", answers=("SUBACK",),
            options=("bind", "granted"),
        ),
        "unsubscribe": FlowGrammar(
            _filters("UNSUBSCRIBE", "UNSUBACK", "reasons"), sends="UNSUBSCRIBE",
            answers=("UNSUBACK",), options=("bind",),
        ),
        "ping": FlowGrammar(_ping("ping"), judges=True, options=("within",)),
        "barrier": FlowGrammar(_ping("barrier"), options=("within",)),
        "disconnect": FlowGrammar(_disconnect, sends="DISCONNECT"),
        "accept": FlowGrammar(_accept, sends="CONNACK", options=("expect", "bind", "within")),
        "grant": FlowGrammar(_grant, options=("expect", "bind", "within")),
    },
    stimuli={
        "connect": "CONNECT", "publish": "PUBLISH", "subscribe": "SUBSCRIBE",
        "unsubscribe": "UNSUBSCRIBE", "disconnect": "DISCONNECT", "auth": "AUTH",
    },
)  # fmt: skip
