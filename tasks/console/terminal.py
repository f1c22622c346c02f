"""What a terminal shows, drawn with rich. Imported only when there is something to draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from tasks.console.output import console
from tasks.console.rows import ONLINE_AGAIN, Kind, Row, deferred, short_time, to_look_at, verdict
from tasks.console.tree import Entry, workspace_folders
from tasks.console.wrap import wrap
from tasks.core.files import human_size

MARKS: dict[Kind, tuple[str, str, str]] = {
    # kind: mark, plain mark for terminals that can't show it, style
    "built": ("✓", "+", "green"),
    "up to date": ("=", "=", "dim"),
    "deferred": ("…", "~", "yellow"),
    "ignored": ("-", "-", "dim"),
    "failed": ("✗", "x", "bold red"),
    "not run": ("-", "-", "dim"),
}
NARROW = 100


def tell(row: Row, stream: TextIO) -> None:
    """One step's line: mark, step, then name and facts, which wrap under themselves."""
    screen = console(stream)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=8)
    grid.add_column(overflow="fold")
    grid.add_row(mark(row.kind, screen), row.step, _name_and_facts(row, screen.width - 11))
    screen.print(grid)


def close(rows: Sequence[Row], steps: Iterable[str], seconds: float, stream: TextIO) -> None:
    """The summary of a run that did something: table, tree, what is deferred. `steps` are all that
    there are, in the order of the pipeline."""
    screen = console(stream)
    result = Text(f"{verdict(rows)}; {short_time(seconds)}", style="dim")
    parts: list[RenderableType] = [Group(_summary(rows, steps, screen), result)]
    if tree := workspace_tree(Path(), rows):
        parts.append(tree)
    if pictures := to_look_at(rows):
        parts.append(Text("\n".join(f"look at   {path}" for path in pictures)))
    if waiting := deferred(rows):
        parts.append(_deferred(waiting))
    for part in parts:
        screen.print()
        screen.print(part)


def mark(kind: Kind, console: Console) -> Text:
    """The sign of a kind, in signs that the stream's encoding knows."""
    sign, plain_sign, style = MARKS[kind]
    try:
        sign.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        sign = plain_sign
    return Text(sign, style=style)


def _name_and_facts(row: Row, width: int) -> Text:
    """Name and facts side by side where they fit in `width` columns, else below one another."""
    failed = row.kind == "failed"
    figures = [*([human_size(row.size)] if row.size else []), short_time(row.seconds)]
    unbroken = [figure.replace(" ", "\u00a0") for figure in figures]
    note = [row.note] if row.note else []
    facts = ", ".join(note if failed else [*note, *unbroken])
    together = not failed and len(row.name) + 2 + len(facts) <= width
    if failed:  # each fault is a line: what goes on below it is set in
        facts = "\n".join(
            part for line in facts.split("\n") for part in wrap(line, width, rest="  ")
        )
    text = Text(row.name, style="red" if failed else "")
    text.append(("  " if together else "\n") + facts, style="default" if failed else "dim")
    if row.why and row.kind == "built":
        text.append(f"\nbecause {row.why}", style="dim")
    for line in row.lines:
        text.append(f"\n{line}", style="yellow")
    return text


def _summary(rows: Sequence[Row], known: Iterable[str], console: Console) -> RenderableType:
    """network × step. A narrow terminal gets the signs alone, and what they mean underneath."""
    narrow = console.width < NARROW
    steps = [step for step in known if any(row.step == step for row in rows)]
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", overflow="fold", min_width=20)
    for step in steps:
        table.add_column(step, justify="center" if narrow else "left", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    for name in dict.fromkeys(row.name for row in rows):
        mine = {row.step: row for row in rows if row.name == name}
        seconds = sum(row.seconds for row in mine.values())
        size = max((row.size or 0 for row in mine.values()), default=0)
        figures = (short_time(seconds), human_size(size) if size else "")
        table.add_row(name, *(_cell(mine.get(step), narrow, console) for step in steps), *figures)
    kinds = [kind for kind in MARKS if any(row.kind == kind for row in rows)]
    signs = [mark(kind, console) + Text(f" {kind}   ", style="dim") for kind in kinds]
    return Group(table, Text.assemble(*signs)) if narrow else table


def _cell(row: Row | None, narrow: bool, console: Console) -> Text:
    if row is None:
        return Text("")
    sign = mark(row.kind, console)
    return sign if narrow else sign + Text(f" {row.kind}", style=MARKS[row.kind][2])


def workspace_tree(root: Path, rows: Sequence[Row]) -> Tree | None:
    """The folders of the projects and networks that this run was about."""
    projects = sorted({row.name for row in rows if row.step == "scaffold"})
    networks = sorted({row.name for row in rows if row.step == "extract"})
    there = [name for name in projects if (root / name).is_dir()]
    tree = Tree(Text(".", style="bold"), guide_style="dim")
    _add(tree, workspace_folders(root, there, networks, named=4))
    return tree if tree.children else None


def _add(tree: Tree, entries: Sequence[Entry]) -> None:
    for entry in entries:
        text = Text(entry.name, style="bold blue" if entry.is_folder else "")
        if entry.note:
            text.append("  " + entry.note.replace("\u00a0", " "), style="dim")
        _add(tree.add(text), entry.entries)


def _deferred(waiting: dict[str, str]) -> RenderableType:
    lines: list[RenderableType] = []
    for name, why in waiting.items():
        lines.append(Text.assemble(("deferred  ", "yellow"), name))
        lines.append(Padding(Text(why, style="default"), (0, 0, 0, 10)))
    lines.append(Padding(Text("\n".join(ONLINE_AGAIN), style="dim"), (0, 0, 0, 10)))
    return Group(*lines)
