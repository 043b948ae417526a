"""The kill matrix: all cases against every fault of the reference peer, side by side.

One process for each core; each hosts its share of the faulty brokers in one `wirelaw-peer matrix`
and runs a session on each, all on one loop. The cases are loaded once in each process.

    python -m wirelaw.engine.matrix    a Share as JSON on standard input, JSON lines out
"""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from wirelaw import catalogue, iut, paths
from wirelaw.cases import Case, load
from wirelaw.engine import net as net_module
from wirelaw.engine.bench import with_faults
from wirelaw.engine.codec import codec_of
from wirelaw.engine.deadlines import Clock
from wirelaw.engine.net import Endpoint, Net
from wirelaw.engine.peerclient import PeerClient
from wirelaw.engine.run import CaseRun
from wirelaw.engine.scheduler import FOREVER, Scheduler
from wirelaw.engine.session import Options, Session
from wirelaw.engine.target import Login, Target
from wirelaw.errors import UserError
from wirelaw.iut.descriptor import CLIENT_PICS
from wirelaw.results.model import Verdict

NULL_PEERS = ("silent", "closes", "echo", "yes")
#: Cases that run at once in one process, over all of its sessions.
BUSY = 192
CONCURRENCY = 48
#: Clients that run at once in one process: each is a process of its own.
CLIENTS = 24
#: Bulky cases run against one in so many of the faults that do not concern them.
BULK_SHARE = 8
CLIENT_SHARE = 32
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
    """What one session came to: the verdict of each case, the requirement of the step that decided
    it.
    """

    subject: str
    verdicts: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    error: str | None = None

    def add(self, run: CaseRun) -> None:
        step = run.step(run.failed_step) if run.failed_step is not None else None
        self.verdicts[run.case.id] = (
            str(run.verdict),
            step.requirement if step is not None else None,
            run.cause,
        )


def all_faults() -> list[dict[str, Any]]:
    """The faults of the reference peers, as they list them. Raises UserError."""
    command = [str(paths.program("wirelaw-peer")), "faults", "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise UserError(
            f"wirelaw-peer faults failed: {done.stderr.decode(errors='replace').strip()}"
        )
    return json.loads(done.stdout)["faults"]  # type: ignore[no-any-return]


def known_faults(protocol: str, role: str) -> list[Fault]:
    """Those of one role that break a requirement of this protocol. Raises UserError."""
    ids = catalogue.load(protocol)
    return [
        Fault(
            row["name"],
            next(one for one in row["requirements"] if one in ids),
            row["role"],
            row["text"],
        )
        for row in all_faults()
        if row["role"] == role and any(one in ids for one in row["requirements"])
    ]


def wanted(case: Case, fault: Fault) -> bool:
    """Cases that are slow, or need an IUT of their own or one that is set up otherwise, run only
    against faults that concern them; bulky ones, and those of clients, each of which is a process,
    against a fixed share of the others, too."""
    if concerns(case, fault):
        return True
    if case.slow or case.isolation == "own-iut":
        return False
    share = CLIENT_SHARE if case.role == "client" else BULK_SHARE if case.bulk else 1
    if zlib.crc32(f"{case.id} {fault.name}".encode()) % share:
        return False
    return case.role == "client" or place_of(case) == PLACES[0]


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
        raise UserError(
            f"wirelaw-peer ended with status {self._process.wait()} before it was ready"
        )

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


