"""A campaign over the wire: the engine, the IUT, and what becomes of what the engine tells."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError
from wirelaw.fuzzing import findings, journal, signature
from wirelaw.fuzzing.investigate import Finding, Investigator, Suspicion
from wirelaw.fuzzing.player import Player, engine_environment, where
from wirelaw.fuzzing.subject import Outside, Subject

#: Seconds that an IUT runs until it is ended cleanly and started afresh: short at first, so that a
#: leak that every input has is known early, with little to look through.
GENERATIONS = (4, 10, 20, 40, 60)
_TRIES = 3  # of a suspicion that could not be shown again
_RESERVE = 1 << 20  # bytes kept for the findings of a disk that is full


class Engine(contextlib.AbstractContextManager["Engine"]):
    """``wirelaw-fuzz campaign``: its events, and commands to it."""

    def __init__(
        self, subject: Subject | Outside, protocol: str, work: Path, options: Iterable[str]
    ) -> None:
        listen, fds = where(subject)
        command = [
            str(paths.program("wirelaw-fuzz")), "campaign", "--protocol", protocol, *listen,
            "--journal", str(work / "journal"), *options,
        ]  # fmt: skip
        self._launch(command, fds, engine_environment(subject))

    def _launch(self, command: list[str], fds: tuple[int, ...], env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0, pass_fds=fds, env=env, start_new_session=True,
        )  # fmt: skip
        self._pending = b""

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(command.encode() + b"\n")

    def events(self, seconds: float) -> list[dict[str, Any]]:
        """What it told; waits for the first. Raises UserError when it has ended."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return []
        chunk = os.read(self._process.stdout.fileno(), 1 << 16)
        if not chunk:
            raise UserError(f"the engine of the campaign ended: {self._last_words()}")
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        return [json.loads(line) for line in lines]

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        self._process.wait(5)
        said = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"status {self._process.returncode}"

    def __exit__(self, *_: object) -> None:
        self.tell("stop")
        try:
            self._process.communicate(timeout=5)
        except (subprocess.TimeoutExpired, ValueError):
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


@dataclass
class Counts:
    """How far a campaign is."""

    sessions: int = 0
    messages: int = 0
    answers: int = 0
    keys: int = 0
    queue: int = 0
    restarts: int = 0
    not_shown: int = 0
    seconds: float = 0.0
    fuzzed: float = 0.0  # of them, the engine ran
    started: float = field(default_factory=time.monotonic)


