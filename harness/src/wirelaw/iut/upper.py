"""The upper tester: the channel that makes a client IUT act, and tells what it saw.

A shim speaks JSON lines (docs/iut.md, "The upper-tester protocol"); a client that is only a command
is run for each thing that it shall do. Both have one face, `UpperTester`, which never blocks: the
engine waits for ``fileno()`` together with its sockets and then takes ``events()``.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import shutil
import signal
import tempfile
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from wirelaw.errors import UserError
from wirelaw.iut import installation, template
from wirelaw.iut.descriptor import (
    CLIENT_PICS,
    Credentials,
    Descriptor,
    Install,
    Ready,
    Stimulus,
    Stop,
    Version,
)
from wirelaw.iut.process import GuardedProcess

Command = Mapping[str, Any]
Event = dict[str, Any]
_PACKETS = {"connect": "CONNECT", "publish": "PUBLISH", "subscribe": "SUBSCRIBE",
            "unsubscribe": "UNSUBSCRIBE", "disconnect": "DISCONNECT"}  # fmt: skip


class UpperTester(AbstractContextManager["UpperTester"]):
    """One client IUT, for one case. `send` tells it what to do, `events` what came of it.

    tells   whether it says that it is connected
    verbs   what it can do: some of connect, publish, subscribe, unsubscribe, disconnect
    log     the file with its standard error
    output  the file with what it printed that is no event and no message

    Events are those of the protocol (``done``, ``error``, ``connected``, ``message``,
    ``closed``), and ``{"event": "ended", "status": n}`` when its process did."""

    def __init__(self, descriptor: Descriptor, values: Mapping[str, Any], folder: Path | None):
        assert descriptor.stimulus is not None
        self.descriptor = descriptor
        self.stimulus: Stimulus = descriptor.stimulus
        self.verbs = self.stimulus.verbs
        self._own_folder = folder is None
        self.dir = folder or Path(tempfile.mkdtemp(prefix=f"wirelaw-{descriptor.name}-"))
        self.dir.mkdir(parents=True, exist_ok=True)
        self.log = self.dir / f"{descriptor.name}.log"
        self.output = self.dir / f"{descriptor.name}.out"
        self._values = {
            "cache": installation.cache_folder(descriptor),
            "shims": descriptor.shims,
            "dir": self.dir,
            **values,
        }
        self._epoll = select.epoll()
        self._waiting: deque[Event] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake, select.EPOLLIN)

    tells = False

    def plan(self, commands: Iterable[Command]) -> None:
        """All commands of the case, in order, before the first: a command-line client connects and
        acts in one go, so it must know when it connects what it will do next. Optional."""

    def dial_at(self, port: int) -> None:
        """Another case has it from now on, which waits at this port."""
        self._values["port"] = port

    def send(self, command: Command) -> None:
        """``{"do": verb, ...}``. Host and port are added to a connect. Raises UserError when it
        cannot do that at all."""
        verb = command.get("do")
        if verb not in self.verbs:
            raise UserError(f"{self.descriptor.name} cannot {verb}; it can {', '.join(self.verbs)}")
        self._do(str(verb), dict(command))

    def _do(self, verb: str, command: dict[str, Any]) -> None:
        raise NotImplementedError

    def fileno(self) -> int:
        """Readable when ``events`` has some to give."""
        return self._epoll.fileno()

    def events(self, timeout: float = 0.0) -> list[Event]:
        """What happened since the last call; waits up to `timeout` seconds for the first."""
        for fd, _ in self._epoll.poll(timeout):
            if fd == self._wake:
                os.eventfd_read(self._wake)
            else:
                self._readable(fd)
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def _readable(self, fd: int) -> None:
        raise NotImplementedError

    def _say(self, event: str, **more: Any) -> None:
        self._waiting.append({"event": event, **more})
        os.eventfd_write(self._wake, 1)

    def _spawn(self, argv: list[str], verb: str) -> _Output:
        """Start one of its processes and watch what it prints."""
        program = installation.which(self.descriptor, argv[0])
        if program is None:
            name = self.descriptor.name
            raise UserError(
                f"{name} is not installed ({argv[0]} was not found): "
                f"run 'wirelaw iut install {name}'"
            )
        extra = {n: template.fill(text, self._values) for n, text in self.stimulus.env.items()}
        with contextlib.ExitStack() as cleanup, self.log.open("ab") as log:
            stdin, ours_in = os.pipe()
            ours_out, stdout = os.pipe()
            on_failure = cleanup.enter_context(contextlib.ExitStack())
            for fd in (stdin, stdout):
                cleanup.callback(os.close, fd)
            for fd in (ours_in, ours_out):
                on_failure.callback(os.close, fd)
            process = GuardedProcess(
                [program, *argv[1:]],
                env=installation.environment(self.descriptor, extra),
                cwd=self.dir,
                fds=(stdin, stdout, log.fileno()),
            )
            on_failure.pop_all()
        self._epoll.register(ours_out, select.EPOLLIN)
        return _Output(process, ours_out, ours_in, verb)

    def _note(self, line: str) -> None:
        with self.output.open("a") as output:
            print(line, file=output)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").split("\n") if self.log.exists() else []
        return next((line for line in reversed(lines) if line.strip()), "no message")[:200]

    def close(self) -> None:
        """End it, with all of its processes. May be called twice."""
        if self._epoll.closed:
            return
        self._end()
        self._epoll.close()
        os.close(self._wake)
        if self._own_folder:
            shutil.rmtree(self.dir, ignore_errors=True)

    def _end(self) -> None:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Output:
    """The lines that one process prints, and the process."""

    def __init__(self, process: GuardedProcess, fd: int, stdin: int, verb: str) -> None:
        self.process = process
        self.fd = fd
        self.stdin = stdin
        self.verb = verb
        self._pending = b""

    def lines(self) -> list[str] | None:
        """Whole lines that came; None at the end of its output."""
        chunk = os.read(self.fd, 65536)
        if not chunk:
            return None
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        return [line.decode(errors="replace") for line in lines]

    def close_stdin(self) -> None:
        """End of file for the process."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def close(self) -> int | None:
        """End the process; gives its exit status."""
        self.close_stdin()
        status = self.process.kill()
        os.close(self.fd)
        return status


