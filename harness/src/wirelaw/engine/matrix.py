"""The kill matrix: all cases against every fault of the reference peer, side by side.

One process for each core; each hosts its share of the faulty brokers in one `wirelaw-peer matrix`
and runs a session on each, all on one loop. The cases are loaded once in each process.

    python -m wirelaw.engine.matrix      a Share as JSON on standard input, results as JSON lines out
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from wirelaw import catalogue, iut, paths
from wirelaw.cases import Case, load
from wirelaw.engine import net as net_module
from wirelaw.engine.bench import with_faults
from wirelaw.engine.codec import codec_of
from wirelaw.engine.deadlines import Clock
from wirelaw.engine.net import Endpoint, Net
from wirelaw.engine.run import CaseRun
from wirelaw.engine.scheduler import Scheduler
from wirelaw.engine.session import Options, Session
from wirelaw.engine.target import Target
from wirelaw.errors import UserError
from wirelaw.results.model import Verdict

NULL_PEERS = ("silent", "closes", "echo", "yes")
#: Cases that run at once in one process, over all of its sessions.
BUSY = 192
CONCURRENCY = 48
#: Verdicts that speak against an IUT.
BAD = (Verdict.FAIL, Verdict.WARN)
NOT_PASSED = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR, Verdict.INCONCLUSIVE)


@dataclass
class Fault:
    """One fault and the requirement of this protocol that it breaks."""

    name: str
    requirement: str
    role: str
    text: str = ""


@dataclass
class Share:
    """What one process does."""

    protocol: str
    role: str
    faults: list[Fault] = field(default_factory=list)
    null_peers: list[str] = field(default_factory=list)
    baseline: bool = False
    cases: list[str] = field(default_factory=list)  # ids; empty: all


@dataclass
class Told:
    """What one session came to: the verdict of each case, the requirement of the step that decided it."""

    subject: str
    verdicts: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    error: str | None = None

    def add(self, run: CaseRun) -> None:
        step = run.step(run.failed_step) if run.failed_step is not None else None
        self.verdicts[run.case.id] = (
            str(run.verdict), step.requirement if step is not None else None, run.cause
        )


def known_faults(protocol: str, role: str) -> list[Fault]:
    """The faults of the reference peers that break a requirement of this protocol. Raises UserError."""
    command = [str(paths.program("wirelaw-peer")), "faults", "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise UserError(f"wirelaw-peer faults failed: {done.stderr.decode(errors='replace').strip()}")
    ids = catalogue.load(protocol)
    return [
        Fault(row["name"], next(one for one in row["requirements"] if one in ids), row["role"], row["text"])
        for row in json.loads(done.stdout)["faults"]
        if row["role"] == role and any(one in ids for one in row["requirements"])
    ]


def wanted(case: Case, fault: Fault) -> bool:
    """Slow cases, and those with an IUT of their own, run only against faults that concern them."""
    if not case.slow and case.isolation != "own-iut":
        return True
    return concerns(case, fault)


def concerns(case: Case, fault: Fault) -> bool:
    """Whether a case may be expected to kill the fault."""
    return fault.name in case.kills or fault.requirement in case.requirements


class Peers:
    """The faulty brokers of one process, or one null peer. Ends them when closed."""

    def __init__(self, words: list[str]) -> None:
        command = [str(paths.program("wirelaw-peer")), *words, "--until-eof"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def lines(self) -> Iterator[dict[str, Any]]:
        """What it prints, up to and including the line that says it is ready."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            yield said
            if said.get("ready"):
                return
        raise UserError(f"wirelaw-peer ended with status {self._process.wait()} before it was ready")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Matrix:
    """The sessions of one process."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.net = Net()
        self.scheduler = Scheduler(self.net, Clock())
        self.cases = [
            case
            for case in load(share.protocol)
            if case.role == share.role and (not share.cases or case.id in share.cases)
        ]
        self._reference = iut.load("reference")
        self._waiting: deque[tuple[Session, Told]] = deque()
        self._active: list[tuple[Session, Told]] = []
        self._number = 0
        self._peers: list[Peers] = []

    def run(self) -> Iterator[Told]:
        """All sessions; each gives what it came to when it ends."""
        try:
            self._prepare()
            while self._waiting or self._active:
                self._fill()
                yield from self._turn()
        finally:
            for peers in self._peers:
                peers.close()
            self.net.close()

    def _prepare(self) -> None:
        share = self.share
        if share.baseline:
            self._add(Told("baseline"), self._broker("broker"), self.cases, self._own([]))
        for kind in share.null_peers:
            quick = [case for case in self.cases if case.isolation != "own-iut"]
            self._add(Told(f"null:{kind}"), self._broker("null", "--kind", kind), quick, None)
        if share.faults:
            ports = self._faulty([fault.name for fault in share.faults])
            for fault in share.faults:
                cases = [case for case in self.cases if wanted(case, fault)]
                self._add(Told(fault.name), ports[fault.name], cases, self._own([fault.name]))

    def _broker(self, *words: str) -> int:
        peers = Peers([*words, "--listen", "tcp://127.0.0.1:0"])
        self._peers.append(peers)
        (said,) = peers.lines()
        return int(said["listen"][0].rpartition(":")[2])

    def _faulty(self, names: list[str]) -> dict[str, int]:
        peers = Peers(["matrix", "--role", "server", "--faults", ",".join(names)])
        self._peers.append(peers)
        return {said["fault"]: said["port"] for said in peers.lines() if "fault" in said}

    def _own(self, faults: list[str]) -> Callable[[], Target]:
        """What starts a broker with these faults for one case alone."""
        descriptor = with_faults(self._reference, faults)

        def make() -> Target:
            running = iut.start(descriptor, ["tcp"])
            return self._target(running.ports["tcp"], faults[0] if faults else "baseline", running)

        return make

    def _target(self, port: int, name: str, running: Any = None) -> Target:
        self._number += 1
        codec = codec_of(self.share.protocol)
        return Target(
            protocol=self.share.protocol,
            role="server",
            endpoint=Endpoint("tcp", "127.0.0.1", port),
            scope=self.net.scope(codec.protocol, self.share.protocol, True, monitor=False),
            pics=dict(self._reference.pics),
            tag=f"{self._number:x}x",
            tidy=False,
            name=name,
            running=running,
        )

    def _add(
        self, told: Told, port: int, cases: Iterable[Case], own: Callable[[], Target] | None
    ) -> None:
        target = self._target(port, told.subject)
        applying = [case for case in cases if case.applies(target.pics)]
        session = Session(
            self.scheduler, target, applying, Options(CONCURRENCY, again=False),
            on_ended=lambda run, note: told.add(run), make_own=own,
        )  # fmt: skip
        self._waiting.append((session, told))

    def _fill(self) -> None:
        busy = sum(session.num_running for session, _ in self._active)
        while self._waiting and busy < BUSY:
            session, told = self._waiting.popleft()
            session.step()
            busy += session.num_running
            self._active.append((session, told))

    def _turn(self) -> Iterator[Told]:
        self.scheduler.turn()
        if not all(peers.alive for peers in self._peers):
            raise UserError("wirelaw-peer died in the middle of the kill matrix")
        now = net_module.now()
        ended = []
        for pair in self._active:
            session, told = pair
            if session.busy:
                session.step()
            elif now >= session.parked_until:
                session.finish()
                ended.append(pair)
        for pair in ended:
            self._active.remove(pair)
            yield pair[1]


def main() -> int:
    """One share, from standard input to standard output."""
    document = json.load(sys.stdin)
    document["faults"] = [Fault(**row) for row in document["faults"]]
    try:
        for told in Matrix(Share(**document)).run():
            print(json.dumps(asdict(told)), flush=True)
    except UserError as error:
        print(json.dumps(asdict(Told("", error=str(error)))), flush=True)
        return 2
    return 0



if __name__ == "__main__":
    sys.exit(main())
