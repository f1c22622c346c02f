"""The label map: which class id stands for which label, as protobuf text (StringIntLabelMap)."""

from __future__ import annotations

from pathlib import Path

from tasks.config.types import Project, numbered
from tasks.pipeline.job import ProjectJob

APOSTROPHE = "'"  # the API's own label maps have it


def label_ids(project: Project) -> dict[str, int]:
    """label → class id: as given, or counted from 1 in the order given. Labels are in NFC."""
    return numbered(project.labels)


def label_map_path(job: ProjectJob) -> Path:
    """Where the project's label map lies."""
    return job.workspace.training(job.name) / job.project.label_map


def label_map(ids: dict[str, int]) -> bytes:
    """The text of a label map, one item a label, by id.

    Field names as in object_detection/protos/string_int_label_map.proto of tensorflow/models.
    """
    from tasks.formats.textproto.values import quoted  # only when there is something to write

    named = sorted((number, quoted(label, APOSTROPHE)) for label, number in ids.items())
    items = (f"item {{\n  id: {number}\n  name: {name}\n}}\n" for number, name in named)
    return "".join(items).encode()