class Hunt:
    """One campaign. `run` gives back when the time is over or somebody stops it; what was found is
    in `found` and on disk by then."""

    def __init__(
        self, subject: Subject | Outside, protocol: str, work: Path, about: findings.Subjects,
        *, known: Iterable[str] = (), options: Iterable[str] = (), budget_s: float = 40.0,
        show: Callable[[Hunt], None] = lambda hunt: None,
        say: Callable[[str], None] = lambda text: None, stop_at_first: bool = False,
    ) -> None:  # fmt: skip
        self.subject, self.protocol, self.work, self.about = subject, protocol, work, about
        self.known, self.options = list(known), list(options)
        self.show, self.say = show, say
        self.stop_at_first = stop_at_first
        self.budget_s = budget_s
        self.found: list[Finding] = []
        self.unwritten: list[Finding] = []  # the disk was full
        self.places: list[Path] = []
        self.counts = Counts()
        self._buckets: set[str] = set()
        self._tries: dict[str, int] = {}
        self._generation = 0
        self._running_since: float | None = None
        self.scratch = work / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._reserve()

    def _reserve(self) -> None:
        reserve = self.work / "reserve"
        with contextlib.suppress(OSError), reserve.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _RESERVE)

    def run(self, seconds: float | None) -> None:
        """Raises UserError when it cannot go on, KeyboardInterrupt when it is stopped."""
        until = time.monotonic() + seconds if seconds else float("inf")
        options = [*self.options, "--growth", "0"]
        self.subject.fresh()
        options[-1] = str(self.subject.min_growth())
        self._put_aside()
        with (
            Player(self.subject, self.protocol, self.scratch) as player,
            Engine(self.subject, self.protocol, self.work, options) as engine,
        ):
            self.investigator = Investigator(
                self.subject, player, self.protocol, self.scratch, self.budget_s, self.say
            )
            self._salvage()
            self._begin(engine)
            self._follow(engine, until)
            if not (self.stop_at_first and self.found):
                self._last_words()
        self.end()

    def _follow(self, engine: Engine, until: float) -> None:
        for requirement in self.known:
            engine.tell(f"mute {requirement}")
        while time.monotonic() < until and not (self.stop_at_first and self.found):
            for event in engine.events(min(0.25, max(until - time.monotonic(), 0.0))):
                self._take(engine, event)
            self.counts.seconds = time.monotonic() - self.counts.started
            self.show(self)

    def _begin(self, engine: Engine) -> None:
        """The IUT is fresh: the engine may go on."""
        length = GENERATIONS[min(self._generation, len(GENERATIONS) - 1)]
        length = max(length, int(self.subject.start_seconds * 15))
        self._generation += 1
        self._running_since = time.monotonic()
        length = length if self.subject.restartable else 0
        engine.tell(f"iut {self.subject.port} {self.subject.pid} {length}")

    def _take(self, engine: Engine, event: dict[str, Any]) -> None:
        match event["event"]:
            case "status":
                self._count(event)
            case "candidate":
                self._pause()
                self._candidate(self._suspicion(event))
                self._again(engine, event.get("requirement"))
            case "generation":
                self._pause()
                self._leaks()
                self._again(engine, None)

    def _count(self, event: dict[str, Any]) -> None:
        for name in ("sessions", "messages", "answers", "keys", "queue"):
            setattr(self.counts, name, event[name])
        if event["full"]:
            raise UserError(f"{self.work}: the disk is full, so the campaign ends")
        self.subject.trim()

    def _pause(self) -> None:
        self.counts.fuzzed, self._running_since = self.fuzzed(), None

    def fuzzed(self) -> float:
        """Seconds that the engine ran."""
        since = self._running_since
        return self.counts.fuzzed + (time.monotonic() - since if since is not None else 0.0)

    def _again(self, engine: Engine, requirement: str | None) -> None:
        if requirement is not None and self._tries.get(requirement, 0) in range(1, _TRIES):
            engine.tell(f"unmute {requirement}")
        self.subject.fresh()
        self.counts.restarts += 1
        self._begin(engine)

    # The journal of a campaign that was killed

    def _put_aside(self) -> None:
        """Before the engine begins its own."""
        with contextlib.suppress(OSError):
            (self.work / "journal").rename(self.work / "journal.old")

    def _salvage(self) -> None:
        """Whether what was sent last of all ended the IUT; a campaign that ends well leaves none."""
        old = self.work / "journal.old"
        if not old.exists() or not self.subject.restartable:
            return
        self.say("the campaign before was killed; its journal is played")
        with contextlib.suppress(UserError):
            self._examine(Suspicion("death"), journal.read(old))
            old.unlink()
        self.subject.fresh()

    def end(self) -> None:
        """Nothing has to be looked through by the next campaign."""
        with contextlib.suppress(OSError):
            (self.work / "journal").unlink()

    # What was told

    def _suspicion(self, event: dict[str, Any]) -> Suspicion:
        return Suspicion.told(event)

    def _candidate(self, what: Suspicion) -> None:
        if what.kind == "death" and isinstance(self.subject, Subject):
            self.subject.alive(2.0)
            end = self.subject.running.exit_status(), self.subject.log()
            what = replace(what, death=signature.of_death(*end))
        if what.death is not None and what.death.text in self._buckets:
            return
        history = journal.read(self.work / "journal")
        self._examine(what, history)

    def _leaks(self) -> None:
        """The IUT is ended as it likes to be; what it has to say then may be a finding."""
        end = self.subject.end()
        history = None
        for leak in signature.of_leaks(end.log):
            if leak.text not in self._buckets and self._tries.get(leak.text, 0) < _TRIES:
                history = journal.read(self.work / "journal") if history is None else history
                self._examine(Suspicion("leak", death=leak), history)

    def _last_words(self) -> None:
        """The last generation ends like all others."""
        if self.subject.restartable and self.subject.alive():
            self._pause()
            self._leaks()

    def _examine(self, what: Suspicion, history: list[journal.Record]) -> None:
        name = what.requirement or (what.death.text if what.death else f"{what.kind} {what.detail}")
        self.say(f"{what.kind}: {name}; looked at")
        finding = self.investigator.examine(what, history, self.counts.seconds)
        if finding is None:
            self._tries[name] = self._tries.get(name, 0) + 1
            self.counts.not_shown += 1
            self.say(f"{what.kind}: {name} could not be shown again")
            return
        self._tries[name] = _TRIES
        if what.death is not None:
            self._buckets.add(what.death.text)
        if finding.bucket.text not in self._buckets or what.death is not None:
            self._buckets.add(finding.bucket.text)
            self._keep(finding)

    def _keep(self, finding: Finding) -> None:
        if any(one.bucket == finding.bucket for one in self.found):
            return
        self.found.append(finding)
        capture = self.scratch / "capture.pcapng"
        capture.unlink(missing_ok=True)
        if finding.kind != "growth":
            self.investigator.play(
                finding.records, fresh=self.subject.restartable, capture=capture
            )
        self.save(finding, capture)

    def save(self, finding: Finding, capture: Path | None = None) -> None:
        """On disk; where that is full, in the space that was kept for it, and then no more."""
        for again in (True, False):
            try:
                place = findings.write(self.work / "findings", finding, self.about, capture)
            except OSError as error:
                (self.work / "reserve").unlink(missing_ok=True)
                if not again:
                    self.unwritten.append(finding)
                    raise UserError(f"{self.work} cannot be written: {error.strerror}") from error
                continue
            self.places.append(place)
            self.say(f"found: {finding.bucket.text} (CWE-{finding.bucket.cwe}): {place}")
            return
