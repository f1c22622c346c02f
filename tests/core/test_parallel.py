"""Work on all processors at once."""

from __future__ import annotations

import threading
import time

import pytest

from tasks.core.parallel import AHEAD, MOST, in_parallel


def test_results_come_in_the_order_of_the_items() -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3 == 0))
        return number * 2

    assert list(in_parallel(work, range(50))) == [number * 2 for number in range(50)]
    assert list(in_parallel(work, [])) == []


def test_no_more_than_a_few_wait_to_be_taken() -> None:
    begun = list[int]()
    results = in_parallel(begun.append, range(1000))
    next(results)
    time.sleep(0.02)
    assert len(begun) <= AHEAD * MOST
    results.close()


def test_what_is_raised_is_raised_in_its_place_and_ends_the_rest() -> None:
    before = threading.active_count()
    results = in_parallel(lambda number: 1 // (5 - number), range(1000))
    assert [next(results) for _ in range(5)] == [0, 0, 0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert threading.active_count() == before
