"""What the tracked inputs reach of each codec: lines and branches, by llvm-cov."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wirelaw.errors import UserError
from wirelaw.fuzzing.build import build
from wirelaw.fuzzing.targets import Target, all_targets

#: What is reported, and where it lies in the tree.
PARTS = {
    "codecs/core": "codecs/core/",
    "codecs/mqtt": "codecs/mqtt/",
    "codecs/coap": "codecs/coap/",
    "codecs/websocket": "codecs/websocket/",
    "codecs/http": "codecs/http/",
    "conformance/monitors": "conformance/monitors/",
    "pcap": "pcap/",
}


@dataclass
class Row:
    """Counts of one part, or of one file."""

    what: str
    lines: int = 0
    lines_covered: int = 0
    branches: int = 0
    branches_covered: int = 0

    @property
    def lines_percent(self) -> float:
        return percent(self.lines_covered, self.lines)

    @property
    def branches_percent(self) -> float:
        return percent(self.branches_covered, self.branches)

    def add(self, other: Row) -> None:
        self.lines += other.lines
        self.lines_covered += other.lines_covered
        self.branches += other.branches
        self.branches_covered += other.branches_covered


def percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 2) if whole else 100.0


def measure(root: Path, extra: Sequence[Path] = ()) -> tuple[list[Row], list[Row]]:
    """(parts, files): replays every target's tracked inputs, and ``extra``/<target>/ beside them."""
    targets = [t for t in all_targets(root) if not t.hidden]
    folder = build(root, "fuzz-cov", ["fuzz_replays"])
    programs = [(t, folder / "fuzz" / f"replay_{t.name}") for t in targets]
    programs = [(t, program) for t, program in programs if program.exists()]
    with tempfile.TemporaryDirectory(prefix="wirelaw-coverage-") as name:
        scratch = Path(name)
        profiles = [_replay(root, t, program, scratch, extra) for t, program in programs]
        profiles = [profile for profile in profiles if profile is not None]
        if not profiles:
            raise UserError(f"{root / 'corpora'} holds no inputs to measure")
        merged = scratch / "all.profdata"
        _call(["llvm-profdata", "merge", "-sparse", "-o", str(merged), *map(str, profiles)])
        files = _export(root, merged, [program for _, program in programs])
    return _sum(files), files


def _replay(
    root: Path, target: Target, program: Path, scratch: Path, extra: Sequence[Path]
) -> Path | None:
    inputs = target.seeds(root) + [path / target.name for path in extra if (path / target.name).is_dir()]
    if not inputs:
        return None
    profile = scratch / f"{target.name}.profraw"
    _call([str(program), *map(str, inputs)], {"LLVM_PROFILE_FILE": str(profile)})
    return profile


def _export(root: Path, merged: Path, programs: list[Path]) -> list[Row]:
    objects = [str(programs[0])]
    for program in programs[1:]:
        objects += ["-object", str(program)]
    command = ["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}", *objects]
    data = json.loads(_call(command))["data"][0]
    rows = []
    for entry in data["files"]:
        path = Path(entry["filename"])
        if not path.is_relative_to(root) or "tests" in path.parts:
            continue
        lines, branches = entry["summary"]["lines"], entry["summary"]["branches"]
        rows.append(
            Row(
                str(path.relative_to(root)),
                lines["count"], lines["covered"], branches["count"], branches["covered"],
            )
        )  # fmt: skip
    return rows


def _sum(files: list[Row]) -> list[Row]:
    parts = [Row(name) for name in PARTS]
    for part in parts:
        for row in files:
            if row.what.startswith(PARTS[part.what]):
                part.add(row)
    return [part for part in parts if part.lines]


def _call(command: list[str], env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env={**os.environ, **(env or {})}
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise UserError(f"{Path(command[0]).name} failed: {last}")
    return done.stdout
