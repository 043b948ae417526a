"""The part of the command line that says which conversation of which capture is meant."""

from __future__ import annotations

import argparse

from wirelaw.captures.conversation import Flow, Source, choose, read
from wirelaw.errors import UserError

_OPTIONS = (
    ("--protocol", "P", "what conversations are that begin before the capture: mqtt5, mqtt311"),
    ("--decode-as", "PORT=P", "what is spoken at a port; may be given again"),
    ("--keylog", "FILE", "secrets of TLS, as SSLKEYLOGFILE has them; may be given again"),
    ("--psk", "[ID:]HEX", "a pre-shared key of TLS or DTLS; may be given again"),
    ("--filter", "EXPRESSION", "of packets, in libpcap's language: 'tcp port 1883'"),
)


def add_arguments(parser: argparse.ArgumentParser, flows: bool = True) -> None:
    """FILE, --flow (with `flows`), and what is needed to read the capture."""
    parser.add_argument("file", metavar="FILE", help="pcap or pcapng; - is standard input")
    if flows:
        parser.add_argument(
            "--flow", action="append", type=int, default=[], metavar="N",
            help="this one, as 'pcap check' numbers them; may be given again; default: all of the "
                 "first one's server",
        )  # fmt: skip
    for name, metavar, text in _OPTIONS:
        parser.add_argument(name, action="append", default=[], metavar=metavar, help=text)


def source_of(args: argparse.Namespace) -> Source:
    """The capture. Raises UserError."""
    words = []
    for name, _, _ in _OPTIONS:
        values = getattr(args, name.removeprefix("--").replace("-", "_"))
        if len(values) > 1 and name in ("--protocol", "--filter"):
            raise UserError(f"{name} was given twice; leave one out")
        words += [f"{name}={value}" for value in values]
    return Source(args.file, tuple(words))


def conversation(args: argparse.Namespace) -> tuple[Source, list[Flow]]:
    """The capture and the flows that were chosen. Raises UserError."""
    source = source_of(args)
    return source, choose(read(source), args.flow, source)
