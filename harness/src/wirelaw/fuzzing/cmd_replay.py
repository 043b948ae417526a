"""``wirelaw fuzz replay``: a finding again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from wirelaw.errors import UserError

HELP = "play a finding of 'wirelaw fuzz iut' again"

EPILOG = """\
examples:
  wirelaw fuzz replay ~/.cache/wirelaw/fuzz/mochi-mqtt5/findings/panic-index-out-of-range
  wirelaw fuzz replay FINDING --command './fixed-broker {port}'
  wirelaw fuzz replay FINDING --iut mosquitto --times 10

Exit status: 1 when it shows again, 0 when it does not, 2 when it could not run.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("finding", type=Path, metavar="FINDING", help="the folder of a finding")
    parser.add_argument("url", nargs="?", metavar="URL", help="of an IUT that runs already")
    parser.add_argument("--iut", metavar="NAME", help="default: the finding's")
    parser.add_argument("--command", dest="argv", metavar="COMMAND", help="one that is a command with {port} in it")
    parser.add_argument("--ready", metavar="PATTERN", help="a line that --command's program prints when it may be used")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="how often (default: 1)")
    parser.add_argument("--yes", action="store_true", help="the URL's host is not this machine, and you may fuzz it")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from wirelaw.fuzzing import cmd_iut, findings
    from wirelaw.fuzzing.investigate import Investigator
    from wirelaw.fuzzing.player import Player
    from wirelaw.fuzzing.subject import scratch

    document, records, what = findings.read(args.finding)
    if args.times < 1:
        raise UserError(f"--times {args.times}: at least 1")
    if document.get("role") == "client":
        from wirelaw.fuzzing.cmd_client import replay_client

        return replay_client(args, document, records, what)
    args.protocol, args.transport, args.user = document["protocol"], document["transport"], None
    args.role, args.rate = "server", None
    if args.url is None and args.argv is None and args.iut is None:
        args.argv = document["command"]
        args.iut = None if args.argv else document["iut"]
    cmd_iut.check(argparse.Namespace(**{**vars(args), "time": None}))
    subject, about, _ = cmd_iut.subject_of(args)
    shown = 0
    with subject:
        subject.fresh()
        with Player(subject, args.protocol, scratch()) as player:
            investigator = Investigator(subject, player, args.protocol, scratch())
            for _ in range(args.times):
                shown += investigator.shows(what, records, fresh=subject.restartable)
    return say(args, document["bucket"], about.name, shown)


def say(args: argparse.Namespace, bucket: str, name: str, shown: int) -> int:
    """Prints what it came to. The exit status."""
    if args.json:
        print(json.dumps({"bucket": bucket, "iut": name, "shown": shown, "of": args.times}, indent=2))
    else:
        print(f"{bucket}: shown {shown} of {args.times} times on {name}")
    return 1 if shown else 0
