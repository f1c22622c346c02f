"""What a step is given, and what it gives back.

Every step is two functions in `tasks/<step>/step.py`:

    why_stale(job) -> str | None          reads stats and receipts only; None means up to date
    run(job, progress) -> Outcome         does the work, ends with the receipt; idempotent

`why_stale` never raises and never opens the network. `run` first asks whether its receipt already
matches; if so it answers `kept` at once, so a lost database costs a check and not a download.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from tasks.config.types import Config, Network, Project
from tasks.core.errors import UnreachableError
from tasks.core.paths import Cache, Workspace, default_cache
from tasks.core.receipts import write
from tasks.pipeline.receipts import NetworkReceipt


class Job(Struct, frozen=True):
    """The surroundings of a step.

    Attributes:
        may_defer: false when the network was named on the command line, or when the settings say
            so: then a host that can't be reached is an error.
    """

    config: Config
    workspace: Workspace
    may_defer: bool = True

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


class ProjectJob(Job, frozen=True, kw_only=True):
    """One step of one project."""

    project: Project

    @property
    def name(self) -> str:
        return self.project.name


class Outcome(Struct, frozen=True):
    """What came of a step.

    Attributes:
        kind: `built`; `kept` if the receipt already matched; `deferred` if no host was reached.
        note: for the step's line: what was done, or why it was deferred.
        size: bytes that the step handled, if that means anything.
        lines: what the user must know, one sentence each: warnings, files moved aside.
    """

    kind: Literal["built", "kept", "deferred"]
    note: str = ""
    size: int | None = None
    lines: tuple[str, ...] = ()


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


Unit = Literal["bytes", "pictures"]


class Progress(Protocol):
    """Where a step tells how far it is. Steps never print."""

    def begin(self, doing: str, total: int | None, unit: Unit = "bytes") -> None:
        """A phase begins: `doing` names it (`download`); `total` is given if it is known."""

    def advance(self, amount: int) -> None:
        """`amount` more is done."""

    def rewind(self, done: int) -> None:
        """Work was lost: `done` remains done (a server that ignored a range request)."""

    def end(self) -> None:
        """The phase is over."""

    def wait(self, holder: str) -> None:
        """Another process does this work now: `holder` says which, and since when."""


class Silent:
    """A `Progress` that shows nothing."""

    def begin(self, doing: str, total: int | None, unit: Unit = "bytes") -> None: ...

    def advance(self, amount: int) -> None: ...

    def rewind(self, done: int) -> None: ...

    def end(self) -> None: ...

    def wait(self, holder: str) -> None:
        self.begin(f"wait for {holder}", None)
