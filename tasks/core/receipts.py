"""Receipts: the small file that ends a step.

A receipt says what a step was asked to do (`definition`), from which inputs (`inputs`: the sha256
of each receipt it read), and what came of it. It holds no time and no absolute path, so the same
work gives the same bytes, and it is written only when it changes: steps that depend on it stay
fresh. Receipts are doit's `targets` and `file_dep`s; they also let an action find, after doit's
database was lost, that its work is already done.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec.structs import replace

from tasks.core.files import (
    LARGEST_STATE,
    Stamp,
    read_file,
    sha256_of,
    sha256_or_nothing,
    stamp_of,
    write_if_changed,
)
from tasks.core.paths import Workspace

Status = Literal["done", "deferred"]


class Output(msgspec.Struct, frozen=True):
    """A file that a step wrote.

    Attributes:
        sha256: of what we last wrote there; "" if that is nothing.
        intended: of what was about to be written; "" once it is done. After a crash it tells a file
            that we wrote from one of the user's.
    """

    sha256: str = ""
    intended: str = ""

    @property
    def written(self) -> set[str]:
        """The digests of what we may have written."""
        return {self.sha256, self.intended} - {""}


NOTHING = Output()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What every receipt holds.

    Attributes:
        status: `deferred` when no host could be reached; later steps pass it on.
        definition: digest of what the step was asked to do; see `digest`. "" if it was not
            finished.
        inputs: path → sha256 of each receipt that the step read.
        outputs: path relative to the workspace → what the step wrote there; see `core.ownership`.
    """

    status: Status = "done"
    definition: str
    inputs: dict[str, str] = {}
    outputs: dict[str, Output] = {}

    def output(self, path: str) -> Output:
        return self.outputs.get(path, NOTHING)


R = TypeVar("R", bound=Receipt)


def read(path: Path, kind: type[R]) -> R | None:
    """The receipt at `path`, or None if it is missing or not readable as one (it is made again)."""
    try:
        content = read_file(path, LARGEST_STATE)
        receipt = msgspec.json.decode(content, type=kind)
        outputs = receipt.outputs or _former_outputs(path, content)
    except (OSError, msgspec.DecodeError, ValueError):
        return None
    return receipt if receipt.outputs == outputs else replace(receipt, outputs=outputs)


def write(path: Path, receipt: Receipt) -> bool:
    """Write the receipt unless it is there already; say whether it was written.

    One without outputs has the bytes that the release before gave it, so that nothing which depends
    on it goes stale.

    Raises:
        OSError: the folder can't be written.
    """
    fields = msgspec.to_builtins(receipt, order="deterministic")
    if not receipt.outputs:
        del fields["outputs"]
    encoded = msgspec.json.format(msgspec.json.encode(fields), indent=1)
    return write_if_changed(path, encoded + b"\n")


def digest(definition: object) -> str:
    """A short, stable digest of plain data or Structs: what a step was asked to do.

    `order="deterministic"` sorts keys, so the spelling of a config file does not matter.
    """
    encoded = msgspec.json.encode(definition, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:16]


def inputs(*receipts: Path) -> dict[str, str]:
    """The `inputs` field for receipts that a step reads; one that can't be read counts as ""."""
    found: dict[str, str] = {}
    for path in receipts:
        stamp = stamp_of(path)
        found[path.as_posix()] = _sha256_at(path, stamp) if stamp else sha256_or_nothing(path)
    return found


@cache
def _sha256_at(path: Path, stamp: Stamp) -> str:
    """Every project asks for the receipts of its networks, which projects share."""
    return sha256_or_nothing(path)


# --- receipts of the release before -------------------------------------------------------------


class _Former(msgspec.Struct):
    """All fields in which the steps noted what they had written, each in a way of its own."""

    status: str = "done"
    definition: str = ""
    files: dict[str, str] = {}
    intended: dict[str, str] | str = ""
    splits: dict[str, Output] = {}
    sha256: str = ""
    page: str = ""


def _former_outputs(path: Path, content: bytes) -> dict[str, Output]:
    """The outputs of the receipt at `path`, so that a workspace need not be built anew."""
    step, name = path.parent.name, path.stem
    if step not in ("scaffold", "records", "smoke", "measure", "compare", "plot"):
        return {}
    former = msgspec.json.decode(content, type=_Former)
    if step == "smoke":
        is_last = former.status == "done" and former.definition != ""
        return dict(_untouched(path, name)) if is_last else {}
    return {key: output for key, output in _noted(step, name, former) if output != NOTHING}


def _noted(step: str, name: str, former: _Former) -> Iterator[tuple[str, Output]]:
    place = Workspace(Path())
    if isinstance(former.intended, dict):
        for key in former.files.keys() | former.intended.keys():
            where = key if step == "scaffold" else place.plot(key).as_posix()
            yield where, Output(former.files.get(key, ""), former.intended.get(key, ""))
    elif step == "records":
        for split, output in former.splits.items():
            yield place.record_file(name, split).as_posix(), output
    elif step == "measure":
        yield place.comparison(name).as_posix(), Output(former.sha256, former.intended)
    elif step == "compare":
        yield place.comparison_page(name).as_posix(), Output(former.page, former.intended)


def _untouched(path: Path, name: str) -> Iterator[tuple[str, Output]]:
    """The results of smoke, which noted nothing of them: as its receipt was written last, those
    that are not younger were not changed since."""
    place, root = Workspace(Path()), path.parents[3]
    for result in (place.smoke_json(name), place.smoke_picture(name)):
        with suppress(OSError):
            if os.lstat(root / result).st_mtime_ns <= os.lstat(path).st_mtime_ns:
                yield result.as_posix(), Output(sha256_of(root / result))
