"""Annotations that are not labelImg's, and the pictures that they are of.

A picture without boxes teaches a network that nothing is there. So one that is annotated in another
format, or by an XML that is not plainly its own, is an error and not background. Files that may
annotate many pictures are searched for the pictures' names, as JSON, CSV, XML and lists write them:
escaped, percent-encoded, composed in another way or in other case, in an encoding of any country,
behind a path of another machine.
"""

from __future__ import annotations

import html
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from tasks.annotations.folder import (
    CLASSES,
    KNOWN,
    LARGEST,
    OTHER,
    Listing,
    Pair,
    folded,
    name_before,
    relative_name,
)
from tasks.annotations.voc import MARKS
from tasks.core.files import is_file, read_head
from tasks.core.paths import SPLITS
from tasks.core.text import count, printable

NAMED = 3
TODO = "convert it to Pascal VOC, or save an XML without boxes for background"

IMPORTED = {"YOLO", "COCO", "LabelMe", "CreateML", "CSV", "TSV", "Open Images' CSV"}

BEGINNING = 65_536  # bytes of a file by which its format is known
YOLO = re.compile(rb"\d+([ \t]+-?[\d.]+(e-?\d+)?){4,}\s*$", re.MULTILINE)
JSON_KINDS = (  # keys, and the tools that write them
    (re.compile(rb'"(shapes|imagePath)"\s*:'), "LabelMe"),
    (re.compile(rb'"(asset|assets|visitedAssets)"\s*:'), "VoTT"),
    (re.compile(rb'"source-ref"\s*:'), "SageMaker Ground Truth"),
    (re.compile(rb'"(rectanglelabels|from_name|to_name)"\s*:'), "Label Studio"),
    (re.compile(rb'"(classTitle|classId)"\s*:'), "Supervisely"),
    (re.compile(rb'"(data_row|Labeled Data)"\s*:'), "Labelbox"),
    (re.compile(rb'"(categories|images|licenses|category_id)"\s*:'), "COCO"),
    (re.compile(rb'"coordinates"\s*:'), "CreateML"),
    (re.compile(rb'"(regions|shape_attributes|region_attributes)"\s*:'), "VIA"),
)
VIA_TABLE = re.compile(rb"(?:\xef\xbb\xbf)?#?filename,file_size,file_attributes,")
BY_SUFFIX = {
    ".csv": "CSV",
    ".tsv": "TSV",
    ".lst": "a list",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".vott": "VoTT",
    ".manifest": "SageMaker Ground Truth",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".json": "a JSON format",
}

STRETCH = 1_000_000  # bytes that are searched in one go
OVERLAP = 4_000  # of them again: the longest name, escaped
LONGEST_NAME = 255
# Encodings that are tried where a file is not UTF-8 and a picture's name is not ASCII.
ENCODINGS = (
    *("utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp437", "cp850", "mac-roman"),
    *("cp932", "gb18030", "cp949", "cp950"),
)
SUFFIX = re.compile(rf"\.(?:{'|'.join(one[1:] for one in KNOWN + OTHER)})(?![a-z0-9_])")
HARD = re.compile(r"""["\\/<>|\t\r\n]""")  # what a name can't hold, and begins behind
SOFT = re.compile(r"[',;:=?&#()\[\]{} ]")  # what it may hold, and may begin behind
UPLOADED = re.compile(r"[0-9a-f]{4,40}-")  # what Label Studio puts in front of a name
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
# A list of boxes (`a.jpg 10,20,30,40,0`), as against a list of pictures.
BOXES = re.compile(r"[\s,;:]+(?:-?[\d.]+[\s,;]+){3}-?[\d.]")
IDS = re.compile(r'"image_?(?:id|name)?"\s*:\s*"([^"/\\]{1,255})"')
OF_PICTURES = re.compile(r"\W*(image|img|file|photo|picture)")


