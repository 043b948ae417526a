"""Getting an IUT from its registry into a folder of its own, and finding its programs there.

Nothing is installed into the system: Debian's packages are unpacked into the cache folder too, with
whatever they need that the system lacks. So no service is started, no root is needed, and
removing the folder undoes it all. An IUT whose program the system has already is used from there.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from wirelaw import paths
from wirelaw.errors import UserError
from wirelaw.iut import template
from wirelaw.iut.descriptor import Descriptor

JOBS = 2
TOOLS = {
    "apt": "apt-get",
    "pip": "python3",
    "npm": "npm",
    "go": "go",
    "cargo": "cargo",
    "maven": "mvn",
}
PACKAGE_OF_TOOL = {
    "npm": "npm", "node": "nodejs", "go": "golang-go", "cargo": "cargo", "mvn": "maven",
    "java": "default-jre-headless", "javac": "default-jdk-headless", "cc": "gcc libc6-dev",
    "mosquitto_pub": "mosquitto-clients", "openssl": "openssl",
}  # fmt: skip
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def cache_folder(descriptor: Descriptor) -> Path:
    """Where this IUT is installed: ``${XDG_CACHE_HOME:-~/.cache}/wirelaw/iuts/<name>``."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "wirelaw" / "iuts" / descriptor.name


