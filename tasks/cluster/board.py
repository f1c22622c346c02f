"""Which worker does what, and what becomes of failures: decisions only, of one thread.

Pictures that a network has to be run on are handed out in batches, to whoever is idle. A worker
stays with the network that it has loaded, and is given pictures that it has been given for another
network before those that it lacks. A batch that fails, or whose worker is lost, goes to
another worker, `MOST_TRIES` times in all; then its network is given up, and the others go on. When
nothing waits, an idle worker is given a second copy of a batch that takes far longer than such
batches do: whichever is done first counts.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MOST_TRIES = 3
MOST_STRIKES = 3
"""Failures of a worker, one after the other, after which it is given nothing more."""
FIRST = 8
"""Pictures of a batch while it is not known how long a network takes."""
AIM, LEAST = 10.0, 2.0
"""Seconds that a batch should take: what the loss of a worker costs; and towards the end, when
there shall be some for every worker, at least."""
MOST = 256
MOST_BYTES = 16_000_000
SLOW, GRACE, UNKNOWN, WITHOUT_NETWORK = 4.0, 20.0, 60.0, 300.0
"""A batch is overdue after `GRACE` seconds, in which TensorFlow may start and load a network, and
`SLOW` times what it should take, `UNKNOWN` seconds if that is not known; or where its worker does
not even have the network after `WITHOUT_NETWORK` seconds: it may be a large one."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures for a network, by their digests; and the workers on which they failed."""

    network: str
    pictures: tuple[str, ...]
    failed_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, on which worker; `network` is "" where it was the worker itself."""

    worker: str
    network: str
    why: str


@dataclass(slots=True)
class _Running:
    """`began` is None while the worker waits for the network, since it was `given` the batch."""

    batch: Batch
    given: float
    began: float | None = None


@dataclass
class Board:
    """All that is to be done, and how far it is.

    Attributes:
        waiting: network → pictures that nobody was given yet.
        whole: batches that can't be divided, and those that are tried again.
        sizes: picture → bytes.
        given_up: network → why, and whether it is the network's own fault.
        excluded: worker → why it is given nothing more.
        done: worker → pictures that it did.
    """

    waiting: dict[str, OrderedDict[str, None]]
    whole: list[Batch] = field(default_factory=list)
    sizes: Mapping[str, int] = field(default_factory=dict)
    given_up: dict[str, tuple[str, bool]] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    _running: dict[str, _Running] = field(default_factory=dict)
    _loaded: dict[str, str] = field(default_factory=dict)
    _pace: dict[str, float] = field(default_factory=dict)  # network → seconds of a picture
    _strikes: dict[str, int] = field(default_factory=dict)
    _given: dict[str, list[str]] = field(default_factory=dict)  # worker → pictures, each once
    _offered: dict[tuple[str, str], int] = field(default_factory=dict)  # of those, to a network
    _finished: set[Batch] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done; copies of what is done don't count."""
        return not (self.whole or any(self.waiting.values()) or self._open())

    def is_idle(self, worker: str) -> bool:
        return worker not in self._running and worker not in self.excluded

    def next(self, worker: str, workers: Sequence[str], now: float) -> Batch | None:
        """What an idle worker is to do, which counts as begun; None if there is nothing for it.

        Args:
            workers: all that can be used.
        """
        batch = self._again(worker, workers) or self._new(worker, workers)
        batch = batch or self._overdue(worker, now)
        if batch is not None:
            self._running[worker] = _Running(batch, now)
            self._loaded[worker] = batch.network
        return batch

    def start(self, worker: str, now: float) -> None:
        """A worker has all that its batch needs, and begins."""
        if worker in self._running:
            self._running[worker].began = now

    def finish(self, worker: str, batch: Batch, seconds: float) -> bool:
        """A worker did a batch in so many seconds (0: nobody knows); whether it is the first."""
        self._running.pop(worker, None)
        self._strikes[worker] = 0
        if batch in self._finished or batch.network in self.given_up:
            return False
        self._finished.add(batch)
        self.done[worker] = self.done.get(worker, 0) + len(batch.pictures)
        if batch.pictures and seconds:
            took, known = seconds / len(batch.pictures), self._pace.get(batch.network)
            self._pace[batch.network] = took if known is None else (known + took) / 2
        return True

    def fail(
        self,
        worker: str,
        batch: Batch,
        why: str,
        *,
        is_broken: bool = False,
        is_workers: bool = False,
    ) -> None:
        """A worker could not do a batch. Where the fault is the worker's own, as of its disk, that
        is none of the batch's tries."""
        self._running.pop(worker, None)
        self.failures.append(Failure(worker, batch.network, why))
        self._strikes[worker] = self._strikes.get(worker, 0) + (not is_broken)
        if self._strikes[worker] >= MOST_STRIKES:
            self.exclude(worker, f"it failed {MOST_STRIKES} times, the last time: {why}")
        self._try_again(worker, batch, why, is_broken, is_workers)

    def give_up(self, network: str, why: str, *, is_broken: bool = False) -> None:
        """Do no more of a network."""
        self.given_up.setdefault(network, (why, is_broken))
        self.waiting.pop(network, None)
        self.whole = [batch for batch in self.whole if batch.network != network]

    def lose(self, worker: str, why: str) -> None:
        """A worker is gone, or does not answer."""
        self.failures.append(Failure(worker, "", why))
        running = self._running.pop(worker, None)
        self.exclude(worker, why)
        if running is not None:
            self._try_again(worker, running.batch, why, is_broken=False)

    def exclude(self, worker: str, why: str) -> None:
        """Give a worker nothing more."""
        self.excluded.setdefault(worker, why)
        self._loaded.pop(worker, None)

    def lose_all(self) -> None:
        """The scheduler is gone, and with it all that was under way: nobody's fault."""
        for running in self._open():
            self.whole.append(running.batch)
        self._running.clear()
        self._loaded.clear()

    def overdue(self, now: float) -> list[tuple[str, Batch, float]]:
        """What takes far too long: worker, batch, and the seconds until now."""
        late = []
        for worker, running in self._running.items():
            since, most = now - running.given, WITHOUT_NETWORK
            if running.began is not None:
                pace, since = self._pace.get(running.batch.network), now - running.began
                usual = UNKNOWN if pace is None else pace * len(running.batch.pictures)
                most = GRACE + SLOW * usual
            if running in self._open() and since > most:
                late.append((worker, running.batch, since))
        return late

    def _open(self) -> list[_Running]:
        """What is under way and not done by another already."""
        return [
            one
            for one in self._running.values()
            if one.batch not in self._finished and one.batch.network not in self.given_up
        ]

    def _try_again(
        self, worker: str, batch: Batch, why: str, is_broken: bool, is_workers: bool = False
    ) -> None:
        if batch in self._finished or batch.network in self.given_up:
            return
        if any(one.batch == batch for one in self._running.values()):
            return  # another worker is at it
        failed_on = batch.failed_on if is_workers else (*batch.failed_on, worker)
        if is_broken or len(failed_on) >= MOST_TRIES:
            self.give_up(batch.network, why, is_broken=is_broken)
        else:
            self.whole.append(Batch(batch.network, batch.pictures, failed_on))

    def _again(self, worker: str, workers: Sequence[str]) -> Batch | None:
        """Of the batches that are tried again, one that this worker may do: it did not fail on it,
        or there is nobody else."""
        for batch in self.whole:
            if worker not in batch.failed_on or set(workers) <= set(batch.failed_on):
                self.whole.remove(batch)
                return batch
        return None

    def _new(self, worker: str, workers: Sequence[str]) -> Batch | None:
        """Pictures of the network that the worker has loaded; else of the one that fewest are at,
        and of these the one that has most left to do."""
        left = {network: pictures for network, pictures in self.waiting.items() if pictures}
        if not left:
            return None
        at = list(self._loaded.values())
        network = self._loaded.get(worker, "")
        if network not in left:
            network = min(left, key=lambda name: (at.count(name), -len(left[name])))
        size = batch_size(self._pace.get(network), len(left[network]), len(workers))
        return Batch(network, tuple(self._picked(worker, network, size)))

    def _picked(self, worker: str, network: str, size: int) -> Iterator[str]:
        """Pictures that nobody was given for this network: those that the worker has come first."""
        left, mine = self.waiting[network], self._given.setdefault(worker, [])
        taken = total = 0
        while left and taken < size and total < MOST_BYTES:
            offered = self._offered.get((worker, network), 0)
            if offered < len(mine):
                self._offered[worker, network] = offered + 1
                picture = mine[offered]
                if picture not in left:
                    continue
                del left[picture]
            else:
                picture, _ = left.popitem(last=False)
                mine.append(picture)
                self._offered[worker, network] = offered + 1
            taken, total = taken + 1, total + self.sizes.get(picture, 0)
            yield picture

    def _overdue(self, worker: str, now: float) -> Batch | None:
        at = [running.batch for running in self._running.values()]
        late = [one for one in self.overdue(now) if at.count(one[1]) == 1]
        return max(late, key=lambda one: one[2])[1] if late else None


def batch_size(pace: float | None, waiting: int, workers: int) -> int:
    """Pictures of the next batch of a network.

    Args:
        pace: seconds of a picture; None if it is not known.
        waiting: pictures of the network that nobody was given yet.
        workers: how many there are for all networks.
    """
    share = math.ceil(waiting / (2 * max(1, workers)))
    if pace is None:
        return min(FIRST, max(1, share))
    most, least = int(AIM / max(pace, 1e-6)), math.ceil(LEAST / max(pace, 1e-6))
    return max(1, min(max(share, least), most, MOST))
