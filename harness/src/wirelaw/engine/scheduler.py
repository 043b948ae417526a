"""The loop: one thread, hundreds of cases. A case is a coroutine; it is resumed when something came
in
on one of its connections, or when the time that it gave is up."""

from __future__ import annotations

import heapq
import os
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from wirelaw.engine import net as net_module
from wirelaw.engine.binding import text
from wirelaw.engine.connection import Connection, Received
from wirelaw.engine.deadlines import TICK, Clock
from wirelaw.engine.net import Net, found_in, text_of, wire_of
from wirelaw.engine.outcome import Aborted

FOREVER = (1 << 64) - 1


class pause:  # noqa: N801 - awaited like a function
    """`await pause(until)`: goes on when something came in for this task, or at `until` (ns)."""

    __slots__ = ("until",)

    def __init__(self, until: int) -> None:
        self.until = until

    def __await__(self) -> Generator[int, None, None]:
        yield self.until


class Task:
    """One coroutine on the loop. `done` is called with it when it has ended; `resumed` is when it
    last went on, in ns."""

    __slots__ = ("coroutine", "until", "queued", "finished", "error", "done", "thrown", "resumed")

    def __init__(self, coroutine: Coroutine[Any, Any, None], done: Callable[[Task], None]) -> None:
        self.coroutine = coroutine
        self.until = 0
        self.resumed = 0
        self.queued = False
        self.finished = False
        self.error: BaseException | None = None
        self.thrown: BaseException | None = None
        self.done = done


