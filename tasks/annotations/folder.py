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

from tasks.annotations.scan import CLASSES, COMMON, File, Folder, around, scan
from tasks.core.text import printable

LARGEST = 256_000_000  # bytes of a file that is read or hashed


class Pair(Struct, frozen=True):
    """A picture, and its annotation if it has one.

    Attributes:
        others: if it has none, the files that may be meant for it; see `other_formats`.
    """

    picture: Path
    xml: Path | None
    others: tuple[Path, ...] = ()

    @property
    def annotations(self) -> tuple[Path, ...]:
        """All that is, or may be, its annotation."""
        return (self.xml,) if self.xml else self.others


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
        return [pair.picture for pair in self.pairs if not pair.annotations]

    @property
    def elsewhere(self) -> str:
        """What to say of XML of another name, or from another folder, than labelImg gives it."""
        paths = [(pair.xml, pair.picture) for pair in self.pairs if pair.xml]
        odd = [xml for xml, p in paths if (xml.stem, xml.parent) != (p.stem, p.parent)]
        if not odd:
            return ""
        is_read = "picture is" if len(odd) == 1 else "pictures are"
        return f"{len(odd)} {is_read} read with XML as {relative_name(self.folder, odd[0])}"

    @property
    def files(self) -> dict[str, Path]:
        """All that a record depends on, by a name that no two of them share and that JSON holds."""
        paths = [path for pair in self.pairs for path in (pair.picture, *pair.annotations)]
        paths += [*self.unpaired, *self.common]
        keys = (_from(self.folder, path).replace("\\", "\\\\") for path in paths)
        return dict(zip(map(printable, keys), paths, strict=True))


def relative_name(folder: Path, path: Path) -> str:
    """A path as seen from a folder, for the user."""
    return printable(_from(folder, path))


def _from(folder: Path, path: Path) -> str:
    return path.name if path.parent == folder else Path(os.path.relpath(path, folder)).as_posix()


def listing(path: Path) -> Listing:
    """List a folder; one that is not there is empty.

    Raises:
        OSError: it, or a folder beside it, is there and can't be read.
    """
    own = scan(path)
    exact = [(picture, _of_its_name(picture, own)) for picture in own.pictures]
    taken = {file.path for _, files in exact for file in files}
    rest = [picture for picture, files in exact if not files]
    first, then = around(path) if rest else ([], [])
    same_key = Counter(picture.keys[0] for picture in rest)
    pairs = [
        _pair(picture, files) if files else _search(picture, own, (first, then), taken, same_key)
        for picture, files in exact
    ]
    used = {file for pair in pairs for file in pair.annotations}
    inside = [folder for folder in first if folder.is_inside]
    read_from = {parent for file in used for parent in file.parents} if own.folders else set()
    stems: dict[str, list[Path]] = defaultdict(list)
    for picture in own.pictures:
        stems[picture.stem].append(picture.path)
    return Listing(
        path,
        tuple(pairs),
        tuple(_unpaired(own, inside, used)),
        tuple(tuple(pictures) for pictures in stems.values() if len(pictures) > 1),
        tuple(folder for folder in own.folders if folder not in read_from),
        tuple(_common(own, first)) if any(not pair.annotations for pair in pairs) else (),
    )


def _of_its_name(picture: File, own: Folder) -> list[File]:
    """`a.xml` and `a.jpg.xml`, letter by letter."""
    names = (picture.stem, picture.name)
    return [file for file in own.named(picture.keys) if file.is_xml and file.stem in names]


def _pair(picture: File, files: list[File], *, is_plain: bool = True) -> Pair:
    if is_plain and len(files) == 1 and files[0].is_file:
        return Pair(picture.path, files[0].path)
    return Pair(picture.path, None, tuple(file.path for file in files))


def _search(
    picture: File,
    own: Folder,
    tiers: Sequence[Sequence[Folder]],
    taken: set[Path],
    same_key: Mapping[str, int],
) -> Pair:
    """Pair a picture that has no XML of its very name beside it."""
    key, keys = picture.keys[0], picture.keys
    is_plain = same_key[key] == 1
    near = [file for file in own.named(keys) if file.is_xml and file.path not in taken]
    if near:
        return _pair(picture, near, is_plain=is_plain)
    others = own.named(keys)
    for tier in tiers:
        found = [(f, file) for f in tier if not f.has_own(key) for file in f.named(keys)]
        far = [(folder, file) for folder, file in found if file.is_xml]
        if far:
            nearest = far[0][0]
            is_claimed = nearest.is_shared and any(f.is_others and f.has_own(key) for f in tier)
            is_plain = is_plain and not nearest.is_others and not is_claimed
            return _pair(picture, [file for _, file in far], is_plain=is_plain)
        others += [file for _, file in found]
    return _pair(picture, [file for file in others if not file.is_xml], is_plain=False)


def _unpaired(own: Folder, inside: Sequence[Folder], used: set[Path]) -> Iterator[Path]:
    """XML of which there is no picture."""
    yield from (path for _, path in own.xmls() if path not in used)
    for folder in inside:
        keys = folder.keys | own.keys
        yield from (path for key, path in folder.xmls() if path not in used and key not in keys)


def _common(own: Folder, around: Sequence[Folder]) -> Iterator[Path]:
    """Files that are no picture's own, here or in the folders around, and may annotate many."""
    keys = {key for folder in (own, *around) for key in folder.keys}
    for folder in (own, *(folder for folder in around if not folder.is_others)):
        is_outside = folder is not own and not folder.is_inside
        for key, files in folder.annotations.items():
            for file in files if key not in keys else ():
                is_common = file.suffix.startswith((*COMMON, ".txt")) or file.name in CLASSES
                if is_common or (file.is_xml and is_outside and file.is_file):
                    yield file.path