@dataclass
class Job:
    """One session to run for a subject; `make` starts what it needs."""

    told: Told
    make: Callable[[], Session]


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
        self._jobs: deque[Job] = deque()
        self._active: list[tuple[Session, Told]] = []
        self._left: dict[str, int] = {}
        self._number = 0
        self._peers: list[Peers] = []

    def run(self) -> Iterator[Told]:
        """All sessions; each subject gives what it came to when its last session ends."""
        try:
            if self.share.role == "client":
                self._prepare_clients()
            else:
                self._prepare_servers()
            while self._jobs or self._active:
                self._fill()
                yield from self._turn()
        finally:
            for session, _ in self._active:
                _stop(session)
            for peers in self._peers:
                peers.close()
            self.scheduler.close()
            self.net.close()

    def _add(self, told: Told, make: Callable[[], Session]) -> None:
        self._jobs.append(Job(told, make))
        self._left[told.subject] = self._left.get(told.subject, 0) + 1

    # Servers

    def _prepare_servers(self) -> None:
        share = self.share
        if share.baseline:
            port = self._broker("broker")
            self._add_server(Told("baseline"), port, self.cases, [])
        for kind in share.null_peers:
            port = self._broker("null", "--kind", kind)
            quick = [c for c in self.cases if c.isolation != "own-iut" and not c.slow]
            self._add_server(Told(f"null:{kind}"), port, quick, None)
        ports = self._faulty([fault.name for fault in share.faults])
        for fault in share.faults:
            cases = [case for case in self.cases if wanted(case, fault)]
            self._add_server(Told(fault.name), ports[fault.name], cases, [fault.name])

    def _broker(self, *words: str) -> int:
        peers = Peers([*words, "--listen", "tcp://127.0.0.1:0"])
        self._peers.append(peers)
        (said,) = peers.lines()
        return int(said["listen"][0].rpartition(":")[2])

    def _faulty(self, names: list[str]) -> dict[str, int]:
        if not names:
            return {}
        peers = Peers(["matrix", "--role", "server", "--faults", ",".join(names)])
        self._peers.append(peers)
        return {said["fault"]: said["port"] for said in peers.lines() if "fault" in said}

    def _add_server(
        self, told: Told, port: int, cases: Iterable[Case], faults: list[str] | None
    ) -> None:
        """The session on the peer at `port`; and, for cases that do not apply to it, on a peer of
        their
        own that they apply to, with the same faults (None: none of these)."""
        by_place: dict[tuple[str, str], list[Case]] = {}
        for case in cases:
            place = place_of(case)
            if place is not None:
                by_place.setdefault(place, []).append(case)
        own = self._own(PLACES[0], faults) if faults is not None else None
        plain = by_place.pop(PLACES[0], [])
        self._add(told, lambda: self._session(told, self._server(port, PLACES[0]), plain, own))
        for place, some in by_place.items():
            if faults is not None:
                self._add(told, self._special(told, place, some, faults))

    def _special(
        self, told: Told, place: tuple[str, str], cases: list[Case], faults: list[str]
    ) -> Callable[[], Session]:
        own = self._own(place, faults)
        return lambda: self._session(told, own(), cases, own)

    def _own(self, place: tuple[str, str], faults: list[str]) -> Callable[[], Target]:
        """What starts a peer in that place with these faults."""

        def make() -> Target:
            descriptor = with_faults(reference(place[0]), faults)
            running = iut.start(descriptor, [place[1]])
            return self._server(running.ports[place[1]], place, running)

        return make

    def _server(self, port: int, place: tuple[str, str], running: Any = None) -> Target:
        descriptor = reference(place[0])
        login = running.credentials if running is not None else descriptor.credentials
        certificates = running.certificates if running is not None else None
        endpoint = Endpoint(place[1], "127.0.0.1", port)
        if place[1] in ("ws", "wss"):
            endpoint.ws_path = descriptor.listeners[place[1]].path
        if certificates is not None:
            endpoint.ca_file, endpoint.verify = str(certificates.ca), True
            endpoint.server_name = "localhost"
        return self._target(
            "server", endpoint, descriptor.pics, Login(login.username, login.password), running
        )

    # Clients

    def _prepare_clients(self) -> None:
        if self.share.baseline:
            self._add_client(Told("baseline"), self.cases, [])
        for fault in self.share.faults:
            cases = [case for case in self.cases if wanted(case, fault)]
            self._add_client(Told(fault.name), cases, [fault.name])

    def _add_client(self, told: Told, cases: list[Case], faults: list[str]) -> None:
        """A session for each transport that cases ask for."""
        for transport in ("tcp", "ws"):
            some = [case for case in cases if (case.transports or ("tcp",))[0] == transport]
            if some or transport == "tcp":
                self._add(told, self._client(told, transport, some, faults))

    def _client(
        self, told: Told, transport: str, cases: list[Case], faults: list[str]
    ) -> Callable[[], Session]:
        def make() -> Session:
            pics = dict.fromkeys(CLIENT_PICS, True)
            endpoint = Endpoint(transport, "127.0.0.1", 0)
            target = self._target("client", endpoint, pics, Login(), None)
            target.make_tester = lambda run: PeerClient("127.0.0.1", run.port or 0, faults)
            return self._session(told, target, cases, None)

        return make

    # Both

    def _target(
        self, role: str, endpoint: Endpoint, pics: Mapping[str, bool], login: Login, running: Any
    ) -> Target:
        self._number += 1
        codec = codec_of(self.share.protocol)
        scope = self.net.scope(codec.protocol, self.share.protocol, role == "server", monitor=False)
        return Target(
            protocol=self.share.protocol, role=role, endpoint=endpoint, scope=scope,
            pics=dict(pics),
            tag=f"{self._number:x}x", credentials=login, running=running, tidy=False,
        )  # fmt: skip

    def _session(
        self, told: Told, target: Target, cases: list[Case], own: Callable[[], Target] | None
    ) -> Session:
        # One process hosts all the peers: who waits does so for this machine, and counts.
        concurrency = CONCURRENCY if self.share.role == "server" else CLIENTS
        return Session(
            self.scheduler, target, cases,
            Options(concurrency, crowd=len(cases), idle=FOREVER, again=False),
            on_ended=lambda run, note: told.add(run), make_own=own,
        )  # fmt: skip

    def _fill(self) -> None:
        busy = sum(session.num_running for session, _ in self._active)
        limit = BUSY if self.share.role == "server" else CLIENTS
        while self._jobs and busy < limit:
            job = self._jobs.popleft()
            session = job.make()
            session.step()
            busy += session.num_running
            self._active.append((session, job.told))

    def _turn(self) -> Iterator[Told]:
        self.scheduler.turn()
        if not all(peers.alive for peers in self._peers):
            raise UserError("wirelaw-peer died in the middle of the kill matrix")
        now = net_module.now()
        ended = []
        for pair in self._active:
            session = pair[0]
            if session.busy:
                session.step()
            elif now >= session.parked_until:
                session.finish()
                ended.append(pair)
        for session, told in ended:
            self._active.remove((session, told))
            _stop(session)
            self._left[told.subject] -= 1
            if self._left[told.subject] == 0:
                yield told


def _stop(session: Session) -> None:
    if session.target.running is not None:
        session.target.running.stop()


@cache
def reference(name: str) -> iut.Descriptor:
    """The descriptor of a reference broker."""
    return iut.load(name)


#: Reference brokers, and the transport to reach them by, that cases may need; the first is the
#: usual one.
PLACES = (
    ("reference", "tcp"), ("reference-limited", "tcp"), ("reference", "ws"), ("reference", "tls"),
    ("reference", "wss"),
)  # fmt: skip


@cache
def place_of(case: Case) -> tuple[str, str] | None:
    """The first place that a case applies to."""
    known = iut.names()
    for name, transport in PLACES:
        if name in known and (not case.transports or transport in case.transports):
            if case.applies(reference(name).pics):
                return name, transport
    return None


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
