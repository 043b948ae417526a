"""Entry point of ``python -m wirelaw``."""

import sys

from wirelaw.cli import main

if __name__ == "__main__":
    sys.exit(main())
