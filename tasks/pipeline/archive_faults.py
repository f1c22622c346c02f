"""What happens to an archive that can't be used, and what the user is told.

Reading an archive says what is wrong with it as a clause (`ends too soon`); here it becomes a line
that names the network, and that says whose file it is.
"""

from __future__ import annotations

from pathlib import Path

from tasks.core.errors import DamagedError, TodError, UnsafeArchiveError
from tasks.pipeline import archive_cache
from tasks.pipeline.job import NetworkJob


def for_user(
    job: NetworkJob, archive: Path, error: DamagedError | UnsafeArchiveError, attested_by: str
) -> TodError:
    """The same error, for the user; a damaged copy of ours is set aside.

    Args:
        attested_by: who vouches for the archive's bytes, see `DownloadReceipt`.

    Raises:
        OSError: the cache can't be written.
    """
    if isinstance(error, DamagedError):
        return damaged(job, archive, error.why, attested_by)
    todo = error.todo or what_to_do(job, archive)
    return UnsafeArchiveError(job.name, f"the archive {error.why}; nothing was unpacked", todo)


def damaged(job: NetworkJob, archive: Path, why: str, attested_by: str = "") -> DamagedError:
    """Set our copy aside. Fetching it anew mends what broke on the way, but not what is on record
    or what the host itself vouches for: then the user had better look.

    Raises:
        OSError: the cache can't be written.
    """
    moved = archive_cache.set_aside(job, archive, "damaged")
    if moved is None:
        return DamagedError(job.name, f"the archive {why}", what_to_do(job, archive))
    todo = f"it is now {moved}; run doit again to fetch it anew"
    if attested_by in ("server", "recorded"):
        todo = f"{todo}, though these very bytes are vouched for ({attested_by})"
    return DamagedError(job.name, f"the archive {why}", todo)


def what_to_do(job: NetworkJob, archive: Path) -> str:
    """What to do with an archive that no download would mend."""
    if archive_cache.is_ours(job, archive):
        return f"remove {archive} to fetch it anew"
    return f"{archive} is your own file and stays as it is"
