"""The archives at hand: local files, read in place, and our own copies in the cache.

Only our own copies are ever moved or removed. Beside each of them lies its record: where it came
from and its digests. Others may write to the cache, so a record is a claim and never evidence:
whoever takes an archive from the cache hashes it. A workspace notes the size and mtime of the
archive that it read, which let it be taken for unchanged by one stat.

What moves or writes raises OSError where the cache can't be written.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from tasks.config.types import Network
from tasks.core.addresses import redacted, without_user
from tasks.core.files import (
    BLOCK,
    atomic_writer,
    is_file,
    make_folders,
    remove,
    sha256_of,
    sync_folder,
    write_atomic,
)
from tasks.core.paths import Cache
from tasks.core.receipts import read
from tasks.core.temporary import read_small
from tasks.pipeline.job import NetworkJob
from tasks.pipeline.receipts import DownloadReceipt

SetAside = Literal["damaged", "refused"]


class ArchiveRecord(msgspec.Struct, frozen=True, kw_only=True, rename={"attested_by": "witness"}):
    """What is known of an archive's bytes.

    Attributes:
        source: the address that they came from, without secrets (see `addresses`), or `adopted`.
        sha256, size: of the archive, in bytes.
        etag, last_modified, generation: what the server sent to tell this object from another;
            "" if it sent none.
        attested_by: as in `DownloadReceipt`.
        mtime_ns: of the file; with the size it tells an untouched file without reading it.
        also_refused: of a refused copy: what other sources gave that is not kept.
    """

    source: str = ""
    sha256: str = ""
    size: int = 0
    etag: str = ""
    last_modified: str = ""
    generation: str = ""
    attested_by: str = ""
    mtime_ns: int = 0
    also_refused: tuple[ArchiveRecord, ...] = ()

    @property
    def came_plainly(self) -> bool:
        """Whether anyone on the way may have sent these bytes: they came over plain http."""
        return self.attested_by == "none" or self.source.lower().startswith("http://")


def object_key(network: Network, root: Path) -> str:
    """Twelve digits that stand for the object that the network's own sources name.

    Mirrors do not count: they hold the same object. Nor do names and passwords. Relative paths are
    taken from `root`, so that two workspaces' `exports/mine.tar.gz` are two objects.
    """
    sources = [without_user(source) for source in network.sources]
    for place, source in enumerate(sources):
        if "://" not in source and not source.startswith("~") and not os.path.isabs(source):
            sources[place] = root.resolve().joinpath(source).as_posix()
    return hashlib.sha256("\n".join(sources).encode()).hexdigest()[:12]


def cached(job: NetworkJob) -> Path:
    """Where the cached archive of this network would lie."""
    return job.cache.archive(job.name, object_key(job.network, job.workspace.root))


def read_record(path: Path) -> ArchiveRecord | None:
    """The record in this JSON file, or None if there is none that can be read."""
    return read_small(path, ArchiveRecord)


def write_record(path: Path, record: ArchiveRecord) -> None:
    """Replace the record, whole or not at all."""
    record = msgspec.structs.replace(record, source=redacted(record.source))
    write_atomic(path, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def is_untouched(path: Path, record: ArchiveRecord | None) -> bool:
    """Whether a stat finds the file as the record noted it; no byte is read."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    found = (status.st_size, status.st_mtime_ns)
    return record is not None and found == (record.size, record.mtime_ns)


def shared_caches(job: NetworkJob) -> tuple[Cache, ...]:
    """The caches that are only read, in the order to look at them. The user's own is none of them,
    whatever way its path is written."""
    folders = (os.path.expanduser(text) for text in job.config.settings.shared_caches)  # noqa: PTH111
    every = (Cache(job.workspace.root / folder) for folder in folders)
    return tuple(cache for cache in every if not _is_same(cache.root, job.cache.root))


