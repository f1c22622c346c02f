"""Write a bundle: what is there of it already is compared, and the rest goes on behind it."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from typing import IO

from msgspec.structs import asdict, replace

from tasks.bundle import packages
from tasks.bundle.layout import (
    END,
    INDEX,
    Carried,
    Index,
    Piece,
    archive,
    encoded,
    header,
    pieces,
    total,
)
from tasks.config import lock
from tasks.config.types import Config, LockEntry, Network
from tasks.core.addresses import redacted, redacted_text
from tasks.core.errors import DamagedError, DiskError, UsageError, UserFilesError
from tasks.core.files import (
    BLOCK,
    human_size,
    is_file,
    open_file,
    sha256_or_nothing,
    sync_folder,
)
from tasks.core.paths import Workspace
from tasks.core.temporary import hold, no_link
from tasks.core.text import count
from tasks.download.shared import find
from tasks.download.stale import command_for_archive
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob, Progress, WorkspaceJob
from tasks.pipeline.room import Writing, by_disk, must_fit
from tasks.web.sources import ordered

PART = ".part"


def bundle(
    file: Path,
    named: Sequence[Network],
    config: Config,
    workspace: Workspace,
    progress: Progress,
    *,
    with_training: bool = False,
) -> list[str]:
    """Write the networks named, or else those of the workspace, into one file; and the trainer's
    packages, `with_training`.

    Raises:
        UnreachableError, TrainingError: the trainer's packages are not here and can't be fetched.
        UsageError: a network that was named is not at hand, or none is.
        UserFilesError: another file has this name.
        DiskError: there is too little room, the file system can't hold so large a file, or another
            process writes this one.
        DamagedError: an archive changed while it was packed.
        OSError: something can't be read or written.
    """
    networks = {one.name: one for one in named or map(config.networks.__getitem__, config.wanted)}
    found, files, lacking = _collect(networks.values(), config, workspace)
    if lacking and (named or not found):
        raise UsageError("bundle", "; ".join(lacking), "nothing is written")
    if not found:
        raise UsageError("bundle", "no project names a network", "`doit bundle FILE NETWORK`")
    training = None
    if with_training:
        training, wheels = packages.packed(WorkspaceJob(config, workspace), progress)
        files |= wheels
    carried = tuple(sorted(found, key=lambda one: one.network.name))
    index = Index(version=1, networks=carried, training=training)
    every = pieces(encoded(index), index)
    word = _write(file, every, files, progress)
    what = f"{count(len(found), 'network')}, {human_size(total(every))}"
    return [
        f"{file} {word}: {what}",
        *(f"  {human_size(one.size):>9}  {one.network.name}" for one in index.networks),
        *((packages.told(training),) if training else ()),
        *(f"left out: {line}" for line in lacking),
        f"`doit adopt {file.name}` takes it on the other machine",
    ]


def _collect(
    networks: Iterable[Network], config: Config, workspace: Workspace
) -> tuple[list[Carried], dict[str, Path], list[str]]:
    """What can be packed, the file of each member, and a line for each network that can't."""
    found: list[Carried] = []
    files: dict[str, Path] = {}
    lacking: list[str] = []
    for network in networks:
        job = NetworkJob(config, workspace, network=network)
        path = at_hand(job)
        settled = lock.settled(workspace.lock_file, network)
        if path is None:
            todo = f"`{command_for_archive(job)}` sees to it"
            lacking.append(f"{network.name}: its archive is not at hand; {todo}")
        elif settled is None:
            todo = f"`doit verify:{network.name}` sees to it"
            lacking.append(f"{network.name}: it is not verified; {todo}")
        elif sha256_or_nothing(path, config.settings.max_unpacked) != settled:
            why = f"{path} is not the archive on record"
            lacking.append(f"{network.name}: {why}; `{command_for_archive(job)}` looks at it")
        else:
            carried = Carried(
                sha256=settled,
                size=os.stat(path).st_size,
                network=portable(network, config),
                lock=portable_entry(job.lock_entry()),
            )
            found.append(carried)
            files[archive(carried).name] = path
    return found, files, lacking


def at_hand(job: NetworkJob) -> Path | None:
    """The network's archive: a local file that goes first, else the cached copy, else that of a
    shared cache."""
    for source in ordered(job.network, job.config.settings):
        if source.path is None:
            break
        if is_file(job.workspace.root / source.path):
            return job.workspace.root / source.path
    path = archive_cache.archive_of(job)
    shared = find(job, []) if path is None else None
    return path if shared is None else shared[0]


def portable(network: Network, config: Config) -> Network:
    """The table as another workspace can use it: labels written out, no secret of an address, no
    path of this machine."""
    labels = network.labels
    texts = {name: redacted_text(v) for name, v in asdict(network).items() if isinstance(v, str)}
    fields = {
        **texts,
        "labels": config.label_ids(network) if isinstance(labels, str) else labels,
        "notes": tuple(map(redacted_text, network.notes)),
        "sources": _portable_sources(network),
        "archive": replace(network.archive, source=""),
        "members": {path: replace(one, source="") for path, one in network.members.items()},
        "smoke_picture": "",
        "expect": None,  # of that picture
    }
    return replace(network, **fields)


