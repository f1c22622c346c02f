"""Which pictures are held out: a share of images/train, to measure by on the way and to choose the
best checkpoint by. The test pictures are left for the end.

The digest of a picture decides, so that one more picture never moves another from one side to the
other, and a picture that is there twice is on one side. Of pictures that look alike, where records
tell them, one decides for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from tasks.core.files import atomic_writer
from tasks.formats.tf_record import GROUP, decode_example, frame, read_frames

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
    counts = {train: 0, held_out: 0}
    with ExitStack() as stack:
        files = {path: stack.enter_context(atomic_writer(path)) for path in counts}
        for path in records:
            with open(path, "rb") as source:
                try:
                    for record in read_frames(source):
                        side = held_out if is_held_out(_digest(record), share) else train
                        files[side].write(frame(record))
                        counts[side] += 1
                except ValueError as error:
                    raise ValueError(f"{path}: {error}") from error
    return Split(train, held_out, counts[train], counts[held_out])


def _digest(record: bytes) -> str:
    """The sha256 that decides: of the picture that others look like, or of the record's own; as
    recorded, or of its bytes where it is not."""
    features = decode_example(record)
    for key in (GROUP, DIGEST):
        noted = features.get(key)
        if noted and isinstance(noted[0], bytes) and len(noted[0]) == 64:
            return noted[0].decode("ascii")
    pictures = features.get(PICTURE)
    if not pictures or not isinstance(pictures[0], bytes):
        raise ValueError("a record holds no picture")
    return hashlib.sha256(pictures[0]).hexdigest()
