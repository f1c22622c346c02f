"""A step as doit sees it: a group, and a task for each network or project.

Modules of the steps are imported when a step is asked or run: a `doit list` needs none of them.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, ClassVar, Generic

import msgspec
from doit.exceptions import TaskFailed
from doit.task import Task
from msgspec import Struct
from msgspec.structs import replace

from tasks.config.types import Config
from tasks.console.reporter import Misused, Reporter
from tasks.core import addresses, receipts
from tasks.core.errors import ConfigError, TodError, UsageError, disk_error
from tasks.core.files import LARGEST_STATE, read_file, write_if_changed
from tasks.core.paths import Workspace
from tasks.core.temporary import no_link
from tasks.pipeline.step import AnyStep, J, Step
from tasks.wiring import doit_hooks, selection
from tasks.wiring.options import step_params, taken
from tasks.wiring.registry import BY_NAME, STEPS

Tasks = Iterator[Task]
# What a clean action is given: a dry run or not. What it gives back: what it could not remove.
Cleaner = Callable[[bool], list[str]]


class StepReporter(Reporter):
    """The reporter, told of the steps."""

    steps = BY_NAME


class StepTask(Task):  # type: ignore[misc]
    """A doit task that cleans quietly: doit would announce each clean action by its Python name,
    and go on with exit code 0 when one fails. Options that it does not have are told in a line;
    doit would tell them with the source of its own parser.

    Attributes:
        members: of a group, the tasks that get its options.
    """

    cleaner: Cleaner | None = None
    members: tuple[Task, ...] = ()

    def init_options(self, args: list[str] | None = None) -> Any:
        """Take the options from the words behind the task's name; give back the other words.

        Raises:
            CmdParseError: an option is unknown or lacks its value; doit ends with exit code 3.
        """
        if self.options is None and args and args[0].startswith("-"):
            taken(self.name, self.params, args, anywhere=self.pos_arg is not None)
        rest = super().init_options(args)
        for task in self.members:
            task.options = task.options or dict(self.options)
        return rest

    def pickle_safe_dict(self) -> dict[str, Any]:
        """What doit sends to another process and back (`-n`): nothing that only this one needs."""
        safe: dict[str, Any] = super().pickle_safe_dict()
        for name in ("cleaner", "members"):
            safe.pop(name, None)
        return safe

    def clean(self, outstream: Any, dryrun: bool) -> None:
        """Clean, and end with exit code 1 if something could not be removed."""
        if self.cleaner is None:
            return
        try:
            failures = self.cleaner(dryrun)
        except TodError as error:
            failures = [str(error)]
        if failures:
            raise SystemExit("\n".join(failures))


class Cleaning(Struct):
    """`doit clean`. doit cleans the tasks that a task names after the task itself: once everything
    was cleaned they have nothing to do, and would only tell again what stayed."""

    config: Config
    workspace: Workspace
    is_done: bool = False

    def everything(self, dryrun: bool) -> list[str]:
        """Clean everything; give back what could not be removed."""
        from tasks.wiring.clean import clean_everything

        self.is_done = True
        return clean_everything(self.config, self.workspace, dryrun)

    def step(self, step: AnyStep, names: Iterable[str], dryrun: bool) -> list[str]:
        """Undo a step for these names; give back what could not be removed."""
        from tasks.wiring.clean import clean_step

        return [] if self.is_done else clean_step(step, self.workspace, names, dryrun)


class UpToDate(Struct, Generic[J], frozen=True):
    """doit's `uptodate` for a step: asks the step, and keeps its reason for the report."""

    step: Step[J]
    job: J
    # doit asks for it once a task, and finding it out takes as long as many a check does.
    __signature__: ClassVar = Signature(
        [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("task", "values")]
    )

    def __call__(self, task: Task, values: object) -> bool:
        try:
            task.meta["why"] = self.step.work().why_stale(self.job)
        except (TodError, OSError) as error:  # the step meets it again, and tells of it
            task.meta["why"] = addresses.redacted_text(str(error))
        return task.meta["why"] is None

    def __repr__(self) -> str:
        """What `doit info` shows beside the reason, which it takes from the task's meta."""
        return f"is what {self.step.title} made still right?"


def step_tasks(step: Step[J], config: Config, cleaning: Cleaning) -> Tasks:
    """The group of a step, and its task for every network of the zoo, or every project.

    The group runs what the user's workspace names; the rest of the zoo is hidden from `doit list`
    as a group's own sub-tasks are, and done on request.
    """
    wanted = step.wanted(config)
    of_all = None
    if step.name == step.title:
        members = [f"{step.name}:{name}" for name in wanted]
        of_all = group(step.name, members, step.doc, partial(cleaning.step, step, wanted))
        of_all.params = step_params(step.options)
        yield of_all
        if step.scope == "training":
            yield from _groups_of_projects(step, wanted, config, cleaning)
    for job in step.jobs(config, cleaning.workspace):
        task = step_task(step, job)
        task.cleaner = partial(cleaning.step, step, [job.name])
        task.subtask_of = None if job.name in wanted else step.name
        if of_all is not None and step.options and job.name in wanted:
            of_all.members = (*of_all.members, task)
        yield task


