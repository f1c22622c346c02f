"""Which picture of a folder belongs to which annotation.

labelImg gives both the same name but for the suffix, and puts them side by side; the name written
inside the XML is not asked: people rename. Other tools write `a.jpg.xml`, or into a folder of their
own, and people change case. Only what is sure is paired; the rest is listed with the picture, which
counts as background only if nothing in, below and around its folder could be its annotation.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct, field

from tasks.core.spelling import composed
from tasks.core.text import printable

LARGEST = 256_000_000  # bytes of a file that is read or hashed

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


class Pair(Struct, frozen=True):
    """A picture, and its annotation if it has one.

    Attributes:
        others: if it has none, the files that may be meant for it; see `other_formats`.
        group: the same for pictures that look alike and stay together; "" for one that is alone, or
            where nothing is shared out; see `sharing`.
    """

    picture: Path
    xml: Path | None
    others: tuple[Path, ...] = ()
    group: str = ""

    @property
    def annotations(self) -> tuple[Path, ...]:
        """All that is, or may be, its annotation."""
        return (self.xml,) if self.xml else self.others


class Listing(Struct, frozen=True):
    """What lies in `images/train` or `images/test`, and around it; or the part of `images` that
    stands in for it, see `sharing`.

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


class File(NamedTuple):
    """A file, or what stands under its name; the suffix is in lower case, with its full stop."""

    path: Path
    stem: str
    suffix: str
    is_file: bool

    @property
    def keys(self) -> tuple[str, str]:
        """What an annotation of this picture may be called, the suffix aside."""
        return folded(self.stem), folded(self.path.name)

    @property
    def is_xml(self) -> bool:
        return self.suffix == ".xml"


# Whose annotations a folder holds: of the pictures that are listed alone, likewise and below their
# folder, of pictures of several folders, or of other pictures, which lie there.
Role = Literal["own", "inside", "shared", "others"]


class Folder(Struct):
    """A folder's files.

    Attributes:
        pictures, folders: by name.
        keys: what annotations of its own pictures may be called.
        annotations: what may annotate a picture: its name, case and composition aside → the files.
    """

    path: Path
    role: Role
    pictures: list[File] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    folders: list[Path] = field(default_factory=list)
    annotations: dict[str, list[File]] = field(default_factory=lambda: defaultdict(list))

    def xmls(self) -> Iterator[tuple[str, Path]]:
        """The XML files by name, each behind the name that its picture would have."""
        files = ((file, key) for key, files in self.annotations.items() for file in files)
        return ((key, file.path) for file, key in sorted(files) if file.is_xml and file.is_file)

    def named(self, keys: Iterable[str]) -> list[File]:
        """What may annotate a picture that has these keys."""
        return [file for key in keys for file in self.annotations.get(key, ())]

    def has_own(self, key: str) -> bool:
        """Whether annotations of this name belong to a picture that lies here beside them."""
        return self.role in ("others", "inside") and key in self.keys


def folded(name: str) -> str:
    """Equal for names that differ only in case, or in how their letters are composed."""
    return name.casefold() if name.isascii() else composed(composed(name).casefold())


def name_before(name: str) -> str:
    """What an annotation was called before it got another ending; "" if it has none."""
    found = RENAMED.fullmatch(name)
    return f"{found[1]}.{found[2]}" if found else ""


def pictures_in(path: Path) -> Iterator[Path]:
    """The pictures of a folder, by their suffix and in no order; none if it is not there.

    Raises:
        OSError: it can't be read.
    """
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(path) as entries:
        for entry in entries:
            dot, suffix = entry.name.rpartition(".")[1:]
            is_picture = (dot + suffix).lower() in KNOWN + OTHER
            if is_picture and not entry.name.startswith(".") and not _is(entry.is_dir):
                yield path / entry.name


def listing(path: Path) -> Listing:
    """List a folder; one that is not there is empty.

    Raises:
        OSError: it, or a folder beside it, is there and can't be read.
    """
    own = _scan(path, "own")
    exact = [(picture, _of_its_name(picture, own)) for picture in own.pictures]
    taken = {file.path for _, files in exact for file in files}
    rest = [picture for picture, files in exact if not files]
    first, then = _around(path) if rest else ([], [])
    same_key = Counter(picture.keys[0] for picture in rest)
    pairs = [
        _pair(picture, files) if files else _search(picture, own, (first, then), taken, same_key)
        for picture, files in exact
    ]
    used = {file for pair in pairs for file in pair.annotations}
    read_from = {parent for file in used for parent in file.parents} if own.folders else set()
    stems: dict[str, list[Path]] = defaultdict(list)
    for picture in own.pictures:
        stems[picture.stem].append(picture.path)
    return Listing(
        path,
        tuple(pairs),
        tuple(_unpaired(own, first, used)),
        tuple(tuple(pictures) for pictures in stems.values() if len(pictures) > 1),
        tuple(folder for folder in own.folders if folder not in read_from),
        tuple(_common(own, first)) if any(not pair.annotations for pair in pairs) else (),
    )


