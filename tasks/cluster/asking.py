"""What is asked of workers over one connection: a thread for each order waits for its worker, and
what comes of it is an event."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Queue
from threading import Thread

import msgspec
from msgspec import Struct

from tasks.cluster import worker as remote
from tasks.cluster.board import Batch
from tasks.cluster.connection import (
    Connection,
    SchedulerLostError,
    WorkerLostError,
    WorkerUnfitError,
)
from tasks.cluster.orders import About, Answer, Held, Order, Work
from tasks.core.errors import disk_error
from tasks.core.files import read_file
from tasks.pictures.pixels import LARGEST

PATIENCE = 5.0
"""Seconds that workers have to remove pictures."""
CHUNK = 4 << 20
"""Bytes of an archive that are sent at once."""


class Came(Struct, frozen=True):
    """An answer; or what is wrong here, which is no worker's fault (`is_ours`)."""

    answer: Answer
    is_ours: bool = False


class Started(Struct, frozen=True):
    """The worker has the network, and is given the order."""


class Orders:
    """What is asked of workers over one connection, a thread for each order.

    Attributes:
        events: worker, batch and what came of it.
        under_way: orders whose event did not come yet.
    """

    def __init__(
        self,
        connection: Connection,
        works: Mapping[str, Work],
        sent: dict[str, set[str]],
        ready: set[tuple[str, str]],
    ) -> None:
        self.events = Queue[tuple[str, Batch | None, object]]()
        self.under_way = 0
        self._connection, self._works = connection, works
        self._sent, self._ready = sent, ready

    def ask_about(self, worker: str) -> None:
        self._start(worker, None, lambda: self._about(worker))

    def begin(self, worker: str, batch: Batch) -> None:
        self._start(worker, batch, lambda: self._carry_out(worker, batch))

    def have_forgotten(self) -> None:
        """Have workers remove what pictures they were sent. Who does not answer soon removes them
        when it ends."""
        calls = [
            Thread(target=self._forget, args=(worker, tuple(pictures)), daemon=True)
            for worker, pictures in [*self._sent.items()]  # a late order may add to it
            if worker in self._connection.workers
        ]
        until = time.monotonic() + PATIENCE
        for call in calls:
            call.start()
        for call in calls:
            call.join(max(0.0, until - time.monotonic()))

    def _forget(self, worker: str, pictures: tuple[str, ...]) -> None:
        with suppress(WorkerLostError, WorkerUnfitError, SchedulerLostError):
            self._connection.call(worker, remote.forget, pictures)

    def _start(self, worker: str, batch: Batch | None, work: Callable[[], object]) -> None:
        def do() -> None:
            try:
                what = work()
            except BaseException as error:
                what = error
            self.events.put((worker, batch, what))

        self.under_way += 1
        Thread(target=do, daemon=True).start()

    def _about(self, worker: str) -> About:
        self._connection.must_have_functions(worker)
        return msgspec.json.decode(self._connection.call(worker, remote.about), type=About)

    def _carry_out(self, worker: str, batch: Batch) -> Came:
        work = self._works[batch.network]
        try:
            answer = self._with_network(worker, work, batch)
            if answer.lacks_network:  # somebody touched what it had: it is had anew, once
                self._ready.discard((worker, batch.network))
                answer = self._with_network(worker, work, batch)
            if answer.lacks_network:
                answer = Answer(fault="it does not keep the network's files")
            return Came(answer)
        except ChangedError as error:
            return Came(Answer(fault=str(error)), is_ours=True)
        except OSError as error:
            return Came(Answer(fault=disk_error("", error).why), is_ours=True)

    def _with_network(self, worker: str, work: Work, batch: Batch) -> Answer:
        held = self._network(worker, work)
        if held.fault:
            return Answer(fault=held.fault, is_workers=held.is_workers)
        self.events.put((worker, batch, Started()))
        return self._order(worker, work, batch)

    def _network(self, worker: str, work: Work) -> Held:
        """Have a worker get a network: from where it can, else from here, in pieces."""
        if (worker, work.network.name) in self._ready:
            return Held(here=True)
        wanted = msgspec.json.encode(work.network)
        held = self._held(worker, remote.network, wanted)
        while not (held.here or held.fault):
            if work.archive is None:
                return Held(fault="it has no copy of the archive, and nor is there one here")
            with open(work.archive, "rb") as file:
                file.seek(held.offset)
                content = file.read(CHUNK)
            if not content:
                raise ChangedError(f"the archive {work.archive} changed; run doit again")
            held = self._held(worker, remote.take, wanted, held.offset, content)
        if held.here:
            self._ready.add((worker, work.network.name))
        return held

    def _held(self, worker: str, function: Callable[..., bytes], *args: object) -> Held:
        return msgspec.json.decode(self._connection.call(worker, function, *args), type=Held)

    def _order(self, worker: str, work: Work, batch: Batch) -> Answer:
        order = Order(
            kind=work.kind,
            network=work.network,
            signature=work.signature,
            pictures=tuple((one, work.pictures[one].as_posix()) for one in batch.pictures),
            limit=work.limit,
            body=work.body,
        )
        encoded, has = msgspec.json.encode(order), self._sent.setdefault(worker, set())
        sending = [one for one in batch.pictures if one not in has]
        answer = self._answer(worker, encoded, work, sending)
        if answer.missing:
            answer = self._answer(worker, encoded, work, answer.missing)
        has.update(batch.pictures)
        return answer

    def _answer(self, worker: str, order: bytes, work: Work, sending: Sequence[str]) -> Answer:
        content = {sha256: _read(sha256, work) for sha256 in sending}
        came = self._connection.call(worker, remote.carry_out, order, content)
        return msgspec.json.decode(came, type=Answer)


class ChangedError(Exception):
    """A file here is not what it was."""


def _read(sha256: str, work: Work) -> bytes:
    path = work.pictures[sha256]
    content = read_file(path, LARGEST)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ChangedError(f"{path} changed while the networks were run; run doit again")
    return content
