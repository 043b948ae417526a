"""``wirelaw pcap``: what captures hold.

Each action is a module of ``wirelaw.captures`` with ``HELP``, ``configure(parser)`` and
``run(args) -> int``. The C program ``wirelaw-pcap`` reads packets and judges them; Python sees
results, not messages.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util

HELP = "judge a capture, and what else there is to do with one"

EPILOG = """\
examples:
  wirelaw pcap check field.pcapng                        what in it breaks which rule, where
  tcpdump -i eth0 -w - | wirelaw pcap check -            while it is captured
  wirelaw pcap check field.pcapng --json                 one document for machines
  wirelaw pcap check field.pcapng --report out           results.json, index.html, JUnit, SARIF

'wirelaw pcap ACTION --help' tells more of each.
"""

#: Action -> module. Those that this installation lacks are not offered.
ACTIONS = {
    "check": "wirelaw.captures.check",
    "replay": "wirelaw.captures.replay",
    "extract": "wirelaw.captures.extract",
    "to-case": "wirelaw.captures.to_case",
    "anonymise": "wirelaw.captures.anonymise",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, module_name in ACTIONS.items():
        if importlib.util.find_spec(module_name) is None:
            continue
        module = importlib.import_module(module_name)
        made = actions.add_parser(
            name, help=module.HELP, description=module.HELP,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.configure(made)


def run(args: argparse.Namespace) -> int:
    return int(importlib.import_module(ACTIONS[args.action]).run(args))
