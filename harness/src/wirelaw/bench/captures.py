"""Speed of reading captures: ``wirelaw-pcap check`` beside tshark and beside plain libpcap.

A capture of conversations over MQTT is made in a temporary folder (``harness/bench/traffic.h``),
and read by each in turns. All are pinned to one processor, and timed by the seconds of it that they
took, which other work on the machine disturbs least; the file is in the page cache.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError

OURS = "wirelaw pcap check"
PLAIN = "libpcap alone"
TSHARK = "tshark"
MB = 1_000_000


@dataclass(frozen=True)
class Options:
    """What is made and how often it is read. tshark reads a smaller capture of the same kind, with
    as many flows for each megabyte, so that the run stays short."""

    megabytes: int = 520
    flows: int = 1000  # that are open at a time
    tshark_megabytes: int = 20
    rounds: int = 3
    folder: Path | None = None


@dataclass(frozen=True)
class Made:
    """A capture, and what is in it."""

    path: Path
    packets: int
    messages: int
    flows: int
    disturbed: int
    size: int


@dataclass(frozen=True)
class Reading:
    """One program's fastest reading of a capture."""

    subject: str
    seconds: float  # of the processor
    size: int
    messages: int | None  # None: it does not look for any
    memory: int  # bytes at the peak

    @property
    def rate(self) -> float:
        """MB/s"""
        return self.size / self.seconds / MB

    @property
    def message_rate(self) -> float | None:
        return None if self.messages is None else self.messages / self.seconds


@dataclass(frozen=True)
class Outcome:
    made: Made
    readings: list[Reading]  # ours first
    missing: list[str]

    @property
    def ours(self) -> Reading:
        return self.readings[0]

    def rows(self) -> list[dict[str, Any]]:
        """What ``--json`` prints."""
        rows: list[dict[str, Any]] = []
        for reading in self.readings:
            rows.append(_row("read", reading.subject, reading.rate, "MB/s", self.ours.rate))
        for reading in self.readings:
            if reading.message_rate is not None:
                own = self.ours.message_rate or 0.0
                rows.append(_row("messages", reading.subject, reading.message_rate, "1/s", own))
        for reading in self.readings:
            memory = reading.memory / MB
            rows.append(_row("memory", reading.subject, memory, "MB", self.ours.memory / MB))
        return rows


def _row(what: str, subject: str, value: float, unit: str, ours: float) -> dict[str, Any]:
    ratio = round(value / ours, 3)
    return {
        "what": what,
        "subject": subject,
        "value": round(value, 1),
        "unit": unit,
        "ratio_to_wirelaw": ratio,
    }


def measure(options: Options, say: Callable[[str], None]) -> Outcome:
    """Makes the captures and reads them. ``say`` is told of each step. Raises UserError when there
    is no room, a program fails, or messages get lost on the way."""
    with tempfile.TemporaryDirectory(prefix="wirelaw-bench-", dir=options.folder) as folder:
        return _measure(options, Path(folder), say)


def _measure(options: Options, folder: Path, say: Callable[[str], None]) -> Outcome:
    tshark = shutil.which("tshark")
    _need_room(folder, options.megabytes + (options.tshark_megabytes if tshark else 0))
    say(f"making a capture of {options.megabytes} MB")
    made = _make(folder / "large.pcap", options.megabytes, options.flows)
    ours: list[Reading] = []
    plain: list[Reading] = []
    for turn in range(options.rounds):
        say(f"reading it, round {turn + 1} of {options.rounds}")
        plain.append(_read_plain(made))
        ours.append(_check(made))
    readings = [_fastest(ours), _fastest(plain)]
    if tshark:
        say(f"reading {options.tshark_megabytes} MB by tshark")
        share = max(1, options.flows * options.tshark_megabytes // options.megabytes)
        small = _make(folder / "small.pcap", options.tshark_megabytes, share)
        readings.append(_read_tshark(tshark, small, folder / "tshark.txt"))
    return Outcome(made, readings, [] if tshark else [TSHARK])


def _fastest(readings: Sequence[Reading]) -> Reading:
    return min(readings, key=lambda reading: reading.seconds)


def _need_room(folder: Path, megabytes: int) -> None:
    free = shutil.disk_usage(folder).free // MB
    if free < megabytes + 100:
        raise UserError(
            f"{folder.parent} has {free} MB free, the capture takes {megabytes}: name another "
            "folder by --folder, or make a smaller one by --megabytes"
        )


def _make(path: Path, megabytes: int, flows: int) -> Made:
    out, _, _ = _timed(
        [str(paths.program("wirelaw-bench-pcap")), "make", str(path), str(megabytes), str(flows)]
    )
    packets, messages, num_flows, disturbed, size = (int(word) for word in out.split("\t")[1:])
    return Made(path, packets, messages, num_flows, disturbed, size)


def _read_plain(made: Made) -> Reading:
    program = str(paths.program("wirelaw-bench-pcap"))
    _, seconds, memory = _timed([program, "read", str(made.path)])
    return Reading(PLAIN, seconds, made.size, None, memory)


def _check(made: Made) -> Reading:
    program = str(paths.program("wirelaw-pcap"))
    out, seconds, memory = _timed([program, "check", "--json", str(made.path)])
    found = json.loads(out)
    messages = sum(found["messages"].get("mqtt", {}).values())
    if messages != made.messages or found["violations"]:
        raise UserError(
            f"wirelaw pcap check found {messages} of {made.messages} messages and "
            f"{len(found['violations'])} violations where there are none: please report this"
        )
    return Reading(OURS, seconds, made.size, messages, memory)


def _read_tshark(tshark: str, made: Made, into: Path) -> Reading:
    """What is nearest to what we do: tshark puts TCP in order, dissects, and tells the types."""
    command = [tshark, "-r", str(made.path), "-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype"]
    _, seconds, memory = _timed(command, into)
    text = into.read_text()
    messages = text.count(",") + sum(1 for line in text.splitlines() if line)
    return Reading(TSHARK, seconds, made.size, messages, memory)


def _timed(command: Sequence[str], into: Path | None = None) -> tuple[str, float, int]:
    """Runs it on one processor. Returns its output (nothing when it goes ``into`` a file), seconds
    of the processor, and the peak of its memory in bytes. Raises UserError when it fails."""
    with tempfile.TemporaryFile("w+") as errors, tempfile.TemporaryFile("w+") as output:
        target = into.open("w") if into else output
        with target:
            process = subprocess.Popen(command, stdout=target, stderr=errors, preexec_fn=_pin)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                errors.seek(0)
                why = errors.read().strip() or f"ended with {process.returncode}"
                raise UserError(f"{Path(command[0]).name}: {why}")
            if into:
                return "", usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
            output.seek(0)
            return output.read(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def _pin() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
