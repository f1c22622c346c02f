"""The rows as a table that fits its width: columns are left out, nothing is ever wrapped.

A network is known by its name, which is what `workspace.toml` and the tasks want; where that is too
wide, by its title. The other columns stay in the order of `PRIORITY`, as long as there is room.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Collection, Sequence
from typing import TextIO

from msgspec import Struct

from tasks.config.types import Output
from tasks.console.output import console
from tasks.core.text import printable
from tasks.zoo.entries import Entry, pareto_front

GAP = 2
NARROWEST = 20
LEAST = 24  # a title that is cut shorter is of no use; then the figures are left out
FIGURES: dict[Output, str] = {"boxes": "mAP", "masks": "masks", "keypoints": "keypoints"}
# What stays longest comes first; with `--finds masks` that is the masks' mAP, then ms.
PRIORITY = (
    "mAP", "ms", "family", "size", "here", "input", "licence", "masks", "keypoints", "projects",
    "title",
)  # fmt: skip
# Left to right.
ORDER = (
    "name", "title", "family", "input", "ms", "mAP", "masks", "keypoints", "size", "here",
    "projects", "licence",
)  # fmt: skip
SIGNS = (
    "Green: installed; cyan: used by a project; bold figures: no other row is as fast and accurate."
)
MEANING = (
    "ms: published time for a picture, on hardware that the zoo's page does not name."
    " mAP: published COCO mAP in percent, of boxes unless the column says otherwise."
)
RIGHT = ("input", "ms", "mAP", "masks", "keypoints", "size")


class Layout(Struct, frozen=True):
    """A column for each name, with its width in cells, left to right; and what found no room."""

    widths: dict[str, int]
    left_out: tuple[str, ...]


def cells(entry: Entry) -> dict[str, str]:
    """A row's texts by column."""
    return {
        "name": printable(entry.name),
        "title": printable(entry.title or entry.name),
        "family": entry.family,
        "input": "x".join(map(str, entry.input_size or ())),
        "ms": figure(entry.speed_ms),
        "mAP": figure(entry.map_boxes, 1),
        "masks": figure(entry.map_masks, 1),
        "keypoints": figure(entry.map_keypoints, 1),
        "size": megabytes(entry.size),
        "here": "yes" if entry.installed else "",
        "projects": " ".join(entry.projects),
        "licence": printable(entry.licence.partition(" (")[0]),
    }


def figure(value: float | None, digits: int | None = None) -> str:
    if value is None:
        return ""
    return f"{value:g}" if digits is None else f"{value:.{digits}f}"


def megabytes(size: int | None) -> str:
    """Narrower than `human_size`, and all in one unit, so that they can be compared at a glance."""
    if size is None:
        return ""
    return f"{size / 1e6:.{1 if size < 10e6 else 0}f} MB"


def layout(
    rows: Sequence[dict[str, str]], width: int, output: Output = "boxes", *, titles: bool = False
) -> Layout:
    """Which columns there are; one that is empty in every row is left out. With `titles` a network
    is known by its title, and its name is the first column to go."""
    from rich.cells import cell_len

    natural = {c: max(cell_len(row[c]) for row in rows) for c in ORDER}
    wide = {c: max(natural[c], len(c)) for c in ORDER if natural[c]}
    first = (FIGURES[output], "ms")
    rest = (*(p for p in PRIORITY if p not in (*first, "title")), "name" if titles else "title")
    wanted = [c for c in (*first, *rest) if c in wide]
    figures = sum(wide[c] + GAP for c in wanted if c in first)
    identity = "name" if wide["name"] + figures <= width and not titles else "title"
    room = width - wide[identity]
    if room < 0 or (identity == "title" and room < figures):
        room = figures if width - figures >= LEAST else 0
    kept = []
    wanted = [c for c in wanted if c != identity]
    for column in wanted:
        if wide[column] + GAP > room:
            break
        kept.append(column)
        room -= wide[column] + GAP
    widths = {c: wide[c] for c in ORDER if c in kept or c == identity}
    taken = sum(widths[c] + GAP for c in kept)
    widths[identity] = min(wide[identity], width - taken)
    return Layout(widths, tuple(c for c in wanted if c not in kept))


def fitted(text: str, width: int, right: bool = False) -> str:
    """The text in exactly `width` cells; one that is cut ends in `~`."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "~"
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def lines(
    entries: Sequence[Entry], width: int, output: Output = "boxes", *, titles: bool = False
) -> list[str]:
    """The table as plain lines of at most `width` cells: header, rows, and what they mean."""
    table = _table(entries, max(width, NARROWEST), output, titles)
    return ["".join(text for text, _ in line).rstrip() for line in table]


def show(
    entries: Sequence[Entry], stream: TextIO, output: Output = "boxes", *, titles: bool = False
) -> None:
    """Write the table; the same lines in colours if it is for a terminal that has them."""
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    if not entries or not stream.isatty():
        stream.write("\n".join(lines(entries, width, output, titles=titles)) + "\n")
        return
    from rich.text import Text

    drawn = [Text.assemble(*line) for line in _table(entries, width, output, titles, SIGNS)]
    for line in drawn:
        line.rstrip()
    console(stream, width=width).print(Text("\n").join(drawn), soft_wrap=True)


Line = list[tuple[str, str]]
"""Texts with their styles, as rich has them."""


def _table(
    entries: Sequence[Entry], width: int, output: Output, titles: bool, signs: str = ""
) -> list[Line]:
    """Header, rows, and what they mean; `signs` says what the colours mean."""
    if not entries:
        return _notes(width, "no network matches; `doit catalogue` shows all")
    rows = [cells(entry) for entry in entries]
    laid = layout(rows, width, output, titles=titles)
    best = {entry.name for entry in pareto_front(entries, output)}
    header = "".join(text for text, _ in _line({c: c for c in laid.widths}, laid)).rstrip()
    body = [_line(row, laid, entry, best) for entry, row in zip(entries, rows, strict=True)]
    counted = f"{len(entries)} network{'s' * (len(entries) > 1)}. {MEANING}"
    names = ", ".join(laid.left_out)
    left_out = f"No room for: {names}; see `doit show NETWORK` or --csv." if names else ""
    notes = _notes(width, counted, signs, left_out)
    return [[(header, "bold underline")], *body, [], *notes]


def _line(
    row: dict[str, str], laid: Layout, entry: Entry | None = None, best: Collection[str] = ()
) -> Line:
    line = Line()
    for column, width in laid.widths.items():
        line.append((" " * GAP if line else "", ""))
        text = fitted(row[column], width, column in RIGHT)
        line.append((text, _style(column, entry, best) if entry else ""))
    return line


def _style(column: str, entry: Entry, best: Collection[str]) -> str:
    """What is here is green; a pair of figures that no other row beats is bold."""
    if column in ("name", "title"):
        return "bold green" if entry.installed else ("cyan" if entry.projects else "")
    if column in ("ms", *FIGURES.values()):
        return "bold" if entry.name in best else ""
    return "dim"


def _notes(width: int, *texts: str) -> list[Line]:
    return [[(line, "dim")] for text in texts for line in textwrap.wrap(text, width)]
