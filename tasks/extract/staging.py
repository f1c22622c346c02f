"""The folder in which a network is unpacked before it gets its name.

It lies beside the network, so that a rename publishes it, and has a name of its own for each
process. A lock on a file in it tells the living from the dead: it ends with its process, however
that ends. A lock that does not work costs a clean-up, never a file: what is published is compared
first.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tasks.paths import Workspace

LONGEST_EXTRACTION = 3600.0  # seconds; only counts where file locks don't work


@contextmanager
def staging(workspace: Workspace, network: str) -> Generator[Path, None, None]:
    """An empty folder that vanishes with the block.

    Raises:
        OSError: pre-trained/ can't be written.
    """
    workspace.pre_trained.mkdir(parents=True, exist_ok=True)
    prefix = workspace.staging(network).name + "-"
    with ExitStack() as held:
        folder = None
        while folder is None:
            made = Path(tempfile.mkdtemp(prefix=prefix, dir=workspace.pre_trained))
            folder = made if _hold(made, held) else None
        try:
            yield folder
        finally:
            held.close()
            shutil.rmtree(folder, ignore_errors=True)


def remove_strays(workspace: Workspace, network: str) -> None:
    """Remove the staging folders that no living process holds, each while we hold it: whoever made
    it just now finds it held, or gone, and makes another."""
    from filelock import FileLock, Timeout

    for folder in strays(workspace, network):
        try:
            with FileLock(folder / "lock", timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            continue
        except (OSError, NotImplementedError):  # no locks: its age told
            shutil.rmtree(folder, ignore_errors=True)
        if os.name == "nt":  # where a file that is open stays
            shutil.rmtree(folder, ignore_errors=True)


def strays(workspace: Workspace, network: str) -> list[Path]:
    """The staging folders that no living process holds."""
    pattern = re.compile(re.escape(workspace.staging(network).name) + "-[a-z0-9_]+")
    try:
        folders = list(workspace.pre_trained.iterdir())
    except FileNotFoundError:
        return []
    return [folder for folder in folders if pattern.fullmatch(folder.name) and _is_dead(folder)]


def _hold(folder: Path, held: ExitStack) -> bool:
    """Lock a new folder; false if another process, which came between its making and its locking,
    took it for a dead one's: that removes it."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except (OSError, NotImplementedError):  # no locks on this file system
        return folder.is_dir()
    held.callback(lock.release)
    return (folder / "lock").exists()  # else it was removed before we locked it


def _is_dead(folder: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / "lock", timeout=0):
            return True
    except Timeout:
        return False
    except (OSError, NotImplementedError):
        return time.time() - folder.stat().st_mtime > LONGEST_EXTRACTION
