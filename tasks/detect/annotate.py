"""What a network found, as labelImg's Pascal VOC: first annotations, for a person to correct."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

from tasks.inference.results import Detection


def voc(picture: Path, size: tuple[int, int], found: Iterable[Detection], network: str) -> bytes:
    """The annotation of an upright picture of this size (width, height). It names the network as
    its source; labelImg writes another source when a person has saved it.

    Boxes are whole pixels from 1 on, as labelImg has them (libs/pascal_voc_io.py there).
    """
    root = ET.Element("annotation")
    _add(root, "folder", picture.parent.name)
    _add(root, "filename", picture.name)
    source = ET.SubElement(root, "source")
    _add(source, "database", "Unknown")
    _add(source, "annotation", f"proposed by {network}")
    whole = ET.SubElement(root, "size")
    for name, value in (("width", size[0]), ("height", size[1]), ("depth", 3)):
        _add(whole, name, str(value))
    _add(root, "segmented", "0")
    for one in found:
        _object(root, one, size)
    ET.indent(root, "\t")
    return (ET.tostring(root, encoding="unicode") + "\n").encode()


def _object(root: ET.Element, one: Detection, size: tuple[int, int]) -> None:
    item = ET.SubElement(root, "object")
    fields = {"name": one.label, "pose": "Unspecified", "truncated": "0", "difficult": "0"}
    for name, text in fields.items():
        _add(item, name, text)
    box = ET.SubElement(item, "bndbox")
    ymin, xmin, ymax, xmax = one.place
    sides = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
    for name, share in sides.items():
        side = size[0] if name[0] == "x" else size[1]
        _add(box, name, str(min(max(1, round(share * side)), side)))


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
