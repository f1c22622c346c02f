"""Receipts: the small file that ends a step.

A receipt says what a step was asked to do (`definition`), from which inputs (`inputs`: the sha256
of each receipt it read), and what came of it. It holds no time and no absolute path, so the same
work gives the same bytes, and it is written only when it changes: steps that depend on it stay
fresh. Receipts are doit's `targets` and `file_dep`s; they also let an action find, after doit's
database was lost, that its work is already done.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from tasks.core.files import LARGEST_STATE, Stamp, read_file, sha256_of, stamp_of, write_if_changed

Status = Literal["done", "deferred"]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What every receipt holds.

    Attributes:
        status: `deferred` when no host could be reached; later steps pass it on.
        definition: digest of what the step was asked to do; see `digest`.
        inputs: path → sha256 of each receipt that the step read.
    """

    status: Status = "done"
    definition: str
    inputs: dict[str, str] = {}


class RecordFile(msgspec.Struct, frozen=True):
    """One record file, `train` or `test`.

    Attributes:
        sha256: of what we last wrote there; "" if what stands there is the user's.
        intended: of what was about to be written; "" once it is done.
        asked: digest of what it was to be made of besides the files: labels, ids, our version.
        sources: name → sha256 of each picture and each XML that it was made of.
        pictures, boxes, background: how many; background are pictures without a box.
    """

    sha256: str = ""
    intended: str = ""
    asked: str = ""
    sources: dict[str, str] = {}
    pictures: int = 0
    boxes: int = 0
    background: int = 0


class RecordsReceipt(Receipt, frozen=True, kw_only=True):
    """A project's annotated pictures are records.

    Attributes:
        splits: `train` and `test`, as far as there are annotated pictures.
    """

    splits: dict[str, RecordFile] = {}


R = TypeVar("R", bound=Receipt)


def read(path: Path, kind: type[R]) -> R | None:
    """The receipt at `path`, or None if it is missing or not readable as one (it is made again)."""
    try:
        return msgspec.json.decode(read_file(path, LARGEST_STATE), type=kind)
    except (OSError, msgspec.DecodeError, ValueError):
        return None


def write(path: Path, receipt: Receipt) -> bool:
    """Write the receipt unless it is there already; say whether it was written.

    Raises:
        OSError: the folder can't be written.
    """
    encoded = msgspec.json.format(msgspec.json.encode(receipt, order="deterministic"), indent=1)
    return write_if_changed(path, encoded + b"\n")


def digest(definition: object) -> str:
    """A short, stable digest of plain data or Structs: what a step was asked to do.

    `order="deterministic"` sorts keys, so the spelling of a config file does not matter.
    """
    encoded = msgspec.json.encode(definition, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:16]


def inputs(*receipts: Path) -> dict[str, str]:
    """The `inputs` field for receipts that a step reads; one that can't be read counts as ""."""
    return {path.as_posix(): _sha256_or_nothing(path) for path in receipts}


def _sha256_or_nothing(path: Path) -> str:
    stamp = stamp_of(path)
    try:
        return _remembered_sha256(path, stamp) if stamp else sha256_of(path)
    except OSError:
        return ""


@cache
def _remembered_sha256(path: Path, stamp: Stamp) -> str:
    """Every project asks for the receipts of its networks, which projects share."""
    return sha256_of(path)
