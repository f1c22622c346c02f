"""What lies in a folder of pictures, below it and around it: the files that may be annotations."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
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
DEEPEST = 4  # levels of folders below the one that is looked into
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


class Place(Struct):
    """A folder's files.

    Attributes:
        pictures, folders: by name.
        keys: what annotations of its own pictures may be called.
        notes: what may annotate a picture: its name, case and composition aside → the files.
        inner: it lies in the folder of the pictures.
        for_all: pictures of several folders may be annotated here.
        strange: another folder of pictures: what is here belongs there.
    """

    folder: Path
    pictures: list[File] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    folders: list[Path] = field(default_factory=list)
    notes: dict[str, list[File]] = field(default_factory=lambda: defaultdict(list))
    inner: bool = False
    for_all: bool = False
    strange: bool = False

    def xmls(self) -> Iterator[tuple[str, Path]]:
        """The XML files by name, each behind the name that its picture would have."""
        notes = ((note, key) for key, notes in self.notes.items() for note in notes)
        for note, key in sorted(notes):
            if note.is_xml and note.is_file:
                yield key, note.path

    def named(self, keys: Iterable[str]) -> list[File]:
        """What may annotate a picture that has these keys."""
        return [note for key in keys for note in self.notes.get(key, ())]

    def has_own(self, key: str) -> bool:
        """Whether annotations of this name belong to a picture that lies here beside them."""
        return (self.strange or self.inner) and key in self.keys


def folded(name: str) -> str:
    """Equal for names that differ only in case, or in how their letters are composed."""
    return name.casefold() if name.isascii() else composed(composed(name).casefold())


def name_before(name: str) -> str:
    """What an annotation was called before it got another ending; "" if it has none."""
    found = RENAMED.fullmatch(name)
    return f"{found[1]}.{found[2]}" if found else ""


def scan(
    folder: Path, *, inner: bool = False, for_all: bool = False, strange: bool = False
) -> Place:
    """What lies in a folder; one that is not there is empty.

    Raises:
        OSError: it is there and can't be read.
    """
    place = Place(folder, inner=inner, for_all=for_all, strange=strange)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return place
    for entry in entries:
        if not entry.name.startswith("."):
            _sort_in(entry, place)
    return place


def _holds(question: Callable[[], bool]) -> bool:
    """What an entry of a folder says of itself; a link in a circle is neither file nor folder."""
    try:
        return question()
    except OSError:
        return False


def _sort_in(entry: os.DirEntry[str], place: Place) -> None:
    stem, dot, suffix = entry.name.rpartition(".")
    path, suffix = place.folder / entry.name, dot + suffix.lower()
    is_picture = suffix in KNOWN + OTHER
    renamed = None if is_picture or suffix == ".xml" else RENAMED.fullmatch(entry.name)
    if renamed:
        stem, suffix = renamed[1], f".{renamed[2]}{renamed[3]}".lower()
    file = File(path, entry.name, stem, suffix, _holds(entry.is_file))
    if renamed or suffix in (".xml", *FOREIGN) or entry.name in CLASSES:
        place.notes[folded(stem)].append(file)
    elif _holds(entry.is_dir):
        place.folders.append(path)
    elif is_picture:
        place.pictures.append(file)
        place.keys.update(file.keys)


def around(folder: Path, own: Place) -> tuple[list[Place], list[Place]]:
    """Where else annotations of these pictures may lie, first the places that are asked first:

    folders in theirs, the one above, folders for annotations beside them or their parent
    (`labels/train`), and other folders of pictures, to which XML without a picture may have been
    left behind; then all other folders beside their parent.

    Raises:
        OSError: one of them can't be read.
    """
    above = scan(folder.parent, for_all=True)
    top = scan(folder.parent.parent, for_all=True)
    beside = [path for path in above.folders if path != folder and not _is_for_notes(path)]
    splits = {path.name for path in beside}
    first = [*_below(scan(folder, inner=True), folder.name, set()), above, top]
    for path in (*above.folders, *top.folders):
        if _is_for_notes(path):
            base = scan(path, for_all=True)
            first += [base, *_below(base, folder.name, splits)]
    first += [scan(path, strange=True) for path in beside]
    others = [p for p in top.folders if p != above.folder and not _is_for_notes(p)]
    return first, [scan(p, strange=True) for o in others for p in (o, o / folder.name)]


def _is_for_notes(path: Path) -> bool:
    return path.name.casefold() in FOLDERS


def _below(top: Place, split: str, others: set[str]) -> list[Place]:
    """The folders below one, those of `others` aside, of any name; `split` is the one that is for
    our pictures alone."""
    found, level = list[Place](), [top]
    for _ in range(DEEPEST):
        paths = [
            (path, base.for_all and path.name != split)
            for base in level
            for path in base.folders
            if path.name not in others and not _leads_back(path)
        ]
        paths = paths[: MOST_FOLDERS - len(found)]
        level = [scan(path, inner=top.inner, for_all=for_all) for path, for_all in paths]
        found += level
    return found


def _leads_back(path: Path) -> bool:
    """Whether it is a link to a folder that holds it."""
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())
