"""One IUT set up for a run: started, greeted, its connections judged and captured; and a session on
it.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wirelaw import iut
from wirelaw.cases import Case
from wirelaw.engine.codec import codec_of
from wirelaw.engine.deadlines import Clock
from wirelaw.engine.net import Endpoint, Net
from wirelaw.engine.plan import Plan
from wirelaw.engine.run import CaseRun
from wirelaw.engine.scheduler import Scheduler
from wirelaw.engine.session import Options, Session, hello
from wirelaw.engine.target import Login, Target, speech_of
from wirelaw.errors import UserError
from wirelaw.iut.descriptor import CLIENT_PICS
from wirelaw.iut.upper import upper_tester
from wirelaw.results.model import MonitorViolation

_TLS = ("tls", "wss")
_MAX_TAG = 36**4
COME_BACK = 5.0  # s that an IUT which is not ours has to come back in


class Bench:
    """Use it as a context manager: at the end the IUT is stopped and all that is open is closed."""

    def __init__(self, plan: Plan, capture: Path | None, began: int) -> None:
        self.plan = plan
        self.began = began
        self.violations: list[MonitorViolation] = []
        self.on_violation: Callable[[MonitorViolation], None] = self.violations.append
        self.running: Any = None
        self.descriptor: iut.Descriptor | None = None
        self.net = Net()
        self._own: list[Any] = []
        self._capture = capture
        self._num_targets = 0
        self._run_tag = _base36(secrets.randbelow(_MAX_TAG))
        self.scheduler = Scheduler(self.net, Clock(plan.patience))
        self.scheduler.on_violation = self._violation

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops what was started."""
        self.scheduler.close()
        for running in self._own:
            running.stop()
        if self.running is not None:
            self.running.stop()
            self.running = None
        self.net.close()

    # The IUT

    def start(self) -> Target:
        """Starts or finds the IUT and greets it. Raises UserError."""
        if self._capture is not None:
            self.net.capture(str(self._capture), self.plan.ciphertext)
        if self.plan.role == "client":
            self.target = self._client()
            return self.target
        self.running = self._running()
        self.target = self._server(self.running, tidy=True)
        failed = hello(self.scheduler, self.target)
        if failed is not None:
            raise UserError(
                f"no session with {self._where(self.running)}: {failed}{self._hint(failed)}"
            )
        return self.target

    def end_capture(self) -> None:
        """Flushes the capture. Raises UserError when it is not whole."""
        if self._capture is not None:
            self.net.end_capture()

    def _hint(self, failed: Exception) -> str:
        """What the user might do about a first session that failed."""
        if getattr(failed, "cause", "") == "refused":
            if self.target.credentials.username is None:
                return "; does it want --user and --password?"
            return "; are user name and password right?"
        if getattr(failed, "cause", "") == "connect" and self.descriptor is None:
            return "; is it running, and is this its port?"
        return ""

    def _where(self, running: Any) -> str:
        url = running.url(self.transport)
        return url if running.name == url else f"{running.name} at {url}"

    @property
    def transport(self) -> str:
        """The transport of the run."""
        if self.plan.transport:
            return self.plan.transport
        if self.running is not None and "tcp" not in self.running.listeners:
            return str(next(iter(self.running.listeners)))
        return "tcp"

    def _running(self) -> Any:
        plan = self.plan
        assert plan.iut is not None
        if "://" in plan.iut:
            return iut.external(
                plan.iut, username=plan.user, password=plan.password, ws_path=plan.ws_path,
                allow_remote=plan.yes,
            )  # fmt: skip
        self.descriptor = self._server_descriptor(plan.iut)
        return iut.start(self.descriptor, [plan.transport or "tcp"], protocol=plan.protocol)

    def _server_descriptor(self, name: str) -> iut.Descriptor:
        descriptor = iut.load(name)
        if descriptor.role != "server":
            raise UserError(f"{name} is a client: test it with --role client")
        offered = descriptor.protocols.get(self.plan.protocol)
        if offered is None:
            known = ", ".join(descriptor.protocols)
            raise UserError(f"{name} does not speak {self.plan.protocol}; it speaks {known}")
        if self.plan.transport and self.plan.transport not in offered:
            raise UserError(
                f"{name} does not offer {self.plan.transport}; it offers {', '.join(offered)}"
            )
        return with_faults(descriptor, self.plan.faults)

    def _server(self, running: Any, tidy: bool) -> Target:
        transport = self.transport
        running.url(transport)  # raises UserError when it does not listen there
        listener = running.listeners[transport]
        login = running.credentials
        password = self.plan.password or login.password
        if self._capture is not None and password and self._num_targets == 0:
            self.net.hide(password)
        speech = speech_of(self.plan.protocol)
        pics = dict(speech.assumed_pics) if self.descriptor is None else dict(self.descriptor.pics)
        if self.descriptor is None:
            pics |= {"credentials": login.username is not None, "tls": transport in _TLS,
                     "websocket": transport in ("ws", "wss")}  # fmt: skip
        return Target(
            protocol=self.plan.protocol,
            role="server",
            endpoint=self._endpoint(running, listener),
            scope=self._scope(True),
            pics=pics,
            tag=self._tag(),
            credentials=Login(self.plan.user or login.username, password),
            running=running,
            tidy=tidy,
            topic_prefix=self.plan.topic_prefix or "law/",
            client_prefix=self.plan.client_id or "w",
            captured=self._capture is not None,
            patience=self.plan.patience,
            name=running.name,
        )

    def _endpoint(self, running: Any, listener: Any) -> Endpoint:
        plan, certificates = self.plan, running.certificates
        made = Endpoint(
            listener.transport, listener.host, listener.port,
            ws_path=plan.ws_path or listener.path or None, alpn=plan.alpn, netns=running.netns_fd,
        )  # fmt: skip
        if listener.transport in _TLS:
            made.ca_file = plan.cafile or (str(certificates.ca) if certificates else None)
            made.verify = made.ca_file is not None
            made.cert_file, made.key_file = plan.cert, plan.key
            made.server_name = listener.host if listener.host[0].isalpha() else "localhost"
        return made

    def _scope(self, judged_server: bool) -> int:
        codec = codec_of(self.plan.protocol)
        return self.net.scope(codec.protocol, self.plan.protocol, judged_server)

    def _tag(self) -> str:
        self._num_targets += 1
        return f"{self._run_tag}{_base36(self._num_targets)}x"

    def _make_own(self) -> Target:
        """An IUT for one case. Runs in a thread of its own: only the process is started there."""
        assert self.descriptor is not None
        running = iut.start(self.descriptor, [self.transport], protocol=self.plan.protocol)
        self._own.append(running)
        return self._server(running, tidy=False)

    def _restart(self) -> None:
        self.running.restart(keep_data=False)

    def _come_back(self) -> None:
        """Waits for an IUT that is not ours, which somebody else may restart. Raises UserError."""
        until = time.monotonic() + COME_BACK * self.plan.patience
        while not self.running.alive():
            if time.monotonic() >= until:
                raise UserError(f"{self.running.name} accepts no connections any more")
            time.sleep(0.1)

    # A client

    def _client(self) -> Target:
        plan = self.plan
        descriptor = None
        if plan.iut_command:
            descriptor = iut.from_command(plan.iut_command, {plan.protocol: ("tcp",)})
            program = shlex.split(plan.iut_command)[0]
            if shutil.which(program) is None:
                raise UserError(f"the command of the client names '{program}', which is no program")
        elif plan.iut is not None:
            descriptor = iut.load(plan.iut)
            if descriptor.role != "client":
                raise UserError(f"{plan.iut} is a server: test it without --role client")
            if plan.protocol not in descriptor.protocols:
                raise UserError(f"{plan.iut} does not speak {plan.protocol}")
            if (plan.transport or "tcp") not in descriptor.protocols[plan.protocol]:
                raise UserError(f"{plan.iut} does not speak {plan.protocol} over {plan.transport}")
            descriptor = with_faults(descriptor, plan.faults)
        self.descriptor = descriptor
        host, port = _listen_at(plan.listen)
        pics = dict(descriptor.pics) if descriptor and not plan.iut_command else _all_client_pics()
        return Target(
            protocol=plan.protocol,
            role="client",
            endpoint=Endpoint(plan.transport or "tcp", host, port),
            scope=self._scope(False),
            pics=pics,
            tag=self._tag(),
            make_tester=tester_of(descriptor) if descriptor is not None else None,
            captured=self._capture is not None,
            patience=plan.patience,
            name=descriptor.name if descriptor else "client",
        )

    # The session

    def session(
        self,
        cases: Iterable[Case],
        *,
        on_started: Callable[[Case], None],
        on_ended: Callable[[CaseRun, str | None], None],
        stop_after: int = 0,
    ) -> Session:
        """A session of these cases; start it by `run` or step by step."""
        lonely_device = self.plan.role == "client" and self.descriptor is None
        concurrency = 1 if lonely_device else self._concurrency()
        options = Options(
            concurrency, crowd=self._crowd(concurrency), seed=self.plan.seed, stop_after=stop_after
        )
        ours = self.running is not None and self.descriptor is not None
        return Session(
            self.scheduler, self.target, cases, options, on_started=on_started, on_ended=on_ended,
            make_own=self._make_own if ours else None,
            restart=self._restart if ours else self._come_back if self.running else None,
        )  # fmt: skip

    def _concurrency(self) -> int:
        """A client is one or two processes for each case: no more of them than the machine has room
        for.
        """
        if self.plan.role == "client":
            return min(self.plan.concurrency, 4 * (os.cpu_count() or 1))
        return self.plan.concurrency

    def _crowd(self, concurrency: int) -> int:
        """How many cases are open at most, with those that wait."""
        if concurrency == 1:
            return 1
        return concurrency * (2 if self.plan.role == "client" else 4)

    def why_not(self, case: Case) -> str | None:
        """Why a case does not apply to this IUT."""
        if case.transports and self.transport not in case.transports:
            return f"it is about {', '.join(case.transports)}"
        if not case.applies(self.target.pics):
            return f"the IUT does not claim or announce: {case.when}"
        return None

    # The monitor

    def _violation(self, connection: Any, event: Any, found: list[Any], index: int | None) -> None:
        codec = self.target.codec
        run = connection.run if connection is not None else None
        wire = run.log[index][3] if run is not None and index is not None else None
        name = codec.load(wire) if wire else None
        for each in found:
            if each.requirement == "none" or (run and each.requirement in run.provoked):
                continue
            self.on_violation(
                MonitorViolation(
                    requirement=each.requirement,
                    conn=connection.name if connection is not None else None,
                    case=run.case.id if run is not None else None,
                    time_ns=max(event.time - self.began, 0),
                    frame=event.packet or None,
                    type=name,
                    summary=codec.text(wire)[:500] if wire else None,
                    hex=wire[:4096].hex() if wire else None,
                    offset=each.offset if wire else None,
                    length=1 if wire else None,
                )
            )


