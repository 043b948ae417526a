"""The JSON schema of cases, made from the tables: what editors complete and check cases with.

    python -m wirelaw.cases.schema [--check] [FILE]

writes conformance/case.schema.json (or FILE); `--check` exits with 1 when it is not what the tables
say.
The loader does not use it: its own checks see more, and say it in sentences with file and line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.cases import dialects, grammar
from wirelaw.cases.model import ISOLATIONS, ROLES
from wirelaw.cases.reader import KEYS, TRANSPORTS
from wirelaw.engine import binding
from wirelaw.engine.codec import EDITS, codec_of
from wirelaw.engine.compare import CONDITIONS
from wirelaw.engine.tables import Field, Type
from wirelaw.iut.descriptor import CLIENT_PICS, PROTOCOLS, SERVER_PICS

TARGET = "conformance/case.schema.json"
_VARIABLE = {"type": "string", "pattern": r"\$"}
_REQUIRES = {"$ref": "#/$defs/requires"}
_COMMON = {
    "requires": _REQUIRES,
    "kills": {"$ref": "#/$defs/names"},
    "only": {"description": "a protocol, or a value of the matrix: {end: rst}"},
    "note": {"type": "string"},
}


def schema() -> dict[str, Any]:
    """The schema of a file of cases, for all families."""
    known = dict.fromkeys(dialects.family_of(name) for name in binding.variants())
    families = [family for family in known if dialects.has_cases(family)]
    documents = [_family(family) for family in families]
    defs: dict[str, Any] = {
        "requires": {"$ref": "#/$defs/names"},
        "names": {"type": ["string", "array"], "items": {"type": "string"}},
        "value": {"description": "a value, {hex: ...} or {fill: x, len: n}"},
        "edit": _edit(),
        "patterns": {
            "description": "TYPE, TYPE>=0x80, {TYPE: {field: value}}, or a list of them",
            "type": ["string", "object", "array"],
        },
        "bind": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    steps = []
    protocols: list[str] = []
    for family, (part, step) in zip(families, documents, strict=True):
        defs |= part
        steps.append(step)
        protocols += [name for name in dialects.protocols_of(family) if name in PROTOCOLS]
    defs["step"] = steps[0] if len(steps) == 1 else {"anyOf": steps}
    defs["case"] = _case(protocols)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Made from the tables by `python -m wirelaw.cases.schema`. Do not edit.",
        "title": "Conformance cases of wirelaw",
        "type": "array",
        "items": {"$ref": "#/$defs/case"},
        "$defs": defs,
    }


def _object(properties: Mapping[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "object",
        "properties": dict(properties),
        "patternProperties": {r"\$": {}},
        "additionalProperties": False,
    }
    if required:
        made["required"] = list(required)
    return made


def _case(protocols: list[str]) -> dict[str, Any]:
    steps = {"type": "array", "items": {"$ref": "#/$defs/step"}}
    pics = ", ".join(sorted(SERVER_PICS | CLIENT_PICS))
    properties = {
        "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"},
        "title": {"type": "string"},
        "role": {"enum": list(ROLES)},
        "protocols": {"type": "array", "items": {"enum": protocols}},
        "requires": _REQUIRES,
        "when": {"$ref": "#/$defs/names", "description": f"PICS expressions over {pics}"},
        "transports": {"type": "array", "items": {"enum": list(TRANSPORTS)}},
        "isolation": {"enum": list(ISOLATIONS)},
        "slow": {"type": "boolean"},
        "bulk": {"type": "boolean"},
        "matrix": {"type": ["object", "array"]},
        "kills": {"$ref": "#/$defs/names"},
        "note": {"type": "string"},
        "preamble": steps,
        "body": steps,
    }
    assert tuple(properties) == KEYS
    return {**_object(properties, ("id", "body")), "patternProperties": {}}


def _edit() -> dict[str, Any]:
    path = {"type": "string", "description": "a path of the span map: topic.length"}
    properties = {op: path for op in EDITS}
    properties["swap"] = {"type": "array", "items": path, "minItems": 2, "maxItems": 2}
    extra = {"to": {}, "bytes": {}, "keep_lengths": {"type": "boolean"}}
    return {**_object(properties | extra), "minProperties": 1}


def _scalar(field: Field) -> dict[str, Any]:
    if not field.is_number:
        return {"$ref": "#/$defs/value"}
    known: list[dict[str, Any]] = [
        {"type": "integer", "minimum": 0},
        {"type": "boolean"},
        _VARIABLE,
    ]
    if field.names:
        known.insert(0, {"enum": list(field.names)})
    return {"anyOf": known}


def _value(field: Field) -> dict[str, Any]:
    """A value of a field to be sent."""
    if field.kind == "items":
        item = _object({name: _scalar(each) for name, each in field.items.items()})
        only = field.only_item
        plain = _scalar(only) if only else _VARIABLE | {"pattern": ""}
        return {"anyOf": [{"type": "array", "items": {"anyOf": [plain, item]}}, _VARIABLE]}
    if field.kind == "pair":
        return {"anyOf": [{"type": "array"}, _VARIABLE]}
    if field.repeatable:
        return {"anyOf": [_scalar(field), {"type": "array", "items": _scalar(field)}]}
    return _scalar(field)


def _wanted(field: Field) -> dict[str, Any]:
    """A value of a field that is expected: a value, several, or a condition."""
    condition = {"type": "object", "properties": {name: {} for name in CONDITIONS}}
    if field.kind in ("items", "pair"):
        return {"anyOf": [{"type": "array"}, condition, _VARIABLE]}
    one = _scalar(field)
    return {"anyOf": [one, {"type": "array", "items": {"anyOf": [one, condition]}}, condition]}


def _fields(each: Type, wanted: bool) -> dict[str, Any]:
    make = _wanted if wanted else _value
    plain = {
        name: make(field)
        for name, field in each.fields.items()
        if field.allowed
        and field.kind not in ("length", "tagged")
        and not (field.carrier if wanted else field.derived)
    }
    for name, group in each.groups.items():
        inner = {key: make(field) for key, field in group.items() if field.allowed}
        if wanted:
            inner |= {"present": {"type": "boolean"}, "absent": {"type": "boolean"}}
        plain[name] = {"anyOf": [_object(inner), _VARIABLE]}
    return plain


def _family(family: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The definitions of one family, and the schema of its steps."""
    tables = codec_of(dialects.protocols_of(family)[0]).tables
    defs: dict[str, Any] = {}
    for name, each in tables.types.items():
        extra = {"credentials": {"const": False}} if "user_name" in each.fields else {}
        defs[f"{family}.{name}"] = _object(_fields(each, False) | extra)
        defs[f"{family}.{name}.wanted"] = _object(_fields(each, True))
    actions = [*_generic(family, defs), *_flows(family, defs)]
    defs[f"{family}.action"] = {"anyOf": actions}
    conn = {"$ref": f"#/$defs/{family}.action"}
    stimuli = [*grammar.OWN_IUT, *dialects.dialect_of(family).stimuli]
    iut = {"type": "object", "required": ["do"], "properties": {"do": {"enum": stimuli}}}
    step = {
        "type": "object",
        "properties": {"iut": iut, "wait": {}, "only": _COMMON["only"], "note": {"type": "string"}},
        "patternProperties": {f"^(?!iut$|wait$|only$|note$){grammar.CONN.pattern}$": conn},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return defs, step


_OPTION_SCHEMAS: dict[str, Any] = {
    "bind": {"$ref": "#/$defs/bind"},
    "edit": {
        "anyOf": [
            {"$ref": "#/$defs/edit"},
            {"type": "array", "items": {"$ref": "#/$defs/edit"}},
            _VARIABLE,
        ]
    },  # fmt: skip
    "split": {"anyOf": [{"type": "integer", "minimum": 1}, _VARIABLE]},
    "frame": {"enum": ["binary", "text"]},
    "tolerate": {"$ref": "#/$defs/patterns"},
    "none_before": {"$ref": "#/$defs/patterns"},
    "after_any": {"$ref": "#/$defs/patterns"},
    "prefer": {"type": ["object", "string", "array"]},
    "within": {"anyOf": [{"type": "number", "minimum": 0}, _VARIABLE]},
    "not_before": {"anyOf": [{"type": "number", "minimum": 0}, _VARIABLE]},
    "expect": {"type": "object"},
    "granted": {"type": ["array", "integer", "string", "object"]},
}
_KINDS: dict[str, Any] = {
    "any_of": {"$ref": "#/$defs/patterns"}, "all_of": {"$ref": "#/$defs/patterns"},
    "none": {"$ref": "#/$defs/patterns"}, "park": {"$ref": "#/$defs/patterns"},
    "end": {"anyOf": [{"enum": list(grammar.ENDS)}, _VARIABLE]},
    "open": {"type": ["object", "null"]}, "read": {"type": "boolean"},
}  # fmt: skip


def _action(
    name: str, what: Any, options: Iterable[str], fields: Mapping[str, Any]
) -> dict[str, Any]:
    known = {option: _OPTION_SCHEMAS[option] for option in options}
    return _object({name: what} | fields | known | _COMMON, (name,))


def _refer(name: str, fields: Iterable[str]) -> dict[str, Any]:
    """The fields of a definition, by reference."""
    return {field: {"$ref": f"#/$defs/{name}/properties/{field}"} for field in fields}


def _generic(family: str, defs: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = []
    for name in list(defs):
        action = "expect" if name.endswith(".wanted") else "send"
        fields = _refer(name, defs[name]["properties"])
        packet = {"anyOf": [{"const": name.split(".")[1]}, _VARIABLE]}
        made.append(_action(action, packet, grammar.ACTIONS[action], fields))
    raw = {"anyOf": [{"type": "string", "pattern": r"^([0-9a-f]{2}\s*)+$|\$"}, {"type": "array"},
                     {"type": "object", "maxProperties": 1}]}  # fmt: skip
    made.append(_action("send", raw, ("split", "frame"), {}))
    made.append(_action("expect", {"const": "closed"}, grammar.ACTIONS["expect"], {}))
    for name, what in _KINDS.items():
        made.append(_action(name, what, grammar.ACTIONS[name], {}))
    return made


def _flows(family: str, defs: Mapping[str, Any]) -> list[dict[str, Any]]:
    made = []
    for name, flow in dialects.dialect_of(family).flows.items():
        what: Any = {}
        if flow.sends:
            kind = ".wanted" if flow.wanted else ""
            what = {"anyOf": [{"$ref": f"#/$defs/{family}.{flow.sends}{kind}"},
                              {"type": ["null", "array", "string"]}]}  # fmt: skip
        beside: dict[str, Any] = {}
        for answer in flow.answers:
            wanted = f"{family}.{answer}.wanted"
            beside |= _refer(wanted, defs[wanted]["properties"])
        made.append(_action(name, what, flow.options, beside))
    return made


def render() -> str:
    """The text of the tracked file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def main(argv: list[str]) -> int:
    """See the module."""
    check = "--check" in argv
    named = [arg for arg in argv if not arg.startswith("--")]
    file = Path(named[0]) if named else paths.data("conformance").parent / TARGET
    text = render()
    if check:
        return 0 if file.is_file() and file.read_text(encoding="utf-8") == text else 1
    file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
