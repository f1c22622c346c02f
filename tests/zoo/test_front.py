"""The front holds those that no other beats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.zoo.entries import Entry, pareto_front
from tests.support.shipped import row

PAIR = tuple[float | None, float | None]


def rows(pairs: list[PAIR]) -> list[Entry]:
    return [row(f"n{at}", speed_ms=ms, map_boxes=mAP) for at, (ms, mAP) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("pairs", "kept"),
    [
        ([], []),
        ([(10, 20)], ["n0"]),
        ([(10, 20), (20, 30)], ["n0", "n1"]),
        ([(10, 30), (20, 20)], ["n0"]),
        ([(10, 20), (10, 30)], ["n1"]),
        ([(10, 20), (20, 20)], ["n0"]),
        ([(10, 20), (10, 20)], ["n0", "n1"]),
        ([(None, 90), (10, None), (10, 20)], ["n2"]),
        ([(30, 40), (10, 20), (20, 30)], ["n1", "n2", "n0"]),
    ],
)
def test_who_is_on_the_front(pairs: list[PAIR], kept: list[str]) -> None:
    assert [entry.name for entry in pareto_front(rows(pairs))] == kept


def test_each_output_has_a_front_of_its_own() -> None:
    both = [
        row("a", speed_ms=1, map_boxes=20.0, map_keypoints=50.0),
        row("b", speed_ms=2, map_boxes=30.0, map_keypoints=40.0),
    ]
    assert [entry.name for entry in pareto_front(both)] == ["a", "b"]
    assert [entry.name for entry in pareto_front(both, "keypoints")] == ["a"]


FIGURE = st.none() | st.integers(1, 9).map(float)


@given(st.lists(st.tuples(FIGURE, FIGURE), max_size=12))
def test_whoever_is_not_on_it_is_beaten_and_whoever_is_on_it_is_not(pairs: list[PAIR]) -> None:
    judged = [e for e in rows(pairs) if e.speed_ms is not None and e.map_boxes is not None]
    on_front = pareto_front(rows(pairs))
    for entry in judged:
        beaten = any(_beats(other, entry) for other in judged)
        assert beaten != (entry in on_front)


def _beats(one: Entry, other: Entry) -> bool:
    a, b = (one.speed_ms, one.map_boxes), (other.speed_ms, other.map_boxes)
    assert None not in (*a, *b)
    return a != b and a[0] <= b[0] and a[1] >= b[1]  # type: ignore[operator]
