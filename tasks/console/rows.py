"""What became of each task, and the lines that say so in pipes, files and logs: no colour, no
width, one fact a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct

from tasks.core.files import human_size
from tasks.core.text import printable

Kind = Literal["built", "up to date", "deferred", "ignored", "failed", "not run"]
KINDS: tuple[Kind, ...] = get_args(Kind)

ONLINE_AGAIN = (
    "run `doit` again where the internet can be reached,",
    "or name a mirror in config/workspace.toml,",
    "or fetch the archive by hand and run `doit adopt FILE`",
)


class Row(Struct, frozen=True):
    """One task of this run.

    Attributes:
        step, name: `extract` and the network's or project's name.
        kind: what became of it.
        note: what was done, why it was deferred, or the failure's line.
        why: why it was stale; "" if it was not, or if that is plain (it never ran before).
        seconds: wall time.
        size: bytes handled, if that means anything.
        lines: what the user must know beside.
        results: paths of what is worth looking at.
    """

    step: str
    name: str
    kind: Kind
    note: str = ""
    why: str = ""
    seconds: float = 0.0
    size: int | None = None
    lines: tuple[str, ...] = ()
    results: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The task's name; a command has no network behind a colon."""
        return f"{self.step}:{self.name}" if self.name else self.step


def step_and_name(task_name: str) -> tuple[str, str]:
    """`extract` and the network's name. A step that is done for another one's sake has a task whose
    name begins with `_`, and is the same step to the user."""
    step, _, name = task_name.partition(":")
    return step.removeprefix("_"), name


def row_from_values(task_name: str, values: Mapping[str, object], why: str, seconds: float) -> Row:
    """The row of a task that succeeded, from what its action returned."""
    step, name = step_and_name(task_name)
    kinds: dict[object, Kind] = {"built": "built", "kept": "up to date", "deferred": "deferred"}
    size = values.get("size")
    return Row(
        step,
        name,
        kinds.get(values.get("kind"), "built"),
        note=printable(str(values.get("note") or "")),
        why=why,
        seconds=seconds,
        size=size if isinstance(size, int) else None,
        lines=_texts(values.get("lines")),
        results=_texts(values.get("results")),
    )


def _texts(found: object) -> tuple[str, ...]:
    return tuple(printable(str(one)) for one in found) if isinstance(found, list) else ()


def nothing_done(rows: Iterable[Row]) -> bool:
    """Whether the run found everything as it should be, but for what is deferred or ignored."""
    idle = ("up to date", "deferred", "ignored")
    return all(row.kind in idle and not row.lines for row in rows)


def any_failed(rows: Iterable[Row]) -> bool:
    return any(row.kind in ("failed", "not run") for row in rows)


def verdict(rows: Sequence[Row]) -> str:
    """What a run came to, in a line."""
    if nothing_done(rows):
        kinds = {row.kind for row in rows}
        if kinds == {"ignored"}:
            return "nothing to do: all that was asked for is ignored"
        rest = "everything else" if deferred(rows) or "ignored" in kinds else "everything"
        return f"nothing to do: {rest} is up to date"
    return f"{'not all is done' if any_failed(rows) else 'done'}: {counts(rows)}"


def deferred(rows: Iterable[Row]) -> dict[str, str]:
    """network → why, for each network that was deferred: each once, though many steps say so."""
    found: dict[str, str] = {}
    for row in rows:
        if row.kind == "deferred" and row.step != "scaffold":
            found.setdefault(row.name, row.note)
    return found


def to_look_at(rows: Iterable[Row]) -> list[str]:
    """The pictures and pages that this run made."""
    return [path for row in rows if row.kind == "built" for path in row.results]


def counts(rows: Iterable[Row]) -> str:
    """`2 built, 1 deferred`: how many tasks ended how, in a fixed order."""
    listed = [row.kind for row in rows]
    return ", ".join(f"{listed.count(kind)} {kind}" for kind in KINDS if kind in listed)


def short_time(seconds: float) -> str:
    """A duration as people say it: 0.4 s, 12 s, 3 min 20 s."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def step_lines(row: Row) -> list[str]:
    """One task's line, and what the user must know beside."""
    facts = [row.note, *([human_size(row.size)] if row.size else []), short_time(row.seconds)]
    details = ", ".join(fact for fact in facts if fact)
    why = f" (because {row.why})" if row.why and row.kind == "built" else ""
    first = f"{row.kind:<10} {row.label}: {details}{why}"
    return [first, *(f"           {line}" for line in row.lines)]


def closing_lines(rows: Sequence[Row], width: int | None = None) -> list[str]:
    """The last lines of a run: what it came to, and what to do about what is missing. `width` is
    the terminal's, in columns, if it is one."""
    lines = [verdict(rows), *(f"look at:   {path}" for path in to_look_at(rows))]
    waiting = deferred(rows)
    for name, why in waiting.items():
        line = f"deferred:  {name}: {why}"
        fits = width is None or len(line) <= width
        lines += [line] if fits else [f"deferred:  {name}", f"           {why}"]
    return [*lines, *(f"           {line}" for line in ONLINE_AGAIN if waiting)]
