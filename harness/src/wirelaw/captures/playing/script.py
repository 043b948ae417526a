"""What a replay does, in order: our messages are sent, the IUT's are awaited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wirelaw.captures import mqtt as family
from wirelaw.captures.conversation import Flow, Item, in_time_order
from wirelaw.captures.pauses import kept_pauses
from wirelaw.engine.codec import Codec


@dataclass(eq=False)
class Await:
    """One thing that the IUT did: a message, or its close. `delay` is how long it took, in s, after
    the last thing that we did."""

    item: Item
    delay: float
    state: str = "open"  # same, different, overdue (and still open), missing, lost
    message: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state in ("open", "overdue")


@dataclass(eq=False)
class Act:
    """One thing that we do: `send`, `end`, `tell` (a client what to do). `after` are the things
    that the IUT did before it; `pause`, in ns, passes first."""

    kind: str
    item: Item
    after: int  # how many awaits are before it
    pause: int = 0
    do: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


class Script:
    """The whole timeline of some flows for one side. `acts` are ours, `awaits` the IUT's."""

    def __init__(self, codec: Codec, flows: Sequence[Flow], we_are_client: bool) -> None:
        self.codec = codec
        self.flows = list(flows)
        self.we_are_client = we_are_client
        self.acts: list[Act] = []
        self.awaits: list[Await] = []
        self.gaps: list[Item] = []  # what the capture lacks of our own side
        self.doubts = {flow: _doubt(flow) for flow in flows}
        self._ended: set[Flow] = set()
        self._mute: set[Flow] = set()
        items = in_time_order(flows)
        pauses = kept_pauses(codec, items)
        last = items[0].time if items else 0
        for item in items:
            if item.from_client == we_are_client:
                self._ours(item, pauses.get(item, 0))
                last = max(last, item.time)
            else:
                self._theirs(item, (item.time - last) / 1e9)

    def _ours(self, item: Item, pause: int) -> None:
        if item.flow in self._mute:
            return
        if item.kind in ("cut", "long"):
            self.gaps.append(item)
            self._mute.add(item.flow)
        elif item.kind in ("none", "gap"):
            self.gaps.append(item)
        elif item.is_end:
            self._ended.add(item.flow)
            self._mute.add(item.flow)
            self.acts.append(Act("end", item, len(self.awaits), pause))
        elif not self.we_are_client and item.type == "PINGRESP":
            return  # a client pings when it wants to, and is answered then
        else:
            self.acts.append(Act("send", item, len(self.awaits), pause))

    def _theirs(self, item: Item, delay: float) -> None:
        if item.flow in self._ended and item.is_end:
            return  # it closes because we did
        if item.is_end:
            self._ended.add(item.flow)
        elif item.kind == "gap":
            self.gaps.append(item)
            return
        elif item.kind != "message":
            return
        if not self.we_are_client:
            if item.type == "PINGREQ":
                return
            self._tell(item)
        self.awaits.append(Await(item, max(delay, 0.0)))

    def _tell(self, item: Item) -> None:
        """What makes a client send this message."""
        if not item.is_message or item.status != "ok":
            return
        for do, fields in family.stimuli(self.codec, item):
            self.acts.append(Act("tell", item, len(self.awaits), 0, do, fields))

    def doubt(self, item: Item) -> str | None:
        """Why what comes in the place of this item says nothing: the capture lacks something before
        it."""
        frame = self.doubts.get(item.flow)
        if frame is None or item.last < frame:
            return None
        return "the capture lacks something before it"


def _doubt(flow: Flow) -> int | None:
    """The frame from which on a flow is not known whole; None when it is."""
    doubtful = (
        item.last for item in flow.items
        if item.kind in ("cut", "long", "gap") or (item.is_message and not item.judged)
    )  # fmt: skip
    return min(doubtful, default=None)
