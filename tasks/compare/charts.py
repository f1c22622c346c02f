"""Charts, laid out as lines, bars, dots and words. Their colours are in the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from tasks.compare import words
from tasks.compare.figures import measured_on
from tasks.compare.inputs import PageInputs
from tasks.compare.view import Bar, Chart, Dot, Line, Words
from tasks.inference.results import Accuracy, Figures, Result

WIDTH = 400.0
LEFT, RIGHT = 6.0, 394.0
ROW = 46.0
TOP = 8.0
NAME = 52
LINE = 14.0
APART = 45.0
"""What two words below an axis need not to touch."""
LOGARITHMIC = 8.0
"""Latencies whose largest is this many times the smallest get a logarithmic axis."""


class Axis(Struct, frozen=True):
    """Values from `low` to `high` between two places; logarithmic unless `low` is 0."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """Where a value lies; one from beyond the axis, at its end."""
        if not math.isfinite(value) or value <= 0:
            return self.left
        part = value / self.high
        if self.low:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.left + min(max(part, 0.0), 1.0) * (self.right - self.left), 1)

    @property
    def ticks(self) -> list[float]:
        """The quarters; of a logarithmic axis, the powers of ten."""
        if not self.low:
            return [self.high * part / 4 for part in range(5)]
        powers = range(round(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
        tens = [10.0**power for power in powers]
        return tens + ([self.high] if self.right - self.at(tens[-1]) > APART else [])


SHARES = Axis(0.0, 1.0, LEFT, RIGHT)


def axis_for(values: Sequence[float], left: float, right: float) -> Axis:
    """From 0, or from the power of ten below where the values lie far apart."""
    most, least = max(values), min(values)
    if least > 0 and most / least > LOGARITHMIC:
        return Axis(10 ** math.floor(math.log10(least)), nice(most), left, right)
    return Axis(0.0, nice(most), left, right)


Measured = list[tuple[str, Figures]]
Judged = list[tuple[str, Accuracy]]


def charts(inputs: PageInputs) -> tuple[Chart, ...]:
    """Those of which there are figures."""
    results = inputs.comparison.results
    measured = [(inputs.title(r.network), r.figures) for r in results if r.figures]
    judged = [(inputs.title(r.network), r.accuracy) for r in results if r.accuracy]
    both = [r for r in results if r.figures and r.accuracy]
    found = []
    if measured:
        found.append(latency(measured))
    if judged:
        found.append(accuracy(judged))
    if len(both) > 1:
        found.append(trade(inputs, both))
    return tuple(found)


def latency(measured: Measured) -> Chart:
    """A line from the tenth to the ninetieth percentile, a dot at the median."""
    axis = axis_for([v for _, f in measured for v in (f.latency.low, f.latency.high)], LEFT, RIGHT)
    lines, dots, texts = list[Line](), list[Dot](), list[Words]()
    for number, (title, figures) in enumerate(measured):
        y, one = TOP + number * ROW, figures.latency
        low, high, median = (axis.at(v) for v in (one.low, one.high, one.median))
        texts += _row(title, words.seconds(one.median), y)
        lines.append(Line(low, y + 28, high, y + 28, "spread"))
        lines += [Line(x, y + 23, x, y + 33, "spread") for x in (low, high)]
        dots.append(Dot(median, y + 28, 5, "value"))
    bottom = TOP + len(measured) * ROW
    grid, ticks = _upright(axis, bottom, words.tick)
    spoken = "; ".join(
        f"{title}: median {words.seconds(one.latency.median)}, "
        f"{words.span(one.latency.low, one.latency.high)}, {measured_on(one)}"
        for title, one in measured
    )
    return Chart(
        "latency",
        f"Latency of one picture{', logarithmic' if axis.low else ''}",
        spoken,
        WIDTH,
        bottom + 22,
        (*grid, *lines),
        dots=tuple(dots),
        words=(*texts, *ticks),
    )


def accuracy(judged: Judged) -> Chart:
    """A bar for mAP@[.5:.95], a ring for mAP@0.5."""
    bars, dots, texts = list[Bar](), list[Dot](), list[Words]()
    for number, (title, one) in enumerate(judged):
        y = TOP + number * ROW
        value = f"{words.percent(one.map).partition(words.FIXED)[0]} / {words.percent(one.map_50)}"
        texts += _row(title, value, y)
        bars.append(Bar(LEFT, y + 23, max(1.0, SHARES.at(one.map) - LEFT), 10, "value"))
        dots.append(Dot(SHARES.at(one.map_50), y + 28, 5, "ring"))
    bottom = TOP + len(judged) * ROW
    grid, ticks = _upright(SHARES, bottom, lambda part: f"{part * 100:.0f}{words.FIXED}%")
    spoken = "; ".join(
        f"{title}: {words.percent(one.map)}, at IoU 0.5 {words.percent(one.map_50)}"
        for title, one in judged
    )
    return Chart(
        "accuracy",
        "mAP@[.5:.95] (bar) and mAP@0.5 (ring)",
        spoken,
        WIDTH,
        bottom + 22,
        grid,
        tuple(bars),
        tuple(dots),
        (*texts, *ticks),
    )


def _row(title: str, value: str, y: float) -> list[Words]:
    return [
        Words(LEFT, y + 13, short(title, NAME - len(value))),
        Words(RIGHT, y + 13, value, "end", "figure"),
    ]


def short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _upright(
    axis: Axis, bottom: float, unit: words.Format
) -> tuple[tuple[Line, ...], tuple[Words, ...]]:
    """Upright lines, with what they stand for below."""
    places = [(axis.at(value), unit(value) if value else "0") for value in axis.ticks]
    grid = tuple(Line(x, TOP, x, bottom, "grid") for x, _ in places)
    return grid, tuple(Words(x, bottom + 16, text, _anchor(axis, x), "tick") for x, text in places)


def nice(value: float) -> float:
    """The next of 1, 2, 4, 8 or 10 times a power of ten: its quarters are short numbers."""
    if not math.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value * 0.9999)


SCATTER = (48.0, 386.0, 12.0, 226.0)  # left, right, top, bottom of the plot


def trade(inputs: PageInputs, results: Sequence[Result]) -> Chart:
    """Latency against mAP: to the upper left is better."""
    points = [
        (inputs.title(r.network), r.figures, r.accuracy)
        for r in results
        if r.figures and r.accuracy
    ]
    left, right, top, bottom = SCATTER
    axis = axis_for([figures.latency.median for _, figures, _ in points], left, right)
    dots, names = list[Dot](), list[Words]()
    for title, figures, one in points:
        x = axis.at(figures.latency.median)
        y = round(bottom - max(0.0, one.map) * (bottom - top), 1)
        dots.append(Dot(x, y, 5.5, "value"))
        names.append(_beside(title, x, y))
    spoken = "; ".join(
        f"{title}: {words.seconds(figures.latency.median)}, {words.percent(one.map)}"
        for title, figures, one in points
    )
    lines, ticks = _frame(axis)
    return Chart(
        "trade",
        "Latency against mAP@[.5:.95]",
        spoken,
        WIDTH,
        bottom + 46,
        lines,
        dots=tuple(dots),
        words=(*_apart(names), *ticks),
    )


def _beside(title: str, x: float, y: float) -> Words:
    """On the side where there is room."""
    left, right = SCATTER[:2]
    end = x > (left + right) / 2
    room = int((x - left if end else right - x) / 7.0)
    return Words(
        x - 10 if end else x + 10, y + 4, short(title, max(room, 8)), "end" if end else "start"
    )


def _apart(names: list[Words]) -> list[Words]:
    """Names that would lie on one another, moved down, and up again from the lower edge. Where
    there are more than fit, the rest have none: the table holds them all."""
    _, _, top, bottom = SCATTER
    fitting = sorted(names[: int((bottom - top) / LINE)], key=lambda one: one.y)
    heights = list[float]()
    for name in fitting:
        heights.append(max(name.y, heights[-1] + LINE if heights else 0.0))
    limit = bottom
    for number in reversed(range(len(heights))):
        heights[number] = min(heights[number], limit)
        limit = heights[number] - LINE
    return [
        Words(name.x, height, name.text, name.anchor)
        for name, height in zip(fitting, heights, strict=True)
    ]


def _frame(axis: Axis) -> tuple[tuple[Line, ...], tuple[Words, ...]]:
    left, right, top, bottom = SCATTER
    lines, ticks = list[Line](), list[Words]()
    for part in range(0, 101, 25):
        y = round(bottom - part / 100 * (bottom - top), 1)
        lines.append(Line(left, y, right, y, "grid"))
        ticks.append(Words(left - 6, y + 4, f"{part}{words.FIXED}%", "end", "tick"))
    for value in axis.ticks:
        x = axis.at(value)
        lines.append(Line(x, top, x, bottom, "grid"))
        ticks.append(Words(x, bottom + 16, words.tick(value), _anchor(axis, x), "tick"))
    scale = "Latency (median), logarithmic" if axis.low else "Latency (median)"
    return tuple(lines), (*ticks, Words((left + right) / 2, bottom + 38, scale, "middle", "tick"))


def _anchor(axis: Axis, x: float) -> str:
    """A word at an edge begins or ends there, so that it stays in the chart."""
    if x > axis.right - 20:
        return "end"
    return "start" if x < axis.left + 10 else "middle"
