"""``wirelaw faults``: the proof that every case can fail, and for the right reason."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from typing import TYPE_CHECKING, Any

from wirelaw import paths
from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.engine.matrix import Fault

HELP = "the proof that every case can fail, and for the right reason"

EPILOG = """\
Runs all cases against the reference peer with each of its faults, side by side. A fault is killed
when a
step fails that is bound to the requirement which the fault breaks; killed for a wrong reason when
only other
steps fail. Collateral counts the other cases that do not pass any more. Slow cases, and those with
an
IUT of their own, run only against the faults that concern them.

examples:
  wirelaw faults mqtt5                              the whole matrix
  wirelaw faults mqtt5 --fault no-pingresp          one fault, with all cases that it fails
  wirelaw faults mqtt5 --case pingreq-is-answered   one case against all faults
  wirelaw faults mqtt5 --update                     writes conformance/proofs/mqtt5.json

exit status: 0 all killed, 1 not all, or a null peer passed something, 2 could not run
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("protocol", help="mqtt311 or mqtt5")
    parser.add_argument("--role", choices=("server", "client"), default="server")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME")
    parser.add_argument("--case", action="append", default=[], metavar="ID")
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="processes; default: one for each core"
    )
    parser.add_argument("--update", action="store_true", help="write the tracked matrix")
    parser.add_argument("--all", action="store_true", help="print the killed ones, too")
    parser.add_argument("--json", action="store_true", help="print the matrix as JSON")


def run(args: argparse.Namespace) -> int:
    from wirelaw.cases.dialects import need_cases
    from wirelaw.engine import kills
    from wirelaw.engine.matrix import known_faults

    need_cases(args.protocol)
    faults = _chosen(known_faults(args.protocol, args.role), args)
    cases = _case_ids(args)
    progress = _Progress(len(faults))
    told = kills.run_matrix(
        args.protocol, args.role, faults, cases=cases, jobs=args.jobs,
        null_peers=not args.fault and args.role == "server", on_told=progress.told,
    )  # fmt: skip
    progress.end()
    matrix = {"protocol": args.protocol, **kills.judge(faults, told)}
    committed = _committed(args.protocol)
    problems = _problems(matrix, committed)
    if args.update:
        _update(args, matrix)
    if args.json:
        json.dump({**matrix, "summary": kills.summary(matrix)}, sys.stdout)
        print()
    else:
        _print(matrix, told, args)
        for problem in problems:
            print(problem)
    return 1 if problems else 0


def _chosen(known: list[Fault], args: argparse.Namespace) -> list[Fault]:
    by_name = {fault.name: fault for fault in known}
    for name in args.fault:
        if name not in by_name:
            raise unknown_fault(name, list(by_name), f"{args.role} fault of {args.protocol}")
    return [by_name[name] for name in args.fault] if args.fault else known


def unknown_fault(name: str, known: list[str], what: str) -> UserError:
    """The error for a fault that does not exist, with the nearest that does."""
    near = difflib.get_close_matches(name, known, n=1)
    listing = f"'{paths.program('wirelaw-peer')} faults' lists them"
    hint = f"did you mean '{near[0]}'?" if near else listing
    return UserError(f"no {what} is called '{name}'; {hint}")


def _case_ids(args: argparse.Namespace) -> list[str]:
    from wirelaw.cases import load
    from wirelaw.engine.plan import matches

    found = []
    for name in args.case:
        ids = [
            c.id
            for c in load(args.protocol, errors=[])
            if c.role == args.role and matches(name, c.id)
        ]
        if not ids:
            raise UserError(f"{args.protocol} has no case '{name}' for a {args.role}")
        found += ids
    return found


def _file(protocol: str) -> Any:
    from wirelaw import paths

    return paths.data("conformance") / "proofs" / f"{protocol}.json"


def _committed(protocol: str) -> dict[str, list[str]]:
    """What null peers are known to pass."""
    file = _file(protocol)
    if not file.is_file():
        return {}
    return {row["kind"]: row["passed"] for row in json.loads(file.read_text("utf-8"))["null_peers"]}


def _problems(matrix: dict[str, Any], committed: dict[str, list[str]]) -> list[str]:
    rows = [row for row in matrix["faults"] if row["outcome"] != "killed"]
    found = [f"{len(rows)} of {len(matrix['faults'])} faults are not killed"] if rows else []
    for peer in matrix["null_peers"]:
        allowed = committed.get("yes", []) if peer["kind"] == "yes" else []
        extra = [name for name in peer["passed"] if name not in allowed]
        if extra:
            found.append(
                f"the null peer '{peer['kind']}' passes {len(extra)} cases, first {extra[0]}"
            )
    return found


def _update(args: argparse.Namespace, matrix: dict[str, Any]) -> None:
    from wirelaw.engine import kills

    if args.case:
        raise UserError("--update writes what all cases came to; leave --case out")
    file = _file(args.protocol)
    file.parent.mkdir(parents=True, exist_ok=True)
    document = kills.merge(file, matrix)
    lines = [json.dumps(row) for row in document["faults"]]
    text = (
        f'{{"protocol": {json.dumps(document["protocol"])},\n"faults": [\n' + ",\n".join(lines)
        + '\n],\n"null_peers": [\n'
        + ",\n".join(json.dumps(row) for row in document["null_peers"]) + "\n]}\n"
    )  # fmt: skip
    file.write_text(text, encoding="utf-8")


def _print(matrix: dict[str, Any], told: dict[str, Any], args: argparse.Namespace) -> None:
    from wirelaw.engine import kills

    for row in matrix["faults"]:
        if row["outcome"] != "killed" or args.all or args.fault:
            by = row["killed_by"][0] if row["killed_by"] else "-"
            print(f"{row['outcome']:<13}{row['name']:<36}{row['requirement']:<32}"
                  f"collateral {row['collateral']:<4}{by}")  # fmt: skip
    if args.fault:
        _print_cases(matrix, told)
    for peer in matrix["null_peers"]:
        print(f"null peer {peer['kind']}: passes {len(peer['passed'])} cases")
    counts = kills.summary(matrix)
    print(f"{counts['killed']} of {counts['total']} faults killed, {counts['survived']} survived, "
          f"{counts['wrong reason']} for a wrong reason; "
          f"median collateral {counts['median_collateral']:g}")  # fmt: skip
    if counts["too_wide"]:
        print(f"too wide: {', '.join(counts['too_wide'][:12])}")


def _print_cases(matrix: dict[str, Any], told: dict[str, Any]) -> None:
    """Every case that a fault fails, for those who look at one fault."""
    for row in matrix["faults"]:
        for name, (verdict, requirement, cause) in sorted(told[row["name"]].verdicts.items()):
            if verdict not in ("pass", "not_applicable", "untested"):
                print(f"  {verdict:<13}{name:<48}{requirement or '-':<32}{cause or ''}")


class _Progress:
    """A line on the terminal while it lasts."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = sys.stderr.isatty()

    def told(self, one: Any) -> None:
        self._done += 1
        if self._shown:
            print(f"\r{self._done} of {self._total} faults", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
