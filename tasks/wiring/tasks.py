"""The one layer that knows both the steps and doit.

    download:<n> ──receipt──▶ verify:<n> ──receipt──▶ extract:<n> ──receipt──▶ smoke:<n>
                                                          └──────receipt──▶ scaffold:<project>
    pictures, XML and label map ──stat──▶ records:<project>     doctor:<project> looks at all

A step's receipt is its doit target and the next step's `file_dep`; what files can't say (a changed
definition, a damaged output) comes from the step's own `why_stale`. What stands on several networks
comes after them all and survives that one fails: it looks at their receipts by itself. Steps are
imported when they are asked for: a `doit list` needs none of them.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from inspect import Parameter, Signature
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from doit.exceptions import InvalidDodoFile, TaskFailed
from doit.task import Task
from msgspec import Struct
from msgspec.structs import replace

from tasks.config.types import Config
from tasks.console.output import say
from tasks.console.reporter import OF_PROJECTS, Misused
from tasks.core.addresses import clean
from tasks.core.errors import ConfigError, TodError, UsageError, disk_error
from tasks.core.files import make_folders, remove
from tasks.core.paths import Workspace, default_cache
from tasks.core.temporary import no_link
from tasks.pipeline.job import Job, NetworkJob, Outcome, ProjectJob
from tasks.wiring import order
from tasks.wiring.cleaning import Cleaner, StepTask, clean_everything, clean_steps

STEPS = ("download", "verify", "extract", "smoke")
INPUT = {"verify": "download", "extract": "verify", "smoke": "extract"}
# Short, because `doit list` puts them behind names of up to 56 characters.
DOCS = {
    "download": "fetch the archives",
    "verify": "check the archives",
    "extract": "unpack, or repair",
    "scaffold": "make the projects",
    "smoke": "run on a picture",
    "records": "pictures to records",
    "doctor": "check the projects",
    "measure": "run on test pictures",
    "compare": "networks on a page",
}

Tasks = Iterator[Task]


def step_module(step: str) -> ModuleType:
    """The room of a step; its imports are paid for here, not when dodo.py loads."""
    return import_module(f"tasks.{step}.step")


class Fresh(Struct, frozen=True):
    """doit's `uptodate` for a step: asks the step, and keeps its reason for the report."""

    step: str
    job: Job
    # doit asks for it once a task, and finding it out takes as long as many a check does.
    __signature__: ClassVar = Signature(
        [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("task", "values")]
    )

    def __call__(self, task: Task, values: object) -> bool:
        try:
            task.meta["why"] = step_module(self.step).why_stale(self.job)
        except (TodError, OSError) as error:  # the step meets it again, and tells of it
            task.meta["why"] = clean(str(error))
        return task.meta["why"] is None

    def __repr__(self) -> str:
        """What `doit info` shows beside the reason, which it takes from the task's meta."""
        return f"is what {self.step} made still right?"


def run_step(task: Task, step: str, job: Job) -> dict[str, object] | TaskFailed:
    """doit's action: run the step; an expected failure becomes one line, its details a log."""
    from tasks.console.progress import progress_for
    from tasks.pipeline.step_lock import turn_of

    gc.freeze()  # what was loaded stays anyhow
    gc.enable()  # dodo.py turned it off
    job = replace(job, may_defer=job.may_defer and not task.meta.get("named", False))
    name = task.name.partition(":")[2]
    log, title = job.workspace.log(step, name), f"{step}:{name}"
    if step in ("verify", "smoke") and {"-a", "--always-execute"} & set(sys.argv):
        remove(job.workspace.receipt(step, name))  # else the step would find its work done
    try:
        with progress_for(title) as progress, turn_of(step, name, job, progress):
            outcome: Outcome = step_module(step).run(job, progress)
    except (TodError, OSError) as error:
        keep_details(log)
        return failure(error if isinstance(error, TodError) else disk_error(name, error))
    return {
        "kind": outcome.kind,
        "note": outcome.note,
        "size": outcome.size,
        "lines": list(outcome.lines),
    }


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
            file.write(clean(traceback.format_exc()))


def network_tasks(step: str, config: Config, workspace: Workspace) -> Tasks:
    """The group of a step, and its task for every network of the catalogue.

    The group's own sub-tasks are the workspace's networks. Those of the rest of the zoo are hidden
    from `doit list` the same way, but the group does not run them.
    """
    wanted = config.wanted
    yield step_group(step, wanted, workspace)
    may_defer = config.settings.unreachable == "defer"
    # A bare `doit` can't ask for any other network: not to declare the rest of the zoo's tasks is
    # a tenth of what it takes when there is nothing to do.
    names = config.networks if sys.argv[1:] else wanted
    for network in map(config.networks.__getitem__, names):
        job = NetworkJob(config, workspace, may_defer, network=network)
        before = INPUT.get(step)
        reads = [str(workspace.receipt(before, network.name))] if before else []
        yield step_task(step, job, reads, subtask_of=None if network.name in wanted else step)


def project_tasks(config: Config, workspace: Workspace) -> Tasks:
    """The group `scaffold`, and its task for every project."""
    yield step_group("scaffold", config.projects, workspace)
    for project in config.projects.values():
        job = ProjectJob(config, workspace, project=project)
        yield step_task("scaffold", job, survives=extractions(job))


