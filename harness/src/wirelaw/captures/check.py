"""``wirelaw pcap check``: judges a capture. The C program does the work; with ``--report`` what it
found is written in the formats of a run."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from wirelaw.captures import program
from wirelaw.errors import UserError

HELP = "judge every message of a capture, or of what an interface receives"

EPILOG = """\
examples:
  wirelaw pcap check field.pcapng                      violations in order, and a summary
  wirelaw pcap check field.pcapng --messages           all messages, too
  wirelaw pcap check field.pcapng --json               one document
  wirelaw pcap check tls.pcapng --keylog keys.log      TLS, by the secrets of SSLKEYLOGFILE
  wirelaw pcap check odd.pcap --decode-as 17501=mqtt5  what is spoken at a port
  wirelaw pcap check - < field.pcap                    a pipe; tcpdump -w - writes one
  wirelaw pcap check --live eth0 --filter 'port 1883'  until Ctrl-C

exit status: 0 no MUST is broken, 1 some are, 2 nothing could be read or judged.
What the capture lacks is 'cut short' or 'not judged', never a violation: see docs/pcap.md.
"""

#: Options that the C program takes as they are: name, metavar (None: a flag), help.
PASSED = (
    ("--messages", None, "print all messages, too"),
    ("--json", None, "one JSON document; with --messages, JSON lines"),
    ("--first", "N", "violations shown of each rule in each flow; 0: all (default: 3; JSON: 0)"),
    ("--level", "LEVEL", "MUST, SHOULD (and MUST), MAY (all, the default)"),
    ("--requirement", "ID", "only this one; may be given again"),
    ("--protocol", "P", "what conversations are that begin before the capture: mqtt5, mqtt311"),
    ("--decode-as", "PORT=P", "what is spoken at a port: mqtt, mqtt5, mqtt311; may be given again"),
    ("--keylog", "FILE", "secrets of TLS, as SSLKEYLOGFILE has them; may be given again"),
    ("--psk", "[ID:]HEX", "a pre-shared key of TLS or DTLS; may be given again"),
    ("--filter", "EXPRESSION", "of packets, in libpcap's language: 'tcp port 1883'"),
    ("--live", "IFACE", "capture from an interface until Ctrl-C"),
    ("--checksums", None, "leave out packets with wrong checksums"),
    ("--complete", None, "the capture has every connection of its servers, from their start: judge "
                         "what they owe across connections, too"),
    ("--both", None, "judge both sides, also in the capture of a run of wirelaw"),
    ("--color", "WHEN", "always, never, auto"),
)  # fmt: skip
REPEATED = ("--requirement", "--decode-as", "--keylog", "--psk")

#: Violations of each rule in each flow that a report holds.
REPORTED = 100


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="pcap or pcapng; - is standard input"
    )
    for name, metavar, text in PASSED:
        if metavar is None:
            parser.add_argument(name, action="store_true", help=text)
        else:
            action = "append" if name in REPEATED else "store"
            parser.add_argument(name, action=action, metavar=metavar, help=text)
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write results.json, index.html, JUnit, SARIF ...",
    )


def run(args: argparse.Namespace) -> int:
    """The exit status. Raises UserError."""
    words = command_of(args)
    if args.report is None:
        return program.call(words)
    return _with_report(args, words)


def command_of(args: argparse.Namespace) -> list[str]:
    """The words for the C program."""
    words = ["check"]
    for name, metavar, _ in PASSED:
        value = getattr(args, name.removeprefix("--").replace("-", "_"))
        if metavar is None:
            words += [name] if value else []
        elif value is not None:
            words += [f"{name}={each}" for each in (value if name in REPEATED else [value])]
    if args.file is not None:
        words += ["--", args.file]
    return words


def _with_report(args: argparse.Namespace, words: list[str]) -> int:
    from wirelaw.captures import report

    if args.json and args.messages:
        raise UserError("--report with --json --messages is not possible; leave out --messages")
    report.prepare(args.report)
    with tempfile.TemporaryDirectory(prefix="wirelaw-") as folder:
        document = Path(folder, "check.json")
        first = [] if args.first is not None else [f"--first={REPORTED}"]
        status = program.call(
            ["check", "--json-file", str(document), *([] if args.json else first), *words[1:]]
        )
        if document.exists() and document.stat().st_size > 0:
            report.write(document, args.report, status)
    return status
