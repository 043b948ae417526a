"""Peers of the MQTT codec: where each comes from, and how its shared object is made.

None of their code is part of this project. Debian's packages are linked as they are; the sources
that a package of PyPI ships are unpacked into the user's cache and compiled there, with the glue
from ``harness/bench/peers``, at the level at which our release is compiled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from wirelaw import paths
from wirelaw.errors import UserError

#: As the release preset compiles our codec; a peer is a shared object, so that two of them may
#: have functions of the same name, and gives up nothing for it: all but its glue is hidden.
CFLAGS = (
    "-O2", "-DNDEBUG", "-fPIC", "-fvisibility=hidden", "-shared", "-Wl,-Bsymbolic",
    "-Wl,--gc-sections", "-ffunction-sections", "-fdata-sections", "-w",
)  # fmt: skip

COMMAND = "wirelaw bench codec mqtt --get-peers"


@dataclass(frozen=True)
class Sdist:
    """A source package of PyPI that ships C sources; only ``folders`` of it are unpacked."""

    name: str
    version: str
    sha256: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Peer:
    """One codec beside ours: its glue, and what the glue is compiled with."""

    name: str
    glue: str
    get: str  # the command that brings it
    sdist: Sdist | None = None
    include: tuple[str, ...] = ()  # folders of the sdist
    sources: tuple[str, ...] = ()  # files of the sdist
    library: str = ""  # a static library of the system
    headers: dict[str, str] = field(default_factory=dict)  # that the peer's own build would write


_MONGOOSE = "thirdparty/mongoose"
_AWS_MQTT = "crt/aws-c-mqtt"
_AWS_COMMON = "crt/aws-c-common"
_AWS_PARTS = ("mqtt", "common", "io", "http", "cal", "compression")

PEERS = (
    Peer(
        name="Mongoose",
        glue="mongoose.c",
        get=COMMAND,
        sdist=Sdist(
            "cymongoose",
            "0.2.5",
            "8c0ec19752d493702c566735a28918f1b81a756197f78e4931c566dbad849a8f",
            (_MONGOOSE,),
        ),
        include=(_MONGOOSE,),
        sources=(f"{_MONGOOSE}/mongoose.c",),
    ),
    Peer(
        name="aws-c-mqtt",
        glue="aws-c-mqtt.c",
        get=COMMAND,
        sdist=Sdist(
            "awscrt",
            "0.38.1",
            "0dcebfaa70cf079133cd2352119e3d05e9b8ca1d1621736cfb54c03f3d5fef0f",
            tuple(f"crt/aws-c-{part}" for part in _AWS_PARTS),
        ),
        include=tuple(f"crt/aws-c-{part}/include" for part in _AWS_PARTS),
        sources=(
            *(f"{_AWS_MQTT}/source/{name}.c" for name in ("packets", "fixed_header")),
            *(
                f"{_AWS_MQTT}/source/v5/mqtt5_{name}.c"
                for name in ("decoder", "options_storage", "utils", "types", "topic_alias")
            ),
            *(
                f"{_AWS_COMMON}/source/{name}.c"
                for name in (
                    "allocator", "array_list", "byte_buf", "error", "logging", "assert", "math",
                    "string", "common", "posix/system_info",
                )
            ),
        ),
        headers={
            "aws/common/config.h": "#define AWS_HAVE_GCC_OVERFLOW_MATH_EXTENSIONS\n"
            "#define AWS_HAVE_GCC_INLINE_ASM\n#define AWS_HAVE_EXECINFO\n"
        },
    ),
    Peer(
        name="Paho C",
        glue="paho-c.c",
        get="apt-get install libpaho-mqtt-dev",
        library="libpaho-mqtt3c.a",
    ),
)  # fmt: skip


def cache() -> Path:
    """The folder that holds what was downloaded and compiled."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "wirelaw" / "bench"


