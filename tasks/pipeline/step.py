"""The contract of a step.

A step is a folder below tasks/. Its `__init__.py` holds `STEP`, what the rest of the build knows of
it; `step.py` does the work, and `clean.py` undoes it. Both are imported when they are needed, by
functions that `STEP` names, so that declaring a task costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from tasks.config.types import Config, Settings
from tasks.core.paths import Workspace
from tasks.pipeline.job import (
    ZOO,
    Job,
    NetworkJob,
    Outcome,
    Progress,
    ProjectJob,
    Scope,
    TrainingJob,
    WorkspaceJob,
)

if TYPE_CHECKING:
    from tasks.core.removal import Say

J = TypeVar("J", bound=Job)
J_contra = TypeVar("J_contra", bound=Job, contravariant=True)

PATIENCE = 300.0  # seconds to wait for another doit that does the same step


class Work(Protocol[J_contra]):
    """What a step does. The module `tasks/<step>/step.py` is one of these."""

    def why_stale(self, job: J_contra, /) -> str | None:
        """Why there is work, in a few words; None if all is up to date.

        It only looks at files, never asks a server, and never raises.
        """

    def run(self, job: J_contra, progress: Progress, /) -> Outcome:
        """Do the work, and end with the receipt. A step that is up to date answers `kept` at once,
        so a lost database costs a look and not a download.

        Raises:
            TodError: it can't be done; the message is one line.
        """


class Clean(Protocol):
    """What undoes a step for one name. The function `clean` of `tasks/<step>/clean.py`."""

    def __call__(self, workspace: Workspace, name: str, dryrun: bool, say: Say) -> list[str]:
        """Remove what the step made and nobody changed; tell each removal and all that stays. Give
        back what could not be removed, one line each. With `dryrun`, only tell."""


class Option(Struct, frozen=True, kw_only=True):
    """An option of a step's tasks: `doit <step>:<name> --<option>`.

    Attributes:
        name: what stands behind the two dashes.
        help: for `doit help <step>:<name>`; with what doit puts around them, its lines fit 80
            columns if they have at most 34 characters.
        metavar: what stands for its value; "" if it takes none.
        is_repeatable: it may be given several times; all its values count.
    """

    name: str
    help: str
    metavar: str = ""
    is_repeatable: bool = False


class Step(Struct, Generic[J], frozen=True, kw_only=True):
    """What is known of a step without importing it.

    Attributes:
        name: of its folder, its task and its receipts.
        doc: for `doit list`, which shows it behind names of up to 56 characters.
        work: imports and gives back what does the work.
        clean: imports and gives back what undoes it; None if it leaves nothing in the workspace.
        reads: steps whose receipts it reads; if one fails, it is not run.
        needs: steps that come first; if one fails, it is not run.
        survives: steps that come first; it is run even if one fails.
        follows: steps that come first if they are run too; it survives them. Of all these, a step
            of networks stands for all networks of a project; see `Job.names`.
        is_default: a bare `doit` does it.
        is_repeatable: `doit -a` does it again although it is up to date; others look again.
        of_exports: of a project's networks, those come first too that were exported from it.
        looks_anew: it is never up to date, and leaves no receipt: what it tells is all it does.
        runs_networks: it may make no sound for as long as the settings let a network run.
        takes_turns: another doit that does it for the same name is waited for.
        results: for a name, the files that a user wants to look at.
        options: what its tasks and their group take; the job has the values, see `Job.options`.
    """

    scope: ClassVar[Scope]  # what it is done for

    name: str
    doc: str
    work: Callable[[], Work[J]]
    clean: Callable[[], Clean] | None = None
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    survives: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    is_default: bool = False
    is_repeatable: bool = False
    looks_anew: bool = False
    of_exports: bool = False
    runs_networks: bool = False
    takes_turns: bool = True
    results: Callable[[Workspace, str], tuple[Path, ...]] | None = None
    options: tuple[Option, ...] = ()

    @property
    def title(self) -> str:
        """What the user calls it. The name of a step that is only done for another's sake begins
        with `_`: doit lists no such tasks, and it does the work of the step that it is named after.
        """
        return self.name.removeprefix("_")

    def jobs(self, config: Config, workspace: Workspace) -> Iterator[J]:
        """What it can be asked to do, one job for each name."""
        raise NotImplementedError

    def wanted(self, config: Config) -> Collection[str]:
        """The names that the user's workspace holds; of the others it is done only on request."""
        raise NotImplementedError

    def patience(self, settings: Settings) -> float:
        """Seconds that another doit may be silent before this one no longer waits for it."""
        return settings.smoke_timeout if self.runs_networks else PATIENCE


class NetworkStep(Step[NetworkJob], frozen=True, kw_only=True):
    """A step that is done for each network."""

    scope: ClassVar[Scope] = "network"

    def jobs(self, config: Config, workspace: Workspace) -> Iterator[NetworkJob]:
        may_defer = config.settings.unreachable == "defer"
        for network in config.networks.values():
            yield NetworkJob(config, workspace, may_defer, network=network)

    def wanted(self, config: Config) -> Collection[str]:
        return config.wanted


class ProjectStep(Step[ProjectJob], frozen=True, kw_only=True):
    """A step that is done for each project."""

    scope: ClassVar[Scope] = "project"

    def jobs(self, config: Config, workspace: Workspace) -> Iterator[ProjectJob]:
        for project in config.projects.values():
            yield ProjectJob(config, workspace, project=project)

    def wanted(self, config: Config) -> Collection[str]:
        return config.projects


class TrainingStep(Step[TrainingJob], frozen=True, kw_only=True):
    """A step that is done for each network of a project."""

    scope: ClassVar[Scope] = "training"

    def jobs(self, config: Config, workspace: Workspace) -> Iterator[TrainingJob]:
        may_defer = config.settings.unreachable == "defer"
        for project in config.projects.values():
            for name in project.networks:
                if network := config.networks.get(name):
                    yield TrainingJob(
                        config, workspace, may_defer, project=project, network=network
                    )

    def wanted(self, config: Config) -> Collection[str]:
        """Those that can be trained."""
        jobs = self.jobs(config, Workspace(Path()))
        return {job.name: None for job in jobs if job.network.is_trainable}


class WorkspaceStep(Step[WorkspaceJob], frozen=True, kw_only=True):
    """A step that is done once."""

    scope: ClassVar[Scope] = "workspace"

    def jobs(self, config: Config, workspace: Workspace) -> Iterator[WorkspaceJob]:
        yield WorkspaceJob(config, workspace, config.settings.unreachable == "defer")

    def wanted(self, config: Config) -> Collection[str]:
        return (ZOO,)


AnyStep: TypeAlias = Step[Any]  # in a list of them
