"""Which picture of a folder belongs to which annotation.

labelImg gives both the same name but for the suffix, and puts them side by side; the name written
inside the XML is not asked: people rename. Other tools write `a.jpg.xml`, or into a folder of their
own, and people change case. What is plain is paired; what is not is kept beside the picture, for a
picture counts as background only if nothing around it could be its annotation.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field

from tasks.core.inspect import shown
from tasks.core.spelling import composed

KNOWN = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp")
OTHER = (".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".svg", ".pdf", ".ppm", ".jp2")
FOREIGN = (".txt", ".json")  # other formats, one file a picture
COMMON = (".json", ".csv")  # one file for all pictures
CLASSES = ("classes.txt", "obj.names", "_darknet.labels")  # what tools for YOLO leave beside them
FOLDERS = {"annotation", "annotations", "ann", "anns", "label", "labels", "voc", "xml", "xmls"}


class Pair(Struct, frozen=True):
    """A picture, and its annotation if it has one.

    Attributes:
        others: if it has none, the files that may be meant for it; see `neighbours`.
    """

    picture: Path
    xml: Path | None
    others: tuple[Path, ...] = ()

    @property
    def notes(self) -> tuple[Path, ...]:
        """All that is, or may be, its annotation."""
        return (self.xml,) if self.xml else self.others

    @property
    def is_unlike(self) -> bool:
        """Whether it has an XML of another name, or from another folder, than labelImg gives it."""
        xml, picture = self.xml, self.picture
        return xml is not None and (xml.stem, xml.parent) != (picture.stem, picture.parent)


class Listing(Struct, frozen=True):
    """What lies in `images/train` or `images/test`, and around it.

    Attributes:
        pairs: by name.
        lonely: XML files without a picture.
        twins: pictures that differ in the suffix alone, so that one XML would stand for both.
        folders: folders in it that nothing is taken from.
        common: files around that may annotate pictures which have no annotation of their own.
    """

    folder: Path
    pairs: tuple[Pair, ...] = ()
    lonely: tuple[Path, ...] = ()
    twins: tuple[tuple[Path, ...], ...] = ()
    folders: tuple[Path, ...] = ()
    common: tuple[Path, ...] = ()

    @property
    def is_annotated(self) -> bool:
        """Whether any picture has an XML."""
        return any(pair.xml for pair in self.pairs)

    @property
    def bare(self) -> list[Path]:
        """The pictures around which there is nothing that could be their annotation."""
        return [pair.picture for pair in self.pairs if not pair.notes]

    @property
    def elsewhere(self) -> str:
        """What is to be told of XML with another name, or in another folder, than labelImg's."""
        xmls = [pair.xml for pair in self.pairs if pair.xml and pair.is_unlike]
        if not xmls:
            return ""
        is_read = "picture is" if len(xmls) == 1 else "pictures are"
        return f"{len(xmls)} {is_read} read with XML as {seen_from(self.folder, xmls[0])}"

    @property
    def files(self) -> dict[str, Path]:
        """All that a record depends on, by a name that no two of them share and that JSON holds."""
        paths = [path for pair in self.pairs for path in (pair.picture, *pair.notes)]
        return {_key(self.folder, path): path for path in (*paths, *self.lonely, *self.common)}


def seen_from(folder: Path, path: Path) -> str:
    """A path for the user, who looks into the folder."""
    return shown(_from(folder, path))


def _key(folder: Path, path: Path) -> str:
    return shown(_from(folder, path).replace("\\", "\\\\"))


def _from(folder: Path, path: Path) -> str:
    return path.name if path.parent == folder else Path(os.path.relpath(path, folder)).as_posix()


def listing(folder: Path) -> Listing:
    """List a folder; one that is not there is empty.

    Raises:
        OSError: it, or a folder beside it, is there and can't be read.
    """
    own = _scan(folder)
    sure = [(picture, _same_name(picture, own)) for picture in own.pictures]
    taken = {note.path for _, notes in sure for note in notes}
    unsure = [picture for picture, notes in sure if not notes]
    around = _around(folder, own) if unsure else []
    rivals = Counter(picture.keys[0] for picture in unsure)
    found = [
        _pair(picture, notes) if notes else _unsure(picture, own, around, taken, rivals)
        for picture, notes in sure
    ]
    used = {path for pair in found for path in pair.notes}
    inner = [place for place in around if place.folder.parent == folder]
    read_from = {place.folder for place in inner if place.is_used(used)}
    stems: dict[str, list[Path]] = defaultdict(list)
    for picture in own.pictures:
        stems[picture.stem].append(picture.path)
    return Listing(
        folder,
        tuple(found),
        tuple(xml for place in (own, *inner) for xml in place.xmls() if xml not in used),
        tuple(tuple(pictures) for pictures in stems.values() if len(pictures) > 1),
        tuple(path for path in own.folders if path not in read_from),
        _common(own, around) if any(not pair.notes for pair in found) else (),
    )


