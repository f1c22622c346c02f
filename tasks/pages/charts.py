"""Charts, laid out as lines, bars, dots and texts. Their colours are in the style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from msgspec import Struct

WIDTH = 400.0
LEFT, RIGHT = 6.0, 394.0
APART = 45.0
"""The distance at which two texts below an axis do not touch."""
LOGARITHMIC = 8.0
"""Values whose largest is this many times the smallest get a logarithmic axis."""


class Line(Struct, frozen=True):
    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


class Bar(Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    kind: str


class Dot(Struct, frozen=True):
    x: float
    y: float
    radius: float
    kind: str


class Curve(Struct, frozen=True):
    """A line through several points, as SVG has them: `1,2 3,4`."""

    points: str
    kind: str


class Text(Struct, frozen=True):
    """Text in a chart; `anchor` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    kind: str = "name"


class Chart(Struct, frozen=True, kw_only=True):
    """A chart, laid out; `description` is for screen readers. `keys` are the kind and the name of
    each of several curves."""

    title: str
    description: str
    height: float
    width: float = WIDTH
    lines: Sequence[Line] = ()
    bars: Sequence[Bar] = ()
    curves: Sequence[Curve] = ()
    dots: Sequence[Dot] = ()
    texts: Sequence[Text] = ()
    keys: Sequence[tuple[str, str]] = ()


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

    def grid(
        self, top: float, bottom: float, unit: Callable[[float], str]
    ) -> tuple[list[Line], list[Text]]:
        """A vertical line at each tick, and its value below."""
        places = [(self.at(value), unit(value)) for value in self.ticks]
        lines = [Line(x, top, x, bottom, "grid") for x, _ in places]
        return lines, [Text(x, bottom + 16, text, self._anchor(x), "tick") for x, text in places]

    def levels(
        self, left: float, right: float, unit: Callable[[float], str]
    ) -> tuple[list[Line], list[Text]]:
        """Of an upright axis: a level line at each tick, and its value left of it."""
        places = [(self.at(value), unit(value)) for value in self.ticks]
        lines = [Line(left, y, right, y, "grid") for y, _ in places]
        return lines, [Text(left - 6, y + 4, text, "end", "tick") for y, text in places]

    def _anchor(self, x: float) -> str:
        """A text at an edge begins or ends there, so that it stays in the chart."""
        if x > self.right - 20:
            return "end"
        return "start" if x < self.left + 10 else "middle"


SHARES = Axis(0.0, 1.0, LEFT, RIGHT)


def axis_for(values: Sequence[float], left: float, right: float) -> Axis:
    """An axis from 0; where the values lie far apart, from the power of ten below them."""
    most, least = max(values), min(values)
    if least > 0 and most / least > LOGARITHMIC:
        return Axis(10 ** math.floor(math.log10(least)), nice(most), left, right)
    return Axis(0.0, nice(most), left, right)


def nice(value: float) -> float:
    """The next of 1, 2, 4, 8 or 10 times a power of ten: its quarters are short numbers."""
    if not math.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value * 0.9999)


def short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
