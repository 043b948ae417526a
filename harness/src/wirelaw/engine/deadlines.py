"""How long an answer may take, and whether it was we who were late.

A deadline is a multiple of the round trips measured lately, at least a second, times the user's
patience. The loop tells how late it ran itself: what it lost is given back to those who wait, and
what
is still missing after that is inconclusive, never a failure.
"""

from __future__ import annotations

from wirelaw.engine.net import NS

FLOOR = 1.0  # s
ROUND_TRIPS = 20
TICK = 50_000_000  # ns: the loop looks at the clock at least so often
SLACK = 20_000_000  # ns: an oversleep or a busy turn below this is normal
LATE_SHARE = 0.25  # of the time waited: more than that lost by us, and silence says nothing
MAX_EXTENSIONS = 3
DIAL_IN = 15.0  # s: a client under test may be a program that starts up first


class Clock:
    """Round trips of one IUT, and the time that this process lost."""

    def __init__(self, patience: float = 1.0) -> None:
        self.patience = patience
        self.round_trip = 0.0  # ns, decaying maximum
        self.lost = 0  # ns, total
        self.num_stalls = 0

    def answered(self, took: int) -> None:
        """An answer took so many ns."""
        self.round_trip = max(float(took), self.round_trip * 0.98)

    def stalled(self, ns: int) -> None:
        """The loop was late by so many ns."""
        if ns > SLACK:
            self.lost += ns
            self.num_stalls += 1

    @property
    def allowance(self) -> int:
        """How long an answer may take, in ns."""
        return int(max(FLOOR * NS, ROUND_TRIPS * self.round_trip) * self.patience)

    def seconds(self, seconds: float) -> int:
        """A time of the harness's own (not of the specification), in ns."""
        return int(seconds * NS * self.patience)


class Deadline:
    """The end of one wait. `begun` is when what is waited for was asked."""

    __slots__ = ("begun", "until", "_clock", "_lost", "_extensions", "late")

    def __init__(self, clock: Clock, begun: int, length: int) -> None:
        self.begun = begun
        self.until = begun + length
        self._clock = clock
        self._lost = clock.lost
        self._extensions = 0
        self.late = False

    def extend(self) -> bool:
        """When the time is up: whether to wait on, because some of it was lost by us. When the
        extensions
        are used up and time is still being lost, `late` says that the silence proves nothing."""
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
