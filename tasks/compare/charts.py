"""The charts of latency and accuracy."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.compare.figures import measured_on
from tasks.compare.inputs import PageInputs
from tasks.inference.results import Accuracy, Figures
from tasks.pages import units
from tasks.pages.charts import (
    LEFT,
    RIGHT,
    SHARES,
    Axis,
    Bar,
    Chart,
    Dot,
    Line,
    Text,
    axis_for,
    short,
)

ROW = 46.0
TOP = 8.0
NAME = 52  # characters of a row's title and value together
LINE = 14.0
SCATTER = (48.0, 386.0, 12.0, 226.0)  # left, right, top, bottom of the plot


def charts(inputs: PageInputs) -> list[Chart]:
    """The charts for which there are figures."""
    results = [(inputs.title(one.network), one) for one in inputs.comparison.results]
    measured = [(title, one.figures) for title, one in results if one.figures]
    scored = [(title, one.accuracy) for title, one in results if one.accuracy]
    both = [(title, r.figures, r.accuracy) for title, r in results if r.figures and r.accuracy]
    found = list[Chart]()
    if measured:
        found.append(latency(measured))
    if scored:
        found.append(accuracy(scored))
    if len(both) > 1:
        found.append(latency_and_accuracy(both))
    return found


def latency(measured: Sequence[tuple[str, Figures]]) -> Chart:
    """A line from the tenth to the ninetieth percentile, a dot at the median."""
    axis = axis_for([v for _, f in measured for v in (f.latency.low, f.latency.high)], LEFT, RIGHT)
    bottom = TOP + len(measured) * ROW
    lines, ticks = axis.grid(TOP, bottom, units.tick)
    dots, texts, described = list[Dot](), list[Text](), list[str]()
    for number, (title, figures) in enumerate(measured):
        y, one = TOP + number * ROW, figures.latency
        low, high, median = (axis.at(v) for v in (one.low, one.high, one.median))
        value, span = units.seconds(one.median), units.span(one.low, one.high)
        texts += _row(title, value, y)
        lines.append(Line(low, y + 28, high, y + 28, "spread"))
        lines += [Line(x, y + 23, x, y + 33, "spread") for x in (low, high)]
        dots.append(Dot(median, y + 28, 5, "value"))
        described.append(f"{title}: median {value}, {span}, {measured_on(figures)}")
    return Chart(
        title=f"Latency of one picture{', logarithmic' if axis.low else ''}",
        description="; ".join(described),
        height=bottom + 22,
        lines=lines,
        dots=dots,
        texts=texts + ticks,
    )


def accuracy(scored: Sequence[tuple[str, Accuracy]]) -> Chart:
    """A bar for mAP@[.5:.95], a ring for mAP@0.5."""
    bottom = TOP + len(scored) * ROW
    lines, ticks = SHARES.grid(TOP, bottom, units.share)
    bars, dots, texts, described = list[Bar](), list[Dot](), list[Text](), list[str]()
    for number, (title, one) in enumerate(scored):
        y = TOP + number * ROW
        strict, loose = units.percent(one.map), units.percent(one.map_50)
        texts += _row(title, f"{strict.partition(units.FIXED)[0]} / {loose}", y)
        bars.append(Bar(LEFT, y + 23, max(1.0, SHARES.at(one.map) - LEFT), 10, "value"))
        dots.append(Dot(SHARES.at(one.map_50), y + 28, 5, "ring"))
        described.append(f"{title}: {strict}, at IoU 0.5 {loose}")
    return Chart(
        title="mAP@[.5:.95] (bar) and mAP@0.5 (ring)",
        description="; ".join(described),
        height=bottom + 22,
        lines=lines,
        bars=bars,
        dots=dots,
        texts=texts + ticks,
    )


def _row(title: str, value: str, y: float) -> list[Text]:
    return [
        Text(LEFT, y + 13, short(title, NAME - len(value))),
        Text(RIGHT, y + 13, value, "end", "figure"),
    ]


def latency_and_accuracy(points: Sequence[tuple[str, Figures, Accuracy]]) -> Chart:
    """Latency against mAP: the upper left is best."""
    left, right, top, bottom = SCATTER
    axis = axis_for([figures.latency.median for _, figures, _ in points], left, right)
    dots, names, described = list[Dot](), list[Text](), list[str]()
    for title, figures, one in points:
        x = axis.at(figures.latency.median)
        y = round(bottom - max(0.0, one.map) * (bottom - top), 1)
        dots.append(Dot(x, y, 5.5, "value"))
        names.append(_beside(title, x, y))
        values = units.seconds(figures.latency.median), units.percent(one.map)
        described.append(f"{title}: {', '.join(values)}")
    lines, ticks = _frame(axis)
    return Chart(
        title="Latency against mAP@[.5:.95]",
        description="; ".join(described),
        height=bottom + 46,
        lines=lines,
        dots=dots,
        texts=_apart(names) + ticks,
    )


def _beside(title: str, x: float, y: float) -> Text:
    """A dot's title, on the side where there is room."""
    left, right = SCATTER[:2]
    if x > (left + right) / 2:
        return Text(x - 10, y + 4, short(title, max(int((x - left) / 7.0), 8)), "end")
    return Text(x + 10, y + 4, short(title, max(int((right - x) / 7.0), 8)))


def _apart(names: list[Text]) -> list[Text]:
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
    return [Text(n.x, y, n.text, n.anchor) for n, y in zip(fitting, heights, strict=True)]


def _frame(axis: Axis) -> tuple[list[Line], list[Text]]:
    """The grid of the plot with its values, and the name of the lower axis."""
    left, right, top, bottom = SCATTER
    lines, texts = list[Line](), list[Text]()
    for part in range(0, 101, 25):
        y = round(bottom - part / 100 * (bottom - top), 1)
        lines.append(Line(left, y, right, y, "grid"))
        texts.append(Text(left - 6, y + 4, f"{part}{units.FIXED}%", "end", "tick"))
    upright, ticks = axis.grid(top, bottom, units.tick)
    name = "Latency (median), logarithmic" if axis.low else "Latency (median)"
    below = Text((left + right) / 2, bottom + 38, name, "middle", "tick")
    return lines + upright, [*texts, *ticks, below]
