"""The curve of a training: losses, mAP and learning rate over the steps, by matplotlib."""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from tasks.training.history import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, Color Universal Design, 2008.
BLUE, ORANGE, GREEN, PURPLE, FAINT = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8a8a8a"
PARTS = (ORANGE, GREEN, PURPLE, "#E69F00", "#56B4E9")
SMOOTH = 0.6  # share of what was before in the smoothed loss
SIZE, DPI = (9.0, 7.6), 120  # inches; dots an inch
SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
    "font.size": 9.0,
    "svg.hashsalt": "training",
    "svg.fonttype": "path",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
}
METADATA: dict[str, dict[str, Any]] = {  # no date, no version: the same rows, the same bytes
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
}


def draw(title: str, rows: Sequence[Row], kinds: Collection[str]) -> dict[str, bytes]:
    """The picture in each of the formats `png` and `svg`."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in letters that the font lacks
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        figure = _figure(title, rows)
        return {kind: _saved(figure, kind) for kind in kinds}


def _saved(figure: Figure, kind: str) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=DPI, metadata=METADATA[kind])
    return file.getvalue()


def _figure(title: str, rows: Sequence[Row]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    losses, precision, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1))
    figure.suptitle(title, weight="bold").set_parse_math(False)
    trained = [row for row in rows if row.loss is not None]
    _losses(losses, trained)
    _precision(precision, rows)
    rate.plot([r.step for r in trained], [r.rate for r in trained], color=FAINT)
    rate.set_ylabel("learning rate")
    rate.set_xlabel("step")
    return figure


def _losses(axes: Axes, rows: Sequence[Row]) -> None:
    steps = [row.step for row in rows]
    total = [row.loss for row in rows if row.loss is not None]
    axes.plot(steps, total, color=BLUE, alpha=0.25, linewidth=1)
    axes.plot(steps, smoothed(total), color=BLUE, label="loss")
    names = list(dict.fromkeys(name for row in rows for name in row.losses))
    for name, colour in zip(names, PARTS, strict=False):
        found = [(row.step, row.losses[name]) for row in rows if name in row.losses]
        x, y = zip(*found, strict=True)
        axes.plot(x, smoothed(y), color=colour, linewidth=1, label=name.replace("_", " "))
    axes.set_ylim(bottom=0)
    axes.set_ylabel("loss")
    if rows:
        axes.legend(frameon=False)


def _precision(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_ylabel("mAP on the pictures held out")
    axes.set_ylim(0, 1)
    measured = [(row.step, row.map, row.map_50) for row in rows if row.map is not None]
    if not measured:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=FAINT)
        return
    steps, precision, at_half = zip(*measured, strict=True)
    axes.plot(steps, at_half, "s-", color=FAINT, markersize=3, label="IoU 0.5")
    axes.plot(steps, precision, "o-", color=GREEN, markersize=4, label="IoU 0.5 to 0.95")
    best = max(zip(precision, steps, strict=True))
    axes.annotate(
        f"best: {best[0]:.3f}, step {best[1]}",
        (best[1], best[0]),
        xytext=(0, 8),
        textcoords="offset points",
        ha="right",
    )
    axes.legend(frameon=False, loc="lower right")


def smoothed(values: Sequence[float]) -> list[float]:
    """A moving average in which each value counts for less the longer ago it was."""
    result: list[float] = []
    for value in values:
        result.append(SMOOTH * result[-1] + (1 - SMOOTH) * value if result else value)
    return result
