"""Which picture of a folder belongs to which annotation.

labelImg gives both the same name but for the suffix, and puts them side by side; the name written
inside the XML is not asked: people rename. Other tools write `a.jpg.xml`, or into a folder of their
own, and people change case. What is plain is paired; what is not is kept beside the picture, for a
picture counts as background only if nothing around it could be its annotation.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from tasks.annotations.places import CLASSES, COMMON, File, Place, around, scan
from tasks.core.text import printable


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
    def is_renamed(self) -> bool:
        """Whether it has an XML of another name, or from another folder, than labelImg gives it."""
        xml, picture = self.xml, self.picture
        return xml is not None and (xml.stem, xml.parent) != (picture.stem, picture.parent)


class Listing(Struct, frozen=True):
    """What lies in `images/train` or `images/test`, and around it.

    Attributes:
        pairs: by name.
        unpaired: XML files without a picture.
        same_stem: pictures that differ in the suffix alone, so that one XML would stand for both.
        folders: folders in it that nothing is taken from.
        common: files around that may annotate pictures which have no annotation of their own.
    """

    folder: Path
    pairs: tuple[Pair, ...] = ()
    unpaired: tuple[Path, ...] = ()
    same_stem: tuple[tuple[Path, ...], ...] = ()
    folders: tuple[Path, ...] = ()
    common: tuple[Path, ...] = ()

    @property
    def is_annotated(self) -> bool:
        """Whether any picture has an XML."""
        return any(pair.xml for pair in self.pairs)

    @property
    def unannotated(self) -> list[Path]:
        """The pictures around which there is nothing that could be their annotation."""
        return [pair.picture for pair in self.pairs if not pair.notes]

    @property
    def elsewhere(self) -> str:
        """What is to be told of XML with another name, or in another folder, than labelImg's."""
        xmls = [pair.xml for pair in self.pairs if pair.xml and pair.is_renamed]
        if not xmls:
            return ""
        is_read = "picture is" if len(xmls) == 1 else "pictures are"
        return f"{len(xmls)} {is_read} read with XML as {relative_name(self.folder, xmls[0])}"

    @property
    def files(self) -> dict[str, Path]:
        """All that a record depends on, by a name that no two of them share and that JSON holds."""
        paths = [path for pair in self.pairs for path in (pair.picture, *pair.notes)]
        return {_key(self.folder, path): path for path in (*paths, *self.unpaired, *self.common)}


def relative_name(folder: Path, path: Path) -> str:
    """A path for the user, who looks into the folder."""
    return printable(_from(folder, path))


def _key(folder: Path, path: Path) -> str:
    return printable(_from(folder, path).replace("\\", "\\\\"))


def _from(folder: Path, path: Path) -> str:
    return path.name if path.parent == folder else Path(os.path.relpath(path, folder)).as_posix()


def listing(folder: Path) -> Listing:
    """List a folder; one that is not there is empty.

    Raises:
        OSError: it, or a folder beside it, is there and can't be read.
    """
    own = scan(folder)
    sure = [(picture, _same_name(picture, own)) for picture in own.pictures]
    taken = {note.path for _, notes in sure for note in notes}
    unsure = [picture for picture, notes in sure if not notes]
    first, then = around(folder, own) if unsure else ([], [])
    rivals = Counter(picture.keys[0] for picture in unsure)
    found = [
        _pair(picture, notes) if notes else _unsure(picture, own, (first, then), taken, rivals)
        for picture, notes in sure
    ]
    used = {path for pair in found for path in pair.notes}
    inner = [place for place in first if place.inner]
    read_from = {parent for path in used for parent in path.parents} if own.folders else set()
    stems: dict[str, list[Path]] = defaultdict(list)
    for picture in own.pictures:
        stems[picture.stem].append(picture.path)
    return Listing(
        folder,
        tuple(found),
        tuple(_lonely(own, inner, used)),
        tuple(tuple(pictures) for pictures in stems.values() if len(pictures) > 1),
        tuple(path for path in own.folders if path not in read_from),
        tuple(_common(own, first)) if any(not pair.notes for pair in found) else (),
    )


def _lonely(own: Place, inner: Sequence[Place], used: set[Path]) -> Iterator[Path]:
    """XML that no picture has."""
    yield from (path for _, path in own.xmls() if path not in used)
    for place in inner:
        for key, path in place.xmls():
            if path not in used and key not in place.keys | own.keys:
                yield path


def _same_name(picture: File, own: Place) -> list[File]:
    """`a.xml` and `a.jpg.xml`, letter by letter."""
    names = (picture.stem, picture.name)
    return [note for note in own.named(picture.keys) if note.is_xml and note.stem in names]


def _pair(picture: File, notes: list[File], *, is_plain: bool = True) -> Pair:
    if is_plain and len(notes) == 1 and notes[0].is_file:
        return Pair(picture.path, notes[0].path)
    return Pair(picture.path, None, tuple(note.path for note in notes))


def _unsure(
    picture: File,
    own: Place,
    tiers: Sequence[Sequence[Place]],
    taken: set[Path],
    rivals: Mapping[str, int],
) -> Pair:
    """No XML beside the picture has its very name."""
    key, keys = picture.keys[0], picture.keys
    is_plain = rivals[key] == 1
    near = [note for note in own.named(keys) if note.is_xml and note.path not in taken]
    if near:
        return _pair(picture, near, is_plain=is_plain)
    others = list[File](own.named(keys))
    for tier in tiers:
        places = [place for place in tier if not place.has_own(key)]
        found = [(place, note) for place in places for note in place.named(keys)]
        far = [(place, note) for place, note in found if note.is_xml]
        if far:
            place = far[0][0]
            is_shared = place.for_all and any(p.strange and p.has_own(key) for p in tier)
            is_plain = is_plain and not place.strange and not is_shared
            return _pair(picture, [note for _, note in far], is_plain=is_plain)
        others += [note for _, note in found]
    return _pair(picture, [note for note in others if not note.is_xml], is_plain=False)


def _common(own: Place, around: Sequence[Place]) -> Iterator[Path]:
    """Files that are no picture's own, here or in the folders beside, and may annotate many."""
    keys = {key for place in (own, *around) for key in place.keys}
    for place in (own, *around):
        is_outside = place is not own and not place.inner
        for key, notes in place.notes.items() if not place.strange else ():
            for note in notes if key not in keys else ():
                is_common = note.suffix.startswith((*COMMON, ".txt")) or note.name in CLASSES
                if is_common or (note.is_xml and is_outside and note.is_file):
                    yield note.path
