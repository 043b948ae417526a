"""One side of a captured conversation, played to an implementation, and its answers compared by
meaning.

docs/pcap.md states the rule for what may differ. The loop, TLS, the judge and the capture of the
replay are those of a conformance run (docs/decisions/0015-replay-on-the-engine.md)."""

from wirelaw.captures.playing.bench import Request, replay
from wirelaw.captures.playing.outcome import Outcome

__all__ = ["Outcome", "Request", "replay"]
