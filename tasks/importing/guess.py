"""Which format a source is in.

Guessed only where it is plain: files of one format and of no other. What is known and not read is
named; what may be several is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from msgspec import Raw, Struct

from tasks.annotations.other_formats import BEGINNING, YOLO, format_of
from tasks.core.errors import UsageError
from tasks.core.files import read_head, size_and_mtime
from tasks.core.text import count
from tasks.importing.json_file import read_json
from tasks.importing.source import COMMAND, Source, is_label_list
from tasks.importing.table import columns_of
from tasks.importing.text import LARGEST_LIST
from tasks.importing.types import ForeignPicture, Report

Reader = Callable[[Source, Sequence[Path], Report], Iterator[ForeignPicture]]

VOC = re.compile(rb"<annotation[\s>]")
EXPORT = "export it as COCO, YOLO or Pascal VOC"


class Format(Struct, frozen=True):
    """A format: what it is called, which files may be of it, and which module reads it."""

    title: str
    suffixes: tuple[str, ...]
    module: str

    @property
    def reader(self) -> Reader:
        read: Reader = import_module(f"tasks.importing.{self.module}").read
        return read


FORMATS = {
    "yolo": Format("YOLO", (".txt",), "yolo"),
    "coco": Format("COCO", (".json",), "coco"),
    "labelme": Format("LabelMe", (".json",), "labelme"),
    "createml": Format("CreateML", (".json",), "createml"),
    "csv": Format("CSV", (".csv", ".tsv"), "table"),
    "voc": Format("Pascal VOC", (".xml",), "voc_layouts"),
}
BY_TITLE = {one.title: name for name, one in FORMATS.items()}


class Guess(Struct, frozen=True):
    """A format, and the files of the source that are in it."""

    name: str
    files: tuple[Path, ...]

    @property
    def format(self) -> Format:
        return FORMATS[self.name]

    def line(self, source: Source) -> str:
        """`YOLO: 12 files, as labels/train/a.txt`."""
        files = count(len(self.files), "file")
        return f"{self.format.title}: {files}, as {source.shown(self.files[0])}"


def choose(source: Source, wanted: str | None, own: Path | None = None) -> Guess:
    """The format that is wanted, or else the one that the files are in.

    Args:
        own: the folder of the project's pictures. Where files of another format lie there, XML
            among them is what an import made, and not what is to be taken.

    Raises:
        UsageError: no file is in it, or nothing says which of several it is.
    """
    if wanted is not None and wanted not in FORMATS:
        raise UsageError(COMMAND, f"--format: expected {_names()}; found {wanted}")
    found, unread = _found(source)
    if wanted is not None:
        fitting = FORMATS[wanted].suffixes
        named = [p for p in source.annotations if p in source.named and p.suffix.lower() in fitting]
        files = tuple(named or _with_unreadable(wanted, found.get(wanted, []), source))
        if not files:
            raise UsageError(COMMAND, f"{_where(source)} holds no {FORMATS[wanted].title}")
        return Guess(wanted, files)
    if own is not None and len(found) > 1 and "voc" in found:
        found["voc"] = [path for path in found["voc"] if not _lies_in(path, own)]
    guesses = [Guess(name, tuple(files)) for name, files in found.items() if files]
    if len(guesses) > 1:
        lines = "; ".join(guess.line(source) for guess in guesses)
        names = " or ".join(f"`--format {guess.name}`" for guess in guesses)
        raise UsageError(COMMAND, f"{_where(source)} holds {lines}", f"say which counts: {names}")
    if not guesses:
        raise _nothing(source, unread)
    name, files = guesses[0].name, guesses[0].files
    return Guess(name, tuple(_with_unreadable(name, files, source)))


def _lies_in(path: Path, folder: Path) -> bool:
    return path.parent.resolve().is_relative_to(folder.resolve())


def _with_unreadable(name: str, files: Sequence[Path], source: Source) -> list[Path]:
    """The files of a format, and those of its suffix that are empty, or called like a picture and
    of no format that is known: the reader tells what is wrong with each."""
    known, suffixes = set(files), FORMATS[name].suffixes
    others = (
        path
        for path in source.annotations
        if name != "yolo" and path.suffix.lower() in suffixes and path not in known
    )
    doubtful = [p for p in others if not _title(p, source) and _must_annotate(p, source)]
    return [*files, *doubtful] if files else []


def _must_annotate(path: Path, source: Source) -> bool:
    try:
        return not _beginning(path).strip() or source.of_stem(path.stem, path) is not None
    except ValueError:  # several pictures are called so
        return True


def _names() -> str:
    return ", ".join(FORMATS)


def _where(source: Source) -> str:
    return ", ".join(map(str, source.named or source.roots))


def _nothing(source: Source, unread: dict[str, Path]) -> UsageError:
    if unread:
        kind, path = next(iter(unread.items()))
        why = f"{source.shown(path)} is {kind}, which is not read"
        return UsageError(COMMAND, why, EXPORT)
    titles = ", ".join(one.title for one in FORMATS.values())
    why = f"{_where(source)} holds no annotations that are read ({titles})"
    return UsageError(COMMAND, why, "if it does, name the format with --format")


def _found(source: Source) -> tuple[dict[str, list[Path]], dict[str, Path]]:
    """format → its files; and of what is not read: what it is called → a file of it."""
    found, unread = dict[str, list[Path]](), dict[str, Path]()
    for path in source.annotations:
        title = _title(path, source)
        if title in BY_TITLE:
            found.setdefault(BY_TITLE[title], []).append(path)
        elif title:
            unread.setdefault(title, path)
    if "yolo" in found and not any(map(_is_boxes, found["yolo"])):
        del found["yolo"]  # empty files alone, or notes beside pictures
    return found, unread


def _title(path: Path, source: Source) -> str:
    """What a file's format is called; "" if it does not look like annotations."""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return "Pascal VOC" if VOC.search(_beginning(path)) else _known(path)
    if suffix == ".txt":
        return "YOLO" if not is_label_list(path) and _may_be_yolo(path, source) else ""
    if suffix in (".csv", ".tsv"):
        known = _known(path)
        return known if known == "VIA" else "CSV" if _is_table(path) else ""
    kind = _known(path) if suffix == ".json" else ""
    return "" if kind == "COCO" and _has_labels_alone(path) else kind


