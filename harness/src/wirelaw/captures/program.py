"""Running the C program ``wirelaw-pcap``."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Sequence

from wirelaw import paths

EXIT_UNREAD = 2


def call(words: Sequence[str]) -> int:
    """Runs it with our own standard streams; gives its exit status. Ctrl-C is its affair: it ends a
    live capture, and the summary follows."""
    sys.stdout.flush()
    sys.stderr.flush()
    process = subprocess.Popen([str(paths.program("wirelaw-pcap")), *words])
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            status = process.wait()
            return status if status >= 0 else 128 - status
