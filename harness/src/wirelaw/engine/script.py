"""What a case in Python works with: `t.NAME(action=..., ...)` is one step. docs/cases.md,
"Python".
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from wirelaw.cases.dialects import dialect_of, family_of
from wirelaw.cases.loader import context_of
from wirelaw.cases.model import Case, Step
from wirelaw.cases.reader import Draft, make_step, read_step
from wirelaw.cases.strictyaml import Map
from wirelaw.engine.outcome import Inconclusive, NotApplicable, StepFailed
from wirelaw.engine.run import StepState
from wirelaw.engine.steps import attempt
from wirelaw.results.model import Verdict

if TYPE_CHECKING:
    from wirelaw.engine.run import CaseRun


class _Stop(Exception):
    """A step ended the case; its verdict is marked."""


class Script:
    """The `t` of a case in Python."""

    def __init__(self, run: CaseRun) -> None:
        self._run = run
        self._context = context_of(run.case)
        self._dialect = dialect_of(family_of(run.case.protocol))
        self._preamble = _has_body(run)
        self.protocol = run.case.protocol
        self.vars: dict[str, Any] = run.variables

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)

        def step(**action: Any) -> Coroutine[Any, Any, Any]:
            return self.step(name, action)

        return step

    def body(self) -> None:
        """What follows judges the IUT."""
        self._preamble = False

    def not_applicable(self, why: str) -> None:
        raise NotApplicable(why)

    def inconclusive(self, why: str) -> None:
        raise Inconclusive("case", why)

    def fail(self, why: str) -> None:
        """The step just done completes a picture that breaks what this step is bound to."""
        self._run.fail(len(self._run.steps) - 1, StepFailed("mismatch", why))
        raise _Stop

    def warn(self, why: str) -> None:
        """The step just done is as it must be, and not as it should be."""
        self._run.mark(len(self._run.steps) - 1, Verdict.WARN, "preference", why)

    async def wait(self, seconds: float) -> None:
        """Time must pass."""
        await self._do(Map(wait=seconds))

    async def step(
        self, name: str, action: Mapping[str, Any], *, or_warn: str | None = None
    ) -> Any:
        """One step on the connection `name`; gives the fields of the message it decided on.

        With `or_warn` silence is a warning of that text, the step gives None and the case goes
        on."""
        return await self._do(Map({name: _plain(action)}), or_warn)

    # What a client tells

    def share_client(self) -> None:
        """The client's process may have served other cases before, and serve more after this one:
        when
        it dials in and out so often that starting it would take most of the time. Say it first."""
        self._run.shares_client = True

    def provokes(self, *requirements: str) -> None:
        """The IUT will be made to break these, or may: what the monitor sees of them in this case is
        no finding. Say it first."""
        self._run.provoked = frozenset(requirements)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages that the client told of since it was started, in order: topic, payload, qos,
        retain.
        """
        return [_message(event) for event in self._run.said if event.get("event") == "message"]

    async def heard(self, payload: str) -> None:
        """Waits until the client has told of a message with this payload. Without one nothing is
        known.
        """
        run, wanted = self._run, self.vars[payload.removeprefix("$")].encode()
        deadline = run.deadline()
        while all(message["payload"] != wanted for message in self.messages):
            if not await run.wait(deadline):
                self.inconclusive("the client did not tell of a message that it must have got")

    async def _do(self, raw: Map, or_warn: str | None = None) -> Any:
        run, ctx = self._run, self._context
        draft = self._read(raw)
        if draft is None:
            return None
        step = make_step(ctx, draft, len(run.steps), run.case.only_requirement, run.case.kills)
        run.script_steps.append(step)
        run.steps.append(StepState())
        goes_on, result = await attempt(run, step)
        if goes_on:
            return result
        state = run.steps[-1]
        if or_warn is None or state.cause != "timeout" or state.verdict is Verdict.INCONCLUSIVE:
            raise _Stop
        state.verdict, state.cause, state.detail = Verdict.WARN, "preference", or_warn
        run.by_timeout = False
        return None

    def _read(self, raw: Map) -> Draft | None:
        """The step as read; each text of a step is read once for all runs of its case."""
        key = (self._preamble, repr(raw))
        known = _drafts.setdefault(self._run.case, {})
        if key not in known:
            self._context.bound.update(self._run.variables)
            known[key] = read_step(self._context, raw, self._dialect, self._preamble)
        return known[key]


_drafts: WeakKeyDictionary[Case, dict[tuple[bool, str], Draft | None]] = WeakKeyDictionary()


def _has_body(run: CaseRun) -> bool:
    """Whether the function says where its body begins."""
    assert run.case.function is not None
    return "body" in run.case.function.__code__.co_names


def _message(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an upper tester told of a message; its payload and topic as bytes."""
    hexed = event.get("payload_hex")
    payload = bytes.fromhex(hexed) if hexed is not None else str(event.get("payload", "")).encode()
    return {**event, "payload": payload, "topic": str(event.get("topic", "")).encode()}


def _plain(value: Any) -> Any:
    """Mappings and lists as the reader of YAML gives them; bytes as {hex: ...}."""
    if isinstance(value, Mapping):
        return Map({key: _plain(one) for key, one in value.items()})
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return Map(hex=value.hex()) if isinstance(value, bytes) else value


async def run_script(run: CaseRun) -> None:
    """Runs the function of a case in Python."""
    assert run.case.function is not None
    script = Script(run)
    try:
        await run.case.function(script, **run.case.parameters)
    except _Stop:
        return
    except Inconclusive as error:
        run.steps.append(StepState())
        run.script_steps.append(_said(run, error.detail))
        run.mark(len(run.steps) - 1, Verdict.INCONCLUSIVE, error.cause, error.detail)


def _said(run: CaseRun, text: str) -> Step:
    return Step(len(run.steps) - 1, run.case.source.line, None, "say", None, text, False, None, ())
