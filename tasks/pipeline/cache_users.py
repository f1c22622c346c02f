"""Which workspaces use the cache: each leaves a note there whenever it put something in or took
something out, or finds that it was moved, so that `doit gc` knows what is still needed.

A note says what the workspace needed then. That counts where the workspace can't be looked at: it
may be on a disk that is not mounted now.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from tasks.config import lock
from tasks.core.errors import ConfigError
from tasks.core.files import (
    LARGEST_STATE,
    is_file,
    read_file,
    sha256_or_nothing,
    write_if_changed,
)
from tasks.core.paths import Cache, Workspace
from tasks.core.receipts import read
from tasks.core.temporary import is_own, open_plain
from tasks.pipeline import archive_cache
from tasks.pipeline.job import Job, NetworkJob
from tasks.pipeline.receipts import DownloadReceipt

TRAINER_LOCK = "requirements-train.lock"
LARGEST_LOCK = 1 << 20  # bytes


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace that uses the cache.

    Attributes:
        path: of its folder, absolute.
        archives: file names, in the cache, of the archives that it names.
        digests: sha256 of those that its lock has.
        pictures: what the file names of its catalogue's pictures begin with.
        trainer: what the names of its folders of trainer packages, and of what they are installed
            from, begin with; "" for none.
    """

    path: str
    archives: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    trainer: str = ""
    pictures: tuple[str, ...] = ()


def note_of(cache: Cache, workspace: Workspace) -> Path:
    """Where the note of this workspace lies."""
    path = str(workspace.root.resolve())
    key = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return cache.root / "workspaces" / f"{key}.json"


def note(job: Job) -> None:
    """Note that this workspace uses the cache, and what for. A cache that can't be written is none
    that anything could be swept from: then there is no note."""
    with suppress(OSError, ConfigError, UnicodeEncodeError):
        place = note_of(job.cache, job.workspace)
        write_if_changed(place, msgspec.json.format(msgspec.json.encode(user_of(job))) + b"\n")
    with suppress(OSError):
        write_if_changed(job.workspace.noted_place, _place(job.workspace))


def note_if_moved(job: Job) -> None:
    """Note it anew if it was moved or copied since the last note. Asked by every run, for where all
    is up to date no step does."""
    with suppress(OSError):
        if read_file(job.workspace.noted_place, LARGEST_STATE) != _place(job.workspace):
            note(job)


def _place(workspace: Workspace) -> bytes:
    return os.fsencode(os.path.realpath(workspace.root))


def user_of(job: Job) -> User:
    """What the job's workspace needs of the cache now: what its lock, its projects and its receipts
    name.

    Raises:
        ConfigError: config/zoo.lock can't be read.
        OSError: a file can't be read.
    """
    config, workspace = job.config, job.workspace
    entries = lock.read(workspace.lock_file)
    receipts = [
        read(workspace.receipt("download", name), DownloadReceipt) for name in config.networks
    ]
    got = {receipt.sha256 for receipt in receipts if receipt is not None and receipt.sha256}
    named = [config.networks[name] for name in {*config.wanted, *entries} & {*config.networks}]
    return User(
        path=str(workspace.root.resolve()),
        archives=tuple(
            sorted(
                job.cache.archive(one.name, archive_cache.object_key(one, workspace.root)).name
                for one in named
            )
        ),
        digests=tuple(sorted({entry.sha256 for entry in entries.values()} | got)),
        trainer=trainer_of(workspace),
        pictures=tuple(sorted(one.sha256[:16] for one in config.pictures.values())),
    )


def trainer_of(workspace: Workspace) -> str:
    """What the folder of the packages that this workspace's lock names begins with; see
    `training.packages`."""
    return sha256_or_nothing(workspace.root / TRAINER_LOCK, LARGEST_LOCK)[:12]


def users(cache: Cache) -> tuple[dict[Path, User], list[Path]]:
    """The notes of all workspaces that used the cache, and those that can't be read."""
    found: dict[Path, User] = {}
    unreadable = []
    for path in sorted((cache.root / "workspaces").glob("*.json")):
        try:
            with open_plain(path) as file:
                found[path] = msgspec.json.decode(file.read(LARGEST_STATE), type=User)
        except (OSError, ValueError):
            unreadable.append(path)
    return found, unreadable


def keep_for_others(job: NetworkJob, sha256: str) -> bool:
    """Before an archive of this sha256 takes the place of the network's cached copy: give that one
    a name of its own, if another workspace needs just its bytes. It is found by its digest there.

    Returns:
        Whether it was so.

    Raises:
        OSError: the cache can't be written.
    """
    path = archive_cache.cached(job)
    record = archive_cache.read_record(job.cache.record(path))
    if record is None or record.sha256 in ("", sha256) or not is_file(path) or not is_own(path):
        return False
    here = str(job.workspace.root.resolve())
    others = (user for user in users(job.cache)[0].values() if user.path != here)
    if not any(record.sha256 in user.digests for user in others):
        return False
    archive_cache.name_by_digest(job, record.sha256)
    return True
