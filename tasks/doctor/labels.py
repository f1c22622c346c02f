"""The label map, and what the annotations make of it."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.annotations.label_map import (
    LARGEST,
    LabelMap,
    label_ids,
    label_map_path,
    labels_of,
    repeated_fields,
)
from tasks.core.files import read_head
from tasks.core.text import printable
from tasks.doctor import config
from tasks.doctor.pictures import SplitReport
from tasks.doctor.table import Finding, error, ok, warning
from tasks.pipeline.job import ProjectJob

WHAT = "label map"
FEW = 8  # labels that are result in a line; the label map has them all


def read(job: ProjectJob) -> tuple[LabelMap, list[Finding]]:
    """The labels to go by, and what is to be said of their file."""
    path = label_map_path(job)
    where = printable(path.relative_to(job.workspace.root))
    configured = LabelMap(label_ids(job.project), False)
    again = f"mend it, or remove it and run `doit scaffold:{job.name}`"
    try:
        labels = labels_of(job)
        if not labels.is_file:
            return labels, [error(WHAT, f"there is no {where}", f"run `doit scaffold:{job.name}`")]
        content = read_head(path, LARGEST)
        faults, twice = config.text_faults(content), repeated_fields(content)
    except OSError as failure:
        return configured, [error(WHAT, f"{where} can't be read: {failure.strerror}", again)]
    except ValueError as fault:
        return configured, [error(WHAT, f"{where}: {fault}", again)]
    if faults:
        return labels, [error(WHAT, where, again, faults)]
    result = ", ".join(
        f"{printable(name)} {number}" for name, number in list(labels.ids.items())[:FEW]
    )
    result += ", …" if len(labels.ids) > FEW else ""
    if not labels.holds(configured.ids):
        todo = "config/workspace.toml has others: make them agree"
        return labels, [warning(WHAT, f"{where} has {result}", todo, twice)]
    if twice:
        return labels, [warning(WHAT, result, "let each stand once", twice)]
    return labels, [ok(WHAT, result)]


def use(labels: LabelMap, train: SplitReport, test: SplitReport) -> Iterator[Finding]:
    """How often each label occurs."""
    if not train.boxes:
        return
    result = ", ".join(
        f"{printable(name)} {train.labels[name]}+{test.labels[name]}"
        for name in list(labels.ids)[:FEW]
    )
    result += ", …" if len(labels.ids) > FEW else ""
    never = [printable(name) for name in labels.ids if not train.labels[name]]
    if never:
        todo = "add pictures of it, or take the label out of config/workspace.toml"
        yield _absent("train", never, todo)
        return
    yield ok("labels", f"boxes in train+test: {result}")
    absent = [printable(name) for name in labels.ids if not test.labels[name]]
    if absent and test.boxes:
        yield _absent("test", absent, "add pictures to test")


def _absent(split: str, labels: list[str], todo: str) -> Finding:
    if len(labels) <= FEW:
        return warning("labels", f"never in {split}: {', '.join(labels)}", todo)
    return warning("labels", f"never in {split}: {len(labels)} of them", todo, labels)
