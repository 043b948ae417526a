"""Makes findings of crashing inputs: run again, put into a bucket by stack, made small, written.

A bucket is a kind of error and the three innermost functions of this project, so that many inputs
of one cause make one finding, whatever line numbers do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

RUNS = 3
FRAMES = 3
RUN_LIMIT_S = 60
#: Frames that any crash has: of the engine, the sanitizers, the C library, our own way of failing.
_NOT_OURS = re.compile(r"^(__|fuzzer::|main$|_start$|raise$|abort$|pthread|LLVMFuzzer|fuzz_fail$|\(anonymous)")
_FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ in (\S+)(?: .*)? (\S+?):\d+(?::\d+)?$", re.MULTILINE)
_REPORTS = (
    ("require", re.compile(r"FUZZ_REQUIRE failed: (.+)")),
    ("asan", re.compile(r"ERROR: AddressSanitizer: ([\w-]+)")),
    ("leak", re.compile(r"ERROR: LeakSanitizer: (detected memory leaks)")),
    ("ubsan", re.compile(r"runtime error: (.+)")),
    ("timeout", re.compile(r"ERROR: libFuzzer: (timeout) after")),
    ("oom", re.compile(r"ERROR: libFuzzer: (out-of-memory)")),
    ("crash", re.compile(r"ERROR: libFuzzer: (deadly signal)")),
)
_ENV = {"ASAN_OPTIONS": "handle_abort=1:dedup_token_length=6:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


@dataclass(frozen=True)
class Report:
    """What one run of the program on one input said."""

    bucket: str  # a file name
    title: str  # for people: the kind and where
    text: str  # all of it


@dataclass
class Finding:
    """One cause. ``size`` is of the smallest input known; ``test`` is ctest's name for it."""

    name: str
    title: str
    kind: str
    file: str
    size: int
    original_size: int
    reproduced: int
    runs: int
    seen: int = 1
    regression: str = ""
    test: str = ""


def bucket_of(text: str) -> tuple[str, str, str]:
    """(bucket, kind, title) of a sanitizer's or the engine's report."""
    kind, detail = "crash", "ended without a report"
    for name, pattern in _REPORTS:
        found = pattern.search(text)
        if found:
            kind, detail = name, found.group(1).strip()
            break
    frames = [name for name, _ in _FRAME.findall(text) if not _NOT_OURS.match(name)][:FRAMES]
    what = detail if kind == "asan" else kind
    # A message may hold addresses and values; a condition that does not hold is the same each time.
    stable = re.sub(r":\d+:", ":", detail) if kind == "require" else what
    digest = hashlib.sha256("\n".join([kind, stable, *frames]).encode()).hexdigest()[:8]
    where = frames[0] if frames else "unknown"
    slug = re.sub(r"[^a-z0-9]+", "-", f"{what}-{where}".lower()).strip("-")
    title = f"{what} in {where}" if kind == "asan" else f"{kind} in {where}: {detail}"
    return f"{slug[:60]}-{digest}", kind, title


class Triage:
    """Findings of one campaign, in ``work``/findings/<bucket>/."""

    def __init__(self, program: Path, work: Path, regress: Path, test_prefix: str) -> None:
        """``program`` is linked with libFuzzer and sanitizers, whichever engine found the input;
        ``regress`` is where regression files go, ``test_prefix`` what ctest calls them."""
        self._program, self._folder = program, work / "findings"
        self._regress, self._prefix = regress, test_prefix
        self._seen: dict[Path, str] = {}
        self.findings: dict[str, Finding] = {}

    def take(self, artifact: Path) -> Finding | None:
        """Runs a new artifact and files it; None when it was known or does not fail here."""
        if artifact in self._seen:
            return None
        report = self.run(artifact) or self.run(artifact)
        self._seen[artifact] = report.bucket if report else ""
        if report is None:
            return None
        known = self.findings.get(report.bucket)
        if known is not None:
            known.seen += 1
            return None
        again = sum(self.run(artifact) is not None for _ in range(RUNS))
        return self._file(artifact, report, again)

    def unreproduced(self) -> list[Path]:
        """Artifacts that did not fail here. Empty ones are of workers that were ended as they wrote."""
        return [path for path, bucket in self._seen.items() if not bucket and path.stat().st_size > 0]

    def num_taken(self) -> int:
        return len(self._seen)

    def _file(self, artifact: Path, report: Report, reproduced: int) -> Finding:
        folder = self._folder / report.bucket
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(artifact, folder / "input")
        (folder / "report.txt").write_text(report.text, encoding="utf-8")
        size = artifact.stat().st_size
        _, kind, _ = bucket_of(report.text)
        finding = Finding(
            report.bucket, report.title, kind, str(folder / "input"), size, size, reproduced, RUNS
        )
        self.findings[report.bucket] = finding
        self._note(finding)
        return finding

    def run(self, path: Path) -> Report | None:
        """Runs one input; None when nothing is wrong with it."""
        command = [str(self._program), "-handle_abrt=0", "-timeout=10", "-rss_limit_mb=2048", str(path)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**os.environ, **_ENV}, timeout=RUN_LIMIT_S, cwd=self._program.parent,
            )  # fmt: skip
            text, status = done.stdout.decode(errors="replace"), done.returncode
        except subprocess.TimeoutExpired as error:
            text, status = (error.stdout or b"").decode(errors="replace"), 1
        if status == 0:
            return None
        bucket, _, title = bucket_of(text)
        return Report(bucket, title, text)

    def minimise(self, finding: Finding, seconds: int) -> None:
        """Lets libFuzzer make the input smaller; the result must fall into the same bucket."""
        source = Path(finding.file)
        small = source.with_name("minimised")
        env = {**os.environ, **_ENV}
        env["ASAN_OPTIONS"] += f":dedup_token_length={6 if finding.kind == 'require' else FRAMES}"
        command = [
            str(self._program), "-minimize_crash=1", f"-max_total_time={seconds}", "-handle_abrt=0",
            "-timeout=10", f"-exact_artifact_path={small}", str(source),
        ]  # fmt: skip
        log = source.with_name("minimise.log")
        with log.open("wb") as out:
            _call(command, out, env, seconds + RUN_LIMIT_S, source.parent)
        if small.exists() and small.stat().st_size < finding.size and self._is(small, finding):
            finding.file, finding.size = str(small), small.stat().st_size
        else:
            small.unlink(missing_ok=True)
        self._note(finding)

    def _is(self, path: Path, finding: Finding) -> bool:
        report = self.run(path)
        return report is not None and report.bucket == finding.name

    def write_regression(self, finding: Finding) -> None:
        """The file that CI replays from now on, and the name of the test that does."""
        self._regress.mkdir(parents=True, exist_ok=True)
        path = self._regress / finding.name
        shutil.copyfile(finding.file, path)
        finding.regression, finding.test = str(path), f"{self._prefix}/{finding.name}"
        self._note(finding)

    def _note(self, finding: Finding) -> None:
        path = self._folder / finding.name / "finding.json"
        path.write_text(json.dumps(asdict(finding), indent=2) + "\n", encoding="utf-8")


def _call(command: list[str], out: object, env: dict[str, str], limit: int, cwd: Path) -> None:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,  # type: ignore[call-overload]
        env=env, cwd=cwd,
    )  # fmt: skip
    try:
        process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()
        process.wait()
