"""The codecs: ours through the binding, the others as processes that read and answer lines."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wirelaw import paths
from wirelaw.bench import peers
from wirelaw.differential.inputs import VERSIONS, Packet
from wirelaw.engine.codec import Codec
from wirelaw.errors import UserError

ACCEPT, CANNOT, CRASH = "accept", "cannot", "crash"

#: Packets asked about at once: their answers fit into a pipe, so that nobody waits for the other.
CHUNK = 100


class NotOnePacket(ValueError):
    """Bytes that end before the packet does, or after it: a matter of framing, not of decoding."""


class Ours:
    """What this project says of a packet: None, or the requirement it breaks."""

    def __init__(self) -> None:
        self._codecs = {variant: Codec(variant) for variant in VERSIONS}

    def judge(self, packet: Packet) -> str | None:
        """Raises NotOnePacket. Who sent it does not matter: the other codecs are not told."""
        codec = self._codecs[packet.variant]
        status, length, requirement, _ = codec.frame(packet.wire)
        if status == "ok" and length == len(packet.wire):
            _, requirement, _ = codec.decode(packet.wire, from_server=False)
        elif requirement is None:
            raise NotOnePacket
        return requirement


@dataclass(frozen=True)
class Other:
    """A codec in a process of its own, started again when a packet kills it."""

    name: str
    command: list[str]
    folder: Path

    def judge(self, packets: list[Packet]) -> list[tuple[str, str]]:
        """For each packet a verdict and what the codec said."""
        answers: list[tuple[str, str]] = []
        while len(answers) < len(packets):
            answers += self._run(packets[len(answers) :])
        return answers

    def _run(self, packets: list[Packet]) -> list[tuple[str, str]]:
        """Answers up to the end, or up to and with the packet that killed the process."""
        process = subprocess.Popen(
            self.command, cwd=self.folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        with process:
            for chunk in batched(packets, CHUNK):
                for line in ask(process.stdin, process.stdout, chunk):
                    verdict, _, said = line.strip().partition(" ")
                    answers.append((verdict or CRASH, said))
                if answers[-1][0] == CRASH:
                    break
        return answers


def batched(packets: list[Packet], size: int) -> Iterator[list[Packet]]:
    for at in range(0, len(packets), size):
        yield packets[at : at + size]


def ask(into: IO[str], out: IO[str], chunk: list[Packet]) -> Iterator[str]:
    """The answer to each packet; an empty one, the last, when the process is gone."""
    with contextlib.suppress(BrokenPipeError):
        into.writelines(packet.line + "\n" for packet in chunk)
        into.flush()
    for _ in chunk:
        line = out.readline()
        yield line
        if not line:
            return


def shims() -> Path:
    return paths.data("harness/differential")


def built() -> Path:
    """Where packages are installed and shims are built."""
    return peers.cache().parent / "differential"


def prepare(name: str, steps: list[list[str]]) -> Path:
    """A copy of a shim's folder in which ``steps`` were run, once for each state of the shim."""
    source, target = shims() / name, built() / name
    stamp = target / ".done"
    newest = max(file.stat().st_mtime for file in source.rglob("*") if file.is_file())
    if stamp.exists() and stamp.stat().st_mtime > newest:
        return target
    shutil.copytree(source, target, dirs_exist_ok=True)
    for step in steps:
        if shutil.which(step[0]) is None:
            raise UserError(f"{name} needs {step[0]}, which is not installed")
        done = subprocess.run(
            step, cwd=target, capture_output=True, text=True, check=False,
            env={**os.environ, "GOFLAGS": "-mod=mod"},
        )  # fmt: skip
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise UserError(f"{name}: '{' '.join(step)}' failed: {last}")
    stamp.touch()
    return target


def mqtt_packet() -> Other:
    folder = prepare("mqtt-packet", [["npm", "install", "--no-audit", "--no-fund", "--silent"]])
    return Other("mqtt-packet", ["node", "shim.mjs"], folder)


def mochi() -> Other:
    folder = prepare("mochi", [["go", "build", "-o", "shim", "."]])
    return Other("mochi", [str(folder / "shim")], folder)


def mqttbytes() -> Other:
    folder = prepare("mqttbytes", [["cargo", "build", "--release", "--quiet"]])
    program = folder / "target" / "release" / "differential-mqttbytes"
    return Other("mqttbytes", [str(program)], folder)


def c_codec(peer: peers.Peer) -> Other:
    """A codec in C that ``wirelaw bench`` knows how to make."""
    if not peers.has_code(peer):
        raise UserError(f"{peer.name} is not here; get it: {peer.get}")
    library = peers.build(peer)
    return Other(peer.name, [sys.executable, str(shims() / "peer.py"), str(library)], shims())


def others(say: Callable[[str], None]) -> list[Other]:
    """All codecs that can be had; ``say`` is told why the rest cannot."""
    found = []
    makers: list[Callable[[], Other]] = [mqtt_packet, mochi, mqttbytes]
    makers += [lambda peer=peer: c_codec(peer) for peer in peers.PEERS]  # type: ignore[misc]
    for make in makers:
        try:
            found.append(make())
        except UserError as error:
            say(f"left out: {error}")
    return found
