"""``wirelaw spec``: what a specification demands, and how much of that is tested."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from wirelaw.catalogue import Catalogue, Requirement
    from wirelaw.coverage import Coverage, Gap

HELP = "what a specification demands, and how much of that is tested"

EPILOG = """\
examples:
  wirelaw spec mqtt5                           every requirement of MQTT 5.0
  wirelaw spec mqtt5 --section 3.3 --level MUST  those about PUBLISH that bind
  wirelaw spec mqtt5 MQTT5-3.1.0-2             one of them, in full
  wirelaw spec mqtt311 --coverage              what the cases cover and prove
  wirelaw spec mqtt5 --role client --json      for other programs
"""

LEVELS = ("MUST", "SHOULD", "MAY")
ROLES = ("server", "client")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("protocol", metavar="PROTOCOL", help="mqtt5, mqtt311, mqtt31, coap, coap-observe, coap-block")
    parser.add_argument("id", metavar="ID", nargs="?", help="show this requirement in full")
    parser.add_argument(
        "--level", type=str.upper, choices=LEVELS, help="only MUST, SHOULD or MAY, and its NOT"
    )
    parser.add_argument("--section", metavar="S", help="only this section and those below it")
    parser.add_argument("--role", choices=ROLES, help="only what binds this role")
    parser.add_argument(
        "--coverage", action="store_true", help="count what the cases cover and prove"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from wirelaw import catalogue
    from wirelaw.errors import UserError

    rows = catalogue.load(args.protocol)
    if args.id is not None:
        if args.coverage or args.level or args.section or args.role:
            raise UserError("an ID stands alone: leave the filters and --coverage out")
        return show_one(rows, args.id, args.json)
    selected = rows.select(level=args.level, section=args.section, role=args.role)
    if not selected:
        raise UserError(f"no requirement of {args.protocol} {describe(args)}")
    if args.coverage:
        return show_coverage(rows, selected, args)
    return show_list(rows, selected, args.json)


def describe(args: argparse.Namespace) -> str:
    """The filters of a command line, as the end of a sentence."""
    words = []
    if args.level:
        words.append(f"is a {args.level}")
    if args.section:
        words.append(f"stands in section {args.section}")
    if args.role:
        words.append(f"binds the {args.role}")
    return " and ".join(words)


# ---- one requirement


def show_one(rows: Catalogue, text: str, as_json: bool) -> int:
    from wirelaw.coverage import load_proofs

    row = rows.find(text)
    matrix = load_proofs(rows.protocol)
    faults = [fault for fault in matrix["faults"] if fault["requirement"] == row.id]
    if as_json:
        print_json({"protocol": rows.protocol, "requirement": row.to_json(), "faults": faults})
        return 0
    console = terminal()
    console.print(f"[bold]{row.id}[/]  [{style(row.level)}]{row.level}[/]", markup=True)
    console.print()
    console.print(row.statement)
    console.print()
    for name, value in facts(row, faults):
        if value:
            console.print(field(name, value))
    return 0


def facts(row: Requirement, faults: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """What there is to say of a requirement beside its statement: label and text."""
    return [
        ("section", row.section),
        ("in the text", f"“… {row.anchor} …”"),
        ("origin", origin(row)),
        ("server", HOW[row.testable_server]),
        ("client", HOW[row.testable_client]),
        ("asks for", row.when),
        ("packets", row.message.replace(" ", ", ")),
        ("reaction", REACTIONS.get(row.reaction, row.reaction)),
        ("same as", row.same_as),
        ("note", row.reason),
        *((f"{fault['role']} fault", told(fault)) for fault in faults),
    ]


def told(fault: dict[str, Any]) -> str:
    """A fault of the kill matrix: its name, what came of it, and the cases that killed it."""
    killers = ", ".join(fault.get("killed_by") or ())
    return f"{fault['name']}: {fault['outcome']}" + (f" by {killers}" if killers else "")


HOW = {
    "wire": "shown by one message",
    "stateful": "shown by several messages",
    "timer": "shown by waiting",
    "config": "shown where the implementation can be set up for it",
    "observer": "shown by what the implementation does beside the wire",
    "no": "cannot be tested",
    "-": "has no duty",
}
REACTIONS = {
    "close": "close the connection",
    "ignore": "ignore the packet",
    "reject": "reject the message: by a Reset if it is Confirmable, else by silence",
}


def origin(row: Requirement) -> str:
    """Where the id comes from, and whether somebody read the sentence."""
    what = {"official": "numbered by the specification", "minted": "numbered by wirelaw"}
    checked = "" if row.status == "verified" else ", not yet read against the text"
    return what[row.origin] + checked


# ---- a list


def show_list(rows: Catalogue, selected: Sequence[Requirement], as_json: bool) -> int:
    if as_json:
        print_json(
            {"protocol": rows.protocol, "requirements": [row.to_json() for row in selected]}
        )
        return 0
    console = terminal()
    if not console.is_terminal:  # for grep and cut: one line each
        for row in selected:
            print(f"{row.id}\t{row.level}\t{row.statement}")
        return 0
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in selected:
        table.add_row(f"[bold]{row.id}[/]", f"[{style(row.level)}]{row.level}[/]", escaped(row))
    console.print(table, markup=True)
    console.print(f"{len(selected)} of {len(rows)} requirements of {rows.protocol}", style="dim")
    return 0


def escaped(row: Requirement) -> str:
    from rich.markup import escape

    return escape(row.statement)


# ---- coverage


def show_coverage(
    rows: Catalogue, selected: Sequence[Requirement], args: argparse.Namespace
) -> int:
    from wirelaw import cases, coverage

    measured = coverage.measure(
        rows, cases.load(rows.protocol), coverage.load_proofs(rows.protocol), selected
    )
    if args.json:
        print_json(measured.to_json())
        return 0
    console = terminal()
    console.print(counts(measured), markup=True)
    roles = [args.role] if args.role else ROLES
    for title, gaps in (
        ("not covered", [gap for gap in measured.not_covered if gap.testable]),
        ("not proven", measured.not_proven),
        ("cannot be tested", [gap for gap in measured.not_covered if not gap.testable]),
    ):
        print_gaps(console, title, [gap for gap in gaps if gap.role in roles])
    for case, name in measured.unknown:
        console.print(f"case {case} names {name}, which is not in the catalogue", style="yellow")
    return 0


def counts(measured: Coverage) -> Any:
    """The table of roles."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("role")
    for name in ("total", "testable", "covered", "proven"):
        table.add_column(name, justify="right")
    for role, count in measured.roles.items():
        covered, proven = (
            f"{value} ({percent(value, count.testable)})" for value in (count.covered, count.proven)
        )
        table.add_row(f"[bold]{role}[/]", str(count.total), str(count.testable), covered, proven)
    return table


def percent(part: int, whole: int) -> str:
    """A share of the testable, rounded down: 100 % means all."""
    return f"{part * 100 // whole} %" if whole else "–"


def print_gaps(console: Console, title: str, gaps: Sequence[Gap]) -> None:
    if not gaps:
        return
    console.print(f"\n{title}: {len(gaps)}", style="bold")
    for gap in gaps:
        console.print(f"  {gap.id}  {gap.role}: {gap.reason}", soft_wrap=True)


# ---- shared


def terminal() -> Console:
    """Standard output: colour on a terminal, and lines as long as they are elsewhere."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)


def style(level: str) -> str:
    return {"MUST": "red", "SHOULD": "yellow"}.get(level.removesuffix(" NOT"), "cyan")


def field(name: str, value: str) -> Any:
    """One labelled line, whose text wraps beside its label."""
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(width=12, style="dim")
    line.add_column()
    line.add_row(name, Text(value))
    return line


def print_json(document: dict[str, Any]) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))
