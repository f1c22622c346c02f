"""What lies around a picture that has no annotation: why it is not taken for background.

A picture without boxes teaches a network that nothing is there. So one that is annotated in another
format, or by an XML that is not plainly its own, is an error and not background.
"""

from __future__ import annotations

from pathlib import Path

from tasks.annotations.folder import Listing, Pair, relative_name
from tasks.annotations.foreign import format_of
from tasks.annotations.mentions import named_in
from tasks.annotations.places import CLASSES, name_before
from tasks.annotations.reading import LARGEST, head
from tasks.core.files import is_file
from tasks.core.text import count, printable

NAMED = 3
TODO = "convert it to Pascal VOC, or save an XML without boxes for background"


def why_not_background(pair: Pair) -> str:
    """Why a picture is neither annotated nor background, as a clause; "" if it is one of them."""
    if not pair.others:
        return ""
    folder = pair.picture.parent
    names = " and ".join(relative_name(folder, path) for path in pair.others[:NAMED])
    if not all(map(is_file, pair.others)):
        return f"{names} stands where its annotation may be, and is not a file"
    if renamed := [path for path in pair.others if name_before(path.name)]:
        name, before = relative_name(folder, renamed[0]), printable(name_before(renamed[0].name))
        todo = f"rename it to {before}, or take it away"
        return f"{name} is an annotation under another ending: {todo}"
    if pair.others[0].suffix.lower() != ".xml":
        kinds = " and ".join(dict.fromkeys(map(format_of, pair.others[:NAMED])))
        return f"it is annotated in {kinds} ({names}): {TODO}"
    if len(pair.others) > 1:
        return f"{names} may both be its annotation: keep one, beside it and of its name"
    return f"{names} may be its annotation: put it beside it, under its name, or take it away"


def common_faults(found: Listing) -> list[str]:
    """A line for each file that seems to annotate pictures which have no annotation of their own.

    Raises:
        OSError: one can't be read.
    """
    bare = set(found.unannotated)
    pictures = [
        pair.picture for pair in found.pairs if pair.picture not in bare
    ] + found.unannotated
    lines = []
    for path in (*found.common, *found.unpaired) if bare else ():
        named = found.unannotated
        if path.name not in CLASSES:
            named = [picture for picture in _named_in(path, pictures) if picture in bare]
        if named:
            what = count(len(named), "picture")
            names = ", ".join(printable(picture.name) for picture in named[:NAMED])
            more = ", …" if len(named) > NAMED else ""
            where = relative_name(found.folder, path)
            told = f"{what} without XML may be annotated there, in {format_of(path)}"
            lines.append(f"{where}: {told} ({names}{more}): {TODO}")
    return lines


def _named_in(path: Path, pictures: list[Path]) -> list[Path]:
    try:
        content = head(path, LARGEST)
    except ValueError:
        return []
    return named_in(content, Path(name_before(path.name) or path.name).suffix.lower(), pictures)