class ShimTester(UpperTester):
    """A library with a shim of ours around it."""

    tells = True

    def __init__(self, descriptor: Descriptor, values: Mapping[str, Any], folder: Path | None):
        super().__init__(descriptor, values, folder)
        self._shim: _Output | None = None
        assert self.stimulus.shim is not None
        try:
            self._shim = self._spawn(template.fill_argv(self.stimulus.shim, self._values), "shim")
        except BaseException:
            self.close()
            raise

    def _do(self, verb: str, command: dict[str, Any]) -> None:
        if verb == "connect":
            command = {"host": self._values["host"], "port": self._values["port"], **command}
        line = json.dumps(command, ensure_ascii=False, separators=(",", ":")) + "\n"
        try:
            assert self._shim is not None
            os.write(self._shim.stdin, line.encode())
        except (OSError, AssertionError):
            self._say("error", do=verb, detail="it has ended")

    def _readable(self, fd: int) -> None:
        assert self._shim is not None
        lines = self._shim.lines()
        for line in lines or ():
            try:
                event = json.loads(line)
            except ValueError:
                event = None
            if isinstance(event, dict) and "event" in event:
                self._waiting.append(event)
            else:
                self._note(line)
        if lines is None:
            self._epoll.unregister(fd)
            status = self._shim.process.stop(signal.SIGTERM, 1.0, "process")
            self._end()
            self._waiting.append({"event": "ended", "status": status})

    def _end(self) -> None:
        if self._shim is not None:
            self._shim.close()
            self._shim = None


