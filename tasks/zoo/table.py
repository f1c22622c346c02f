"""The rows as a table that fits its width: columns are left out, nothing is ever wrapped.

A network is known by its name, which is what `workspace.toml` and the tasks want; where that is too
wide, by its title. The other columns stay in the order of `PRIORITY`, as long as there is room.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import TextIO

from msgspec import Struct

from tasks.config.types import Output
from tasks.console.output import console
from tasks.core.text import printable
from tasks.zoo.entries import Entry, pareto_front

GAP = 2
NARROWEST = 20
# A title that is cut shorter than this is of no use; then the figures are left out.
LEAST = 24
FIGURES: dict[Output, str] = {"boxes": "mAP", "masks": "masks", "keypoints": "keypoints"}
# What stays longest comes first; with `--finds masks` that is the masks' mAP, then ms.
PRIORITY = (
    "mAP",
    "ms",
    "family",
    "size",
    "here",
    "input",
    "licence",
    "masks",
    "keypoints",
    "projects",
    "title",
)
# Left to right.
ORDER = (
    "name",
    "title",
    "family",
    "input",
    "ms",
    "mAP",
    "masks",
    "keypoints",
    "size",
    "here",
    "projects",
    "licence",
)
SIGNS = (
    "Green: installed; cyan: used by a project; bold figures: no other row is as fast and accurate."
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
    rows: Sequence[dict[str, str]],
    width: int,
    looked_for: Output = "boxes",
    *,
    titles: bool = False,
) -> Layout:
    """Which columns there are; those in which no row has anything are none. `titles`: a network is
    known by its title, and its name is what goes first."""
    from rich.cells import cell_len

    natural = {c: max(cell_len(row[c]) for row in rows) for c in ORDER}
    wide = {c: max(natural[c], len(c)) for c in ORDER if natural[c]}
    first = (FIGURES[looked_for], "ms")
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


def lines(
    entries: Sequence[Entry], width: int, looked_for: Output = "boxes", *, titles: bool = False
) -> list[str]:
    """The table as plain lines of at most `width` cells: header, rows, and what they mean."""
    width = max(width, NARROWEST)
    notes = remarks(entries, width)
    if not entries:
        return notes
    rows = [cells(entry) for entry in entries]
    laid = layout(rows, width, looked_for, titles=titles)
    header = _line({column: column for column in laid.widths}, laid)
    body = [_line(row, laid) for row in rows]
    return [header, *body, "", *notes, *_left_out(laid, width)]


def _line(row: dict[str, str], laid: Layout) -> str:
    parts = [fitted(row[column], wide, column in RIGHT) for column, wide in laid.widths.items()]
    return (" " * GAP).join(parts).rstrip()


def fitted(text: str, width: int, right: bool = False) -> str:
    """The text in exactly `width` cells; one that is cut ends in `~`."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "~"
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def remarks(entries: Sequence[Entry], width: int) -> list[str]:
    """How many they are, and what the figures are."""
    if not entries:
        return textwrap.wrap("no network matches; `doit catalogue` shows all", width)
    counted = f"{len(entries)} network{'s' * (len(entries) > 1)}."
    meaning = (
        "ms: published time for a picture, on hardware that the zoo's page does not name."
        " mAP: published COCO mAP in percent, of boxes unless the column says otherwise."
    )
    return textwrap.wrap(f"{counted} {meaning}", width)


def _left_out(laid: Layout, width: int) -> list[str]:
    if not laid.left_out:
        return []
    note = f"No room for: {', '.join(laid.left_out)}; see `doit show NETWORK` or --csv."
    return textwrap.wrap(note, width)


def show(
    entries: Sequence[Entry], stream: TextIO, looked_for: Output = "boxes", *, titles: bool = False
) -> None:
    """Write the table, drawn if it is for a terminal."""
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    if entries and stream.isatty():
        _draw(entries, stream, width, looked_for, titles)
    else:
        text = "\n".join(lines(entries, width, looked_for, titles=titles))
        stream.write(text + "\n")


def _draw(
    entries: Sequence[Entry], stream: TextIO, width: int, looked_for: Output, titles: bool
) -> None:
    """The same lines as text that rich colours, as far as the terminal has colours."""
    from rich.text import Text

    rows = [cells(entry) for entry in entries]
    laid = layout(rows, width, looked_for, titles=titles)
    best = {entry.name for entry in pareto_front(entries, looked_for)}
    head = _line({column: column for column in laid.widths}, laid)
    lines = [Text(head, style="bold underline")]
    for entry, row in zip(entries, rows, strict=True):
        line = Text()
        for column, wide in laid.widths.items():
            text = fitted(row[column], wide, column in RIGHT)
            line.append(" " * GAP if line else "")
            line.append(text, _style(column, entry, best))
        line.rstrip()
        lines.append(line)
    notes = [*remarks(entries, width), *textwrap.wrap(SIGNS, width), *_left_out(laid, width)]
    lines += [Text(""), Text("\n".join(notes), style="dim")]
    console(stream, width=width).print(Text("\n").join(lines), soft_wrap=True)


def _style(column: str, entry: Entry, best: set[str]) -> str:
    """What is here is green; a pair of figures that no other row beats is bold."""
    if column in ("name", "title"):
        return "bold green" if entry.installed else ("cyan" if entry.projects else "")
    if column in ("ms", "mAP", "masks", "keypoints") and entry.name in best:
        return "bold"
    return "" if column in ("ms", "mAP", "masks", "keypoints") else "dim"
