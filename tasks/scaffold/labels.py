"""The label map: which class id stands for which label, as protobuf text (StringIntLabelMap)."""

from __future__ import annotations

from tasks.catalogue.types import Project


def label_ids(project: Project) -> dict[str, int]:
    """label → class id: as given, or counted from 1 in the order given."""
    if isinstance(project.labels, dict):
        return project.labels
    return {label: number for number, label in enumerate(project.labels, 1)}


def label_map(ids: dict[str, int]) -> bytes:
    """The text of a label map, one item a label, by id.

    Field names as in object_detection/protos/string_int_label_map.proto of tensorflow/models.
    """
    ordered = sorted(ids.items(), key=lambda pair: pair[1])
    items = (f"item {{\n  id: {number}\n  name: {quoted(label)}\n}}\n" for label, number in ordered)
    return "".join(items).encode()


def quoted(text: str) -> str:
    """A string literal of protobuf's text format: printable characters stay, others are escaped."""
    return "'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character in "'\\":
        return "\\" + character
    if character == "\n":
        return "\\n"
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode())
