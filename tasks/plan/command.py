"""`doit plan` as text of any width, and as JSON for programs."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import msgspec

from tasks.console.output import write_data
from tasks.core.files import human_size
from tasks.core.paths import default_cache
from tasks.core.text import count, printable
from tasks.pipeline.room import Disk, way_out
from tasks.plan.figures import Fetch, Plan

FORMAT = 1
MOST = 4  # names that a line of the table lists
NARROWEST = 40
WHERE = {
    "cache": "in the cache already",
    "file": "read in place",
    "installed": "installed already: only looked at",
}


def write(plan: Plan, stream: TextIO, *, json: bool = False) -> None:
    """Write the plan.

    Raises:
        OSError: the stream can't be written.
    """
    if json:
        write_data(
            msgspec.json.format(msgspec.json.encode(as_data(plan)), indent=1).decode() + "\n",
            stream,
        )
        return
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    stream.write("\n".join(lines(plan, width)) + "\n")


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan for programs; docs/class.md tells each field."""
    return {
        "version": FORMAT,
        "fits": plan.fits,
        "complete": plan.is_complete,
        "steps": [msgspec.to_builtins(item) for item in plan.items],
        "archives": [msgspec.to_builtins(fetch) for fetch in plan.fetches],
        "besides": list(plan.besides),
        "notes": list(plan.notes),
        "disks": [
            {
                "folders": [str(folder) for folder in disk.folders],
                "peak": disk.peak,
                "end": disk.end,
                "free": disk.free,
                "fits": disk.fits,
            }
            for disk in plan.disks
        ],
    }


def lines(plan: Plan, width: int) -> list[str]:
    """The plan in lines of at most `width` cells; only what can't be broken is longer."""
    parts = [list(_stale(plan, width)), list(_archives(plan, width)), list(_disks(plan, width))]
    return [line for part in parts if part for line in [*part, ""]][:-1]


def _stale(plan: Plan, width: int) -> Iterator[str]:
    number = sum(item.state == "stale" for item in plan.items)
    if not number:
        yield f"Nothing is stale: {count(len(plan.items), 'task')} up to date."
        return
    yield f"{number} of {count(len(plan.items), 'task')} stale"
    for (reason, names), steps in _alike(plan).items():
        yield from _wrapped("  ", f"{', '.join(steps)}: {reason}", width)
        shown = names if len(names) <= MOST else names[: MOST - 1]
        yield from (f"      {name}" for name in shown)
        if len(names) > len(shown):
            yield f"      and {len(names) - len(shown)} more; --json names them all"


def _alike(plan: Plan) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """A reason and the names that it holds for → the steps that will be done for it."""
    names: dict[tuple[str, str], list[str]] = {}
    for item in plan.items:
        if item.state != "current":
            why = item.why.replace(item.name, "…") or "only if what comes before it changes"
            names.setdefault((item.step, printable(why)), []).append(printable(item.name))
    steps: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (step, why), some in names.items():
        steps.setdefault((why, tuple(some)), []).append(step)
    return steps


def _archives(plan: Plan, width: int) -> Iterator[str]:
    coming = [fetch for fetch in plan.fetches if fetch.place == "address"]
    unknown = sum(fetch.bytes is None for fetch in coming)
    if coming:
        total = human_size(sum(fetch.bytes or 0 for fetch in coming))
        more = f", {unknown} of unknown size" if unknown else ""
        yield f"To fetch: {total} in {count(len(coming), 'archive')}{more}"
    elif plan.fetches or plan.besides:
        yield "No archive is to be fetched."
    groups: dict[str, list[Fetch]] = {}
    for fetch in plan.fetches:
        groups.setdefault(_where(fetch), []).append(fetch)
    for where, some in groups.items():
        yield from _wrapped("  ", where, width)
        for fetch in some:
            yield f"{_size(fetch):>14}  {printable(fetch.network)}"
    for one in plan.besides:
        yield from _wrapped("  ", f"besides, of unknown size: {printable(one)}", width)
    for note in plan.notes:
        yield from _wrapped("  ", printable(note), width)


def _where(fetch: Fetch) -> str:
    """The place that it comes from, without the file's own name."""
    if fetch.place == "address":
        scheme, _, rest = fetch.source.partition("://")
        return printable(f"from {scheme}://{rest.partition('/')[0]}")
    if fetch.place == "nowhere":
        return printable(f"no source will do: {fetch.why}")
    return WHERE[fetch.place]


def _size(fetch: Fetch) -> str:
    if fetch.size is None:
        return "unknown size"
    if fetch.bytes is not None and 0 < fetch.bytes < fetch.size:
        return f"{human_size(fetch.bytes)} left"
    return human_size(fetch.size)


def _disks(plan: Plan, width: int) -> Iterator[str]:
    if not plan.disks:
        return
    yield "On disk" if plan.is_complete else "On disk, at least (some sizes are unknown)"
    for disk in plan.disks:
        folders = " and ".join(printable(str(folder)) for folder in disk.folders)
        yield from _wrapped("  ", folders, width)
        peak, end, free = human_size(disk.peak), _signed(disk.end), human_size(disk.free)
        yield from _wrapped("      ", f"{peak} at the peak, {end} in the end, {free} free", width)
    for disk in plan.disks:
        if not disk.fits:
            yield from _wrapped("", _advice(disk), width)


def _signed(size: int) -> str:
    return f"-{human_size(-size)}" if size < 0 else human_size(size)


def _advice(disk: Disk) -> str:
    lacking = human_size(disk.peak - disk.free)
    ways = way_out(disk, default_cache(), "name fewer networks")
    return f"It does not fit: {lacking} more must be free there. {ways[0].upper()}{ways[1:]}."


def _wrapped(head: str, text: str, width: int) -> Sequence[str]:
    """The text behind a head, its further lines beneath its first."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
        break_long_words=False,
    ) or [head.rstrip()]
