"""Which IUTs there are: descriptors that come with wirelaw, and the user's own."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from wirelaw import paths
from wirelaw.errors import UserError
from wirelaw.iut.descriptor import Descriptor, parse


def folders() -> list[Path]:
    """Where descriptors are looked for, the user's own first: a name found twice is theirs."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [config / "wirelaw" / "iuts", paths.data("harness/iuts")]


def names() -> dict[str, Path]:
    """All names, sorted, each with its file."""
    found: dict[str, Path] = {}
    for folder in folders():
        for file in folder.glob("*.toml"):
            found.setdefault(file.stem, file)
    return dict(sorted(found.items()))


def load(name_or_path: str | Path) -> Descriptor:
    """The descriptor of that name, or in that file (a path that ends in ``.toml``).

    Raises UserError when there is none, or when it is wrong.
    """
    text = str(name_or_path)
    if text.endswith(".toml") or os.sep in text:
        return parse(Path(text))
    known = names()
    if text not in known:
        near = difflib.get_close_matches(text, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "'wirelaw iut list' shows them"
        raise UserError(f"there is no IUT '{text}'; {hint}")
    return parse(known[text])


def all_descriptors() -> list[Descriptor]:
    """Every descriptor, by name. Raises UserError for the first that is wrong."""
    return [parse(file) for file in names().values()]
