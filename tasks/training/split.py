"""Which pictures are held out: a share of images/train, to measure by on the way and to choose the
best checkpoint by. The test pictures are left for the end.

The digest of a picture decides, so that one more picture never moves another that looks otherwise
from one side to the other, and a picture that is there twice is on one side. Of pictures that look
alike, frames of one film say, the least digest decides for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from tasks.annotations.alike import groups_of
from tasks.core.files import atomic_writer
from tasks.core.parallel import in_parallel
from tasks.formats.tf_record import GROUP, Feature, decode_example, frame, read_frames
from tasks.pictures.look import look_of

T = TypeVar("T")

PICTURE, DIGEST = "image/encoded", "image/key/sha256"


class Split(Struct, frozen=True):
    """Two record files, and how many pictures each holds."""

    train: Path
    held_out: Path
    trained: int
    measured: int


def is_held_out(sha256: str, share: float) -> bool:
    """Whether a picture, by its digest in hexadecimal digits, belongs to the share held out."""
    return int(sha256[:8], 16) < share * 16**8


def split_records(records: Iterable[Path], share: float, folder: Path) -> Split:
    """Share the records of these files out to two new ones in `folder`.

    Raises:
        ValueError: a file is damaged, or holds something else; says which and where.
        OSError: it can't be read, or the folder not be written.
    """
    train, held_out = folder / "train.record", folder / "held_out.record"
    counts, paths = {train: 0, held_out: 0}, list(records)
    sights = list(_read(paths, lambda frames: in_parallel(_sight, frames)))
    decisive = _decisive(sights)
    with ExitStack() as stack:
        files = {path: stack.enter_context(atomic_writer(path)) for path in counts}
        for record, sight in zip(_read(paths, iter), sights, strict=True):
            side = held_out if is_held_out(decisive[sight.digest], share) else train
            files[side].write(frame(record))
            counts[side] += 1
    return Split(train, held_out, counts[train], counts[held_out])


def _read(paths: Iterable[Path], made: Callable[[Iterator[bytes]], Iterator[T]]) -> Iterator[T]:
    """What is made of the records of each file; what is wrong with one names its file."""
    for path in paths:
        with open(path, "rb") as source:
            try:
                yield from made(read_frames(source))
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error


class _Sight(Struct, frozen=True):
    """What decides for a record.

    Attributes:
        digest: sha256 of the picture that others look like, as far as records tell, or of its own.
        look: see `pictures.look`; None if the picture can't be decoded.
    """

    digest: str
    look: int | None


def _sight(record: bytes) -> _Sight:
    features = decode_example(record)
    pictures = features.get(PICTURE)
    if not pictures or not isinstance(pictures[0], bytes):
        raise ValueError("a record holds no picture")
    try:
        look = look_of(pictures[0])
    except ValueError:
        look = None
    return _Sight(_digest(features, pictures[0]), look)


def _digest(features: Mapping[str, Feature], picture: bytes) -> str:
    """As recorded, or of the bytes where it is not."""
    for key in (GROUP, DIGEST):
        noted = features.get(key)
        if noted and isinstance(noted[0], bytes) and len(noted[0]) == 64:
            return noted[0].decode("ascii")
    return hashlib.sha256(picture).hexdigest()


def _decisive(sights: Sequence[_Sight]) -> dict[str, str]:
    """Each digest → the least of those whose pictures look like its own, by way of others too."""
    least = {sight.digest: sight.digest for sight in sights}

    def of(digest: str) -> str:
        while least[digest] != digest:
            digest = least[digest]
        return digest

    for group in groups_of([sight.look for sight in sights]):
        digests = {of(sights[number].digest) for number in group}
        least |= dict.fromkeys(digests, min(digests))
    return {digest: of(digest) for digest in least}
