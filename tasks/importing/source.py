"""The files below the paths that the user named, and which picture a name means.

Only what lies there is ever opened: a name in an annotation is looked up among the files that were
found, so that no path in it, relative or absolute, leads elsewhere. Folders that are links are not
entered, and files that are links are taken only if they lead to a file below the same paths.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from urllib.parse import unquote

from msgspec import Struct, field

from tasks.annotations.folder import CLASSES, FOLDERS, KNOWN, OTHER, folded
from tasks.core.errors import UsageError
from tasks.core.text import printable, shortened
from tasks.importing.text import LARGEST_LIST, text_of
from tasks.importing.told_splits import told_folders, told_lists
from tasks.importing.types import ForeignPicture, Listed, Report, Split

COMMAND = "import"
MOST_FILES = 1_000_000
DEEPEST = 32
ANNOTATING = (".txt", ".json", ".xml", ".csv", ".tsv", ".yaml", ".yml", ".names", ".labels")
SPLITS: dict[str, Split] = {"tr": "train", "va": "valid", "te": "test"}
NOUNS = "images?|labels?|annotations?|data|set"
SPLIT = re.compile(
    rf"(?:(?:{NOUNS}|obj|instances|person[_ -]keypoints)[_ -]?)?"
    rf"(train|training|val|valid|validation|test|testing)(?:\d{{4}})?(?:[_ -]?(?:{NOUNS}))?"
    r"(?:[_ -]bbox)?",
    re.IGNORECASE,
)
SLASH = re.compile(r"[\\/]")


class Source(Struct):
    """What was found.

    Attributes:
        roots: the folders that were searched.
        named: files that were named themselves.
        files: files that may annotate pictures, or tell of their labels.
        pictures: by path.
        led_out: links that lead elsewhere.
    """

    roots: tuple[Path, ...]
    named: tuple[Path, ...] = ()
    files: list[Path] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    led_out: list[Path] = field(default_factory=list)
    _by_name: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    _by_stem: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    _xmls: set[tuple[Path, str]] | None = None
    _folders: dict[Path, tuple[str, Split]] = field(default_factory=dict)
    _listed: dict[str, Split] | None = None
    _told: dict[Path, Split] | None = None

    @property
    def annotations(self) -> list[Path]:
        """The files that may annotate pictures: those that were named, or else all. Whoever names a
        list of labels means what lies around it."""
        named = [path for path in self.named if not is_label_list(path)]
        return named or self.files

    def shown(self, path: Path) -> str:
        """A path for messages, as seen from the folder that was named."""
        return self._folder(path.parent)[0] + printable(path.name)

    def _folder(self, folder: Path) -> tuple[str, Split]:
        """What messages put before the names of a folder's files; and the split that it is of, by
        the deepest folder that is called like one."""
        if folder not in self._folders:
            root = next((root for root in self.roots if folder.is_relative_to(root)), folder)
            inside = folder.relative_to(root)
            named = (SPLIT.fullmatch(part) for part in reversed(inside.parts))
            split: Split = next((SPLITS[found[1][:2].lower()] for found in named if found), "")
            shown = inside if len(self.roots) == 1 else Path(root.name) / inside
            before = "" if shown == Path() else f"{printable(shown)}/"
            self._folders[folder] = before, split
        return self._folders[folder]

    def find(self, name: str, near: Path) -> Path:
        """The picture that an annotation names, with folders or without; `near` is its file.

        Raises:
            ValueError: there is none, or nothing says which of several; the message is a clause.
        """
        parts = tuple(part for part in SLASH.split(name.strip()) if part not in ("", ".", ".."))
        shown = shortened(name.strip() or "no name", 80)
        last = parts[-1] if parts else ""
        found = self._by_name.get(folded(last)) or self._by_name.get(folded(unquote(last)))
        if not found and not last.lower().endswith(KNOWN + OTHER):
            found = self._by_stem.get(folded(last))
        if not found:
            raise ValueError(f"its picture {shown} is not there")
        return self._nearest(found, parts[:-1], near)

    def of_stem(self, stem: str, near: Path) -> Path | None:
        """The picture that is called like its annotation, `near`, but for the suffix.

        Raises:
            ValueError: nothing says which of several.
        """
        found = self._by_stem.get(folded(stem)) or self._by_name.get(folded(stem))
        return self._nearest(found, (), near) if found else None

    def _nearest(self, found: Sequence[Path], folders: tuple[str, ...], near: Path) -> Path:
        """The picture that fits best: by the folders that were named, then by lying where the
        annotation lies, or in `images` as it does in `labels`, then by its split."""
        if len(found) == 1:
            return found[0]
        split = self.split_of(near)

        def fits(path: Path) -> tuple[int, int, bool]:
            return (
                _same_end(path.parent.parts, folders),
                _same_end(_neutral(path.parent), _neutral(near.parent)),
                bool(split) and self.split_of(path) == split,
            )

        best = max(map(fits, found))
        fitting = [path for path in found if fits(path) == best]
        if len(fitting) > 1:
            first, second = (self.shown(path) for path in fitting[:2])
            raise ValueError(f"its picture may be {first} or {second}")
        return fitting[0]

    def has_xml(self, picture: Path) -> bool:
        """Whether an XML that is called like a picture lies beside it, as labelImg leaves it."""
        if self._xmls is None:
            xmls = (path for path in self.files if path.suffix.lower() == ".xml")
            self._xmls = {(path.parent, folded(path.stem)) for path in xmls}
        names = (folded(picture.stem), folded(picture.name))
        return any((picture.parent, name) in self._xmls for name in names)

    def listed(
        self, file: Path, entries: Iterable[Listed], report: Report, *, in_fractions: bool = False
    ) -> Iterator[ForeignPicture]:
        """The pictures that a file lists by their names. Of one that is not found, the fault."""
        for one in entries:
            try:
                picture = self.find(one.name, file)
            except ValueError as error:
                report.fault(one.where, error)
                continue
            yield ForeignPicture(
                path=picture,
                where=one.where,
                boxes=tuple(one.boxes),
                in_fractions=in_fractions,
                size=one.size,
                split=one.split or self.split_of(picture) or self.split_of(file),
                faults=tuple(one.faults),
            )

    def split_of(self, path: Path) -> Split:
        """What the source takes a picture or an annotation for: by what a YAML says of a
        folder, by the deepest folder with such a name, by the file's own name if it annotates many
        pictures, or by a list of pictures."""
        if split := self._told_by_yaml(path) or self._folder(path.parent)[1]:
            return split
        if is_picture(path):
            return self._listed_splits().get(folded(path.stem), "")
        found = SPLIT.fullmatch(path.stem)
        return SPLITS[found[1][:2].lower()] if found else ""

    def _told_by_yaml(self, path: Path) -> Split:
        if self._told is None:
            lie_in = {picture.parent for picture in self.pictures}
            above = {one for folder in lie_in for one in folder.parents if self._is_inside(one)}
            self._told = told_folders(self.files, lie_in | above)
        folders = (path.parent, *path.parent.parents) if self._told else ()
        return next((self._told[one] for one in folders if one in self._told), "")

    def _is_inside(self, folder: Path) -> bool:
        return any(folder != root and folder.is_relative_to(root) for root in self.roots)

    def _listed_splits(self) -> dict[str, Split]:
        """The stems of pictures that stand in `train.txt` and the like, as tools for YOLO and
        Pascal VOC's ImageSets have them."""
        if self._listed is None:
            self._listed = {}
            named = [
                (SPLITS[one.stem[:2].lower()], one) for one in self.files if is_split_list(one)
            ]
            for split, path in (*told_lists(self.files), *named):
                for stem in _stems(path):
                    self._listed.setdefault(folded(stem), split)
        return self._listed


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in KNOWN + OTHER