def _is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one folder, be it there or not."""
    with suppress(OSError):
        return one.samefile(other)
    return os.path.realpath(one) == os.path.realpath(other)


def is_shared(job: NetworkJob, path: Path) -> bool:
    """Whether this is a file of such a cache."""
    return any(path.is_relative_to(cache.root) for cache in shared_caches(job))


def local_archive(job: NetworkJob) -> Path | None:
    """The local file that the last download chose to read in place, or None."""
    receipt = read(job.receipt("download"), DownloadReceipt)
    return job.workspace.root / receipt.archive if receipt and receipt.archive else None


def archive_of(job: NetworkJob) -> Path | None:
    """The archive at hand, or None if it is gone."""
    path = local_archive(job) or cached(job)
    return path if is_file(path) else None


def is_ours(job: NetworkJob, path: Path) -> bool:
    """Whether this is a copy of our own, below the cache: only those may be moved or removed."""
    place = path.parent.resolve() / path.name
    local = local_archive(job)
    if local is not None and place == local.parent.resolve() / local.name:
        return False
    return place.is_relative_to(job.cache.root.resolve())


def set_aside(job: NetworkJob, path: Path, why: SetAside) -> Path | None:
    """Move an archive and its record out of the way, in place of an older one set aside so.

    Returns:
        Where it is now, or None for a file that is not ours: that one stays where it is.
    """
    if not is_ours(job, path):
        return None
    return _move(job, path, job.cache.set_aside(path, why))


def _move(job: NetworkJob, path: Path, target: Path) -> Path:
    """Move the archive last: a record without its archive means nothing, and does no harm."""
    make_folders(target.parent)
    with suppress(FileNotFoundError):
        os.replace(job.cache.record(path), job.cache.record(target))
    os.replace(path, target)
    for folder in (target.parent, path.parent):
        sync_folder(folder)
    return target


def name_by_digest(job: NetworkJob, sha256: str) -> None:
    """Give the cached copy, which has this sha256, a name that tells it."""
    key = object_key(job.network, job.workspace.root)
    _move(job, cached(job), job.cache.archive(job.name, f"{key}-{sha256[:12]}"))


def refused(job: NetworkJob) -> Path | None:
    """The refused copy that waits for the user's word, or None."""
    path = job.cache.set_aside(cached(job), "refused")
    return path if is_file(path) else None


def readmit(job: NetworkJob) -> Path:
    """Move the refused copy back among the archives."""
    return _move(job, job.cache.set_aside(cached(job), "refused"), cached(job))


def drop(job: NetworkJob, *, refused: bool = False) -> None:
    """Remove the cached copy, or the refused one, if there is one. Local archives stay."""
    archive = job.cache.set_aside(cached(job), "refused") if refused else cached(job)
    remove(archive)
    remove(job.cache.record(archive))


def put(job: NetworkJob, file: Path, record: ArchiveRecord) -> Path:
    """Copy a file into the cache; the file itself stays as it is.

    Args:
        record: where the file is from; digest, size and mtime are filled in here.
    """
    import shutil  # a slow import, and every doit loads this module

    target = cached(job)
    with open(file, "rb") as source, atomic_writer(target) as copy:
        shutil.copyfileobj(source, copy, BLOCK)
    note(job, target, record)
    return target


def note(job: NetworkJob, archive: Path, record: ArchiveRecord) -> ArchiveRecord:
    """Hash an archive in the cache and write its record beside it."""
    full = measured(job, archive, record)
    write_record(job.cache.record(archive), full)
    return full


def measured(job: NetworkJob, path: Path, record: ArchiveRecord) -> ArchiveRecord:
    """The record with the file's digest, size and mtime as they are now.

    The stat comes before the reading: a file that changes meanwhile is seen as touched.

    Raises:
        OSError: the file can't be read, or is larger than any archive may be.
    """
    status = os.stat(path)
    sha256 = sha256_of(path, job.config.settings.max_unpacked)
    return msgspec.structs.replace(
        record, sha256=sha256, size=status.st_size, mtime_ns=status.st_mtime_ns
    )
