"""The doctor's table: with colours on a terminal, plain elsewhere; both fit 80 columns."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from msgspec.structs import replace

from tasks.checks.finding import Finding, Kind
from tasks.console.output import console
from tasks.console.wrap import wrap
from tasks.core.files import remove, write_whole_list
from tasks.core.text import count

MOST = 4  # details of a row
WIDEST = 100
NARROWEST = 60
KIND, GAP = 7, 2
STYLES: dict[Kind, str] = {"ok": "green", "warning": "yellow", "error": "bold red"}


def show(project: str, found: Sequence[Finding], stream: TextIO, whole: Path) -> None:
    """Write the table. If details are too many for it, all of them are written to `whole`."""
    few = shortened(project, found, whole)
    if stream.isatty():
        _draw(project, few, stream)
    else:
        stream.write("\n".join(lines(project, few)) + "\n")


def shortened(project: str, found: Sequence[Finding], whole: Path) -> list[Finding]:
    """The rows with the first details of each; if any is left out, `whole` is written and named."""
    if all(len(one.details) <= MOST for one in found):
        with suppress(OSError):
            remove(whole)
        return list(found)
    where, short = write_whole_list(lines(project, found, WIDEST), whole), []
    for one in found:
        more = len(one.details) - MOST
        rest = [f"and {more} more; all of them: {where}"] if more > 0 else []
        short.append(replace(one, details=(*one.details[:MOST], *rest)))
    return short


def lines(project: str, found: Sequence[Finding], width: int = 80) -> list[str]:
    """The table as lines of at most `width` columns; only a word or a command that is longer runs
    over."""
    first = f"{project}: {summary(found)}"
    return [first, *(line for one in found for line in _row(one, width))]


def summary(found: Sequence[Finding]) -> str:
    """`12 ok, 1 warning, 2 errors`."""
    kinds = [one.kind for one in found]
    others = [count(kinds.count(k), k) for k in ("warning", "error") if k in kinds]
    return ", ".join([f"{kinds.count('ok')} ok", *others])


def _row(one: Finding, width: int) -> list[str]:
    """Kind and text; the subject comes first in the text, for names of networks are long."""
    indent = " " * (KIND + GAP)
    kind = f"{one.kind:<{KIND}}{' ' * GAP}"
    lines = wrap(f"{one.subject}: {one.result}", width, kind, indent)
    for text in one.details:
        lines += wrap(text, width, f"{indent}- ", f"{indent}  ")
    if one.todo:
        lines += wrap(one.todo, width, f"{indent}-> ", f"{indent}   ")
    return lines


def _draw(project: str, found: Sequence[Finding], stream: TextIO) -> None:
    """The same lines, the kind in its colour and what to do set off."""
    from rich.text import Text

    screen = console(stream)
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    screen.print(Text(f"{project}: {summary(found)}", style="bold"))
    for one in found:
        text = Text("\n".join(_row(one, width)))
        text.stylize(STYLES[one.kind], 0, KIND)
        text.highlight_regex(r"(?m)^ +-> .*$", "cyan")
        screen.print(text, soft_wrap=True)
