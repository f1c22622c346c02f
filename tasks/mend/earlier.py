"""What earlier mendings left: what a killed doit began, and what they mended."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tasks.core import staging
from tasks.core.errors import UserFilesError
from tasks.core.text import printable
from tasks.mend import journal


def unfinished(folder: Path, project: str) -> list[str]:
    """What is to be said of a mending that was not finished.

    Raises:
        UserFilesError: its manifest can't be read.
    """
    run = journal.last_run(folder)
    state = journal.read_manifest(run).state if run else "mended"
    if run is not None and state != "mended":
        what = "the mending of" if state == "mending" else "bringing back the originals of"
        ends = f"`doit mend:{project} --write` or `doit mend:{project} --undo` ends it"
        return [f"{what} {run.name} was not finished: {ends}"]
    if staging.strays(folder / journal.PREPARING):
        clears = f"`doit mend:{project} --write` clears away what it prepared"
        return [f"a mending was not finished, and had changed nothing yet: {clears}"]
    return []


def finish_last(root: Path, folder: Path) -> list[str]:
    """End what a killed doit began; what is to be said of it.

    Raises:
        UserFilesError, OSError: see `journal.mend` and `journal.undo`.
    """
    run = journal.last_run(folder)
    state = journal.read_manifest(run).state if run else "mended"
    if run is None or state == "mended":
        return []
    if state == "mending":
        _, stay = journal.mend(root, run)
        return [f"the mending of {run.name} was not finished, and is now", *left_alone(stay)]
    journal.undo(root, run)
    return [f"the originals of {run.name} were not all back, and are now"]


def left_alone(files: tuple[str, ...]) -> list[str]:
    return [f"{printable(file)} was changed meanwhile, and stays as it is" for file in files]


def mended_since(folder: Path) -> dict[str, set[str]]:
    """File → the sha256 of what it held before each mending by rule; a folder that can't be read
    tells nothing."""
    found = dict[str, set[str]]()
    for run in folder.iterdir() if folder.is_dir() else ():
        with suppress(UserFilesError):
            manifest = journal.read_manifest(run)
            for entry in manifest.files if manifest.by == "mend" else ():
                found.setdefault(entry.path, set()).add(entry.before)
    return found
