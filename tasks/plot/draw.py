"""What the plot shows, and the picture itself, by matplotlib, which is imported only when something
is drawn.

Colours are those of Okabe and Ito (*Color Universal Design*, 2008), which people with the usual
colour blindnesses can tell apart; each family has a shape besides, for print without colour.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tasks.config.types import Family
from tasks.plot.place import ABOVE, BELOW, Box, Label, Placed, along, leader_end, place
from tasks.zoo.entries import Entry, pareto_front

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

MARKERS: dict[Family, tuple[str, str, float]] = {
    # family: colour, shape, size in points
    "Faster R-CNN": ("#0072B2", "o", 8),
    "Mask R-CNN": ("#CC79A7", "D", 8),
    "SSD": ("#D55E00", "s", 7.5),
    "EfficientDet": ("#009E73", "^", 9.5),
    "CenterNet": ("#E69F00", "X", 9),
    "ExtremeNet": ("#56B4E9", "v", 9),
    "other": ("#000000", "P", 9),
}
INK, FAINT = "#222222", "#666666"
SIZE = (10.0, 7.4)  # inches
DPI = 160
TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
    "font.size": 9.0,
    "svg.hashsalt": "zoo",  # else the ids in the file would differ each time
    "svg.fonttype": "path",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
# No date and no version in the files: what is drawn the same is the same to the byte.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None, "Title": "Speed and mAP of the detection zoo"},
}
SOURCE = (
    "Figures: the zoo's page, tf2_detection_zoo.md of github.com/tensorflow/models. Speed is the "
    "time for a picture; the page does not name the hardware, so it compares networks with one "
    "another and is no forecast for your machine. COCO mAP is the mean of the average precision "
    "over the classes of COCO and over overlaps (IoU) from .50 to .95."
)


class Point(Struct, frozen=True):
    """One network on the plot.

    Attributes:
        ms: published time for a picture, milliseconds.
        accuracy: published mAP in percent: of keypoints if `hollow`, else of boxes.
        hollow: only a keypoint or mask mAP is published, which can't be compared with one of boxes.
        best: on the Pareto front.
        marked: a project of the workspace uses it.
    """

    name: str
    title: str
    family: Family
    ms: float
    accuracy: float
    hollow: bool = False
    best: bool = False
    marked: bool = False


class Content(Struct, frozen=True):
    """All that the plot shows: its digest is part of the receipt, so names are those of before.

    Attributes:
        points: in the catalogue's order.
        not_drawn: titles of the zoo's networks of which speed or mAP is not published.
        own_not_drawn: the same of the workspace's other networks, by name.
    """

    points: tuple[Point, ...]
    not_drawn: tuple[str, ...] = field(name="silent")
    own_not_drawn: tuple[str, ...] = field(name="silent_of_yours")


def content(entries: Sequence[Entry], wanted: Collection[str]) -> Content:
    """Sort the rows into what can be drawn and what can only be named. A network of the user's own
    that no project uses and that has no figures is neither."""
    best = {entry.name for entry in pareto_front(entries)}
    points, not_drawn, own = list[Point](), list[str](), list[str]()
    for entry in entries:
        title, (accuracy, hollow) = entry.title or entry.name, _accuracy(entry)
        is_wanted = entry.name in wanted
        if entry.speed_ms is not None and accuracy is not None:
            figures = entry.speed_ms, accuracy, hollow
            is_best = entry.name in best
            points.append(Point(entry.name, title, entry.family, *figures, is_best, is_wanted))
        elif entry.origin == "zoo":
            not_drawn.append(title)
        elif is_wanted:
            own.append(entry.name)
    return Content(tuple(points), tuple(not_drawn), tuple(own))


def _accuracy(entry: Entry) -> tuple[float | None, bool]:
    if entry.map_boxes is not None:
        return entry.map_boxes, False
    other = entry.map_keypoints if entry.map_keypoints is not None else entry.map_masks
    return other, other is not None


def draw(content: Content, kinds: Collection[str]) -> dict[str, bytes]:
    """The picture in each of the formats: the same bytes for the same content and matplotlib."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a title in letters that the font lacks
        matplotlib.rcdefaults()  # the user's own settings are for the user's own plots
        matplotlib.rcParams.update(SETTINGS)
        figure = _figure(content)
        return {kind: _saved(figure, kind) for kind in kinds}


def _saved(figure: Figure, kind: str) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=DPI, metadata=METADATA[kind])
    return file.getvalue()


def _figure(content: Content) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.065, 0.185, 0.915, 0.71))
    _axes(axes, content.points)
    if corners := _stairs(content.points):
        x, y = zip(*corners, strict=True)
        axes.plot(x, y, color="#9a9a9a", linewidth=1.3, zorder=1.5)
    for point in content.points:
        _point(axes, point)
    _legend(axes, content.points)
    figure.text(0.065, 0.955, "Speed against accuracy", fontsize=15, weight="bold")
    subtitle = "the networks of the TensorFlow 2 Detection Model Zoo, as published"
    figure.text(0.065, 0.92, subtitle, fontsize=10.5, color=FAINT)
    unnamed = _labels(figure, axes, content.points)
    printed = _small_print(content, unnamed)
    small = figure.text(0.065, 0.015, printed, fontsize=7.8, color=FAINT, linespacing=1.35)
    small.set_parse_math(False)
    return figure


