"""The descriptor of an IUT: everything wirelaw must know about it except how it speaks.

docs/iut.md is the manual page of the format. ``parse`` is its only reader.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelaw.iut.table import Table, read

PROTOCOLS = ("mqtt311", "mqtt5", "mqttsn", "coap", "lwm2m", "syncml")
TRANSPORTS = ("tcp", "tls", "ws", "wss", "udp", "dtls")
ROLES = ("server", "client")
REGISTRIES = ("apt", "pip", "npm", "go", "cargo", "maven", "ours")
SIGNALS = ("TERM", "INT", "HUP", "QUIT", "KILL", "USR1", "USR2")
SERVER_PICS = frozenset(
    "qos1 qos2 retain wildcard shared subscription_ids topic_alias credentials auth_method "
    "websocket tls persistence zero_length_client_id server_keep_alive dollar_sys".split()
)
CLIENT_PICS = frozenset(
    "qos1 qos2 retain will credentials auth_method subscribe unsubscribe publish persistence "
    "topic_alias".split()
)
#: What the catalogue of CoAP asks about an endpoint, in either role.
COAP_PICS = frozenset(
    "cache certificate discovery dtls http_proxy multicast proxy psk rpk separate".split()
)

PORT_NAMES = {t: "port" if t == "tcp" else f"{t}_port" for t in TRANSPORTS}
LEVELS = {"mqtt311": 4, "mqtt5": 5}  # {level}: the protocol level in CONNECT
START_PLACEHOLDERS = frozenset(PORT_NAMES.values()) | frozenset(
    "dir data cache shims host password listeners protocol level".split()
)
INSTALL_PLACEHOLDERS = frozenset({"cache", "shims", "jobs"})
STIMULUS_PLACEHOLDERS = frozenset(
    "cache shims dir host port case client_id version v5 clean_start keep_alive username password "
    "will will_topic will_payload will_qos will_retain topic payload qos retain filter "
    "properties".split()
)
STIMULI = ("connect", "publish", "subscribe", "unsubscribe", "disconnect")


@dataclass(frozen=True)
class Install:
    """How it gets onto the machine. ``ours`` means that wirelaw's own build makes it."""

    registry: str
    packages: list[str]
    program: str | None  # what must be found afterwards
    sources: list[
        str
    ]  # files of ours beside the descriptor, in shims/, copied into the cache folder
    build: list[list[Any]]  # commands run in the cache folder, in order
    needs: list[str]  # programs that must be there before
    unpack: list[str]  # Debian packages (patterns) to unpack even if the system has them


@dataclass(frozen=True)
class Version:
    """The command that prints its version, the pattern that finds it, versions it was tried
    with."""

    command: list[Any] | None
    pattern: re.Pattern[str] | None
    tried: list[str]


@dataclass(frozen=True)
class Start:
    """How it is started: files are written into ``{dir}``, the commands of `prepare` run, then
    `argv`, all with `env` added to the environment."""

    argv: list[Any]
    env: dict[str, str]
    files: dict[str, str]
    prepare: list[list[Any]]
    netns: bool


@dataclass(frozen=True)
class Ready:
    """When it may be used: a line in its log, and its listeners that accept, within `timeout`."""

    log: re.Pattern[str] | None
    accept: bool
    timeout: float


@dataclass(frozen=True)
class Stop:
    """How it is asked to end; after `timeout` seconds, and for what it leaves behind: SIGKILL."""

    signal: str
    whom: str  # process or group
    timeout: float


@dataclass(frozen=True)
class Listener:
    """One transport it listens on. `config` and `args` take the place of ``{listeners}`` in its
    files and its command line when this transport is wanted; `netns`: it binds every address."""

    transport: str
    path: str = ""  # of a WebSocket
    config: str = field(default="", repr=False)
    args: tuple[str, ...] = ()
    netns: bool = False
    host: str = "127.0.0.1"
    port: int = 0  # 0 in a descriptor; the real one in a Running

    @property
    def url(self) -> str:
        """For people and for clients of ours."""
        path = self.path if self.transport in ("ws", "wss") else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}://{host}:{self.port}{path}"


@dataclass(frozen=True)
class Credentials:
    """A login that it accepts; `required`: it accepts no session without. `password` may hold
    ``{password}``, which is made up at each start."""

    username: str | None
    password: str | None = field(repr=False)
    required: bool = True


