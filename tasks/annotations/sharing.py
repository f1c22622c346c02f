"""Which pictures are to train and which to test with.

`images/train` and `images/test` say so themselves where they hold pictures. Where they hold none,
the pictures in `images` are shared out; nothing is moved. A picture's digest decides, so that one
more picture moves no other, and where a record was made of it, or it was shared out before, that
holds. Pictures that look alike go by one of them: a test with what was trained on is no test.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations.alike import groups_of
from tasks.annotations.folder import LARGEST, Listing, listing, pictures_in
from tasks.annotations.record_receipt import RecordsReceipt
from tasks.core import receipts
from tasks.core.files import (
    LARGEST_STATE,
    read_file,
    read_head,
    size_and_mtime,
    write_if_changed,
)
from tasks.core.parallel import in_parallel
from tasks.core.paths import SPLITS, Workspace
from tasks.core.text import count, printable
from tasks.pipeline.job import Progress, ProjectJob, Silent

VERSION = 2
"""Raised when the same pictures look otherwise to us."""


class Shared(Struct, frozen=True, array_like=True):
    """A picture when it was last read, and what it is for.

    Attributes:
        size, mtime: bytes, and time of change in nanoseconds.
        sha256: of the file; "" if it can't be read.
        look: see `pictures.look`; in hexadecimal digits, "" of what is no picture.
        key: the digest that decides, its own or that of one that looks like it.
        split: `train` or `test`; "" while it is not decided.
    """

    size: int
    mtime: int
    sha256: str
    look: str
    key: str
    split: str = ""


class Sharing(Struct, frozen=True):
    """The pictures of a folder, shared out.

    Attributes:
        share: of them that are to test with, as it was asked for.
        pictures: by name, as a `Listing` has it.
        astride: names of two pictures that look alike, by way of others too, of which the first is
            to train and the second to test with.
    """

    version: int = 0
    share: float = 0.0
    pictures: dict[str, Shared] = {}
    astride: tuple[tuple[str, str], ...] = ()


# --- what a project's pictures are ----------------------------------------------------------------


def listing_of(job: ProjectJob, split: str, progress: Progress | None = None) -> Listing:
    """The pictures of `train` or `test`, from whichever folder. What is shared out is read where it
    is new or changed, and noted.

    Raises:
        OSError: a folder can't be read.
    """
    folder = folder_of(job.workspace, job.name, split)
    found = listing(folder)
    if folder != job.workspace.all_images(job.name):
        return found
    return _part(found, _bring_up_to_date(job, found, progress or Silent()), split)


def listing_if_shared(job: ProjectJob, split: str) -> Listing | None:
    """The same with a stat per file; None if pictures are to be read first.

    Raises:
        OSError: a folder or a file can't be read.
    """
    folder = folder_of(job.workspace, job.name, split)
    found = listing(folder)
    if folder != job.workspace.all_images(job.name):
        return found
    before = read_sharing(job)
    is_current = _stands(job, before, _pictures(found), _recorded(job))
    return _part(found, before, split) if is_current else None


def folder_of(workspace: Workspace, project: str, split: str) -> Path:
    """Where the pictures of `train` or `test` lie: in its own folder, unless both are without
    pictures and there are some in the folder of both.

    Raises:
        OSError: a folder can't be read.
    """
    common = workspace.all_images(project)
    own = any(any(pictures_in(workspace.images(project, each))) for each in SPLITS)
    is_shared = not own and any(pictures_in(common))
    return common if is_shared else workspace.images(project, split)


def where(job: ProjectJob, split: str) -> str:
    """The pictures of `train` or `test`, as messages name them: `cube_faces/images/train`, or
    `cube_faces/images (train)` where they are shared out."""
    folder = folder_of(job.workspace, job.name, split)
    is_shared = folder == job.workspace.all_images(job.name)
    return f"{printable(folder.relative_to(job.workspace.root))}{f' ({split})' * is_shared}"


def unused(job: ProjectJob) -> list[str]:
    """Names of the pictures in `images` that nothing is made of, because `train` or `test` hold
    some.

    Raises:
        OSError: a folder can't be read.
    """
    folder = job.workspace.all_images(job.name)
    if folder_of(job.workspace, job.name, "train") == folder:
        return []
    return sorted(printable(path.name) for path in pictures_in(folder))


def unused_message(job: ProjectJob, number: int) -> str:
    """What the user is told of that many pictures; see `unused`."""
    folder = printable(job.workspace.all_images(job.name).relative_to(job.workspace.root))
    is_not = "is not" if number == 1 else "are not"
    return f"{count(number, 'picture')} in {folder} {is_not} used, for train or test hold pictures"


def astride(job: ProjectJob) -> list[str]:
    """Pictures to train with that look like one to test with, a line each; of those that were
    shared out."""
    if folder_of(job.workspace, job.name, "train") != job.workspace.all_images(job.name):
        return []
    pairs = read_sharing(job).astride
    return [f"{printable(one)} (train) and {printable(other)} (test)" for one, other in pairs]


# --- deciding -------------------------------------------------------------------------------------


def is_to_test(key: str, share: float) -> bool:
    """Whether a picture, by its digest in hexadecimal digits, is to test with. Other digits than
    those that `training.split` goes by: each share is one of what the other leaves."""
    return int(key[8:16], 16) < share * 16**8


def share_out(
    pictures: Mapping[str, Shared], earlier: Iterable[Shared], share: float
) -> tuple[dict[str, Shared], list[tuple[str, str]]]:
    """Decide for each picture; and `Sharing.astride`.

    Args:
        pictures: by name.
        earlier: those that were decided before, whether or not they are there now; without a key
            where only the split is known.
    """
    decided = {one.sha256: one for one in earlier if one.sha256}
    known, names = list(decided.values()), list(pictures)
    everyone = [*known, *pictures.values()]
    placed, both = dict[str, Shared](), list[tuple[str, str]]()
    for group in groups_of([int(one.look, 16) if one.look else None for one in everyone]):
        key, split = _decision([everyone[number] for number in group], share)
        here = dict[str, str]()
        for number in (number for number in group if number >= len(known)):
            name, one = names[number - len(known)], everyone[number]
            by = decided.get(one.sha256)
            placed[name] = replace(one, key=(by and by.key) or key, split=by.split if by else split)
            here.setdefault(placed[name].split, name)
        if len(here) > 1:
            both.append((here["train"], here["test"]))
    return {name: placed[name] for name in names}, sorted(both)


def _decision(group: Sequence[Shared], share: float) -> tuple[str, str]:
    """The key and the split that new pictures of a group get."""
    decided = [one for one in group if one.split]
    if not decided:
        key = min(one.key for one in group)
        return key, "test" if is_to_test(key, share) else "train"
    first = min(decided, key=lambda one: (not one.key, one.key, one.sha256))
    return first.key or first.sha256, first.split


def _part(found: Listing, sharing: Sharing, split: str) -> Listing:
    """The part of a listing that is `train` or `test`. What belongs to neither is train's."""
    names = {path: name for name, path in _pictures(found).items()}
    keys = Counter(one.key for one in sharing.pictures.values())
    pairs = []
    for pair in found.pairs:
        one = sharing.pictures[names[pair.picture]]
        if one.split == split:
            pairs.append(replace(pair, group=one.key if keys[one.key] > 1 else ""))
    here, is_train = {pair.picture for pair in pairs}, split == "train"
    return replace(
        found,
        pairs=tuple(pairs),
        unpaired=found.unpaired if is_train else (),
        same_stem=tuple(paths for paths in found.same_stem if paths[0] in here),
        folders=tuple(f for f in found.folders if is_train and f.name not in SPLITS),
        common=found.common if any(not pair.annotations for pair in pairs) else (),
    )


