"""``wirelaw fuzz``: campaigns that look for crashes, hangs and broken rules."""

from __future__ import annotations

import argparse
import importlib

HELP = "fuzz codecs in process, guided by coverage"

#: The subcommands: modules wirelaw.fuzzing.cmd_<name> with HELP, configure(parser) and run(args).
COMMANDS = ("codec", "iut", "replay", "coverage", "corpus")

EPILOG = """\
examples:
  wirelaw fuzz codec --list       the targets
  wirelaw fuzz codec mqtt5        fuzz one, until Ctrl-C
  wirelaw fuzz coverage           what the tracked inputs reach of each codec
  wirelaw fuzz corpus --check     whether the tracked inputs are what their manifest says

'wirelaw fuzz COMMAND --help' tells more of each; docs/fuzz.md tells how to run campaigns.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"wirelaw.fuzzing.cmd_{name}")
        sub = commands.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(sub)
        sub.set_defaults(run=module.run)


def run(args: argparse.Namespace) -> int:
    return int(args.run(args))
