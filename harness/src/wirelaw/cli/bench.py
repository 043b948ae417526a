"""``wirelaw bench``: how fast this project is, beside others, on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirelaw.errors import UserError

OURS = "wirelaw"
MAX_ROUNDS = 100_000  # as wirelaw-bench has it

if TYPE_CHECKING:
    from rich.table import Table

    from wirelaw.bench import Outcome, captures
    from wirelaw.bench.peers import Peer

HELP = "how fast codecs, captures and fuzzing are, beside others, on this machine"

EPILOG = """\
examples:
  wirelaw bench codec mqtt               ns for each message, ours and the peers that are here
  wirelaw bench codec mqtt --get-peers   download and compile the peers first
  wirelaw bench codec mqtt --peer ./libmine.so
  wirelaw bench codec mqtt --json
  wirelaw bench pcap                     MB/s of pcap check, beside tshark and plain libpcap
  wirelaw bench pcap --flows 10000       more connections open at a time
  wirelaw bench fuzz                     sessions/s and messages/s beside bare loops, on mosquitto

Peers are compiled with -O2, as the release is. docs/bench.md tells what is measured, and how to put
a codec of your own beside the others.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    whats = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    _configure_codec(whats.add_parser("codec", help="nanoseconds for each message"))
    _configure_fuzz(whats.add_parser("fuzz", help="sessions and messages of 'fuzz iut' for each second"))
    _configure_pcap(whats.add_parser("pcap", help="megabytes of captures for each second"))


