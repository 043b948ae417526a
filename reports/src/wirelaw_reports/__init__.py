"""Reports of runs, rendered from their results and nothing else.

`write(results, folder)` renders everything for one run; `write_matrix` several runs side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from wirelaw.errors import UserError
from wirelaw.results import Results

from . import badge, junit, markdown, matrix, page, sarif, statement, trace
from .matrix import Column as Column

#: What one run is rendered to: the name of the file and what makes its text.
FORMATS: dict[str, tuple[str, Callable[[Results], str]]] = {
    "html": ("index.html", page.render),
    "junit": ("junit.xml", lambda results: '<?xml version="1.0" encoding="UTF-8"?>\n'
              + junit.render(results) + "\n"),
    "sarif": ("results.sarif", sarif.render),
    "markdown": ("summary.md", markdown.render),
    "badge": ("badge.svg", badge.render),
    "csv": ("traceability.csv", trace.render),
}  # fmt: skip
#: What is made only when it is asked for: a file for A4, and the same as PDF.
ON_REQUEST: dict[str, tuple[str, Callable[[Results], str]]] = {
    "statement": ("statement.html", statement.render),
}


def write(results: Results, folder: Path, formats: Sequence[str] = tuple(FORMATS)) -> list[Path]:
    """Renders one run into a folder and gives the files. Raises UserError where it can't."""
    made = []
    for name in formats:
        file, render = (FORMATS | ON_REQUEST)[name]
        made.append(_write_text(folder / file, render(results)))
        if name == "statement":
            made.append(made[-1].with_suffix(".pdf"))
            statement.write_pdf(made[-2], made[-1])
    return made


def write_matrix(columns: Sequence[Column], folder: Path, tool_version: str) -> list[Path]:
    """Renders several runs side by side into a folder and gives the files."""
    return [
        _write_text(folder / "matrix.html", matrix.render(columns, tool_version)),
        _write_text(folder / "matrix.csv", matrix.render_csv(columns)),
    ]


def _write_text(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace", newline="")
    except OSError as error:
        raise UserError(
            f"the report {path} can't be written: {error.strerror}; name another folder"
        ) from None
    return path
