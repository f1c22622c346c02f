"""The label map: which class id stands for which label, as protobuf text (StringIntLabelMap).

Source of the field names: object_detection/protos/string_int_label_map.proto of tensorflow/models;
of what is allowed: object_detection/utils/label_map_util.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tasks.config.types import Project, numbered
from tasks.core.files import read_head
from tasks.core.spelling import code_point, composed, spelled, unseen
from tasks.pipeline.job import ProjectJob

if TYPE_CHECKING:
    from tasks.formats.textproto.edit import Document

APOSTROPHE = "'"  # the API's own label maps quote by it
LARGEST = 4_000_000
LONGEST = 500  # characters of a line that are searched for what is wrong
HIGHEST = 2**31 - 1  # int32 in StringIntLabelMap

UNQUOTED = re.compile(r"""^[^#'"]*\bname\s*:\s*([\w.+-][^'"#;,}]*?)\s*(?:[#;,}]|\bid\b|$)""")


class LabelMap(Struct, frozen=True):
    """label → class id.

    Attributes:
        is_file: read from the project's label map; false if that file is missing and the labels
            are those of the configuration.
    """

    ids: dict[str, int]
    is_file: bool

    def holds(self, ids: dict[str, int]) -> bool:
        """Whether it gives the same ids to the same labels."""
        return {composed(label): number for label, number in self.ids.items()} == ids


def label_ids(project: Project) -> dict[str, int]:
    """label → class id: as given, or counted from 1 in the order given. Labels are in NFC."""
    return numbered(project.labels)


def label_map_path(job: ProjectJob) -> Path:
    """Where the project's label map lies."""
    return job.workspace.training(job.name) / job.project.label_map


def label_map(ids: dict[str, int]) -> bytes:
    """The text of a label map, one item a label, by id."""
    from tasks.formats.textproto.values import quoted  # only when there is something to write

    named = sorted((number, quoted(label, APOSTROPHE)) for label, number in ids.items())
    items = (f"item {{\n  id: {number}\n  name: {name}\n}}\n" for number, name in named)
    return "".join(items).encode()


def labels_of(job: ProjectJob) -> LabelMap:
    """The labels of the project's label map; those of the configuration if there is none yet.

    The file may be the user's: what stands in it is what training goes by.

    Raises:
        ValueError: the file is not a label map; the message says where.
        OSError: it can't be read.
    """
    try:
        content = read_head(label_map_path(job), LARGEST)
    except FileNotFoundError:
        return LabelMap(label_ids(job.project), False)
    return LabelMap(read_label_map(content), True)


def read_label_map(content: bytes) -> dict[str, int]:
    """label → class id, in the file's order. An item of id 0 is skipped: the API allows it for
    `background`, the absence of objects.

    Raises:
        ValueError: it is not a label map, or one that training refuses.
    """
    from tasks.pipeline_config import schema  # only when there is something to read

    document = _document(content)
    if unknown := next(schema.unknown_fields(document, schema.LABEL_MAP), ""):
        raise ValueError(unknown)
    ids = _ids(document)
    if not ids:
        has_items = document.count("item") > 0
        raise ValueError("it holds no item" + (" but the background" if has_items else ""))
    if fault := schema.fault(document.text, schema.LABEL_MAP):
        raise ValueError(fault)
    return ids


def _ids(document: Document) -> dict[str, int]:
    ids = dict[str, int]()
    spellings, taken = dict[str, str](), set[int]()
    for number in range(document.count("item")):
        item, where = f"item[{number}]", f"item {number + 1}"
        name = _name(document.get(f"{item}.name"), where)
        item_id = _id(document.get(f"{item}.id"), f"{where} ({name})")
        if item_id == 0 and "background" in (name, document.get(f"{item}.display_name")):
            continue
        if item_id < 1:
            raise ValueError(f"{name} has the id {item_id}, and ids count from 1")
        if item_id > HIGHEST:
            raise ValueError(f"{name} has the id {item_id}, which is above {HIGHEST}")
        if spellings.setdefault(composed(name), name) != name:
            raise ValueError(f"{name} occurs twice, in other code points for the same letters")
        if name in ids:
            raise ValueError(f"{name} occurs twice")
        if item_id in taken:
            raise ValueError(f"{name} has the id {item_id}, which another label has")
        ids[name] = item_id
        taken.add(item_id)
    return ids


def repeated_fields(content: bytes) -> list[str]:
    """A line for each field that an item has several times, and which value the API takes.

    Raises:
        ValueError: it is not a label map.
    """
    from tasks.formats.textproto.path import merged

    document = _document(content)
    return merged(document.text, document.root, document.shape)


def _document(content: bytes) -> Document:
    from tasks.formats.textproto.edit import Document
    from tasks.formats.textproto.parse import TextError
    from tasks.pipeline_config.schema import LABEL_MAP_SHAPE

    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8: save it as UTF-8") from None
    try:
        return Document(text, LABEL_MAP_SHAPE)
    except TextError as error:
        # Of a name of several words the second one, perhaps in the next line, is the error.
        for number, words in enumerate(text.split("\n")[: error.line], 1):
            bare = UNQUOTED.search(words[:LONGEST])
            if bare and number >= error.line - 1:
                raise ValueError(f"line {number}: {_unquoted(bare[1])}") from None
        raise


def _unquoted(name: str) -> str:
    return f"the name {spelled(name)} lacks its quotes: write name: '{spelled(name)}'"


def _name(value: object, where: str) -> str:
    from tasks.formats.textproto.values import Word, written

    if isinstance(value, (Word, int, float)):
        raise ValueError(f"{where}: {_unquoted(written(value))}")
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where} has no name")
    if value != value.strip():
        raise ValueError(f"{where}: the name '{spelled(value)}' has a blank at an end: take it out")
    if hidden := unseen(value):
        what = f"{code_point(hidden[0])}, which can't be seen: {spelled(value)}"
        raise ValueError(f"the name of {where} holds {what}")
    return value


def _id(value: object, where: str) -> int:
    from tasks.formats.textproto.values import Word, written

    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, (Word, str, float, bool)):
        raise ValueError(f"{where}: its id is {spelled(written(value))}, not a whole number")
    raise ValueError(f"{where} has no id")
