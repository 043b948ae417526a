"""``wirelaw encode``: bytes from the fields of a packet, legal or not."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from wirelaw.errors import UserError

HELP = "encode a packet from its fields, legal or not"

EPILOG = """\
FIELDS is a mapping as steps of cases write it (docs/cases.md); `edit` is a list of edits.

examples:
  wirelaw encode mqtt5 PINGREQ
  wirelaw encode mqtt5 PUBLISH '{topic: a/b, qos: 1, packet_id: 7, payload: hello, topic_alias: 3}'
  wirelaw encode mqtt5 CONNECT '{client_id: x, edit: [{force: keep_alive, to: 9}]}'
  wirelaw encode mqtt5 --list CONNECT              its fields and their values
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("protocol", help="mqtt311 or mqtt5")
    parser.add_argument("packet", nargs="?", help="its type, as CONNECT")
    parser.add_argument("fields", nargs="?", default="{}", metavar="FIELDS")
    parser.add_argument("--list", action="store_true", help="the packets, or the fields of one")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from wirelaw.engine.codec import BuildError, codec_of

    codec = codec_of(args.protocol)
    if args.list or args.packet is None:
        return _list(codec, args)
    if args.packet not in codec.types:
        raise UserError(f"{args.protocol} has no packet {args.packet}; it has {', '.join(codec.types)}")
    try:
        wire = _build(codec, args)
    except BuildError as error:
        raise UserError(f"the {args.packet} cannot be made: {error}") from None
    if args.json:
        print(json.dumps({"hex": wire.hex(), "message": codec.document(wire)}, ensure_ascii=False))
    else:
        print(wire.hex())
    return 0


def _build(codec: Any, args: argparse.Namespace) -> bytes:
    from wirelaw.cases import strictyaml
    from wirelaw.engine.values import BadValue, compile_value

    fields = strictyaml.parse(args.fields, "FIELDS")
    if not isinstance(fields, dict):
        raise UserError("FIELDS is a mapping: '{topic: a/b, qos: 1}'")
    edits = fields.pop("edit", None) or []
    try:
        values, changes = compile_value(fields), compile_value(edits)
    except BadValue as error:
        raise UserError(f"FIELDS: {error}") from None
    if not isinstance(values, dict) or not isinstance(changes, list):
        raise UserError("FIELDS holds a variable; only steps of cases have those ($$ is a dollar sign)")
    wire = codec.build(args.packet, values)
    return codec.edit(wire, changes) if changes else wire


def _list(codec: Any, args: argparse.Namespace) -> int:
    if args.packet is None:
        rows = {name: list(each.fields) for name, each in codec.types.items()}
        print(json.dumps(rows) if args.json else "\n".join(rows))
        return 0
    each = codec.types.get(args.packet)
    if each is None:
        raise UserError(f"{args.protocol} has no packet {args.packet}; it has {', '.join(codec.types)}")
    fields = [field for field in each.fields.values() if field.allowed]
    fields = [field for field in fields if not codec.lacks(args.packet, field.name)]
    groups = [(g, field) for g, inner in each.groups.items() for field in inner.values() if field.allowed]
    if args.json:
        json.dump([field.name for field in fields] + [f"{g}.{f.name}" for g, f in groups], sys.stdout)
        print()
        return 0
    for name, field in [(f.name, f) for f in fields] + [(f"{g}: {f.name}", f) for g, f in groups]:
        names = ", ".join(field.names) if field.names else ""
        print(f"{name:<38}{field.kind:<8}{names[:120]}")
    return 0
