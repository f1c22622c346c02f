"""A step at work: a bar where the total is known, a spinner where it is not.

Bars go to standard error, and only to a terminal. In a worker of `doit -n 2` there are none: two
processes that redraw one line make a mess of it. Where there is no bar, a wait for another process
is a line all the same, so that it is clear why nothing happens.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from tasks.console.output import console
from tasks.console.wrap import wrap
from tasks.core.text import printable
from tasks.pipeline.job import Progress, Silent, Unit

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

EVERY = 15.0
"""Seconds between two lines of how it stands, where there is no bar."""
WIDE = 110
"""Columns of a terminal on which more than the most important has room beside a bar."""
INDENT = " " * 11
"""Under the name of a step; see `rows`."""
LONGEST_NAME = 20
"""Characters of a network's name beside a bar."""


@contextmanager
def progress_for(title: str) -> Iterator[Progress]:
    """A `Progress` for one step; its line vanishes when the block ends."""
    if not sys.stderr.isatty() or multiprocessing.parent_process() is not None:
        yield Quiet(title)
        return
    bar = Bar(title)
    try:
        yield bar
    finally:
        bar.end()


class Quiet(Silent):
    """A `Progress` that only says what is waited for, and now and then how it stands."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._said = time.monotonic()
        self._done, self._of = 0, ""

    def begin(self, doing: str, total: int | None, unit: Unit = "bytes") -> None:
        self._done, self._of = 0, f"of {total} {unit}" if total else unit

    def advance(self, amount: int) -> None:
        self._done += amount

    def wait(self, holder: str) -> None:
        print(f"waiting    {self._title}: for {holder}", file=sys.stderr, flush=True)

    def note(self, line: str) -> None:
        print(f"{INDENT}{self._title}: {printable(line)}", file=sys.stderr, flush=True)

    def detail(self, text: str, more: str = "") -> None:
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            line = f"{INDENT}{self._title}: {self._done} {self._of}, {printable(text + more)}"
            print(line, file=sys.stderr, flush=True)

    def show(self, write: Callable[[TextIO], None]) -> None:
        write(sys.stdout)
        sys.stdout.flush()


class Bar(Progress):
    """A `Progress` that draws with rich. rich is imported when the first phase begins: a step that
    finds nothing to do never pays for it."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown: RichProgress | None = None
        self._task: TaskID | None = None

    def begin(self, doing: str, total: int | None, unit: Unit = "bytes") -> None:
        self.end()
        self._shown = _drawn(total, unit)
        title = self._title.partition(":")[2]
        self._task = self._shown.add_task(printable(doing), total=total, title=title)
        self._shown.start()

    def advance(self, amount: int) -> None:
        if self._shown is not None and self._task is not None:
            self._shown.advance(self._task, amount)

    def rewind(self, done: int) -> None:
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, completed=done)

    def detail(self, text: str, more: str = "") -> None:
        if self._shown is not None and self._task is not None:
            told = text + more if self._shown.console.width >= WIDE else text
            self._shown.update(self._task, title=printable(told))

    def note(self, line: str) -> None:
        self.end()
        width = shutil.get_terminal_size().columns
        told = wrap(f"{self._title}: {printable(line)}", width, INDENT, f"{INDENT}  ")
        print("\n".join(told), file=sys.stderr, flush=True)

    def show(self, write: Callable[[TextIO], None]) -> None:
        self.end()
        write(sys.stdout)
        sys.stdout.flush()

    def end(self) -> None:
        if self._shown is not None:
            self._shown.stop()
        self._shown = self._task = None


def _drawn(total: int | None, unit: Unit) -> RichProgress:
    """A bar: how much of how much, and how long it will take. Without a total, a spinner."""
    from rich import progress
    from rich.table import Column

    one_line, of_a_name = Column(no_wrap=True), None
    columns: list[progress.ProgressColumn] = [progress.TimeElapsedColumn()]
    if total:
        # How a training stands is told whole.
        of_a_name = None if unit == "steps" else LONGEST_NAME
        amounts: tuple[progress.ProgressColumn, ...] = (
            progress.MofNCompleteColumn(table_column=one_line),
            progress.TextColumn(unit, table_column=one_line),
        )
        if unit == "bytes":
            amounts = (
                progress.DownloadColumn(table_column=one_line),
                progress.TransferSpeedColumn(table_column=one_line),
            )
        columns = [
            progress.BarColumn(bar_width=None, table_column=Column(ratio=1)),
            *amounts,
            progress.TimeRemainingColumn(table_column=one_line),
            progress.TextColumn("left", table_column=one_line),
        ]
    name = Column(no_wrap=True, overflow="ellipsis", max_width=of_a_name)
    return progress.Progress(
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}", style="bold", markup=False),
        progress.TextColumn("{task.fields[title]}", table_column=name, markup=False),
        *columns,
        console=console(sys.stderr),
        transient=True,
        expand=bool(total),
    )