@dataclass(frozen=True)
class Stimulus:
    """How a client is made to act: a shim that speaks the upper-tester protocol, or commands."""

    shim: list[Any] | None
    commands: dict[str, list[Any]]
    property_args: list[Any] | None  # repeated for each property: {packet} {name} {value}
    message: re.Pattern[str] | None  # a printed message of a subscribe command: topic, payload ...
    env: dict[str, str]
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class Deviation:
    """A known failure of this IUT: of a case or of a requirement, with reason, owner and expiry."""

    id: str
    reason: str
    owner: str
    expires: datetime.date
    protocol: str | None


@dataclass(frozen=True)
class Descriptor:
    """One IUT. `file` is where it was read from; `notes` are for people."""

    file: Path
    name: str
    title: str
    role: str
    protocols: dict[str, tuple[str, ...]]
    notes: list[str]
    null: bool
    install: Install
    version: Version
    start: Start | None
    ready: Ready
    stop: Stop
    restart: Stop | None  # None: it cannot be restarted on its data
    listeners: dict[str, Listener]
    pics: dict[str, bool]
    credentials: Credentials
    stimulus: Stimulus | None
    resources: dict[str, str]
    deviations: list[Deviation]

    @property
    def shims(self) -> Path:
        """The folder of the shims beside the descriptor."""
        return self.file.parent / "shims"

    def deviations_on(self, day: datetime.date) -> list[Deviation]:
        """Those that have not expired on `day`."""
        return [deviation for deviation in self.deviations if deviation.expires >= day]


def parse(file: Path) -> Descriptor:
    """Read and check one descriptor. Raises UserError: one sentence that names file and key."""
    top = read(file)
    name = top.string("name")
    if name != file.stem or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        top.fail(
            "name", f"is '{name}'; it must be the file's own name, '{file.stem}', in [a-z0-9-]"
        )
    role = top.choice("role", ROLES)
    listeners = _listeners(top, role)
    descriptor = Descriptor(
        file=file,
        name=name,
        title=top.string("title"),
        role=role,
        protocols=_protocols(top, listeners, role),
        notes=top.strings("notes", []),
        null=top.boolean("null", False),
        install=_install(top.table("install", needed=True)),
        version=_version(top.table("version")),
        start=_start(top.table("start", needed=role == "server"), role),
        ready=_ready(top.table("ready")),
        stop=(stop := _stop(top.table("stop"), None)),
        restart=_restart(top.table("restart"), stop),
        listeners=listeners,
        pics=_pics(top, role),
        credentials=_credentials(top.table("credentials")),
        stimulus=_stimulus(top.table("stimulus", needed=role == "client"), role),
        resources=top.mapping("resources", str, "strings"),
        deviations=[_deviation(table) for table in top.tables("deviations")],
    )
    top.finish()
    return descriptor


def _protocols(top: Table, listeners: dict[str, Listener], role: str) -> dict[str, tuple[str, ...]]:
    table = top.table("protocols", needed=True)
    found: dict[str, tuple[str, ...]] = {}
    for protocol in table.keys():
        if protocol not in PROTOCOLS:
            table.fail(protocol, f"is none of the protocols {', '.join(PROTOCOLS)}")
        transports = table.strings(protocol)
        for transport in transports:
            if transport not in TRANSPORTS:
                table.fail(
                    protocol, f"names '{transport}', which is none of {', '.join(TRANSPORTS)}"
                )
            if role == "server" and transport not in listeners:
                table.fail(protocol, f"names '{transport}', for which there is no listener")
        if not transports:
            table.fail(protocol, "must name at least one transport")
        found[protocol] = tuple(transports)
    if not found:
        table.fail("", "must name at least one protocol")
    return found


def _listeners(top: Table, role: str) -> dict[str, Listener]:
    table = top.table("listeners", needed=role == "server")
    found: dict[str, Listener] = {}
    for transport in table.keys():
        if transport not in TRANSPORTS:
            table.fail(transport, f"is none of the transports {', '.join(TRANSPORTS)}")
        inner = table.table(transport)
        found[transport] = Listener(
            transport,
            path=inner.string("path", "/mqtt" if transport in ("ws", "wss") else ""),
            config=inner.string("config", ""),
            args=tuple(inner.argv("args", [], START_PLACEHOLDERS)),
            netns=inner.boolean("netns", False),
        )
        inner.finish()
    return found