def available() -> tuple[list[Path], list[Peer]]:
    """The shared objects of the peers that can be had without a network, and the other peers."""
    there, missing = [], []
    for peer in PEERS:
        if has_code(peer):
            there.append(build(peer))
        else:
            missing.append(peer)
    return there, missing


def has_code(peer: Peer) -> bool:
    """Whether what the peer is made of is on this machine."""
    if peer.sdist is not None:
        return source_folder(peer.sdist).is_dir()
    return library(peer) is not None


def get(say: Callable[[str], None]) -> None:
    """Downloads what PyPI has. ``say`` is told of each step."""
    for peer in PEERS:
        if peer.sdist is not None and not has_code(peer):
            say(f"getting {peer.sdist.name} {peer.sdist.version} for {peer.name}")
            download(peer.sdist)


def source_folder(sdist: Sdist) -> Path:
    return cache() / f"{sdist.name}-{sdist.version}"


def download(sdist: Sdist) -> None:
    """Fetches, checks and unpacks a source package. Raises UserError when that fails."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--no-binary", sdist.name, "--dest", folder,
            f"{sdist.name}=={sdist.version}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob(f"{sdist.name}-*.tar.gz"))
        if done.returncode != 0 or not archives:
            last = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
            raise UserError(f"{sdist.name} {sdist.version} could not be downloaded: {last}")
        if hashlib.sha256(archives[0].read_bytes()).hexdigest() != sdist.sha256:
            raise UserError(
                f"{sdist.name} {sdist.version} is not the file that was measured; it was not unpacked"
            )
        unpack(archives[0], sdist)


def unpack(archive: Path, sdist: Sdist) -> None:
    """Unpacks the folders that are needed, and puts them in place at once."""
    root = f"{sdist.name}-{sdist.version}"
    wanted = tuple(f"{root}/{folder}/" for folder in sdist.folders)
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as folder, tarfile.open(archive) as tar:
        members = [member for member in tar if member.name.startswith(wanted)]
        tar.extractall(folder, members, filter="data")
        shutil.move(str(Path(folder) / root), source_folder(sdist))


def library(peer: Peer) -> Path | None:
    """The static library that the C compiler would link, or None."""
    command = [compiler(), f"-print-file-name={peer.library}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = Path(done.stdout.strip())
    return found if found.is_absolute() else None


def compiler() -> str:
    """The C compiler. Raises UserError when there is none."""
    found = shutil.which(os.environ.get("CC", "cc"))
    if found is None:
        raise UserError("peers are compiled here, but there is no C compiler; install gcc")
    return found


def build(peer: Peer) -> Path:
    """Compiles a peer unless that was done before with the same glue; returns its shared object."""
    bench = paths.data("harness/bench")
    glue = bench / "peers" / peer.glue
    stamp = hashlib.sha256()
    for part in (glue, bench / "peer.h", bench / "subject.h"):
        stamp.update(part.read_bytes())
    stamp.update(repr((peer, CFLAGS, compiler())).encode())
    target = cache() / f"{glue.stem}-{stamp.hexdigest()[:12]}.so"
    if not target.exists():
        compile_peer(peer, glue, target)
    return target


def compile_peer(peer: Peer, glue: Path, target: Path) -> None:
    """Raises UserError when the compiler does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        for name, text in peer.headers.items():
            header = Path(folder) / name
            header.parent.mkdir(parents=True)
            header.write_text(text)
        made = Path(folder) / "peer.so"
        command = [compiler(), *CFLAGS, f"-I{folder}", f"-I{paths.data('harness/bench').parent}"]
        if peer.sdist is not None:
            sources = source_folder(peer.sdist)
            command += [f"-I{sources / part}" for part in peer.include]
            command += [str(glue), *(str(sources / part) for part in peer.sources)]
        else:
            command += [str(glue), str(library(peer)), "-Wl,--exclude-libs,ALL"]
        command += ["-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            first = next((line for line in done.stderr.splitlines() if "error" in line), "")
            raise UserError(f"the peer {peer.name} does not compile: {first}")
        made.rename(target)
