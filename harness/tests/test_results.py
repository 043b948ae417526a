"""The results of a run: verdicts of requirements, exit status, deviations, baseline, a killed run."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from results_samples import (
    CATALOGUE,
    MUST,
    OTHER,
    PASSED,
    SHOULD,
    a_case,
    a_run,
    an_iut,
    written,
)
from wirelaw.errors import UserError
from wirelaw.results import (
    FINAL,
    PARTIAL,
    Deviation,
    Message,
    MonitorViolation,
    PlannedCase,
    ResultsWriter,
    Verdict,
    Violation,
    classify,
    compare,
    headline,
    judge_requirements,
    read_deviations,
    read_results,
    redact_command,
)
from wirelaw.results.requirements import evidence


@pytest.mark.parametrize(
    ("verdict", "steps", "cause", "said"),
    [
        ("pass", [(None, "pass"), (MUST.id, "pass")], None, "pass"),
        ("fail", [(MUST.id, "fail")], None, "fail"),
        ("fail", [(OTHER.id, "fail"), (MUST.id, "untested")], None, "untested"),
        ("fail", [(MUST.id, "pass"), (OTHER.id, "fail")], None, "pass"),
        ("fail", [(MUST.id, "pass"), (OTHER.id, "fail"), (MUST.id, "untested")], None, "untested"),
        ("inconclusive", [(None, "inconclusive"), (MUST.id, "untested")], "preamble", "inconclusive"),
        ("inconclusive", [(MUST.id, "fail")], "late tester", "inconclusive"),
        ("error", [(MUST.id, "fail")], "harness", "error"),
        ("warn", [(MUST.id, "warn")], None, "warn"),
        ("not_applicable", [(MUST.id, "untested")], None, "not_applicable"),
        ("fail", [(OTHER.id, "pass"), (MUST.id, "untested")], "crash", "inconclusive"),
        ("fail", [(None, "fail")], None, "fail"),
        ("pass", [(OTHER.id, "pass"), (None, "pass")], None, "untested"),
        ("pass", [(MUST.id, "pass"), (MUST.id, "untested")], None, "pass"),
    ],
)
def test_what_a_case_says_about_a_requirement(
    verdict: str, steps: list[tuple[str | None, str]], cause: str | None, said: str
) -> None:
    assert evidence(a_case("x", verdict, *steps, cause=cause), MUST.id) == said


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        ([], "untested"),
        (["pass", "pass"], "pass"),
        (["pass", "fail"], "fail"),
        (["pass", "inconclusive"], "inconclusive"),
        (["pass", "warn"], "warn"),
        (["fail", "error"], "fail"),
        (["pass", "not_applicable"], "pass"),
        (["not_applicable", "untested"], "untested"),
        (["not_applicable"], "not_applicable"),
    ],
)
def test_the_verdict_of_a_requirement(cases: list[str], verdict: str) -> None:
    made = [a_case(f"c{i}", said, (MUST.id, said)) for i, said in enumerate(cases)]
    assert judge_requirements(CATALOGUE, made)[0].verdict == verdict


def test_monitor_marks_its_requirement_and_no_case(tmp_path: Path) -> None:
    seen = MonitorViolation(MUST.id, "a", "one", frame=7, detail="wrong")
    results = written(tmp_path, a_case("one", *PASSED), monitor=(seen,))
    assert results.cases[0].verdict == "pass"
    assert results.requirements[0].verdict == "fail"
    assert results.requirements[0].violations[0].frame == 7
    assert results.run.exit and results.run.exit.status == 1
    assert "monitor" in results.run.exit.reasons[0]


def test_monitor_on_a_recommendation_warns(tmp_path: Path) -> None:
    results = written(tmp_path, a_case("one", *PASSED), monitor=(MonitorViolation(SHOULD.id),))
    assert results.requirements[2].verdict == "warn"
    assert results.run.exit and results.run.exit.status == 0


def test_a_requirement_outside_the_catalogue_is_not_lost(tmp_path: Path) -> None:
    results = written(tmp_path, a_case("one", "fail", ("MQTT5-9.9.9-9", "fail")))
    assert results.requirements[-1].origin == "uncatalogued"
    assert results.requirements[-1].verdict == "fail"


def test_coverage_counts_parts_of_parts(tmp_path: Path) -> None:
    results = written(tmp_path, a_case("one", "pass", (MUST.id, "pass"), (SHOULD.id, "pass")))
    must = results.coverage["MUST"]
    assert [must[key] for key in ("total", "applicable", "testable", "tested")] == [4, 3, 2, 1]
    assert must["verdicts"]["untested"] == 2 and must["verdicts"]["not_applicable"] == 1
    assert sum(must["verdicts"].values()) == must["total"]
    reasons = [row.reason for row in results.requirements]
    assert reasons[0] is None and reasons[3] == "inside"
    assert reasons[1] == "no case of this run tests it"


@pytest.mark.parametrize(
    ("verdicts", "finish", "status"),
    [
        (["pass"], {}, 0),
        (["pass", "warn"], {}, 0),
        (["pass", "warn"], {"fail_on": "should"}, 1),
        (["pass", "fail"], {}, 1),
        (["pass", "fail", "error"], {}, 2),
        (["untested", "not_applicable"], {}, 2),
        (["pass"], {"sessions": 0}, 2),
        (["pass"], {"interrupted": "Ctrl-C"}, 2),
        (["pass"] * 19 + ["inconclusive"], {}, 0),
        (["pass"] * 18 + ["inconclusive"] * 2, {}, 2),
        (["pass"] * 18 + ["inconclusive"] * 2, {"max_inconclusive": 0.1}, 0),
        ([], {}, 2),
    ],
)
def test_exit_status(
    tmp_path: Path, verdicts: list[str], finish: dict[str, object], status: int
) -> None:
    cases = [a_case(f"c{i}", said, (MUST.id, said)) for i, said in enumerate(verdicts)]
    results = written(tmp_path, *cases, **finish)
    assert results.run.exit and results.run.exit.status == status, results.run.exit
    assert bool(results.run.exit.reasons) == bool(status)


def deviations(**more: object) -> list[Deviation]:
    return read_deviations([{"reason": "known", "owner": "me", **more}], "broker.toml")


@pytest.mark.parametrize(
    ("row", "status", "state"),
    [
        ({"case": "one"}, 0, "applied"),
        ({"case": "one[end=rst]"}, 1, "unused"),
        ({"case": "on*"}, 0, "applied"),
        ({"requirement": MUST.id}, 0, "applied"),
        ({"requirement": OTHER.id}, 1, "unused"),
        ({"case": "one", "expires": "2026-11-24"}, 0, "applied"),
        ({"case": "one", "expires": "2026-11-23"}, 1, "expired"),
        ({"case": "fine"}, 1, "passing"),
    ],
)
def test_deviations(tmp_path: Path, row: dict[str, object], status: int, state: str) -> None:
    results = written(
        tmp_path, a_case("one[end=fin]", "fail", (MUST.id, "fail")), a_case("fine", *PASSED),
        deviations=deviations(**row),
    )  # fmt: skip
    assert results.run.exit and results.run.exit.status == status
    assert results.deviations[0]["state"] == state
    assert results.requirements[0].verdict == "fail", "a deviation changes no verdict"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"case": "one"}, "reason"),
        ({"reason": "why"}, "`case` or the `requirement`"),
        ({"case": "a", "reason": "b", "expires": "soon"}, "2027-01-31"),
        ({"case": "a", "reason": "b", "whom": "c"}, "'whom'"),
    ],
)
def test_deviations_refused(row: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_deviations([row], "broker.toml")


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("pass", "pass", None),
        ("pass", "fail", "newly_failing"),
        ("error", "fail", "newly_failing"),
        ("inconclusive", "error", "newly_failing"),
        ("fail", "pass", "newly_passing"),
        ("untested", "pass", "newly_passing"),
        ("pass", "warn", "changed"),
        (None, "fail", "new_case"),
        ("pass", None, "gone"),
    ],
)
def test_changes(before: str | None, after: str | None, change: str | None) -> None:
    was, now = (Verdict(each) if each else None for each in (before, after))
    assert classify(was, now) == change


def test_baseline_excuses_old_failures_and_new_cases(tmp_path: Path) -> None:
    bad = ("fail", (MUST.id, "fail"))
    before = written(tmp_path / "a", a_case("old", *bad), a_case("one", *PASSED))
    same = written(
        tmp_path / "b", a_case("old", *bad), a_case("one", *PASSED), a_case("new", *bad),
        baseline=before,
    )  # fmt: skip
    assert same.run.exit and same.run.exit.status == 0
    assert [row["change"] for row in compare(before, same)["cases"]] == ["new_case"]
    worse = written(tmp_path / "c", a_case("old", *bad), a_case("one", *bad), baseline=before)
    assert worse.run.exit and worse.run.exit.status == 1
    assert "first one" in worse.run.exit.reasons[0]
    strict = written(tmp_path / "d", a_case("old", *bad), baseline=before, fail_on="must")
    assert strict.run.exit and strict.run.exit.status == 1


def test_written_and_read_back(tmp_path: Path) -> None:
    case = a_case("one", "fail", (MUST.id, "fail"), cause="wrong value")
    case.messages = [
        Message("a", "to_iut", 1, "CONNECT", "CONNECT", "1000", 3, Violation(MUST.id, 1),
                [{"name": "CONNECT", "at": 0, "len": 2, "parent": None, "value": None}]),
    ]  # fmt: skip
    results = written(tmp_path, case, monitor=(MonitorViolation(OTHER.id, "a"),))
    assert read_results(tmp_path).to_json() == results.to_json()
    assert not (tmp_path / PARTIAL).exists()


def test_the_second_result_of_a_case_replaces_the_first(tmp_path: Path) -> None:
    crash = a_case("one", "fail", (MUST.id, "untested"), cause="crash")
    results = written(tmp_path, crash, a_case("two", *PASSED), a_case("one", *PASSED))
    assert {case.id: case.verdict for case in results.cases} == {"one": "pass", "two": "pass"}


def test_killed_in_the_middle(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import os, signal, sys
        sys.path[:0] = {sys.path!r}
        from pathlib import Path
        from results_samples import *
        from wirelaw.results import ResultsWriter, PlannedCase
        planned = [PlannedCase(n, n, "server", (MUST.id,)) for n in ("done", "running", "waiting")]
        planned.append(PlannedCase("slow", "slow", "server", (MUST.id,), untested="slow"))
        writer = ResultsWriter(Path({str(tmp_path)!r}), a_run(), an_iut(), CATALOGUE, planned)
        writer.case_started("done")
        writer.case_ended(a_case("done", *PASSED))
        writer.case_started("running")
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parent)
    assert done.returncode == -9
    with open(tmp_path / PARTIAL, "ab") as file:
        file.write(b'{"case": {"id": "cut sho')
    results = read_results(tmp_path)
    assert not results.run.complete and results.run.exit and results.run.exit.status == 2
    causes = {case.id: case.cause for case in results.cases}
    assert causes["done"] is None and causes["slow"] == "slow"
    assert "while it was running" in str(causes["running"])
    assert "before its turn" in str(causes["waiting"])
    assert results.totals["untested"] == 3


def test_credentials_are_written_nowhere(tmp_path: Path) -> None:
    secret = "hunter2hunter2"
    run = a_run(command=["wirelaw", "check", "--password", secret, f"--iut=mqtt://me:{secret}@h"])
    iut = an_iut()
    iut.url = f"mqtt://me:{secret}@127.0.0.1:1883"
    planned = [PlannedCase("one", "One.", "server", (MUST.id,))]
    with ResultsWriter(tmp_path, run, iut, CATALOGUE, planned, secrets=[secret]) as writer:
        case = a_case("one", "fail", (MUST.id, "fail"), cause=f"said {secret}")
        wire = b"\x10\x20" + secret.encode()
        case.messages = [Message("a", "to_iut", 1, "CONNECT", f"password {secret}", wire.hex(),
            tree=[{"name": "password", "at": 2, "len": 14, "parent": None,
                   "value": secret.encode().hex()}])]  # fmt: skip
        case.log, case.steps[0].got = f"log {secret}", secret
        writer.case_ended(case)
        writer.monitor_violation(MonitorViolation(MUST.id, detail=secret, hex=wire.hex()))
        assert secret not in (tmp_path / PARTIAL).read_text()
        writer.finish(seconds=1)
    text = (tmp_path / FINAL).read_text()
    assert secret not in text and secret.encode().hex() not in text
    assert len(json.loads(text)["cases"][0]["messages"][0]["hex"]) == 2 * len(wire)


def test_command_lines_lose_their_secrets() -> None:
    line = ["wirelaw", "--user", "me", "--password=x", "--psk", "y", "tcp://u:z@host:1", "--slow"]
    want = ["wirelaw", "--user", "me", "--password=***", "--psk", "***", "tcp://u:***@host:1", "--slow"]
    assert redact_command(line) == want


def test_broken_text_is_still_written(tmp_path: Path) -> None:
    case = a_case("one", "fail", (MUST.id, "fail"), cause="bad \udc80 text")
    written(tmp_path, case)
    assert read_results(tmp_path).cases[0].cause == "bad ? text"


def test_long_logs_lose_their_middle(tmp_path: Path) -> None:
    case = a_case("one", *PASSED)
    case.log = "first" + "x" * 100_000 + "last"
    log = written(tmp_path, case).cases[0].log or ""
    assert len(log) < 17_000 and log.startswith("first") and log.endswith("last")
    assert "characters left out" in log


def test_no_results_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no results"):
        read_results(tmp_path)
    (tmp_path / FINAL).write_text('{"schema": "other/9"}')
    with pytest.raises(UserError, match="other/9"):
        read_results(tmp_path)


def test_headline_is_one_line() -> None:
    case = a_case("one", "fail", (MUST.id, "fail"), cause="closed")
    case.steps[0].expected, case.steps[0].got = "PUBACK", "close\nnow"
    assert headline(case) == "closed: expected PUBACK, got close now"
