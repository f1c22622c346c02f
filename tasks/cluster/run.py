"""Work handed out to the workers of a cluster; results taken as they come; failures told.

The orders that are under way have threads of their own (`asking`); all decisions (`board`), and all
that is done with results, happen in the thread that called `run`.
"""

from __future__ import annotations

import random
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from contextlib import closing
from queue import Empty

from msgspec.structs import replace

from tasks.cluster import scheduler_of
from tasks.cluster.asking import Came, Orders, Started
from tasks.cluster.board import Batch, Board, Failure
from tasks.cluster.connection import (
    Connection,
    SchedulerLostError,
    WorkerLostError,
    WorkerUnfitError,
    connected,
)
from tasks.cluster.orders import About, Answer, Work
from tasks.cluster.report import MOST_TOLD, Report
from tasks.cluster.versions import about_here, is_alike, why_unfit
from tasks.config.types import Settings
from tasks.core.addresses import redacted
from tasks.core.errors import (
    BrokenNetworkError,
    NetworkError,
    UnreachableError,
)
from tasks.pipeline.job import Progress

TICK = 0.5
"""Seconds between two looks at who is there."""

Took = Callable[[str, Answer], None]


def run(
    address: str,
    settings: Settings,
    works: Sequence[Work],
    progress: Progress,
    took: Took,
    *,
    only: str = "",
) -> Report:
    """Have the workers of a cluster do this work, one network a `Work`.

    Args:
        took: called with a network's name and each answer that counts, in this thread.
        only: name of the one worker that may do it.

    Raises:
        UnreachableError: the scheduler can't be reached, or no worker can be used. What was taken
            until then is taken.
    """
    if not works:
        return Report(failed={}, pictures={}, failures=(), unused={})
    state = _Run(address, settings, works, progress, took, only)
    total = sum(len(work.pictures) for work in works)
    progress.begin("run networks on the cluster", total or None, "pictures")
    try:
        while not state.board.is_over:
            state.serve()
    finally:
        progress.end()
    return state.report()


def run_alone(settings: Settings, work: Work, progress: Progress) -> list[Answer]:
    """Have one network's work done by the cluster that the settings name, and note what went wrong
    on the way.

    Raises:
        NetworkError: it could not be done.
        UnreachableError: as for `run`.
    """
    answers = list[Answer]()
    address = scheduler_of(settings)
    report = run(address, settings, [work], progress, lambda _, answer: answers.append(answer))
    for line in report.lines:
        progress.note(line)
    for error in report.failed.values():
        raise error
    return answers


