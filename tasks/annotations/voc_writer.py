"""Writes Pascal VOC XML as labelImg does (libs/pascal_voc_io.py there)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from tasks.annotations.voc import EDGES, PROPOSED, Box, plain

# What XML 1.0 has no way to write (2.2 there), and the halves of characters that names may hold.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def annotation(
    picture: Path, size: tuple[int, int], boxes: Iterable[Box], proposed_by: str = ""
) -> bytes:
    """The annotation of an upright picture of this size (width, height).

    Args:
        picture: where it lies, or will.
        boxes: in pixels of the upright picture, written as they are.
        proposed_by: the network that found them; "" if a person drew them.
    """
    source = f"\t\t<annotation>{_text(PROPOSED + proposed_by)}</annotation>\n"
    return (
        "<annotation>\n"
        f"\t<folder>{_text(picture.parent.name)}</folder>\n"
        f"\t<filename>{_text(picture.name)}</filename>\n"
        "\t<source>\n\t\t<database>Unknown</database>\n"
        f"{source if proposed_by else ''}\t</source>\n"
        f"\t<size>\n\t\t<width>{size[0]}</width>\n\t\t<height>{size[1]}</height>\n"
        "\t\t<depth>3</depth>\n\t</size>\n"
        "\t<segmented>0</segmented>\n"
        f"{''.join(map(_object, boxes))}"
        "</annotation>\n"
    ).encode()


def _object(box: Box) -> str:
    sides = zip(EDGES, box.edges, strict=True)
    edges = "".join(f"\t\t\t<{name}>{plain(value)}</{name}>\n" for name, value in sides)
    return (
        f"\t<object>\n\t\t<name>{_text(box.label)}</name>\n\t\t<pose>{_text(box.pose)}</pose>\n"
        f"\t\t<truncated>{int(box.truncated)}</truncated>\n"
        f"\t\t<difficult>{int(box.difficult)}</difficult>\n"
        f"\t\t<bndbox>\n{edges}\t\t</bndbox>\n\t</object>\n"
    )


def _text(text: str) -> str:
    return escape(UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text))
