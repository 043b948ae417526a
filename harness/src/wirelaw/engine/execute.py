"""Runs the steps of one case, and what comes before and after them."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from wirelaw.engine import net as net_module
from wirelaw.engine import steps
from wirelaw.engine.actions import Silence
from wirelaw.engine.outcome import Aborted, HarnessError, Inconclusive, NotApplicable, StepFailed
from wirelaw.engine.script import run_script
from wirelaw.results.model import Verdict

if TYPE_CHECKING:
    from wirelaw.engine.run import CaseRun


async def execute(run: CaseRun) -> None:
    """The whole case. Sets its verdict; raises Aborted only."""
    try:
        await _judge(run)
    except Aborted:
        raise
    except NotApplicable as error:
        run.end_with(Verdict.NOT_APPLICABLE, str(error))
    except HarnessError as error:
        run.end_with(Verdict.ERROR, str(error))
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end the run
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
        run.end_with(Verdict.ERROR, f"{type(error).__name__} at {where}: {error}")
    run.ended = net_module.now()


async def _judge(run: CaseRun) -> None:
    if run.case.function is not None:
        await run_script(run)
    else:
        for step in run.case.steps:
            goes_on, _ = await steps.attempt(run, step)
            if not goes_on:
                break
    _pass_silences(run)
    run.conclude()
    if run.check_serving and run.verdict in (Verdict.PASS, Verdict.WARN):
        await _still_serves(run)


def _pass_silences(run: CaseRun) -> None:
    """`none` and `park` hold when the whole case came to its end without a forbidden message."""
    pairs = list(zip(run.steps, run.case.steps or run.script_steps, strict=True))
    whole = all(
        state.verdict in (Verdict.PASS, Verdict.WARN)
        for state, step in pairs
        if not isinstance(step.args, Silence)
    )
    for state, step in pairs:
        if whole and isinstance(step.args, Silence) and state.verdict is Verdict.UNTESTED:
            state.verdict = Verdict.PASS


async def _still_serves(run: CaseRun) -> None:
    """After a close that was asked for, a fresh connection must be served by the same process."""
    if run.case.role != "server":
        return
    try:
        await run.target.speech.serves(run)
    except StepFailed as error:
        run.note_timeout(error)
        run.end_with(Verdict.FAIL, f"does not serve any more: {error.detail}")
    except Inconclusive as error:
        run.end_with(Verdict.INCONCLUSIVE, error.cause)


async def tidy(run: CaseRun) -> None:
    """Ends the case's connections (not those that stay parked) and removes what it left."""
    speech = run.target.speech
    for connection in run.all_connections:
        if not run.parked or run.verdict not in (Verdict.PASS, Verdict.WARN):
            speech.say_goodbye(run, connection)
    if run.target.tidy:
        try:
            await speech.tidy_up(run)
        except Aborted:
            raise
        except Exception:  # noqa: BLE001 - the verdict stands; what is left is left
            return


def close_parked(run: CaseRun) -> None:
    """The end of the whole run for a parked case."""
    for connection in run.all_connections:
        run.target.speech.say_goodbye(run, connection)