def extractions(job: ProjectJob) -> list[str]:
    """The tasks that bring the project's networks."""
    return [f"extract:{name}" for name in job.project.networks]


def step_group(step: str, names: Collection[str], workspace: Workspace) -> StepTask:
    """The task that stands for a step of all that the workspace names."""
    cleaner = partial(clean_steps, step, workspace, names)
    return group(step, [f"{step}:{name}" for name in names], DOCS[step], cleaner)


def group(name: str, members: Iterable[str], doc: str, cleaner: Cleaner) -> StepTask:
    """A task that only names others. `uptodate` keeps doit from running it on every no-op."""
    task = StepTask(
        name, None, task_dep=list(members), has_subtask=True, uptodate=[True], doc=doc, meta={}
    )
    task.cleaner = cleaner
    return task


def step_task(
    step: str,
    job: NetworkJob | ProjectJob,
    reads: Iterable[str] = (),
    *,
    needs: Iterable[str] = (),
    survives: Collection[str] = (),
    subtask_of: str | None = None,
) -> StepTask:
    """One step of one network or project, as doit sees it.

    The receipt is the only target: a deferred step has a receipt and nothing else, and doit would
    run a task again and again whose targets never appear.

    Args:
        reads: receipts of other steps.
        needs: tasks that come first; if one fails, this one is not run.
        survives: tasks that come first; if one fails, this one is run all the same.
    """
    task = StepTask(
        f"{step}:{job.name}",
        [(run_step, [], {"step": step, "job": job})],
        file_dep=list(reads),
        task_dep=[*needs, *survives],
        targets=[str(job.workspace.receipt(step, job.name))],
        uptodate=[Fresh(step, job)],
        subtask_of=subtask_of,
        doc=job.network.family if isinstance(job, NetworkJob) else "project",
        io={"capture": False},
        meta={"why": None, "named": False, order.SURVIVES: survives},
    )
    task.cleaner = partial(clean_steps, step, job.workspace, [job.name])
    return task


def start(workspace: Workspace) -> Config:
    """Prepare the process and load the configuration.

    Raises:
        InvalidDodoFile: a fault of the configuration or of the folder; doit prints it without a
            traceback and ends with exit code 3.
    """
    from doit.control import ExecNode

    from tasks.config.load import load
    from tasks.wiring import process

    order.forgive(ExecNode)
    if sys.argv[1:]:
        from tasks.wiring import strict

        strict.check_words()
    try:
        process.prepare()
        if not workspace.config.is_dir():
            todo = "run doit in a checkout, or name one with `--dir`"
            raise UsageError(str(Path.cwd()), "there is no config/ in this folder", todo)
        config = load(workspace)
        make_folders(workspace.state)
        if "TOD_CACHE" in os.environ:
            default_cache()  # what can't be a folder ends the run here
        aliases(sys.argv[1:], config)  # and so does a word that means nothing
        return config
    except TodError as error:
        raise InvalidDodoFile(str(error)) from None
    except OSError as error:
        raise InvalidDodoFile(str(disk_error("workspace", error))) from None


def database(workspace: Workspace) -> str:
    """Where doit is to keep its database; see `state`."""
    from doit.dependency import SqliteDB

    from tasks.wiring import database as state

    state.forgive(SqliteDB)
    return state.place(workspace.doit_state)


def aliases(words: Iterable[str], config: Config) -> dict[str, str]:
    """The words that call a network by its title, archive or address: word → name of the task.

    Raises:
        UsageError: a word is `<step>:<name>`, and nothing or more than one thing has this name;
            doit would only say that there is no such task.
    """
    found = {}
    for word in words:
        step, colon, name = word.partition(":")
        known: Collection[str] = config.projects if step in OF_PROJECTS else config.networks
        if colon and step in DOCS and "*" not in name and name not in known:
            from tasks.wiring import commands

            if step in OF_PROJECTS:
                raise commands.unknown(word, name, known)
            found[word] = f"{step}:{commands.find(name, config).name}"
    return found


def alias_tasks(config: Config, workspace: Workspace) -> Tasks:
    """For each network that the command line calls otherwise: a task that stands for its own."""
    for word, name in aliases(sys.argv[1:], config).items():
        step, _, network = name.partition(":")
        task = group(word, [name], DOCS[step], partial(clean_steps, step, workspace, [network]))
        task.meta["means"] = name
        yield task


def everything(config: Config, workspace: Workspace) -> Task:
    """What `doit` alone builds, and what `doit clean` alone resets."""
    cleaner = partial(clean_everything, config, workspace)
    return group("workspace", ["scaffold", "smoke"], "build all of these", cleaner)


def command(name: str, doc: str, config: Config, workspace: Workspace) -> Task:
    """A task that takes words from the command line and always runs `commands.<name>`."""
    return StepTask(
        name,
        [(run_command, [], {"name": name, "config": config, "workspace": workspace})],
        pos_arg="words",
        io={"capture": False},
        doc=doc,
    )


def run_command(
    words: list[str] | None, name: str, config: Config, workspace: Workspace
) -> TaskFailed | None:
    """doit's action of a command: print its lines, or one line of what is wrong."""
    try:
        lines = getattr(import_module("tasks.wiring.commands"), name)(
            words or [], config, workspace
        )
    except TodError as error:
        return failure(error)
    except OSError as error:
        return failure(disk_error(name, error))
    say("\n".join(lines))
    return None
