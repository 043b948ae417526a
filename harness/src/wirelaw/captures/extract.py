"""``wirelaw pcap extract``: messages and conversations of captures as inputs for fuzzers, one for
each shape."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from wirelaw import paths
from wirelaw.captures.conversation import Flow, Source, read
from wirelaw.errors import UserError

HELP = "take messages and conversations out of captures, as inputs for fuzzers"

EPILOG = """\
examples:
  wirelaw pcap extract *.pcapng --into corpus           corpus/messages, corpus/sequences
  wirelaw pcap extract field.pcapng --into corpus --decode-as 17501=mqtt5

A message is taken when its shape is new: sender, type, fields, classes of lengths and numbers, what
it breaks. A conversation is taken when the order of its messages is new. Files are named by what is
in them, so extracting again adds only what is new. See docs/pcap.md.
"""
_ENDPOINT = re.compile(r"\[?([0-9a-fA-F:.]+)\]?:(\d+)")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("files", nargs="+", metavar="FILE", help="pcap or pcapng")
    parser.add_argument("--into", required=True, type=Path, metavar="DIR")
    for name, metavar in (("--decode-as", "PORT=P"), ("--keylog", "FILE"), ("--psk", "[ID:]HEX"),
                          ("--protocol", "P")):  # fmt: skip
        parser.add_argument(name, action="append", default=[], metavar=metavar,
                            help="as for 'pcap check'")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="say what was done as JSON")


def run(args: argparse.Namespace) -> int:
    """0; 2 when a capture could not be read. Raises UserError."""
    options = [
        f"--{name}={value}"
        for name in ("decode-as", "keylog", "psk", "protocol")
        for value in getattr(args, name.replace("-", "_"))
    ]
    for folder in ("messages", "sequences"):
        _make(args.into / folder)
    words = ["extract", "--json", "--into", str(args.into / "messages"), *options, *args.files]
    done = subprocess.run(
        [str(paths.program("wirelaw-pcap")), *words], capture_output=True, text=True, check=False
    )
    sys.stderr.write(done.stderr)
    if not done.stdout:
        raise UserError("no message was taken out of the captures")
    document = json.loads(done.stdout)
    written, known, skipped = _sequences(args.files, tuple(options), args.into / "sequences")
    document |= {"sequences": {"written": written, "known": known, "skipped": skipped}}
    _say(document, args)
    return done.returncode


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"the folder {folder} cannot be made: {error.strerror}") from None


def _say(document: dict[str, object], args: argparse.Namespace) -> None:
    if args.json:
        json.dump(document, sys.stdout)
        print()
        return
    sequences = document["sequences"]
    assert isinstance(sequences, dict)
    print(f"{document['messages']} messages: {document['written']} new shapes, {document['known']} "
          f"were there already, in {args.into / 'messages'}")  # fmt: skip
    print(f"{sequences['written']} new conversations, {sequences['known']} were there already, in "
          f"{args.into / 'sequences'}")  # fmt: skip
    if sequences["skipped"]:
        print(f"{sequences['skipped']} conversations are not over plain TCP, and are left out")


# Conversations


def shape_of(flow: Flow) -> tuple[tuple[bool, str, tuple[str, ...]], ...]:
    """Who said which type and broke what, in order; a type said several times in a row counts
    once."""
    said = (
        (item.from_client, str(item.type or item.kind), tuple(b.requirement for b in item.broken))
        for item in flow.items
    )
    return tuple(each for each, _ in itertools.groupby(said))


def _sequences(files: list[str], options: tuple[str, ...], folder: Path) -> tuple[int, int, int]:
    """How many were written, were there already, and are left out."""
    seen: set[object] = set()
    written = known = skipped = 0
    for file in files:
        try:
            flows = read(Source(file, options))
        except UserError:
            continue  # told by what took the messages
        for flow in flows:
            shape = shape_of(flow)
            if shape in seen:
                continue
            seen.add(shape)
            octets = _sequence(file, flow) if flow.transport == "tcp" else None
            if octets is None:
                skipped += 1
                continue
            path = folder / f"{hashlib.sha256(octets).hexdigest()[:40]}.seq"
            known += path.exists()
            written += not path.exists()
            path.write_bytes(octets)
    return written, known, skipped


def _sequence(file: str, flow: Flow) -> bytes | None:
    """The flow as fuzz/seq/seq.h has it; None when it cannot be said so."""
    ends = [_ENDPOINT.fullmatch(end) for end in (flow.client, flow.server)]
    if not all(ends):
        return None
    hosts = " and ".join(f"host {end[1]} and tcp port {end[2]}" for end in ends if end)
    with tempfile.NamedTemporaryFile(suffix=".seq") as made:
        command = [str(paths.program("wirelaw-seq")), "from-pcapng", file, made.name, hosts]
        done = subprocess.run(command, capture_output=True, check=False)
        return Path(made.name).read_bytes() if done.returncode == 0 else None
