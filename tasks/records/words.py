"""What the user is told about the pictures of a folder, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.annotations.annotated import clipped_message
from tasks.annotations.folder import Listing, relative_name
from tasks.core.lists import first_of
from tasks.core.text import count, printable

if TYPE_CHECKING:
    from tasks.records.make import Tally

MOST_TOLD = 10


def oddities(folder: str, found: Listing) -> list[str]:
    """XML and pictures that do not go together as they should."""
    twins = [" and ".join(printable(path.name) for path in paths) for paths in found.same_stem]
    return [
        *(
            f"{folder}: {relative_name(found.folder, path)} has no picture and is left out"
            for path in found.unpaired
        ),
        *([f"{folder}: {found.elsewhere}"] if found.elsewhere else []),
        *(f"{folder}: {pair} are read with one and the same XML" for pair in twins),
    ]


def what_to_add(folder: str, split: str, found: Listing) -> str:
    """For a folder without any annotated picture."""
    if found.pairs:
        return f"{folder}: {count(len(found.pairs), 'picture')}, none annotated with labelImg yet"
    part = "most of your pictures" if split == "train" else "about one picture in ten"
    return f"{folder} is empty: put {part} there, annotated with labelImg"


def told(tally: Tally, folder: str) -> list[str]:
    """What a record holds that may not have been intended."""
    lines = []
    if tally.without_xml:
        has = "has no boxes and counts" if tally.without_xml == 1 else "have no boxes and count"
        pictures = count(tally.without_xml, "picture")
        lines.append(f"{folder}: {pictures} without XML {has} as background")
    if tally.clipped:
        lines.append(f"{folder}: {clipped_message(tally.clipped)}")
    if tally.reencoded:
        verb = "was" if tally.reencoded == 1 else "were"
        pictures = count(tally.reencoded, "picture")
        lines.append(f"{folder}: {pictures} {verb} encoded anew, upright and as TensorFlow decodes")
    return lines


def contents(name: str, tally: Tally) -> str:
    """`train.record: 40 pictures, 61 boxes`."""
    boxes = f"{tally.boxes} box{'es' * (tally.boxes != 1)}"
    return f"{name}: {count(tally.pictures, 'picture')}, {boxes}"


def all_faults(faults: Sequence[str], whole: Path) -> str:
    """How many, then the first of them, one line each; `whole` is the file for all of them."""
    return "\n".join([f"{count(len(faults), 'fault')}:", *first_of(faults, MOST_TOLD, whole)])
