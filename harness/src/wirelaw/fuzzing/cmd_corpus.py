"""``wirelaw fuzz corpus``: keeps the tracked inputs."""

from __future__ import annotations

import argparse
from pathlib import Path

from wirelaw.errors import UserError

HELP = "make the tracked inputs anew, small, with what campaigns found"

EPILOG = """\
examples:
  wirelaw fuzz corpus --check               are the tracked inputs what their manifest says?
  wirelaw fuzz corpus mqtt5                 seeds from the vectors, minimised, with this machine's campaign
  wirelaw fuzz corpus --all --from DIR      all targets, with the inputs in DIR/<target>/
  wirelaw fuzz corpus --manifest            write corpora/MANIFEST.json anew

This is the one command that writes below corpora/*/seed; campaigns never do. What it adds is for you to
look at and to commit.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="targets whose seeds are made anew")
    parser.add_argument("--all", action="store_true", help="every target")
    parser.add_argument("--from", dest="more", action="append", default=[], type=Path, metavar="DIR",
                        help="more inputs, in DIR/<target>/")  # fmt: skip
    parser.add_argument("--check", action="store_true", help="only compare with the manifest")
    parser.add_argument("--manifest", action="store_true", help="only write the manifest")


def run(args: argparse.Namespace) -> int:
    from wirelaw.fuzzing import corpus, targets
    from wirelaw.fuzzing.campaign import default_work

    root = targets.tree()
    if args.check:
        wrong = corpus.check_manifest(root)
        for name in wrong:
            print(f"{name} is not what {corpus.MANIFEST} says")
        return 1 if wrong else 0
    names = [t.name for t in targets.all_targets(root) if not t.hidden] if args.all else args.targets
    if not names and not args.manifest:
        raise UserError("which target? name some, or --all, --check, --manifest")
    for name in names:
        target = targets.find(root, name)
        more = [path / name for path in args.more]
        more += [default_work(name) / "corpus", *(default_work(name) / "afl").glob("*/queue")]
        before, after = corpus.merge(root, target, more)
        print(f"{name}: {before} inputs before, {after} now", flush=True)
    corpus.write_manifest(root)
    return 0
