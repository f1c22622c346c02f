"""Receipts as the release before wrote them: each step noted in a way of its own which files it had
written. They are read as outputs, so that a workspace need not be built anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import field

from tasks.core.files import sha256_of
from tasks.core.paths import Workspace

Written = tuple[str, str]
"""The sha256 of what was last written, and of what was about to be; "" for nothing."""


class _Split(msgspec.Struct):
    sha256: str = ""
    intended: str = ""


class _Former(msgspec.Struct):
    """All fields in which outputs were noted."""

    status: str = "done"
    definition: str = ""
    files: dict[str, str] = field(default_factory=dict)
    intended: dict[str, str] | str = ""
    splits: dict[str, _Split] = field(default_factory=dict)
    sha256: str = ""
    page: str = ""


def former_outputs(path: Path, content: bytes) -> dict[str, Written]:
    """path relative to the workspace → what the step wrote there, by the receipt at `path`.

    Raises:
        msgspec.DecodeError: it is no receipt.
    """
    step, name = path.parent.name, path.stem
    if step not in ("scaffold", "records", "smoke", "measure", "compare", "plot"):
        return {}
    former = msgspec.json.decode(content, type=_Former)
    if step == "smoke":
        is_last = former.status == "done" and former.definition != ""
        return dict(_untouched(path, name)) if is_last else {}
    return {key: pair for key, pair in _noted(step, name, former) if any(pair)}


def _noted(step: str, name: str, former: _Former) -> Iterator[tuple[str, Written]]:
    place = Workspace(Path())
    if isinstance(former.intended, dict):
        for key in former.files.keys() | former.intended.keys():
            where = key if step == "scaffold" else place.plot(key).as_posix()
            yield where, (former.files.get(key, ""), former.intended.get(key, ""))
    elif step == "records":
        for split, noted in former.splits.items():
            key = place.record_file(name, split).as_posix()
            yield key, (noted.sha256, noted.intended)
    elif step == "measure":
        yield place.comparison(name).as_posix(), (former.sha256, former.intended)
    elif step == "compare":
        yield place.comparison_page(name).as_posix(), (former.page, former.intended)


def _untouched(path: Path, name: str) -> Iterator[tuple[str, Written]]:
    """The results of smoke, which noted nothing of them: as its receipt was written last, those
    that are not younger were not changed since."""
    place, root = Workspace(Path()), path.parents[3]
    for result in (place.smoke_json(name), place.smoke_picture(name)):
        with suppress(OSError):
            if os.lstat(root / result).st_mtime_ns <= os.lstat(path).st_mtime_ns:
                yield result.as_posix(), (sha256_of(root / result), "")
