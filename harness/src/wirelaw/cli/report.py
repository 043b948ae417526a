"""`wirelaw report`: renders the results of one run again, or of several side by side."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirelaw import __version__
from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.results import CaseResult, Results

HELP = "Render a run's report again, or several runs side by side."

EPILOG = """examples:
  wirelaw report out                          render again; also after a run that was killed
  wirelaw report out --format statement       a conformance statement to print and sign, statement.pdf
  wirelaw report out --case ID                one case: steps, messages, bytes
  wirelaw report out --format junit --format sarif
  wirelaw report out --case ID --script ID.py the case as a script, for who maintains the IUT
  wirelaw report out --sign key.pem           sign all that is in it
  wirelaw report verify out --key public.pem  is it as it was signed?
  wirelaw report out/* --out matrix           several runs side by side, in matrix/matrix.html
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("runs", nargs="+", type=Path, metavar="DIR", help="folder of a run")
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="where to write; default: the run's folder, or, for several runs, the current one",
    )  # fmt: skip
    parser.add_argument(
        "--format", action="append", metavar="NAME",
        help="html, junit, sarif, markdown, badge, csv (default: these), or statement, a PDF to sign; "
        "can be repeated",
    )  # fmt: skip
    parser.add_argument("--case", metavar="ID", help="show one case on the terminal instead")
    parser.add_argument(
        "--script", type=Path, metavar="FILE",
        help="with --case: write it as a script that needs only Python's standard library",
    )  # fmt: skip
    parser.add_argument("--sign", type=Path, metavar="KEY", help="sign the folder: a private key")
    parser.add_argument("--key", type=Path, metavar="KEY", help="the public key of 'verify'")
    parser.add_argument("--json", action="store_true", help="say what was made as JSON")


def run(args: argparse.Namespace) -> int:
    if args.runs[0] == Path("verify"):
        return _verify(args)
    if args.script is not None and args.case is None:
        raise UserError("--script writes one case; name it with --case")
    if args.case is not None:
        return _show_case(args)
    if len(args.runs) == 1:
        return _render_one(args)
    return _render_matrix(args)


def _formats(named: list[str] | None) -> list[str]:
    from wirelaw_reports import FORMATS, ON_REQUEST

    known = [*FORMATS, *ON_REQUEST]
    unknown = [name for name in named or [] if name not in known]
    if unknown:
        raise UserError(f"there is no format {unknown[0]!r}; the formats are {', '.join(known)}")
    return list(dict.fromkeys(named)) if named else list(FORMATS)


def _render_one(args: argparse.Namespace) -> int:
    from wirelaw.results import FINAL, read_results, write_results
    from wirelaw_reports import write

    formats = _formats(args.format)
    folder = args.runs[0]
    out = args.out or (folder.parent if folder.is_file() else folder)
    results = read_results(folder)
    if not folder.is_file() and not (folder / FINAL).exists():
        write_results(out, results)
    files = write(results, out, formats)
    if args.sign is not None:
        from wirelaw_reports import signing

        files.append(signing.sign(results, out, args.sign))
    if args.json:
        _print_json({"files": [str(file) for file in files], "totals": results.totals})
        return 0
    from wirelaw.terminal import Terminal

    Terminal().finish(results, out)
    if args.sign is not None:
        print(f"  signed {files[-1]}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    """0: all as it was signed; 1: something was changed or is gone."""
    from wirelaw_reports import signing

    if len(args.runs) != 2 or args.key is None:
        raise UserError("say which folder and which key: wirelaw report verify DIR --key PUBLIC.pem")
    checked = signing.verify(args.runs[1], args.key)
    if args.json:
        _print_json({"ok": checked.ok, **vars(checked)})
        return 0 if checked.ok else 1
    for what, names in (("changed", checked.changed), ("gone", checked.missing)):
        for name in names:
            print(f"{what}: {name}")
    for name in checked.unsigned:
        print(f"not signed: {name}")
    print(f"{len(checked.good)} files are as they were signed by key {checked.key_id[:16]}")
    return 0 if checked.ok else 1


def _render_matrix(args: argparse.Namespace) -> int:
    from wirelaw.results import read_results
    from wirelaw_reports import Column, matrix, write_matrix

    if args.sign is not None:
        raise UserError("--sign signs the folder of one run; name one")
    if args.format:
        raise UserError("--format is for one run; several runs become matrix.html and matrix.csv")
    out = args.out or Path()
    columns = [Column(read_results(each), matrix.link(each, out)) for each in args.runs]
    files = write_matrix(columns, out, __version__)
    if args.json:
        _print_json({"files": [str(file) for file in files], "runs": len(columns)})
        return 0
    for file in files:
        print(file)
    return 0


def _print_json(document: dict[str, Any]) -> None:
    json.dump(document, sys.stdout, indent=1)
    print()


def _show_case(args: argparse.Namespace) -> int:
    from wirelaw.results import read_results

    if len(args.runs) > 1:
        raise UserError("--case shows a case of one run; name one folder")
    results = read_results(args.runs[0])
    case = next((each for each in results.cases if each.id == args.case), None)
    if case is None:
        raise UserError(f"there is no case {args.case!r} in {args.runs[0]}{_near(results, args.case)}")
    if args.script is not None:
        return _write_script(args.script, results, case)
    if args.json:
        _print_json(case.to_json())
        return 0
    from wirelaw.terminal import show_case

    show_case(case, results)
    return 0


def _write_script(path: Path, results: Results, case: CaseResult) -> int:
    from wirelaw_reports import script

    text = script.render(results, case)
    try:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    except OSError as error:
        raise UserError(f"the script {path} can't be written: {error.strerror}") from None
    print(f"{path}: run it with --host and --port of the server; its capture is packets "
          f"{case.capture.first} to {case.capture.last} of {case.capture.file}"
          if case.capture else f"{path}: run it with --host and --port of the server")  # fmt: skip
    return 0


def _near(results: Results, name: str) -> str:
    import difflib

    found = difflib.get_close_matches(name, [case.id for case in results.cases], n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