class _Run:
    """All that is kept while the work is done, also over another connection to the scheduler."""

    def __init__(
        self,
        address: str,
        settings: Settings,
        works: Sequence[Work],
        progress: Progress,
        took: Took,
        only: str,
    ) -> None:
        self._address, self._settings, self._only = address, settings, only
        self._works = {work.network.name: work for work in works}
        self._progress, self._took = progress, took
        self._names: dict[str, str] = {}  # worker → its name
        self._asked: set[str] = set()
        self._was_there = False
        self._fit: set[str] = set()
        self._sent: dict[str, set[str]] = {}  # worker → pictures that it has
        self._ready: set[tuple[str, str]] = set()  # worker, network
        self._told: set[Batch] = set()
        self._unlike: list[str] = []
        self._alone_since: float | None = None
        self._is_timing = any(work.kind == "time" for work in works)
        self.board = _board(works)

    def serve(self) -> None:
        """Do the work over one connection, until it is done or the connection breaks."""
        with closing(self._connected()) as connection:
            orders = Orders(connection, self._works, self._sent, self._ready)
            try:
                looked = -TICK
                while not self.board.is_over:
                    if time.monotonic() - looked >= TICK:
                        connection.look()
                        self._greet(connection, orders)
                        self._drop_lost(connection)
                        looked = time.monotonic()
                    self._hand_out(connection, orders)
                    self._take(orders)
                orders.have_forgotten()
            except SchedulerLostError:
                self.board.lose_all()
                for known in (self._asked, self._fit, self._ready, self._sent):
                    known.clear()
                gone = "gone; waiting for it, and for workers: Dask's end with their scheduler"
                self._progress.note(f"scheduler {redacted(self._address)}: {gone}")

    def report(self) -> Report:
        board, name = self.board, self._name
        failed: dict[str, NetworkError] = {}
        for network, (why, is_broken) in board.given_up.items():
            kind = BrokenNetworkError if is_broken else NetworkError
            failed[network] = kind(network, why)
        pictures = Counter[str]()
        for worker, number in board.done.items():  # one that was started again is another
            pictures[name(worker)] += number
        return Report(
            failed=failed,
            pictures=dict(pictures),
            failures=tuple(Failure(name(f.worker), f.network, f.why) for f in board.failures),
            unused={name(worker): why for worker, why in board.excluded.items()},
            unlike=tuple(dict.fromkeys(self._unlike)),
        )

    def _name(self, worker: str) -> str:
        return self._names.get(worker, worker)

    def _connected(self) -> Connection:
        """A connection; a scheduler that was there and is gone is waited for a while."""
        until = time.monotonic() + (self._settings.read_timeout if self._was_there else 0)
        while True:
            try:
                made = connected(self._address, self._settings)
                self._was_there = True
                return made
            except UnreachableError:
                if time.monotonic() > until:
                    raise
                time.sleep(TICK)

    def _greet(self, connection: Connection, orders: Orders) -> None:
        """Ask workers that are new what they are."""
        for worker, seen in connection.workers.items():
            is_ours = not self._only or seen.name == self._only
            if worker not in self._asked and is_ours:
                self._asked.add(worker)
                self._names[worker] = seen.name
                orders.ask_about(worker)

    def _usable(self, connection: Connection) -> list[str]:
        return [
            worker
            for worker, seen in connection.workers.items()
            if worker in self._fit and worker not in self.board.excluded and seen.paused is None
        ]

    def _hand_out(self, connection: Connection, orders: Orders) -> None:
        now, workers = time.monotonic(), self._usable(connection)
        for worker in self._free(connection, workers):
            if self.board.is_idle(worker):
                for late, batch, seconds in self.board.overdue(now):
                    self._tell_late(late, batch, seconds)
                todo = self.board.next(worker, workers, now)
                if todo is not None:
                    orders.begin(worker, todo)
        self._must_have_workers(workers, orders)

    def _free(self, connection: Connection, workers: list[str]) -> list[str]:
        """Those that nobody else has do something; if there is none, all, except for a timing,
        which waits. In no order: another client may choose just now."""
        free = [worker for worker in workers if not connection.workers[worker].is_taken]
        if not free and not self._is_timing:
            free = list(workers)
        random.shuffle(free)
        return free

    def _tell_late(self, worker: str, batch: Batch, seconds: float) -> None:
        if batch not in self._told:
            self._told.add(batch)
            why = f"slow: {seconds:.0f} s at {len(batch.pictures)} pictures; others do them, too"
            self.board.failures.append(Failure(worker, batch.network, why))

    def _must_have_workers(self, workers: list[str], orders: Orders) -> None:
        """Wait a while for a worker that can be used; then give up."""
        if workers or orders.under_way:
            self._alone_since = None
            return
        now, patience = time.monotonic(), self._settings.read_timeout
        self._alone_since = now if self._alone_since is None else self._alone_since
        if now - self._alone_since > patience:
            whys = [f"{self._name(w)}: {why}" for w, why in self.board.excluded.items()]
            whom = f"worker {self._only}" if self._only else "worker that can be used"
            why = f"it has no {whom}" + "".join(f"; {why}" for why in whys[:MOST_TOLD])
            todo = "start one and run doit again; what was found until now is kept"
            raise UnreachableError(f"scheduler {redacted(self._address)}", why, todo)

    def _take(self, orders: Orders) -> None:
        """Take what came; wait for it a moment if nothing did."""
        wait = TICK
        while True:
            try:
                came = orders.events.get(timeout=wait) if wait else orders.events.get_nowait()
            except Empty:
                return
            wait = 0.0
            worker, batch, what = came
            if isinstance(what, Started):
                self.board.start(worker, time.monotonic())
            else:
                orders.under_way -= 1
                self._take_one(worker, batch, what)

    def _take_one(self, worker: str, batch: Batch | None, what: object) -> None:
        board = self.board
        if isinstance(what, About):
            why = why_unfit(what, about_here())
            self._fit.add(worker)
            if not is_alike(what, about_here()):
                self._unlike.append(self._name(worker))
            if why:
                board.exclude(worker, why)
        elif isinstance(what, WorkerLostError):
            if worker not in board.excluded:
                board.lose(worker, str(what))
        elif isinstance(what, WorkerUnfitError):
            if batch is not None:
                board.fail(worker, batch, str(what))
            board.exclude(worker, str(what))
        elif isinstance(what, BaseException):
            raise what
        else:
            assert batch is not None
            assert isinstance(what, Came)
            self._take_answer(worker, batch, what)

    def _take_answer(self, worker: str, batch: Batch, came: Came) -> None:
        answer, board = replace(came.answer, worker=self._name(worker)), self.board
        if came.is_ours:
            board.finish(worker, batch, 0.0)
            board.give_up(batch.network, answer.fault)
        elif answer.fault:
            if answer.results:
                self._took(batch.network, answer)
            whole = f"{answer.fault}; {answer.todo}" if answer.todo else answer.fault
            board.fail(worker, batch, whole, is_broken=answer.broken, is_workers=answer.is_workers)
        elif board.finish(worker, batch, answer.seconds):
            self._took(batch.network, answer)
            self._progress.advance(len(batch.pictures))
            done = [f"{self._name(w)} {n}" for w, n in sorted(board.done.items())]
            self._progress.detail(", ".join(done[:4]), ", ".join(done[4:]))

    def _drop_lost(self, connection: Connection) -> None:
        """A worker that is gone while nothing was asked of it is only forgotten."""
        for worker in list(self._fit - set(connection.workers)):
            if self.board.is_idle(worker):
                self.board.exclude(worker, connection.why_lost(worker))


def _board(works: Sequence[Work]) -> Board:
    """Pictures to detect on can be shared out; what is timed or tried is one worker's."""
    waiting = {
        one.network.name: OrderedDict.fromkeys(one.pictures)
        for one in works
        if one.kind == "detect"
    }
    whole = [Batch(one.network.name, tuple(one.pictures)) for one in works if one.kind != "detect"]
    paths = {sha256: path for one in works for sha256, path in one.pictures.items()}
    sizes = {sha256: path.stat().st_size for sha256, path in paths.items()}
    return Board(waiting, whole, sizes)
