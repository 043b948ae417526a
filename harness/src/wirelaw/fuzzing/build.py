"""Builds targets by the presets of CMakePresets.json, and looks whether they can be fuzzed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from wirelaw.errors import UserError
from wirelaw.fuzzing.targets import Target

#: What a preset needs beside cmake and ninja, and the Debian packages that have it.
TOOLS = {
    "fuzz": (("clang",), "clang libclang-rt-dev llvm"),
    "fuzz-cov": (("clang", "llvm-cov", "llvm-profdata"), "clang libclang-rt-dev llvm"),
    "afl": (("afl-clang-fast", "afl-fuzz"), "afl++"),
    "afl-asan": (("afl-clang-fast", "afl-fuzz"), "afl++"),
    "asan": ((), ""),
    "release": ((), ""),
}

#: Symbols that coverage instrumentation leaves: clang's, and AFL++'s.
MARKS = ("__sanitizer_cov_", "__sancov_", "__afl_area", "__afl_prev")


def need(preset: str) -> None:
    """Raises UserError when a tool that the preset needs is not there."""
    tools, packages = TOOLS[preset]
    for tool in ("cmake", "ninja", *tools):
        if shutil.which(tool) is None:
            raise UserError(
                f"{tool} was not found; run 'sudo apt-get install {packages or 'cmake ninja-build'}'"
            )


def build_folder(root: Path, preset: str) -> Path:
    """Where a preset is built: in the tree, or below WIRELAW_FUZZ_BUILD."""
    elsewhere = os.environ.get("WIRELAW_FUZZ_BUILD")
    return Path(elsewhere, preset) if elsewhere else root / "build" / preset


def build(root: Path, preset: str, goals: Sequence[str], settings: Sequence[str] = ()) -> Path:
    """Builds the goals; returns the build folder. Raises UserError with the end of the output."""
    need(preset)
    folder = build_folder(root, preset)
    python = f"-DPython3_EXECUTABLE={sys.executable}"
    configure = ["cmake", "-S", str(root), "-B", str(folder), "--preset", preset, python, *settings]
    if not _belongs(folder, root):
        configure.append("--fresh")
    _run(configure, root, folder)
    jobs = str(os.cpu_count() or 1)
    _run(["cmake", "--build", str(folder), "-j", jobs, "--target", *goals], root, folder)
    return folder


def _belongs(folder: Path, root: Path) -> bool:
    cache = folder / "CMakeCache.txt"
    return not cache.exists() or f"CMAKE_HOME_DIRECTORY:INTERNAL={root}\n" in cache.read_text()


def _run(command: Sequence[str], root: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    if done.returncode != 0:
        log = folder / "fuzz-build.log"
        log.write_text(done.stdout, encoding="utf-8")
        raise UserError(f"the build in {folder} failed: {_problem(done.stdout)} (all of it: {log})")


def _problem(output: str) -> str:
    """The compiler's first error, or what CMake says below the word."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if line.startswith("CMake Error"):
            return " ".join(lines[i + 1 : i + 3])
        if "error:" in line:
            return line
    return lines[-1] if lines else "it said nothing"


def target_program(root: Path, preset: str, target: Target) -> Path:
    """Builds one target with its engine, refuses it when it is blind, and returns the program."""
    settings = ["-UWIRELAW_FUZZ_OWN*"]
    if target.links or target.name.startswith("own_"):
        settings = [
            f"-DWIRELAW_FUZZ_OWN={target.name}",
            f"-DWIRELAW_FUZZ_OWN_SOURCE={target.source}",
            f"-DWIRELAW_FUZZ_OWN_GRAMMAR={target.grammar}",
            f"-DWIRELAW_FUZZ_OWN_LINKS={';'.join(map(str, target.links))}",
        ]
    folder = build(root, preset, [f"fuzz_{target.name}"], settings)
    refuse_blind(target, libraries(folder, target))
    return folder / "fuzz" / f"fuzz_{target.name}"


def libraries(folder: Path, target: Target) -> list[Path]:
    """The libraries whose coverage guides a campaign on the target."""
    if target.links:
        return list(target.links)
    listed = folder / "fuzz" / f"{target.name}.libraries"
    return [Path(line) for line in listed.read_text().splitlines() if line] if listed.exists() else []


def refuse_blind(target: Target, paths: Sequence[Path]) -> None:
    """Raises UserError for a library without instrumentation: the engine would see nothing of it."""
    for path in paths:
        if not instrumented(path):
            raise UserError(
                f"target {target.name} is refused: {path} carries no coverage instrumentation, so"
                " that a campaign would be blind; build it with clang -fsanitize=fuzzer-no-link"
                " (libFuzzer) or afl-clang-fast (AFL++)"
            )


def instrumented(library: Path) -> bool:
    """Whether code of the library reports what was reached: its symbols say so."""
    for flags in ([], ["-D"]):
        listed = subprocess.run(
            ["nm", *flags, str(library)], capture_output=True, text=True, errors="replace"
        )
        if any(mark in listed.stdout for mark in MARKS):
            return True
    return False


def afl_mutator(root: Path, target: Target) -> Path | None:
    """The custom mutator library for AFL++, built without instrumentation; None: none fits."""
    if not target.grammar:
        return None
    folder = build(root, "release", [f"afl_{target.grammar}"])
    return folder / "fuzz" / f"afl_{target.grammar}.so"
