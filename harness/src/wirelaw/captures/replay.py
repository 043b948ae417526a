"""``wirelaw pcap replay``: puts one side of a captured conversation to an implementation, and says
where it answers differently."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirelaw.captures import choice
from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.captures.playing.bench import Replayed
    from wirelaw.engine.plan import Plan

HELP = "play one side of a captured conversation to an implementation and compare its answers"

EPILOG = """\
examples:
  wirelaw pcap replay field.pcapng --iut mosquitto            to a broker that wirelaw starts
  wirelaw pcap replay field.pcapng --iut tcp://127.0.0.1:1883 --flow 3
  wirelaw pcap replay field.pcapng --side server --iut mqttjs --flow 1   to a client
  wirelaw pcap replay field.pcapng --iut mosquitto --json

exit status: 0 the same answers, 1 one differs or a side breaks a rule, 2 could not be told.
docs/pcap.md states what may differ.
"""
_NOTES = 12  # shown; --json has all


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    choice.add_arguments(parser)
    iut = parser.add_argument_group("what it is played to")
    iut.add_argument(
        "--iut", help="a name (see 'wirelaw iut list') or a URL; default: the reference peer"
    )
    iut.add_argument(
        "--side", choices=("client", "server"), default="client",
        help="the one that is played; the IUT is the other; default: client",
    )  # fmt: skip
    iut.add_argument("--iut-command", help="start a client: {host} {port} {case} are filled in")
    iut.add_argument("--listen", metavar="URL", help="where a client dials in that nothing starts")
    iut.add_argument(
        "--transport", choices=("tcp", "tls", "ws", "wss"), help="default: as captured"
    )
    iut.add_argument("--fault", action="append", default=[], metavar="NAME",
                     help="a fault for the reference peer; may be given again")  # fmt: skip
    iut.add_argument("--user"), iut.add_argument("--password")
    iut.add_argument("--cafile"), iut.add_argument("--cert"), iut.add_argument("--key")
    iut.add_argument("--alpn"), iut.add_argument("--ws-path")
    iut.add_argument("--ignore-played", action="store_true",
                     help="only what the IUT breaks counts, not what is played")  # fmt: skip
    iut.add_argument("--yes", action="store_true", help="it may be on another machine")
    iut.add_argument(
        "--patience", type=float, default=1.0, metavar="X", help="for slow machines: 2"
    )
    out = parser.add_argument_group("results")
    out.add_argument("--report", type=Path, metavar="DIR",
                     help="default: wirelaw-report/replay-<capture>-<iut>")  # fmt: skip
    out.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """The exit status. Raises UserError."""
    from wirelaw.captures.playing import report
    from wirelaw.captures.playing.bench import Request, replay

    if args.patience <= 0:
        raise UserError("--patience must be above 0; 2 doubles all deadlines")
    source, flows = choice.conversation(args)
    plan = plan_of(args)
    folder = (
        args.report or Path("wirelaw-report") / f"replay-{_slug(source.name)}-{_slug(_iut(plan))}"
    )
    made = not folder.exists()
    report.prepare(folder)
    request = Request(source, flows, plan, args.side, folder / "run.pcapng", args.ignore_played)
    try:
        replayed = replay(request)
    except UserError:
        if made:  # nothing came of it
            shutil.rmtree(folder, ignore_errors=True)
        raise
    report.write(replayed, folder)
    if args.json:
        json.dump(document(replayed, folder), sys.stdout, ensure_ascii=False)
        print()
    else:
        _print(replayed, folder)
    return replayed.outcome.status


def plan_of(args: argparse.Namespace) -> Plan:
    """What is tested. Raises UserError."""
    from wirelaw.engine.plan import Plan

    iut = args.iut
    if args.side == "client" and (args.iut_command or args.listen):
        raise UserError("--iut-command and --listen are for clients: add --side server")
    if iut is None and not args.iut_command and not args.listen:
        iut = "reference" if args.side == "client" else "reference-client"
    if args.fault and iut not in ("reference", "reference-client"):
        raise UserError(f"--fault is for wirelaw's own peers, not for {iut}")
    if args.fault:
        from wirelaw.cli.check import _check_faults

        _check_faults(args.fault)
    return Plan(
        protocol="", iut=iut, transport=args.transport, patience=args.patience, faults=args.fault,
        user=args.user, password=args.password, cafile=args.cafile, cert=args.cert, key=args.key,
        alpn=args.alpn, ws_path=args.ws_path, yes=args.yes, iut_command=args.iut_command,
        listen=args.listen,
    )  # fmt: skip


def _iut(plan: Plan) -> str:
    name = plan.iut or "client"
    return name.rpartition("@")[2] if "://" in name else Path(name).stem


def _slug(text: str) -> str:
    stem = re.sub(r"\.(pcapng|pcap|cap)(\.gz)?$", "", text)
    return re.sub(r"[^A-Za-z0-9.-]+", "-", stem).strip("-.")[:60] or "capture"


def document(replayed: Replayed, folder: Path) -> dict[str, Any]:
    """What --json prints."""
    outcome, request = replayed.outcome, replayed.request
    return {
        "file": request.source.file,
        "flows": [flow.number for flow in request.flows],
        "side": request.side,
        "iut": replayed.name,
        "url": replayed.url,
        "protocol": replayed.variant,
        "verdict": str(outcome.verdict),
        "answers": {"captured": outcome.num_answers, "same": outcome.num_same},
        "sent": outcome.num_sent,
        "differences": [each.to_json() for each in outcome.of("difference")],
        "violations": [each.to_json() for each in outcome.violations],
        "played_violations": [each.to_json() for each in outcome.played],
        "not_told": [each.to_json() for each in outcome.of("unknown")],
        "notes": [each.to_json() for each in outcome.of("note")],
        "left_out": request.left_out,
        "crash": outcome.crashed,
        "capture": str(folder / "run.pcapng"),
        "exit": outcome.status,
    }


def _print(replayed: Replayed, folder: Path) -> None:
    outcome, request = replayed.outcome, replayed.request
    numbers = ", ".join(str(flow.number) for flow in request.flows)
    where = f" at {replayed.url}" if replayed.url else ""
    print(f"{request.source.name}, flow{'s' * (len(request.flows) > 1)} {numbers}, to "
          f"{replayed.name}{where}")  # fmt: skip
    for sentence in request.left_out:
        print(f"  left out: {sentence}")
    for found in outcome.of("difference"):
        print(f"  {found}")
    for seen in outcome.violations:
        level = "" if seen.requirement in outcome.must else " (no MUST)"
        print(f"  breaks {seen.requirement}{level}: {seen.summary or 'no message'}")
    for found in outcome.played:
        print(f"  {found}{' (ignored)' if outcome.ignore_played else ''}")
    if outcome.crashed:
        print(f"  crash: {outcome.crashed}")
    for found in outcome.of("unknown"):
        print(f"  not told: {found}")
    notes = outcome.of("note")
    for found in notes[:_NOTES]:
        print(f"  may differ: {found}")
    if len(notes) > _NOTES:
        print(f"  may differ: {len(notes) - _NOTES} more; --json has all")
    print(f"{outcome.verdict}: {outcome.num_same} of {outcome.num_answers} answers as captured; "
          f"{folder / 'index.html'}")  # fmt: skip
