"""What two sides said to each other in a capture: the flows that `wirelaw-pcap messages` lists."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelaw import paths
from wirelaw.errors import UserError


@dataclass(frozen=True)
class Broken:
    """A requirement that a captured message breaks, and the byte of it."""

    requirement: str
    offset: int


@dataclass(eq=False)
class Item:
    """One thing that one side did. `kind`:

    message   a whole message: `wire`, `type` (RESERVED0 for one that is not assigned), `status`
    cut       a message of which the capture lacks a part
    long      a message that is too long to be judged
    none      something was wrong without a message
    gap       the capture lacks bytes here
    fin, rst  it closed its direction, or aborted
    """

    flow: Flow
    kind: str
    from_client: bool
    frame: int  # of the first byte
    last: int  # of the last
    time: int  # ns since 1970
    wire: bytes = b""
    type: str | None = None
    status: str = "ok"
    judged: bool = True
    broken: tuple[Broken, ...] = ()

    @property
    def is_message(self) -> bool:
        return self.kind == "message"

    @property
    def is_end(self) -> bool:
        return self.kind in ("fin", "rst")


@dataclass(eq=False)
class Flow:
    """One connection. `family` is its protocol (mqtt), `items` are in the order of the capture,
    `from_start` says whether that has its beginning."""

    number: int
    client: str
    server: str
    transport: str
    family: str
    from_start: bool
    items: list[Item] = field(default_factory=list)

    def messages(self) -> Iterator[Item]:
        return (item for item in self.items if item.is_message)

    @property
    def frame(self) -> int:
        return self.items[0].frame


@dataclass
class Source:
    """A capture, and how to read it: options of `wirelaw pcap check`."""

    file: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return Path(self.file).name


def read(source: Source) -> list[Flow]:
    """All flows that carry messages of a known protocol, by their first packet. Raises
    UserError."""
    command = [str(paths.program("wirelaw-pcap")), "messages", *source.options, source.file]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0 and not done.stdout:
        raise UserError(_sentence(done.stderr.decode("utf-8", "replace")))
    return flows_of(json.loads(line) for line in done.stdout.splitlines())


def _sentence(said: str) -> str:
    """What the program said, without its name in front."""
    last = said.strip().splitlines()[-1] if said.strip() else "wirelaw-pcap failed without a word"
    return last.partition(": ")[2] if last.startswith("wirelaw pcap ") else last


def flows_of(records: Iterable[dict[str, Any]]) -> list[Flow]:
    """From the lines of `wirelaw-pcap messages`."""
    flows: dict[int, Flow] = {}
    ends: list[dict[str, Any]] = []
    for record in records:
        if record["record"] in ("end", "gap"):
            ends.append(record)
        elif record["client"] is not None:
            _add(flows, record)
    for record in ends:
        flow = flows.get(record["flow"])
        if flow is not None:
            flow.items.append(_end(flow, record))
    for (
        flow
    ) in flows.values():  # stable: what one packet holds stays in order, behind what it lacks
        flow.items.sort(key=lambda item: (item.last, item.kind != "gap"))
    return sorted(flows.values(), key=lambda flow: (flow.frame, flow.number))


def _add(flows: dict[int, Flow], record: dict[str, Any]) -> None:
    flow = flows.get(record["flow"])
    if flow is None:
        if record["kind"] == "none":
            return
        flow = flows[record["flow"]] = Flow(
            record["flow"], record["client"], record["server"], record["transport"],
            record["protocol"], record["from_start"],
        )  # fmt: skip
    kind = {"whole": "message"}.get(record["kind"], record["kind"])
    broken = tuple(Broken(each["requirement"], each["offset"]) for each in record["violations"])
    flow.items.append(
        Item(
            flow,
            kind,
            record["from"] == "client",
            record["frame"],
            record["last"],
            record["time"],
            bytes.fromhex(record["wire"]),
            record["type"],
            record["status"],
            record["judged"],
            broken,
        )  # fmt: skip
    )


def _end(flow: Flow, record: dict[str, Any]) -> Item:
    from_client = record["end"] == flow.client
    kind = record["how"] if record["record"] == "end" else "gap"
    return Item(flow, kind, from_client, record["frame"], record["frame"], record["time"])


#: Protocols whose conversations can be played again and turned into cases.
FAMILIES = ("mqtt",)


def choose(flows: Sequence[Flow], numbers: Sequence[int], source: Source) -> list[Flow]:
    """The flows of one conversation: those that were named, else all of the first one's server.

    Raises UserError when there are none, or a named one carries nothing that can be played."""
    known = [flow for flow in flows if flow.family in FAMILIES]
    if not known:
        others = sorted({flow.family for flow in flows})
        held = f"conversations of {' and '.join(others)}" if others else "no conversation"
        raise UserError(
            f"{source.name} holds {held}, and those of {' and '.join(FAMILIES)} are needed; "
            f"'wirelaw pcap check {source.file}' says more of what it holds"
        )
    if not numbers:
        return [flow for flow in known if flow.server == known[0].server]
    by_number = {flow.number: flow for flow in known}
    for number in numbers:
        if number not in by_number:
            shown = ", ".join(map(str, list(by_number)[:12])) + (
                " ..." if len(by_number) > 12 else ""
            )
            raise UserError(
                f"{source.name} has no conversation of {' or '.join(FAMILIES)} in flow {number}; "
                f"there are flows {shown}"
            )
    return [flow for flow in known if flow.number in numbers]


def in_time_order(flows: Sequence[Flow]) -> list[Item]:
    """What happened in these flows, as the capture has it."""
    items = [item for flow in flows for item in flow.items]
    items.sort(key=lambda item: item.last)
    return items