def _pictures(found: Listing) -> dict[str, Path]:
    pictures = {pair.picture for pair in found.pairs}
    return {name: path for name, path in found.files.items() if path in pictures}


# --- what is known of them ------------------------------------------------------------------------


def read_sharing(job: ProjectJob) -> Sharing:
    """What was noted of a project; nothing if it can't be read."""
    try:
        content = read_file(job.workspace.shared_out(job.name), LARGEST_STATE)
        return msgspec.json.decode(content, type=Sharing)
    except (OSError, msgspec.DecodeError, ValueError):
        return Sharing()


def _recorded(job: ProjectJob) -> dict[str, str]:
    """sha256 → the split whose record was made of it."""
    receipt = receipts.read(job.workspace.receipt("records", job.name), RecordsReceipt)
    splits = receipt.splits if receipt else {}
    # What is in both was trained on.
    return {
        sha256: split
        for split in reversed(SPLITS)
        for sha256 in (splits[split].sources.values() if split in splits else ())
    }


def _stands(
    job: ProjectJob, before: Sharing, files: Mapping[str, Path], recorded: Mapping[str, str]
) -> bool:
    """Whether what was noted is true of these files, and no others."""
    if (before.version, before.share) != (VERSION, job.project.test_share):
        return False
    noted = {name: (one.size, one.mtime) for name, one in before.pictures.items()}
    return noted == {name: size_and_mtime(path) for name, path in files.items()} and all(
        recorded.get(one.sha256, one.split) == one.split for one in before.pictures.values()
    )


