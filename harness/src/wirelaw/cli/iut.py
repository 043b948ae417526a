"""``wirelaw iut``: the implementations that wirelaw can install, start and test."""

from __future__ import annotations

import argparse
import json
import select
import signal
import sys
from typing import TYPE_CHECKING, Any

from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.iut import Descriptor, Running

HELP = "list, install, start and stop the implementations that wirelaw can test"

EPILOG = """\
examples:
  wirelaw iut list                     what there is
  wirelaw iut doctor                   what can run here, and how to get the rest
  wirelaw iut install mosquitto aedes
  wirelaw iut start mosquitto          until Ctrl-C; prints where it listens
  wirelaw iut start mosquitto --transport tcp --port 1883
  wirelaw iut stop                     what 'iut start' keeps in other terminals

WIRELAW_IUT_PASSWORD sets the password of the test user of those that need one.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of all actions."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _action(actions, "list", "the implementations, with role, protocols and version")
    doctor = _action(actions, "doctor", "what can run here, and how to get the rest")
    doctor.add_argument("names", nargs="*", metavar="NAME")
    install = _action(actions, "install", "install implementations into folders of their own")
    install.add_argument("names", nargs="+", metavar="NAME")
    install.add_argument("-v", "--verbose", action="store_true", help="show each command")
    start = _action(actions, "start", "start one and keep it until Ctrl-C")
    start.add_argument("name", metavar="NAME")
    start.add_argument(
        "--transport", action="append", metavar="T", help="tcp, tls, ws or wss; may be repeated"
    )
    start.add_argument("--port", type=int, metavar="N", help="of its first transport")
    stop = _action(actions, "stop", "stop what 'iut start' keeps in other terminals")
    stop.add_argument("name", nargs="?", metavar="NAME")


def _action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser


def run(args: argparse.Namespace) -> int:
    """Exit status: 0; 1 when doctor finds that not all can run, or stop that there is nothing."""
    return {
        "list": _list, "doctor": _doctor, "install": _install, "start": _start, "stop": _stop,
    }[args.action](args)  # fmt: skip


def _print_json(document: object) -> None:
    print(json.dumps(document, indent=2))


def _table(rows: list[list[str]], headings: list[str]) -> None:
    widths = [max(len(row[n]) for row in [headings, *rows]) for n in range(len(headings))]
    for row in [headings, *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _list(args: argparse.Namespace) -> int:
    from wirelaw import iut

    entries = [_entry(descriptor) for descriptor in iut.all_descriptors()]
    if args.json:
        _print_json({"iuts": entries})
        return 0
    rows = [
        [
            entry["name"],
            entry["role"],
            "; ".join(f"{p}: {' '.join(t)}" for p, t in entry["protocols"].items()),
            "yes" if entry["installed"] else "no",
            entry["version"] or "-",
        ]
        for entry in entries
    ]
    _table(rows, ["NAME", "ROLE", "PROTOCOLS", "INSTALLED", "VERSION"])
    return 0


def _entry(descriptor: Descriptor) -> dict[str, Any]:
    from wirelaw import iut

    there = iut.installed(descriptor)
    return {
        "name": descriptor.name,
        "title": descriptor.title,
        "role": descriptor.role,
        "null": descriptor.null,
        "protocols": {name: list(transports) for name, transports in descriptor.protocols.items()},
        "installed": there,
        "version": iut.version(descriptor) if there else None,
        "from": descriptor.install.registry,
        "packages": descriptor.install.packages,
        "file": str(descriptor.file),
    }


def _chosen(names: list[str]) -> list[Descriptor]:
    from wirelaw import iut

    return [iut.load(name) for name in names] if names else iut.all_descriptors()


def _doctor(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from wirelaw.iut.doctor import examine

    findings = [examine(descriptor) for descriptor in _chosen(args.names)]
    if args.json:
        _print_json({"iuts": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            about = finding.version or "version not known"
            if finding.state == "ready":
                limits = f"; {finding.limits}" if finding.limits else ""
                print(f"{finding.name}: ready ({about}{limits})")
            else:
                print(f"{finding.name}: {finding.problem}; get it by: {finding.remedy}")
    return 0 if all(finding.state == "ready" for finding in findings) else 1


def _install(args: argparse.Namespace) -> int:
    from wirelaw import iut

    done = []
    for descriptor in [iut.load(name) for name in args.names]:
        say = (
            (lambda line: print(f"  {line}", file=sys.stderr)) if args.verbose else (lambda _: None)
        )
        if not iut.installed(descriptor) and not args.json:
            print(f"installing {descriptor.name} ({descriptor.title}) ...", flush=True)
        iut.install(descriptor, say)
        version = iut.version(descriptor)
        done.append({"name": descriptor.name, "version": version})
        if not args.json:
            print(f"{descriptor.name} {version or ''} is installed")
    if args.json:
        _print_json({"installed": done})
    return 0


def _start(args: argparse.Namespace) -> int:
    from wirelaw import iut
    from wirelaw.iut import sessions

    descriptor = iut.load(args.name)
    offered = args.transport or list(descriptor.listeners)
    wanted = {offered[0]: args.port} if args.port and offered else {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_of_waiting)
    try:
        with (
            iut.start(descriptor, args.transport, wanted_ports=wanted) as running,
            sessions.registered(descriptor.name, [one.url for one in running.listeners.values()]),
        ):
            _announce(running, args.json)
            select.select([running.death_fd] if running.death_fd >= 0 else [], [], [], None)
            raise UserError(f"{running.name} ended by itself with status {running.exit_status()}")
    except _Ended:
        return 0


def _announce(running: Running, as_json: bool) -> None:
    urls = {transport: listener.url for transport, listener in running.listeners.items()}
    told = {
        "name": running.name, "pid": running.pid, "ports": running.ports, "urls": urls,
        "netns_pid": running.netns_pid, "dir": str(running.dir), "log": str(running.log),
        "username": running.credentials.username,
    }  # fmt: skip
    if as_json:
        _print_json(told)
        sys.stdout.flush()
        return
    print(f"{running.name} runs (process {running.pid}), log in {running.log}")
    for url in urls.values():
        print(f"  {url}")
    if running.netns_pid is not None:
        print(f"in a network of its own: nsenter --net --target {running.netns_pid} COMMAND")
    print("Ctrl-C stops it", flush=True)


class _Ended(Exception):
    """A signal asked us to end."""


def _end_of_waiting(_number: int, _frame: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise _Ended


def _stop(args: argparse.Namespace) -> int:
    from wirelaw.iut import sessions

    found = sessions.sessions(args.name)
    stubborn = [session for session in found if not session.stop()]
    if args.json:
        names = [session.name for session in found if session not in stubborn]
        _print_json({"stopped": names})
    else:
        for session in found:
            print(f"{session.name} {'does not end' if session in stubborn else 'stopped'}")
        if not found:
            print(f"no {args.name or 'IUT'} is kept by 'wirelaw iut start'")
    return 1 if stubborn or not found else 0
