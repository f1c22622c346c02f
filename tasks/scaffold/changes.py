"""What was tailored in a project, as the user sees it."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.annotations.label_map import label_map_path
from tasks.core.errors import disk_error
from tasks.core.files import read_file
from tasks.core.text import printable
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import TextError
from tasks.formats.textproto.values import same
from tasks.pipeline.job import ProjectJob
from tasks.pipeline_config.edit import Change, UnsuitableError, as_text, current
from tasks.pipeline_config.schema import SHAPE
from tasks.scaffold.configs import LONGEST_CONFIG, remarks, tailor
from tasks.scaffold.files import config_path, key
from tasks.scaffold.step import why_stale

WIDEST = 40  # characters of a row's values; what is longer pushes its reason to the right


def page(job: ProjectJob) -> list[str]:
    """Each network's pipeline.config: what its own file says, what the project's says, and why.

    Raises:
        TodError: a network's file can't be read, or an override does not fit it.
    """
    why = why_stale(job, edits=False)  # the page shows them
    todo = [f"{job.name} is not up to date ({why}): run `doit scaffold:{job.name}`"] if why else []
    try:
        return [*(line for name in job.project.networks for line in _network(job, name)), *todo]
    except OSError as error:
        raise disk_error(job.name, error) from error


def _network(job: ProjectJob, name: str) -> list[str]:
    network = job.config.networks[name]
    try:
        made = tailor(job, network, key(job, label_map_path(job)))
    except UnsuitableError as error:
        return [f"{name}: {printable(str(error))}"]
    if made is None:
        return [f"{name}: not here yet"]
    path = config_path(job, name)
    heading = [key(job, path), *(f"  {line}" for line in remarks(network, made))]
    try:
        here = Document.read(read_file(path, LONGEST_CONFIG), SHAPE) if path.is_file() else None
    except TextError as error:
        return [*heading, f"  {printable(str(error))}"]
    return heading + table(made.base, here, made.changes)


def table(base: Document, here: Document | None, changes: Iterable[Change]) -> list[str]:
    """Every value that differs from the network's own or from ours, two lines each since paths are
    long: the field, then the value before and now, and why.

    Args:
        base: the network's own file.
        here: the project's file; None: as it would be made.
    """
    rows = []
    for change in changes:
        before = current(base, change.path)
        now = change.value if here is None else current(here, change.path)
        if not same(now, change.value):
            why = f"yours; ours would be {as_text(change.value) or 'nothing'}"
        elif same(now, before):
            continue
        else:
            why = change.why
        values = f"{as_text(before) or 'nothing'} → {as_text(now) or 'nothing'}"
        rows.append((change.path, values, why))
    width = min(WIDEST, max((len(values) for _, values, _ in rows), default=0))
    return [
        line
        for path, values, why in rows
        for line in (f"  {path}", f"      {values.ljust(width)}  {why}")
    ]
