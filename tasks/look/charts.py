"""The charts of a project's pictures: how often each label occurs, how large the boxes are, and of
which shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tasks.core.paths import SPLITS
from tasks.core.text import printable
from tasks.look.dataset import Dataset
from tasks.pages import units
from tasks.pages.charts import LEFT, RIGHT, Axis, Bar, Chart, Line, Text, nice, short

ROW, TOP, PLOT = 40.0, 8.0, 150.0  # a label's row; the upper edge; the height of a histogram
LABELS = 20
"""Labels that the chart has; the table has them all."""
NAME = 40  # characters of a label in the chart
SIZES = (8, 16, 32, 64, 128, 256, 512)
SHAPES = (0.25, 0.5, 0.8, 1.25, 2.0, 4.0)
SHARES = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25)


def charts(dataset: Dataset) -> list[Chart]:
    """The charts for which there are boxes."""
    if not any(dataset.boxes()):
        return []
    sides, shapes, shares = list[float](), list[float](), list[float]()
    for picture in dataset.confirmed:
        for box in picture.boxes:
            width, height = box.xmax - box.xmin, box.ymax - box.ymin
            if picture.size is None or width <= 0 or height <= 0:
                continue
            sides.append(math.sqrt(width * height))
            shapes.append(width / height)
            shares.append(width * height / (picture.size[0] * picture.size[1]))
    return [
        labels_chart(dataset),
        histogram("Side of a box (root of its area), pixels", sides, SIZES, "{:g}".format),
        histogram("Width of a box by its height", shapes, SHAPES, "{:g}".format),
        histogram("Share of the picture that a box takes", shares, SHARES, _percent),
    ]


def _percent(part: float) -> str:
    return f"{part * 100:g}{units.FIXED}%"


def labels_chart(dataset: Dataset) -> Chart:
    """A bar of each label's boxes; the part that is for testing is set off."""
    counts = dataset.labels()
    both = {name: sum(counts[name, split] for split in SPLITS) for name, _ in counts}
    names = sorted(both, key=lambda name: (-both[name], name))
    most = nice(max(both.values()))
    axis = Axis(0.0, most, LEFT, RIGHT)
    bottom = TOP + min(len(names), LABELS) * ROW
    lines, ticks = axis.grid(TOP, bottom, "{:g}".format)
    bars, texts, described = list[Bar](), list[Text](), list[str]()
    for number, name in enumerate(names[:LABELS]):
        y = TOP + number * ROW
        train, test = (counts[name, split] for split in SPLITS)
        texts.append(Text(LEFT, y + 13, short(printable(name), NAME)))
        texts.append(Text(RIGHT, y + 13, f"{train:,} + {test:,}", "end", "figure"))
        end = axis.at(train)
        bars.append(Bar(LEFT, y + 20, max(1.0, end - LEFT), 10, "value"))
        if test:
            bars.append(Bar(end, y + 20, max(1.0, axis.at(train + test) - end), 10, "second"))
        described.append(f"{printable(name)}: {train} to train, {test} to test with")
    return Chart(
        title="Boxes of each label, to train and to test with",
        description="; ".join(described),
        height=bottom + 22,
        lines=lines,
        bars=bars,
        texts=texts + ticks,
    )


def histogram(
    title: str, values: Sequence[float], edges: Sequence[float], written: Callable[[float], str]
) -> Chart:
    """How many values lie below the first edge, between two, and from the last on."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[sum(value >= edge for edge in edges)] += 1
    wide = (RIGHT - LEFT) / len(counts)
    most, bottom = max(counts), TOP + 16 + PLOT
    bars, texts, described = list[Bar](), list[Text](), list[str]()
    for number, count in enumerate(counts):
        x, height = LEFT + number * wide, PLOT * count / most
        bars.append(Bar(x + 2, bottom - height, wide - 4, height, "value"))
        texts.append(Text(x + wide / 2, bottom - height - 5, f"{count:,}", "middle", "tick"))
        described.append(f"{_between(number, edges, written)}: {count:,}")
    for number, edge in enumerate(edges, 1):
        texts.append(Text(LEFT + number * wide, bottom + 16, written(edge), "middle", "tick"))
    return Chart(
        title=title,
        description="; ".join(described),
        height=bottom + 22,
        lines=[Line(LEFT, bottom, RIGHT, bottom, "grid")],
        bars=bars,
        texts=texts,
    )


def _between(number: int, edges: Sequence[float], written: Callable[[float], str]) -> str:
    if number == 0:
        return f"below {written(edges[0])}"
    if number == len(edges):
        return f"{written(edges[-1])} and more"
    return f"{written(edges[number - 1])} to {written(edges[number])}"