class CommandTester(UpperTester):
    """A client that is a command: ``publish`` connects, publishes and disconnects in one run,
    ``subscribe`` stays until it is told to disconnect, ``connect`` too and does nothing.

    A connect waits for what comes next when the plan says that something does that its command can
    do, and else runs the connect command if the descriptor has one. What would be a second thing
    on a connection it cannot do.
    """

    def __init__(self, descriptor: Descriptor, values: Mapping[str, Any], folder: Path | None):
        super().__init__(descriptor, values, folder)
        self._plan: deque[Command] = deque()
        self._connect: dict[str, Any] = {}
        self._ahead: Command | None = None
        self._dialled = False  # since it was told to connect
        self._running: dict[int, _Output] = {}
        self.verbs = tuple(dict.fromkeys(("connect", *self.verbs, "disconnect")))

    def plan(self, commands: Iterable[Command]) -> None:
        self._plan = deque(commands)

    def _do(self, verb: str, command: dict[str, Any]) -> None:
        while self._plan and self._plan.popleft() != command:
            pass
        if verb == "connect":
            self._dial(command)
        elif verb == "disconnect":
            self._hang_up()
        elif self._ahead is not None and command == self._ahead:
            self._ahead = None
            if verb == "subscribe":
                self._say("done", do=verb)
        elif self._dialled:
            name = self.descriptor.name
            raise UserError(f"{name} does one thing on a connection, and cannot {verb} as well")
        else:
            self._run(verb, command)
            if verb == "subscribe":
                self._say("done", do=verb)

    def _dial(self, command: dict[str, Any]) -> None:
        self._connect, self._dialled = command, False
        following = self._plan[0] if self._plan else None
        if following is not None and following.get("do") in self.stimulus.commands:
            self._ahead = following
            self._run(str(following["do"]), dict(following))
        elif "connect" in self.stimulus.commands:
            self._run("connect", {})
        self._say("done", do="connect")

    def _run(self, verb: str, command: dict[str, Any]) -> None:
        values = {**self._values, **_flat(self._connect), **_flat(command)}
        self._dialled = True
        argv = list(self.stimulus.commands[verb])
        at = argv.index("{properties}") if "{properties}" in argv else len(argv)
        filled = template.fill_argv(argv[:at], values)
        filled += self._property_args("connect", self._connect)
        filled += self._property_args(verb, command) if verb != "connect" else []
        filled += template.fill_argv(argv[at + 1 :], values)
        output = self._spawn(filled, verb)
        self._running[output.fd] = output

    def _property_args(self, verb: str, command: Command) -> list[str]:
        pattern = self.stimulus.property_args
        if pattern is None:
            return []
        found: list[str] = []
        for name, value in (command.get("properties") or {}).items():
            for one in value if name == "user_property" else [value]:
                head = {"packet": _PACKETS[verb], "name": name.replace("_", "-")}
                for part in pattern:
                    if part == "{value}":
                        found += [str(x) for x in one] if isinstance(one, list) else [str(one)]
                    else:
                        found.append(template.fill(part, head))
        return found

    def _hang_up(self) -> None:
        """Ask what stays connected to disconnect."""
        for output in self._running.values():
            if output.verb == "connect":
                output.close_stdin()
            elif output.verb == "subscribe":
                os.kill(output.process.pid, signal.SIGTERM)
        self._say("done", do="disconnect")

    def _readable(self, fd: int) -> None:
        output = self._running[fd]
        lines = output.lines()
        for line in lines or ():
            self._printed(line)
        if lines is None:
            self._epoll.unregister(fd)
            del self._running[fd]
            status = output.process.stop(signal.SIGTERM, 1.0, "process")
            output.close()
            self._ended(output.verb, status)

    def _printed(self, line: str) -> None:
        pattern = self.stimulus.message
        found = pattern.search(line) if pattern else None
        if found is None:
            self._note(line)
            return
        event: Event = {"event": "message", **found.groupdict()}
        event["qos"] = int(event.get("qos") or 0)
        event["retain"] = event.get("retain") == "1"
        self._waiting.append(event)

    def _ended(self, verb: str, status: int | None) -> None:
        if verb == "publish":
            if status == 0:
                self._waiting.append({"event": "done", "do": verb})
            else:
                self._waiting.append({"event": "error", "do": verb, "detail": self._last_words()})
        self._waiting.append({"event": "closed", "detail": f"{verb} ended with status {status}"})

    def _end(self) -> None:
        for output in self._running.values():
            output.close()
        self._running.clear()


def _flat(command: Command) -> dict[str, Any]:
    """A command's members as placeholders: those of the will get a prefix, the verb is left out."""
    values = {name: value for name, value in command.items() if name not in ("do", "properties")}
    if "version" in values:
        values["v5"] = values["version"] == 5
    will = values.pop("will", None)
    if will:
        values["will"] = True
        values.update({f"will_{name}": value for name, value in will.items()})
    return values


def from_command(text: str, protocols: Mapping[str, tuple[str, ...]]) -> Descriptor:
    """The client that is only a command line (``--iut-command``), started anew for each case, with
    ``{host}``, ``{port}`` and ``{case}`` filled in. It can ``connect``, and what else it does is
    up to it. `protocols`: as in a descriptor. Raises UserError when `text` cannot be split or
    lacks the port."""
    try:
        argv = shlex.split(text)
    except ValueError as error:
        raise UserError(f"the command of the client cannot be split into words: {error}") from None
    unknown = sorted(template.argv_names(argv) - {"host", "port", "case"})
    if unknown:
        raise UserError(
            f"the command of the client mentions {{{unknown[0]}}}, which is no placeholder"
        )
    if not argv or "port" not in template.argv_names(argv):
        raise UserError("the command of the client must mention {port}, where it shall connect")
    return Descriptor(
        file=Path("command"), name="command", title=argv[0], role="client",
        protocols=dict(protocols), notes=[], null=False,
        install=Install("ours", [], None, [], [], [], []), version=Version(None, None, []),
        start=None, ready=Ready(None, False, 0.0), stop=(stop := Stop("TERM", "process", 1.0)),
        restart=stop, listeners={}, pics=dict.fromkeys(sorted(CLIENT_PICS), True),
        credentials=Credentials(None, None),
        stimulus=Stimulus(None, {"connect": argv}, None, None, {}, ("connect",)),
        resources={}, deviations=[],
    )  # fmt: skip


def upper_tester(
    descriptor: Descriptor,
    host: str,
    port: int,
    case: str,
    *,
    folder: Path | None = None,
) -> UpperTester:
    """A fresh client IUT for one case, which shall dial in at `host` and `port`.

    `folder` is for its log and is kept. Raises UserError when it is no client, or not installed.
    """
    if descriptor.stimulus is None:
        raise UserError(f"{descriptor.name} has no [stimulus]: nothing can make it act")
    values = {"host": host, "port": port, "case": case}
    kind = ShimTester if descriptor.stimulus.shim else CommandTester
    return kind(descriptor, values, folder)
