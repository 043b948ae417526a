"""Where the data files and the C programs are, in a source tree and in an installed package.

Both have one layout: what is ``conformance/cases`` in the tree is ``conformance/cases`` below the
installed ``wirelaw/data``, so that callers use the path of the tree everywhere.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from wirelaw.errors import UserError

_PACKAGE = Path(__file__).resolve().parent


def source_tree() -> Path | None:
    """The root of the source tree that this module belongs to, or None when it is installed."""
    root = _PACKAGE.parents[2] if len(_PACKAGE.parents) > 2 else None
    if root is not None and (root / "CMakePresets.json").is_file():
        return root
    return None


def data(relative: str) -> Path:
    """The file or folder that is ``relative`` in the source tree, e.g. ``conformance/cases``.

    Raises UserError when it is missing.
    """
    path = (source_tree() or _PACKAGE / "data") / relative
    if not path.exists():
        raise UserError(f"{path} is missing: the installation is not complete, install wirelaw again")
    return path


def build_dir() -> Path | None:
    """The build folder whose programs and extension are in use; None when installed.

    The launcher names it in WIRELAW_BUILD.
    """
    named = os.environ.get("WIRELAW_BUILD")
    if named:
        return Path(named)
    root = source_tree()
    return root / "build" / "release" if root else None


def program(name: str) -> Path:
    """The C program ``name``, e.g. ``wirelaw-peer``.

    Looked for in the build folder, then beside the Python interpreter, then in PATH. Raises
    UserError when it is in none of them.
    """
    build = build_dir()
    places = [build / "bin"] if build else []
    places.append(Path(sys.executable).parent)
    for place in places:
        if os.access(place / name, os.X_OK):
            return place / name
    found = shutil.which(name)
    if found:
        return Path(found)
    raise UserError(f"the program {name} was not found: run ./wirelaw, which builds it, or install wirelaw")
