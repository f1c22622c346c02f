"""Which worker is given what, and what becomes of failures."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from tasks.cluster.board import (
    AIM,
    FIRST,
    MOST,
    MOST_STRIKES,
    MOST_TRIES,
    WITHOUT_NETWORK,
    Batch,
    Board,
    batch_size,
)

W = ["w1", "w2"]


def board(**waiting: int) -> Board:
    """A board of networks with so many pictures each."""
    return Board({name: pictures(name, count) for name, count in waiting.items()})


def pictures(name: str, count: int) -> OrderedDict[str, None]:
    return OrderedDict.fromkeys(f"{name}{n}" for n in range(count))


def given(made: Board, worker: str, now: float = 0.0) -> Batch:
    batch = made.next(worker, W, now)
    assert batch is not None
    made.start(worker, now)
    return batch


def test_two_workers_begin_with_two_networks_and_stay_with_them() -> None:
    made = board(a=40, b=40)
    first, second = given(made, "w1"), given(made, "w2")
    assert {first.network, second.network} == {"a", "b"}
    assert made.finish("w1", first, 1.0)
    assert given(made, "w1").network == first.network


def test_every_picture_is_done_once() -> None:
    made, done = board(a=300, b=7), list[str]()
    while not made.is_over:
        for worker in W:
            batch = made.next(worker, W, 0.0)
            if batch is not None and made.finish(worker, batch, 0.5):
                done += batch.pictures
    assert sorted(done) == sorted({f"a{n}" for n in range(300)} | {f"b{n}" for n in range(7)})
    assert sum(made.done.values()) == 307


def test_the_batch_of_a_lost_worker_goes_to_another() -> None:
    made = board(a=4)
    lost = given(made, "w1")
    made.lose("w1", "it is gone")
    again = given(made, "w2")
    assert again.pictures == lost.pictures
    assert again.failed_on == ("w1",)
    assert made.excluded == {"w1": "it is gone"}


def test_a_batch_that_failed_is_not_given_to_the_same_worker_while_there_is_another() -> None:
    made = board(a=1)
    made.fail("w1", given(made, "w1"), "it crashed")
    assert made.next("w1", W, 0.0) is None
    assert given(made, "w2").pictures == ("a0",)


def test_it_is_given_to_the_same_worker_if_there_is_no_other() -> None:
    made = board(a=1)
    made.fail("w1", given(made, "w1"), "it crashed")
    assert made.next("w1", ["w1"], 0.0) is not None


def test_a_network_that_fails_everywhere_is_given_up_and_the_others_go_on() -> None:
    made = board(a=30)
    assert MOST_TRIES == 3
    for worker in ("w1", "w2", "w3"):
        batch = made.next(worker, [worker], 0.0)
        assert batch is not None
        assert batch.network == "a"
        made.fail(worker, batch, "it crashed")
    made.waiting["b"] = pictures("b", 1)
    assert made.given_up == {"a": ("it crashed", False)}
    assert not made.is_over
    assert given(made, "w2").network == "b"


def test_a_network_with_a_fault_of_its_own_is_given_up_at_once() -> None:
    made = board(a=50)
    made.fail("w1", given(made, "w1"), "no signature", is_broken=True)
    assert made.given_up == {"a": ("no signature", True)}
    assert made.is_over
    assert not made.excluded


def test_a_worker_that_fails_again_and_again_is_given_nothing_more() -> None:
    made = board(a=90, b=90, c=90)
    for _ in range(3):
        made.fail("w1", given(made, "w1"), "no TensorFlow")
    assert made.excluded["w1"].endswith("no TensorFlow")
    assert not made.is_idle("w1")


def test_an_idle_worker_does_what_takes_too_long_elsewhere_and_the_first_counts() -> None:
    made = board(a=2)
    slow = given(made, "w1", 0.0)
    made.finish("w2", given(made, "w2", 0.0), 1.0)
    assert made.next("w2", W, 20.0) is None
    copy = made.next("w2", W, 30.0)
    assert copy == slow
    assert made.finish("w2", slow, 1.0)
    assert made.is_over
    assert not made.finish("w1", slow, 60.0)


def test_a_worker_is_given_the_pictures_first_that_it_has() -> None:
    made = Board({"a": pictures("p", 40)})
    given(made, "w1")
    has = given(made, "w2")
    made.finish("w2", has, 0.1)
    made.give_up("a", "it crashed")
    made.waiting["b"] = pictures("p", 40)
    first = given(made, "w2")
    assert first.pictures[: len(has.pictures)] == has.pictures


def test_a_worker_that_waits_for_a_large_network_is_not_late() -> None:
    made = board(a=2)
    assert made.next("w1", W, 0.0) is not None
    assert made.overdue(WITHOUT_NETWORK) == []


def test_what_was_under_way_when_the_scheduler_went_is_done_again_and_nobody_is_blamed() -> None:
    made = board(a=1)
    batch = given(made, "w1")
    made.lose_all()
    assert given(made, "w1") == batch
    assert not made.failures


@pytest.mark.parametrize(
    ("pace", "waiting", "workers", "size"),
    [
        (None, 5_000, 4, FIRST),
        (None, 4, 2, 1),
        (1.0, 5_000, 4, int(AIM)),
        (60.0, 5_000, 4, 1),
        (0.001, 100_000, 4, MOST),
        (0.1, 100, 4, 20),  # a share of what is left, but work for two seconds
        (1.0, 8, 4, 2),
    ],
)
def test_a_batch_is_a_few_seconds_of_work(
    pace: float | None, waiting: int, workers: int, size: int
) -> None:
    assert batch_size(pace, waiting, workers) == size


def test_a_worker_that_does_not_even_get_the_network_has_its_batch_done_by_an_idle_one() -> None:
    made = board(a=1)
    waiting = made.next("w1", W, 0.0)
    assert made.next("w2", W, WITHOUT_NETWORK - 1) is None
    assert made.next("w2", W, WITHOUT_NETWORK + 1) == waiting


def test_workers_whose_own_disks_fail_cost_a_batch_no_try() -> None:
    made, bad = board(a=1), ["w1", "w3", "w4"]
    for worker in bad:
        for _ in range(MOST_STRIKES):
            batch = made.next(worker, [*W, *bad], 0.0)
            assert batch is not None
            made.fail(worker, batch, "read-only file system", is_workers=True)
        assert worker in made.excluded
    assert not made.given_up
    assert given(made, "w2").failed_on == ()
