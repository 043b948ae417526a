"""The results of a run: what it writes, what its requirements come to, and its exit status.

The engine makes a `ResultsWriter` when it knows what it will run, tells it of each case as it
ends, and calls `finish`. See docs/results.md.
"""

from .baseline import CHANGES, classify, compare
from .deviations import Deviation, read_deviations
from .gate import exit_of, must_cases, new_failures
from .headline import blamed, headline
from .model import (
    CASE_ORDER,
    FROM_IUT,
    LEVELS,
    SCHEMA,
    TESTED,
    TO_IUT,
    Capture,
    CaseResult,
    Catalogue,
    CatalogueRow,
    Exit,
    Iut,
    Message,
    MonitorViolation,
    PlannedCase,
    Proof,
    RequirementResult,
    Results,
    Run,
    Span,
    Step,
    Verdict,
    Violation,
    level_group,
    untested_case,
)
from .requirements import count_coverage, count_totals, judge_requirements
from .secrets import Scrubber, redact_command, redact_url
from .text import printable, xml_text
from .writer import FINAL, PARTIAL, ResultsWriter, read_results, write_results

__all__ = [
    "CASE_ORDER", "CHANGES", "FINAL", "FROM_IUT", "LEVELS", "PARTIAL", "SCHEMA", "TESTED",
    "TO_IUT", "Capture", "CaseResult", "Catalogue", "CatalogueRow", "Deviation", "Exit", "Iut",
    "Message", "MonitorViolation", "PlannedCase", "Proof", "RequirementResult", "Results",
    "ResultsWriter", "Run", "Scrubber", "Span", "Step", "Verdict", "Violation", "blamed", "classify",
    "compare", "count_coverage", "count_totals", "exit_of", "headline", "judge_requirements", "level_group",
    "must_cases", "new_failures", "printable", "read_deviations", "read_results", "redact_command",
    "redact_url", "untested_case", "write_results", "xml_text",
]