def is_label_list(path: Path) -> bool:
    """Whether it tells labels, by its name: it annotates no picture."""
    return path.name.lower() in CLASSES or path.suffix.lower() in (".yaml", ".yml", ".names")


def is_split_list(path: Path) -> bool:
    """Whether it is called as a list of a split's pictures is."""
    found = SPLIT.fullmatch(path.stem)
    return path.suffix.lower() == ".txt" and found is not None and found[1] == path.stem


def _stems(path: Path) -> Iterator[str]:
    try:
        lines = text_of(path, LARGEST_LIST).splitlines()
    except ValueError:
        return
    for line in lines:
        name = SLASH.split(line.strip())[-1]
        yield PurePath(name).stem if name.lower().endswith(KNOWN + OTHER) else name


def _same_end(parts: Sequence[str], others: Sequence[str]) -> int:
    """How many names at the end of two paths are the same."""
    pairs = zip(reversed(parts), reversed(others), strict=False)
    same = [folded(one) == folded(other) for one, other in pairs]
    return same.index(False) if False in same else len(same)


def _neutral(folder: Path) -> tuple[str, ...]:
    """A folder's parts, with one name for those of pictures and of their annotations."""
    kinds = {*FOLDERS, "images", "image", "jpegimages", "img", "imgs"}
    return tuple("images" if part.casefold() in kinds else part for part in folder.parts)