def _configure_fuzz(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", nargs="?", metavar="URL", help="of a server; default: mosquitto, started for it")
    parser.add_argument("--protocol", choices=["mqtt5", "mqtt311"], default="mqtt5", help="default: mqtt5")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the median counts (default: 3)")
    parser.add_argument("--seconds", type=int, default=4, metavar="N", help="of each measurement (default: 4)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _configure_codec(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("protocol", choices=["mqtt"], help="of which protocol")
    parser.add_argument(
        "--get-peers", action="store_true", help="first download the peers that are missing"
    )
    parser.add_argument("--no-peers", action="store_true", help="measure ours alone")
    parser.add_argument(
        "--peer", action="append", default=[], type=Path, metavar="FILE.so", help="one more peer"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each is measured")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _configure_pcap(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--megabytes", type=int, default=520, metavar="N", help="size of the capture (default: 520)"
    )
    parser.add_argument(
        "--flows", type=int, default=1000, metavar="N",
        help="connections that are open at a time (default: 1000)",
    )  # fmt: skip
    parser.add_argument(
        "--tshark-megabytes", type=int, default=20, metavar="N",
        help="size of the capture that tshark reads (default: 20)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the fastest counts")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="where captures are made, and deleted again"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    return {"codec": run_codec, "pcap": run_pcap, "fuzz": run_fuzz}[args.what](args)


def run_fuzz(args: argparse.Namespace) -> int:
    from wirelaw.bench import network

    for name in ("rounds", "seconds"):
        if not 1 <= getattr(args, name) <= 100:
            raise UserError(f"--{name} {getattr(args, name)}: from 1 to 100")
    rows = network.measure(
        args.url, args.protocol, args.rounds, args.seconds, lambda text: print(text, file=sys.stderr)
    ).rows()
    if args.json:
        print(json.dumps({"bench": "fuzz", "rows": rows}, indent=2))
        return 0
    for row in rows:
        ours = f"{1 / row['ratio_to_wirelaw']:.0%} of it" if row["subject"] != OURS else ""
        print(f"{row['what']:<28}{row['subject']:<26}{row['value']:>9,} {row['unit']:<12}{ours}")
    return 0


def run_codec(args: argparse.Namespace) -> int:
    from wirelaw import bench
    from wirelaw.bench import peers

    if args.rounds is not None and not 1 <= args.rounds <= MAX_ROUNDS:
        raise UserError(f"--rounds {args.rounds}: from 1 to {MAX_ROUNDS}")
    if args.get_peers:
        peers.get(lambda text: print(text, file=sys.stderr))
    there, missing = ([], list(peers.PEERS)) if args.no_peers else peers.available()
    for path in args.peer:
        if not path.is_file():
            raise UserError(f"--peer {path}: there is no such file")
    outcome = bench.measure([*there, *(path.resolve() for path in args.peer)], args.rounds)
    if args.json:
        print(json.dumps(document(outcome, missing), indent=2))
    else:
        show(outcome, missing)
    return 0


def run_pcap(args: argparse.Namespace) -> int:
    from wirelaw.bench import captures

    names = {"megabytes": 100_000, "flows": 1_000_000, "tshark_megabytes": 10_000, "rounds": 100}
    for name, most in names.items():
        if not 1 <= getattr(args, name) <= most:
            option = name.replace("_", "-")
            raise UserError(f"--{option} {getattr(args, name)}: from 1 to {most}")
    if args.folder is not None and not args.folder.is_dir():
        raise UserError(f"--folder {args.folder}: there is no such folder")
    options = captures.Options(
        args.megabytes, args.flows, args.tshark_megabytes, args.rounds, args.folder
    )
    outcome = captures.measure(options, lambda text: print(text, file=sys.stderr))
    if args.json:
        document = {"bench": "pcap", "rows": outcome.rows(), "missing": outcome.missing}
        print(json.dumps(document, indent=2))
    else:
        show_captures(outcome)
    return 0


def show_captures(outcome: captures.Outcome) -> None:
    """What was read, a row for each reader, and how they compare."""
    from rich.console import Console
    from rich.table import Table

    made, ours = outcome.made, outcome.ours
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(
        f"{made.size / 1e6:.0f} MB, {made.packets} packets, {made.messages} messages, "
        f"{made.flows} connections; {made.disturbed} segments sent twice or out of order",
        soft_wrap=True,
    )
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("reader", no_wrap=True)
    for name in ("MB/s", "messages/s", "peak MB", "read MB"):
        table.add_column(name, justify="right")
    for reading in outcome.readings:
        rate = reading.message_rate
        table.add_row(
            reading.subject, f"{reading.rate:.1f}", "" if rate is None else f"{rate:.0f}",
            f"{reading.memory / 1e6:.0f}", f"{reading.size / 1e6:.0f}",
        )  # fmt: skip
    console.print()
    console.print(table)
    console.print()
    for reading in outcome.readings[1:]:
        console.print(f"{ours.subject} reads {ours.rate / reading.rate:.2f} times as fast as "
                      f"{reading.subject}")  # fmt: skip
    for subject in outcome.missing:
        console.print(f"{subject} is not installed: apt-get install {subject}", style="dim")


def document(outcome: Outcome, missing: list[Peer]) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "bench": "codec mqtt",
        "rows": [row.to_json() for row in outcome.rows],
        "checks": outcome.checks,
        "missing": [{"subject": peer.name, "get": peer.get} for peer in missing],
    }


def show(outcome: Outcome, missing: list[Peer]) -> None:
    """The table, what each codec validates, and how to get those that are missing."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(table_of(outcome))
    console.print("\nwhat each validates:", style="dim")
    for subject, checks in outcome.checks.items():
        console.print(f"  {subject}: {checks}")
    if missing:
        console.print("\nmissing here, and how to get it:", style="dim")
        for peer in missing:
            console.print(f"  {peer.name}: {peer.get}")


def table_of(outcome: Outcome) -> Table:
    """One row for each figure, the fastest of each message first."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("message", "codec"):
        table.add_column(name, no_wrap=True)
    for name in ("ns", "median", "× ours"):
        table.add_column(name, justify="right")
    whats = list(dict.fromkeys(row.what for row in outcome.rows))
    for what in whats:
        label = what
        rows = [row for row in outcome.rows if row.what == what]
        for row in sorted(rows, key=lambda row: row.best):
            figures = (f"{row.best:.1f}", f"{row.median:.1f}", f"{row.ratio:.2f}")
            style = "bold" if row.subject == OURS else None
            table.add_row(label, row.subject, *figures, style=style)
            label = ""
    return table
