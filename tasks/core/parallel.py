"""Work on all processors at once, for what lets go of the interpreter: reading files, digests,
decoding pictures."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Generic, TypeVar

from msgspec import Struct, field

One = TypeVar("One")
Made = TypeVar("Made")

AHEAD = 2  # batches per thread that may wait to be taken: memory has to hold their results
MOST = 8  # threads: what holds the interpreter keeps more of them waiting
SECONDS = 0.05  # of work in a batch: handing over each small item by itself costs a third more
LARGEST_BATCH = 32  # items


class _Batch(Struct, Generic[Made]):
    """What came of some items that one thread worked on: the results, what was raised behind them,
    and the time that it took."""

    made: list[Made] = field(default_factory=list)
    error: BaseException | None = None
    seconds: float = 0.0


def in_parallel(work: Callable[[One], Made], items: Iterable[One]) -> Generator[Made, None, None]:
    """`map`, in threads: the results in the order of the items, and no more than a few of them
    before they are taken. What `work` raises is raised in its place."""
    from concurrent.futures import Future, ThreadPoolExecutor

    threads, size = min(MOST, os.cpu_count() or 1), 1
    begun, rest = deque[Future[_Batch[Made]]](), iter(items)
    with ThreadPoolExecutor(threads) as pool:
        try:
            while (batch := list(islice(rest, size))) or begun:
                if batch:
                    begun.append(pool.submit(_work_on, work, batch))
                if len(begun) >= AHEAD * threads or not batch:
                    done = begun.popleft().result()
                    yield from done.made
                    if done.error is not None:
                        raise done.error
                    size = min(LARGEST_BATCH, 1 + int(SECONDS * len(done.made) / done.seconds))
        finally:  # whoever takes them has enough
            pool.shutdown(cancel_futures=True)


def _work_on(work: Callable[[One], Made], batch: list[One]) -> _Batch[Made]:
    done, began = _Batch[Made](), time.perf_counter()
    try:
        for item in batch:
            done.made.append(work(item))
    except BaseException as error:
        done.error = error
    done.seconds = time.perf_counter() - began or 1e-9
    return done
