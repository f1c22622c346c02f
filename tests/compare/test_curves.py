"""The curves of a training, and the table behind them."""

from __future__ import annotations

import math

import pytest

from tasks.compare.curves import LINES, PLOT, POINTS, curves, history
from tasks.pages.charts import Chart
from tasks.training.history import Row

ROWS = [
    Row(time=0, step=10, loss=0.8, losses={"box_loss": 0.3}, rate=0.001),
    Row(time=0, step=10, map=0.2, map_50=0.5),
    Row(time=0, step=20, loss=0.4, losses={"box_loss": 0.1}, rate=0.0005),
    Row(time=0, step=20, map=0.6, map_50=0.9),
]


def titles(charts: tuple[Chart, ...]) -> list[str]:
    return [one.title for one in charts]


def test_there_is_a_chart_of_losses_of_map_and_of_the_learning_rate() -> None:
    loss, precision, rate = curves(ROWS, 20)
    assert [name for _, name in loss.keys] == ["loss", "box loss"]
    assert [name for _, name in precision.keys] == ["mAP@[.5:.95]", "mAP@0.5"]
    assert rate.keys == []
    assert "mAP@0.5: 50.0\xa0% at step 10, 90.0\xa0% at step 20" in precision.description


def test_the_best_step_is_marked_in_each() -> None:
    for chart in curves(ROWS, 20):
        assert [text.text for text in chart.texts if "best" in text.text] == ["best: step 20"]
        (line,) = [line for line in chart.lines if line.kind == "best"]
        assert line.x1 in {dot.x for dot in chart.dots}


def test_a_chart_of_nothing_is_left_out() -> None:
    assert curves((), None) == ()
    assert titles(curves([Row(time=0, step=5, map=0.1, map_50=0.2)], None)) == [
        "mAP on the pictures held out"
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_has_no_point(value: float) -> None:
    (chart,) = curves([Row(time=0, step=5, loss=value), Row(time=0, step=6, loss=1.0)], None)
    assert all(len(one.points.split()) == 1 for one in chart.curves)
    assert "loss: 1 at step 6" in chart.description


def test_a_long_training_is_drawn_and_listed_in_part() -> None:
    many = [Row(time=0, step=n, loss=1 / n, rate=0.1) for n in range(1, 5001)]
    for chart in curves(many, 4321):
        for one in chart.curves:
            points = [tuple(map(float, pair.split(","))) for pair in one.points.split()]
            assert len(points) == POINTS
            assert all(PLOT[0] <= x <= PLOT[1] and PLOT[2] <= y <= PLOT[3] for x, y in points)
    table = history(many, 4321)
    steps = [row[0] for row in table.rows]
    assert (steps[0], steps[-1], len(steps)) == ("1", "5,000", LINES + 1)
    assert "4,321 (best)" in steps
    assert table.caption.endswith("41 of 5,000 steps; all of them: history.csv")


@pytest.mark.parametrize(
    ("steps", "ticks"),
    [(60, "0 15 30 45 60"), (30_000, "0 7,500 15,000 22,500 30,000"), (1, "0 1 2 3 4")],
)
def test_the_axis_ends_with_the_training(steps: int, ticks: str) -> None:
    (chart,) = curves([Row(time=0, step=steps, loss=0.5)], None)
    below = [text.text for text in chart.texts if text.y == PLOT[3] + 16]
    assert " ".join(below) == ticks


def test_no_measurement_is_missing_from_the_table_of_a_long_training() -> None:
    many = [Row(time=0, step=n, loss=1 / n) for n in range(1, 5001)]
    few = [Row(time=0, step=n, map=0.5, map_50=0.7) for n in range(500, 5001, 500)]
    rows = sorted([*many, *few], key=lambda row: row.step)
    assert sum(line[-1] == "70.0\xa0%" for line in history(rows, 500).rows) == len(few)


def test_a_step_and_its_measurement_are_one_line_of_the_table() -> None:
    table = history(ROWS, 20)
    assert table.head[:3] == ("Step", "Loss", "box loss")
    assert [row[0] for row in table.rows] == ["10", "20 (best)"]
    assert table.rows[1][1:] == ("0.4", "0.1", "0.0005", "60.0\xa0%", "90.0\xa0%")
