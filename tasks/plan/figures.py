"""What is stale and why, what would be fetched and from where, and what it takes on which disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from tasks.core import addresses
from tasks.core.errors import TodError
from tasks.core.files import free_space
from tasks.core.receipts import read
from tasks.download.outlook import Outlook, Place, outlook, writings
from tasks.download.shared import unreadable
from tasks.pipeline.job import Job, NetworkJob
from tasks.pipeline.receipts import NetworkReceipt
from tasks.pipeline.room import Disk, by_disk
from tasks.pipeline.step import AnyStep
from tasks.smoke import picture as pictures
from tasks.training import wheels
from tasks.web.sources import parse

State = Literal["stale", "follows", "current"]
Chosen = Mapping[tuple[str, str], tuple[AnyStep, Job]]
Before = Callable[[AnyStep, Job], Iterable[tuple[str, str]]]


class Item(Struct, frozen=True, kw_only=True):
    """A step for one name.

    Attributes:
        state: `stale`: it will be done; `follows`: it is done if what comes before it comes out
            otherwise than last time; `current`: there is nothing to do.
        why: why it is stale; "" if it is not.
    """

    step: str
    name: str
    state: State
    why: str = ""


class Fetch(Struct, frozen=True, kw_only=True):
    """How a network's archive will come; see `Outlook`.

    Attributes:
        size, bytes: of the archive, and of those what comes over the network; None if unknown.
        why: if it can come from nowhere, why.
    """

    network: str
    place: Place
    source: str
    size: int | None
    bytes: int | None
    why: str = ""


class Plan(Struct, frozen=True, kw_only=True):
    """All that is known before a run.

    Attributes:
        besides: what else would be fetched, of unknown size, a clause each.
        disks: only what archives and networks take; records, trainings and pages are not counted.
        notes: what is passed over, a line each.
    """

    items: tuple[Item, ...]
    fetches: tuple[Fetch, ...]
    besides: tuple[str, ...]
    disks: tuple[Disk, ...]
    notes: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        return all(disk.fits for disk in self.disks)

    @property
    def is_complete(self) -> bool:
        """Whether every size is known, so that the disks' figures are no less than what comes."""
        return all(fetch.size is not None for fetch in self.fetches)


def plan(chosen: Chosen, before: Before, free: Callable[[Path], int] = free_space) -> Plan:
    """Look up what a run would do.

    Args:
        chosen: step's title and name → both, in the order in which they are done.
        before: the steps and names that come before one of them.

    Raises:
        ConfigError: config/zoo.lock can't be read.
        OSError: the cache can't be read.
    """
    items = tuple(_items(chosen, before))
    stale = {(item.step, item.name) for item in items if item.state == "stale"}
    jobs = [job for step, job in chosen.values() if step.title == "download"]
    seen = [
        (job, outlook(job))
        for job in jobs
        if isinstance(job, NetworkJob) and {("download", job.name), ("extract", job.name)} & stale
    ]
    coming = [(job, found) for job, found in seen if ("download", job.name) in stale]
    return Plan(
        items=items,
        fetches=tuple(_fetch(job, found) for job, found in coming),
        besides=tuple(_besides(chosen, stale)),
        disks=by_disk([one for job, found in seen for one in writings(job, found)], free),
        notes=unreadable(coming[0][0]) if coming else (),
    )


def _items(chosen: Chosen, before: Before) -> Iterator[Item]:
    moving: set[tuple[str, str]] = set()
    for (title, name), (step, job) in chosen.items():
        why = _why_stale(step, job) or _why_deferred(step, job)
        earlier = {(one.removeprefix("_"), whom) for one, whom in before(step, job)}
        state: State = "stale" if why is not None else "follows" if earlier & moving else "current"
        if state != "current":
            moving.add((title, name))
        yield Item(step=title, name=name, state=state, why=why or "")


def _why_stale(step: AnyStep, job: Job) -> str | None:
    try:
        return step.work().why_stale(job)
    except (TodError, OSError) as error:  # the step meets it again, and tells of it
        return addresses.redacted_text(str(error))


def _why_deferred(step: AnyStep, job: Job) -> str | None:
    """Why a step was not done at all, and so is to be done once what it waits for is there."""
    receipt = read(job.receipt(step.title), NetworkReceipt)
    if receipt is None or receipt.status != "deferred":
        return None
    return f"deferred: {receipt.reason}"


def _fetch(job: NetworkJob, found: Outlook) -> Fetch:
    return Fetch(
        network=job.name,
        place=found.place,
        source=found.source,
        size=found.size,
        bytes=found.to_fetch,
        why=found.why,
    )


def _besides(chosen: Chosen, stale: set[tuple[str, str]]) -> Iterator[str]:
    trainers = [chosen[key][1] for key in stale if key[0] == "trainer"]
    if any(not wheels.at_hand(job) for job in trainers):
        yield "the packages that train, from the package registry"
    told = set()
    for key, (_, job) in chosen.items():
        if key not in stale or key[0] != "smoke" or not isinstance(job, NetworkJob):
            continue
        choice = pictures.choose(job.config, job.network)
        if choice.kind == "catalogue" and choice.name not in told:
            told.add(choice.name)
            picture = job.config.pictures[choice.name]
            if not pictures.cached(job.cache, picture).is_file():
                yield f"the picture {choice.name}, from {parse(picture.source).host}"
