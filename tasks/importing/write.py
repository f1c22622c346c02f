"""Writes pictures and XML into a project, many at a time.

All files of a batch are written out of sight, brought to disk with one wait, and then get their
names: waiting for each of ten thousand files by itself takes longer than all the rest. A file that
has its name is whole, whenever the process or the power ends.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from tasks.core.errors import DiskError
from tasks.core.files import make_folders, sync_folder
from tasks.core.staging import made_aside, remove_strays

How = Literal["copy", "link", "refer"]
MOST = 1000  # pictures of a batch
OTHER_WAY = {
    "link": "`--pictures copy` copies them, `--pictures refer` leaves them where they are",
    "refer": "`--pictures copy` copies them, `--pictures link` makes hard links",
}


class Writer(Struct):
    """Files that are to get their names in one go.

    Attributes:
        aside: the folder that they are in until then.
        waiting: what is written there, and where it goes.
    """

    how: How
    aside: Path
    waiting: list[tuple[Path, Path]] = field(default_factory=list)

    def picture(self, source: Path, content: bytes, target: Path) -> None:
        """Have a picture: its bytes, a hard link to its file, or a symbolic one.

        Raises:
            DiskError: links can't be made there.
            OSError: it can't be written.
        """
        if self.how == "copy":
            self.file(content, target)
            return
        path = self._next()
        try:
            if self.how == "link":
                os.link(os.path.realpath(source), path)
            else:
                path.symlink_to(os.path.realpath(source))
        except OSError as error:
            across = error.errno == errno.EXDEV
            why = "it is on another disk" if across else (error.strerror or "no links").lower()
            what = f"{source} can't be linked to"
            raise DiskError(what, why, OTHER_WAY[self.how]) from error
        self.waiting.append((path, target))

    def file(self, content: bytes, target: Path) -> None:
        """Have a file of this content.

        Raises:
            OSError: it can't be written.
        """
        path = self._next()
        with open(path, "xb") as file:
            file.write(content)
            if not hasattr(os, "sync"):  # Windows
                file.flush()
                os.fsync(file.fileno())
        self.waiting.append((path, target))

    def _next(self) -> Path:
        return self.aside / f"{len(self.waiting)}"

    def publish(self) -> None:
        """Give all files their names; pictures and XML that stand there by now stay.

        Raises:
            OSError: one can't be renamed.
        """
        if self.waiting and hasattr(os, "sync"):
            os.sync()
        for path, target in self.waiting:
            if not os.path.lexists(target):
                path.rename(target)
            else:
                path.unlink()
        for folder in {target.parent for _, target in self.waiting}:
            sync_folder(folder)
        self.waiting.clear()

    def publish_if_many(self) -> None:
        if len(self.waiting) >= 2 * MOST:
            self.publish()


@contextmanager
def writing(images: Path, folders: tuple[Path, ...], how: How) -> Iterator[Writer]:
    """A writer for the folders of a project's pictures; what it was given is published when the
    block ends.

    Raises:
        OSError: a folder can't be made or written.
    """
    for folder in folders:
        make_folders(folder)
    aside = images / ".import"
    remove_strays(aside)
    with made_aside(aside) as folder:
        (folder / "files").mkdir()
        writer = Writer(how, folder / "files")
        yield writer
        writer.publish()