def _groups_of_projects(
    step: AnyStep, wanted: Iterable[str], config: Config, cleaning: Cleaning
) -> Tasks:
    """`train:cube_faces` stands for all networks of the project that can be trained."""
    of_project: dict[str, list[str]] = {project: [] for project in config.projects}
    for name in wanted:
        of_project[name.partition(":")[0]].append(name)
    for project, names in of_project.items():
        members = [f"{step.name}:{name}" for name in names]
        yield group(
            f"{step.name}:{project}", members, "project", partial(cleaning.step, step, names)
        )


def step_task(step: Step[J], job: J) -> StepTask:
    """A step of one network or project, as doit sees it.

    The receipt is the only target: a deferred step has a receipt and nothing else, and doit would
    run a task again and again whose targets never appear.
    """
    name, receipt = job.name, job.workspace.receipt
    before = partial(selection.comes_before, job=job, of_exports=step.of_exports)
    survives = _tasks_of(before(step.survives))
    has_receipt = step.name == step.title and not step.looks_anew
    return StepTask(
        f"{step.name}:{name}",
        [(run_step, [], {"step": step, "job": job})],
        file_dep=[str(receipt(*one)) for one in before(step.reads)],
        task_dep=[*_tasks_of(before(step.needs)), *survives],
        targets=[str(receipt(step.name, name))] if has_receipt else [],
        params=step_params(step.options),
        uptodate=[UpToDate(step, job)],
        doc=job.doc,
        io={"capture": False},
        meta={
            "why": None,
            doit_hooks.NAMED: False,
            doit_hooks.AGAIN: False,
            doit_hooks.SURVIVES: survives,
            doit_hooks.FOLLOWS: _tasks_of(before(step.follows)),
        },
    )


def _tasks_of(before: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{step}:{name}" for step, name in before]


def group(name: str, members: Iterable[str], doc: str, cleaner: Cleaner) -> StepTask:
    """A task that only names others. `uptodate` keeps doit from running it on every no-op."""
    task = StepTask(
        name, None, task_dep=list(members), has_subtask=True, uptodate=[True], doc=doc, meta={}
    )
    task.cleaner = cleaner
    return task


def everything(cleaning: Cleaning) -> Task:
    """What `doit` alone builds, and what `doit clean` alone resets."""
    members = [step.name for step in STEPS if step.is_default]
    return group("workspace", members, "build all of these", cleaning.everything)


def run_step(task: Task, step: Step[J], job: J) -> dict[str, object] | TaskFailed:
    """doit's action: run the step; an expected failure becomes one line, its details a log."""
    from tasks.console.progress import progress_for
    from tasks.pipeline.step_lock import turn_of

    may_defer = job.may_defer and not task.meta[doit_hooks.NAMED]
    of_run = partial(selection.archives_of_run, job.config, job.workspace)
    again = task.meta[doit_hooks.AGAIN]
    job = replace(
        job,
        may_defer=may_defer,
        options=dict(task.options or {}),
        also_fetched=of_run,
        again=again and doit_hooks.is_asked_for(task.name, doit_hooks.RUN),
    )
    if step.is_repeatable and again:
        unfinish(job.workspace.receipt(step.title, job.name))
    try:
        with progress_for(f"{step.title}:{job.name}") as progress, turn_of(step, job, progress):
            outcome = step.work().run(job, progress)
    except (TodError, OSError) as error:
        keep_details(job.workspace.log(step.title, job.name))
        return failure(error if isinstance(error, TodError) else disk_error(job.name, error))
    if outcome.kind == "failed":
        return TaskFailed(outcome.note)
    results = step.results(job.workspace, job.name) if step.results else ()
    return {
        "kind": outcome.kind,
        "note": outcome.note,
        "size": outcome.size,
        "lines": list(outcome.lines),
        "results": [path.as_posix() for path in results if path.exists()],
    }


def unfinish(path: Path) -> None:
    """Have a step find its work undone. The rest of its receipt stays: it says which files
    are ours."""
    with suppress(OSError, ValueError):
        fields = msgspec.json.decode(read_file(path, LARGEST_STATE), type=dict[str, object])
        receipt = receipts.read(path, receipts.Receipt)
        former = {"outputs": receipt.outputs} if receipt and receipt.outputs else {}
        write_if_changed(path, msgspec.json.encode({**former, **fields, "definition": ""}))


def failure(error: TodError) -> TaskFailed:
    """An expected failure as doit has them; what was asked wrongly ends with another exit code."""
    asked_wrongly = isinstance(error, UsageError | ConfigError)
    return Misused(str(error)) if asked_wrongly else TaskFailed(str(error))


def keep_details(log: Path) -> None:
    """Append the failure's traceback to the step's log, behind what a child may have said there.

    A log that can't be written is no reason to hide the failure itself.
    """
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8", errors="backslashreplace", opener=no_link) as file:
            file.write(addresses.redacted_text(traceback.format_exc()))
