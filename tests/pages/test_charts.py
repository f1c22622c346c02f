"""Axes: where values lie on them, and where they end."""

from __future__ import annotations

import pytest

from tasks.pages.charts import Axis, axis_for, nice


@pytest.mark.parametrize(
    ("value", "round_one"), [(0.016, 0.02), (0.03, 0.04), (0.5, 0.8), (1.0, 1.0), (9, 10), (0, 1)]
)
def test_an_axis_ends_at_a_round_number(value: float, round_one: float) -> None:
    assert nice(value) == pytest.approx(round_one)


def test_latencies_that_lie_far_apart_get_a_logarithmic_axis() -> None:
    axis = axis_for([0.012, 14.0], 0.0, 400.0)
    assert (axis.low, axis.high) == (0.01, 20.0)
    assert [round(value, 3) for value in axis.ticks] == [0.01, 0.1, 1.0, 10.0]
    assert axis.at(0.01) == 0.0 < axis.at(0.1) < axis.at(1.0) < axis.at(20.0) == 400.0


def test_latencies_that_lie_together_begin_at_0() -> None:
    axis = axis_for([0.05, 0.2], 0.0, 400.0)
    assert axis.ticks == [0.0, 0.05, 0.1, 0.15000000000000002, 0.2]
    assert axis.at(0.1) == 200.0


@pytest.mark.parametrize("value", [-1.0, 0.0, float("nan"), float("inf")])
def test_what_is_no_latency_lies_at_the_beginning(value: float) -> None:
    assert Axis(0.01, 1.0, 6.0, 394.0).at(value) == 6.0
