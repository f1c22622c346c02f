"""Work on all processors at once, for what lets go of the interpreter: reading files, digests,
decoding pictures."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

One = TypeVar("One")
Made = TypeVar("Made")

AHEAD = 2  # results per thread that may wait to be taken: memory has to hold them
MOST = 8  # threads: what holds the interpreter keeps more of them waiting


def in_parallel(work: Callable[[One], Made], items: Iterable[One]) -> Generator[Made, None, None]:
    """`map`, in threads: the results in the order of the items, and no more than a few of them
    before they are taken. What `work` raises is raised in its place."""
    from concurrent.futures import Future, ThreadPoolExecutor

    threads = min(MOST, os.cpu_count() or 1)
    begun = deque[Future[Made]]()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) >= AHEAD * threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:  # whoever takes them has enough
            pool.shutdown(cancel_futures=True)
