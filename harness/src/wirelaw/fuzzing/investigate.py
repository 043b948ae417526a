"""What may be a finding, looked at: again on a fresh IUT, made small, and named."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError
from wirelaw.fuzzing import journal, reduce, signature
from wirelaw.fuzzing.journal import Record
from wirelaw.fuzzing.player import Outcome, Player, engine_environment, where
from wirelaw.fuzzing.signature import CWES, Signature
from wirelaw.fuzzing.subject import End, Outside, Subject

_SLOW_MS = 1000
_SLOW_TIMES = 20
_HOARD = 64 << 20
_SOAK_S = 90.0
_PILING = ("leak", "descriptors")


@dataclass(frozen=True)
class Suspicion:
    """What the engine told: see fuzz/campaign/campaign.h, law_candidate."""

    kind: str
    requirement: str | None = None
    type: str = ""
    group: int = 0
    detail: str = ""
    input: bytes = b""
    death: Signature | None = None  # of a death or a leak

    @classmethod
    def told(cls, event: dict[str, Any]) -> Suspicion:
        return cls(
            event["kind"], event.get("requirement"), event.get("type", ""), event.get("group", 0),
            event.get("detail", ""), bytes.fromhex(event.get("input", "")),
        )  # fmt: skip


@dataclass
class Finding:
    """A cause, and the smallest conversation that shows it."""

    bucket: Signature
    kind: str
    requirement: str | None
    type: str
    detail: str
    records: list[Record]
    shown: int  # times of `tried`
    tried: int
    num_messages: int
    seconds: float  # of the campaign, when it was seen
    log: str = ""
    repeat: str | None = None  # "message" or "conversation": it must be repeated very often
    at: float = field(default_factory=time.time)


class Investigator:
    """Knows how each kind is seen again."""

    def __init__(
        self, subject: Subject | Outside, player: Player, protocol: str, scratch: Path,
        budget_s: float = 60.0, say: Callable[[str], None] = lambda text: None,
        role: str = "server",
    ) -> None:  # fmt: skip
        self.role = role
        self.subject, self.player, self.protocol = subject, player, protocol
        self.scratch = scratch
        self.budget_s = budget_s
        self.say = say
        self.last_end = End(None, "")

    # Seeing it again

    def play(
        self, records: Sequence[Record], *, fresh: bool, kind: str = "-",
        capture: Path | None = None,
    ) -> Outcome:  # fmt: skip
        """One replay. The IUT is fresh if that is asked for, or needed."""
        if fresh or not self.subject.alive():
            self.subject.fresh()
        outcome = self.player.play(records, kind, capture)
        if outcome.dead and isinstance(self.subject, Subject):
            self.subject.alive(2.0)
            self.last_end = End(self.subject.running.exit_status(), self.subject.log())
        elif outcome.end is not None:
            self.last_end = outcome.end
        return outcome

    def shows(self, what: Suspicion, records: list[Record], *, fresh: bool) -> bool:
        """Whether these records do it."""
        if not records:
            return False
        if what.kind == "growth":
            return self.grows(what, records, quick=True)
        if what.kind == "leak":
            return self.leaks(what, records)
        return self.is_it(what, self.play(records, fresh=fresh, kind=what.kind))

    def is_it(self, what: Suspicion, seen: Outcome) -> bool:
        slow = max(_SLOW_MS, _SLOW_TIMES * seen.calm_ms)
        match what.kind:
            case "violation":
                return (what.requirement, what.type) in seen.violations
            case "death":
                return seen.dead and self._same_death(what)
            case "hang" | "gone":
                return not seen.dead and seen.canary_ms == 0
            case "spin":
                return not seen.dead and seen.spins
            case "stall":
                return max(seen.slowest_ms, seen.canary_ms or 12000) >= slow and not seen.dead
            case "memory":
                return seen.virtual >= _HOARD
            case "descriptors":
                return seen.fds > 0 and not seen.dead
        return False

    def _same_death(self, what: Suspicion) -> bool:
        if what.death is None:
            return True
        return signature.of_death(self.last_end.status, self.last_end.log) == what.death

    def leaks(self, what: Suspicion, records: list[Record]) -> bool:
        """Whether the leak is reported when the IUT ends after this."""
        self.play(records, fresh=True)
        self.last_end = self.subject.end()
        return what.death in signature.of_leaks(self.last_end.log)

    def grows(self, what: Suspicion, records: Sequence[Record], *, quick: bool = False) -> bool:
        """Whether memory grows with the repetition of this, on a fresh IUT."""
        self.subject.fresh()
        message = what.detail.startswith("message")
        soak = records[-1].data if message else journal.to_sequence(records)
        options, fds = where(self.subject)
        command = [
            str(paths.program("wirelaw-fuzz")), "campaign", "--protocol", self.protocol, *options,
            "--journal", str(self.scratch / "soak.journal"), "--lanes", "0,0,1" if message else "8,0,0",
            "--soak-message" if message else "--soak", soak.hex(),
            "--growth", str(self.subject.min_growth()), "--sure", "0" if quick else str(8 << 20),
        ]  # fmt: skip
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=fds, bufsize=0,
            env=engine_environment(self.subject), start_new_session=True,
        ) as engine:  # fmt: skip
            assert engine.stdin is not None
            engine.stdin.write(f"iut {self.subject.port} {self.subject.pid} 0\n".encode())
            try:
                return _first_candidate(engine, _SOAK_S) == "growth"
            finally:
                engine.kill()

    # From a suspicion to a finding

    def examine(self, what: Suspicion, history: list[Record], seconds: float) -> Finding | None:
        """None: it could not be shown again."""
        restartable = self.subject.restartable
        # What a server answers is mostly shown without a fresh start for each try.
        for fresh in (False, True) if what.kind == "violation" else (restartable,):
            if fresh and not restartable:
                break
            started = self.find(what, history, reduce.Budget(self.budget_s), fresh)
            if started is None:
                continue
            finding = self.make_small(*started, fresh, seconds)
            if finding is not None:
                return finding
        return None

    def make_small(
        self, what: Suspicion, records: list[Record], fresh: bool, seconds: float
    ) -> Finding | None:
        """The smallest of it that fresh IUTs show, or all of it; None when they do not."""
        self.say(f"{what.kind}: seen again with {len(records)} writes, made smaller")
        budget = reduce.Budget(self.budget_s)
        small = records
        if not what.detail.startswith("message"):  # which is an opening and one message
            small = reduce.reduce(
                records, self.protocol, lambda some: self.shows(what, some, fresh=fresh), budget
            )
        for tried in (small, records) if small != records else (small,):
            shown, times = self.repeat(what, tried)
            if shown > 0:
                return self.finding(what, tried, shown, times, seconds)
        return None

    def find(
        self, what: Suspicion, history: list[Record], budget: reduce.Budget, fresh: bool
    ) -> tuple[Suspicion, list[Record]] | None:
        """The part of the history that does it; the suspicion, when that has another name by now."""
        if what.kind == "growth":
            records = journal.from_sequence(what.input)
            return (what, records) if self.grows(what, records) else None
        groups = journal.groups(history)
        test = lambda some: self.shows(what, some, fresh=fresh)  # noqa: E731
        own = [record for record in history if what.group and record.group == what.group]
        if own and test(own):
            return what, own
        if what.kind == "violation":
            groups = groups[-64:]
        # What piles up was begun by any of them.
        records = reduce.suffix(groups, test, budget, 8 if what.kind in _PILING else 1)
        if records is None and what.kind == "death":
            what = replace(what, death=None)
            records = reduce.suffix(groups, test, budget)
            if records is not None:
                what = replace(what, death=signature.of_death(self.last_end.status, self.last_end.log))
        return None if records is None else (what, records)

    def repeat(self, what: Suspicion, records: list[Record]) -> tuple[int, int]:
        """How often it shows on a fresh IUT, of how many times."""
        times = 1 if what.kind == "growth" else 3 if self.subject.start_seconds < 4 else 2
        shown = 0
        for _ in range(times):
            if what.kind == "growth":
                shown += self.grows(what, records)
            else:
                shown += self.shows(what, records, fresh=self.subject.restartable)
        return shown, times

    def finding(
        self, what: Suspicion, records: list[Record], shown: int, tried: int, seconds: float
    ) -> Finding:
        return Finding(
            bucket=name_of(what, records, self.protocol, self.role), kind=what.kind,
            requirement=what.requirement, type=what.type, detail=what.detail, records=records,
            shown=shown, tried=tried, num_messages=reduce.num_messages(records, self.protocol),
            seconds=seconds, log=self.last_end.log if what.kind in ("death", "leak") else "",
            repeat=what.detail.split(" ")[0] if what.kind == "growth" else None,
        )  # fmt: skip


def name_of(
    what: Suspicion, records: Sequence[Record], protocol: str, role: str = "server"
) -> Signature:
    """The bucket."""
    if what.kind == "violation":
        return Signature(f"{what.requirement} in {what.type or 'no message'}", CWES["violation"])
    last = last_message(records, protocol, role)
    if what.kind in ("death", "leak") and what.death is not None:
        bare = " in " not in what.death.text and what.kind == "death" and ":" not in what.death.text
        text = f"{what.death.text} by {last}" if bare else what.death.text
        return Signature(text, what.death.cwe)
    return Signature(f"{what.kind} by {last}", CWES.get(what.kind, 400))


def last_message(records: Sequence[Record], protocol: str, role: str = "server") -> str:
    """What did it, in all likelihood: the last message that is wrong, or else the last but pings;
    and what is wrong with it."""
    from wirelaw.engine.codec import codec_of

    codec = codec_of(protocol)
    named = ""
    wrong = ""
    for _, wire in reduce.split(records, protocol):
        if wire is None:
            continue
        kind = codec.load(wire) or "an unassigned type"
        status, requirement, _ = codec.decode(wire, from_server=role == "client")
        if status != "ok" and kind != "PINGREQ":
            wrong = f"{kind} against {requirement}"
        if kind != "PINGREQ" or not named:
            named = kind
    return wrong or named or "nothing"


def _first_candidate(engine: subprocess.Popen[bytes], seconds: float) -> str | None:
    """The kind of the first candidate that an engine tells; None when none came in time."""
    assert engine.stdout is not None
    until = time.monotonic() + seconds
    pending = b""
    while (left := until - time.monotonic()) > 0:
        if not select.select([engine.stdout], [], [], left)[0]:
            return None
        chunk = engine.stdout.read(65536)
        if not chunk:
            return None
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if event["event"] == "candidate":
                return str(event["kind"])
    return None


def require_program() -> None:
    """Raises UserError when the engine is not there."""
    if not Path(paths.program("wirelaw-fuzz")).exists():
        raise UserError("the program wirelaw-fuzz was not found: run ./wirelaw, which builds it")
