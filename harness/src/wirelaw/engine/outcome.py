"""How a step, and with it a case, comes to an end before its last step."""

from __future__ import annotations


class StepFailed(Exception):
    """What a step demands did not come. What it is bound to decides whether that is a fail.

    `cause` is a word (closed, timeout, mismatch, forbidden ...); `message` the index of the message
    that decided it, in the run's log; `soft`: it is inconclusive even for a step that is bound;
    `mild`: it is a warning where it would be a fail.
    """

    def __init__(
        self,
        cause: str,
        detail: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        message: int | None = None,
        soft: bool = False,
        mild: bool = False,
    ) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.expected = expected
        self.got = got
        self.message = message
        self.soft = soft
        self.mild = mild
        self.step: int | None = None  # another step than the one that was running


class Inconclusive(Exception):
    """Nothing can be said, whatever the step is bound to. `cause` is a word."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class NotApplicable(Exception):
    """The IUT does not offer what the case needs."""


class HarnessError(Exception):
    """A fault of ours, or of the case's text: the case is in error."""


class Aborted(Exception):
    """The run takes the case back: the IUT died, or the user interrupted."""
