"""What doit sees of cleaning; see `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from doit.task import Task

from tasks.config.types import Config
from tasks.console.output import say
from tasks.core.errors import TodError
from tasks.core.paths import Workspace

# What a clean action is given: a dry run or not. What it gives back: what it could not remove.
Cleaner = Callable[[bool], list[str]]


class StepTask(Task):  # type: ignore[misc]
    """A doit task that cleans quietly: doit would announce each clean action by its Python name,
    and go on with exit code 0 when one fails."""

    cleaner: Cleaner | None = None
    # doit cleans the tasks that a task names after the task itself. Once everything is clean they
    # have nothing to do, and would only tell again what stayed.
    everything_is_clean: ClassVar[bool] = False

    def clean(self, outstream: Any, dryrun: bool) -> None:
        """Clean, and end with exit code 1 if something could not be removed."""
        if self.cleaner is None or StepTask.everything_is_clean:
            return
        try:
            failures = self.cleaner(dryrun)
        except TodError as error:
            failures = [str(error)]
        if failures:
            raise SystemExit("\n".join(failures))


def clean_steps(
    step: str,
    workspace: Workspace,
    names: Iterable[str],
    dryrun: bool,
    tell: Callable[[str], None] | None = None,
) -> list[str]:
    """Clean what one step made. Download and verify made nothing in the workspace."""
    from tasks.compare.clean import clean as clean_compare
    from tasks.extract.clean import clean as clean_extract
    from tasks.measure.clean import clean as clean_measure
    from tasks.records.clean import clean as clean_records
    from tasks.scaffold.clean import clean as clean_scaffold
    from tasks.smoke.clean import clean as clean_smoke

    cleaners = {
        "compare": clean_compare,
        "extract": clean_extract,
        "measure": clean_measure,
        "records": clean_records,
        "scaffold": clean_scaffold,
        "smoke": clean_smoke,
    }
    if step not in cleaners:
        return []
    return [f for name in names for f in cleaners[step](workspace, name, dryrun, tell or say)]


def clean_everything(config: Config, workspace: Workspace, dryrun: bool) -> list[str]:
    """Reset the workspace, all in one: one thing that can't be removed does not keep the rest."""
    import atexit

    from tasks.core.paths import Cache, default_cache
    from tasks.plot.clean import clean as clean_plot
    from tasks.wiring import clean

    projects, networks = list(config.projects), config.wanted
    cache, failures = Cache(default_cache()), []
    said, tell = each_once(say)  # steps share folders, and each names what stays there
    for step in ("compare", "measure", "records", "scaffold"):
        failures += clean_steps(step, workspace, projects, dryrun, tell)
    failures += clean_plot(workspace, "zoo", dryrun, tell)
    for step in ("smoke", "extract"):
        failures += clean_steps(step, workspace, networks, dryrun, tell)
    failures += clean.clean_rest(workspace, cache, networks, projects, dryrun, tell)
    if not (dryrun or failures):
        atexit.register(clean.clean_database, workspace)  # doit still has it open
    StepTask.everything_is_clean = True
    if not (said or failures):
        say("nothing to remove")
    return failures


def each_once(say: Callable[[str], None]) -> tuple[set[str], Callable[[str], None]]:
    """What was said, and a `say` that tells no line twice."""
    said = set[str]()

    def tell(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    return said, tell
