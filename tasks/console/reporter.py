"""doit's reporter: listens to the run, tells each step in one line, and sums up at the end.

Exit codes: doit itself ends with 2 when a step was not run because an earlier one failed; here
anything that failed is 1, so the last hook leaves with `SystemExit`. It is called after doit has
saved its state, also when the run is stopped: `runtime` has the last word then.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from shutil import get_terminal_size
from typing import Any, ClassVar, TextIO

from doit.exceptions import BaseFail, TaskFailed, UnmetDependency
from doit.reporter import ConsoleReporter

from tasks.console import rows
from tasks.console.output import guard
from tasks.console.rows import Row, any_failed, nothing_done, row_from_values, step_and_name
from tasks.core.addresses import redacted_text
from tasks.core.text import printable_lines
from tasks.pipeline.step import AnyStep

FAILED, MISUSED = 1, 3


class Misused(TaskFailed):  # type: ignore[misc]
    """A failure that lies in what was asked: a command's words, or the configuration."""


class Reporter(ConsoleReporter):  # type: ignore[misc]
    """One line a step; a summary when something was done; one plain line when nothing was."""

    steps: ClassVar[Mapping[str, AnyStep]] = {}  # by name, in the order of the pipeline
    desc = "one line a step and a summary"

    def __init__(self, outstream: TextIO, options: Mapping[str, Any]) -> None:
        super().__init__(outstream or sys.stdout, options)  # None if it was closed at the start
        guard(self.outstream)  # `doit -o FILE` is a stream of doit's own
        self.rows: list[Row] = []
        self._waiting: set[str] = set()
        self._misused = self._sums_up = False
        self._no_step = ""
        self._began = time.monotonic()
        self._started: dict[str, float] = {}

    def initialize(self, tasks: Mapping[str, Any], selected_tasks: list[str]) -> None:
        """Find out what was asked for: what tells itself needs no summary."""
        own = [self._tells_itself(tasks[name]) for name in selected_tasks]
        self._sums_up = not own or not all(own)
        self._no_step = self._why_no_step(selected_tasks)

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        if row.kind == "deferred":
            self._waiting.add(row.name)

    def execute_task(self, task: Any) -> None:
        self._started[task.name] = time.monotonic()

    def skip_ignore(self, task: Any) -> None:
        if self._is_step(task):
            note = "as `doit ignore` asked; `doit forget` undoes it"
            row = Row(*step_and_name(task.name), kind="ignored", note=note)
            self._add(row)
            self._tell(row)

    def skip_uptodate(self, task: Any) -> None:
        if self._is_step(task):
            step, name = step_and_name(task.name)
            waits = name in self._waiting and self.steps[step].scope == "network"
            row = Row(step, name, "deferred" if waits else "up to date")
            self._add(row)
            if task.verbosity and task.verbosity > 1:
                self._tell(row)

    def add_success(self, task: Any) -> None:
        if not self._is_step(task):
            return
        row = row_from_values(task.name, task.values, reason(task), self._seconds(task))
        self._add(row)
        if row.lines or row.kind == "built" or (task.verbosity or 0) > 1:
            self._tell(row)

    def add_failure(self, task: Any, fail: BaseFail) -> None:
        if task.has_subtask:
            return
        step, name = step_and_name(task.name)
        self._misused = self._misused or isinstance(fail, Misused)
        kind, note = "failed", printable_lines(message(fail)).removeprefix(f"{name or step}: ")
        if isinstance(fail, UnmetDependency):
            kind, note = "not run", f"needs {fail.message.strip()}"
        row = Row(step, name, kind, note, seconds=self._seconds(task))  # type: ignore[arg-type]
        self._add(row)
        if kind == "failed":
            self._tell_failure(row, fail)

    def complete_run(self) -> None:
        """Sum up, then leave with the right exit code. A run that was cut short comes to nothing
        that could be summed up."""
        for error in self.runtime_errors:
            print(f"error: {error}", file=sys.stderr)
        if sys.exc_info()[1] is not None:
            return
        if self.runtime_errors:
            raise SystemExit(FAILED)
        if self._sums_up:
            self._close()
        if any_failed(self.rows):
            raise SystemExit(MISUSED if self._misused else FAILED)

    def _is_step(self, task: Any) -> bool:
        """Whether this is a step of a network or a project that leaves something: not a group, a
        command or the doctor."""
        return bool(task.actions) and ":" in task.name and not self._tells_itself(task)

    def _tells_itself(self, task: Any) -> bool:
        """Whether the task tells its own result, as commands and the doctor do: theirs is the last
        word, unless steps were asked for beside them."""
        step = self.steps.get(task.name.partition(":")[0])
        return task.pos_arg is not None or (step is not None and step.looks_anew)

    def _why_no_step(self, selected: list[str]) -> str:
        """Why these tasks came to no step at all, should they."""
        if not selected:
            return "no task has such a name"
        steps = [self.steps.get(name.partition(":")[0]) for name in selected]
        of_networks = all(step is not None and step.scope == "network" for step in steps)
        return f"config/workspace.toml names no {'network' if of_networks else 'project'}"

    def _seconds(self, task: Any) -> float:
        now = time.monotonic()
        return now - self._started.get(task.name, now)

    def _tell(self, row: Row) -> None:
        if self.outstream.isatty():
            from tasks.console import terminal

            terminal.tell(row, self.outstream)
            self.outstream.flush()
        else:
            self._write(rows.step_lines(row))

    def _tell_failure(self, row: Row, fail: BaseFail) -> None:
        """Failures go to standard error. A defect of ours keeps its traceback."""
        if sys.stderr.isatty():
            from tasks.console import terminal

            terminal.tell(row, sys.stderr)
        else:
            print(f"{row.kind:<10} {row.label}: {row.note}", file=sys.stderr)
        if fail.traceback:
            print(redacted_text("".join(fail.traceback)), file=sys.stderr)

    def _close(self) -> None:
        if not self.rows:
            self._write([f"nothing to do: {self._no_step}"])
        elif nothing_done(self.rows) or not self.outstream.isatty():
            width = get_terminal_size().columns if self.outstream.isatty() else None
            self._write(rows.closing_lines(self.rows, width))
        else:
            from tasks.console import terminal

            seconds = time.monotonic() - self._began
            terminal.close(self.rows, self.steps, seconds, self.outstream)
            self.outstream.flush()

    def _write(self, lines: list[str]) -> None:
        self.outstream.write("\n".join(lines) + "\n")
        self.outstream.flush()


def message(fail: BaseFail) -> str:
    """A failure in its own words."""
    return str(fail.message).strip() or fail.get_name()


def reason(task: Any) -> str:
    """Why a step that was done was stale, in words; "" if it had never been done."""
    why = task.meta.get("why") if task.meta else None
    if why:
        return "" if why == "never done" else str(why)
    changed = sorted(task.dep_changed or ())
    return f"{', '.join(changed[:2])} changed" if changed else ""
