"""Plays a script to an IUT.

Causality is by order: a message of ours is sent when all that the IUT had done before it in the
capture has come, or its time is up. What the IUT says is matched to what it said in the capture:
answers by the identifier that they answer, deliveries by their meaning, the rest by its type. Order
counts among answers to one message and not across them, as in the specifications."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wirelaw.captures import mqtt as family
from wirelaw.captures.conversation import Flow, Item
from wirelaw.captures.playing import meaning
from wirelaw.captures.playing.identity import Identity
from wirelaw.captures.playing.outcome import Finding, Outcome
from wirelaw.captures.playing.script import Act, Await, Script
from wirelaw.engine import net as net_module
from wirelaw.engine.connection import Connection, Received
from wirelaw.engine.deadlines import Deadline
from wirelaw.engine.outcome import Inconclusive, NotApplicable, StepFailed
from wirelaw.engine.run import CaseRun
from wirelaw.engine.scheduler import pause
from wirelaw.engine.steps import refuses

_SETTLE = 0.15  # s in which what the capture does not have may still come
_SLACK = 2.0  # s that counted-down times may differ, beside what the replay took


class Line:
    """One flow of the script and its connection."""

    def __init__(self, flow: Flow, name: str) -> None:
        self.flow = flow
        self.name = name
        self.connection: Connection | None = None
        self.tried = False
        self.gone = False  # told of its end, once
        self.refusal: str | None = None
        self.unanswered = 0  # messages of ours that count against the IUT's quota
        self.surplus: list[tuple[Received, Mapping[str, Any]]] = []
        self.matched: list[tuple[Item, Mapping[str, Any]]] = []

    @property
    def is_open(self) -> bool:
        return self.connection is not None and self.connection.is_open


class Player:
    """One replay. `play` is the whole of it; `outcome` what came of it."""

    def __init__(
        self, run: CaseRun, script: Script, identity: Identity, outcome: Outcome,
        is_must: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self.is_must = is_must
        self.run = run
        self.script = script
        self.identity = identity
        self.outcome = outcome
        self.codec = script.codec
        self.lines = {flow: Line(flow, _name(i)) for i, flow in enumerate(script.flows)}
        self.strangers = _strangers(script)
        self.began = net_module.now()
        self.acted = 0

    async def play(self) -> None:
        """Everything. Raises NotApplicable when the IUT cannot be made to do it."""
        for act in self.script.acts:
            await self._until(self.script.awaits[: act.after])
            if act.pause:
                await self._sleep(act.pause)
            try:
                await self._act(act)
            except (StepFailed, Inconclusive) as error:
                self._no_connection(act, error)
            self.acted += 1
        await self._until(self.script.awaits)
        await self._sleep(int(_SETTLE * net_module.NS))
        self._take_all()
        self._conclude()

    # Doing

    async def _act(self, act: Act) -> None:
        line = self.lines[act.item.flow]
        if act.kind == "tell":
            await self.run.target.act(self.run, act.do, act.fields)
            return
        connection = await self._connection(line)
        if connection is None:
            return
        if act.kind == "end":
            self._end(line, connection, act.item.kind)
        elif not connection.is_open:
            self._cannot(line, act.item)
        else:
            await self._wait_for_quota(line, act.item)
            self._send(connection, act.item)

    async def _wait_for_quota(self, line: Line, item: Item) -> None:
        """An IUT that takes fewer messages at a time than the captured one gets them later."""
        if item.status != "ok" or not family.takes_quota(self.codec.fields(item.wire)):
            return
        talk = self.identity.talk(line.flow)
        deadline = self.run.deadline()
        while talk.captured_quota > talk.quota <= line.unanswered and line.is_open:
            if not await self._wait(deadline):
                break
            self._take_all()
        line.unanswered += 1

    async def _connection(self, line: Line) -> Connection | None:
        if line.connection is None and not line.tried:
            line.tried = True
            line.connection = await self.run.open(line.name)
        return line.connection

    def _no_connection(self, act: Act, error: StepFailed | Inconclusive) -> None:
        line = self.lines[act.item.flow]
        if isinstance(error, Inconclusive):
            self.outcome.unknown(act.item, error.detail)
        else:
            self._differs(act.item, error.detail)
        line.gone = True
        self._lose(line)

    def _send(self, connection: Connection, item: Item) -> None:
        if self.identity.answers_nothing(item):
            self.outcome.note(item, f"{item.type} was not sent: what it answers did not come")
            return
        wire = self.identity.outgoing(item)
        if item.status == "ok":
            fields = self.codec.fields(wire)
            if fields["type"] is not None:
                self.run.target.speech.sending(self.run, connection, fields["type"], _kept(fields))
        self.run.send(connection, wire)
        self.outcome.num_sent += 1
        self._own_up(item)

    def _own_up(self, item: Item) -> None:
        """What we play may be wrong itself."""
        for each in item.broken:
            if self.is_must(each.requirement):
                what = f"the {item.type or 'message'} that is played breaks {each.requirement}"
                text = f"{what} at byte {each.offset}"
                self.outcome.played.append(Finding("played", item.frame, item.flow.number, text))

    def _cannot(self, line: Line, item: Item) -> None:
        """The IUT has closed before we could say this: that it did is told already."""

    def _end(self, line: Line, connection: Connection, how: str) -> None:
        self._take(line)
        if connection.is_open:
            self.run.net.end(connection.handle, how)
            if how == "rst":
                connection.state = "ended"
                self.run.scheduler.connections.pop(connection.handle, None)
        line.gone = True

    # Waiting

    async def _until(self, awaits: list[Await]) -> None:
        """Until all of them came, or what still does not come in time is overdue."""
        open_ones = [each for each in awaits if each.state == "open"]
        self._take_all()
        if not any(each.state == "open" for each in open_ones):
            return
        delay = max(each.delay for each in open_ones)
        deadline = self.run.deadline(delay if delay > _SETTLE else None)
        while any(each.state == "open" for each in open_ones):
            await self._dial_ins(open_ones)
            if not await self._wait(deadline):
                break
            self._take_all()
        for each in open_ones:
            if each.state == "open":
                each.state = "overdue"

    async def _dial_ins(self, awaits: list[Await]) -> None:
        """A client that shall say something dials in first."""
        if self.run.case.role != "client":
            return
        for each in awaits:
            line = self.lines[each.item.flow]
            if each.state == "open" and line.connection is None and not line.tried:
                try:
                    await self._connection(line)
                except (StepFailed, Inconclusive) as error:
                    self.outcome.unknown(each.item, error.detail)
                    self._lose(line)
                return

    async def _wait(self, deadline: Deadline) -> bool:
        try:
            return await self.run.wait(deadline)
        except Inconclusive as error:
            self.outcome.unknown(None, error.detail)
            return False

    async def _sleep(self, length: int) -> None:
        until = net_module.now() + length
        while net_module.now() < until:
            await pause(until)
            self._take_all()

    # Taking what came

    def _take_all(self) -> None:
        for line in self.lines.values():
            self._take(line)

    def _take(self, line: Line) -> None:
        connection = line.connection
        if connection is None:
            return
        while connection.inbox:
            self._match(line, connection.inbox.popleft())
        if connection.has_closed and not line.gone:
            line.gone = True
            self._closed(line, connection)

    def _match(self, line: Line, received: Received) -> None:
        talk = self.identity.talk(line.flow)
        got = talk.resolve(self.codec.fields(received.wire), captured=False)
        if got["type"] == "PINGREQ" and self.run.case.role == "client":
            assert line.connection is not None
            self.run.send(line.connection, self.codec.build("PINGRESP", {}))
            return
        if family.gives_quota(got):
            line.unanswered = max(0, line.unanswered - 1)
        if got["type"] is None or self.run.target.speech and refuses(self.run, got):
            line.refusal = self.codec.text(received.wire)
        found = self._best(line, got)
        if found is None:
            line.surplus.append((received, got))
            return
        self._settle(line, found, received, got)

    def _open(self, line: Line, type_name: Any) -> list[Await]:
        return [
            each for each in self.script.awaits
            if each.is_open and each.item.flow is line.flow and each.item.type == type_name
            and each.item.is_message
        ]  # fmt: skip

    def _best(self, line: Line, got: Mapping[str, Any]) -> Await | None:
        """What was captured in the place of this message: the first that means the same, else the
        first that is due and answers the same."""
        candidates = self._open(line, got["type"])
        expected = {each: self._expected(each.item) for each in candidates}
        for each in candidates:
            wanted = self.identity.wanted_id(each.item, expected[each])
            if wanted is not None and wanted != got.get("packet_id"):
                continue
            if meaning.same(
                self.codec, self._comparable(each.item, expected[each], got), got, self.slack
            ):
                return each
        due = [each for each in candidates if self._is_due(each)]
        for each in due:
            if self._answers_the_same(each, expected[each], got):
                return each
        return None

    def _differs(self, item: Item, text: str, message: int | None = None) -> None:
        """A difference, unless the flow cannot be played as it was."""
        why = self.identity.blind.get(item.flow) or self.script.doubt(item)
        if why is not None:
            self.outcome.unknown(item, f"{text}: {why}")
        else:
            self.outcome.differs(item, text, message)

    def _answers_the_same(
        self, each: Await, expected: Mapping[str, Any], got: Mapping[str, Any]
    ) -> bool:
        wanted = self.identity.wanted_id(each.item, expected)
        if wanted is not None:
            return bool(wanted == got.get("packet_id"))
        return each.item.type != "PUBLISH" or expected.get("topic") == got.get("topic")

    def _is_due(self, each: Await) -> bool:
        """Whether all that we did before it in the capture is done."""
        index = self.script.awaits.index(each)
        return all(act.after > index for act in self.script.acts[self.acted :])

    @property
    def slack(self) -> float:
        return _SLACK + (net_module.now() - self.began) / net_module.NS

    def _expected(self, item: Item) -> dict[str, Any]:
        return self.identity.expected(item)

    def _comparable(
        self, item: Item, expected: Mapping[str, Any], got: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The captured fields with what was settled otherwise taken from the message that came."""
        made = dict(expected)
        if "packet_id" in made and "packet_id" in got:
            made["packet_id"] = got["packet_id"]
        return made

    def _settle(self, line: Line, found: Await, received: Received, got: Mapping[str, Any]) -> None:
        """`found` has come; says what is different in it."""
        item, late = found.item, found.state == "overdue"
        expected = self._comparable(item, self._expected(item), got)
        found.message = received.index
        counting = []
        for each in meaning.differences(self.codec, expected, got, self.slack):
            remark = not each.counts
            if each.name == "session_present" and line.flow in self.strangers:
                remark = True  # what the client had before the capture is not known
            if self._may_be_left_out(item):
                remark = True  # that it closes is what it says
            if remark:
                self.outcome.note(item, f"{item.type} {each}", received.index)
            else:
                counting.append(each)
        for each in counting:
            text = f"expected {item.type} {each.name} {each.expected}, got {each.got}"
            self._differs(item, text, received.index)
        found.state = "different" if counting else "same"
        if late and not counting:
            self.outcome.note(item, f"{item.type} came late", received.index)
        self.identity.learn(item, got)
        line.matched.append((item, got))

    def _closed(self, line: Line, connection: Connection) -> None:
        """The IUT closed, or never opened."""
        awaited = next(
            (e for e in self.script.awaits if e.is_open and e.item.flow is line.flow), None
        )
        if awaited is None:
            if self._more_to_say(line):
                said = self._said(line)
                text = f"the IUT closed the connection{said}, and in the capture it did not"
                self._judge_close(line, self._next_of(line), text)
            return
        if awaited.item.is_end:
            awaited.state = "same"
            return
        closing = [
            e for e in self.script.awaits
            if e.is_open and e.item.flow is line.flow and not self._may_be_left_out(e.item)
        ]  # fmt: skip
        if closing and closing[0].item.is_end:
            for each in self.script.awaits:
                if each.is_open and each.item.flow is line.flow:
                    each.state = "same"
                    if each.item.is_message:
                        self.outcome.note(each.item, f"closed without the {each.item.type} before")
            return
        text = f"expected {self._captured(awaited.item)}, got close{self._said(line)}"
        self._judge_close(line, awaited.item, text)
        self._lose(line)

    def _judge_close(self, line: Line, item: Item, text: str) -> None:
        if line.refusal is not None:
            self.outcome.unknown(item, f"{text}: for reasons of its own")
        else:
            self._differs(item, text)

    def _may_be_left_out(self, item: Item) -> bool:
        """What a close says in other words: a DISCONNECT right before it."""
        after = item.flow.items[item.flow.items.index(item) + 1 :]
        theirs = [each for each in after if each.from_client == item.from_client]
        return item.type == "DISCONNECT" and bool(theirs) and theirs[0].is_end

    def _said(self, line: Line) -> str:
        """The last words before a close."""
        if not line.surplus or line.surplus[-1][1]["type"] == "PUBLISH":
            return ""
        received, _ = line.surplus.pop()
        return f" after {self.codec.text(received.wire)}"

    def _captured(self, item: Item) -> str:
        return self.codec.text(item.wire) if item.is_message else "close"

    def _more_to_say(self, line: Line) -> bool:
        """Whether we do more on it than to end it."""
        return any(
            act.item.flow is line.flow and act.kind != "end"
            for act in self.script.acts[self.acted :]
        )

    def _next_of(self, line: Line) -> Item:
        rest = [act.item for act in self.script.acts[self.acted :] if act.item.flow is line.flow]
        return rest[0] if rest else line.flow.items[-1]

    def _lose(self, line: Line) -> None:
        """Nothing more is awaited on it."""
        for each in self.script.awaits:
            if each.is_open and each.item.flow is line.flow:
                each.state = "lost"

    # The end

    def _conclude(self) -> None:
        for each in self.script.awaits:
            if each.is_open:
                self._missing(each)
        for line in self.lines.values():
            for received, got in line.surplus:
                self._surplus(line, received, got)
        for item in self.script.gaps:
            self.outcome.unknown(item, _gap(item))
        self.outcome.num_answers = len(self.script.awaits)
        self.outcome.num_same = sum(each.state == "same" for each in self.script.awaits)

    def _missing(self, each: Await) -> None:
        each.state = "missing"
        line = self.lines[each.item.flow]
        text = f"expected {self._captured(each.item)}, got nothing"
        similar = next((s for s in line.surplus if s[1]["type"] == each.item.type), None)
        if similar is not None:
            line.surplus.remove(similar)
            each.state = "different"
            self._differs(
                each.item,
                f"expected {self._captured(each.item)}, got {self.codec.text(similar[0].wire)}",
                similar[0].index,
            )
        elif each.item.type == "PUBLISH" and self.codec.fields(each.item.wire)["qos"] == 0:
            self.outcome.unknown(each.item, f"{text}: at QoS 0 it may be lost")
        else:
            self._differs(each.item, text)

    def _surplus(self, line: Line, received: Received, got: Mapping[str, Any]) -> None:
        """Something that the capture does not have."""
        item = line.matched[-1][0] if line.matched else line.flow.items[0]
        if self.script.doubts.get(line.flow) is not None:
            item = line.flow.items[-1]
        text = f"got {self.codec.text(received.wire)}, which the capture does not have"
        if got["type"] == "PUBLISH" and any(_is_copy(one, got) for _, one in line.matched):
            self.outcome.note(item, f"{text}: it is another copy", received.index)
        else:
            self._differs(item, f"after it, {text}", received.index)


