"""Takes pictures and their annotations into a project. What is there stays, unless the user asks to
have annotations replaced: then the old ones are kept as `doit mend` keeps originals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from tasks.annotations import voc_writer
from tasks.annotations.examined import remembering
from tasks.annotations.folder import listing
from tasks.core.files import read_head, sha256_or_nothing, size_and_mtime
from tasks.core.parallel import in_parallel
from tasks.core.paths import Workspace
from tasks.core.spelling import composed
from tasks.core.text import printable
from tasks.importing.convert import Converted, converted
from tasks.importing.places import PLACES, folder
from tasks.importing.plan import Names, Target
from tasks.importing.request import Choice
from tasks.importing.telling import Done
from tasks.importing.types import ForeignPicture, Report
from tasks.importing.write import Writer, writing
from tasks.mend import journal
from tasks.mend.earlier import finish_last, mended_since
from tasks.pictures import convert
from tasks.pictures.kinds import is_plain, kind_of
from tasks.pictures.pixels import Picture
from tasks.pipeline.job import Progress, ProjectJob


class Differing(Struct, frozen=True):
    """An annotation that stands there with another content: the source's, and its boxes that are
    not sound."""

    path: Path
    content: bytes
    flaws: tuple[str, ...]


def take(
    pictures: Sequence[ForeignPicture],
    places: Sequence[str],
    choice: Choice,
    job: ProjectJob,
    progress: Progress,
    report: Report,
) -> Done:
    """Take the pictures, each to its place; see `places`.

    Raises:
        UserFilesError: an annotation was changed while it was to be replaced.
        DiskError: links can't be made.
        OSError: the project can't be written.
    """
    name, workspace, done = job.name, job.workspace, Done()
    names, differing = _names_in(workspace, name), list[Differing]()
    folders = {place: folder(workspace, name, place) for place in PLACES}
    progress.begin("import", len(pictures), "pictures")
    with (
        writing(workspace.all_images(name), tuple(folders.values()), choice.how) as writer,
        remembering(job) as picture_of,
    ):
        read = in_parallel(lambda foreign: _read(foreign, picture_of), pictures)
        for foreign, place, (picture, told) in zip(pictures, places, read, strict=True):
            report.add(told)
            if picture is not None:
                target = _target(names, picture, folders[place])
                differing += _write(foreign, picture, target, writer, done)
                done.places[target.picture.parent.name] += 1
            writer.publish_if_many()
            progress.advance(1)
    progress.end()
    if differing:
        _differ(differing, choice, workspace, done)
    return done


def _read(
    foreign: ForeignPicture, picture_of: Callable[[bytes], Picture]
) -> tuple[Converted | None, Report]:
    """A picture, unless it can't be taken; and what is to be told of it."""
    told = Report()
    try:
        return converted(foreign, picture_of, told), told
    except ValueError as error:
        told = Report()
        told.fault(foreign.where, f"{foreign.path.name}: {error}")
        return None, told


def _names_in(workspace: Workspace, project: str) -> Names:
    names = Names(sha256_or_nothing)
    for place in PLACES:
        listed = listing(folder(workspace, project, place))
        names.add(listed, [size_and_mtime(pair.picture)[0] for pair in listed.pairs])
    return names


def _target(names: Names, picture: Converted, folder: Path) -> Target:
    """Where a picture goes, or is: as the source has it, or encoded anew by `doit mend` since."""
    path, content = Path(picture.name), picture.content
    place = (path, len(content), picture.sha256, folder)
    if not (found := names.find(*place)) and (anew := _as_mended(picture)):
        path = path.with_suffix(anew.suffix)
        found = names.find(path, len(anew.content), sha256(anew.content).hexdigest(), folder)
    return found or names.place(*place)


def _as_mended(picture: Converted) -> convert.Converted | None:
    """The picture as `doit mend` encodes it anew; None if it would not."""
    if is_plain(picture.content, kind_of(picture.content)):
        return None
    try:
        return convert.converted(picture.content, Path(picture.name).suffix)
    except ValueError:  # the doctor names it
        return None


def _write(
    foreign: ForeignPicture, picture: Converted, target: Target, writer: Writer, done: Done
) -> Iterator[Differing]:
    """Have a picture and its annotation written, unless they are there; the annotation, if another
    one stands there."""
    done.labels[target.picture] = [composed(box.label) for box in picture.boxes]
    annotation = picture.xml or voc_writer.annotation(
        target.picture, picture.size, picture.boxes, foreign.proposed_by
    )
    done.proposed += foreign.proposed_by != ""
    if not target.is_there:
        if picture.is_anew:
            writer.file(picture.content, target.picture)
        else:
            writer.picture(foreign.path, picture.content, target.picture)
        done.new += 1
        if target.picture.name != picture.name:
            done.renamed.append((foreign.path.name, target.picture.name))
    if not target.is_there or not target.xml.exists():
        writer.file(annotation, target.xml)
        done.annotated += 1
        done.flaws += picture.flaws
    elif not _holds(target.xml, annotation):
        yield Differing(target.xml, annotation, picture.flaws)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return read_head(path, len(content)) == content
    except (OSError, ValueError):
        return False


def _differ(
    differing: Sequence[Differing], choice: Choice, workspace: Workspace, done: Done
) -> None:
    """Replace annotations by the source's, if that was asked for; note which there are. Those that
    `doit mend` made of the source's very own are right as they are."""
    originals = workspace.mended(choice.project.name)
    mended, others = mended_since(originals), list[Differing]()
    for one in differing:
        before = mended.get(one.path.relative_to(workspace.root).as_posix(), ())
        if sha256(one.content).hexdigest() not in before:
            others.append(one)
    done.mended = len(differing) - len(others)
    named = [
        printable(one.path.relative_to(workspace.all_images(choice.project.name))) for one in others
    ]
    if choice.replace and others:
        done.originals = printable(_replace(others, workspace.root, originals))
        done.replaced += named
        done.flaws += [flaw for one in others for flaw in one.flaws]
    else:
        done.kept += named


def _replace(files: Sequence[Differing], root: Path, folder: Path) -> Path:
    """Put other annotations in place of those that are there; the folder of the originals."""
    finish_last(root, folder)
    with journal.preparing(root, folder) as prepared:
        for one in files:
            prepared.add(journal.FileChange(one.path, one.path.read_bytes(), one.content))
        changes = tuple(f"replaced: {printable(one.path.relative_to(root))}" for one in files)
        run = prepared.finish(changes, "import")
    journal.mend(root, run)
    return run / journal.ORIGINALS
