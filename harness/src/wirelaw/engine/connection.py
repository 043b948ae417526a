"""One connection of a running case: what came in and was not consumed yet, and what is
forbidden.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wirelaw.engine.patterns import Pattern, any_match

if TYPE_CHECKING:
    from wirelaw.engine.run import CaseRun


class Received:
    """One message of the IUT. `fields` are decoded when they are first asked for."""

    __slots__ = ("time", "type", "wire", "index", "_fields")

    def __init__(self, time: int, type_name: str | None, wire: bytes, index: int) -> None:
        self.time = time
        self.type = type_name
        self.wire = wire
        self.index = index  # in the run's log
        self._fields: dict[str, Any] | None = None

    def fields(self, run: CaseRun) -> dict[str, Any]:
        if self._fields is None:
            self._fields = run.codec.fields(self.wire)
        return self._fields


class Connection:
    """A connection by the name that steps call it. States: connecting, open, closed (by the IUT, or
    never opened: `failure` says why), ended (by us)."""

    __slots__ = (
        "name", "run", "handle", "state", "inbox", "closed_at", "closed_how", "failure",
        "forbidden", "next_id", "last_id", "silent", "closed_index",
    )  # fmt: skip

    def __init__(self, run: CaseRun, name: str, handle: int) -> None:
        self.name = name
        self.run = run
        self.handle = handle
        self.state = "connecting"
        self.inbox: deque[Received] = deque()
        self.closed_at = 0
        self.closed_how = ""
        self.closed_index: int | None = None
        self.failure: str | None = None
        self.forbidden: list[tuple[int, Pattern]] = []  # step index and pattern
        self.next_id = 1
        self.last_id = 0  # the packet identifier last received
        self.silent = False

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def has_closed(self) -> bool:
        """Whether the IUT closed it, or it never came about."""
        return self.state == "closed"

    def accept(self, received: Received) -> None:
        """A message has come."""
        self.inbox.append(received)
        if self.forbidden:
            self.check(received)

    def check(self, received: Received) -> None:
        """Notes a message that a `none` or `park` step forbids."""
        for step, pattern in self.forbidden:
            if pattern.type == received.type and any_match(
                (pattern,), self.run.codec, self.run.variables, received.fields(self.run)
            ):
                self.run.forbid(step, self, received)
                return

    def forbid(self, step: int, patterns: tuple[Pattern, ...]) -> None:
        """Forbids messages from here on; those that were not consumed yet count."""
        self.forbidden += [(step, pattern) for pattern in patterns]
        for received in self.inbox:
            self.check(received)

    def look_past(self, types: frozenset[str]) -> Iterator[Received]:
        """The messages that are there, up to the first that is not of these types."""
        for received in self.inbox:
            yield received
            if received.type not in types:
                return

    def fresh_id(self) -> int:
        """The next free packet identifier."""
        found = self.next_id
        self.next_id = found % 0xFFFF + 1
        return found
