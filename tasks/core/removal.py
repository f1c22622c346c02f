"""Removes single files and empty folders, never through a link; keeps account of all it did not.

A step's `clean` gives back what it could not remove, one line each; with `dryrun` it only tells.
Receipts say what is ours; since they can be damaged or forged, a path of a receipt counts only
inside the folder that its step writes to, a file only if its content is still the recorded one.
Receipts go last, and stay when something could not be removed: cleaning again then goes on where it
stopped.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.core.files import leftovers
from tasks.core.ownership import PathState, is_link, is_via_link, path_state
from tasks.core.paths import Workspace
from tasks.core.receipts import Receipt
from tasks.core.text import printable

Say = Callable[[str], None]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")  # of a network or a project
NAMED = 3
NONE: Mapping[Path, str] = {}
GONE_OR_FULL = (errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST)


@dataclass(slots=True)
class Removal:
    """One sweep.

    Attributes:
        root: the workspace; nothing outside of it is removed.
        dryrun: tell, and remove nothing.
        say: where each removal and each thing that stays is told, one line each.
        gone: what was removed, or would have been.
        failures: what could not be removed, one line each.
        stuck: the paths of these.
        changed: what was ours, was changed, and stays; it is told.
    """

    root: Path
    dryrun: bool
    say: Say
    gone: set[Path] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    stuck: set[Path] = field(default_factory=set)
    changed: set[Path] = field(default_factory=set)

    def see(self, path: Path) -> PathState:
        """What stands at `path`; a place that can't be looked into is a failure."""
        try:
            return path_state(self.root, path)
        except OSError as error:
            self._fail(path, error)
            return PathState("nothing")

    def file(self, path: Path, *, quiet: bool = False) -> bool:
        """Remove a plain file if it is there; say whether it went."""
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode) or not self._may(path):
                return False
            if not self.dryrun:
                path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            self._fail(path, error)
            return False
        self.gone.add(path)
        if not quiet:
            self.tell(path)
        return True

    def outputs(self, receipt: Receipt | None, places: Iterable[Path]) -> None:
        """Remove the files that a receipt lists as outputs and nobody changed; name the changed.

        Args:
            places: where the step writes; a damaged or forged receipt says nothing of others.
        """
        for path in places:
            self.leftovers(path)
            if receipt is None:
                continue
            if self.is_ours(receipt, path):
                self.file(path)
            elif self._listed(receipt, path) and self.see(path).kind != "nothing":
                self.stay(path, "it was changed")
                self.changed.add(path)

    def is_ours(self, receipt: Receipt, path: Path) -> bool:
        """Whether a receipt lists what stands at `path`, and nobody changed it."""
        return self.see(path).is_ours(self._listed(receipt, path))

    def _listed(self, receipt: Receipt, path: Path) -> set[str]:
        return receipt.output(path.relative_to(self.root).as_posix()).written

    def leftovers(self, path: Path) -> None:
        """Remove the temporary files that killed writers of `path` left."""
        try:
            if self._may(path):
                self.gone.update(leftovers(path, remove=not self.dryrun))
        except OSError as error:
            self._fail(path, error)

    def empty_folder(self, path: Path) -> None:
        """Remove a folder if nothing is in it."""
        try:
            if not stat.S_ISDIR(os.lstat(path).st_mode) or not self._may(path):
                return
            if {path / name for name in os.listdir(path)} <= self.gone:
                if not self.dryrun:
                    path.rmdir()
                self.gone.add(path)
        except OSError as error:
            if error.errno not in GONE_OR_FULL:
                self._fail(path, error)

    def empty_folders(self, path: Path) -> None:
        """Remove all empty folders in `path`, and `path` itself if it is empty by then."""
        if is_link(path):
            return
        for folder, _, _ in os.walk(path, topdown=False):
            self.empty_folder(Path(folder))

    def tree(self, path: Path) -> None:
        """Remove a folder that is wholly ours, with all that is in it; links go, not what they
        lead to."""
        if is_link(path) or not path.is_dir() or not self._may(path):
            return
        before = len(self.failures)
        if not self.dryrun:
            shutil.rmtree(path, onerror=lambda _, place, info: self._fail(Path(place), info[1]))
        if len(self.failures) == before:
            self.gone.add(path)
            self.tell(path)

    def tell(self, path: Path, detail: str = "") -> None:
        verb = "would remove" if self.dryrun else "removed"
        self.say(f"{verb} {self._shown(path)} {detail}".rstrip())

    def stay(self, path: Path, why: str) -> None:
        self.say(f"kept {self._shown(path)}: {why}")

    def name_rest(
        self, folder: Path, changed: Mapping[Path, str] = NONE, known: Collection[Path] = ()
    ) -> None:
        """Name what is left in `folder`: each of `changed` with its reason, others by folder.

        What is in `known`, what could not be removed and what was told before is left unsaid.
        """
        if is_link(folder) or is_via_link(self.root, folder):
            self.stay(folder, "a link leads there, and nothing is removed through a link")
            return
        for place, folders, files in os.walk(folder):
            here = Path(place)
            inside = {here / name for name in [*files, *folders]} - self.gone
            if not inside and here not in {*self.gone, *known, *self.stuck}:
                self.stay(here, "it is empty, and is not known to be made by the build")
            told = {*known, *self.stuck, *self.changed}
            rest = sorted(p for p in inside - told if p.name in files or is_link(p))
            self._name(here, rest, changed)

    def _name(self, folder: Path, rest: list[Path], changed: Mapping[Path, str]) -> None:
        for path in rest:
            if path in changed:
                self.stay(path, changed[path])
        if foreign := [path.name for path in rest if path not in changed]:
            self.stay(folder, f"{_listed(foreign)} not known to be made by the build")

    def _may(self, path: Path) -> bool:
        return self.root in path.parents and not is_via_link(self.root, path)

    def _fail(self, path: Path, error: BaseException) -> None:
        reason = error.strerror if isinstance(error, OSError) else None
        self.stuck.add(path)
        self.failures.append(f"{self._shown(path)}: {(reason or str(error)).lower()}")

    def _shown(self, path: Path) -> str:
        inside = self.root in path.parents
        return printable(path.relative_to(self.root) if inside else path)


def _listed(names: list[str]) -> str:
    """`a.png, b.png, c.png and 12 more are`: bounded, however many there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{', '.join(printable(name) for name in names[:NAMED])}{more} {verb}"


def forget(removal: Removal, workspace: Workspace, step: str, name: str) -> None:
    """Remove the receipt and the log of a step, unless something before could not be removed."""
    if removal.failures:
        return
    receipt, log = workspace.receipt(step, name), workspace.log(step, name)
    whole = workspace.whole_list(step, name)
    for path in (receipt, log, whole):
        removal.leftovers(path)
    removal.file(receipt)
    for path in (log, whole):
        removal.file(path, quiet=True)
    for folder in (receipt.parent, receipt.parent.parent, log.parent):
        removal.empty_folder(folder)


def named(workspace: Workspace, step: str) -> set[str]:
    """The names that have a receipt of this step; what is not called so is no receipt."""
    folder = workspace.receipt(step, "x").parent
    names = {path.stem for path in folder.glob("*.json")}
    names |= {f"{path.parent.name}:{path.stem}" for path in folder.glob("*/*.json")}
    return {name for name in names if all(map(NAME.fullmatch, name.split(":")))}