def why_not_background(pair: Pair) -> str:
    """Why a picture is neither annotated nor background, as a clause; "" if it is one of them."""
    if not pair.others:
        return ""
    folder = pair.picture.parent
    names = " and ".join(relative_name(folder, path) for path in pair.others[:NAMED])
    if not all(map(is_file, pair.others)):
        return f"{names} stands where its annotation may be, and is not a file"
    if renamed := [path for path in pair.others if name_before(path.name)]:
        name, before = relative_name(folder, renamed[0]), printable(name_before(renamed[0].name))
        todo = f"rename it to {before}, or take it away"
        return f"{name} is an annotation under another ending: {todo}"
    if pair.others[0].suffix.lower() != ".xml":
        kinds = " and ".join(dict.fromkeys(map(format_of, pair.others[:NAMED])))
        return f"it is annotated in {kinds} ({names}): {_todo(folder, pair.others[0])}"
    where = "beside the picture, under its name"
    if len(pair.others) > 1:
        return f"{names} may both be its annotation: keep one, {where}"
    return f"{names} may be its annotation: put it {where}, or take it away"


def common_faults(listing: Listing) -> list[str]:
    """A line for each file that seems to annotate pictures which have no annotation of their own.

    Raises:
        OSError: one can't be read.
    """
    found = common_annotations(listing)
    return [common_fault(listing.folder, path, pictures) for path, pictures in found.items()]


def common_annotations(listing: Listing) -> dict[Path, Sequence[Path]]:
    """Those files, and the pictures that each seems to annotate.

    Raises:
        OSError: one can't be read.
    """
    bare, found = set(listing.unannotated), dict[Path, Sequence[Path]]()
    # Of two pictures that a name may mean, it is the one without an annotation: it comes last.
    pictures = sorted((pair.picture for pair in listing.pairs), key=bare.__contains__)
    for path in (*listing.common, *listing.unpaired) if bare else ():
        named = listing.unannotated
        if path.name not in CLASSES:
            named = [picture for picture in _pictures_named(path, pictures) if picture in bare]
        if named:
            found[path] = named
    return found


def common_fault(folder: Path, path: Path, pictures: Sequence[Path]) -> str:
    """What is told of a file that seems to annotate these pictures of a folder."""
    what, kind = count(len(pictures), "picture"), format_of(path)
    names = ", ".join(printable(picture.name) for picture in pictures[:NAMED])
    names += ", …" if len(pictures) > NAMED else ""
    fault = f"{what} without XML may be annotated there, in {kind} ({names})"
    return f"{relative_name(folder, path)}: {fault}: {_todo(folder, path)}"


def _todo(folder: Path, path: Path) -> str:
    """What to do about an annotation in another format: the command that imports it, if one
    does."""
    if command := import_command(folder, path):
        return f"`{command}` converts it, or save an XML without boxes for background"
    return TODO


def import_command(folder: Path, path: Path) -> str:
    """The command that imports an annotation in another format; "" if none does.

    Args:
        folder: of the pictures: a project's `images`, or its `train` or `test`.
        path: the annotation.
    """
    images = folder.parent if folder.name in SPLITS else folder
    if format_of(path) not in IMPORTED or path.name in CLASSES or images.name != "images":
        return ""
    project, path = images.parent, Path(os.path.normpath(path))
    if path.is_relative_to(images):
        words = [images]
    elif path.is_relative_to(project):
        words = [images, project / path.relative_to(project).parts[0]]
    else:
        words = [images, path]
    shown = [Path(os.path.relpath(word, project.parent)).as_posix() for word in words]
    return printable(shlex.join(["doit", "import", *shown, "--project", project.name]))


