"""The doctor's table: with colours on a terminal, plain elsewhere; both fit 80 columns."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from msgspec.structs import replace

from tasks.console.output import console
from tasks.core.files import remove
from tasks.core.lists import kept
from tasks.core.words import count
from tasks.doctor.finding import Finding, Kind

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
    where = kept(lines(project, found, WIDEST), whole)
    return [replace(one, details=_few(one.details, where)) for one in found]


def _few(details: tuple[str, ...], where: str) -> tuple[str, ...]:
    more = len(details) - MOST
    return (*details[:MOST], f"and {more} more; all of them: {where}") if more > 0 else details


def lines(project: str, found: Sequence[Finding], width: int = 80) -> list[str]:
    """The table as lines of at most `width` columns; only a word that is longer runs over."""
    first = f"{project}: {summary(found)}"
    return [first, *(line for one in found for line in _row(one, width))]


def summary(found: Sequence[Finding]) -> str:
    """`12 ok, 1 warning, 2 errors`."""
    kinds = [one.kind for one in found]
    told = [f"{kinds.count('ok')} ok"]
    told += [count(kinds.count(k), k) for k in ("warning", "error") if k in kinds]
    return ", ".join(told)


def _row(one: Finding, width: int) -> list[str]:
    """Kind and text; the subject comes first in the text, for names of networks are long."""
    indent = " " * (KIND + GAP)
    lines = _wrapped(f"{one.what}: {one.told}", f"{one.kind:<{KIND}}{' ' * GAP}", indent, width)
    for text in one.details:
        lines += _wrapped(text, f"{indent}- ", f"{indent}  ", width)
    if one.todo:
        lines += _wrapped(one.todo, f"{indent}-> ", f"{indent}   ", width)
    return lines


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
