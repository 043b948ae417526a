"""``wirelaw encode``: bytes from the fields of a packet, legal or not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
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
  wirelaw encode coap GET '{message_id: 7, token: ab, uri_path: [a, b], unknown: [[2053, x]]}'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("protocol", help="mqtt311, mqtt5 or coap")
    parser.add_argument("packet", nargs="?", help="its type, as CONNECT")
    parser.add_argument("fields", nargs="?", default="{}", metavar="FIELDS")
    parser.add_argument("--list", nargs="?", const="", metavar="PACKET",
                        help="the packets, or the fields of one")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from wirelaw.engine.codec import BuildError, codec_of

    codec = codec_of(args.protocol)
    if args.list is not None or args.packet is None:
        return _list(codec, args.list or args.packet, args.json)
    if args.packet not in codec.types:
        raise UserError(
            f"{args.protocol} has no packet {args.packet}; it has {', '.join(codec.types)}"
        )
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
        raise UserError(
            "FIELDS holds a variable; only steps of cases have those ($$ is a dollar sign)"
        )
    wire = codec.build(args.packet, values)
    return codec.edit(wire, changes) if changes else wire


def _list(codec: Any, packet: str | None, as_json: bool) -> int:
    if packet is None:
        print(json.dumps(list(codec.types)) if as_json else "\n".join(codec.types))
        return 0
    if packet not in codec.types:
        raise UserError(f"{codec.variant} has no packet {packet}; it has {', '.join(codec.types)}")
    fields = list(_fields(codec, packet))
    if as_json:
        json.dump(
            [{"name": n, "kind": f.kind, "values": dict(f.names)} for n, f in fields], sys.stdout
        )
        print()
        return 0
    for name, field in fields:
        print(f"{name:<38}{field.kind:<8}{', '.join(field.names)[:120]}".rstrip())
    return 0


def _fields(codec: Any, packet: str) -> Iterator[tuple[str, Any]]:
    """The fields that this variant has, those of the will as `will: topic`."""
    each = codec.types[packet]
    for name, field in each.fields.items():
        if field.allowed and not field.derived and not codec.lacks(packet, name):
            yield name, field
    for group, inner in each.groups.items():
        for name, field in inner.items():
            if field.allowed and not codec.lacks(packet, field.list_name or field.raw):
                yield f"{group}: {name}", field
