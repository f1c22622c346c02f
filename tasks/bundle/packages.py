"""The trainer's packages in a bundle: files that requirements-train.lock names by their sha256, on
the machine that packs and on the one that takes."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.bundle.layout import Package, Packages, package
from tasks.bundle.reading import Bundle, extract
from tasks.core.errors import RefusedError
from tasks.core.files import atomic_writer, human_size
from tasks.core.text import count
from tasks.pipeline import cache_users
from tasks.pipeline.job import Progress, WorkspaceJob
from tasks.trainer import step as trainer
from tasks.training import wheels

WHAT = "the trainer's packages"


def packed(job: WorkspaceJob, progress: Progress) -> tuple[Packages, dict[str, Path]]:
    """What bundle.json says of them, and the file of each member; fetched if they are not here.

    Raises:
        UnreachableError, TrainingError: they can't be fetched.
        OSError: the cache can't be read or written.
    """
    found = sorted(trainer.download(job, progress).items())
    files = [Package(file=p.name, sha256=digest, size=os.stat(p).st_size) for p, digest in found]
    members = {package(one).name: path for one, (path, _) in zip(files, found, strict=True)}
    return Packages(made_for=wheels.made_for(), files=tuple(files)), members


def told(packages: Packages) -> str:
    """A line about them."""
    size = human_size(sum(one.size for one in packages.files))
    return f"  {size:>9}  {WHAT}: {count(len(packages.files), 'file')} for {packages.made_for}"


def size_to_come(bundle: Bundle, job: WorkspaceJob) -> int:
    """Bytes that they will take in the cache."""
    packages = bundle.listed.training
    return 0 if packages is None or wheels.at_hand(job) else sum(one.size for one in packages.files)


def take(bundle: Bundle, packages: Packages, job: WorkspaceJob, progress: Progress) -> str:
    """Bring them into the cache, where the step `trainer` finds them; the answer is a line.

    Raises:
        RefusedError: they are for another system, or not those that the lock names here.
        DamagedError: a file was damaged on its way.
        OSError: something can't be read or written.
    """
    _must_fit_here(packages)
    if wheels.at_hand(job):
        return f"  {WHAT}: at hand already"
    folder = wheels.folder_of(job)
    for one in packages.files:
        with atomic_writer(folder / one.file) as copy:
            extract(bundle, package(one), one.file, copy, progress)
    cache_users.note(job)
    return f"  {WHAT}: adopted; `doit trainer` installs them"


def _must_fit_here(packages: Packages) -> None:
    if packages.made_for != wheels.made_for():
        why = f"they are for {packages.made_for}, this is {wheels.made_for()}"
        raise RefusedError(WHAT, why, "pack them with the same Python, on such a system")
    digests = [one.sha256 for one in packages.files]
    lacking = wheels.lacking(digests)
    strange = [one.file for one in packages.files if not wheels.is_named(one.sha256)]
    if lacking or strange:
        which = ", ".join(strange or lacking)
        why = f"requirements-train.lock names others here: {which}"
        raise RefusedError(WHAT, why, "have the same release of this project on both machines")
