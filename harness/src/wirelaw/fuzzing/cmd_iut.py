"""``wirelaw fuzz iut``: a campaign over the wire, against any implementation."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.fuzzing.hunt import Hunt
    from wirelaw.fuzzing.subject import Outside, Subject

HELP = "fuzz an implementation over the wire, judged by the specification"

EPILOG = """\
examples:
  wirelaw fuzz iut --iut mosquitto --time 600
  wirelaw fuzz iut --command './my-broker --port {port}' --protocol mqtt311
  wirelaw fuzz iut tcp://127.0.0.1:1883           one that runs already: no look at its process
  wirelaw fuzz iut --role client --command './my-client 127.0.0.1 {port}'
  wirelaw fuzz replay FINDING                     a finding again

Each finding is shown again on a fresh start, made small, and written as a page, a capture and a
case below the work folder. The exit status is 0 when nothing was found, 1 when something was, 2 when
it could not run. docs/fuzz-iut.md tells what is looked for, and how.
"""

_RATE = 200  # messages a second to what is not this machine


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("url", nargs="?", metavar="URL", help="of an IUT that runs already")
    parser.add_argument("--iut", metavar="NAME", help="one that wirelaw can start; see 'wirelaw iut list'")
    parser.add_argument("--command", dest="argv", metavar="COMMAND", help="one that is a command with {port} in it")
    parser.add_argument("--ready", metavar="PATTERN", help="a line that --command's program prints when it may be used")
    parser.add_argument("--protocol", choices=["mqtt5", "mqtt311"], default="mqtt5", help="default: mqtt5")
    parser.add_argument("--role", choices=["server", "client"], default="server", help="what the IUT is")
    parser.add_argument("--transport", choices=["tcp", "tls", "ws", "wss"], help="default: tcp, or the URL's")
    parser.add_argument("--user", metavar="NAME", help="of the URL's IUT; its password is WIRELAW_IUT_PASSWORD")
    parser.add_argument("--time", type=float, metavar="S", help="seconds; default: until Ctrl-C")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of all random choices (default: 1)")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where the campaign keeps its queue and findings")
    parser.add_argument("--rate", type=int, metavar="N", help="messages a second at most")
    parser.add_argument("--lanes", metavar="A,B,C", help="connections side by side: for one input, for several, kept")
    parser.add_argument("--minimise", type=float, default=60.0, metavar="S", help="seconds for each finding (default: 60)")
    parser.add_argument("--ignore", action="append", default=[], metavar="ID", help="a requirement that shall not be told")
    parser.add_argument("--stop-at-first", action="store_true", help="end with the first finding")
    parser.add_argument("--yes", action="store_true", help="the URL's host is not this machine, and you may fuzz it")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    check(args)
    if args.role == "client":
        from wirelaw.fuzzing.cmd_client import run_client

        return run_client(args)
    with contextlib.ExitStack() as stack:
        subject, about, known = subject_of(args)
        stack.enter_context(subject)
        from wirelaw.fuzzing.campaign import Line

        line = Line(sys.stderr)
        hunt = hunt_of(args, subject, about, known, line)
        trouble = _run(hunt, args, line)
        line.clear()
        return tell(hunt, args, trouble)


def _run(hunt: Hunt, args: argparse.Namespace, line: Any) -> str | None:
    """Why it ended before its time; None when it did not. What was found is kept in any case."""
    try:
        hunt.run(args.time)
    except KeyboardInterrupt:
        line.say("stopped")
        hunt.end()
    except UserError as error:
        if not hunt.found:
            raise
        return str(error)
    return None


def check(args: argparse.Namespace) -> None:
    """Raises UserError for arguments that make no sense."""
    if sum(x is not None for x in (args.url, args.iut, args.argv)) != 1:
        raise UserError("give one of URL, --iut NAME or --command COMMAND")
    if args.time is not None and args.time <= 0:
        raise UserError(f"--time {args.time:g}: more than 0 seconds")
    if args.rate is not None and args.rate < 1:
        raise UserError(f"--rate {args.rate}: at least 1")
    if args.role == "client" and args.url is not None:
        raise UserError("a client dials in: give --iut NAME or --command COMMAND with {port} in it")


def _scheme(url: str) -> str:
    from wirelaw.iut.outside import SCHEMES

    return SCHEMES.get(url.partition("://")[0], ("tcp", 0))[0]


def subject_of(args: argparse.Namespace) -> tuple[Subject | Outside, Any, list[str]]:
    """The IUT, what is said of it, and the requirements that it is known to break."""
    import os

    from wirelaw import iut
    from wirelaw.fuzzing import findings
    from wirelaw.fuzzing.subject import Outside, Subject, from_command, scratch

    transport = args.transport or "tcp"
    if args.url is not None:
        transport = _scheme(args.url)
        external = iut.external(
            args.url, username=args.user, password=os.environ.get("WIRELAW_IUT_PASSWORD"),
            allow_remote=args.yes,
        )  # fmt: skip
        outside = Outside(external, transport)
        if not outside.is_here():
            args.rate = min(args.rate or _RATE, _RATE)
        return outside, findings.Subjects(external.name, None, args.protocol, transport), []
    if args.argv is not None:
        descriptor = from_command(args.argv, args.protocol, args.ready)
    else:
        descriptor = iut.load(args.iut)
        iut.install(descriptor)
    today = datetime.date.today()
    known = [d.id for d in descriptor.deviations_on(today) if d.protocol in (None, args.protocol)]
    version = iut.version(descriptor) if args.iut else None
    about = findings.Subjects(
        descriptor.name, version, args.protocol, transport, command=args.argv
    )
    folder = scratch() / "iut"
    return Subject(descriptor, args.protocol, transport, folder), about, known


def hunt_of(
    args: argparse.Namespace, subject: Subject | Outside, about: Any, known: list[str], line: Any
) -> Hunt:
    """The campaign, with its work folder and its seeds."""
    from wirelaw.fuzzing import seeds, subject as subjects
    from wirelaw.fuzzing.hunt import Hunt

    work = (args.work or subjects.work_of(about.name.replace("/", "_"), args.protocol)).resolve()
    try:
        for folder in (work, work / "queue", work / "findings"):
            folder.mkdir(parents=True, exist_ok=True)
        seeds.write(work / "seeds", args.protocol)
    except OSError as error:
        raise UserError(f"--work {work} cannot be written: {error.strerror}") from error
    options = ["--queue", str(work / "queue"), "--seeds", str(work / "seeds"), "--seed", str(args.seed)]
    if args.rate is not None:
        options += ["--rate", str(args.rate)]
    if args.lanes is not None:
        options += ["--lanes", args.lanes]
    return Hunt(
        subject, args.protocol, work, about, known=[*known, *args.ignore], options=options,
        budget_s=args.minimise, stop_at_first=args.stop_at_first,
        show=lambda hunt: line.show(status(hunt, args.time)), say=line.say,
    )  # fmt: skip


def status(hunt: Hunt, limit: float | None) -> str:
    """The live line."""
    from wirelaw.terminal import duration

    counts = hunt.counts
    seconds = max(hunt.fuzzed(), 0.1)
    left = f" of {duration(limit)}" if limit else ""
    return (
        f"{hunt.about.name}  {duration(counts.seconds)}{left}"
        f"  {counts.sessions / seconds:,.0f} sessions/s  {counts.messages / seconds:,.0f} messages/s"
        f"  {counts.keys:,} keys  {len(hunt.found)} finding{'' if len(hunt.found) == 1 else 's'}"
        f"  {counts.restarts} restarts"
    )


def tell(hunt: Hunt, args: argparse.Namespace, trouble: str | None) -> int:
    """What it came to. The exit status."""
    from wirelaw.fuzzing import findings

    counts = hunt.counts
    document = {
        "iut": hunt.about.name, "version": hunt.about.version, "protocol": args.protocol,
        "role": args.role, "seed": args.seed, "seconds": round(counts.seconds, 1),
        "sessions": counts.sessions, "messages": counts.messages, "answers": counts.answers,
        "keys": counts.keys, "restarts": counts.restarts, "not_shown_again": counts.not_shown,
        "trouble": trouble, "work": str(hunt.work),
        "findings": [findings.as_json(one, hunt.about) for one in hunt.found],
    }  # fmt: skip
    if args.json:
        print(json.dumps(document, indent=2))
    else:
        print(status(hunt, args.time))
        for one, place in zip(hunt.found, [*hunt.places, *[None] * len(hunt.found)], strict=False):
            print(
                f"  {one.bucket.text}  (CWE-{one.bucket.cwe}, {one.num_messages} messages,"
                f" {one.shown} of {one.tried} times)  {place or 'not written'}"
            )
    if trouble is not None:
        print(f"wirelaw: {trouble}", file=sys.stderr)
    return 1 if hunt.found else 0
