"""``wirelaw pcap anonymise``: a capture that can be attached to a bug report. The C program does
the work; here its result is held to the original: what is wrong must be wrong at the same frames
and bytes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.captures import choice
from wirelaw.errors import UserError

HELP = "replace addresses, names and payloads in a capture, and keep what is wrong"

EPILOG = """\
examples:
  wirelaw pcap anonymise field.pcapng -o shown.pcapng
  wirelaw pcap anonymise a.pcapng -o b.pcapng --key 'our own words'   the same names as in others

Kept: lengths, framing, ports, sequence numbers, times, what breaks a rule. Replaced: addresses,
user names, passwords, client identifiers, topics, payloads, texts. Left out: what is not understood
or encrypted, comments, secrets. See docs/pcap.md.
"""
_LARGEST = 200 << 20  # bytes of a capture that is checked afterwards unless asked to


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    choice.add_arguments(parser, flows=False)
    parser.add_argument("-o", "--output", required=True, metavar="OUT.pcapng")
    parser.add_argument("--key", metavar="TEXT", help="the same names for several captures")
    parser.add_argument(
        "--verify", action=argparse.BooleanOptionalAction, default=None,
        help="check both captures afterwards; default: up to 200 MB",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="say what was done as JSON")


def run(args: argparse.Namespace) -> int:
    """0; 1 when the new capture does not show the same violations. Raises UserError."""
    source = choice.source_of(args)
    words = ["anonymise", "--json", "-o", args.output, *source.options, source.file]
    if args.key is not None:
        words[1:1] = ["--key", args.key]
    done = _program(words)
    if done.returncode != 0:
        raise UserError(done.stderr.strip().partition(": ")[2] or "the capture was not anonymised")
    document = json.loads(done.stdout)
    document |= {"file": source.file, "output": args.output, "same": None}
    if args.verify or (args.verify is None and Path(source.file).stat().st_size <= _LARGEST):
        document |= compared(source.file, args.output, source.options)
    _say(document, args.json)
    return 0 if document["same"] in (None, True) else 1


def _program(words: list[str]) -> subprocess.CompletedProcess[str]:
    command = [str(paths.program("wirelaw-pcap")), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def compared(before: str, after: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
    """Whether both show the same violations, and which are gone or new."""
    one, other = (violations(file, options) for file in (before, after))
    return {
        "same": one == other,
        "lost": [list(each) for each in one if each not in other],
        "new": [list(each) for each in other if each not in one],
    }


def violations(file: str, options: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """What `pcap check` finds: frame, requirement, offset in the message, kind."""
    done = _program(["check", "--json", *options, file])
    if not done.stdout:
        return []
    found = json.loads(done.stdout)["violations"]
    return [(each["frame"], each["requirement"], each["offset"], each["kind"]) for each in found]


def _say(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        json.dump(document, sys.stdout)
        print()
        return
    print(f"{document['output']}: {document['packets']} packets, {document['messages']} messages "
          "with other names")  # fmt: skip
    for each in document["left_out"]:
        print(f"  left out: the payload of {each['packets']} packets ({each['bytes']} bytes): "
              f"{each['reason']}")  # fmt: skip
    if document["changed"]:
        print(f"  in {document['changed']} messages what is wrong could not be kept as it was")
    if document["same"]:
        print("  'pcap check' finds the same in both")
    elif document["same"] is False:
        print(f"  'pcap check' finds other things: {len(document['lost'])} are gone, "
              f"{len(document['new'])} are new")  # fmt: skip
