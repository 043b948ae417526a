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

    from wirelaw.bench import Outcome
    from wirelaw.bench.peers import Peer

HELP = "how fast the codecs are, beside others, on this machine"

EPILOG = """\
examples:
  wirelaw bench codec mqtt               ns for each message, ours and the peers that are here
  wirelaw bench codec mqtt --get-peers   download and compile the peers first
  wirelaw bench codec mqtt --peer ./libmine.so
  wirelaw bench codec mqtt --json

Peers are compiled with -O2, as the release is. docs/bench.md tells what is measured, and how to put
a codec of your own beside the others.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("what", choices=["codec"], help="what to measure")
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


def run(args: argparse.Namespace) -> int:
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
