"""Writes pictures and XML into a project, many at a time.

All files of a batch are written out of sight, brought to disk with one wait, and then get their
names: waiting for each of ten thousand files by itself takes longer than all the rest. A file that
has its name is whole, whenever the process or the power ends.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from tasks.core.errors import DiskError
from tasks.core.files import make_folders, sync_folder
from tasks.core.staging import made_aside, remove_strays

How = Literal["copy", "link", "refer"]
MOST = 1000  # pictures of a batch
MOST_HELD = 64_000_000  # bytes that wait to be written
AT_ONCE = 64  # files that the thread is given: for each by itself both threads would wait in turns
OTHER_WAY = {
    "link": "`--pictures copy` copies them, `--pictures refer` leaves them where they are",
    "refer": "`--pictures copy` copies them, `--pictures link` makes hard links",
}


class Writer(Struct):
    """Files that are to get their names in one go.

    Attributes:
        aside: the folder that they are in until then.
        thread: what writes.
        waiting: what is written there, and where it goes.
        unwritten: what the thread is to be given next.
        begun: what may still be being written.
        held: bytes of both that are in memory.
    """

    how: How
    aside: Path
    thread: ThreadPoolExecutor
    waiting: list[tuple[Path, Path]] = field(default_factory=list)
    unwritten: list[tuple[Path, bytes]] = field(default_factory=list)
    begun: list[Future[None]] = field(default_factory=list)
    held: int = 0

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
        """Have a file of this content. It is written in a thread beside; that it can't be is known
        at the latest when it is published.

        Raises:
            OSError: one of those before can't be written.
        """
        path = self._next()
        self.waiting.append((path, target))
        self.unwritten.append((path, content))
        self.held += len(content)
        if len(self.unwritten) >= AT_ONCE:
            self._begin()
        if self.held > MOST_HELD:
            self._finish()

    def _begin(self) -> None:
        """Have the thread write what it was not given yet."""
        self.begun.append(self.thread.submit(_write, self.unwritten))
        self.unwritten = []

    def _finish(self) -> None:
        """Wait until all is written."""
        self._begin()
        for writing in self.begun:
            writing.result()
        self.begun.clear()
        self.held = 0

    def _next(self) -> Path:
        return self.aside / f"{len(self.waiting)}"

    def publish(self) -> None:
        """Give all files their names; pictures and XML that stand there by now stay.

        Raises:
            OSError: one can't be written or renamed.
        """
        self._finish()
        if self.waiting and hasattr(os, "sync"):
            os.sync()
        for path, target in self.waiting:
            if not os.path.lexists(target):
                os.replace(path, target)
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
        with ThreadPoolExecutor(1) as thread:
            writer = Writer(how, folder / "files", thread)
            yield writer
            writer.publish()


def _write(files: Iterable[tuple[Path, bytes]]) -> None:
    for path, content in files:
        with open(path, "xb", buffering=0) as file:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            if not hasattr(os, "sync"):  # Windows
                os.fsync(file.fileno())
