"""Charts, laid out as lines, bars, dots and words. Colours are the style sheet's affair."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tasks.compare import words
from tasks.compare.figures import measured_on
from tasks.compare.material import Material
from tasks.compare.view import Bar, Chart, Dot, Line, Words
from tasks.measure.results import Accuracy, Figures, Result

WIDTH = 400.0
LEFT, RIGHT = 6.0, 394.0
ROW = 46.0
TOP = 8.0
NAME = 52
LINE = 14.0
LOGARITHMIC = 8.0
"""Latencies whose largest is this many times the smallest get a logarithmic axis."""

Measured = list[tuple[str, Figures]]
Judged = list[tuple[str, Accuracy]]


def charts(material: Material) -> tuple[Chart, ...]:
    """Those that have something to show."""
    results = material.comparison.results
    measured = [(material.title(r.network), r.figures) for r in results if r.figures]
    judged = [(material.title(r.network), r.accuracy) for r in results if r.accuracy]
    both = [r for r in results if r.figures and r.accuracy]
    found = []
    if measured:
        found.append(latency(measured))
    if judged:
        found.append(accuracy(judged))
    if len(both) > 1:
        found.append(trade(material, both))
    return tuple(found)


def latency(measured: Measured) -> Chart:
    """A line from the tenth to the ninetieth percentile, a dot at the median."""
    top = nice(max(figures.latency.high for _, figures in measured))
    lines, dots, texts = list[Line](), list[Dot](), list[Words]()
    for number, (title, figures) in enumerate(measured):
        y, one = TOP + number * ROW, figures.latency
        low, high, median = (_along(v, top) for v in (one.low, one.high, one.median))
        texts += _row(title, words.seconds(one.median), y)
        lines.append(Line(low, y + 28, high, y + 28, "spread"))
        lines += [Line(x, y + 23, x, y + 33, "spread") for x in (low, high)]
        dots.append(Dot(median, y + 28, 5, "value"))
    bottom = TOP + len(measured) * ROW
    grid, ticks = _axis(top, bottom, words.tick)
    told = "; ".join(_latency_told(title, figures) for title, figures in measured)
    return Chart(
        "latency",
        "Latency of one picture",
        told,
        WIDTH,
        bottom + 22,
        (*grid, *lines),
        dots=tuple(dots),
        words=(*texts, *ticks),
    )


def _latency_told(title: str, figures: Figures) -> str:
    one = figures.latency
    spread = words.span(one.low, one.high)
    return f"{title}: median {words.seconds(one.median)}, {spread}, {measured_on(figures)}"


def accuracy(judged: Judged) -> Chart:
    """A bar for mAP@[.5:.95], a ring for mAP@0.5."""
    bars, dots, texts = list[Bar](), list[Dot](), list[Words]()
    for number, (title, one) in enumerate(judged):
        y = TOP + number * ROW
        texts += _row(title, _both(one), y)
        bars.append(Bar(LEFT, y + 23, max(1.0, _along(one.map, 1.0) - LEFT), 10, "value"))
        dots.append(Dot(_along(one.map_50, 1.0), y + 28, 5, "ring"))
    bottom = TOP + len(judged) * ROW
    grid, ticks = _axis(1.0, bottom, lambda part: f"{part * 100:.0f}{words.FIXED}%")
    told = "; ".join(
        f"{title}: {words.percent(one.map)}, at IoU 0.5 {words.percent(one.map_50)}"
        for title, one in judged
    )
    return Chart(
        "accuracy",
        "mAP@[.5:.95] (bar) and mAP@0.5 (ring)",
        told,
        WIDTH,
        bottom + 22,
        grid,
        tuple(bars),
        tuple(dots),
        (*texts, *ticks),
    )


def _both(one: Accuracy) -> str:
    """`87.0 / 98.0 %`."""
    first, second = words.percent(one.map), words.percent(one.map_50)
    return f"{first.partition(words.FIXED)[0]} / {second}"


def _row(title: str, value: str, y: float) -> list[Words]:
    return [
        Words(LEFT, y + 13, short(title, NAME - len(value))),
        Words(RIGHT, y + 13, value, "end", "figure"),
    ]


def short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _along(value: float, top: float) -> float:
    part = min(max(value / top, 0.0), 1.0) if math.isfinite(value) else 0.0
    return round(LEFT + part * (RIGHT - LEFT), 1)


def _axis(
    top: float, bottom: float, told: words.Teller
) -> tuple[tuple[Line, ...], tuple[Words, ...]]:
    """Upright lines at the quarters, with what they stand for below."""
    values = [top * part / 4 for part in range(5)]
    places = [_along(value, top) for value in values]
    anchors = ("start", "middle", "middle", "middle", "end")
    grid = tuple(Line(x, TOP, x, bottom, "grid") for x in places)
    texts = ["0", *map(told, values[1:])]
    ticks = zip(places, texts, anchors, strict=True)
    return grid, tuple(Words(x, bottom + 16, text, anchor, "tick") for x, text, anchor in ticks)


def nice(value: float) -> float:
    """The next of 1, 2, 4, 8 or 10 times a power of ten: its quarters are short numbers."""
    if not math.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value * 0.9999)


SCATTER = (48.0, 386.0, 12.0, 226.0)  # left, right, top, bottom of the plot


def trade(material: Material, results: Sequence[Result]) -> Chart:
    """Latency against mAP: to the upper left is better."""
    points = [
        (material.title(r.network), r.figures, r.accuracy)
        for r in results
        if r.figures and r.accuracy
    ]
    low, high = _range([figures.latency.median for _, figures, _ in points])
    _, _, top, bottom = SCATTER
    dots, names = list[Dot](), list[Words]()
    for title, figures, one in points:
        x = _across(figures.latency.median, low, high)
        y = round(bottom - max(0.0, one.map) * (bottom - top), 1)
        dots.append(Dot(x, y, 5.5, "value"))
        names.append(_beside(title, x, y))
    told = "; ".join(
        f"{title}: {words.seconds(figures.latency.median)}, {words.percent(one.map)}"
        for title, figures, one in points
    )
    lines, ticks = _frame(low, high)
    return Chart(
        "trade",
        "Latency against mAP@[.5:.95]",
        told,
        WIDTH,
        bottom + 46,
        lines,
        dots=tuple(dots),
        words=(*_apart(names), *ticks),
    )


def _range(values: list[float]) -> tuple[float, float]:
    """From 0, or from the power of ten below where latencies lie far apart: a logarithmic axis."""
    most, least = max(values), min(values)
    if least > 0 and most / least > LOGARITHMIC:
        return 10 ** math.floor(math.log10(least)), nice(most)
    return 0.0, nice(most)


def _across(value: float, low: float, high: float) -> float:
    left, right = SCATTER[:2]
    part = math.log(value / low) / math.log(high / low) if low else value / high
    return round(left + min(max(part, 0.0), 1.0) * (right - left), 1)


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


def _frame(low: float, high: float) -> tuple[tuple[Line, ...], tuple[Words, ...]]:
    left, right, top, bottom = SCATTER
    lines, ticks = list[Line](), list[Words]()
    for part in range(0, 101, 25):
        y = round(bottom - part / 100 * (bottom - top), 1)
        lines.append(Line(left, y, right, y, "grid"))
        ticks.append(Words(left - 6, y + 4, f"{part}{words.FIXED}%", "end", "tick"))
    for value in _ticks(low, high):
        x = _across(value, low, high) if value else left
        lines.append(Line(x, top, x, bottom, "grid"))
        ticks.append(Words(x, bottom + 16, words.tick(value), _anchor(x), "tick"))
    scale = "Latency (median), logarithmic" if low else "Latency (median)"
    return tuple(lines), (*ticks, Words((left + right) / 2, bottom + 38, scale, "middle", "tick"))


def _anchor(x: float) -> str:
    """A word at the right edge ends there, so that it stays in the chart."""
    return "end" if x > SCATTER[1] - 20 else "middle"


def _ticks(low: float, high: float) -> list[float]:
    if not low:
        return [high * part / 4 for part in range(5)]
    tens = range(round(math.log10(low)), math.floor(math.log10(high)) + 1)
    return [10.0**power for power in tens] + ([high] if math.log10(high) % 1 > 0.25 else [])
