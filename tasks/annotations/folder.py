"""Which picture of a folder belongs to which XML: the one of the same name but for the suffix,
which is how labelImg names them. The name written inside the XML is not asked: people rename."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from msgspec import Struct

KNOWN = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp")
OTHER = (".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".pdf", ".ppm", ".jp2")


class Pair(Struct, frozen=True):
    """A picture, and its annotation if it has one."""

    picture: Path
    xml: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.picture, self.xml) if self.xml else (self.picture,)


class Listing(Struct, frozen=True):
    """What lies in `images/train` or `images/test`; files that are neither are the user's affair.

    Attributes:
        pairs: by name.
        lonely: XML files without a picture.
        twins: pictures that differ in the suffix alone, so that one XML would stand for both.
        folders: folders in it; what is in them is not read.
    """

    pairs: tuple[Pair, ...] = ()
    lonely: tuple[Path, ...] = ()
    twins: tuple[tuple[Path, ...], ...] = ()
    folders: tuple[Path, ...] = ()

    @property
    def is_annotated(self) -> bool:
        """Whether any picture has an XML."""
        return any(pair.xml for pair in self.pairs)


def listing(folder: Path) -> Listing:
    """List a folder; one that is not there is empty.

    Raises:
        OSError: it is there and can't be read.
    """
    pictures, xmls, folders = _sorted_out(folder)
    pairs = tuple(Pair(p, xmls.get(stem)) for stem, found in pictures.items() for p in found)
    return Listing(
        tuple(sorted(pairs, key=lambda pair: pair.picture.name)),
        tuple(sorted(path for stem, path in xmls.items() if stem not in pictures)),
        tuple(tuple(found) for found in pictures.values() if len(found) > 1),
        tuple(folders),
    )


def _sorted_out(folder: Path) -> tuple[dict[str, list[Path]], dict[str, Path], list[Path]]:
    pictures: dict[str, list[Path]] = defaultdict(list)
    xmls: dict[str, Path] = {}
    folders: list[Path] = []
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}, {}, []
    for name in names:
        path = folder / name
        stem, suffix = path.stem, path.suffix
        if name.startswith("."):
            continue
        if suffix.lower() in KNOWN + OTHER and path.is_file():
            pictures[stem].append(path)
        elif suffix.lower() == ".xml" and path.is_file():
            xmls[stem] = path
        elif path.is_dir():
            folders.append(path)
    return dict(pictures), xmls, folders
