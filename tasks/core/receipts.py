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


class NetworkReceipt(Receipt, frozen=True, kw_only=True):
    """What every receipt of a network holds.

    Attributes:
        reason: if deferred, the kind of reason, in a few words.
    """

    reason: str = ""


class DownloadReceipt(NetworkReceipt, frozen=True, kw_only=True):
    """An archive is at hand.

    Attributes:
        archive: its path, if it is a local file read in place; else "" (it lies in the cache).
        source: the address that it came from, without secrets (see `addresses`).
        sha256, size: of the archive, in bytes.
        witness: who else vouches for these bytes: `recorded` (the catalogue's digest), `server`
            (the hash that the storage host sent, over https), `tls` (https alone), `file`, or
            `none` (plain http: fetched only where a digest is known to check the bytes by).
    """

    archive: str = ""
    source: str = ""
    sha256: str = ""
    size: int = 0
    witness: str = ""


class VerifyReceipt(NetworkReceipt, frozen=True, kw_only=True):
    """An archive was read through and is what it should be.

    Attributes:
        sha256, size, git_blob_sha1: of the archive; they let a changed record be judged after the
            archive itself is gone.
        top_folder: the folder that the archive holds; "" if it has none.
        checkpoint_prefix: path below the top folder (`checkpoint/ckpt-0`); "" if there is none.
        members: path below the top folder → (size in bytes, sha256), files only.
        checked: what could be compared, in words.
        warnings: facts of a single source that do not agree, one line each.
    """

    sha256: str = ""
    size: int = 0
    git_blob_sha1: str = ""
    top_folder: str = ""
    checkpoint_prefix: str = ""
    members: dict[str, tuple[int, str]] = {}
    checked: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class FileRecord(msgspec.Struct, frozen=True):
    """One extracted file: bytes, digest, and the member's own mtime (whole seconds), which
    extraction restores. A file whose size and mtime are these is taken for unchanged."""

    size: int
    sha256: str
    mtime: int


class ExtractReceipt(NetworkReceipt, frozen=True, kw_only=True):
    """A network lies under pre-trained/.

    Attributes:
        archive_sha256: of the archive that it came from.
        tree: digest of the whole tree: sha256 over sorted lines `<sha256>  <path>`.
        files: path below `pre-trained/<network>` → its record.
        checkpoint_prefix: as in `VerifyReceipt`.
        moved_aside: files of the user's that stood in the way and where they are now.
    """

    archive_sha256: str = ""
    tree: str = ""
    files: dict[str, FileRecord] = {}
    checkpoint_prefix: str = ""


class ScaffoldReceipt(Receipt, frozen=True, kw_only=True):
    """A project's folders and files stand.

    Attributes:
        folders: folders that we made, relative to the workspace, parents first.
        files: path relative to the workspace → sha256 of what we last wrote there.
        intended: the same for what was about to be written; empty once it is done. After a kill
            it tells a file that we wrote from one that the user made alike.
        values: path of a pipeline.config → path of a field → the value that we last wrote there,
            as protobuf text; "" for nothing. In a file that the user edited, what is still so is
            ours.
        intended_values: the same for what was about to be written.
        refused: network → why it has no pipeline.config here, as a clause.
        edited: path of a pipeline.config that the user edited → sha256 of what stood there when we
            last told what is theirs in it.
    """

    folders: tuple[str, ...] = ()
    files: dict[str, str] = {}
    intended: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    intended_values: dict[str, dict[str, str]] = {}
    refused: dict[str, str] = {}
    edited: dict[str, str] = {}


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


class MeasureReceipt(Receipt, frozen=True, kw_only=True):
    """A project's networks were run on its test pictures.

    Attributes:
        tensorflow: version.
        networks: all that the project names.
        measured: networks that were run.
        failed: networks that could not be, and may be another time.
        sha256: of comparison.json, as it was written.
        intended: of what was about to be written; "" once it is done.
    """

    tensorflow: str = ""
    networks: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    sha256: str = ""
    intended: str = ""


class SmokeReceipt(NetworkReceipt, frozen=True, kw_only=True):
    """A network was run.

    Attributes:
        applicable: false for a network that has no SavedModel: only its checkpoint was read.
        tree: digest of the network's tree that was run.
        picture: sha256 of the picture.
        tensorflow: version.
        summary: one line for the console.
    """

    applicable: bool = True
    tree: str = ""
    picture: str = ""
    tensorflow: str = ""
    summary: str = ""


class CompareReceipt(Receipt, frozen=True, kw_only=True):
    """A project's networks are compared on a page.

    Attributes:
        page: sha256 of the page that we last wrote.
        intended: of the one that was about to be written; "" once it is done.
    """

    page: str = ""
    intended: str = ""


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
