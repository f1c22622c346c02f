"""Take the networks of a bundle. It is hostile until it is checked: nothing of it is believed but
what its digests, and this workspace's own lock and catalogue, bear out.

Network after network is copied out of it, hashed, read like any download, and only then put into
the cache under its name. So a run that was killed costs the network that it was at; what it left is
a partial file as a download leaves it, and goes like one.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
from msgspec.structs import asdict, replace

from tasks.bundle import packages
from tasks.bundle.layout import Carried, archive, contents
from tasks.bundle.pack import at_hand, portable
from tasks.bundle.reading import Bundle, extract, opened
from tasks.config import lock
from tasks.config.load import compile_files
from tasks.config.reading import EXPORTS
from tasks.config.types import Config, Network
from tasks.core.errors import ConfigError, RefusedError, TodError, UserFilesError
from tasks.core.files import make_folders, remove, sha256_or_nothing, write_atomic
from tasks.core.paths import Workspace
from tasks.core.temporary import create_held, token
from tasks.core.text import count
from tasks.download import step as download
from tasks.download.cached import must_be_replaceable, publish
from tasks.download.partial import remove_orphans
from tasks.download.stale import is_installed
from tasks.formats.toml import network_table
from tasks.pipeline import archive_cache, cache_users
from tasks.pipeline.archive_cache import ArchiveRecord
from tasks.pipeline.job import NetworkJob, Progress, Silent, WorkspaceJob
from tasks.pipeline.room import Writing, by_disk, must_fit
from tasks.verify import step as verify
from tasks.verify.work import verify_file


class Taken(NamedTuple):
    """What came of it: lines to print, and what was refused."""

    lines: list[str]
    errors: list[TodError]

    @contextmanager
    def caught(self) -> Iterator[None]:
        """What is refused in the block does not keep the rest."""
        try:
            yield
        except TodError as error:
            self.errors.append(error)


def take(file: Path, config: Config, workspace: Workspace, progress: Progress) -> Taken:
    """Take every network that is not at hand, and the trainer's packages if it has them. What is
    wrong with one does not keep the others.

    Raises:
        DamagedError: it is not whole, or it is no bundle.
        DiskError: there is too little room.
        OSError: something can't be read or written.
    """
    bundle = opened(file)
    wanted = [(one, job_of(one, config, workspace)) for one in bundle.listed.networks]
    here = {job.name for one, job in wanted if is_at_hand(one, job)}
    own, training = WorkspaceJob(config, workspace), bundle.listed.training
    needed = sum(one.size for one, job in wanted if job.name not in here)
    needed += packages.size_to_come(bundle, own)
    if needed:
        disks = by_disk([Writing(own.cache.root, needed, needed)])
        must_fit(str(file), disks, "make room, or set TOD_CACHE")
    taken = Taken([], [])
    progress.begin("adopt", sum(piece.size for piece in contents(bundle.listed)))
    try:
        for one, job in wanted:
            with taken.caught():
                taken.lines.append(_take(bundle, one, job, progress, here=job.name in here))
        done = f"{count(len(taken.lines), 'network')} of {len(wanted)}"
        if training is not None:
            with taken.caught():
                taken.lines.append(packages.take(bundle, training, own, progress))
    finally:
        progress.end()
    rest = "; `doit` does the rest" if taken.lines else ""
    taken.lines.insert(0, f"{file}: {done} adopted{rest}")
    return taken


def job_of(carried: Carried, config: Config, workspace: Workspace) -> NetworkJob:
    """A job for the network: as this workspace knows it, else as the bundle has it."""
    network = config.networks.get(carried.network.name) or portable(carried.network, config)
    return NetworkJob(config, workspace, network=network)


def is_at_hand(carried: Carried, job: NetworkJob) -> bool:
    """Whether this very archive is here, hashed now, or the network that was unpacked from it."""
    archive = at_hand(job)
    here = sha256_or_nothing(archive, job.config.settings.max_unpacked) if archive else ""
    return here == carried.sha256 or is_installed(job, carried.sha256)


def _take(
    bundle: Bundle, carried: Carried, job: NetworkJob, progress: Progress, *, here: bool
) -> str:
    must_agree(bundle, carried, job)
    is_new = job.name not in job.config.networks
    if here:
        progress.advance(carried.size)
        word = "at hand already"
    else:
        must_be_replaceable(job)
        _copy(bundle, carried, job, progress)
        word = "adopted"
    if is_new:
        word += f"; its table is in {_enter(job)}"
    elif others := differences(carried.network, job):
        word += f"; the table here, which stays, differs from the bundle's in {', '.join(others)}"
    download.run(job, Silent())
    lines = verify.run(job, Silent()).lines
    cache_users.note(job)
    return "\n".join([f"  {job.name}: {word}", *(f"  {line}" for line in lines)])


def differences(theirs: Network, job: NetworkJob) -> list[str]:
    """The fields in which a network's table in a bundle is unlike the one here, as that would be
    packed."""
    here, there = (
        asdict(replace(portable(one, job.config), labels=job.config.label_ids(one)))
        for one in (job.network, theirs)
    )
    return [name for name in here if here[name] != there[name]]


def must_agree(bundle: Bundle, carried: Carried, job: NetworkJob) -> None:
    """Raises RefusedError if this workspace trusts another archive, or may trust no new one."""
    settled = lock.settled(job.workspace.lock_file, job.network)
    if settled is None and job.locked:
        raise lock.locked_error(job.workspace.lock_file, job.name)
    if settled not in (None, carried.sha256):
        member = archive(carried).name
        by = "config/zoo.lock" if job.lock_entry() is not None else "the catalogue"
        why = f"the bundle has sha256 {carried.sha256}, {by} {settled}"
        unpack = shlex.join(["tar", "-xf", str(bundle.file), member])
        accept = shlex.join(["doit", "accept", job.name, member])
        raise RefusedError(job.name, why, f"`{unpack}` and `{accept}` trust it all the same")


def _copy(bundle: Bundle, carried: Carried, job: NetworkJob, progress: Progress) -> None:
    """Bring the archive into the cache; nothing wrong ever has its name there."""
    make_folders(archive_cache.cached(job).parent)
    with partial_file(job) as (aside, copy):
        extract(bundle, archive(carried), job.name, copy, progress)
        verify_file(job, aside, Silent())
        record = ArchiveRecord(source="adopted", attested_by="bundle")
        if os.name == "nt":  # where a file that is open can't be renamed
            copy.close()
        publish(job, aside, archive_cache.measured(job, aside, record))


@contextmanager
def partial_file(job: NetworkJob) -> Iterator[tuple[Path, IO[bytes]]]:
    """A new file for the network's archive among those of downloads, held for as long as the block
    lasts; it is gone afterwards, unless it was renamed. What killed runs left goes first."""
    place = job.cache.partial(job.name, archive_cache.object_key(job.network, job.workspace.root))
    make_folders(place.parent)
    remove_orphans(place)
    aside, descriptor = create_held(lambda: place.with_name(f"{place.stem}.{token()}.part"))
    try:
        with open(descriptor, "wb") as copy:
            yield aside, copy
    finally:
        remove(aside)


def _enter(job: NetworkJob) -> str:
    """Write the table of a network that is unknown here to where doit reads it; give the path.

    Raises:
        UserFilesError: a file of that name is there.
        RefusedError: the configuration would not be one any more with it.
    """
    place = f"{EXPORTS}/{job.name}.toml"
    path = job.workspace.root / place
    if os.path.lexists(path):
        raise UserFilesError(place, "it would hold the network's table", "move it away")
    write_atomic(path, _table(job.network))
    try:
        compile_files(job.workspace)
    except ConfigError as error:
        remove(path)
        why = f"its table can't be used here: {error.faults[0]}"
        raise RefusedError(job.name, why, "ask who packed it") from None
    return place


def _table(network: Network) -> bytes:
    fields = msgspec.to_builtins(network)
    about = "Taken from a bundle by `doit adopt`; doit reads it as part of its catalogue."
    return network_table(fields.pop("name"), fields, about)


def raised(errors: Sequence[TodError]) -> TodError:
    """All that was refused, as one error."""
    if len(errors) == 1:
        return errors[0]
    return RefusedError("adopt", "; ".join(str(error) for error in errors))
