"""libFuzzer: one parent in fork mode, which keeps N workers and merges what they find."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from wirelaw.fuzzing.engine import Status, Workers
from wirelaw.fuzzing.targets import Target

#: "#29817: cov: 2197 ft: 1808 corp: 230 exec/s 6003 oom/timeout/crash: 0/0/1 time: 6s job: 3"
_LINE = re.compile(
    rb"^#(\d+): cov: (\d+) ft: \d+ corp: (\d+) exec/s:? (\d+) oom/timeout/crash: (\d+)/(\d+)/(\d+)",
    re.MULTILINE,
)

TIMEOUT_S = 10  # for one input
MEMORY_MB = 2048


class LibFuzzer:
    """A campaign of libFuzzer in ``work``: corpus/, artifacts/, libfuzzer.log."""

    name = "libfuzzer"

    def __init__(self, target: Target, program: Path, root: Path, work: Path, workers: int) -> None:
        self._target, self._program, self._root = target, program, root
        self._work, self._count = work, workers
        self._workers = Workers()
        self._log = work / "libfuzzer.log"
        self._began = time.monotonic()

    def command(self) -> list[str]:
        options = [
            f"-fork={self._count}", "-ignore_crashes=1", "-ignore_ooms=1", "-ignore_timeouts=1",
            f"-timeout={TIMEOUT_S}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={self._target.max_len}",
            f"-artifact_prefix={self._work / 'artifacts'}/",
        ]  # fmt: skip
        dictionary = self._target.dictionary_file(self._root)
        if dictionary is not None:
            options.append(f"-dict={dictionary}")
        # The first folder is written to, the tracked ones are only read.
        folders = [self._work / "corpus", *self._target.seeds(self._root)]
        return [str(self._program), *options, *map(str, folders)]

    def start(self) -> None:
        for name in ("corpus", "artifacts", "tmp"):
            (self._work / name).mkdir(parents=True, exist_ok=True)
        self._began = time.monotonic()
        # Without names of functions, which cost a second each time; triage has them.
        env = {"TMPDIR": str(self._work / "tmp"), "ASAN_OPTIONS": "symbolize=0"}
        self._workers.start(self.command(), self._log, env)

    def status(self) -> Status:
        found = _LINE.findall(tail(self._log))
        if not found:
            return Status()
        count, coverage, corpus, _, *bad = map(int, found[-1])
        per_second = count / max(0.001, time.monotonic() - self._began)
        return Status(count, per_second, coverage, corpus, sum(bad))

    def artifacts(self) -> list[Path]:
        kinds = ("crash-", "leak-", "timeout-", "oom-")
        return by_age(path for path in (self._work / "artifacts").iterdir() if path.name.startswith(kinds))

    def running(self) -> bool:
        return self._workers.running()

    def trouble(self) -> str | None:
        # It ends by itself when no worker can do anything at all.
        if self._workers.running() or self.artifacts():
            return None
        return f"libFuzzer ended: {self._workers.last_words()} (all of it: {self._log})"

    def stop(self) -> None:
        self._workers.stop()
        shutil.rmtree(self._work / "tmp", ignore_errors=True)


def tail(log: Path, size: int = 16384) -> bytes:
    """The end of a file that grows."""
    if not log.exists():
        return b""
    with log.open("rb") as f:
        f.seek(max(0, log.stat().st_size - size))
        return f.read()


def by_age(paths: Sequence[Path] | object) -> list[Path]:
    return sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name))  # type: ignore[call-overload]
