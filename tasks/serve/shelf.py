"""What is served: the archives at hand whose sha256 config/zoo.lock names, and no other file.

Each is known by the path that a workspace with `mirrors = ["http://…"]` asks for. Paths are looked
up here, never joined to a folder's name. An archive is hashed before it is first served, and again
when a stat finds that it changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from threading import Lock

from tasks.config import lock
from tasks.config.types import Config, LockEntry
from tasks.core.files import is_file, open_file
from tasks.core.paths import Workspace
from tasks.download.stale import command_for_archive, why_stale
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob, Progress
from tasks.web.sources import mirror_path

State = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """An archive that may be sent.

    Attributes:
        path: as a mirror is asked for it: `/20200711/net.tar.gz`.
        size: in bytes.
    """

    path: str
    sha256: str
    size: int

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


class Shelf:
    """The archives that a workspace has to give. Threads may ask at the same time."""

    def __init__(self, config: Config, workspace: Workspace) -> None:
        """Of two networks with one path it is the one that config/zoo.lock names.

        Raises:
            ConfigError: config/zoo.lock can't be read.
        """
        self._lock_file = workspace.lock_file
        self._paths = {name: mirror_path(one) for name, one in config.networks.items()}
        self._jobs: dict[str, NetworkJob] = {}
        entries = lock.read(self._lock_file)
        for name, path in sorted(self._paths.items(), key=lambda one: one[0] not in entries):
            if path is not None:
                job = NetworkJob(config, workspace, network=config.networks[name])
                self._jobs.setdefault(path, job)
        self._cached = {path: archive_cache.cached(job) for path, job in self._jobs.items()}
        self._turns = {path: Lock() for path in self._jobs}
        self._digests: dict[str, tuple[State, str]] = {}  # path → state of the file, its sha256

    def open(self, path: str) -> tuple[Served, BufferedReader] | None:
        """The archive of that path, opened, or None if there is none that may be served.

        Raises:
            ConfigError: config/zoo.lock can't be read.
            OSError: the archive can't be read.
        """
        job = self._jobs.get(path)
        entry = job.lock_entry() if job is not None else None
        if job is None or entry is None:
            return None
        file = _opened(self._archive(path), entry)
        if file is None:
            return None
        try:
            if self._sha256(path, file) == entry.sha256:
                file.seek(0)
                return Served(path, entry.sha256, entry.size), file
        except BaseException:
            file.close()
            raise
        file.close()
        return None

    def _archive(self, path: str) -> Path | None:
        archive = archive_cache.local_archive(self._jobs[path]) or self._cached[path]
        return archive if is_file(archive) else None

    def _sha256(self, path: str, file: BufferedReader) -> str:
        """Of the open file: remembered as long as a stat finds it unchanged. Of many clients that
        ask for one archive, one has it hashed and the others wait."""
        with self._turns[path]:
            before = state_of(file)
            known = self._digests.get(path)
            if known is None or known[0] != before:
                known = (before, hashlib.file_digest(file, "sha256").hexdigest())
                self._digests[path] = known
            return known[1] if state_of(file) == before else ""

    def look(self, progress: Progress) -> tuple[list[Served], list[str]]:
        """All that is served, and a line for each archive that the lock names and that no mirror
        can be asked for, is other bytes, or gone though its network is installed. What was not
        hashed yet is.

        Raises:
            ConfigError: config/zoo.lock can't be read.
        """
        entries = lock.read(self._lock_file)
        named = {path: entries[job.name] for path, job in self._jobs.items() if job.name in entries}
        found: list[Served] = []
        lines = list(self._unserved(entries))
        progress.begin("look at archives", sum(entry.size for entry in named.values()))
        for path, entry in named.items():
            archive = self._archive(path)
            try:
                opened = self.open(path)
                if opened is not None:
                    found.append(opened[0])
                    opened[1].close()
                elif archive is not None:
                    lines.append(f"{archive} is not what config/zoo.lock names; it is not served")
                elif why_stale(self._jobs[path]) is None:
                    lines.append(_told_of_gone(self._jobs[path]))
            except OSError as error:
                lines.append(f"{archive} can't be read ({error.strerror}); it is not served")
            progress.advance(entry.size)
        progress.end()
        return found, lines

    def _unserved(self, entries: Mapping[str, LockEntry]) -> Iterator[str]:
        """A line for each network of the lock that is not known by a path of its own."""
        for name, path in self._paths.items():
            if name not in entries:
                continue
            owner = self._jobs[path].name if path is not None else ""
            if not owner:
                why = "its sources are no addresses, and a mirror is asked by an address"
            elif owner != name and entries.get(owner) != entries[name]:
                why = f"a mirror is asked for it as for {owner}, {path}"
            else:
                continue
            yield f"{name} is not served: {why}; `doit bundle FILE {name}` carries it"


def _told_of_gone(job: NetworkJob) -> str:
    command = command_for_archive(job)
    return f"{job.name} is installed and its archive is gone; `{command}` fetches it to be served"


def _opened(archive: Path | None, entry: LockEntry) -> BufferedReader | None:
    """The archive, if it is there and has the size that the lock tells."""
    if archive is None:
        return None
    file = open_file(archive)
    if os.fstat(file.fileno()).st_size == entry.size:
        return file
    file.close()
    return None


def state_of(file: BufferedReader) -> State:
    """What changes when an open file is changed."""
    status = os.fstat(file.fileno())
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
