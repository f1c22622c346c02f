"""`doit import`: search the source, tell its format, read it, write it into the project, tell what
became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256 as digest
from pathlib import Path

from msgspec import Struct

from tasks.annotations import voc_writer
from tasks.annotations.folder import listing
from tasks.config.types import Config, Project
from tasks.core.errors import AnnotationsError, DiskError, TodError, UsageError
from tasks.core.files import (
    first_of,
    free_space,
    human_size,
    read_head,
    sha256_or_nothing,
    size_and_mtime,
)
from tasks.core.paths import SPLITS, Workspace
from tasks.core.spelling import composed
from tasks.core.text import count, printable
from tasks.importing.convert import Converted, converted
from tasks.importing.guess import Guess, choose
from tasks.importing.plan import Names, Target, target_split
from tasks.importing.source import COMMAND, Source, search
from tasks.importing.telling import Done, lines_of
from tasks.importing.types import ForeignPicture, Report
from tasks.importing.write import How, Writer, writing
from tasks.pipeline.job import Progress

WAYS: tuple[How, ...] = ("copy", "link", "refer")
VERBS = {"copy": "copied", "link": "hard-linked", "refer": "referred to by links"}
MOST_LINES = 10  # of faults on the screen; a file holds them all


class Choice(Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        format: None to have it guessed.
        into: `train` or `test`, for all pictures; None to go by the source.
    """

    project: Project
    format: str | None = None
    how: How = "copy"
    into: str | None = None


class Result(Struct, frozen=True):
    """What is to be told, and an error for the exit code if anything could not be read."""

    lines: tuple[str, ...]
    error: TodError | None = None


def parse(options: Mapping[str, object], config: Config) -> Choice:
    """The options as they are meant.

    Raises:
        UsageError: a value is none that its option takes.
    """
    how, into = str(options.get("pictures") or "copy"), options.get("into")
    way = next((way for way in WAYS if way == how), None)
    if way is None:
        raise UsageError(COMMAND, f"--pictures: expected {', '.join(WAYS)}; found {how}")
    if into is not None and into not in SPLITS:
        raise UsageError(COMMAND, f"--into: expected {' or '.join(SPLITS)}; found {into}")
    wanted = options.get("format")
    return Choice(
        project=_project(options.get("project"), config),
        format=str(wanted) if wanted else None,
        how=way,
        into=str(into) if into else None,
    )


def _project(name: object, config: Config) -> Project:
    """The project of that name; the only one, if none is named."""
    names = ", ".join(config.projects) or "none"
    if name:
        if str(name) not in config.projects:
            raise UsageError(COMMAND, f"there is no project {name}", f"there is: {names}")
        return config.projects[str(name)]
    if len(config.projects) != 1:
        raise UsageError(COMMAND, "no project is named", f"--project: one of {names}")
    return next(iter(config.projects.values()))


def run(
    words: Sequence[str],
    options: Mapping[str, object],
    config: Config,
    workspace: Workspace,
    progress: Progress,
) -> Result:
    """Do it.

    Raises:
        UsageError: an option or a path is wrong, or the format is not plain.
        DiskError: there is no room, or links can't be made.
        OSError: the project can't be written.
    """
    choice = parse(options, config)
    source = search(words)
    guess = choose(source, choice.format)
    report = Report()
    pictures = _sound(guess.format.reader(source, guess.files, report), report)
    _tell_left_out(source, pictures, report)
    splits = _splits(pictures, choice.into)
    for line in _announcement(source, guess, splits, choice):
        progress.note(line)
    _must_have_room(pictures, choice, workspace)
    done = _write(pictures, splits, choice, workspace, progress, report)
    lines = tuple(lines_of(done, report, choice.project))
    return Result(lines, _error(report.faults, choice.project.name, workspace))


def _error(faults: Sequence[str], name: str, workspace: Workspace) -> TodError | None:
    if not faults:
        return None
    told = first_of(faults, MOST_LINES, workspace.whole_list(COMMAND, name))
    why = "\n".join([f"{count(len(faults), 'fault')}:", *told])
    return AnnotationsError(name, why, "mend them and import again: what is done stays")


