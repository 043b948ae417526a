"""``wirelaw pcap to-case``: a captured conversation becomes a case with expectations, ready to
edit."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wirelaw.captures import choice
from wirelaw.errors import UserError

HELP = "turn a captured conversation into a case with expectations"

EPILOG = """\
examples:
  wirelaw pcap to-case field.pcapng                    a case for the server, on standard output
  wirelaw pcap to-case field.pcapng --flow 3 --flow 4 -o case.yaml
  wirelaw pcap to-case field.pcapng --role client      a case for the client
  wirelaw check mqtt5 --cases case.yaml --iut mosquitto

What the IUT chose itself is not expected: packet identifiers are bound and used again, client
identifiers and topics are those of the run, credentials the IUT's own. See docs/pcap.md.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    choice.add_arguments(parser)
    parser.add_argument(
        "--role", choices=("server", "client"), default="server",
        help="which side the case tests; default: server",
    )  # fmt: skip
    parser.add_argument("--id", metavar="ID", help="of the case; default: from the file's name")
    parser.add_argument("-o", "--output", type=Path, metavar="CASE.yaml")


def run(args: argparse.Namespace) -> int:
    """Writes the case; 0. Raises UserError."""
    from wirelaw.captures.cases import to_case

    source, flows = choice.conversation(args)
    text = to_case(source, flows, args.role, args.id)
    if args.output is None:
        sys.stdout.write(text)
        return 0
    try:
        args.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{args.output} cannot be written: {error.strerror}") from None
    return 0
