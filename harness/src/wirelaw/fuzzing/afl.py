"""AFL++: a main and secondaries, which share what they find through their own folders."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from wirelaw.fuzzing.engine import Status, Workers
from wirelaw.fuzzing.libfuzzer import by_age
from wirelaw.fuzzing.targets import Target

TIMEOUT_MS = 2000  # for one input


class Metrics:
    """What the workers tell each second, as StatsD has it, to a port of 127.0.0.1: their files say it
    only once a minute, or at the end."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._rows: dict[object, dict[str, str]] = {}

    def rows(self) -> list[dict[str, str]]:
        """The newest values of each worker, by the names of the protocol."""
        while True:
            try:
                packet, sender = self._socket.recvfrom(65536)
            except BlockingIOError:
                return list(self._rows.values())
            row = self._rows.setdefault(sender, {})
            for line in packet.decode(errors="replace").splitlines():
                name, _, rest = line.partition(":")
                row[name.rsplit(".", 1)[-1]] = rest.partition("|")[0]

    def close(self) -> None:
        self._socket.close()


class Afl:
    """A campaign of AFL++ in ``work``: seeds/, afl/<worker>/, afl-<worker>.log.

    ``programs``: the target without a sanitizer, and with; one worker runs the second, as AFL++'s
    manual advises, because it is several times slower.
    """

    name = "afl"

    def __init__(
        self, target: Target, programs: tuple[Path, Path], mutator: Path | None, root: Path,
        work: Path, workers: int, resume: bool,
    ) -> None:  # fmt: skip
        self._target, self._programs, self._mutator = target, programs, mutator
        self._root, self._work, self._resume = root, work, resume
        self._names = ["main", *(f"secondary{i}" for i in range(1, workers))]
        self._workers = Workers()
        self._metrics: Metrics | None = None

    def command(self, name: str) -> list[str]:
        sanitized = name == self._names[min(1, len(self._names) - 1)]
        role = "-M" if name == "main" else "-S"
        options = [role, name, "-o", str(self._work / "afl"), "-t", str(TIMEOUT_MS), "-m", "none"]
        options += ["-i", "-" if self._resume else str(self._work / "seeds")]
        options += ["-G", str(self._target.max_len)]
        dictionary = self._target.dictionary_file(self._root)
        if dictionary is not None:
            options += ["-x", str(dictionary)]
        return ["afl-fuzz", *options, "--", str(self._programs[sanitized])]

    def start(self) -> None:
        self._gather_seeds()
        self._metrics = Metrics()
        env = {
            "AFL_STATSD": "1", "AFL_STATSD_HOST": "127.0.0.1", "AFL_STATSD_PORT": str(self._metrics.port),
            "AFL_NO_UI": "1", "AFL_NO_AFFINITY": "1", "AFL_SKIP_CPUFREQ": "1",
            "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_FAST_CAL": "1",
        }  # fmt: skip
        if self._mutator is not None:
            env["AFL_CUSTOM_MUTATOR_LIBRARY"] = str(self._mutator)
        for name in self._names:
            self._workers.start(self.command(name), self._work / f"afl-{name}.log", env)

    def _gather_seeds(self) -> None:
        folder = self._work / "seeds"
        folder.mkdir(parents=True, exist_ok=True)
        for tracked in self._target.seeds(self._root):
            for path in tracked.iterdir():
                if 0 < path.stat().st_size <= self._target.max_len:
                    shutil.copyfile(path, folder / path.name)
        if not any(folder.iterdir()):
            (folder / "one").write_bytes(b"\0")

    def status(self) -> Status:
        told = self._metrics.rows() if self._metrics is not None else []
        rows = told or [row for row in map(self._last_row, self._names) if row]
        if not rows:
            return Status()
        return Status(
            executions=sum(number(row, "execs_done", "total_execs") for row in rows),
            per_second=sum(number(row, "execs_per_sec") for row in rows),
            coverage=max(number(row, "edges_found") for row in rows),
            corpus=max(number(row, "corpus_count") for row in rows),
            crashes=sum(number(row, "saved_crashes") + number(row, "saved_hangs") for row in rows),
        )

    def _last_row(self, name: str) -> dict[str, str]:
        """The newest line of a worker's plot_data, by the names in its first line."""
        path = self._work / "afl" / name / "plot_data"
        if not path.exists():
            return {}
        lines = path.read_text().splitlines()
        if len(lines) < 2 or not lines[0].startswith("#"):
            return {}
        names = [key.strip() for key in lines[0].lstrip("# ").split(",")]
        values = [value.strip() for value in lines[-1].split(",")]
        return dict(zip(names, values, strict=True)) if len(names) == len(values) else {}

    def artifacts(self) -> list[Path]:
        found = []
        for name in self._names:
            for kind in ("crashes", "hangs"):
                found += (self._work / "afl" / name / kind).glob("id*")
        return by_age(found)

    def running(self) -> bool:
        return self._workers.running()

    def trouble(self) -> str | None:
        if self._workers.running() or not self._workers.all_failed():
            return None
        return f"AFL++ ended: {self._workers.last_words()} (all of it: {self._work / 'afl-main.log'})"

    def stop(self) -> None:
        self._workers.stop()
        if self._metrics is not None:
            self._metrics.close()
            self._metrics = None  # from now on the files know more


def number(row: dict[str, str], *names: str) -> int:
    """The first of the names that the row has, rounded; 0 when it has none."""
    for name in names:
        if name in row:
            return round(float(row[name]))
    return 0
