"""Figures as text, each with its unit. What is not known is a dash."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from tasks.core.files import human_size

UNKNOWN = "–"
MINUS = "\N{MINUS SIGN}"
FIXED = "\N{NO-BREAK SPACE}"


def seconds(value: float | None) -> str:
    """`0.84 ms`, `12.3 ms`, `412 ms`, `1.20 s`: three significant digits."""
    if value is None or not math.isfinite(value) or value < 0:
        return UNKNOWN
    if value < 0.9995:
        return f"{_three(value * 1000)}{FIXED}ms"
    return f"{_three(value)}{FIXED}s"


def milliseconds(value: float | None) -> str:
    """A published speed, as the zoo's page has it."""
    return UNKNOWN if value is None else f"{value:g}{FIXED}ms"


def percent(part: float | None) -> str:
    """`87.0 %` for 0.87. pycocotools gives -1 where there was nothing to score."""
    if part is None or not math.isfinite(part) or part < 0:
        return UNKNOWN
    return f"{part * 100:.1f}{FIXED}%"


def published_percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f}{FIXED}%"


def size(count: int | None) -> str:
    """Bytes, as in `1.9 MB`; 0 stands for unknown."""
    return human_size(count).replace(" ", FIXED) if count else UNKNOWN


def count(number: int, one: str, many: str = "") -> str:
    """`1 picture`, `2,000 pictures`."""
    return f"{number:,}{FIXED}{one if number == 1 else many or one + 's'}"


def span(low: float, high: float) -> str:
    """`11.6–16.0 ms`: the unit only once if both have the same."""
    first, second = seconds(low), seconds(high)
    value, _, unit = first.partition(FIXED)
    same = unit == second.partition(FIXED)[2]
    return f"{value if same else first}–{second}"


def difference(before: float, after: float, unit: Callable[[float], str]) -> str:
    """How much more `after` is, or less, with a sign: `+1.2 ms`, `−0.4 %`. Two values that `unit`
    does not know are a dash; those that it shows as one, `±0`."""
    if UNKNOWN in (unit(before), unit(after)):
        return UNKNOWN
    if unit(before) == unit(after):
        return "±0"
    return f"{'+' if after > before else MINUS}{unit(abs(after - before))}"


def points(part: float) -> str:
    """`2.1 points`: percentage points."""
    return percent(part).replace("%", "points")


def tick(value: float) -> str:
    """A latency on an axis: `200 ms`, `1 s`."""
    if not value:
        return "0"
    return f"{value:g}{FIXED}s" if value >= 1 else f"{value * 1000:g}{FIXED}ms"


def share(part: float) -> str:
    """A share on an axis: `25 %`."""
    return f"{part * 100:.0f}{FIXED}%" if part else "0"


def joined(parts: Iterable[str], between: str = ", ") -> str:
    return between.join(part for part in parts if part)


def _three(value: float) -> str:
    """Three significant digits, never in powers of ten."""
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
