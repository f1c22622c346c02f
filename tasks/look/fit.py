"""How a project's boxes fit what its networks look for."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from tasks.core.files import LARGEST_STATE, read_file
from tasks.core.text import printable
from tasks.look.dataset import PictureFacts
from tasks.pages import units
from tasks.pipeline.job import ProjectJob
from tasks.pipeline_config.anchors import MATCHED, STRIDE, Anchors, Fit, anchors_of

USUAL = (640, 480)
"""Size of a picture by which the smallest anchor is told where there is none."""


class NetworkFit(Struct, frozen=True):
    """One network; `why` says why nothing is known, as a clause. All else is ready to be read."""

    title: str
    why: str = ""
    smallest: str = ""
    too_small: str = ""
    unmatched: str = ""
    overlap: str = ""


def fits(job: ProjectJob, pictures: Sequence[PictureFacts]) -> list[NetworkFit]:
    """For each of the project's networks, what becomes of the boxes."""
    found = []
    for name in job.project.networks:
        network = job.config.networks[name]
        title = network.title or name
        try:
            anchors = _anchors(job, name)
        except (OSError, ValueError) as error:
            why = "not here yet" if isinstance(error, FileNotFoundError) else printable(str(error))
            found.append(NetworkFit(title, why=why))
            continue
        found.append(_fit(title, anchors, pictures))
    return found


def _anchors(job: ProjectJob, name: str) -> Anchors:
    """By the project's own file, which the user may have edited, or the network's.

    Raises:
        FileNotFoundError: there is neither.
        OSError, ValueError: it can't be read, or is no pipeline.config.
    """
    own = job.workspace.training(job.project.name, name) / "pipeline.config"
    path = own if own.is_file() else job.workspace.network(name) / "pipeline.config"
    return anchors_of(read_file(path, LARGEST_STATE).decode("utf-8"))


def _fit(title: str, anchors: Anchors, pictures: Sequence[PictureFacts]) -> NetworkFit:
    each: list[Fit] = []
    for picture in pictures:
        if picture.size is not None:
            each += [
                anchors.fit((box.xmax - box.xmin, box.ymax - box.ymin), picture.size)
                for box in picture.boxes
            ]
    return NetworkFit(
        title,
        smallest=_smallest(anchors, pictures),
        too_small=_share(sum(one.is_too_small for one in each), len(each)),
        unmatched=_share(sum(one.overlap < MATCHED for one in each), len(each)),
        overlap=f"{median(one.overlap for one in each):.2f}" if each else "",
    )


def _smallest(anchors: Anchors, pictures: Sequence[PictureFacts]) -> str:
    size = next((one.size for one in pictures if one.size), USUAL)
    resized = anchors.resized(size)
    least = min(anchors.sizes(resized), key=lambda one: one[0] * one[1], default=None)
    if least is None:
        return f"none; a place every {STRIDE:g} pixels"
    return f"{least[0]:.0f} × {least[1]:.0f} of {resized[0]:.0f} × {resized[1]:.0f}"


def _share(some: int, all_: int) -> str:
    return f"{some:,} ({units.percent(some / all_)})" if all_ else ""
