"""What a worker holds: networks, unpacked, for all its machine's workers; pictures, for itself.

    <cache>/cluster/networks/<sha256 of the archive>-<digest of the tree>/
    <cache>/cluster/.pictures-<token>/<sha256>     gone when their run is over, or with the
                                                   process, or when the next one is asked for
                                                   something; beside them, archives that come

A network is unpacked by the code that `doit` itself unpacks with, and compared with what the order
names: the archive's digest, and the tree's. One that lies there already is read through before it
is used. From then on a stat of each file tells, before and after each use, whether it is still what
was read; so it does for pictures. OSError is raised where the cache can't be read or written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from functools import cache
from pathlib import Path

from tasks.archives.reading import Tree, Wanted, read_file, tree_digest
from tasks.archives.tar import Limits
from tasks.cluster import mirrors
from tasks.cluster.orders import Held, WantedNetwork
from tasks.core.errors import TodError
from tasks.core.files import free_space, make_folders, remove, sha256_of
from tasks.core.paths import Cache, default_cache
from tasks.core.staging import made_aside, remove_strays
from tasks.pipeline.archive_cache import read_record

Marks = dict[Path, tuple[int, int, int, int]]

SHARE_KEPT = 4
"""Pictures may take this part of the disk's free space; the oldest go first."""


