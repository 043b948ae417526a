"""How long an answer may take, and whether it was we who were late.

A deadline is a multiple of the round trips measured lately, at least a second, times the user's
patience. When it passes, it is doubled once, unless the specification gave as much already: a
server that sends when a timer of its own ticks has time for a second tick. The loop tells how late it ran itself: what it lost is given back to those
who wait, and what is still missing after that is inconclusive, never a failure.
"""

from __future__ import annotations

from wirelaw.engine import net as net_module
from wirelaw.engine.net import NS

FLOOR = 1.0  # s
ROUND_TRIPS = 20
ENOUGH = 10.0  # s: beyond it, a few round trips do
FEW_ROUND_TRIPS = 5
WINDOW = NS  # round trips older than two of these are forgotten
TICK = 50_000_000  # ns: the loop looks at the clock at least so often
SLACK = 20_000_000  # ns: an oversleep or a busy turn below this is normal
LATE_SHARE = 0.25  # of the time waited: more than that lost by us, and silence says nothing
CALM_SHARE = 0.05  # of the time waited: less than that lost, and silence is not our doing
MAX_EXTENSIONS = 3
DIAL_IN = 15.0  # s: a client under test may be a program that starts up first


class Clock:
    """Round trips of one IUT, and the time that this process lost."""

    def __init__(self, patience: float = 1.0) -> None:
        self.patience = patience
        self.lost = 0  # ns, total
        self.num_stalls = 0
        self._longest = [0, 0]  # ns, of this window and the one before
        self._window = 0

    def answered(self, took: int) -> None:
        """An answer took so many ns."""
        self._slide()
        self._longest[0] = max(took, self._longest[0])

    @property
    def round_trip(self) -> int:
        """The longest of late, in ns."""
        self._slide()
        return max(self._longest)

    def _slide(self) -> None:
        window = net_module.now() // WINDOW
        if window != self._window:
            self._longest = [0, self._longest[0] if window == self._window + 1 else 0]
            self._window = window

    def stalled(self, ns: int) -> None:
        """The loop was late by so many ns."""
        if ns > SLACK:
            self.lost += ns
            self.num_stalls += 1

    @property
    def allowance(self) -> int:
        """How long an answer may take, in ns."""
        longest = self.round_trip
        many = min(ROUND_TRIPS * longest, max(int(ENOUGH * NS), FEW_ROUND_TRIPS * longest))
        return int(max(FLOOR * NS, many) * self.patience)

    @property
    def hurried(self) -> bool:
        """Whether answers take longer than on an idle machine."""
        return ROUND_TRIPS * self.round_trip > FLOOR * NS

    def seconds(self, seconds: float) -> int:
        """A time of the harness's own (not of the specification), in ns."""
        return int(seconds * NS * self.patience)


class Deadline:
    """The end of one wait. `begun` is when what is waited for was asked; `grace`, in ns, is given
    once when the time is up."""

    __slots__ = ("begun", "until", "_clock", "_grace", "_lost", "_lost_before", "_extensions", "late")

    def __init__(self, clock: Clock, begun: int, length: int, grace: int = 0) -> None:
        self.begun = begun
        self.until = begun + length
        self._clock = clock
        self._grace = grace
        self._lost = self._lost_before = clock.lost
        self._extensions = 0
        self.late = False

    @property
    def calm(self) -> bool:
        """When the time is up: whether neither this process nor the IUT was in a hurry while we
        waited, so that a second wait would show nothing new."""
        lost = self._clock.lost - self._lost_before
        return lost < CALM_SHARE * (self.until - self.begun) and not self._clock.hurried

    def extend(self) -> bool:
        """When the time is up: whether to wait on, for the grace, or because some of it was lost by
        us. When the extensions are used up and time is still being lost, `late` says that the
        silence proves nothing."""
        if self._grace:
            self.until += min(self._grace, self._clock.allowance)
            self._grace = 0
            return True
        lost = self._clock.lost - self._lost
        waited = self.until - self.begun
        if lost <= 0:
            return False
        if self._extensions >= MAX_EXTENSIONS:
            self.late = lost > LATE_SHARE * waited
            return False
        self._lost = self._clock.lost
        self._extensions += 1
        self.until += max(lost * 2, self._clock.allowance // 2)
        return True
