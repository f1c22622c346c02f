"""The labels of a project and their class ids, as training reads them: from the label map."""

from __future__ import annotations

from msgspec import Struct

from tasks.job import ProjectJob
from tasks.labels import label_ids, label_map_path

LARGEST = 4_000_000
HIGHEST = 2**31 - 1  # int32 in StringIntLabelMap


class LabelMap(Struct, frozen=True):
    """label → class id.

    Attributes:
        is_file: they come from the label map; false if there is none yet, and they are those that
            the configuration gives.
    """

    ids: dict[str, int]
    is_file: bool


def labels_of(job: ProjectJob) -> LabelMap:
    """The labels of the project's label map; those of the configuration if there is none yet.

    The file may be the user's: what stands in it is what training goes by.

    Raises:
        ValueError: the file is no label map; a clause that says where.
        OSError: it can't be read.
    """
    try:
        with open(label_map_path(job), "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return LabelMap(label_ids(job.project), False)
    return LabelMap(read_label_map(content), True)


def read_label_map(content: bytes) -> dict[str, int]:
    """label → class id, in the file's order.

    Source of the field names: object_detection/protos/string_int_label_map.proto.

    Raises:
        ValueError: it is no label map, or one that training would not take.
    """
    from tasks.textproto.edit import Document

    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    document, ids = Document.read(content), dict[str, int]()
    for number in range(document.count("item")):
        name, item_id = (document.get(f"item[{number}].{key}") for key in ("name", "id"))
        if not isinstance(name, str) or not name:
            raise ValueError(f"item {number + 1} has no name")
        if not isinstance(item_id, int) or isinstance(item_id, bool):
            raise ValueError(f"item {number + 1} ({name}) has no id")
        if not 1 <= item_id <= HIGHEST:
            raise ValueError(f"{name} has the id {item_id}, and ids count from 1")
        if name in ids:
            raise ValueError(f"{name} stands in it twice")
        if item_id in ids.values():
            raise ValueError(f"{name} has the id {item_id}, which another label has")
        ids[name] = item_id
    if not ids:
        raise ValueError("it holds no item")
    return ids
