"""What the known workspaces need of the cache. Nothing is written, in none of them."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from tasks.config.load import compile_files, compiled
from tasks.core.errors import ConfigError
from tasks.core.paths import Workspace
from tasks.pipeline.cache_users import User, user_of, users
from tasks.pipeline.job import WorkspaceJob


class Known(Struct, frozen=True, kw_only=True):
    """What is known of the workspaces.

    Attributes:
        here: those that were looked at, as they are now.
        gone: those that are not where they were (moved, deleted, or on a disk that is not mounted),
            or whose configuration can't be read; as they noted it themselves.
        notes: path of a workspace that is gone → its note.
        unreadable: notes that can't be read: nobody knows what they would keep.
    """

    here: tuple[User, ...]
    gone: tuple[User, ...]
    notes: dict[str, Path]
    unreadable: tuple[Path, ...]

    def needing(self, *, also_gone: bool) -> tuple[User, ...]:
        return (*self.here, *self.gone) if also_gone else self.here


def known(job: WorkspaceJob) -> Known:
    """Look at all workspaces that used the cache, and at this one."""
    noted, unreadable = users(job.cache)
    own = user_of(job)
    here, gone, notes = [own], [], {}
    for note, user in noted.items():
        if user.path == own.path:
            continue
        now = _as_it_is(user)
        if now is not None:
            here.append(now)
        else:
            gone.append(user)
            notes[user.path] = note
    return Known(here=tuple(here), gone=tuple(gone), notes=notes, unreadable=tuple(unreadable))


def _as_it_is(user: User) -> User | None:
    """What the workspace needs now; None if it can't be looked at."""
    workspace = Workspace(Path(user.path))
    try:
        if not workspace.state.is_dir():
            return None
        config = compiled(workspace) or compile_files(workspace, keep=False)
        return user_of(WorkspaceJob(config, workspace))
    except (ConfigError, OSError, ValueError):
        return None