def _bring_up_to_date(job: ProjectJob, found: Listing, progress: Progress) -> Sharing:
    before, files, recorded = read_sharing(job), _pictures(found), _recorded(job)
    if _stands(job, before, files, recorded):
        return before
    share = job.project.test_share
    pictures = _read(files, before, progress)
    keys = {one.sha256: one.key for one in before.pictures.values()}
    earlier = [
        replace(one, key=keys.get(one.sha256, ""), split=recorded[one.sha256])
        for one in (*before.pictures.values(), *pictures.values())
        if one.sha256 in recorded
    ]
    if before.share == share:  # what nobody trained on goes by a share that was changed
        earlier = [*before.pictures.values(), *earlier]
    placed, both = share_out(pictures, earlier, share)
    sharing = Sharing(VERSION, share, placed, tuple(both))
    with suppress(OSError):  # then it is decided again, and alike
        content = msgspec.json.encode(sharing, order="deterministic")
        write_if_changed(job.workspace.shared_out(job.name), content)
    return sharing


def _read(files: Mapping[str, Path], before: Sharing, progress: Progress) -> dict[str, Shared]:
    """The pictures, undecided; only what is new or changed is read, on all processors."""
    found, rest = dict[str, Shared](), dict[str, Path]()
    for name, path in files.items():
        one = before.pictures.get(name)
        is_same = one is not None and (one.size, one.mtime) == size_and_mtime(path)
        if one is not None and is_same and one.sha256 and before.version == VERSION:
            found[name] = replace(one, split="")
        else:
            rest[name] = path
    progress.begin("share out", len(rest), "pictures")
    looked_at = in_parallel(lambda item: _look_at(*item), rest.items())
    for name, one in zip(rest, looked_at, strict=True):
        found[name] = one
        progress.advance(1)
    progress.end()
    return {name: found[name] for name in files}


def _look_at(name: str, path: Path) -> Shared:
    from tasks.pictures.look import look_of

    size, mtime = size_and_mtime(path)
    try:
        content = read_head(path, LARGEST)
    except (OSError, ValueError):  # told by whoever makes something of it
        content = b""
    if not content or len(content) > LARGEST:
        return Shared(size, mtime, "", "", hashlib.sha256(name.encode()).hexdigest())
    digest = hashlib.sha256(content).hexdigest()
    try:
        look = f"{look_of(content):032x}"
    except ValueError:
        look = ""
    return Shared(size, mtime, digest, look, digest)
