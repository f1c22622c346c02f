"""What lies in a folder of pictures, below it and around it: the files that may be annotations."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field

from tasks.core.spelling import composed

KNOWN = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp")
OTHER = (".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".pdf", ".ppm", ".jp2")
# Other formats: those with one file for many pictures, and those with one file a picture.
COMMON = (".json", ".jsonl", ".ndjson", ".manifest", ".vott", ".csv", ".tsv", ".lst")
FOREIGN = (".txt", ".yaml", ".yml", *COMMON)
CLASSES = ("classes.txt", "obj.names", "_darknet.labels")  # what tools for YOLO leave beside them
FOLDERS = {"annotation", "annotations", "ann", "anns", "label", "labels", "voc", "xml", "xmls"}
# An annotation to which an editor, a browser or its owner gave another ending: `a.xml.bak`.
RENAMED = re.compile(r"(.+)\.(xml|json|txt|csv)([^a-z0-9].*)", re.IGNORECASE)
DEEPEST = 4  # levels of folders below the one that is searched
MOST_FOLDERS = 2000


class File(NamedTuple):
    """A file, or what stands under its name; the suffix is in lower case, with its full stop."""

    path: Path
    name: str
    stem: str
    suffix: str
    is_file: bool

    @property
    def keys(self) -> tuple[str, str]:
        """What an annotation of this picture may be called, the suffix aside."""
        return folded(self.stem), folded(self.name)

    @property
    def is_xml(self) -> bool:
        return self.suffix == ".xml"


class Folder(Struct):
    """A folder's files.

    Attributes:
        pictures, folders: by name.
        keys: what annotations of its own pictures may be called.
        annotations: what may annotate a picture: its name, case and composition aside → the files.
        is_inside: it lies in the folder of the pictures.
        is_shared: pictures of several folders may be annotated here.
        is_others: a folder of other pictures: what is here belongs to them.
    """

    path: Path
    pictures: list[File] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    folders: list[Path] = field(default_factory=list)
    annotations: dict[str, list[File]] = field(default_factory=lambda: defaultdict(list))
    is_inside: bool = False
    is_shared: bool = False
    is_others: bool = False

    def xmls(self) -> Iterator[tuple[str, Path]]:
        """The XML files by name, each behind the name that its picture would have."""
        files = ((file, key) for key, files in self.annotations.items() for file in files)
        for file, key in sorted(files):
            if file.is_xml and file.is_file:
                yield key, file.path

    def named(self, keys: Iterable[str]) -> list[File]:
        """What may annotate a picture that has these keys."""
        return [file for key in keys for file in self.annotations.get(key, ())]

    def has_own(self, key: str) -> bool:
        """Whether annotations of this name belong to a picture that lies here beside them."""
        return (self.is_others or self.is_inside) and key in self.keys


def folded(name: str) -> str:
    """Equal for names that differ only in case, or in how their letters are composed."""
    return name.casefold() if name.isascii() else composed(composed(name).casefold())


def name_before(name: str) -> str:
    """What an annotation was called before it got another ending; "" if it has none."""
    found = RENAMED.fullmatch(name)
    return f"{found[1]}.{found[2]}" if found else ""


def scan(
    path: Path, *, is_inside: bool = False, is_shared: bool = False, is_others: bool = False
) -> Folder:
    """What lies in a folder; one that is not there is empty.

    Raises:
        OSError: it is there and can't be read.
    """
    folder = Folder(path, is_inside=is_inside, is_shared=is_shared, is_others=is_others)
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return folder
    for entry in entries:
        if not entry.name.startswith("."):
            _add(entry, folder)
    return folder


def _add(entry: os.DirEntry[str], folder: Folder) -> None:
    stem, dot, suffix = entry.name.rpartition(".")
    path, suffix = folder.path / entry.name, dot + suffix.lower()
    is_picture = suffix in KNOWN + OTHER
    renamed = None if is_picture or suffix == ".xml" else RENAMED.fullmatch(entry.name)
    if renamed:
        stem, suffix = renamed[1], f".{renamed[2]}{renamed[3]}".lower()
    file = File(path, entry.name, stem, suffix, _is(entry.is_file))
    if renamed or suffix in (".xml", *FOREIGN) or entry.name in CLASSES:
        folder.annotations[folded(stem)].append(file)
    elif _is(entry.is_dir):
        folder.folders.append(path)
    elif is_picture:
        folder.pictures.append(file)
        folder.keys.update(file.keys)


def _is(question: Callable[[], bool]) -> bool:
    """What an entry of a folder answers; a link in a circle is neither file nor folder."""
    with suppress(OSError):
        return question()
    return False


def around(path: Path) -> tuple[list[Folder], list[Folder]]:
    """Where else annotations of a folder's pictures may lie, first the folders to ask first:

    folders in theirs, the one above, folders for annotations beside them or their parent
    (`labels/train`), and other folders of pictures, to which XML without a picture may have been
    left behind; then all other folders beside their parent.

    Raises:
        OSError: one of them can't be read.
    """
    above = scan(path.parent, is_shared=True)
    top = scan(path.parent.parent, is_shared=True)
    beside = [p for p in above.folders if p != path and not _is_for_annotations(p)]
    splits = {p.name for p in beside}
    first = [*_below(scan(path, is_inside=True), path.name, set()), above, top]
    for p in filter(_is_for_annotations, (*above.folders, *top.folders)):
        base = scan(p, is_shared=True)
        first += [base, *_below(base, path.name, splits)]
    first += [scan(p, is_others=True) for p in beside]
    others = [p for p in top.folders if p != above.path and not _is_for_annotations(p)]
    return first, [scan(p, is_others=True) for o in others for p in (o, o / path.name)]


def _is_for_annotations(path: Path) -> bool:
    return path.name.casefold() in FOLDERS


def _below(top: Folder, split: str, others: set[str]) -> list[Folder]:
    """The folders below one, those of `others` aside, of any name; `split` is the one that is for
    our pictures alone."""
    found, level = list[Folder](), [top]
    for _ in range(DEEPEST):
        paths = [
            (path, base.is_shared and path.name != split)
            for base in level
            for path in base.folders
            if path.name not in others and not _leads_back(path)
        ]
        paths = paths[: MOST_FOLDERS - len(found)]
        level = [scan(p, is_inside=top.is_inside, is_shared=is_shared) for p, is_shared in paths]
        found += level
    return found


def _leads_back(path: Path) -> bool:
    """Whether it is a link to a folder that holds it."""
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())