class _Whole(Struct):
    """What stands in COCO's JSON, if it does."""

    categories: list[Raw] | None = None
    images: list[Raw] | None = None
    annotations: list[Raw] | None = None


def _has_labels_alone(path: Path) -> bool:
    """Whether it is a list of labels that looks like COCO, as Label Studio's notes.json beside YOLO
    does."""
    if size_and_mtime(path)[0] > LARGEST_LIST:
        return False
    try:
        whole = read_json(path, "", LARGEST_LIST).decoded(_Whole)
    except ValueError:
        return False
    return whole.categories is not None and whole.images is None and whole.annotations is None


def _known(path: Path) -> str:
    kind = format_of(path)
    return "" if kind.startswith(("a ", "an ")) else kind


def _may_be_yolo(path: Path, source: Source) -> bool:
    try:
        has_picture = source.of_stem(path.stem, path) is not None
    except ValueError:
        has_picture = True
    return has_picture or _is_boxes(path)


def _is_table(path: Path) -> bool:
    line = _beginning(path).partition(b"\n")[0].decode(errors="replace")
    try:
        return columns_of(line.lstrip("\ufeff\ufffd").strip("\r")) is not None
    except csv.Error:
        return False


def _is_boxes(path: Path) -> bool:
    return YOLO.match(_beginning(path)) is not None


def _beginning(path: Path) -> bytes:
    try:
        return read_head(path, BEGINNING).replace(b"\0", b"")
    except (OSError, ValueError):
        return b""
