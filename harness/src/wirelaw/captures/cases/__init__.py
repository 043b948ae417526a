"""Captured conversations as cases: what we would send are steps that send, what the other side
answered are expectations of its meaning.

Whole exchanges become the flows that cases have for them (connect, publish, subscribe ...), since
these leave the order open where the specification does.
"""

from wirelaw.captures.cases.document import to_case

__all__ = ["to_case"]