def _install(table: Table) -> Install:
    install = Install(
        registry=table.choice("from", REGISTRIES),
        packages=table.strings("packages", []),
        program=table.string("program", None),
        sources=table.strings("sources", []),
        build=table.argvs("build", INSTALL_PLACEHOLDERS),
        needs=table.strings("needs", []),
        unpack=table.strings("unpack", []),
    )
    for name in install.sources:
        if not (table.file.parent / "shims" / name).is_file():
            table.fail("sources", f"names {name}, which is not in the folder shims beside it")
    if not install.packages and install.registry != "ours":
        table.fail("packages", "is missing; it must be a list of strings")
    table.finish()
    return install


def _version(table: Table) -> Version:
    version = Version(
        command=table.argv("command", None, frozenset({"cache", "shims"})),
        pattern=table.pattern("pattern"),
        tried=table.strings("tried", []),
    )
    if version.pattern is not None and version.pattern.groups != 1:
        table.fail("pattern", "must have exactly one group, which is the version")
    table.finish()
    return version


def _start(table: Table, role: str) -> Start | None:
    if role == "client":
        table.finish()
        return None
    start = Start(
        argv=table.argv("argv", known=START_PLACEHOLDERS),
        env=table.mapping("env", str, "strings"),
        files=table.mapping("files", str, "strings"),
        prepare=table.argvs("prepare", START_PLACEHOLDERS),
        netns=table.boolean("netns", False),
    )
    table.finish()
    return start


def _ready(table: Table) -> Ready:
    ready = Ready(
        log=table.pattern("log"),
        accept=table.boolean("accept", True),
        timeout=table.seconds("timeout", 20.0),
    )
    table.finish()
    return ready


def _stop(table: Table, base: Stop | None) -> Stop:
    stop = Stop(
        signal=table.choice("signal", SIGNALS, base.signal if base else "TERM"),
        whom=table.choice("whom", ("process", "group"), base.whom if base else "process"),
        timeout=table.seconds("timeout", base.timeout if base else 5.0),
    )
    table.finish()
    return stop


def _restart(table: Table, stop: Stop) -> Stop | None:
    supported = table.boolean("supported", True)
    return _stop(table, stop) if supported else None


def _pics(top: Table, role: str) -> dict[str, bool]:
    pics = top.mapping("pics", bool, "true or false")
    known = SERVER_PICS if role == "server" else CLIENT_PICS
    for name in pics:
        if name not in known:
            top.fail(f"pics.{name}", f"is no capability of a {role} ({', '.join(sorted(known))})")
    return {name: pics.get(name, False) for name in sorted(known)}


def _credentials(table: Table) -> Credentials:
    credentials = Credentials(
        username=table.string("username", None),
        password=table.string("password", None),
        required=table.boolean("required", True),
    )
    table.finish()
    return credentials


def _stimulus(table: Table, role: str) -> Stimulus | None:
    if role == "server" and not table.keys():
        return None
    shim = table.argv("shim", None, STIMULUS_PLACEHOLDERS)
    commands = {
        verb: table.argv(verb, known=STIMULUS_PLACEHOLDERS) for verb in STIMULI if table.has(verb)
    }
    if bool(shim) == bool(commands):
        table.fail("shim", f"must be there, or else commands for some of {', '.join(STIMULI)}")
    stimulus = Stimulus(
        shim=shim,
        commands=commands,
        property_args=table.argv("property", None, frozenset({"packet", "name", "value"})),
        message=table.pattern("message"),
        env=table.mapping("env", str, "strings"),
        verbs=tuple(table.strings("verbs", [])) or (STIMULI if shim else tuple(commands)),
    )
    table.finish()
    return stimulus


def _deviation(table: Table) -> Deviation:
    expires = table.take("expires")
    if not isinstance(expires, datetime.date) or isinstance(expires, datetime.datetime):
        table.fail("expires", "must be a date, such as 2027-01-31")
    deviation = Deviation(
        id=table.string("id"),
        reason=table.string("reason"),
        owner=table.string("owner"),
        expires=expires,
        protocol=table.choice("protocol", PROTOCOLS, None),
    )
    table.finish()
    return deviation
