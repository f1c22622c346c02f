"""Which steps words of the command line ask for, with all that comes before them: what doit would
run, without doit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any

from doit.exceptions import InvalidCommand

from tasks.config.types import Config
from tasks.core.errors import UsageError
from tasks.core.paths import Workspace
from tasks.pipeline.job import Job
from tasks.pipeline.step import AnyStep
from tasks.wiring import doit_hooks, names, start
from tasks.wiring.registry import BY_NAME, STEPS

Chosen = dict[tuple[str, str], tuple[AnyStep, Job]]
"""The title of a step and a name → both, in the order of the pipeline."""


def selected(words: Sequence[str], config: Config, workspace: Workspace) -> Chosen:
    """What `doit WORDS` would look at. Words are names of tasks, groups and patterns; and networks
    and projects by themselves, for what a bare doit does for them.

    Raises:
        UsageError: nothing or more than one thing has this name.
    """
    jobs_of = cache(partial(_jobs_of, config=config, workspace=workspace))
    asked = [one for word in words or ["workspace"] for one in _asked(word, config, jobs_of)]
    found: set[tuple[str, str]] = set()
    while asked:
        name, whom = asked.pop()
        job = jobs_of(name).get(whom)
        if job is not None and (name, whom) not in found:
            found.add((name, whom))
            asked += before(BY_NAME[name], job)
    return {
        (step.title, whom): (step, job)
        for step in STEPS
        for whom, job in jobs_of(step.name).items()
        if (step.name, whom) in found
    }


def before(step: AnyStep, job: Job) -> Iterator[tuple[str, str]]:
    """The steps that always come before this one, each with the name for which it is done."""
    return comes_before((*step.reads, *step.needs, *step.survives), job, step.of_exports)


def comes_before(steps: Iterable[str], job: Job, of_exports: bool) -> Iterator[tuple[str, str]]:
    """Steps that come before this job, each with the name for which it is done."""
    for step in steps:
        for name in job.names(BY_NAME[step].scope, with_exports=of_exports):
            yield step, name


def archives_of_run(config: Config, workspace: Workspace) -> list[str]:
    """The networks whose archives this process's run sees to. A word that is a command counts for
    nothing."""
    chosen: Chosen = {}
    for word in doit_hooks.RUN or ["workspace"]:
        with suppress(UsageError):
            chosen |= selected([word], config, workspace)
    return list(dict.fromkeys(name for step, name in chosen if step == "download"))


def _jobs_of(name: str, config: Config, workspace: Workspace) -> dict[str, Job]:
    return {job.name: job for job in BY_NAME[name].jobs(config, workspace)}


def _asked(word: str, config: Config, jobs_of: Any) -> Iterator[tuple[str, str]]:
    """The steps and names that one word means."""
    step, colon, _ = word.partition(":")
    if word == "workspace":
        yield from (
            (one.name, name) for one in STEPS if one.is_default for name in one.wanted(config)
        )
    elif "*" in word:
        every = [(name, whom) for name in BY_NAME for whom in jobs_of(name)]
        patterns = start.full_names(word, config)
        matches = [
            one for one in every if any(fnmatchcase(":".join(one), each) for each in patterns)
        ]
        if not matches:
            raise UsageError(word, "no task matches", "`doit list --all` shows every name")
        yield from matches
    elif step in BY_NAME and not colon:
        yield from ((step, whom) for whom in BY_NAME[step].wanted(config))
    elif step in BY_NAME:
        yield from _of_task(word, jobs_of, config)
    else:
        if word not in config.projects:
            word = names.find(word, config).name
        for task in start.tasks_by_default(word, config):
            name, _, whom = task.partition(":")
            yield name, whom


def _of_task(word: str, jobs_of: Any, config: Config) -> Iterator[tuple[str, str]]:
    """A task, or the trainings of one project."""
    try:
        [full] = start.full_names(word, config)
    except InvalidCommand as error:
        raise UsageError("plan", str(error)) from None
    step, _, name = full.partition(":")
    if name in jobs_of(step):
        yield step, name
        return
    trainings = [whom for whom in BY_NAME[step].wanted(config) if whom.startswith(f"{name}:")]
    if not trainings:
        raise names.unknown(word, name, jobs_of(step))
    yield from ((step, whom) for whom in trainings)
