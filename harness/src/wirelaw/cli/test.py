"""``wirelaw test``: the project's own tests, in C under several compilers, and in Python."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wirelaw.errors import UserError
from wirelaw.paths import source_tree

HELP = "run the project's own tests"

EPILOG = """\
parts: asan   C tests by gcc with AddressSanitizer and UndefinedBehaviorSanitizer
       clang  C tests by clang, optimised as released
       msan   C tests of codecs and monitors by clang with MemorySanitizer
       c      the three above
       python the tests of the harness, the reports and the catalogues

examples:
  wirelaw test                       everything, as CI does
  wirelaw test --only asan -k frame  C tests whose name matches 'frame', one build only
  wirelaw test --only python -k cli  Python tests that match 'cli'
"""

C_PRESETS = ("asan", "clang", "msan")
PARTS = (*C_PRESETS, "python")
STEP_LIMIT_S = 30 * 60  # a step that takes longer hangs: it is ended, and has failed


@dataclass
class Count:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: Count) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "--only",
        action="append",
        choices=(*PARTS, "c"),
        metavar="PART",
        help=f"run this part: {', '.join(PARTS)}, or c; may be given again",
    )
    parser.add_argument("-k", metavar="NAME", help="only tests whose name matches")
    parser.add_argument("-j", type=int, metavar="N", help="jobs at once (default: one a core)")


def run(args: argparse.Namespace) -> int:
    root = source_tree()
    if root is None:
        raise UserError("the tests are not part of an installed wirelaw; run ./wirelaw test in its source tree")
    parts = selected(args.only)
    jobs = args.j or os.cpu_count() or 1
    started = time.monotonic()
    total = Count()
    for part in parts:
        heading(part)
        if part == "python":
            total.add(python_tests(root, jobs, args.k))
        else:
            total.add(c_tests(root, part, jobs, args.k))
    heading(f"{', '.join(parts)} in {time.monotonic() - started:.0f} s")
    print(total, flush=True)
    if total.passed + total.failed == 0:
        print("wirelaw: no test ran", file=sys.stderr)
    return 0 if total.failed == 0 and total.passed > 0 else 1


def selected(only: Sequence[str] | None) -> list[str]:
    """The parts to run, in their fixed order."""
    if not only:
        return list(PARTS)
    wanted = set(only)
    if "c" in wanted:
        wanted.update(C_PRESETS)
    return [part for part in PARTS if part in wanted]


def c_tests(root: Path, preset: str, jobs: int, name: str | None) -> Count:
    """Configures, builds and runs one preset; a build that fails counts as one failed test."""
    build = root / "build" / preset
    python = f"-DPython3_EXECUTABLE={sys.executable}"
    fresh = [] if configured_for(build, root) else ["--fresh"]
    if call(["cmake", "--preset", preset, "--log-level=NOTICE", *fresh, python], root) != 0:
        return Count(failed=1)
    if call(["cmake", "--build", str(build), "-j", str(jobs), "--", "--quiet"], root) != 0:
        return Count(failed=1)
    with tempfile.TemporaryDirectory() as folder:
        junit = Path(folder, "junit.xml")
        command = ["ctest", "--preset", preset, "-j", str(jobs), "--output-junit", str(junit)]
        status = call(command + (["-R", name] if name else []), root)
        return count(junit, status)


def configured_for(build: Path, root: Path) -> bool:
    """Whether a build folder was configured for this source tree, not for one moved here."""
    cache = build / "CMakeCache.txt"
    return not cache.exists() or f"CMAKE_HOME_DIRECTORY:INTERNAL={root}\n" in cache.read_text()


def python_tests(root: Path, jobs: int, name: str | None) -> Count:
    """Runs pytest over every folder of tests; tests of a file stay in one process."""
    folders = [str(path) for path in test_folders(root)]
    with tempfile.TemporaryDirectory() as folder:
        junit = Path(folder, "junit.xml")
        command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-n", str(min(jobs, 2)), "--dist", "loadfile", "--durations", "5"]
        command += [f"--junitxml={junit}", *folders]
        status = call(command + (["-k", name] if name else []), root)
        if status == 5 and name:  # pytest's word for: nothing matched
            return Count()
        return count(junit, status)


def test_folders(root: Path) -> Iterator[Path]:
    patterns = ("harness/tests", "reports/tests", "conformance/*/tests")
    for pattern in patterns:
        yield from sorted(root.glob(pattern))


def count(junit: Path, status: int) -> Count:
    """Counts a JUnit file. A runner that failed, yet reports no failed test, counts as one."""
    result = Count()
    if junit.exists():
        for case in ElementTree.parse(junit).iter("testcase"):
            outcomes = {child.tag for child in case}
            if outcomes & {"failure", "error"}:
                result.failed += 1
            elif "skipped" in outcomes:
                result.skipped += 1
            else:
                result.passed += 1
    if status != 0 and result.failed == 0:
        result.failed = 1
    return result


def call(command: Sequence[str], root: Path) -> int:
    """Runs a command without standard input; it and its children end with us, or at the limit."""
    if shutil.which(command[0]) is None:
        raise UserError(f"{command[0]} was not found; run this through ./wirelaw, which installs it")
    sys.stdout.flush()
    process = subprocess.Popen(
        command, cwd=root, stdin=subprocess.DEVNULL, start_new_session=True, env=environment()
    )
    try:
        return process.wait(timeout=STEP_LIMIT_S)
    except subprocess.TimeoutExpired:
        print(f"wirelaw: {command[0]} was ended after {STEP_LIMIT_S} s", file=sys.stderr)
        return 1
    finally:
        end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends what a command left running in its process group, and reaps the command."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def environment() -> dict[str, str]:
    sanitizers = {
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "CTEST_OUTPUT_ON_FAILURE": "1",
    }
    return {**sanitizers, **os.environ}


def heading(text: str) -> None:
    print(f"== {text}", flush=True)
