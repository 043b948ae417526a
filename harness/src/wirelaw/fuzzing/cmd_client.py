"""``wirelaw fuzz iut --role client``, and replays of what it found."""

from __future__ import annotations

import argparse
import datetime
import sys
from typing import Any

from wirelaw.errors import UserError


def run_client(args: argparse.Namespace) -> int:
    from wirelaw.fuzzing import cmd_iut
    from wirelaw.fuzzing.campaign import Line
    from wirelaw.fuzzing.client import ClientHunt
    from wirelaw.fuzzing.findings import Subjects
    from wirelaw.fuzzing.subject import work_of

    client, version, known = client_of(args)
    work = (args.work or work_of(f"{client.name}-client", args.protocol)).resolve()
    try:
        for folder in (work, work / "queue", work / "findings"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--work {work} cannot be written: {error.strerror}") from error
    line = Line(sys.stderr)
    about = Subjects(client.name, version, args.protocol, "tcp", "client", args.argv)
    options = ["--queue", str(work / "queue"), "--seed", str(args.seed), "--lanes", args.lanes or "4,0,0"]
    hunt = ClientHunt(
        client, args.protocol, work, about, known=[*known, *args.ignore], options=options,  # type: ignore[arg-type]
        budget_s=args.minimise, stop_at_first=args.stop_at_first,
        show=lambda hunt: line.show(cmd_iut.status(hunt, args.time)), say=line.say,
    )  # fmt: skip
    trouble = cmd_iut._run(hunt, args, line)  # noqa: SLF001
    line.clear()
    return cmd_iut.tell(hunt, args, trouble)


def client_of(args: argparse.Namespace) -> tuple[Any, str | None, list[str]]:
    """The client, its version, and the requirements that it is known to break."""
    from wirelaw import iut
    from wirelaw.fuzzing import client
    from wirelaw.fuzzing.subject import scratch

    if args.argv is not None:
        return client.from_command(args.argv), None, []
    descriptor = iut.load(args.iut)
    iut.install(descriptor)
    today = datetime.date.today()
    known = [d.id for d in descriptor.deviations_on(today) if d.protocol in (None, args.protocol)]
    return client.from_descriptor(descriptor, args.protocol, scratch()), iut.version(descriptor), known


def replay_client(args: argparse.Namespace, document: dict[str, Any], records: Any, what: Any) -> int:
    """A finding of a client again."""
    from wirelaw.fuzzing import cmd_replay
    from wirelaw.fuzzing.client import ClientPlayer
    from wirelaw.fuzzing.investigate import Investigator
    from wirelaw.fuzzing.subject import scratch

    if args.url is not None:
        raise UserError("a client dials in: give --iut NAME or --command COMMAND, or neither")
    if args.argv is None and args.iut is None:
        args.argv, args.iut = document["command"], None if document["command"] else document["iut"]
    args.protocol = document["protocol"]
    client, _, _ = client_of(args)
    place = scratch()
    with ClientPlayer(client, args.protocol, place) as player:
        investigator = Investigator(client, player, args.protocol, place, role="client")  # type: ignore[arg-type]
        shown = sum(investigator.shows(what, records, fresh=True) for _ in range(args.times))
    return cmd_replay.say(args, document["bucket"], client.name, shown)