class Store:
    """What this process holds. Its methods are called one at a time."""

    def __init__(self, root: Path, most_kept: int | None = None) -> None:
        self._held = ExitStack()
        self.networks = root / "networks"
        make_folders(self.networks)
        remove_strays(root / ".pictures")
        self.pictures = self._held.enter_context(made_aside(root / ".pictures"))
        self._marks: Marks = {}  # of the pictures, in the order of their coming
        self._most_kept = free_space(root) // SHARE_KEPT if most_kept is None else most_kept
        self._right: dict[Path, Marks] = {}  # networks that were read through
        self._parts: dict[str, Path] = {}  # archives that are coming

    def close(self) -> None:
        """Remove what only this process could use."""
        self._held.close()

    def network(self, wanted: WantedNetwork) -> Held:
        """How it stands with a network; it is unpacked if its archive is in one of the caches, or a
        mirror has it."""
        folder = self._folder(wanted)
        is_right = self._is_as_read(folder) or (folder.is_dir() and _tree_of(folder) == wanted.tree)
        if is_right or self._is_unpacked(wanted, folder) or self._is_fetched(wanted, folder):
            self._right[folder] = _marks(_files(folder))
            return Held(here=True)
        part = self._parts.get(folder.name)
        return Held(offset=part.stat().st_size if part else 0)

    def _folder(self, wanted: WantedNetwork) -> Path:
        return self.networks / f"{wanted.archive_sha256[:32]}-{wanted.tree[:32]}"

    def _is_as_read(self, folder: Path) -> bool:
        """Whether no file of a network that was found right was touched since."""
        return folder in self._right and self._right[folder] == _marks(_files(folder))

    def _is_unpacked(self, wanted: WantedNetwork, folder: Path) -> bool:
        """Whether one of the caches had the archive."""
        for archive in _archives(wanted):
            with suppress(TodError):  # another copy may be right
                self._unpack(archive, wanted, folder)
                return True
        return False

    def _is_fetched(self, wanted: WantedNetwork, folder: Path) -> bool:
        """Whether a mirror had the archive, which is unpacked then and not kept."""
        for address in wanted.mirrors:
            part = self.pictures / f"{folder.name}.part"
            try:
                mirrors.fetch(address, wanted, part)
                self._unpack(part, wanted, folder)
            except TodError:
                continue  # another one, or whoever sends the order, may have it
            finally:
                remove(part)
            return True
        return False

    def take(self, wanted: WantedNetwork, offset: int, content: bytes) -> Held:
        """Take some bytes of an archive; the last of them have it unpacked."""
        folder = self._folder(wanted)
        name = folder.name
        part = self._parts.setdefault(name, self.pictures / f"{name}.part")
        with open(part, "ab") as file:
            if file.tell() != offset:
                return Held(offset=file.tell())
            file.write(content)
        if offset + len(content) < wanted.archive_size:
            return Held(offset=offset + len(content))
        try:
            self._unpack(part, wanted, folder)
        except TodError as error:
            return Held(fault=f"the archive that was sent {error.why}")
        finally:
            remove(self._parts.pop(name))
        self._right[folder] = _marks(_files(folder))
        return Held(here=True)

    def folder(self, wanted: WantedNetwork) -> Path | None:
        """Where a network lies that was found right, and was not touched since; None if there is
        none."""
        folder = self._folder(wanted)
        return folder if self._is_as_read(folder) else None

    def keep(self, pictures: Mapping[str, bytes], needed: Collection[str]) -> tuple[str, ...]:
        """Keep pictures that were sent; the digests of those of `needed` that are not here, among
        them what is not what its digest says."""
        for sha256, content in pictures.items():
            if hashlib.sha256(content).hexdigest() == sha256:
                path = self.pictures / sha256
                make_folders(path.parent)
                path.write_bytes(content)
                self._marks |= _marks([path])
        dispensable = [path for path in self._marks if path.name not in needed]
        while dispensable and sum(size for _, size, *_ in self._marks.values()) > self._most_kept:
            self._forget(dispensable.pop(0))
        return self.lacking(needed)

    def lacking(self, needed: Iterable[str]) -> tuple[str, ...]:
        """The digests of pictures that are not here as they came."""
        paths = {sha256: self.pictures / sha256 for sha256 in needed}
        now = _marks(paths.values())
        return tuple(
            sha256
            for sha256, path in paths.items()
            if path not in now or now[path] != self._marks.get(path)
        )

    def forget(self, pictures: Iterable[str]) -> None:
        """Remove pictures."""
        for sha256 in pictures:
            self._forget(self.pictures / sha256)

    def _forget(self, path: Path) -> None:
        remove(path)
        self._marks.pop(path, None)

    def _unpack(self, archive: Path, wanted: WantedNetwork, folder: Path) -> None:
        """Unpack an archive, if it is the one that is wanted, in place of what lies there.

        Raises:
            TodError: it is damaged, unsafe, or another.
        """
        limits = Limits(wanted.max_members, wanted.max_unpacked)
        with made_aside(folder.with_name(f".{folder.name}")) as made:
            with closing(Tree(made / "tree")) as tree:
                facts = read_file(archive, Wanted(limits), tree)
            members = {path: (one.size, one.sha256) for path, one in facts.members.items()}
            if (facts.sha256, tree_digest(members)) != (wanted.archive_sha256, wanted.tree):
                raise TodError(str(archive), "is not the one that is wanted")
            shutil.rmtree(folder, ignore_errors=True)
            try:
                os.rename(made / "tree", folder)  # noqa: PTH104 - as elsewhere
            except OSError:
                if _tree_of(folder) != wanted.tree:  # else another worker here was faster
                    raise


@cache
def store() -> Store:
    """This process's."""
    import atexit

    made = Store(Cache(default_cache()).root / "cluster")
    atexit.register(made.close)
    return made


def _archives(wanted: WantedNetwork) -> Iterator[Path]:
    """Files that may be the archive, by what is noted beside them; whoever takes one reads it."""
    for root in (*map(Path, wanted.caches), Cache(default_cache()).root):
        for place in sorted((root / "archives").glob("*.json")):
            record, archive = read_record(place), place.with_suffix("")
            if record is not None and record.sha256 == wanted.archive_sha256 and archive.is_file():
                yield archive


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def _marks(paths: Iterable[Path]) -> Marks:
    """What tells a file that was touched from one that was not; none of one that is gone."""
    found: Marks = {}
    for path in paths:
        with suppress(OSError):
            status = os.lstat(path)
            found[path] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def _tree_of(folder: Path) -> str:
    """The digest of a tree as it lies there; "" if it holds anything but files and folders."""
    members: dict[str, tuple[int, str]] = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            return ""
        if not path.is_dir():
            size = path.lstat().st_size
            members[path.relative_to(folder).as_posix()] = (size, sha256_of(path))
    return tree_digest(members)