def environment(descriptor: Descriptor, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which the IUT's commands run: its own folders first in PATH."""
    cache = cache_folder(descriptor)
    env = dict(os.environ)
    own = [cache / part for part in ("bin", "venv/bin", "node_modules/.bin")]
    root = cache / "root"
    own += [root / part for part in ("usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")]
    build = paths.build_dir()
    ours = [os.environ.get("WIRELAW_BIN"), str(build / "bin") if build else None]
    env["PATH"] = os.pathsep.join(
        [*(str(path) for path in own if path.is_dir()), *(path for path in ours if path)]
        + [env.get("PATH", os.defpath), *_SYSTEM_FOLDERS]
    )
    libraries = [path for path in _library_folders(root) if path.is_dir()]
    if libraries:
        env["LD_LIBRARY_PATH"] = os.pathsep.join(str(path) for path in libraries)
    env.update(extra or {})
    return env


def _library_folders(root: Path) -> list[Path]:
    multiarch = f"{os.uname().machine}-linux-gnu"
    return [root / "usr/lib" / multiarch, root / "lib" / multiarch, root / "usr/lib"]


def which(descriptor: Descriptor, program: str) -> str | None:
    """The absolute path of one of its programs, or None."""
    if os.sep in program:
        return program if os.access(program, os.X_OK) else None
    found = shutil.which(program, path=environment(descriptor)["PATH"])
    if found is None and descriptor.install.registry == "ours":
        try:
            found = str(paths.program(program))
        except UserError:
            return None
    return found


def installed(descriptor: Descriptor) -> bool:
    """True when it can be started: installed as its descriptor says now, or found in the system."""
    install = descriptor.install
    if install.program is not None and which(descriptor, install.program) is None:
        return False
    if install.registry == "ours" or _of_system(descriptor):
        return True
    return _stamp(descriptor).get("digest") == digest(descriptor)


def _of_system(descriptor: Descriptor) -> bool:
    """A Debian package that the system has, with nothing to build or write beside it."""
    install = descriptor.install
    plain = install.registry == "apt" and not (install.build or install.sources or install.unpack)
    return plain and install.program is not None and not _stamp(descriptor)


def digest(descriptor: Descriptor) -> str:
    """Changes when what would be installed does: the install table, or a shim."""
    install = descriptor.install
    told = [install.registry, install.packages, install.sources, install.build, install.unpack]
    summed = hashlib.sha256(json.dumps(told).encode())
    for name in install.sources:
        summed.update((descriptor.shims / name).read_bytes())
    return summed.hexdigest()


def _stamp(descriptor: Descriptor) -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(
            (cache_folder(descriptor) / "installed.json").read_text()
        )
        return stamp
    except (OSError, ValueError):
        return {}


def missing_tools(descriptor: Descriptor) -> list[str]:
    """Programs that installing or running it needs and that are not here."""
    install = descriptor.install
    needed = [*install.needs]
    if install.registry in TOOLS and install.registry != "pip":
        needed.insert(0, TOOLS[install.registry])
    return [tool for tool in dict.fromkeys(needed) if which(descriptor, tool) is None]


def install(descriptor: Descriptor, say: Callable[[str], None] = lambda line: None) -> None:
    """Install it; nothing to do when it is. `say` gets one line for each step.

    Raises UserError when a tool is missing, the registry refuses, or the program is not there
    afterwards. The output of the tools is in ``install.log`` in its cache folder.
    """
    if installed(descriptor):
        return
    if descriptor.install.registry == "ours":
        paths.program(descriptor.install.program or "")
    lacking = missing_tools(descriptor)
    if lacking:
        packages = " ".join(PACKAGE_OF_TOOL.get(tool, tool) for tool in lacking)
        raise UserError(f"{descriptor.name} needs {', '.join(lacking)}: apt-get install {packages}")
    cache = cache_folder(descriptor)
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir(parents=True)
    _Installer(descriptor, cache, say).run()
    missing = descriptor.install.program and which(descriptor, descriptor.install.program) is None
    if missing:
        raise UserError(
            f"{descriptor.name} was installed, but its program {descriptor.install.program} is not "
            f"there; {cache / 'install.log'} tells more"
        )
    stamp = {"digest": digest(descriptor), "version": _ask_version(descriptor) or ""}
    (cache / "installed.json").write_text(json.dumps(stamp, indent=1))


class _Installer:
    """One installation into an empty folder. The registry's own client does the work."""

    def __init__(self, descriptor: Descriptor, cache: Path, say: Callable[[str], None]) -> None:
        self.descriptor = descriptor
        self.packages = descriptor.install.packages
        self.cache = cache
        self.say = say
        self.log = cache / "install.log"

    def run(self) -> None:
        values = {"cache": self.cache, "shims": self.descriptor.shims, "jobs": JOBS}
        for name in self.descriptor.install.sources:
            shutil.copy(self.descriptor.shims / name, self.cache / name)
        getattr(self, f"from_{self.descriptor.install.registry}")()
        for command in self.descriptor.install.build:
            self.command(*template.fill_argv(command, values))

    def command(self, *argv: str, env: Mapping[str, str] | None = None) -> str:
        """Run one command in the cache folder; gives its standard output."""
        self.say(" ".join(argv))
        with self.log.open("a") as log:
            print("$", *argv, file=log, flush=True)
            done = subprocess.run(
                argv, cwd=self.cache, env=environment(self.descriptor, env), text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, check=False,
            )  # fmt: skip
            log.write(done.stdout)
        if done.returncode != 0:
            raise UserError(
                f"{self.descriptor.name} could not be installed: '{' '.join(argv[:3])}' failed: "
                f"{_last_words(self.log)}; {self.log} has all of it"
            )
        return done.stdout

    def from_apt(self) -> None:
        """Fetch the packages and what they need that the system lacks, and unpack them. What
        matches ``unpack`` is unpacked even if the system has it: programs that are moved need it
        beside them."""
        debs = self.cache / "debs"
        debs.mkdir()
        try:
            wanted = self._apt_closure()
        except UserError:
            if os.geteuid() != 0:
                raise
            self.command("apt-get", "update")
            wanted = self._apt_closure()
        if patterns := self.descriptor.install.unpack:
            everything = self._apt_closure("-o", "Dir::State::status=/dev/null")
            wanted |= {
                name: version
                for name, version in everything.items()
                if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
            }
        lines = [f"{name} {version}\n" for name, version in sorted(wanted.items())]
        (self.cache / "packages.txt").write_text("".join(lines))
        if wanted:
            exact = [f"{name}={version}" for name, version in sorted(wanted.items())]
            self.command("sh", "-c", 'cd debs && exec apt-get download "$@"', "sh", *exact)
        for deb in sorted(debs.glob("*.deb")):
            self.command("dpkg-deb", "-x", str(deb), str(self.cache / "root"))
        shutil.rmtree(debs)

    def _apt_closure(self, *options: str) -> dict[str, str]:
        """Name -> version of what apt-get would fetch."""
        listing = self.command(
            "apt-get", "install", "--print-uris", "--yes", "--no-install-recommends",
            "-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={self.cache / 'debs'}",
            *options, *self.packages,
        )  # fmt: skip
        found = re.findall(r"^'[^']+' (\S+?)_(\S+)_\w+\.deb ", listing, re.MULTILINE)
        return {name: version.replace("%3a", ":") for name, version in found}

    def from_pip(self) -> None:
        self.command(sys.executable, "-m", "venv", "venv")
        self.command(str(self.cache / "venv/bin/pip"), "install", "--no-input", *self.packages)

    def from_npm(self) -> None:
        (self.cache / "package.json").write_text('{"private": true}\n')
        self.command(
            "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *self.packages
        )

    def from_go(self) -> None:
        """A main of ours (``sources``) in a module that requires the packages, or their own
        main."""
        env = {"GOBIN": str(self.cache / "bin"), "GOFLAGS": f"-p={JOBS}", "GOTOOLCHAIN": "local"}
        if not any(name.endswith(".go") for name in self.descriptor.install.sources):
            for package in self.packages:
                self.command("go", "install", package, env=env)
            return
        self.command("go", "mod", "init", f"wirelaw.invalid/{self.descriptor.name}", env=env)
        self.command("go", "get", *self.packages, env=env)
        self.command("go", "mod", "tidy", env=env)
        self.command("go", "install", ".", env=env)

    def from_cargo(self) -> None:
        """Without --locked: locks of old releases pin crates that newer compilers refuse."""
        for package in self.packages:
            name, _, version = package.partition("@")
            self.command(
                "cargo", "install", "--jobs", str(JOBS), "--root", str(self.cache),
                "--target-dir", str(self.cache / "target"), name, "--version", version,
            )  # fmt: skip
        shutil.rmtree(self.cache / "target", ignore_errors=True)

    def from_maven(self) -> None:
        """All jars of the packages, with what they need, into ``lib``."""
        (self.cache / "pom.xml").write_text(_pom(self.packages))
        self.command(
            "mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies",
            "-DoutputDirectory=lib", "-DincludeScope=runtime",
        )  # fmt: skip


def _pom(packages: list[str]) -> str:
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
        .format(*package.split(":"))
        for package in packages
    )  # fmt: skip
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>wirelaw</groupId><artifactId>iut</artifactId><version>1</version>"
        f"<dependencies>{dependencies}</dependencies></project>\n"
    )


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(?i)(?:\[?error|e:|npm err!)", line)]
    return (errors or lines or ["no message"])[-1][:200]


def version(descriptor: Descriptor) -> str | None:
    """Its version: noted when it was installed, or else asked of it; None when not known."""
    noted = _stamp(descriptor).get("version")
    return noted or _ask_version(descriptor)


def _ask_version(descriptor: Descriptor) -> str | None:
    command, pattern = descriptor.version.command, descriptor.version.pattern
    if command is None:
        return None
    values = {"cache": cache_folder(descriptor), "shims": descriptor.shims}
    argv = template.fill_argv(command, values)
    program = which(descriptor, argv[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *argv[1:]], env=environment(descriptor, {}), cwd="/", text=True, timeout=20,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = pattern.search(done.stdout) if pattern else None
    return found[1] if found else None