_COPY = ("topic", "payload")


def _is_copy(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """With overlapping subscriptions, or unacknowledged, a message may come again (5.0 section
    3.3.4)."""
    return one["type"] == "PUBLISH" and all(one.get(name) == other.get(name) for name in _COPY)


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What `Speech.sending` looks at is always there."""
    return {"clean_start": True, "client_id": "", "topic": "", **fields}


def _gap(item: Item) -> str:
    if item.kind == "long":
        return f"what was sent here is too long to be played ({len(item.wire)} bytes)"
    if item.kind == "none":
        return "what was wrong here lies in the transport, which is not played"
    if item.kind == "gap":
        return "the capture lacks packets before this"
    return "the capture lacks a part of what was sent here"


def _strangers(script: Script) -> set[Flow]:
    """Flows of clients that were not seen before, and so may have had a session already."""
    seen: set[Any] = set()
    found: set[Flow] = set()
    for flow in script.flows:
        client = None
        for item in flow.messages():
            fields = script.codec.fields(item.wire)
            client = client or fields.get("client_id") or fields.get("assigned_client_identifier")
        if client is None or client not in seen:
            found.add(flow)
        seen.add(client)
    return found


def _name(index: int) -> str:
    letter, number = "abcdefghijklmnopqrstuvwxyz"[index % 26], index // 26
    return f"{letter}{number or ''}"


__all__ = ["NotApplicable", "Player"]