class _File(NamedTuple):
    """A file, or what stands under its name; the suffix is in lower case, with its full stop."""

    path: Path
    name: str
    stem: str
    suffix: str
    is_file: bool

    @property
    def keys(self) -> tuple[str, str]:
        """What an annotation of this picture may be called, the suffix aside."""
        return _fold(self.stem), _fold(self.name)

    @property
    def is_xml(self) -> bool:
        return self.suffix == ".xml"


class _Place(Struct):
    """A folder's files.

    Attributes:
        pictures, folders: by name.
        stems: the pictures' names without suffix, case and composition aside.
        notes: what may annotate a picture: its name, likewise → the files of that name.
        for_all: pictures of several folders may be annotated here.
        strange: another folder of pictures: what is here belongs there.
    """

    folder: Path
    pictures: list[_File] = field(default_factory=list)
    stems: set[str] = field(default_factory=set)
    folders: list[Path] = field(default_factory=list)
    notes: dict[str, list[_File]] = field(default_factory=lambda: defaultdict(list))
    for_all: bool = False
    strange: bool = False

    def xmls(self) -> list[Path]:
        notes = (note for notes in self.notes.values() for note in notes)
        return sorted(note.path for note in notes if note.is_xml and note.is_file)

    def named(self, keys: Iterable[str]) -> list[_File]:
        return [note for key in keys for note in self.notes.get(key, ())]

    def is_used(self, used: set[Path]) -> bool:
        return any(note.path in used for notes in self.notes.values() for note in notes)


def _scan(folder: Path, *, for_all: bool = False, strange: bool = False) -> _Place:
    place = _Place(folder, for_all=for_all, strange=strange)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return place
    for entry in entries:
        if entry.name.startswith("."):
            continue
        stem, dot, suffix = entry.name.rpartition(".")
        path, suffix = folder / entry.name, dot + suffix.lower()
        file = _File(path, entry.name, stem, suffix, entry.is_file())
        if suffix in (".xml", *FOREIGN, *COMMON) or entry.name in CLASSES:
            place.notes[_fold(stem)].append(file)
        elif entry.is_dir():
            place.folders.append(path)
        elif suffix in KNOWN + OTHER:
            place.pictures.append(file)
            place.stems.add(_fold(stem))
    return place


def _fold(name: str) -> str:
    return composed(name).casefold()


def _same_name(picture: _File, own: _Place) -> list[_File]:
    """`a.xml` and `a.jpg.xml`, letter by letter."""
    names = (picture.stem, picture.name)
    return [note for note in own.named(picture.keys) if note.is_xml and note.stem in names]


def _pair(picture: _File, notes: list[_File], *, is_plain: bool = True) -> Pair:
    if is_plain and len(notes) == 1 and notes[0].is_file:
        return Pair(picture.path, notes[0].path)
    return Pair(picture.path, None, tuple(note.path for note in notes))


def _unsure(
    picture: _File,
    own: _Place,
    around: list[_Place],
    taken: set[Path],
    rivals: Mapping[str, int],
) -> Pair:
    """No XML beside the picture has its very name."""
    keys = picture.keys
    is_plain = rivals[keys[0]] == 1
    near = [note for note in own.named(keys) if note.is_xml and note.path not in taken]
    if near:
        return _pair(picture, near, is_plain=is_plain)
    places = [place for place in around if not (place.strange and keys[0] in place.stems)]
    far = [(place, note) for place in places for note in place.named(keys) if note.is_xml]
    if far:
        place = far[0][0]
        is_shared = any(other.strange and keys[0] in other.stems for other in around)
        is_plain = is_plain and not place.strange and not (place.for_all and is_shared)
        return _pair(picture, [note for _, note in far], is_plain=is_plain)
    notes = [note for place in (own, *places) for note in place.named(keys)]
    foreign = [note for note in notes if note.suffix in FOREIGN]
    return _pair(picture, foreign, is_plain=False)


def _around(folder: Path, own: _Place) -> list[_Place]:
    """Where else annotations of these pictures may lie: a folder in theirs, the one above, folders
    for annotations beside them or their parent (`labels/train`), and other folders of pictures, to
    which XML without a picture may have been left behind."""
    places = [_scan(path) for path in own.folders if path.name.casefold() in FOLDERS]
    above = _scan(folder.parent, for_all=True)
    top = _scan(folder.parent.parent, for_all=True)
    places += [above, top]
    for base in (above, top):
        for path in base.folders:
            if path.name.casefold() in FOLDERS:
                places += [_scan(path, for_all=True), _scan(path / folder.name)]
    beside = [p for p in above.folders if p != folder and p.name.casefold() not in FOLDERS]
    return places + [_scan(path, strange=True) for path in beside]


def _common(own: _Place, around: list[_Place]) -> tuple[Path, ...]:
    """Files that are no picture's own and may annotate many."""
    names = {key for picture in own.pictures for key in picture.keys}
    return tuple(
        note.path
        for place in (own, *around)
        for key, notes in place.notes.items()
        for note in notes
        if not place.strange
        and key not in names
        and (note.suffix in COMMON or note.name in CLASSES)
    )