def with_faults(descriptor: iut.Descriptor, faults: list[str]) -> iut.Descriptor:
    """The descriptor of a reference peer with faults switched on. Raises UserError for others."""
    if not faults:
        return descriptor
    if descriptor.install.registry != "ours":
        raise UserError(f"--fault is for wirelaw's own peers; {descriptor.name} is none")
    extra = [word for fault in faults for word in ("--fault", fault)]
    if descriptor.start is not None and descriptor.start.argv is not None:
        start = replace(descriptor.start, argv=[*descriptor.start.argv, *extra])
        return replace(descriptor, start=start)
    assert descriptor.stimulus is not None and descriptor.stimulus.shim is not None
    stimulus = replace(descriptor.stimulus, shim=[*descriptor.stimulus.shim, *extra])
    return replace(descriptor, stimulus=stimulus)


def tester_of(descriptor: iut.Descriptor) -> Callable[[CaseRun], Any]:
    """What starts the upper tester of a client for one case."""

    def make(run: CaseRun) -> Any:
        assert run.port is not None
        return upper_tester(descriptor, run.target.endpoint.host, run.port, run.case.id)

    return make


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number or not text:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text


def _listen_at(url: str | None) -> tuple[str, int]:
    if url is None:
        return "127.0.0.1", 0
    parts = urlsplit(url if "://" in url else f"tcp://{url}")
    try:
        return parts.hostname or "127.0.0.1", parts.port or 1883
    except ValueError:
        raise UserError(f"--listen {url}: write it as tcp://127.0.0.1:1883") from None


def _all_client_pics() -> dict[str, bool]:
    return dict.fromkeys(CLIENT_PICS, True)
