"""The targets, as ``fuzz/targets.json`` lists them, and a target of the user's own."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from wirelaw.errors import UserError
from wirelaw.paths import source_tree


@dataclass(frozen=True)
class Target:
    """One target: a C file around ``LLVMFuzzerTestOneInput``, and what its inputs are."""

    name: str
    source: str
    what: str
    grammar: str = ""  # what the mutators know of its inputs; "": nothing
    dictionary: str = ""  # of corpora/dictionaries; "": none
    max_len: int = 4096
    corpus: str = ""  # the folder of corpora/ with its inputs; "": that of its name
    tests: tuple[str, ...] = ()  # the libraries whose coverage guides it
    links: tuple[Path, ...] = field(default=())  # of the user's own
    hidden: bool = False  # built for the tests of fuzzing itself

    def seeds(self, root: Path) -> list[Path]:
        """The tracked folders that hold inputs, which nothing writes to."""
        folder = root / "corpora" / (self.corpus or self.name)
        return [path for path in (folder / "seed", folder / "regress") if any_file(path)]

    def dictionary_file(self, root: Path) -> Path | None:
        return root / f"corpora/dictionaries/{self.dictionary}.dict" if self.dictionary else None


def any_file(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def tree() -> Path:
    """The source tree. Raises UserError when there is none: targets are built from it."""
    root = source_tree()
    if root is None:
        raise UserError(
            "fuzz targets are built from the source tree, which an installed wirelaw has not;"
            " run ./wirelaw fuzz in a clone of it"
        )
    return root


def all_targets(root: Path) -> list[Target]:
    """Every target, the hidden ones too, in the order of the list."""
    rows = json.loads((root / "fuzz/targets.json").read_text(encoding="utf-8"))
    return [
        Target(
            name=row["name"],
            source=row["source"],
            what=row["what"],
            grammar=row["grammar"],
            dictionary=row["dictionary"],
            max_len=row["max_len"],
            tests=tuple(row["tests"]),
            hidden=row.get("hidden", False),
        )
        for row in rows
    ]


def find(root: Path, name: str) -> Target:
    """The target of that name. Raises UserError with the nearest name when there is none."""
    targets = all_targets(root)
    for target in targets:
        if target.name == name:
            return target
    names = [target.name for target in targets if not target.hidden]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else "'wirelaw fuzz codec --list' shows them"
    raise UserError(f"there is no fuzz target '{name}'; {hint}")


def own(root: Path, source: Path, like: str | None, links: list[Path]) -> Target:
    """A target of the user's: a C file, the libraries that it tests, and the inputs it is like."""
    if not source.is_file():
        raise UserError(f"{source}: there is no such file")
    if "LLVMFuzzerTestOneInput" not in source.read_text(encoding="utf-8", errors="replace"):
        raise UserError(f"{source} has no function LLVMFuzzerTestOneInput, which a target consists of")
    for path in links:
        if not path.is_file():
            raise UserError(f"--link {path}: there is no such file")
    model = find(root, like) if like else Target(name="", source="", what="")
    return replace(
        model,
        name=f"own_{source.stem}",
        source=str(source.resolve()),
        what=f"{source}",
        corpus=model.name or f"own_{source.stem}",
        tests=(),
        links=tuple(path.resolve() for path in links),
        hidden=True,
    )
