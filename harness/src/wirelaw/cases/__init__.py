"""Conformance cases: read from YAML and Python, checked, ready to run. docs/cases.md is the manual.

cases = load("mqtt5")  # id, title, role, requirements, steps, kills, when, slow, source ...
"""

from wirelaw.cases.loader import load, load_file
from wirelaw.cases.model import Case, Source, Step
from wirelaw.cases.python import case

__all__ = ["Case", "Source", "Step", "case", "load", "load_file"]
