"""Every failure that this build expects, each told in one line. Anything else that is raised is a
defect and keeps its traceback.
"""

from __future__ import annotations

from tasks.core.addresses import redacted_text
from tasks.core.text import lowered, printable, printable_lines


class TodError(Exception):
    """An expected failure.

    Attributes:
        what: what it happened to (`embedded: pre-trained/x`, `config/workspace.toml`).
        why: what went wrong, as a clause without a full stop.
        todo: what the user can do about it; may be empty.

    Addresses in them are cut down to what may be shown; see `addresses`.
    """

    def __init__(self, what: str, why: str, todo: str = "") -> None:
        what, why, todo = redacted_text(what), redacted_text(why), redacted_text(todo)
        super().__init__(what, why, todo)
        self.what, self.why, self.todo = what, why, todo

    def _text(self) -> str:
        return f"{self.what}: {self.why}" + (f"; {self.todo}" if self.todo else "")

    def __str__(self) -> str:
        """One line, whatever was named in it."""
        return printable(self._text())


class ConfigError(TodError):
    """Configuration that can't be used; `faults` holds every fault found, one line each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("configuration", "\n".join(faults))
        self.faults = tuple(redacted_text(fault) for fault in faults)

    def __str__(self) -> str:
        return "\n".join(map(printable, self.faults))


class UnreachableError(TodError):
    """No source of a network can be reached from here, now: the step is deferred, or fails if it
    was named."""


class DownloadError(TodError):
    """Every source answered, none gave the archive, and the answers are final."""


class PlainHttpError(DownloadError):
    """A source was not asked: anyone on the way may answer for plain http, and no confirmed digest
    is known that would tell."""


class DamagedError(TodError):
    """The archive's bytes are not whole; our copy is set aside, and a fresh download mends it."""


class RefusedError(TodError):
    """The archive is whole but unlike the record; only the user can accept it."""


class UnsafeArchiveError(TodError):
    """The archive would write where it must not, or too much."""


class DiskError(TodError):
    """The operating system would not let us read, write or rename."""


class UserFilesError(TodError):
    """Files that are the user's stand where ours would go."""


class AnnotationsError(TodError):
    """The user's pictures, annotations or label map are not such that training could read them:
    `why` has a line for each fault."""

    def __str__(self) -> str:
        return printable_lines(self._text())


class NetworkError(TodError):
    """The network does not load, or does not answer as a detector should."""


class BrokenNetworkError(NetworkError):
    """It is the network's own fault: the same network will do the same another time."""


class TrainingError(TodError):
    """A training could not begin, or not go on."""


class UsageError(TodError):
    """A command was given a name or a file that does not exist."""


def disk_error(what: str, error: OSError) -> DiskError:
    """Tell an `OSError` in one line: the operating system's own words, without the errno."""
    place = f" ({error.filename})" if error.filename else ""
    return DiskError(what, lowered(error.strerror or type(error).__name__) + place)
