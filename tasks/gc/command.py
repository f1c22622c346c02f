"""`doit gc`: show what of the cache no known workspace needs; remove it with `--remove`."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from tasks.core.errors import DiskError, UsageError
from tasks.core.files import human_size
from tasks.core.files import remove as remove_file
from tasks.core.text import count, decimal, printable
from tasks.gc.needed import Known, known
from tasks.gc.sweep import DAY, Piece, is_needed, pieces, remove, unneeded
from tasks.pipeline import cache_users
from tasks.pipeline.job import WorkspaceJob

COMMAND = "gc"


class Found(Struct, frozen=True, kw_only=True):
    """What was found: all that is ours, what of it nobody needs, and what is known of whom."""

    every: tuple[Piece, ...]
    unneeded: tuple[Piece, ...]
    known: Known


def run(
    words: Sequence[str], options: Mapping[str, object], job: WorkspaceJob, width: int
) -> list[str]:
    """Show or remove; the answer is the lines to print.

    Raises:
        UsageError: an option or a word that it does not take.
        ConfigError: this workspace's config/zoo.lock can't be read.
        DiskError: something could not be removed; what could is.
    """
    if words:
        raise UsageError(COMMAND, f"it takes no words: `{printable(words[0])}`", "`doit gc`")
    days = _days(options.get("older_than"))
    found = look(job, days, gone_too=bool(options.get("gone")), now=time.time())
    lines = list(shown(found, job.cache.root, width, time.time()))
    if not options.get("remove"):
        if found.unneeded:
            lines += ["", "Nothing was removed; `doit gc --remove` does."]
        return lines
    if found.known.unreadable:
        why = f"{found.known.unreadable[0]} can't be read: it says what a workspace needs"
        raise UsageError(COMMAND, why, "remove that file if it is of no use")
    cache_users.note(job)
    return lines + _sweep(job, found, gone_too=bool(options.get("gone")))


def _days(text: object) -> float:
    if text is None:
        return 1.0
    days = decimal(str(text))
    if days is None or days < 1:
        why = f"--older-than: `{printable(str(text))}` is no number of days from 1 on"
        raise UsageError(COMMAND, why, "`doit gc --older-than 30`")
    return days


def look(job: WorkspaceJob, days: float, *, gone_too: bool, now: float) -> Found:
    """Find what nobody needs. With `gone_too`, workspaces that are gone need nothing either."""
    who = known(job)
    every = tuple(pieces(job.cache))
    users = who.needing(also_gone=not gone_too)
    return Found(every=every, unneeded=tuple(unneeded(every, users, now, days)), known=who)


def shown(found: Found, cache: Path, width: int, now: float) -> Iterator[str]:
    """What was found, in lines of at most `width` cells; only a name may be longer."""
    here, total = found.known.here, human_size(sum(piece.size for piece in found.every))
    who = count(len(here), "known workspace")
    told = f"{cache}: {total}, needed by {who} or too young to go"
    if found.unneeded:
        size = human_size(sum(piece.size for piece in found.unneeded))
        told = f"{cache}: {size} of {total} is needed by none of {who}"
    yield from _wrapped(told, width)
    for piece in found.unneeded:
        age = f"{int((now - piece.changed) // DAY)} d"
        name = printable(piece.path.relative_to(cache).as_posix())
        yield f"{human_size(piece.size):>10}  {age:>6}  {name}"
    for user in found.known.gone:
        kept = [piece for piece in found.every if is_needed(piece, [user])]
        only = [piece for piece in kept if not is_needed(piece, here)]
        yield ""
        size_kept = human_size(sum(piece.size for piece in only))
        yield from _wrapped(
            f"{printable(user.path)} is not there, or can't be read: moved, deleted, or not"
            f" mounted? Only it needs {count(len(only), 'file')}, {size_kept}."
            " `--gone` no longer counts it.",
            width,
        )
    for note in found.known.unreadable:
        yield from ("", *_wrapped(f"{note} can't be read: nothing is removed until it is.", width))


def _sweep(job: WorkspaceJob, found: Found, *, gone_too: bool) -> list[str]:
    left, freed, number = [], 0, 0
    for piece in found.unneeded:
        try:
            why = remove(job.cache, piece)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
        if why:
            left.append(f"{piece.path.relative_to(job.cache.root)}: {why}")
        else:
            freed, number = freed + piece.size, number + 1
    if gone_too and not left:
        for note in found.known.notes.values():
            remove_file(note)
    done = f"{count(number, 'file')} removed, {human_size(freed)} are free again"
    if left:
        raise DiskError(COMMAND, f"{done}; left: {'; '.join(left)}", "run `doit gc` again")
    return ["", done]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
