"""`doit import`: search the source, tell its format, read it, write it into the project, tell what
became of it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from tasks.config.types import Config
from tasks.core.errors import AnnotationsError, DiskError, TodError
from tasks.core.files import first_of, free_space, human_size, size_and_mtime
from tasks.core.paths import Workspace
from tasks.core.text import count, printable
from tasks.importing.guess import Guess, choose
from tasks.importing.places import about_validation, advice, places_of, split_of_pictures, told
from tasks.importing.request import Choice, parse
from tasks.importing.source import COMMAND, Source, search
from tasks.importing.take import take
from tasks.importing.telling import lines_of
from tasks.importing.types import ForeignPicture, Report
from tasks.pipeline.job import Progress, ProjectJob

VERBS = {"copy": "copied", "link": "hard-linked", "refer": "referred to by links"}
MOST_LINES = 10  # of faults on the screen; a file holds them all


class Result(Struct, frozen=True):
    """What is to be told, and an error for the exit code if anything could not be read."""

    lines: tuple[str, ...]
    error: TodError | None = None


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
    job = ProjectJob(config, workspace, project=choice.project)
    source = search(words)
    guess = choose(source, choice.format, workspace.all_images(choice.project.name))
    report = Report()
    pictures = _sound(guess.format.reader(source, guess.files, report), source, report)
    if not pictures and not report.faults:
        report.fault(source.shown(guess.files[0]), "it names no picture")
    name, splits = choice.project.name, [picture.split for picture in pictures]
    places = places_of(splits, choice.into, workspace, name)
    for line in _announcement(source, guess, pictures, places, choice):
        progress.note(line)
    _must_have_room(pictures, choice, workspace)
    done = take(pictures, places, choice, job, progress, report)
    used_for = split_of_pictures(job, progress) if done.places else {}
    lines = lines_of(done, report, choice.project, used_for, _replacing(words, choice))
    if done.places:
        lines += advice(job)
        lines.append(f"`doit records:{name} doctor:{name}` goes on from here")
    return Result(tuple(lines), _error(report.faults, name, workspace))


def _replacing(words: Sequence[str], choice: Choice) -> str:
    """The same command, with `--replace`."""
    wanted = {"--format": choice.format, "--into": choice.into}
    options = [word for pair in wanted.items() if pair[1] for word in pair if word]
    project = ["--project", choice.project.name]
    return shlex.join(["doit", "import", *words, *project, *options, "--replace"])


def _error(faults: Sequence[str], name: str, workspace: Workspace) -> TodError | None:
    if not faults:
        return None
    told = first_of(faults, MOST_LINES, workspace.whole_list(COMMAND, name))
    todo = "mend it" if len(faults) == 1 else "mend them"
    head = f"{count(len(faults), 'fault')}; {todo} and import again, what is done stays:"
    return AnnotationsError(name, "\n".join([head, *told]))


def _sound(read: Iterable[ForeignPicture], source: Source, report: Report) -> list[ForeignPicture]:
    """The pictures that can be taken. One of whose annotations one can't be read is left out
    whole: without a box that belongs on it, it would teach that nothing is there."""
    sound, unsound, of_pictures = dict[Path, ForeignPicture](), set[Path](), 0
    for picture in read:
        report.faults += map(printable, picture.faults)
        of_pictures += len(picture.faults)
        if picture.faults:
            unsound.add(picture.path)
            continue
        before = sound.setdefault(picture.path, picture)
        if before.boxes == picture.boxes:
            sound[picture.path] = before if before.split else picture
        else:
            report.fault(picture.where, f"its picture is annotated in {before.where}, too")
            of_pictures += 1
    faulty = len(unsound - sound.keys())
    report.remark("picture", "left out because of faults in annotations", faulty)
    _tell_of_others(sound.keys() | unsound, source, report, len(report.faults) > of_pictures)
    report.remark("link", "not followed, leading out of the source", len(source.led_out))
    return list(sound.values())


def _tell_of_others(
    read: Collection[Path], source: Source, report: Report, is_any_unread: bool
) -> None:
    """Count the pictures of which no annotation was read.

    Args:
        is_any_unread: an annotation could not be read that may be of any of them.
    """
    others = [path for path in source.pictures if path not in read]
    with_xml = sum(source.has_xml(path) for path in others)
    report.remark("picture", "left alone: an XML of that name is there", with_xml)
    why = "left out for want of an annotation"
    if is_any_unread:
        why = "left out: in no annotation that can be read"
    report.remark("picture", why, len(others) - with_xml)


def _announcement(
    source: Source,
    guess: Guess,
    pictures: Sequence[ForeignPicture],
    places: Sequence[str],
    choice: Choice,
) -> Iterator[str]:
    why = "as --format says" if choice.format else "by its files"
    yield f"{guess.line(source)} ({why})"
    if not pictures:
        yield "no picture can be taken"
        return
    splits = [picture.split for picture in pictures]
    where = told(places, choice.project.name)
    verb = VERBS[choice.how]
    yield f"{count(len(pictures), 'picture')}: {where}, {verb} unless there already"
    yield from about_validation(splits, choice.into)


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
