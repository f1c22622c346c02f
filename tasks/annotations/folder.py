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

from msgspec import Struct, field

from tasks.annotations.reading import is_file
from tasks.look import shown
from tasks.spelling import composed

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
    sure = {picture: _same_name(picture, own) for picture in own.pictures}
    taken = {xml for xmls in sure.values() for xml in xmls}
    unsure = [picture for picture, xmls in sure.items() if not xmls]
    around = _around(folder, own) if unsure else []
    rivals = Counter(key for picture in unsure for key in _keys(picture)[:1])
    found = [
        _sure(picture, xmls) if xmls else _unsure(picture, own, around, taken, rivals)
        for picture, xmls in sure.items()
    ]
    used = {path for pair in found for path in pair.notes}
    inner = [place for place in around if place.folder.parent == folder]
    stems = defaultdict(list)
    for picture in own.pictures:
        stems[picture.stem].append(picture)
    return Listing(
        folder,
        tuple(found),
        tuple(x for place in (own, *inner) for x in place.xmls() if x not in used and is_file(x)),
        tuple(tuple(pictures) for pictures in stems.values() if len(pictures) > 1),
        tuple(f for f in own.folders if not any(path.parent == f for path in used)),
        _common(own, around) if any(not pair.notes for pair in found) else (),
    )


class _Place(Struct):
    """A folder's files.

    Attributes:
        pictures, folders: by name.
        notes: what may annotate a picture: its name without suffix, case and composition aside →
            the files of that name.
        for_all: pictures of several folders may be annotated here.
        strange: another folder of pictures: what is here belongs there.
    """

    folder: Path
    pictures: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    notes: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    for_all: bool = False
    strange: bool = False

    def xmls(self) -> list[Path]:
        return sorted(p for paths in self.notes.values() for p in paths if _is_xml(p))

    def named(self, keys: Iterable[str]) -> list[Path]:
        return [path for key in keys for path in self.notes.get(key, ())]


def _scan(folder: Path, *, for_all: bool = False, strange: bool = False) -> _Place:
    place = _Place(folder, for_all=for_all, strange=strange)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return place
    for entry in entries:
        path = folder / entry.name
        suffix = path.suffix.lower()
        if entry.name.startswith("."):
            continue
        if suffix in (".xml", *FOREIGN, ".csv") or entry.name in CLASSES:
            place.notes[_fold(path.stem)].append(path)
        elif entry.is_dir():
            place.folders.append(path)
        elif suffix in KNOWN + OTHER:
            place.pictures.append(path)
    return place


def _fold(name: str) -> str:
    return composed(name).casefold()


def _keys(picture: Path) -> tuple[str, str]:
    """What an annotation of this picture may be called, the suffix aside."""
    return _fold(picture.stem), _fold(picture.name)


def _is_xml(path: Path) -> bool:
    return path.suffix.lower() == ".xml"


def _same_name(picture: Path, own: _Place) -> list[Path]:
    """`a.xml` and `a.jpg.xml`, letter by letter."""
    names = (picture.stem, picture.name)
    return [path for path in own.named(_keys(picture)) if _is_xml(path) and path.stem in names]


def _sure(picture: Path, xmls: list[Path]) -> Pair:
    one = len(xmls) == 1 and is_file(xmls[0])
    return Pair(picture, xmls[0]) if one else Pair(picture, None, tuple(xmls))


def _unsure(
    picture: Path, own: _Place, around: list[_Place], taken: set[Path], rivals: Mapping[str, int]
) -> Pair:
    """No XML beside the picture has its very name."""
    keys = _keys(picture)
    near = [path for path in own.named(keys) if _is_xml(path) and path not in taken]
    places = [place for place in around if not (place.strange and _has(place, keys[0]))]
    far = [(p, path) for p in places for path in p.named(keys) if _is_xml(path)]
    xmls = near or [path for _, path in far]
    plain = len(xmls) == 1 and is_file(xmls[0]) and rivals[keys[0]] == 1
    if plain and not near:
        place = far[0][0]
        shared = place.for_all and any(_has(other, keys[0]) for other in around if other.strange)
        plain = not place.strange and not shared
    if plain:
        return Pair(picture, xmls[0])
    notes = [path for place in (own, *places) for path in place.named(keys)]
    foreign = [path for path in notes if path.suffix.lower() in FOREIGN]
    return Pair(picture, None, tuple(xmls or foreign))


def _has(place: _Place, key: str) -> bool:
    """Whether a picture of that name lies there."""
    return any(_fold(picture.stem) == key for picture in place.pictures)


def _around(folder: Path, own: _Place) -> list[_Place]:
    """Where else annotations of these pictures may lie: a folder in theirs, the one above, folders
    for annotations beside them or their parent (`labels/train`), and other folders of pictures, to
    which XML without a picture may have been left behind."""
    places = [_scan(path) for path in own.folders if path.name.casefold() in FOLDERS]
    above = _scan(folder.parent, for_all=True)
    places.append(above)
    top = _scan(folder.parent.parent, for_all=True)
    for base in (above, top):
        for path in base.folders:
            if path.name.casefold() in FOLDERS:
                places += [_scan(path, for_all=True), _scan(path / folder.name)]
    beside = [p for p in above.folders if p != folder and p.name.casefold() not in FOLDERS]
    return places + [_scan(path, strange=True) for path in beside]


def _common(own: _Place, around: list[_Place]) -> tuple[Path, ...]:
    """Files that are no picture's own and may annotate many."""
    names = {key for picture in own.pictures for key in _keys(picture)}
    return tuple(
        path
        for place in (own, *around)
        for key, paths in place.notes.items()
        for path in paths
        if not place.strange
        and key not in names
        and (path.suffix.lower() in COMMON or path.name in CLASSES)
    )
