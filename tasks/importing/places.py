"""Which folder of a project each picture goes to: `images/train`, `images/test`, or `images`, whose
pictures are shared out to both; see `annotations.sharing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.annotations.folder import pictures_in
from tasks.annotations.sharing import folder_of, listing_of
from tasks.core.errors import UsageError
from tasks.core.paths import SPLITS, Workspace
from tasks.core.text import count
from tasks.importing.plan import target_split
from tasks.importing.source import COMMAND
from tasks.importing.types import Split
from tasks.pipeline.job import Progress, ProjectJob

SHARED = "images"
PLACES = (*SPLITS, SHARED)


def folder(workspace: Workspace, project: str, place: str) -> Path:
    is_shared = place == SHARED
    return workspace.all_images(project) if is_shared else workspace.images(project, place)


def places_of(
    splits: Sequence[Split], into: str | None, workspace: Workspace, project: str
) -> list[str]:
    """The place of each picture. Where the source says of none what it is for, all are shared out,
    unless the project has its own folders to train and to test with.

    Args:
        splits: what the source takes each picture for.
        into: the place for all; None if the user names none.

    Raises:
        UsageError: pictures in `images` and in `images/train` or `test` would be there together, of
            which the first are not used.
        OSError: a folder can't be read.
    """
    has_own = any(any(_pictures(workspace, project, split)) for split in SPLITS)
    if into:
        places = [into for _ in splits]
    else:
        has_test = "test" in splits
        unsaid = SPLITS[0] if has_own or any(splits) else SHARED
        places = [target_split(split, unsaid, has_test) for split in splits]
    if has_own and SHARED in places:
        why = f"{project}/images/train or test hold pictures, and those in images would not be used"
        raise UsageError(COMMAND, why, f"`--into {SPLITS[0]}` or `--into {SPLITS[1]}`")
    is_shared = folder_of(workspace, project, SPLITS[0]) == workspace.all_images(project)
    if is_shared and set(places) - {SHARED}:
        why = f"the pictures in {project}/images are shared out, and would not be used any more"
        todo = f"`--into {SHARED}` shares these out, too; else move those to images/train or test"
        raise UsageError(COMMAND, f"{why} beside others in images/train or test", todo)
    return places


def _pictures(workspace: Workspace, project: str, split: str) -> Iterator[Path]:
    return pictures_in(workspace.images(project, split))


def told(places: Sequence[str], project: str) -> str:
    """`8 into cube_faces/images/train, 2 into cube_faces/images/test`."""
    shares = Counter(places)
    shown = {SHARED: f"{project}/images"} | {one: f"{project}/images/{one}" for one in SPLITS}
    return ", ".join(f"{shares[one]} into {shown[one]}" for one in PLACES if shares[one])


def about_validation(splits: Sequence[Split], into: str | None) -> Iterator[str]:
    """What becomes of the source's validation set, if it has one."""
    valid = splits.count("valid")
    if valid and not into:
        why = "is taken to test with, as there is no test set"
        if "test" in splits:
            why = "goes to train, of which a training holds out its own share"
        yield f"its validation set ({count(valid, 'picture')}) {why}"


def split_of_pictures(job: ProjectJob, progress: Progress) -> dict[Path, str]:
    """What each picture of a project is for; those in `images` are shared out.

    Raises:
        OSError: a folder can't be read.
    """
    return {
        pair.picture: split for split in SPLITS for pair in listing_of(job, split, progress).pairs
    }


def advice(job: ProjectJob) -> Iterator[str]:
    """What to know about pictures to test with, after an import.

    Raises:
        OSError: a folder can't be read.
    """
    name, workspace = job.name, job.workspace
    if folder_of(workspace, name, SPLITS[0]) == workspace.all_images(name):
        yield (
            f"what is in {name}/images is shared out, and stays there: {job.project.test_share:.0%}"
            " to test with (test_share in config/workspace.toml)"
        )
    elif not any(_pictures(workspace, name, SPLITS[1])):
        yield (
            f"{name}/images/test holds no picture to test with: move some there, each with its"
            " XML; or move all from images/train to images, to have them shared out"
        )
