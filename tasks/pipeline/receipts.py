"""The receipts that more than one step reads, and whether a network is still what its receipt says,
found out by a stat a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import field

from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt, read


class NetworkReceipt(Receipt, frozen=True, kw_only=True):
    """What every receipt of a network holds.

    Attributes:
        reason: if deferred, the kind of reason, in a few words.
    """

    reason: str = ""


class DownloadReceipt(NetworkReceipt, frozen=True, kw_only=True, rename={"attested_by": "witness"}):
    """An archive is at hand.

    Attributes:
        archive: its path, if it is a local file read in place; else "" (it lies in the cache).
        source: the address that it came from, without secrets (see `addresses`).
        sha256, size: of the archive, in bytes.
        attested_by: who else vouches for these bytes: `recorded` (the catalogue's digest), `server`
            (the hash that the storage host sent, over https), `tls` (https alone), `file`,
            `bundle`, or `none` (plain http: fetched only where a digest is known to check the bytes
            by).
    """

    archive: str = ""
    source: str = ""
    sha256: str = ""
    size: int = 0
    attested_by: str = ""


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
    members: dict[str, tuple[int, str]] = field(default_factory=dict)
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

    Its files are not `outputs`: the whole tree appears by one rename, so none is ever announced;
    and whether it is whole is told by size and mtime, for reading gigabytes takes too long.

    Attributes:
        archive_sha256: of the archive that it came from.
        tree: digest of the whole tree: sha256 over sorted lines `<sha256>  <path>`.
        files: path below `pre-trained/<network>` → its record.
        checkpoint_prefix: as in `VerifyReceipt`.
    """

    archive_sha256: str = ""
    tree: str = ""
    files: dict[str, FileRecord] = field(default_factory=dict)
    checkpoint_prefix: str = ""


class ScaffoldReceipt(Receipt, frozen=True, kw_only=True):
    """A project's folders and files stand.

    Attributes:
        folders: folders that we made, relative to the workspace, parents first.
        values: path of a pipeline.config → path of a field → the value that we last wrote there,
            as protobuf text; "" for nothing. In a file that the user edited, what is still so is
            ours.
        intended_values: the same for what was about to be written.
        refused: network → why it has no pipeline.config here, as a clause.
        edited: path of a pipeline.config that the user edited → sha256 of what stood there when we
            last told what is theirs in it.
    """

    folders: tuple[str, ...] = ()
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    intended_values: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    edited: dict[str, str] = field(default_factory=dict)


Difference = Literal["missing", "changed"]


def differences(folder: Path, files: Mapping[str, FileRecord]) -> dict[str, Difference]:
    """The files below `folder` that are missing, or whose size or mtime is not the recorded one.

    Content that was changed while size and mtime were kept goes unseen here; extraction restores
    whole-second mtimes, so any ordinary write is seen.
    """
    found: dict[str, Difference] = {}
    for path, record in files.items():
        try:
            status = os.lstat(f"{folder}/{path}")  # a join of paths takes longer than the stat
        except OSError:
            found[path] = "missing"
            continue
        same = status.st_size == record.size and status.st_mtime_ns == record.mtime * 10**9
        if not (same and stat.S_ISREG(status.st_mode)):
            found[path] = "changed"
    return found


def receipt_of(workspace: Workspace, network: str) -> ExtractReceipt | None:
    """The receipt of a network that was extracted, or None (also if extraction was deferred)."""
    receipt = read(workspace.receipt("extract", network), ExtractReceipt)
    return receipt if receipt is not None and receipt.status == "done" else None
