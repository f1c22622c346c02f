"""Take the networks of a bundle. It is hostile until it is checked: nothing of it is believed but
what its digests, and this workspace's own lock and catalogue, bear out.

Network after network is copied out of it, hashed, read like any download, and only then put into
the cache under its name. So a run that was killed costs the network that it was at; what it left is
a partial file as a download leaves it, and goes like one.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from tasks.bundle.layout import (
    BLOCK,
    END,
    INDEX,
    LARGEST_INDEX,
    Carried,
    Index,
    Piece,
    archive_name,
    header,
    pieces,
    places,
    size_in,
    total,
)
from tasks.bundle.pack import at_hand, portable
from tasks.config import lock
from tasks.config.load import compile_files
from tasks.config.reading import EXPORTS, NOT_READABLE
from tasks.config.types import Config, Network
from tasks.core.errors import (
    ConfigError,
    DamagedError,
    RefusedError,
    TodError,
    UnsafeArchiveError,
    UserFilesError,
)
from tasks.core.files import BLOCK as CHUNK
from tasks.core.files import (
    human_size,
    make_folders,
    open_file,
    remove,
    sha256_or_nothing,
    write_atomic,
)
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


class Bundle(NamedTuple):
    """A bundle whose members stand where they must; `archives`: name of a member → the byte at
    which its content begins."""

    file: Path
    networks: tuple[Carried, ...]
    archives: dict[str, int]


class Taken(NamedTuple):
    """What came of it: lines to print, and what was refused."""

    lines: list[str]
    errors: list[TodError]


def is_bundle(file: Path) -> bool:
    """Whether a file begins as a bundle does, whatever its name."""
    with open_file(file) as stream:
        return stream.read(100) == header(INDEX, 0)[:100]


def take(file: Path, config: Config, workspace: Workspace, progress: Progress) -> Taken:
    """Take every network that is not at hand. What is wrong with one does not keep the others.

    Raises:
        DamagedError: it is not whole, or it is no bundle.
        DiskError: there is too little room.
        OSError: something can't be read or written.
    """
    bundle = opened(file)
    wanted = [(one, job_of(one, config, workspace)) for one in bundle.networks]
    here = {job.name for one, job in wanted if is_at_hand(one, job)}
    needed = sum(one.size for one, job in wanted if job.name not in here)
    folder = WorkspaceJob(config, workspace).cache.root
    if needed:
        disks = by_disk([Writing(folder, needed, needed)])
        must_fit(str(file), disks, "make room, or set TOD_CACHE")
    taken = Taken([], [])
    progress.begin("adopt", sum(one.size for one, _ in wanted))
    try:
        for one, job in wanted:
            try:
                taken.lines.append(_take(bundle, one, job, progress, here=job.name in here))
            except TodError as error:
                taken.errors.append(error)
    finally:
        progress.end()
    done = count(len(taken.lines), "network")
    rest = "; `doit` does the rest" if taken.lines else ""
    taken.lines.insert(0, f"{file}: {done} of {len(wanted)} adopted{rest}")
    return taken


def opened(file: Path) -> Bundle:
    """The bundle in a file, after every byte but the archives' own was compared.

    Raises:
        DamagedError: it was cut off, changed, or is no bundle that this build reads.
        OSError: it can't be read.
    """
    todo = "copy it once more"
    with open_file(file) as stream:
        size = size_in(stream.read(BLOCK))
        if size is None or size > LARGEST_INDEX:
            raise DamagedError(str(file), "it is no bundle that this build reads", todo)
        head = stream.read(size)
        try:
            index = msgspec.json.decode(head, type=Index)
        except NOT_READABLE as error:
            why = f"its list of networks can't be read: {lock.decoding_fault(error)}"
            raise DamagedError(str(file), why, todo) from None
        every = pieces(head, index)
        if len({piece.name.casefold() for piece in every}) < len(every):
            raise UnsafeArchiveError(str(file), "it names a network twice")
        there = os.fstat(stream.fileno()).st_size
        if there < total(every):
            short = f"{human_size(total(every) - there)} of {human_size(total(every))} are missing"
            raise DamagedError(str(file), short, todo)
        for at, piece in places(every):
            _compare(stream.fileno(), file, at, piece)
        if os.pread(stream.fileno(), len(END) + 1, total(every) - len(END)) != END:
            raise UnsafeArchiveError(str(file), "it goes on behind its last network", todo)
    return Bundle(file, index.networks, {piece.name: at + BLOCK for at, piece in places(every)})


def _compare(descriptor: int, file: Path, at: int, piece: Piece) -> None:
    """What stands around an archive, or is known beforehand, has to be just that."""
    known = [(at, header(piece.name, piece.size)), (at + BLOCK, piece.content)]
    known.append((at + BLOCK + piece.size, piece.padding))
    for place, expected in known:
        if os.pread(descriptor, len(expected), place) != expected:
            why = f"at byte {place} it is not what a bundle has there"
            raise DamagedError(str(file), why, "copy it once more")


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
    download.run(job, Silent())
    lines = verify.run(job, Silent()).lines
    cache_users.note(job)
    return "\n".join([f"  {job.name}: {word}", *(f"  {line}" for line in lines)])


def must_agree(bundle: Bundle, carried: Carried, job: NetworkJob) -> None:
    """Raises RefusedError if this workspace trusts another archive, or may trust no new one."""
    settled = lock.settled(job.workspace.lock_file, job.network)
    if settled is None and job.locked:
        raise lock.locked_error(job.workspace.lock_file, job.name)
    if settled not in (None, carried.sha256):
        member = archive_name(carried)
        by = "config/zoo.lock" if job.lock_entry() is not None else "the catalogue"
        why = f"the bundle has sha256 {carried.sha256}, {by} {settled}"
        unpack = shlex.join(["tar", "-xf", str(bundle.file), member])
        accept = shlex.join(["doit", "accept", job.name, member])
        raise RefusedError(job.name, why, f"`{unpack}` and `{accept}` trust it all the same")


def _copy(bundle: Bundle, carried: Carried, job: NetworkJob, progress: Progress) -> None:
    """Bring the archive into the cache; nothing wrong ever has its name there."""
    make_folders(archive_cache.cached(job).parent)
    with partial_file(job) as (aside, copy):
        _extract(bundle, carried, copy, progress)
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


def _extract(bundle: Bundle, carried: Carried, copy: IO[bytes], progress: Progress) -> None:
    digest, left = hashlib.sha256(), carried.size
    with open_file(bundle.file) as stream:
        stream.seek(bundle.archives[archive_name(carried)])
        while left and (block := stream.read(min(CHUNK, left))):
            digest.update(block)
            copy.write(block)
            left -= len(block)
            progress.advance(len(block))
    if digest.hexdigest() != carried.sha256:
        name, found = carried.network.name, digest.hexdigest()
        why = f"damaged in the bundle: its sha256 is {found}, not {carried.sha256}"
        raise DamagedError(name, why, "copy the bundle once more")
    copy.flush()
    os.fsync(copy.fileno())


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