def _axes(axes: Axes, points: Sequence[Point]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_xscale("log")
    speeds = [point.ms for point in points] or [1, 1000]
    heights = [point.accuracy for point in points] or [0, 100]
    left, right = min(speeds) / 1.35, max(speeds) * 1.35
    axes.set_xlim(left, right)
    axes.set_ylim(max(0, min(heights) - 3), max(heights) + 3.5)
    ticks = [tick for tick in TICKS if left <= tick <= right]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_xlabel("ms a picture (logarithmic; left is faster)", fontsize=10)
    axes.set_ylabel("COCO mAP, % (up is more accurate)", fontsize=10)
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _best(points: Sequence[Point]) -> list[Point]:
    return sorted((p for p in points if p.best), key=lambda p: (p.ms, p.accuracy))


def _stairs(points: Sequence[Point]) -> list[tuple[float, float]]:
    """The front as what can be had: up to the next network's time no more than this one's mAP."""
    corners: list[tuple[float, float]] = []
    for point in _best(points):
        if corners:
            corners.append((point.ms, corners[-1][1]))
        corners.append((point.ms, point.accuracy))
    return corners


def _point(axes: Axes, point: Point) -> None:
    colour, shape, size = MARKERS[point.family]
    inside, edge = ("white", colour) if point.hollow else (colour, "white")
    width = 1.8 if point.hollow else 0.7
    x, y = [point.ms], [point.accuracy]
    axes.plot(
        x, y, shape, markersize=size, markerfacecolor=inside, markeredgecolor=edge,
        markeredgewidth=width, zorder=3,
    )  # fmt: skip
    if point.marked:
        axes.plot(x, y, "o", markersize=17, markerfacecolor="none", markeredgecolor=INK,
                  markeredgewidth=1.7, zorder=4)  # fmt: skip


def _legend(axes: Axes, points: Sequence[Point]) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for family, (colour, shape, size) in MARKERS.items():
        if number := sum(point.family == family for point in points):
            handles.append(_sign(shape, size, colour, "white", f"{family} ({number})"))
    if any(point.hollow for point in points):
        handles.append(_sign("X", 9, "white", FAINT, "hollow: mAP of keypoints"))
    if any(point.marked for point in points):
        handles.append(_sign("o", 13, "none", INK, "used in this workspace"))
    label = "Pareto front: no other beats these"
    handles.append(Line2D([], [], color="#9a9a9a", linewidth=1.3, label=label))
    legend = axes.legend(handles=handles, loc="lower right", fontsize=8.5, labelspacing=0.7)
    legend.get_frame().set(edgecolor="#d0d0d0", facecolor="white", alpha=1)


def _sign(shape: str, size: float, inside: str, edge: str, label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], linestyle="none", marker=shape, markersize=size, markerfacecolor=inside,
        markeredgecolor=edge, markeredgewidth=0.7 if edge == "white" else 1.6, label=label,
    )  # fmt: skip


def _small_print(content: Content, unnamed: int = 0) -> str:
    """What the figures are, and what is not drawn. For `unnamed` names there was no room."""
    notes = [f"No room for the names of {unnamed}."] if unnamed else []
    if any(point.hollow for point in content.points):
        notes.append(
            "Hollow: mAP of keypoints alone is published; it is no match for one of boxes."
        )
    if content.not_drawn:
        listed = " and ".join(content.not_drawn)
        notes.append(f"Not drawn, for their speed or mAP is not published: {listed}.")
    if content.own_not_drawn:
        notes.append(f"Nor, of this workspace: {', '.join(content.own_not_drawn)}.")
    paragraphs = [SOURCE, " ".join(notes)]
    return "\n".join(line for text in paragraphs for line in textwrap.wrap(text, 158))


def _labels(figure: Figure, axes: Axes, points: Sequence[Point]) -> int:
    """Name the front, what is marked and what is hollow; give back how many found no room."""
    named = _best(points)
    named += [p for p in points if not p.best and (p.marked or p.hollow)]
    texts = [_text(axes, point) for point in named]
    figure.draw_without_rendering()
    labels = [_label(axes, *pair) for pair in zip(named, texts, strict=True)]
    where, unit = axes.transData.transform, DPI / 72  # pixels in a point
    taken = []
    for point in points:
        (x, y), reach = where((point.ms, point.accuracy)), (9 if point.marked else 5) * unit
        taken.append(Box(x - reach, y - reach, x + reach, y + reach))
    taken += along([tuple(where(corner)) for corner in _stairs(points)], 2 * unit)
    if legend := axes.get_legend():
        taken.append(Box(*legend.get_window_extent().extents))
    frame = Box(*axes.get_window_extent().extents)
    placed = place(labels, taken, frame)
    _put(axes, texts, labels, placed)
    return placed.count(None)


def _label(axes: Axes, point: Point, text: Text) -> Label:
    (x, y), extent = axes.transData.transform((point.ms, point.accuracy)), text.get_window_extent()
    reach = (12 if point.marked else 8) * DPI / 72
    directions = ABOVE if point.best or point.hollow else BELOW
    return Label(x, y, extent.width, extent.height, reach, directions)


def _text(axes: Axes, point: Point) -> Text:
    """The text, not yet where it belongs."""
    weight = "bold" if point.marked else "normal"
    text = axes.text(point.ms, point.accuracy, point.title, fontsize=8, weight=weight, va="bottom")
    text.set_parse_math(False)
    return text


def _put(
    axes: Axes, texts: Sequence[Text], labels: Sequence[Label], placed: Sequence[Placed | None]
) -> None:
    """Move each text to its place, with a line to its point where that is far; drop the rest."""
    data = axes.transData.inverted().transform
    for text, label, found in zip(texts, labels, placed, strict=True):
        if found is None:
            text.remove()
            continue
        box = found.box
        text.set_position(tuple(data((box.left, box.bottom))))
        if found.far:
            line = data([leader_end(label, box), (label.x, label.y)])
            axes.plot(line[:, 0], line[:, 1], color=FAINT, linewidth=0.7, zorder=2)
