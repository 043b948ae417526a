"""The command line: finds the verb's module, parses, runs, and turns errors into sentences.

Each verb is a module ``wirelaw.cli.<verb>`` with

- ``HELP: str``: one line for the list of verbs,
- ``configure(parser) -> None``: adds its arguments; an ``epilog`` with examples is set there,
- ``run(args) -> int``: the exit status,
- ``EXTRA = True``, optional: arguments that the parser does not know are kept, in order, in
  ``args.extra`` instead of being refused.

A verb's module is imported only when that verb runs (all of them for ``wirelaw --help``), so it
imports what is slow inside ``run``.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from wirelaw import __version__
from wirelaw.errors import UserError

VERBS = (
    "check", "fuzz", "pcap", "decode", "encode", "spec", "iut", "faults", "report", "bench", "test",
)  # fmt: skip

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE

EXAMPLES = {
    "check": "wirelaw check mqtt5                    test the embedded reference broker",
    "iut": "wirelaw iut list                       the implementations that wirelaw can start",
    "spec": "wirelaw spec mqtt5 MQTT5-3.1.0-2       what one requirement says",
    "decode": "wirelaw decode mqtt5 c000              what these bytes are",
    "faults": "wirelaw faults mqtt5                   the proof that every case can fail",
    "test": "wirelaw test                           the project's own tests",
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence, without the usage in front."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USER_ERROR, f"{self.prog}: {message}; '{self.prog} --help' shows the usage\n")


def available_verbs() -> list[str]:
    """The verbs whose module is part of this installation, in the order of VERBS."""
    return [verb for verb in VERBS if importlib.util.find_spec(f"{__name__}.{verb}")]


def load(verb: str) -> ModuleType:
    """Imports the module of one verb."""
    return importlib.import_module(f"{__name__}.{verb}")


def parser_for(verb: str, module: ModuleType) -> Parser:
    """The whole parser of one verb."""
    parser = Parser(
        prog=f"wirelaw {verb}",
        description=module.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(parser)
    return parser


def overview() -> str:
    """The text of ``wirelaw --help``: each verb with one line, and examples."""
    verbs = available_verbs()
    lines = [
        "usage: wirelaw VERB ...",
        "",
        "Tests whether an endpoint that speaks an IoT protocol obeys the specification.",
        "",
        "verbs:",
        *(f"  {verb:<8} {load(verb).HELP}" for verb in verbs),
        "",
        "'wirelaw VERB --help' tells more of each; 'wirelaw --version' prints the version.",
    ]
    examples = [f"  {EXAMPLES[verb]}" for verb in verbs if verb in EXAMPLES]
    if examples:
        lines += ["", "examples:", *examples]
    return "\n".join(lines)


def unknown(verb: str) -> UserError:
    """The error for a verb that does not exist, with the nearest that does."""
    verbs = available_verbs()
    near = difflib.get_close_matches(verb, verbs, n=1)
    if verb.startswith("-"):
        return UserError(f"unknown option {verb}; options stand behind the verb, see 'wirelaw --help'")
    hint = f"did you mean '{near[0]}'?" if near else f"the verbs are {', '.join(verbs)}"
    return UserError(f"there is no verb '{verb}'; {hint}")


def dispatch(argv: Sequence[str]) -> int:
    """Runs one command line, without the program's name; returns the exit status."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview())
        return 0 if argv else EXIT_USER_ERROR
    if argv[0] == "--version":
        print(f"wirelaw {__version__}")
        return 0
    verb, rest = argv[0], list(argv[1:])
    if verb not in available_verbs():
        raise unknown(verb)
    module = load(verb)
    parser = parser_for(verb, module)
    if getattr(module, "EXTRA", False):
        args, args.extra = parser.parse_known_args(rest)
    else:
        args = parser.parse_args(rest)
    return int(module.run(args))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and turns what the user can put right into one sentence."""
    try:
        status = dispatch(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()  # a closed pipe shows here, not at exit
        return status
    except UserError as error:
        print(f"wirelaw: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("wirelaw: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away, as `| head` does. The interpreter flushes once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
