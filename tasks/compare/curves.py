"""The curves of a training: losses, mAP and learning rate over its steps; and its history."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from tasks.pages import units
from tasks.pages.charts import Axis, Chart, Curve, Dot, Line, Text, nice
from tasks.pages.facts import Table
from tasks.training.curve import smoothed
from tasks.training.history import Row

PLOT = (52.0, 386.0, 22.0, 196.0)  # left, right, top, bottom
POINTS = 400
"""Of a curve, at most."""
LINES = 40
"""Of the table at most, and as many more where mAP was measured."""
PRECISION = "mAP on the pictures held out"
KINDS = 6
"""Kinds of curves in page.css, `series-0` to `series-5`."""

Unit = Callable[[float], str]
Points = Sequence[tuple[int, float]]
"""Steps and values."""


class Series(Struct, frozen=True):
    """One curve of a chart, of values that are numbers; a faint one is not named."""

    name: str
    points: Points
    is_faint: bool = False


class Steps(Struct, frozen=True):
    """The lower axis of all charts, and the step that is marked in each, if there is one."""

    axis: Axis
    best: int | None

    def mark(self) -> tuple[list[Line], list[Text]]:
        """A line at the best step, and its name above."""
        if self.best is None:
            return [], []
        left, right, top, bottom = PLOT
        x = self.axis.at(self.best)
        anchor = "end" if x > (left + right) / 2 else "start"
        text = Text(x, top - 8, f"best: step {self.best:,}", anchor, "tick")
        return [Line(x, top - 4, x, bottom, "best")], [text]


def curves(rows: Sequence[Row], best: int | None) -> tuple[Chart, ...]:
    """The charts for which there are figures; the step `best` is marked in each."""
    left, right, _, _ = PLOT
    last = max((1, *(row.step for row in rows)))
    end = math.ceil(last / 4) * 4  # its quarters are whole steps
    steps = Steps(Axis(0.0, end, left, right), best)
    strict = Series("mAP@[.5:.95]", _points(rows, lambda row: row.map))
    loose = Series("mAP@0.5", _points(rows, lambda row: row.map_50))
    rate = Series("learning rate", _points(rows, lambda row: row.rate))
    charts = (
        _chart("Loss", _losses(rows), steps, _number, _number),
        _chart(PRECISION, [strict, loose], steps, units.percent, units.share, 1),
        _chart("Learning rate", [rate], steps, _number, _number),
    )
    return tuple(chart for chart in charts if chart)


def _points(rows: Iterable[Row], of: Callable[[Row], float | None]) -> Points:
    values = ((row.step, of(row)) for row in rows)
    return [(step, value) for step, value in values if value is not None and math.isfinite(value)]


def _losses(rows: Sequence[Row]) -> list[Series]:
    """The loss as it was, faint; and smoothed, with its parts."""
    total = _points(rows, lambda row: row.loss)
    found = [Series("", total, is_faint=True), Series("loss", _smoothed(total))]
    for name in dict.fromkeys(name for row in rows for name in row.losses):
        found.append(Series(name.replace("_", " "), _smoothed(_points(rows, _part(name)))))
    return found[: KINDS + 1]


def _part(name: str) -> Callable[[Row], float | None]:
    """That part of the loss."""
    return lambda row: row.losses.get(name)


def _smoothed(points: Points) -> Points:
    values = smoothed([value for _, value in points])
    return [(step, value) for (step, _), value in zip(points, values, strict=True)]


def _number(value: float) -> str:
    return f"{value:.3g}"


def _chart(
    title: str, series: Sequence[Series], steps: Steps, unit: Unit, tick: Unit, high: float = 0.0
) -> Chart | None:
    """A chart up to the value `high`, or as high as it must be; None if there is nothing on it.
    `unit` writes its values, `tick` those of its axis."""
    series = [one for one in series if one.points]
    if not series:
        return None
    left, right, top, bottom = PLOT
    most = max(value for one in series for _, value in one.points)
    level = Axis(0.0, high or nice(most), bottom, top)
    across, below = steps.axis.grid(top, bottom, lambda value: f"{value:,g}")
    lines, beside = level.levels(left, right, tick)
    marks, names = steps.mark()
    named = [one for one in series if not one.is_faint]
    kinds = {one.name: f"series-{number}" for number, one in enumerate(named)}
    label = Text((left + right) / 2, bottom + 34, "step", "middle", "tick")
    return Chart(
        title=title,
        description="; ".join(_described(one, steps.best, unit) for one in named),
        height=bottom + 40,
        lines=[*across, *lines, *marks],
        curves=[_curve(one, steps.axis, level, kinds.get(one.name, "faint")) for one in series],
        dots=[dot for one in named for dot in _dots(one, steps, level, kinds[one.name])],
        texts=[*below, *beside, *names, label],
        keys=[(kind, name) for name, kind in kinds.items()] if len(kinds) > 1 else [],
    )


def _curve(series: Series, steps: Axis, level: Axis, kind: str) -> Curve:
    points = _thinned(series.points, POINTS)
    return Curve(" ".join(f"{steps.at(x)},{level.at(y)}" for x, y in points), kind)


def _dots(series: Series, steps: Steps, level: Axis, kind: str) -> list[Dot]:
    """At the best step, if it has a value; and where a single value makes no line."""
    return [
        Dot(steps.axis.at(x), level.at(y), 4, kind)
        for x, y in series.points
        if x == steps.best or len(series.points) == 1
    ]


def _described(series: Series, best: int | None, unit: Unit) -> str:
    """`loss: 0.62 at step 10, 0.21 at step 400`, for screen readers."""
    first, last = series.points[0], series.points[-1]
    told = dict.fromkeys((first, *(point for point in series.points if point[0] == best), last))
    return f"{series.name}: " + ", ".join(f"{unit(y)} at step {x:,}" for x, y in told)


T = TypeVar("T")


def _thinned(items: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly spread, with the first and the last."""
    if len(items) <= most:
        return list(items)
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]


def history(rows: Sequence[Row], best: int | None) -> Table:
    """The table behind the charts: a line for each step of which something is known."""
    by_step = dict[int, list[Row]]()
    for row in rows:
        by_step.setdefault(row.step, []).append(row)
    parts = list(dict.fromkeys(name for row in rows for name in row.losses))
    measured = [row.step for row in rows if row.map is not None]
    shown = {*_thinned(list(by_step), LINES), *_thinned(measured, LINES), best}
    lines = tuple(
        _line(step, by_step[step], parts, step == best) for step in by_step if step in shown
    )
    caption = "History of the training"
    if len(lines) < len(by_step):
        caption += f": {len(lines)} of {len(by_step):,} steps; all of them: history.csv"
    names = (name.replace("_", " ") for name in parts)
    return Table(
        caption, ("Step", "Loss", *names, "Learning rate", "mAP@[.5:.95]", "mAP@0.5"), lines
    )


def _line(step: int, rows: Sequence[Row], parts: Sequence[str], is_best: bool) -> tuple[str, ...]:
    def first(of: Callable[[Row], float | None], unit: Unit) -> str:
        value = next((found for row in rows if (found := of(row)) is not None), None)
        return units.UNKNOWN if value is None else unit(value)

    return (
        f"{step:,}{' (best)' if is_best else ''}",
        first(lambda row: row.loss, _number),
        *(first(_part(name), _number) for name in parts),
        first(lambda row: row.rate, _number),
        first(lambda row: row.map, units.percent),
        first(lambda row: row.map_50, units.percent),
    )
