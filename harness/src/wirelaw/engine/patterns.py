"""Patterns of messages: what a step expects, tolerates or forbids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirelaw.engine.codec import Codec
from wirelaw.engine.compare import Mismatch, describe, first_mismatch
from wirelaw.engine.values import fill

CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A type of message and what its fields must be (compiled values); or `closed`."""

    type: str
    fields: Any

    def mismatch(
        self, codec: Codec, variables: Mapping[str, Any], got: Mapping[str, Any]
    ) -> Mismatch | None:
        """What of a message (as Codec.fields gives it) is not as this says; None: it matches."""
        if got["type"] != self.type:
            return Mismatch("packet", self.type, str(got["type"]))
        if not self.fields:
            return None
        return first_mismatch(codec, self.type, fill(self.fields, variables), got)

    def describe(self, variables: Mapping[str, Any]) -> str:
        """For people: `PUBLISH qos=1 payload='x'`."""
        wanted = fill(self.fields, variables) or {}
        return " ".join([self.type, *(f"{k}={describe(v)}" for k, v in wanted.items())])


def any_match(
    patterns: tuple[Pattern, ...],
    codec: Codec,
    variables: Mapping[str, Any],
    got: Mapping[str, Any],
) -> Pattern | None:
    """The first of the patterns that a message matches."""
    for pattern in patterns:
        if pattern.type == got["type"] and pattern.mismatch(codec, variables, got) is None:
            return pattern
    return None


def describe_any(patterns: tuple[Pattern, ...], variables: Mapping[str, Any]) -> str:
    """For people: one or the other."""
    return " or ".join(pattern.describe(variables) for pattern in patterns)