def search(words: Iterable[str]) -> Source:
    """Look through the paths that were named.

    Raises:
        UsageError: one is not there, or there are too many files.
        OSError: a folder can't be read.
    """
    paths = [Path(os.path.expanduser(word)) for word in words]  # noqa: PTH111  Path's raises if nobody has that name
    if not paths:
        raise UsageError(COMMAND, "no data set is named", "`doit import FOLDER --project P`")
    for path in paths:
        if not path.exists():
            raise UsageError(COMMAND, f"there is no file or folder {path}", "name another one")
    named = tuple(path for path in paths if not path.is_dir())
    folders = [path for path in paths if path.is_dir()] or [_around(path) for path in named]
    source = Source(_outermost(folders), named, list(named))
    real = [root.resolve() for root in source.roots]
    for root in source.roots:
        for path in _files(root):
            _sort_in(path, real, source)
    for path in source.pictures:
        source._by_name[folded(path.name)].append(path)
        source._by_stem[folded(path.stem)].append(path)
    return source


def _around(file: Path) -> Path:
    """The folder in which the pictures of an annotation file are looked for."""
    return file.parent.parent if file.parent.name.casefold() in FOLDERS else file.parent


def _outermost(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Each folder once, without those that lie in another."""
    unique = {folder.resolve(): folder for folder in folders}
    return tuple(
        folder
        for real, folder in unique.items()
        if not any(other != real and real.is_relative_to(other) for other in unique)
    )


def _files(root: Path) -> Iterator[Path]:
    """All files and links below a folder in the order of their paths, hidden ones aside."""
    stack, number = [(root, 0)], 0
    while stack:
        folder, depth = stack.pop()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        number += len(entries)
        if number > MOST_FILES:
            why = f"{root} holds more than {MOST_FILES} files"
            raise UsageError(COMMAND, why, "name the folder of the data set")
        below = list[tuple[Path, int]]()
        for entry in entries:
            if entry.name.startswith((".", "__MACOSX")):
                continue
            if entry.is_dir(follow_symlinks=False):
                below += [(folder / entry.name, depth + 1)] if depth < DEEPEST else []
            else:
                yield folder / entry.name
        stack += reversed(below)


def _sort_in(path: Path, real: Sequence[Path], source: Source) -> None:
    kind = path.suffix.lower()
    if kind not in ANNOTATING and not is_picture(path):
        return
    if path.is_symlink() and not _leads_inside(path, real):
        source.led_out.append(path)
    elif is_picture(path):
        source.pictures.append(path)
    elif path not in source.named:
        source.files.append(path)


def _leads_inside(path: Path, real: Sequence[Path]) -> bool:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # nowhere, or in a circle
        return False
    return target.is_file() and any(target.is_relative_to(root) for root in real)
