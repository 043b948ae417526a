"""Campaigns against clients: we are the server that they dial."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError
from wirelaw.fuzzing import journal, signature
from wirelaw.fuzzing.hunt import Engine, Hunt
from wirelaw.fuzzing.investigate import Investigator, Suspicion
from wirelaw.fuzzing.journal import Record
from wirelaw.fuzzing.player import Outcome
from wirelaw.fuzzing.subject import End
from wirelaw.iut import installation, template
from wirelaw.iut.descriptor import Credentials, Descriptor

#: What a client that can be told things is told: a bit of everything.
_SCRIPT = (
    {"do": "connect", "client_id": "fuzzed", "clean_start": True, "keep_alive": 60},
    {"do": "subscribe", "filter": "law/#", "qos": 2},
    {"do": "publish", "topic": "law/a", "payload": "one", "qos": 1},
    {"do": "publish", "topic": "law/a", "payload": "two", "qos": 2},
    {"do": "unsubscribe", "filter": "law/#"},
    {"do": "publish", "topic": "law/a", "payload": "three", "qos": 0},
)


class Client:
    """A client as a command, started anew for each conversation, or that connects again by itself.

    argv has ``{port}`` in it; script is what it gets on its standard input, if anything."""

    restartable = True
    start_seconds = 0.0
    pid = 0
    credentials = Credentials(None, None)

    def __init__(
        self, name: str, argv: Sequence[str], script: Path | None, env: Mapping[str, str]
    ) -> None:
        self.name, self.argv, self.script, self.env = name, list(argv), script, dict(env)

    def fresh(self) -> None:
        """It is, for each replay."""

    def alive(self, settle: float = 0.0) -> bool:
        return True

    def end(self) -> End:
        return End(None, "")

    def trim(self) -> None:
        """The engine empties its log."""

    def options(self) -> list[str]:
        return [] if self.script is None else ["--script", str(self.script)]


def from_command(text: str) -> Client:
    """Raises UserError when it cannot be split, or lacks the port."""
    try:
        argv = shlex.split(text)
    except ValueError as error:
        raise UserError(f"--command cannot be split into words: {error}") from None
    if not any("{port}" in word for word in argv):
        raise UserError("--command must mention {port}, where the client shall connect")
    return Client(Path(argv[0]).name, [w.replace("{host}", "127.0.0.1") for w in argv], None, os.environ)


def from_descriptor(descriptor: Descriptor, protocol: str, scratch: Path) -> Client:
    """A client that wirelaw knows. Raises UserError when it is none, or not installed."""
    stimulus = descriptor.stimulus
    if stimulus is None:
        raise UserError(f"{descriptor.name} has no [stimulus]: nothing can make it act")
    values: dict[str, Any] = {
        "cache": installation.cache_folder(descriptor), "shims": descriptor.shims, "dir": scratch,
        "host": "127.0.0.1", "port": "{port}", "case": "fuzz",
    }  # fmt: skip
    script = None
    if stimulus.shim is not None:
        argv = template.fill_argv(stimulus.shim, values)
        script = scratch / "script"
        script.write_text("".join(json.dumps(line) + "\n" for line in _lines(protocol, stimulus.verbs)))
    else:
        verb = next(v for v in ("subscribe", "publish", "connect") if v in stimulus.commands)
        version = 5 if protocol == "mqtt5" else 4
        values |= {
            "version": version, "v5": version == 5, "clean_start": True, "keep_alive": 60,
            "client_id": "fuzzed", "topic": "law/a", "filter": "law/#", "payload": "x", "qos": 2,
        }  # fmt: skip
        words = [word for word in stimulus.commands[verb] if word != "{properties}"]
        argv = template.fill_argv(words, values)
    program = installation.which(descriptor, argv[0])
    if program is None:
        raise UserError(f"{descriptor.name} is not installed: run 'wirelaw iut install {descriptor.name}'")
    extra = {name: template.fill(text, values) for name, text in stimulus.env.items()}
    env = installation.environment(descriptor, extra)
    return Client(descriptor.name, [program, *argv[1:]], script, env)


def _lines(protocol: str, verbs: Sequence[str]) -> list[dict[str, Any]]:
    where = {"host": "127.0.0.1", "port": "{port}", "version": 5 if protocol == "mqtt5" else 4}
    return [
        {**line, **where} if line["do"] == "connect" else dict(line)
        for line in _SCRIPT
        if line["do"] in verbs
    ]


class ClientPlayer(contextlib.AbstractContextManager["ClientPlayer"]):
    """Starts the client for each replay."""

    def __init__(self, client: Client, protocol: str, scratch: Path) -> None:
        self.client, self.protocol, self.scratch = client, protocol, scratch

    def play(
        self, records: Sequence[Record], kind: str = "-", capture: Path | None = None
    ) -> Outcome:
        """Raises UserError when the engine cannot."""
        at = self.scratch / "replay.journal"
        journal.write(at, records)
        command = [
            str(paths.program("wirelaw-fuzz")), "hostile-replay", "--protocol", self.protocol,
            "--journal", str(at), *self.client.options(),
            *(["--capture", str(capture)] if capture else []),
            *(["--look"] if kind == "spin" else []), "--", *self.client.argv,
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self.client.env,
            stdin=subprocess.DEVNULL, cwd=self.scratch,
        )  # fmt: skip
        if done.returncode != 0:
            raise UserError(f"the replay failed: {done.stderr.strip()}")
        told = json.loads(done.stdout)
        log = Path(f"{at}.log").read_text(errors="replace")
        return Outcome(
            dead=bool(told["dead"]), canary_ms=1, calm_ms=1, slowest_ms=0, virtual=0, fds=0,
            spins=bool(told["spins"]),
            violations=frozenset((v["requirement"], v["type"]) for v in told["violations"]),
            end=End(_exit_status(told["status"]), log) if told["ended"] else None,
        )  # fmt: skip

    def __exit__(self, *_: object) -> None: ...


def _exit_status(status: int) -> int:
    """As subprocess has it: minus the signal."""
    return -(status & 0x7F) if status & 0x7F else status >> 8


class HostileEngine(Engine):
    """``wirelaw-fuzz hostile``."""

    def __init__(self, client: Client, protocol: str, work: Path, options: Sequence[str]) -> None:
        command = [
            str(paths.program("wirelaw-fuzz")), "hostile", "--protocol", protocol,
            "--journal", str(work / "journal"), *client.options(), *options, "--", *client.argv,
        ]  # fmt: skip
        self._pending = b""
        self._launch(command, (), client.env)


class ClientHunt(Hunt):
    """A campaign against a client."""

    def run(self, seconds: float | None) -> None:
        until = time.monotonic() + seconds if seconds else float("inf")
        client: Any = self.subject
        self._put_aside()
        with (
            ClientPlayer(client, self.protocol, self.scratch) as player,
            HostileEngine(client, self.protocol, self.work, self.options) as engine,
        ):
            self.investigator = Investigator(
                client, player, self.protocol, self.scratch, self.budget_s, self.say, "client"  # type: ignore[arg-type]
            )
            self._salvage()
            self._running_since = time.monotonic()
            self._follow(engine, until)
        self.end()

    def _suspicion(self, event: dict[str, Any]) -> Suspicion:
        what = Suspicion.told(event)
        if what.kind != "death":
            return what
        log = Path(event["log"]).read_text(errors="replace")
        return replace(what, death=signature.of_death(_exit_status(event["status"]), log))

    def _count(self, event: dict[str, Any]) -> None:
        super()._count(event)
        self.counts.restarts = event["starts"]

    def _again(self, engine: Engine, requirement: str | None) -> None:
        if requirement is not None and self._tries.get(requirement, 0) in (1, 2):
            engine.tell(f"unmute {requirement}")
        self._running_since = time.monotonic()
        engine.tell("go")
