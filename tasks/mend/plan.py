"""What is wrong with a project's pictures and XML, and the files that would mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tasks.annotations import cure
from tasks.annotations.annotated import Annotated, check_pair, read_pair, size_fault
from tasks.annotations.cure import Cure, Rules
from tasks.annotations.folder import Listing, Pair, folded, relative_name
from tasks.annotations.voc_edit import Wanted, edited
from tasks.core.files import size_and_mtime
from tasks.core.text import printable
from tasks.mend.journal import FileChange
from tasks.pictures.convert import Converted, converted, is_convertible
from tasks.pictures.pixels import examine

Kind = Literal["picture", cure.Kind]


class Mended(Struct, frozen=True):
    """What came of a picture and its XML.

    Attributes:
        changes: what is mended, each behind its kind; one line, the file first.
        files: what is written for it; nothing if nothing is mended.
        left: the faults that stay, likewise a line each.
        labels: of its boxes, as they stand in the file.
    """

    changes: tuple[tuple[Kind, str], ...] = ()
    files: tuple[FileChange, ...] = ()
    left: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def plan(
    found: Listing, ids: Mapping[str, int], rules: Rules, advance: Callable[[int], None]
) -> Iterator[Mended]:
    """Go through the pictures of a folder, and say of each what is to be done.

    Args:
        ids: the labels that may occur.
        advance: is told the bytes of each picture.
    """
    stems = Counter(folded(pair.picture.stem) for pair in found.pairs)
    xmls = Counter(pair.xml for pair in found.pairs if pair.xml)
    for pair in found.pairs:
        name = f"{found.folder.name}/{printable(pair.picture.name)}"
        try:
            if pair.xml and xmls[pair.xml] > 1:
                yield Mended(left=(f"{name}: another picture has the same XML",))
            else:
                yield _mended(pair, ids, rules, is_alone=stems[folded(pair.picture.stem)] == 1)
            advance(size_and_mtime(pair.picture)[0])
        except OSError as error:
            yield Mended(left=(f"{name}: can't be read: {(error.strerror or '').lower()}",))


def _mended(pair: Pair, ids: Mapping[str, int], rules: Rules, *, is_alone: bool) -> Mended:
    read = read_pair(pair, ids)
    labels = tuple(box.label for box in read.annotation.boxes) if read.annotation else ()
    try:
        anew = _anew(read, is_alone=is_alone)
        stored = replace(read, picture=anew.picture) if anew else read
        cured = cure.cure_of(stored, ids, rules, is_turned=anew is not None)
        files = _files(read, anew, cured)
    except ValueError as error:
        return Mended(left=tuple(_named(read, [*read.faults, str(error)])), labels=labels)
    changes = [*_picture_changes(read, anew)]
    changes += [(one.kind, f"{_where(read, pair.xml)}: {one.told}") for one in cured.changes]
    after = _as_it_will_be(read, files, ids) if files else read
    return Mended(tuple(changes), files, tuple(_left(after, cured)), labels)


def _anew(read: Annotated, *, is_alone: bool) -> Converted | None:
    """The picture encoded anew, if TensorFlow may not read it.

    Raises:
        ValueError: it can't be, or its new name is taken; with the name of the file.
    """
    path = read.pair.picture
    is_odd = read.picture is not None and read.picture.reencoded
    if not read.content or not (is_odd or is_convertible(read.content)):
        return None
    try:
        made = converted(read.content, path.suffix)
    except ValueError as error:
        raise ValueError(f"{printable(path.name)}: {error}") from error
    if made and made.suffix != path.suffix:
        other = path.with_suffix(made.suffix)
        if not is_alone or other.exists():
            raise ValueError(_taken(path, other))
    return made


def _taken(path: Path, new: Path) -> str:
    name = printable(new.name)
    return f"{printable(path.name)}: it would be called {name}, which another file is: rename one"


def _picture_changes(read: Annotated, anew: Converted | None) -> Iterator[tuple[Kind, str]]:
    if anew:
        new = read.pair.picture.with_suffix(anew.suffix)
        renamed = "" if new == read.pair.picture else f" -> {printable(new.name)}"
        yield "picture", f"{_where(read, read.pair.picture)}{renamed}"


def _files(read: Annotated, anew: Converted | None, cured: Cure) -> tuple[FileChange, ...]:
    """The files to be written and removed.

    Raises:
        ValueError: the XML can't be changed as it should be; with the name of the file.
    """
    path = read.pair.picture
    picture = path.with_suffix(anew.suffix) if anew else path
    described = read.described
    if read.annotation is not None and (cured.changes or anew):
        names = (picture.name, path.name) if picture != path else ("", "")
        described = _edited(read, Wanted(cured.boxes, cured.size, *names))
    files = list[FileChange]()
    if anew:
        files += _moved(path, picture, read.content, anew.content)
    if read.pair.xml and (described != read.described or picture != path):
        xml = _xml_of(read.pair.xml, path, picture)
        if xml != read.pair.xml or described != read.described:
            files += _moved(read.pair.xml, xml, read.described, described)
    return tuple(files)


def _edited(read: Annotated, wanted: Wanted) -> bytes:
    try:
        return edited(read.described, wanted)
    except ValueError as error:
        xml = relative_name(read.pair.picture.parent, read.pair.xml or Path())
        raise ValueError(f"{xml}: {error}") from error


def _xml_of(xml: Path, former: Path, picture: Path) -> Path:
    """The name of an XML once its picture is called otherwise: `a.webp.xml` names it whole.

    Raises:
        ValueError: it is taken; with the name of the file.
    """
    if picture == former or folded(xml.stem) != folded(former.name):
        return xml
    made = xml.with_name(f"{picture.name}{xml.suffix}")
    if made.exists():
        raise ValueError(_taken(xml, made))
    return made


def _moved(path: Path, new: Path, before: bytes, after: bytes) -> list[FileChange]:
    """A file with new content, under the same name or another.

    Raises:
        ValueError: its name can't be written down; with the name of the file.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{printable(path.name)}: its name is not UTF-8: rename it") from None
    if new == path:
        return [FileChange(path, before, after)]
    return [
        FileChange(new, None, after, like=path),
        FileChange(path, before, None, with_file=new),
    ]


