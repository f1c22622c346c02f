"""What a large cluster would do, simulated from costs that are measured here.

    python -m benchmarks.cluster_simulation [--pictures 5000] [--workers 1,10,200] [--publish]

The decisions are those of the real thing: `tasks.cluster.board` hands the batches out, only time is
made up. What a batch and a byte cost client and scheduler is measured first, with a scheduler and
a worker on loopback that does nothing. The rest is assumed: see `Assumed`. Pictures and archives
pass through the scheduler one after the other, which takes its link's time; a worker keeps what it
was sent. Prints Markdown; with --publish, also into docs/cluster.md.
"""

from __future__ import annotations

import argparse
import heapq
import os
import sys
import tempfile
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.cluster.board import Board
from tasks.cluster.connection import connected
from tasks.config.types import Settings
from tests.support.cluster_stand_in import echo
from tests.support.clusters import Cluster

PAGE = Path(__file__).parents[1] / "docs/cluster.md"
BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"
PICTURES, WORKERS = (5_000, 100_000), (1, 2, 5, 10, 20, 50, 100, 200)
ROUNDS, PIECE = 60, 4 << 20


@dataclass(frozen=True)
class Assumed:
    """What can't be measured here.

    Attributes:
        networks: how many; the first takes `fastest` seconds a picture, the last `slowest`, the
            others lie between them, evenly by their ratio.
        archive, picture: bytes; the mean of the archives whose size the catalogue knows, and a
            photograph.
        load: seconds until a worker that has a network's archive finds with it: unpacking, a start
            of TensorFlow, loading.
        link: bytes a second that the scheduler can pass on.
        kept: bytes of pictures that a worker keeps.
    """

    networks: int = 43
    fastest: float = 0.1
    slowest: float = 2.0
    archive: int = 200_000_000
    picture: int = 1_000_000
    load: float = 20.0
    link: float = 1.25e8
    kept: int = 20_000_000_000

    def seconds(self, network: int) -> float:
        share = network / max(1, self.networks - 1)
        return float(self.fastest * (self.slowest / self.fastest) ** share)


@dataclass(frozen=True)
class Costs:
    """What client and scheduler need for each call, and for each byte: seconds."""

    call: float
    byte: float


@dataclass(frozen=True)
class Outcome:
    """What came of a simulated run: seconds; bytes through the scheduler; the share of the time in
    which it was busy; batches, and pictures of a batch in the mean."""

    seconds: float
    sent: float
    busy: float
    batches: int
    batch: float


def measured(folder: Path) -> Costs:
    """Calls that do nothing, small ones and large ones, one after the other."""
    cluster = Cluster(folder)
    try:
        cluster.start_worker("w")
        cluster.wait_for("w")
        connection = connected(cluster.address, Settings())
        connection.look()
        (worker,) = connection.workers

        def of(content: bytes) -> float:
            took = list[float]()
            for _ in range(ROUNDS):
                began = time.perf_counter()
                connection.call(worker, echo, content)
                took.append(time.perf_counter() - began)
            return sorted(took)[ROUNDS // 2]

        small, large = of(b""), of(os.urandom(PIECE))
        connection.close()
    finally:
        cluster.close()
    return Costs(small, max(0.0, large - small) / PIECE)


def simulated(pictures: int, workers: int, costs: Costs, assumed: Assumed) -> Outcome:
    """Do all of it in made-up time."""
    names = [f"w{number}" for number in range(workers)]
    all_pictures = [str(number) for number in range(pictures)]
    board = Board({str(n): OrderedDict.fromkeys(all_pictures) for n in range(assumed.networks)})
    kept = {name: _Kept(pictures, assumed.kept // assumed.picture) for name in names}
    has: dict[str, set[str]] = {name: set() for name in names}
    loaded: dict[str, str] = {}
    free, busy, sent, batches, done, end = 0.0, 0.0, 0.0, 0, 0, 0.0
    byte = max(costs.byte, 1 / assumed.link)
    events: list[tuple[float, int, str]] = [(0.0, n, name) for n, name in enumerate(names)]
    heapq.heapify(events)
    while events:
        now, number, worker = heapq.heappop(events)
        batch = board.next(worker, names, now)
        if batch is None:
            continue
        new = sum(kept[worker].take(int(one)) for one in batch.pictures) * assumed.picture
        if batch.network not in has[worker]:
            has[worker].add(batch.network)
            new += assumed.archive
        passing = costs.call + new * byte
        free, busy, sent = max(free, now) + passing, busy + passing, sent + new
        began = free + (assumed.load if loaded.get(worker) != batch.network else 0.0)
        loaded[worker] = batch.network
        took = len(batch.pictures) * assumed.seconds(int(batch.network))
        board.start(worker, began)
        board.finish(worker, batch, took)
        batches, done, end = batches + 1, done + len(batch.pictures), max(end, began + took)
        heapq.heappush(events, (began + took, number, worker))
    assert board.is_over
    assert done == pictures * assumed.networks
    return Outcome(end, sent, busy / end, batches, done / batches)


class _Kept:
    """Which pictures a worker keeps: at most so many, the oldest go first."""

    def __init__(self, pictures: int, most: int) -> None:
        self._here, self._order, self._most = bytearray(pictures), deque[int](), most

    def take(self, picture: int) -> bool:
        """Whether it has to be sent."""
        if self._here[picture]:
            return False
        self._here[picture] = 1
        self._order.append(picture)
        if len(self._order) > self._most:
            self._here[self._order.popleft()] = 0
        return True


def table(pictures: int, workers: Sequence[int], costs: Costs) -> Iterator[str]:
    """A row for each number of workers, at a link of 1 Gb/s and one of 10."""
    slow, fast = Assumed(), Assumed(link=1.25e9)
    total = pictures * sum(slow.seconds(number) for number in range(slow.networks))
    yield f"{slow.networks} networks, {pictures:,} pictures: {duration(total)} of finding."
    yield ""
    yield "| workers | time | of the ideal | scheduler busy | sent | a batch | at 10 Gb/s |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for number in workers:
        one, other = (simulated(pictures, number, costs, how) for how in (slow, fast))
        yield (
            f"| {number} | {duration(one.seconds)} | {total / number / one.seconds:.0%} "
            f"| {one.busy:.0%} | {one.sent / 1e9:,.0f} GB | {one.batch:.0f} "
            f"| {duration(other.seconds)} ({total / number / other.seconds:.0%}) |"
        )


def duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def publish(lines: Sequence[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text("\n".join((before + BEGIN, *lines, END + after)), encoding="utf-8")


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def main(words: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.cluster_simulation")
    options.add_argument("--pictures", type=numbers, default=PICTURES)
    options.add_argument("--workers", type=numbers, default=WORKERS)
    options.add_argument("--publish", action="store_true")
    given = options.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="tod-tf2-") as folder:
        costs = measured(Path(folder))
    lines = [
        f"Measured on loopback: a call takes {costs.call * 1e3:.1f} ms, and "
        f"{1e-6 / costs.byte:.0f} MB a second go through a scheduler."
    ]
    for pictures in given.pictures:
        lines += ["", *table(pictures, given.workers, costs)]
    sys.stdout.write("\n".join(lines) + "\n")
    if given.publish:
        publish(lines)


if __name__ == "__main__":
    main()
