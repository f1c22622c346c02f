"""What the options of `doit mend` ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from tasks.annotations.cure import Resized, Rules
from tasks.annotations.label_map import LabelMap
from tasks.core.errors import UsageError
from tasks.core.spelling import composed, spelled, suggestion
from tasks.pipeline.job import ProjectJob


class Request(Struct, frozen=True):
    """What is asked for.

    Attributes:
        words: the options, but for `--write`, as they were typed.
    """

    write: bool
    undo: bool
    rules: Rules
    words: tuple[str, ...]


def parse(job: ProjectJob, labels: LabelMap) -> Request:
    """Understand the options.

    Raises:
        UsageError: one is wrong, or they contradict each other.
    """
    options, task = job.options, f"mend:{job.name}"
    undo, write = bool(options.get("undo")), bool(options.get("write"))
    given = list[str](options.get("rename") or ())
    renames = dict(_renames(task, given, labels))
    resized = _resized(task, options.get("resized") or "")
    if undo and (write or renames or resized):
        raise UsageError(task, "`--undo` goes alone", f"`doit {task} --undo`")
    words = [word for value in given for word in ("--rename", value)]
    words += ["--resized", resized] if resized else []
    return Request(write, undo, Rules(renames, resized), tuple(words))


def _renames(task: str, values: Sequence[str], labels: LabelMap) -> Iterator[tuple[str, str]]:
    seen = dict[str, str]()
    for one in (one for value in values for one in _each(value)):
        old, equals, new = (part.strip() for part in one.partition("="))
        if not (old and equals and new):
            raise UsageError(task, f"`--rename {one}` names no two labels", "`--rename Two=two`")
        key = composed(old)
        if seen.setdefault(key, new) != new:
            raise UsageError(task, f"{spelled(old)} would become two labels", "rename it once")
        if new not in labels.ids:
            why = f"`--rename {one}`: {spelled(new)} is not in the label map"
            raise UsageError(task, why + suggestion(new, labels.ids))
        yield key, new


def _each(value: str) -> list[str]:
    """`a=b,c=d` is two of them; a label may have a comma, too."""
    parts = value.split(",")
    return parts if all("=" in part for part in parts) else [value]


def _resized(task: str, value: str) -> Resized:
    known: tuple[Resized, ...] = ("", "scale", "keep")
    for one in known:
        if one == value:
            return one
    raise UsageError(task, f"`--resized {value}` is neither scale nor keep")
