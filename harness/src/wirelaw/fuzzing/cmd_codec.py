"""``wirelaw fuzz codec``: coverage-guided fuzzing in process."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.fuzzing.campaign import Outcome
    from wirelaw.fuzzing.engine import Engine
    from wirelaw.fuzzing.targets import Target
    from wirelaw.fuzzing.triage import Triage

HELP = "fuzz a codec in process, guided by coverage"

EPILOG = """\
examples:
  wirelaw fuzz codec --list                      the targets
  wirelaw fuzz codec mqtt5                       until Ctrl-C, one worker
  wirelaw fuzz codec mqtt5 --workers 4 --time 3600 --engine afl
  wirelaw fuzz codec mqtt5 --resume              goes on with the campaign before
  wirelaw fuzz codec mine.c --link libmine.a --like mqtt5
                                                 your library, with our seeds and mutator

Findings are run again, put into buckets by their stack, made small, and written as regression
files, which 'ctest -R fuzz/' and CI replay. The exit status is 0 when nothing was found, 1 when
something was, 2 when it could not run. docs/fuzz.md tells of campaigns on many machines and in CI.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("target", nargs="?", metavar="TARGET", help="a target's name, or a C file of yours")
    parser.add_argument("--list", action="store_true", help="list the targets and end")
    parser.add_argument("--engine", choices=["libfuzzer", "afl"], default="libfuzzer", help="default: libfuzzer")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument("--time", type=float, metavar="S", help="seconds; default: until Ctrl-C")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where the campaign keeps its corpus and findings")
    parser.add_argument("--resume", action="store_true", help="go on with the campaign in the work folder")
    parser.add_argument("--fresh", action="store_true", help="remove the campaign in the work folder first")
    parser.add_argument("--minimise", type=int, default=20, metavar="S", help="seconds for each finding (default: 20)")
    parser.add_argument("--regress", type=Path, metavar="DIR", help="where regressions go (default: corpora/TARGET/regress)")
    parser.add_argument("--link", action="append", default=[], type=Path, metavar="LIB", help="a library that your C file tests")
    parser.add_argument("--like", metavar="TARGET", help="take seeds, dictionary and mutator of this target")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from wirelaw.fuzzing import targets

    root = targets.tree()
    if args.list:
        return show_list(targets.all_targets(root), args.json)
    check(args)
    if args.target.endswith(".c"):
        target = targets.own(root, Path(args.target), args.like, args.link)
    elif args.link or args.like:
        raise UserError("--link and --like go with a C file of yours, not with a target of the list")
    else:
        target = targets.find(root, args.target)
    return campaign(root, target, args)


def check(args: argparse.Namespace) -> None:
    """Raises UserError for arguments that make no sense."""
    if args.target is None:
        raise UserError("which target? 'wirelaw fuzz codec --list' shows them")
    if not 1 <= args.workers <= 256:
        raise UserError(f"--workers {args.workers}: from 1 to 256")
    if args.time is not None and args.time <= 0:
        raise UserError(f"--time {args.time:g}: more than 0 seconds")
    if args.minimise < 0:
        raise UserError(f"--minimise {args.minimise}: 0 or more seconds")
    if args.resume and args.fresh:
        raise UserError("--resume and --fresh exclude each other")


def show_list(all_targets: list[Target], as_json: bool) -> int:
    rows = [target for target in all_targets if not target.hidden]
    if as_json:
        document = [{"name": t.name, "what": t.what, "grammar": t.grammar, "max_len": t.max_len} for t in rows]
        print(json.dumps({"targets": document}, indent=2))
    else:
        width = max(len(target.name) for target in rows)
        for target in rows:
            print(f"{target.name:<{width}}  {target.what}")
    return 0


def campaign(root: Path, target: Target, args: argparse.Namespace) -> int:
    from wirelaw.fuzzing.build import target_program
    from wirelaw.fuzzing.campaign import default_work, settle, stderr_line, watch, work_folder
    from wirelaw.fuzzing.triage import Triage

    line = stderr_line()
    line.show(f"building {target.name}", now=True)
    program = target_program(root, "fuzz", target)
    with work_folder(args.work or default_work(target.name), root, args.resume, args.fresh) as work:
        engine = make_engine(root, target, program, work, args)
        regress = args.regress or default_regress(root, target, work)
        triage = Triage(program, work, regress.resolve(), f"fuzz/{target.name}/regress")
        outcome = watch(engine, triage, target.name, args.time, line)
        try:
            settle(engine, triage, args.minimise, line)
        except KeyboardInterrupt:
            line.say("minimising was stopped; the findings are kept as they were found")
    if args.json:
        print(json.dumps(document(target, args, work, outcome, triage), indent=2))
    else:
        tell(target, work, outcome, triage)
    return 1 if triage.findings else 0


def default_regress(root: Path, target: Target, work: Path) -> Path:
    """The tracked folder; findings of the user's own targets stay with the campaign."""
    if target.name.startswith("own_"):
        return work / "regress"
    return root / "corpora" / target.name / "regress"


def make_engine(root: Path, target: Target, program: Path, work: Path, args: argparse.Namespace) -> Engine:
    if args.engine == "libfuzzer":
        from wirelaw.fuzzing.libfuzzer import LibFuzzer

        return LibFuzzer(target, program, root, work, args.workers)
    from wirelaw.fuzzing.afl import Afl
    from wirelaw.fuzzing.build import afl_mutator, target_program

    sanitized = target_program(root, "afl-asan", target)
    bare = target_program(root, "afl", target) if args.workers > 1 else sanitized
    resume = args.resume and (work / "afl").exists()
    return Afl(target, (bare, sanitized), afl_mutator(root, target), root, work, args.workers, resume)


def document(
    target: Target, args: argparse.Namespace, work: Path, outcome: Outcome, triage: Triage
) -> dict[str, Any]:
    status = outcome.status
    return {
        "target": target.name,
        "engine": args.engine,
        "workers": args.workers,
        "work": str(work),
        "seconds": round(outcome.seconds, 1),
        "stopped": outcome.stopped,
        "executions": status.executions,
        "executions_per_second": round(status.per_second),
        "edges": status.coverage,
        "inputs": status.corpus,
        "findings": [asdict(finding) for finding in triage.findings.values()],
        "not_reproduced": [str(path) for path in triage.unreproduced()],
    }


def tell(target: Target, work: Path, outcome: Outcome, triage: Triage) -> None:
    from wirelaw.fuzzing.campaign import describe

    print(describe(target.name, outcome.status, outcome.seconds, len(triage.findings), None))
    for finding in triage.findings.values():
        print(f"{finding.title}")
        print(f"  {finding.file}, {finding.size} bytes (found with {finding.original_size})")
        print(f"  reproduced {finding.reproduced} of {finding.runs} times, seen {finding.seen} times")
        if finding.regression:
            print(f"  regression {finding.regression}")
            print(f"  test       ctest -R {finding.test}")
    for path in triage.unreproduced():
        print(f"not reproduced: {path}", file=sys.stderr)
    print(f"work {work}")