def _as_it_will_be(
    read: Annotated, files: tuple[FileChange, ...], ids: Mapping[str, int]
) -> Annotated:
    """What the doctor will find once the files are written."""
    made = {file.path: file.after for file in files if file.after is not None}
    gone = {file.path: file.with_file for file in files if file.with_file is not None}
    pair = replace(
        read.pair,
        picture=gone.get(read.pair.picture, read.pair.picture),
        xml=gone.get(read.pair.xml, read.pair.xml) if read.pair.xml else None,
    )
    now = {read.pair.picture: read.content, read.pair.xml: read.described}
    known = None if pair.picture in made else read.picture
    return check_pair(
        pair,
        ids,
        lambda path, most: made.get(path) or now[path],
        lambda content: known or examine(content),
    )


def _left(read: Annotated, cured: Cure) -> Iterator[str]:
    """The faults that stay; of a size, what to do."""
    undecided = ""
    if cured.undecided and read.annotation and read.annotation.size and read.picture:
        undecided = size_fault(read.annotation.size, read.picture.upright)
    for line in _named(read, read.faults):
        yield f"{line}: {cured.undecided}" if undecided and line.endswith(undecided) else line


def _named(read: Annotated, faults: Iterable[str]) -> Iterator[str]:
    """Faults behind the folder that their files lie in."""
    folder = read.pair.picture.parent.name
    return (f"{folder}/{fault}" for fault in faults)


def _where(read: Annotated, path: Path | None) -> str:
    folder = read.pair.picture.parent
    return f"{folder.name}/{relative_name(folder, path or folder)}"
