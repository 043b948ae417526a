"""``wirelaw decode``: what bytes are, and which rule they break."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.engine.codec import Codec

HELP = "decode bytes, and say which rule they break"

EPILOG = """\
examples:
  wirelaw decode mqtt5 c000                  hex on the command line, spaces allowed
  wirelaw decode mqtt5 packet.bin --spans    a file of bytes, with the path of each field
  wirelaw decode mqtt5 3003 --json           one document for machines
  wirelaw decode coap 40017d34bb74656d7065726174757265

exit status: 0 well-formed, 1 not
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("protocol", help="mqtt311, mqtt5 or coap")
    parser.add_argument("bytes", metavar="HEX|FILE", help="hex, a file, or - for standard input")
    parser.add_argument("--from", dest="side", choices=("client", "server"), default=None,
                        help="who sent it; default: whoever may")  # fmt: skip
    parser.add_argument("--spans", action="store_true", help="where each field is")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from wirelaw.engine.codec import codec_of

    codec = codec_of(args.protocol)
    documents = list(_decode_all(codec, read_bytes(args.bytes), args.side))
    if args.json:
        json.dump(
            documents[0] if len(documents) == 1 else documents, sys.stdout, ensure_ascii=False
        )
        print()
    else:
        for document in documents:
            _print(codec, document, args.spans)
    return 0 if all(document["status"] == "ok" for document in documents) else 1


def read_bytes(given: str) -> bytes:
    """Hex, or the content of a file. Raises UserError."""
    try:
        return bytes.fromhex(given)
    except ValueError:
        pass
    try:
        return sys.stdin.buffer.read() if given == "-" else Path(given).read_bytes()
    except OSError as error:
        raise UserError(
            f"'{given}' is neither hex nor a file that can be read: {error.strerror}"
        ) from None


def _decode_all(codec: Codec, wire: bytes, side: str | None) -> list[dict[str, Any]]:
    """All messages that the bytes hold, one after the other."""
    found = []
    while wire or not found:
        status, length, requirement, offset = codec.frame(wire)
        if status == "need_more":
            found.append(_document(codec, wire, status, None, 0) | {"needs": length - len(wire)})
            break
        if status != "ok":
            found.append(_document(codec, wire, status, requirement, offset))
            break
        found.append(_decode_one(codec, wire[:length], side))
        wire = wire[length:]
    return found


def _decode_one(codec: Codec, wire: bytes, side: str | None) -> dict[str, Any]:
    answers = [
        codec.decode(wire, each == "server") for each in ([side] if side else ["client", "server"])
    ]
    status, requirement, offset = next((a for a in answers if a[0] == "ok"), answers[0])
    return _document(codec, wire, status, requirement, offset)


def _document(
    codec: Codec, wire: bytes, status: str, requirement: str | None, offset: int
) -> dict[str, Any]:
    violation = {"requirement": requirement, "offset": offset} if requirement else None
    return {
        "status": status,
        "message": codec.document(wire) or None,
        "violation": violation,
        "hex": wire.hex(),
    }


def _print(codec: Codec, document: dict[str, Any], spans: bool) -> None:
    wire = bytes.fromhex(document["hex"])
    print(codec.text(wire) if wire else "no bytes")
    if document["status"] == "need_more":
        print(f"  cut short: {document['needs']} more bytes needed at least")
    elif document["violation"]:
        found = document["violation"]
        print(
            f"  {document['status'].replace('_', ' ')} at byte {found['offset']}: "
            f"{found['requirement']}"
        )
    if spans:
        for span in codec.spans(wire):
            value = (
                "" if "value" not in span else f" = {json.dumps(span['value'], ensure_ascii=False)}"
            )
            print(f"  {span['at']:>5} +{span['len']:<5} {span['path'] or '(packet)'}{value}")
