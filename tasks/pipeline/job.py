"""What a step is given, and what it gives back; see `step`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Literal, TextIO

from msgspec import Struct

from tasks.config import lock
from tasks.config.types import Config, LockEntry, Network, Project
from tasks.core.errors import RefusedError, UnreachableError
from tasks.core.paths import Cache, Workspace, default_cache
from tasks.core.receipts import write
from tasks.pipeline.receipts import NetworkReceipt

ZOO = "zoo"  # the name of what is done once, as names of networks and projects are
Scope = Literal["network", "project", "training", "workspace"]
"""What a step is done for: each network, each project, each network of a project, or all at once.
"""


class Job(Struct, frozen=True):
    """The surroundings of a step.

    Attributes:
        may_defer: false when the network was named on the command line, or when the settings say
            so: then a host that can't be reached is an error.
        options: name → value of each option of the step, while it runs: true or false of one
            without a value, a list of one that is repeatable, else a text, or None if not given.
        also_fetched: gives the names of all networks whose archives the same run sees to.
        again: `doit -a` asked for this very step, not only for one that comes after it.
    """

    config: Config
    workspace: Workspace
    may_defer: bool = True
    options: dict[str, Any] = {}
    also_fetched: Callable[[], Collection[str]] = tuple
    again: bool = False

    @property
    def name(self) -> str:
        """Whom the step is done for."""
        raise NotImplementedError

    @property
    def doc(self) -> str:
        """What `doit list` says beside the name."""
        raise NotImplementedError

    def receipt(self, step: str) -> Path:
        """Where the receipt of this step, or of one before it, lies."""
        return self.workspace.receipt(step, self.name)

    def names(self, scope: Scope, *, with_exports: bool = False) -> tuple[str, ...]:
        """The names for which a step of this scope is done, seen from this job: those of its
        project's networks, say, and `with_exports` of what was exported from it."""
        return (ZOO,) if scope == "workspace" else (self.name,)

    @property
    def locked(self) -> bool:
        """Whether config/zoo.lock must stay as it is: what it lacks is an error, as CI wants it."""
        return self.config.settings.locked or os.environ.get("TOD_LOCKED", "") not in ("", "0")

    @property
    def cache(self) -> Cache:
        """Asked for only where an archive is needed: finding the folder costs an import."""
        return Cache(default_cache())


class NetworkJob(Job, frozen=True, kw_only=True):
    """One step of one network."""

    network: Network

    @property
    def name(self) -> str:
        return self.network.name

    @property
    def staging(self) -> Path:
        return self.workspace.staging(self.name)

    def lock_entry(self) -> LockEntry | None:
        """What config/zoo.lock has of the network; ConfigError if it can't be read."""
        return lock.read(self.workspace.lock_file).get(self.name)

    def size_on_record(self) -> int | None:
        """Bytes of the archive by config/zoo.lock, else by the catalogue; None if neither knows."""
        entry = self.lock_entry()
        return entry.size if entry is not None else self.network.archive.size

    @property
    def doc(self) -> str:
        return self.network.family

    def names(self, scope: Scope, *, with_exports: bool = False) -> tuple[str, ...]:
        """An export comes of a training."""
        if scope != "training":
            return super().names(scope)
        parent = self.network.parent
        return (f"{self.network.project}:{parent}",) if parent else ()


class ProjectJob(Job, frozen=True, kw_only=True):
    """One step of one project."""

    project: Project

    @property
    def name(self) -> str:
        return self.project.name

    @property
    def doc(self) -> str:
        return "project"

    def names(self, scope: Scope, *, with_exports: bool = False) -> tuple[str, ...]:
        if scope != "network":
            return super().names(scope)
        return self.project.all_networks if with_exports else self.project.networks


class TrainingJob(Job, frozen=True, kw_only=True):
    """One step of one network in one project."""

    project: Project
    network: Network

    @property
    def name(self) -> str:
        return f"{self.project.name}:{self.network.name}"

    @property
    def doc(self) -> str:
        return self.network.family

    @property
    def of_project(self) -> ProjectJob:
        """The project's own job, for what is asked of a project."""
        return ProjectJob(self.config, self.workspace, self.may_defer, project=self.project)

    def names(self, scope: Scope, *, with_exports: bool = False) -> tuple[str, ...]:
        if scope == "network":
            return (self.network.name,)
        if scope == "workspace" and self.network.trainer == "embedded":
            return ()  # it needs nothing that all others share
        return (self.project.name,) if scope == "project" else super().names(scope)


class WorkspaceJob(Job, frozen=True, kw_only=True):
    """A step that is done once, of the whole zoo."""

    @property
    def name(self) -> str:
        return ZOO

    @property
    def doc(self) -> str:
        return "all networks"


class Outcome(Struct, frozen=True):
    """What came of a step.

    Attributes:
        kind: `built`; `kept` if the receipt already matched; `deferred` if no host was reached;
            `failed` if the step did its work, and what it found is not as it should be.
        note: for the step's line: what was done, or why it was deferred.
        size: bytes that the step handled, if that means anything.
        lines: what the user must know, one sentence each: warnings, files moved aside.
    """

    kind: Literal["built", "kept", "deferred", "failed"]
    note: str = ""
    size: int | None = None
    lines: tuple[str, ...] = ()


def refusal(job: NetworkJob, why: str) -> RefusedError:
    """The error for what only the user can accept."""
    return RefusedError(job.name, why, f"`doit accept {job.name}` takes it into config/zoo.lock")


def pass_on(job: NetworkJob, path: Path, receipt: NetworkReceipt) -> Outcome:
    """Defer a step because the one before it was deferred, by this receipt.

    Raises:
        UnreachableError: this job may not be deferred.
        OSError: the receipt can't be written.
    """
    if not job.may_defer:
        raise UnreachableError(job.name, receipt.reason, "run doit again online")
    write(path, receipt)
    return Outcome("deferred", receipt.reason)


Unit = Literal["bytes", "pictures", "steps"]


class Progress:
    """Where a step tells how far it is; steps never print. By itself it shows nothing."""

    def begin(self, doing: str, total: int | None, unit: Unit = "bytes") -> None:
        """A phase begins: `doing` names it (`download`); `total` is given if it is known."""

    def advance(self, amount: int) -> None:
        """`amount` more is done."""

    def rewind(self, done: int) -> None:
        """Work was lost: `done` remains done (a server that ignored a range request)."""

    def detail(self, text: str, more: str = "") -> None:
        """How it stands, in a few words; and some more, where there is room for them."""

    def end(self) -> None:
        """The phase is over."""

    def wait(self, holder: str) -> None:
        """Another process does this work now: `holder` says which, and since when."""
        self.begin(f"wait for {holder}", None)

    def note(self, line: str) -> None:
        """Something that the user must know before the step is done."""

    def show(self, write: Callable[[TextIO], None]) -> None:
        """The step's result is something to read: `write` writes it to the stream it is given."""


class Silent(Progress):
    """For work whose progress nobody watches."""
