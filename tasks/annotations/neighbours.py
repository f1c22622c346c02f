"""What lies around a picture that has no annotation: why it is not taken for background.

A picture without boxes teaches a network that nothing is there. So one that is annotated in another
format, or by an XML that is not plainly its own, is an error and not background.
"""

from __future__ import annotations

import re
from pathlib import Path

from tasks.annotations.folder import CLASSES, Listing, Pair, seen_from
from tasks.annotations.reading import LARGEST, head, is_file
from tasks.core.inspect import shown
from tasks.core.words import count

SNIFFED = 65_536
NAMED = 3
TODO = "convert it to Pascal VOC, or save an XML without boxes for background"
YOLO = re.compile(rb"\d+([ \t]+-?[\d.]+(e-?\d+)?){4,}\s*$", re.MULTILINE)
JSON_KINDS = (  # a key, and the tools that write it
    (re.compile(rb'"shapes"\s*:'), "LabelMe"),
    (re.compile(rb'"(categories|images|licenses)"\s*:'), "COCO"),
    (re.compile(rb'"coordinates"\s*:'), "CreateML"),
    (re.compile(rb'"regions"\s*:'), "VIA"),
)
# A picture's suffix in a file that names pictures, and what can't stand in a name there.
PICTURE = re.compile(rb"\.(png|jpe?g|jpe|jfif|gif|bmp)\b", re.IGNORECASE)
AROUND = re.compile(rb"[\"'\\/,;<>=\t\r\n]")
LONGEST_NAME = 255


def doubt(pair: Pair) -> str:
    """Why a picture is neither annotated nor background, as a clause; "" if it is one of them."""
    if not pair.others:
        return ""
    folder = pair.picture.parent
    names = " and ".join(seen_from(folder, path) for path in pair.others[:NAMED])
    if not all(map(is_file, pair.others)):
        return f"{names} stands where its annotation may be, and is no file"
    if pair.others[0].suffix.lower() != ".xml":
        kinds = " and ".join(dict.fromkeys(map(format_of, pair.others[:NAMED])))
        return f"it is annotated in {kinds} ({names}): {TODO}"
    if len(pair.others) > 1:
        return f"{names} may both be its annotation: keep one, beside it and of its name"
    return f"{names} may be its annotation: put it beside it, under its name, or take it away"


def format_of(path: Path) -> str:
    """What a file that is no Pascal VOC is, by its beginning."""
    try:
        content = head(path, SNIFFED)
    except (OSError, ValueError):
        content = b""
    suffix = path.suffix.lower()
    if suffix == ".json":
        known = (name for pattern, name in JSON_KINDS if pattern.search(content))
        return next(known, "a JSON format")
    if path.name in CLASSES or (suffix == ".txt" and (YOLO.match(content) or not content.strip())):
        return "YOLO"
    return "CSV" if suffix == ".csv" else "a text format"


def common_faults(found: Listing) -> list[str]:
    """A line for each file that seems to annotate pictures which have no annotation of their own.

    Raises:
        OSError: one can't be read.
    """
    bare = {picture.name.encode("utf-8", "surrogateescape"): picture for picture in found.bare}
    lines = []
    for path in (*found.common, *found.lonely) if bare else ():
        named = found.bare if path.name in CLASSES else _named_in(path, bare)
        if named:
            what = count(len(named), "picture")
            names = ", ".join(shown(picture.name) for picture in named[:NAMED])
            more = ", …" if len(named) > NAMED else ""
            where = seen_from(found.folder, path)
            kind = "an XML of another name" if path in found.lonely else format_of(path)
            told = f"{what} without XML may be annotated there, in {kind} ({names}{more})"
            lines.append(f"{where}: {told}: {TODO}")
    return lines


def _named_in(path: Path, bare: dict[bytes, Path]) -> list[Path]:
    """Which of these pictures a file speaks of, by their names."""
    try:
        content = head(path, LARGEST)
    except ValueError:
        return []
    names = (_name_before(content, match.end()) for match in PICTURE.finditer(content))
    return [bare[name] for name in dict.fromkeys(names) if name in bare]


def _name_before(content: bytes, end: int) -> bytes:
    return AROUND.split(content[max(0, end - LONGEST_NAME) : end])[-1]
