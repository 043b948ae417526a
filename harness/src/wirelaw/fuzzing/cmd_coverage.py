"""``wirelaw fuzz coverage``: what the tracked inputs reach."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "line and branch coverage of each codec by its tracked inputs"

EPILOG = """\
examples:
  wirelaw fuzz coverage
  wirelaw fuzz coverage --files           each file, the least covered first
  wirelaw fuzz coverage --with DIR        with the inputs in DIR/<target>/ beside the tracked ones
  wirelaw fuzz coverage --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("--files", action="store_true", help="each file, too")
    parser.add_argument("--with", dest="extra", action="append", default=[], type=Path, metavar="DIR",
                        help="more inputs, in DIR/<target>/")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from wirelaw.fuzzing import coverage, targets

    parts, files = coverage.measure(targets.tree(), args.extra)
    files.sort(key=lambda row: row.branches_percent)
    if args.json:
        rows = parts + (files if args.files else [])
        listed = [
            {"what": r.what, "lines": r.lines_percent, "branches": r.branches_percent,
             "num_lines": r.lines, "num_branches": r.branches} for r in rows
        ]  # fmt: skip
        print(json.dumps({"rows": listed}, indent=2))
        return 0
    print(f"{'':<40}{'lines':>9}{'branches':>10}")
    for row in parts + (files if args.files else []):
        print(f"{row.what:<40}{row.lines_percent:>8.1f}%{row.branches_percent:>9.1f}%")
    return 0