def _sound(read: Iterable[ForeignPicture], report: Report) -> list[ForeignPicture]:
    """The pictures that can be taken. One of whose annotations one can't be read is left out
    whole: without a box that belongs on it, it would teach that nothing is there."""
    sound = dict[Path, ForeignPicture]()
    for picture in read:
        report.faults += map(printable, picture.faults)
        if picture.faults:
            continue
        before = sound.setdefault(picture.path, picture)
        if before.boxes == picture.boxes:
            sound[picture.path] = before if before.split else picture
        else:
            report.fault(picture.where, f"its picture is annotated in {before.where}, too")
    return list(sound.values())


def _tell_left_out(source: Source, pictures: Sequence[ForeignPicture], report: Report) -> None:
    left = len(source.pictures) - len(pictures)
    report.remark("picture", "left out: no annotation of it could be read", left)
    report.remark("link", "leads out of the source, and is not followed", len(source.led_out))


def _splits(pictures: Sequence[ForeignPicture], into: str | None) -> list[str]:
    """`train` or `test`, for each picture."""
    if into:
        return [into for _ in pictures]
    has_test = any(picture.split == "test" for picture in pictures)
    return [target_split(picture.split, SPLITS[0], has_test) for picture in pictures]


def _announcement(
    source: Source, guess: Guess, splits: Sequence[str], choice: Choice
) -> Iterator[str]:
    name = choice.project.name
    why = "as --format says" if choice.format else "by its files"
    yield f"{guess.line(source)} ({why})"
    shares = Counter(splits)
    each = (f"{n} into {name}/images/{split}" for split, n in sorted(shares.items(), reverse=True))
    pictures = f"{count(len(splits), 'picture')}, {VERBS[choice.how]}"
    yield f"{pictures}: {', '.join(each)}" if splits else "no picture can be taken"


def _must_have_room(
    pictures: Iterable[ForeignPicture], choice: Choice, workspace: Workspace
) -> None:
    if choice.how != "copy":
        return
    needed = sum(size_and_mtime(picture.path)[0] for picture in pictures)
    free = free_space(workspace.project(choice.project.name))
    if needed > free:
        why = f"the pictures take {human_size(needed)}, and {human_size(free)} are free"
        raise DiskError(choice.project.name, why, "`--pictures link` copies nothing")


def _write(
    pictures: Sequence[ForeignPicture],
    splits: Sequence[str],
    choice: Choice,
    workspace: Workspace,
    progress: Progress,
    report: Report,
) -> Done:
    name, done = choice.project.name, Done()
    names = _names_in(workspace, name)
    folders = {split: workspace.images(name, split) for split in SPLITS}
    images = folders[SPLITS[0]].parent
    progress.begin("import", len(pictures), "pictures")
    with writing(images, tuple(folders.values()), choice.how) as writer:
        for foreign, split in zip(pictures, splits, strict=True):
            try:
                picture = converted(foreign, report)
            except ValueError as error:
                report.fault(foreign.where, f"{foreign.path.name}: {error}")
            else:
                size, sha256 = len(picture.content), digest(picture.content).hexdigest()
                target = names.place(Path(picture.name), size, sha256, folders[split])
                _take(foreign.path, picture, target, writer, done)
                done.splits[target.picture.parent.name] += 1
            writer.publish_if_many()
            progress.advance(1)
    progress.end()
    return done


def _names_in(workspace: Workspace, project: str) -> Names:
    names = Names(sha256_or_nothing)
    for split in SPLITS:
        listed = listing(workspace.images(project, split))
        names.add(listed, [size_and_mtime(pair.picture)[0] for pair in listed.pairs])
    return names


def _holds(path: Path, content: bytes) -> bool:
    try:
        return read_head(path, len(content)) == content
    except (OSError, ValueError):
        return False


def _take(source: Path, picture: Converted, target: Target, writer: Writer, done: Done) -> None:
    """Have a picture and its annotation written, unless they are there."""
    done.labels.update(composed(box.label) for box in picture.boxes)
    annotation = picture.xml or voc_writer.annotation(target.picture, picture.size, picture.boxes)
    if not target.is_there:
        if picture.is_anew:
            writer.file(picture.content, target.picture)
        else:
            writer.picture(source, picture.content, target.picture)
        done.new += 1
        if target.picture.name != picture.name:
            done.renamed.append((source.name, target.picture.name))
    if not target.xml.exists():
        writer.file(annotation, target.xml)
        done.annotated += 1
    elif not _holds(target.xml, annotation):
        done.kept.append(target.xml.name)
