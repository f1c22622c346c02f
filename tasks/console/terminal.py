"""What a terminal shows, drawn with rich. Imported only when there is something to draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from tasks.console.output import console
from tasks.console.rows import (
    ONLINE_AGAIN,
    STEPS,
    Kind,
    Row,
    deferred,
    short_time,
    to_look_at,
    verdict,
)
from tasks.core.files import human_size
from tasks.core.inspect import shown

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
    screen.print(_line(row, screen))


def close(rows: Sequence[Row], seconds: float, stream: TextIO) -> None:
    """The summary of a run that did something: table, tree, what is deferred."""
    screen = console(stream)
    told = Text(f"{verdict(rows)}; {short_time(seconds)}", style="dim")
    parts: list[RenderableType] = [Group(_summary(rows, screen), told)]
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


def _line(row: Row, console: Console) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=8)
    grid.add_column(overflow="fold")
    grid.add_row(mark(row.kind, console), row.step, _told(row, console.width - 11))
    return grid


def _told(row: Row, width: int) -> Text:
    """Name and facts side by side where they fit in `width` columns, else below one another."""
    failed = row.kind == "failed"
    figures = [*([human_size(row.size)] if row.size else []), short_time(row.seconds)]
    unbroken = [figure.replace(" ", "\u00a0") for figure in figures]
    note = [row.note] if row.note else []
    facts = ", ".join(note if failed else [*note, *unbroken])
    together = not failed and len(row.name) + 2 + len(facts) <= width
    text = Text(row.name, style="red" if failed else "")
    text.append(("  " if together else "\n") + facts, style="default" if failed else "dim")
    if row.why and row.kind == "built":
        text.append(f"\nbecause {row.why}", style="dim")
    for line in row.lines:
        text.append(f"\n{line}", style="yellow")
    return text


def _summary(rows: Sequence[Row], console: Console) -> RenderableType:
    """network × step. A narrow terminal gets the signs alone, and what they mean underneath."""
    narrow = console.width < NARROW
    steps = [step for step in STEPS if any(row.step == step for row in rows)]
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", overflow="fold", min_width=20)
    for step in steps:
        table.add_column(step, justify="center" if narrow else "left", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    for name in dict.fromkeys(row.name for row in rows):
        mine = {row.step: row for row in rows if row.name == name}
        table.add_row(
            name, *(_cell(mine.get(step), narrow, console) for step in steps), *_sums(mine)
        )
    return Group(table, _legend(rows, console)) if narrow else table


def _cell(row: Row | None, narrow: bool, console: Console) -> Text:
    if row is None:
        return Text("")
    sign = mark(row.kind, console)
    return sign if narrow else sign + Text(f" {row.kind}", style=MARKS[row.kind][2])


def _legend(rows: Sequence[Row], console: Console) -> Text:
    kinds = [kind for kind in MARKS if any(row.kind == kind for row in rows)]
    legend = Text("")
    for kind in kinds:
        legend += mark(kind, console) + Text(f" {kind}   ", style="dim")
    return legend


def _sums(mine: dict[str, Row]) -> tuple[str, str]:
    seconds = sum(row.seconds for row in mine.values())
    size = max((row.size or 0 for row in mine.values()), default=0)
    return short_time(seconds), human_size(size) if size else ""


def workspace_tree(root: Path, rows: Sequence[Row]) -> Tree | None:
    """The workspace's folders as `tree` would show them: the projects, and the networks."""
    projects = sorted({row.name for row in rows if row.step == "scaffold"})
    networks = sorted({row.name for row in rows if row.step == "extract"})
    folders = [root / name for name in projects]
    folders += [root / "pre-trained" / name for name in networks]
    present = [folder for folder in folders if folder.is_dir()]
    if not present:
        return None
    tree = Tree(Text(".", style="bold"), guide_style="dim")
    for name in projects:
        if (root / name).is_dir():
            _branch(tree, root / name, name)
    if any((root / "pre-trained" / name).is_dir() for name in networks):
        shelf = tree.add(Text("pre-trained", style="bold blue"))
        for name in networks:
            if (root / "pre-trained" / name).is_dir():
                _branch(shelf, root / "pre-trained" / name, name)
    return tree


def _branch(tree: Tree, folder: Path, label: str, depth: int = 3) -> None:
    """Folders below `folder`, and files where there are few; many are counted."""
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    files = [path for path in entries if not path.is_dir()]
    many = len(files) > 4
    text = Text(shown(label), style="bold blue")
    if many:
        text.append(f"  {len(files)} files", style="dim")
    branch = tree.add(text)
    for path in entries:
        if path.is_dir() and depth:
            _branch(branch, path, path.name, depth - 1)
        elif not path.is_dir() and not many:
            branch.add(Text(shown(path.name)))


def _deferred(waiting: dict[str, str]) -> RenderableType:
    lines: list[RenderableType] = []
    for name, why in waiting.items():
        lines.append(Text.assemble(("deferred  ", "yellow"), name))
        lines.append(Padding(Text(why, style="default"), (0, 0, 0, 10)))
    lines.append(Padding(Text("\n".join(ONLINE_AGAIN), style="dim"), (0, 0, 0, 10)))
    return Group(*lines)
