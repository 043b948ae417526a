"""Speed of campaigns over the wire, beside bare loops that judge nothing, against one server.

Both take turns in rounds against the same process; the median of the rounds counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelaw import iut, paths
from wirelaw.errors import UserError
from wirelaw.fuzzing import seeds
from wirelaw.fuzzing.hunt import Engine
from wirelaw.fuzzing.player import engine_environment
from wirelaw.fuzzing.subject import Outside, Subject, from_command, scratch

#: The server as it comes: no configuration, no log of each packet.
MOSQUITTO = "mosquitto -p {port}"


@dataclass
class Figures:
    """One value for each round."""

    sessions_one: list[float] = field(default_factory=list)  # bare, one connection at a time
    sessions_many: list[float] = field(default_factory=list)  # bare, eight at a time
    sessions: list[float] = field(default_factory=list)  # ours
    messages_bare: list[float] = field(default_factory=list)
    messages: list[float] = field(default_factory=list)

    def rows(self) -> list[dict[str, Any]]:
        """As ``--json`` prints them. The bare loop that is faster is what ours is held to."""
        median = {name: statistics.median(values) for name, values in vars(self).items()}
        found = []
        for what, ours, bare in (
            ("a connection for each case", "sessions", ("sessions_one", "sessions_many")),
            ("connections kept", "messages", ("messages_bare",)),
        ):
            unit = f"{ours}/s"
            found.append(_row(what, "wirelaw", median[ours], unit, median[ours]))
            for name in bare:
                subject = {"sessions_one": "bare loop", "sessions_many": "bare loop, 8 at a time"}
                label = subject.get(name, "bare loop")
                found.append(_row(what, label, median[name], unit, median[ours]))
        return found


def _row(what: str, subject: str, value: float, unit: str, ours: float) -> dict[str, Any]:
    return {
        "what": what, "subject": subject, "value": round(value), "unit": unit,
        "ratio_to_wirelaw": round(value / ours, 2) if ours else None,
    }  # fmt: skip


def measure(
    url: str | None, protocol: str, rounds: int, seconds: int, say: Callable[[str], None]
) -> Figures:
    """Raises UserError when there is no server to measure with, or it does not serve."""
    figures = Figures()
    place = scratch()
    seeds.write(place / "seeds", protocol)
    with _subject(url, protocol, place) as subject:
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            subject.fresh()
            bare = _bare(subject, protocol, seconds)
            figures.sessions_one.append(bare["sessions_one"])
            figures.sessions_many.append(bare["sessions_many"])
            figures.messages_bare.append(bare["messages"])
            for lanes, name in (("8,0,0", "sessions"), ("0,0,2", "messages")):
                getattr(figures, name).append(
                    _campaign(subject, protocol, place, lanes, name, seconds, number)
                )
    return figures


def _subject(url: str | None, protocol: str, place: Path) -> Subject | Outside:
    if url is not None:
        external = iut.external(url)
        return Outside(external, next(iter(external.listeners)))
    return Subject(from_command(MOSQUITTO, protocol), protocol, "tcp", place / "iut")


def _bare(subject: Subject | Outside, protocol: str, seconds: int) -> dict[str, float]:
    command = [
        str(paths.program("wirelaw-fuzz")), "bench", "--protocol", protocol,
        "--port", str(subject.port), "--seconds", str(seconds),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=engine_environment(subject)
    )
    if done.returncode != 0:
        raise UserError(f"wirelaw-fuzz bench: {done.stderr.strip()}")
    told: dict[str, float] = json.loads(done.stdout)
    if not told["sessions_one"] or not told["messages"]:
        raise UserError(f"{subject.name} serves no plain {protocol} sessions")
    return told


def _campaign(
    subject: Subject | Outside, protocol: str, place: Path, lanes: str, name: str, seconds: int, seed: int
) -> float:  # fmt: skip
    """How many a second of `name`, of a real campaign, judged and kept in its journal."""
    options = ["--seeds", str(place / "seeds"), "--lanes", lanes, "--seed", str(seed + 1), "--no-pauses"]
    first: tuple[float, int] | None = None
    last = (0.0, 0)
    with Engine(subject, protocol, place, options) as engine:
        engine.tell(f"iut {subject.port} {subject.pid} 0")
        until = time.monotonic() + seconds + 0.5
        while time.monotonic() < until:
            for event in engine.events(0.25):
                if event["event"] == "status" and event["round_trip_us"] > 0:
                    last = (time.monotonic(), event[name])
                    first = first or last
                elif event["event"] == "candidate":
                    engine.tell("go")  # told once, then the campaign goes on
    if first is None or last[0] <= first[0]:
        raise UserError(f"{subject.name} was not served by the campaign")
    return (last[1] - first[1]) / (last[0] - first[0])