def _of_its_name(picture: File, own: Folder) -> list[File]:
    """`a.xml` and `a.jpg.xml`, letter by letter."""
    names = (picture.stem, picture.path.name)
    return [file for file in own.named(picture.keys) if file.is_xml and file.stem in names]


def _pair(picture: File, files: list[File], *, is_sure: bool = True) -> Pair:
    if is_sure and len(files) == 1 and files[0].is_file:
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
    is_sure = same_key[key] == 1
    near = [file for file in own.named(keys) if file.is_xml and file.path not in taken]
    if near:
        return _pair(picture, near, is_sure=is_sure)
    others = own.named(keys)
    for tier in tiers:
        found = [(f, file) for f in tier if not f.has_own(key) for file in f.named(keys)]
        far = [(folder, file) for folder, file in found if file.is_xml]
        if far:
            role = far[0][0].role
            is_claimed = any(f.role == "others" and f.has_own(key) for f in tier)
            is_sure = is_sure and role != "others" and not (role == "shared" and is_claimed)
            return _pair(picture, [file for _, file in far], is_sure=is_sure)
        others += [file for _, file in found]
    return _pair(picture, [file for file in others if not file.is_xml], is_sure=False)


def _unpaired(own: Folder, around: Sequence[Folder], used: set[Path]) -> Iterator[Path]:
    """XML of which there is no picture."""
    yield from (path for _, path in own.xmls() if path not in used)
    for folder in around:
        if folder.role == "inside":
            keys = folder.keys | own.keys
            yield from (path for key, path in folder.xmls() if path not in used and key not in keys)


def _common(own: Folder, around: Sequence[Folder]) -> Iterator[Path]:
    """Files that are no picture's own, here or in the folders around, and may annotate many."""
    keys = {key for folder in (own, *around) for key in folder.keys}
    for folder in (own, *(folder for folder in around if folder.role != "others")):
        is_outside = folder is not own and folder.role != "inside"
        for key, files in folder.annotations.items():
            for file in files if key not in keys else ():
                is_common = file.suffix.startswith((*COMMON, ".txt")) or file.path.name in CLASSES
                if is_common or (file.is_xml and is_outside and file.is_file):
                    yield file.path


def _scan(path: Path, role: Role) -> Folder:
    """What lies in a folder; one that is not there is empty."""
    folder = Folder(path, role)
    with suppress(FileNotFoundError, NotADirectoryError):
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
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
    file = File(path, stem, suffix, _is(entry.is_file))
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


def _around(path: Path) -> tuple[list[Folder], list[Folder]]:
    """Where else annotations of a folder's pictures may lie, first the folders to ask first:

    folders in theirs, the one above, folders for annotations beside them or their parent
    (`labels/train`), and other folders of pictures, to which XML without a picture may have been
    left behind; then all other folders beside their parent.
    """
    above, top = _scan(path.parent, "shared"), _scan(path.parent.parent, "shared")
    beside = [p for p in above.folders if p != path and not _is_for_annotations(p)]
    splits = {p.name for p in beside}
    first = [*_below(_scan(path, "inside"), path.name, set()), above, top]
    for p in filter(_is_for_annotations, (*above.folders, *top.folders)):
        base = _scan(p, "shared")
        first += [base, *_below(base, path.name, splits)]
    first += [_scan(p, "others") for p in beside]
    others = [p for p in top.folders if p != above.path and not _is_for_annotations(p)]
    return first, [_scan(p, "others") for o in others for p in (o, o / path.name)]


def _is_for_annotations(path: Path) -> bool:
    return path.name.casefold() in FOLDERS


def _below(top: Folder, split: str, others: set[str]) -> list[Folder]:
    """The folders below one, those of `others` aside, of any name; `split` is the one that is for
    our pictures alone."""
    found, level = list[Folder](), [top]
    for _ in range(DEEPEST):
        below: list[tuple[Path, Role]] = [
            (path, "own" if base.role == "shared" and path.name == split else base.role)
            for base in level
            for path in base.folders
            if path.name not in others and not _leads_back(path)
        ]
        level = [_scan(path, role) for path, role in below[: MOST_FOLDERS - len(found)]]
        found += level
    return found


def _leads_back(path: Path) -> bool:
    """Whether it is a link to a folder that holds it."""
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())