def format_of(path: Path) -> str:
    """What a file is called that is not Pascal VOC, or not the picture's own."""
    try:
        content = read_head(path, BEGINNING).replace(b"\0", b"")  # UTF-16 in ASCII
    except (OSError, ValueError):
        content = b""
    suffix = path.suffix.lower()
    if suffix == ".xml":
        is_of_cvat = b"<annotations" in content and b"<image" in content
        return "CVAT" if is_of_cvat else "an XML of another name"
    if path.name in CLASSES or (suffix == ".txt" and (YOLO.match(content) or not content.strip())):
        return "YOLO"
    if suffix == ".csv" and content.lower().startswith((b"imageid,", b"\xef\xbb\xbfimageid,")):
        return "Open Images' CSV"
    if suffix == ".csv" and VIA_TABLE.match(content):
        return "VIA"
    known = (name for pattern, name in JSON_KINDS if pattern.search(content))
    kind = BY_SUFFIX.get(suffix, "a text format")
    return next(known, kind) if suffix in (".json", ".jsonl", ".ndjson") else kind


def _pictures_named(path: Path, pictures: Iterable[Path]) -> Iterable[Path]:
    """Those of the pictures that a file names, each once."""
    try:
        content = read_head(path, LARGEST)
    except ValueError:
        return ()
    suffix = Path(name_before(path.name) or path.name).suffix.lower()
    by_name = {folded(picture.name): picture for picture in pictures}
    by_stem = {folded(picture.stem): picture for picture in pictures}
    found = dict[Path, None]()
    for encoding in _encodings(content, by_name):
        for text in _texts(content, suffix, encoding):
            found |= dict.fromkeys(_by_name(text, by_name, boxed=suffix.startswith(".txt")))
            found |= dict.fromkeys(_by_stem(text, suffix, by_stem))
    return found


def _encodings(content: bytes, names: Iterable[str]) -> tuple[str, ...]:
    """In which the content may be written."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return (encoding,)
    if b"\0" in content[:4]:
        return ("utf-16-le",) if content[1:2] == b"\0" else ("utf-16-be",)
    try:
        content.decode()
    except UnicodeDecodeError:
        return ("latin-1",) if all(map(str.isascii, names)) else ENCODINGS
    return ("utf-8",)


def _texts(content: bytes, suffix: str, encoding: str) -> Iterator[str]:
    """The content in stretches, without what JSON or XML escapes, as `folded` has names."""
    for start in range(0, len(content), STRETCH):
        text = content[start : start + STRETCH + OVERLAP].decode(encoding, "replace")
        if suffix.startswith(".xml"):
            text = html.unescape(text)
        elif not suffix.startswith((".csv", ".tsv", ".txt", ".lst")) and "\\" in text:
            text = ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else e[2], text)
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        yield folded(text)


def _by_name(text: str, known: Mapping[str, Path], *, boxed: bool) -> Iterator[Path]:
    """The pictures whose names stand in a text; `boxed`: with a box behind them."""
    for part in dict.fromkeys(HARD.split(text)):
        for suffix in SUFFIX.finditer(part):
            end = suffix.end()
            if not boxed or BOXES.match(part, end, end + LONGEST_NAME):
                names = _names(part[max(0, end - LONGEST_NAME) : end])
                if name := next((name for name in names if name in known), ""):
                    yield known[name]


def _names(text: str) -> Iterator[str]:
    """What may be a name and ends with this text, the longest first."""
    parts = [text, folded(HARD.split(unquote(text))[-1])] if "%" in text else [text]
    for part in parts:
        for start in (0, *(match.end() for match in SOFT.finditer(part))):
            yield part[start:]
            if uploaded := UPLOADED.match(part, start):
                yield part[uploaded.end() :]


def _by_stem(text: str, suffix: str, known: Mapping[str, Path]) -> Iterator[Path]:
    """By names without their suffix, as Open Images has them: in the first column of a table, or as
    the id of an image. A number is one only if the table says so."""
    if suffix.startswith((".csv", ".tsv")):
        is_of_pictures = OF_PICTURES.match(text) is not None
        cells = (re.split(r"[,;\t|]", line, maxsplit=1)[0] for line in text.splitlines())
        stems = [cell.strip(" '\"") for cell in cells]
        yield from (known[s] for s in stems if s in known and (is_of_pictures or not s.isdecimal()))
    elif suffix.startswith((".json", ".ndjson")):
        yield from (known[stem] for stem in IDS.findall(text) if stem in known)