def portable_entry(entry: LockEntry | None) -> LockEntry | None:
    """An entry of the lock as another workspace can read it."""
    if entry is None:
        return None
    source = redacted_text(entry.source) if _means_the_same(entry.source) else "a local file"
    return replace(entry, source=source)


def _portable_sources(network: Network) -> tuple[str, ...]:
    kept = tuple(s for s in network.sources if redacted(s) == s and _means_the_same(s))
    return kept or (f"exports/{network.name}.tar.gz",)


def _means_the_same(source: str) -> bool:
    """Whether it is an address, or a path within a workspace: of no root, no drive, no home."""
    if "://" in source:
        return not source.lower().startswith("file:")
    path = PureWindowsPath(source)  # which knows a path from a root of POSIX, too
    return not path.anchor and not source.startswith("~") and ".." not in path.parts


def stream(every: Iterable[Piece], files: Mapping[str, Path]) -> Iterator[bytes]:
    """The bytes of the bundle, in blocks.

    Raises:
        DamagedError: an archive is not, any more, what its digest says.
    """
    for piece in every:
        yield header(piece.name, piece.size)
        yield from [piece.content] if piece.content else _checked(piece, files[piece.name])
        yield piece.padding
    yield END


def _checked(piece: Piece, file: Path) -> Iterator[bytes]:
    digest, left = hashlib.sha256(), piece.size
    with open_file(file) as content:
        while left and (block := content.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
            yield block
    if left or digest.hexdigest() != piece.sha256:
        raise DamagedError(str(file), "it changed while it was packed", "try again")


def _write(file: Path, every: list[Piece], files: Mapping[str, Path], progress: Progress) -> str:
    """Have the bundle whole under its name; what was done, in a word."""
    size, part = total(every), file.with_name(file.name + PART)
    progress.begin("bundle", size)
    try:
        is_as_long = is_file(file) and file.stat().st_size == size
        if is_as_long and _length_of_same(file, every, files) == size:
            return "is there already"
        _must_be_free(file)
        _must_be_ours(part)
        there = part.stat().st_size if part.exists() else 0
        rest = max(size - there, 0)
        disks = by_disk([Writing(file.parent, rest, rest)])
        must_fit(str(file), disks, "bundle fewer networks, or make room")
        with _held(part) as growing:
            _go_on(growing, stream(every, files), progress)
            if os.name == "nt":  # where a file that is open can't be renamed
                growing.close()
            _must_be_free(file)
            os.replace(part, file)
        sync_folder(file.parent)
    except OSError as error:
        if error.errno == errno.EFBIG:
            why = f"this file system holds no file of {human_size(size)} (FAT: 4.3 GB at most)"
            todo = "use a stick with exFAT, or bundle some networks at a time"
            raise DiskError(str(file), why, todo) from error
        raise
    finally:
        progress.end()
    return "is packed"


def _must_be_free(file: Path) -> None:
    """Refuse to take the place of anything, be it a link that leads nowhere."""
    if os.path.lexists(file):
        why = "another file has this name"
        raise UserFilesError(str(file), why, "give another name, or move it away")


def _must_be_ours(part: Path) -> None:
    """Refuse to write over a file that does not begin as a bundle does."""
    if not os.path.lexists(part):
        return
    begin = header(INDEX, 0)[:100]
    if not part.is_symlink():
        with open_file(part) as file:
            if begin.startswith(file.read(len(begin))):
                return
    raise UserFilesError(str(part), "it is no part of a bundle", "move it away")


def _length_of_same(file: Path, every: list[Piece], files: Mapping[str, Path]) -> int:
    """How many bytes of the file are those of the bundle, from its beginning, in whole blocks."""
    done = 0
    with open_file(file) as there:
        for block in stream(every, files):
            if there.read(len(block)) != block:
                break
            done += len(block)
    return done


@contextmanager
def _held(part: Path) -> Iterator[IO[bytes]]:
    """The file that grows, which no other process may write until it has its name."""
    with open(part, "r+b", opener=lambda path, flags: no_link(path, flags | os.O_CREAT)) as file:
        still_there = False
        if hold(file.fileno()):  # else another may have renamed it before it was locked
            with suppress(FileNotFoundError):
                still_there = os.path.samestat(os.fstat(file.fileno()), os.stat(part))
        if not still_there:
            raise DiskError(str(part), "another doit writes it just now", "run it again after that")
        yield file


def _go_on(file: IO[bytes], blocks: Iterator[bytes], progress: Progress) -> None:
    """Write the blocks that are not there yet; from the first that differs on, all of them."""
    same, done = True, 0
    for block in blocks:
        if same and file.read(len(block)) != block:
            same = False
            file.seek(done)
            file.truncate()
        if not same:
            file.write(block)
        done += len(block)
        progress.advance(len(block))
    file.truncate(done)
    file.flush()
    os.fsync(file.fileno())
