"""What would be mended, or was: a row a kind, with how many and the first of them; fits 80 columns,
and on a wide terminal has more room."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from msgspec import Struct, field

from tasks.console.output import console
from tasks.console.wrap import wrap
from tasks.core.files import write_whole_list
from tasks.core.text import count
from tasks.mend.plan import Kind, Mended

# The kinds in the order of the table: its first column, and what is done.
KINDS: Mapping[Kind, tuple[str, str]] = {
    "picture": ("picture", "TensorFlow may not read it: encoded anew"),
    "size": ("size", "unlike the picture's: taken from the picture"),
    "sides": ("sides", "width and height were swapped: taken from the picture; look at its boxes"),
    "label": ("label", "renamed"),
    "swap": ("swapped", "corners of a box the wrong way round: swapped"),
    "clip": ("clipped", "a box leaves its picture: clipped"),
    "empty": ("empty", "a box without area in its picture: removed"),
    "twice": ("twice", "a box that is like one before it: removed"),
}
LEFT = ("left", "not mended by any rule: yours to mend")
NARROWEST, PLAIN, WIDEST = 60, 80, 120
FIRST, SECOND = 9, 7  # columns of the kind and of the number
FEW = 4  # examples of a kind


class Tally(Struct):
    """What came of all pictures."""

    changes: dict[Kind, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    left: list[str] = field(default_factory=list)
    labels: dict[str, None] = field(default_factory=dict)
    files: int = 0

    def add(self, mended: Mended) -> None:
        for kind, told in mended.changes:
            self.changes[kind].append(told)
        self.left += mended.left
        self.labels.update(dict.fromkeys(mended.labels))
        self.files += len(mended.files)

    @property
    def told(self) -> tuple[str, ...]:
        """All that is changed, a line each."""
        return tuple(line for lines in self.changes.values() for line in lines)

    @property
    def title(self) -> str:
        """`7 changes in 4 files`."""
        if not self.files:
            return "nothing to mend"
        return f"{count(len(self.told), 'change')}, {count(self.files, 'file')}"


class Page(Struct, frozen=True):
    """What the user is shown.

    Attributes:
        title: the first line.
        rows: what stands in the first column, a number, what that is, examples.
        todo: the last lines: what to do next.
    """

    title: str
    rows: tuple[tuple[str, int, str, tuple[str, ...]], ...]
    todo: tuple[str, ...]


def page(title: str, tally: Tally, todo: Iterable[str], whole: Path) -> Page:
    """The table. If examples are left out of it, all of them are written to `whole`, and named."""
    kinds = [(*KINDS[kind], lines) for kind, lines in tally.changes.items() if lines]
    kinds += [(*LEFT, tally.left)] if tally.left else []
    rows, is_long = [], False
    for kind, what, lines in kinds:
        more = len(lines) - FEW
        rest = (f"and {more} more",) if more > 0 else ()
        rows.append((kind, len(lines), what, (*lines[:FEW], *rest)))
        is_long |= more > 0
    if is_long:
        everything = [f"{kind}: {line}" for kind, _, lines in kinds for line in lines]
        todo = (f"all of them: {write_whole_list(everything, whole)}", *todo)
    return Page(title, tuple(rows), tuple(todo))


def show(shown: Page, stream: TextIO) -> None:
    """Write it: with colours on a terminal, plain elsewhere."""
    if not stream.isatty():
        stream.write("\n".join(lines_of(shown, PLAIN)) + "\n")
        return
    from rich.text import Text

    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    text = Text("\n".join(lines_of(shown, width)))
    text.highlight_regex(r"\A.*", "bold")
    text.highlight_regex(r"(?m)^[a-z]+(?=  )", "green")
    text.highlight_regex(rf"(?m)^{LEFT[0]}(?=  )", "yellow")
    text.highlight_regex(r"(?m)^-> .*$", "cyan")
    console(stream).print(text, soft_wrap=True)


def lines_of(shown: Page, width: int) -> list[str]:
    """The lines, of at most `width` columns; only a word that is longer runs over."""
    indent = " " * (FIRST + SECOND)
    made = wrap(shown.title, width)
    for kind, number, what, examples in shown.rows:
        made += wrap(what, width, f"{kind:<{FIRST}}{number:>{SECOND - 2}}  ", indent)
        for example in examples:
            made += wrap(example, width, f"{indent}- ", f"{indent}  ")
    for line in shown.todo:
        made += wrap(line, width, "-> ", "   ")
    return made