class Scheduler:
    """The loop of one process. Any number of IUTs share it."""

    def __init__(self, net: Net, clock: Clock) -> None:
        self.net = net
        self.clock = clock
        self.connections: dict[int, Connection] = {}
        self.listeners: dict[int, Callable[[int], Connection | None]] = {}
        self.refusals: dict[int, Callable[[str], None]] = {}  # by listener: a handshake that failed
        self.watches: dict[int, Callable[[], None]] = {}
        self.on_violation: Callable[[Connection | None, Any, list[Any], int | None], None] | None
        self.on_violation = None
        self.num_tasks = 0
        self._ready: deque[Task] = deque()
        self._timers: list[tuple[int, int, Task]] = []
        self._sequence = 0
        self._types: dict[Any, str] = {}
        self._threads: ThreadPoolExecutor | None = None

    # Tasks

    def spawn(self, coroutine: Coroutine[Any, Any, None], done: Callable[[Task], None]) -> Task:
        """Starts a coroutine with the next turn."""
        task = Task(coroutine, done)
        self.num_tasks += 1
        self.wake(task)
        return task

    def wake(self, task: Task) -> None:
        """Resumes a task with the next turn."""
        if not task.queued and not task.finished:
            task.queued = True
            self._ready.append(task)

    def throw(self, task: Task, error: BaseException) -> None:
        """Resumes a task with an exception."""
        task.thrown = error
        self.wake(task)

    def _resume(self, task: Task) -> None:
        task.queued = False
        if task.finished:
            return
        task.resumed = net_module.now()
        try:
            if task.thrown is not None:
                error, task.thrown = task.thrown, None
                until = task.coroutine.throw(error)
            else:
                until = task.coroutine.send(None)
        except StopIteration:
            self._end(task, None)
        except (KeyboardInterrupt, SystemExit):
            self._end(task, Aborted("interrupted"))
            raise
        except BaseException as error:  # noqa: BLE001 - the owner decides what it means
            self._end(task, error)
        else:
            task.until = until
            if until < FOREVER:
                self._sequence += 1
                heapq.heappush(self._timers, (until, self._sequence, task))

    def _end(self, task: Task, error: BaseException | None) -> None:
        task.finished = True
        task.error = error
        self.num_tasks -= 1
        task.done(task)

    # The loop

    def run(self, until_done: Callable[[], bool], on_turn: Callable[[], None]) -> None:
        """Turns until `until_done` says so; `on_turn` is called before each wait."""
        while not until_done():
            on_turn()
            self.turn()

    def turn(self, latest: int | None = None) -> None:
        """Runs what is ready, waits once, and takes in what came."""
        begun = net_module.now()
        while self._ready:
            self._resume(self._ready.popleft())
        after = net_module.now()
        self.clock.stalled(after - begun - TICK)
        due = self._next_due()
        until = min(due, after + TICK, latest if latest is not None else FOREVER)
        self._wait(max(until, 0))
        self._fire(net_module.now())

    def _wait(self, until: int) -> None:
        count = 0
        asked = net_module.now()
        for event in self.net.wait(0 if until <= asked else until):
            count += 1
            self._dispatch(event)
        if count == 0:
            self.clock.stalled(net_module.now() - max(until, asked))

    def _next_due(self) -> int:
        timers = self._timers
        while timers and (timers[0][2].finished or timers[0][2].until != timers[0][0]):
            heapq.heappop(timers)
        return timers[0][0] if timers else FOREVER

    def _fire(self, time: int) -> None:
        timers = self._timers
        while timers and timers[0][0] <= time:
            until, _, task = heapq.heappop(timers)
            if task.until == until:
                self.wake(task)

    # Events

    def _dispatch(self, event: Any) -> None:
        kind = event.kind
        connection = self.connections.get(event.handle)
        if kind == net_module.MESSAGE:
            self._message(event, connection)
        elif kind == net_module.CONNECTED:
            if connection is not None:
                connection.state = "open"
                connection.run.note(connection, "open", event.time)
                self._wake_owner(connection)
        elif kind in (net_module.CLOSED, net_module.FAILED):
            self._closed(event, connection, kind == net_module.FAILED)
        elif kind == net_module.ACCEPTED:
            self._accepted(event)
        elif kind == net_module.READABLE:
            callback = self.watches.get(event.handle)
            if callback is not None:
                callback()
        if event.num_violations and self.on_violation is not None:
            index = None
            if connection is not None and kind == net_module.MESSAGE:
                index = len(connection.run.log) - 1
            self.on_violation(connection, event, found_in(event), index)

    def _message(self, event: Any, connection: Connection | None) -> None:
        if connection is None:
            return
        wire = wire_of(event)
        name = self._type_name(event.type)
        run = connection.run
        index = run.log_message(connection, True, event.time, wire, event.packet)
        connection.accept(Received(event.time, name, wire, index))
        self._wake_owner(connection)

    def _type_name(self, pointer: Any) -> str | None:
        if not pointer:
            return None
        name = self._types.get(pointer)
        if name is None:
            name = self._types[pointer] = text(pointer.name)
        return name

    def _closed(self, event: Any, connection: Connection | None, failed: bool) -> None:
        if connection is None:
            refused = self.refusals.get(event.listener) if failed else None
            if refused is not None:
                refused(text_of(event) or "the handshake failed")
            return
        if failed:
            connection.failure = text_of(event) or "the connection failed"
        connection.closed_at = event.time
        connection.closed_how = net_module.ENDING_NAMES.get(event.how, "error")
        connection.closed_index = connection.run.note(
            connection, "reset" if connection.closed_how == "rst" else "close", event.time,
            event.packet,
        )  # fmt: skip
        connection.state = "closed"
        self.connections.pop(event.handle, None)
        self._wake_owner(connection)

    def _accepted(self, event: Any) -> None:
        callback = self.listeners.get(event.listener)
        connection = callback(event.handle) if callback is not None else None
        if connection is None:
            self.net.end(event.handle, "rst")
            return
        connection.state = "open"
        self.connections[event.handle] = connection
        self._wake_owner(connection)

    def _wake_owner(self, connection: Connection) -> None:
        task = connection.run.task
        if task is not None:
            self.wake(task)

    # Work that blocks

    async def in_thread(self, task: Task, work: Callable[[], Any]) -> Any:
        """Does work that blocks in another thread, and wakes the task when it is done."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="wirelaw")
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        future: Future[Any] = self._threads.submit(work)
        future.add_done_callback(lambda _: os.write(writer, b"."))
        handle = self.net.watch(reader)
        self.watches[handle] = lambda: (os.read(reader, 1), self.wake(task)) and None
        try:
            while not future.done():
                await pause(FOREVER)
        finally:
            self.net.end(handle, "fin")
            self.watches.pop(handle, None)
            if not future.done():
                future.cancel()
            concurrent_close(future, reader, writer)
        return future.result()

    def close(self) -> None:
        """Ends the threads."""
        if self._threads is not None:
            self._threads.shutdown(wait=True)
            self._threads = None


def concurrent_close(future: Future[Any], *descriptors: int) -> None:
    """Closes descriptors once nobody writes to them any more."""
    future.add_done_callback(lambda _: [os.close(fd) for fd in descriptors] and None)
