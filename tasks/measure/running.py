"""Have TensorFlow's process run a network on the pictures that it was not run on yet."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import msgspec

from tasks.annotations.sharing import folder_of
from tasks.cluster import scheduler_of
from tasks.core import receipts
from tasks.core.errors import BrokenNetworkError, NetworkError
from tasks.core.files import stamp_of
from tasks.inference import child
from tasks.inference.channel import Request
from tasks.inference.environment import Permissions
from tasks.inference.machine import tensorflow_version
from tasks.inference.measuring import MeasureReply, MeasureRequest, Part
from tasks.inference.results import (
    NetworkMeasurements,
    PictureResult,
    ProjectPicture,
    load_saved,
    save,
)
from tasks.measure.project_pictures import SPLIT
from tasks.pipeline.job import Progress, ProjectJob
from tasks.pipeline.receipts import ExtractReceipt
from tasks.pipeline.step_lock import turn

Timed = Callable[
    [ProjectJob, str, ExtractReceipt, Sequence[ProjectPicture], Progress], MeasureReply
]

VERSION = 2
SAMPLE = 8
MOST_SAMPLES = 16
"""Samples whose figures are kept: projects have different pictures, and pictures change."""
SAVE_EVERY = 10.0
"""Seconds of work that a kill may cost."""


def key_of(job: ProjectJob, network: str, extracted: ExtractReceipt) -> str:
    """Digest of all that a network's detections depend on, but for the pictures."""
    signature = job.config.networks[network].signature
    return receipts.digest((VERSION, extracted.tree, signature, tensorflow_version()))


def measured(
    job: ProjectJob,
    network: str,
    extracted: ExtractReceipt,
    pictures: Sequence[ProjectPicture],
    progress: Progress,
    timed: Timed | None = None,
) -> NetworkMeasurements:
    """What a network found and how long it took, complete for these pictures.

    Args:
        timed: times it elsewhere, once nothing else has to be done with it.
    """
    with turn_of_network(job, network, progress):
        saved = saved_of(job, network, extracted)
        if saved.fault:
            raise BrokenNetworkError(network, saved.fault)
        request = request_for(job, network, saved, pictures)
        if request.sample and not request.pictures and timed is not None:
            sample, _ = sample_of(job, pictures)
            _keep_figures(saved, request, timed(job, network, extracted, sample, progress))
            save(job.workspace.network_notes(network), saved)
        elif request.pictures or request.sample:
            _carry_out(job, network, saved, request, progress)
        return saved


def turn_of_network(
    job: ProjectJob, network: str, progress: Progress
) -> AbstractContextManager[object]:
    """Hold a network's turn: two projects may run the same one, and have one file for it."""
    place = job.workspace.network_notes(network)
    return turn(
        job.workspace.turn("network", network),
        progress,
        is_done=lambda: False,
        movement=lambda: stamp_of(place),
        patience=job.config.settings.smoke_timeout,
    )


def saved_of(job: ProjectJob, network: str, extracted: ExtractReceipt) -> NetworkMeasurements:
    """What was saved of the network as it is now; nothing of what was another."""
    saved = load_saved(job.workspace.network_notes(network), NetworkMeasurements)
    key = key_of(job, network, extracted)
    return saved if saved.key == key else NetworkMeasurements(key=key)


def request_for(
    job: ProjectJob, network: str, saved: NetworkMeasurements, pictures: Sequence[ProjectPicture]
) -> MeasureRequest:
    """What is still to be done with a network."""

    def path(picture: ProjectPicture) -> str:
        return (job.workspace.root / picture.path).as_posix()

    new = [one for one in pictures if one.sha256 not in saved.pictures]
    sample, digest = sample_of(job, pictures)
    return MeasureRequest(
        folder=job.workspace.network(network).as_posix(),
        signature=job.config.networks[network].signature,
        pictures=tuple((path(one), one.sha256) for one in new),
        sample=() if digest in saved.figures else tuple(map(path, sample)),
        sample_id=digest,
    )


def _carry_out(
    job: ProjectJob,
    network: str,
    saved: NetworkMeasurements,
    request: MeasureRequest,
    progress: Progress,
) -> None:
    """Have the request carried out. What the network finds is saved as it comes, so that a run that
    is stopped, or fails, loses little."""
    if not tensorflow_version():
        raise NetworkError(network, "TensorFlow is not installed", child.INSTALL)
    place = job.workspace.network_notes(network)
    totals = {"time": len(request.sample), "detect": len(request.pictures)}
    last = time.monotonic()

    def phase(doing: str) -> None:
        progress.begin(f"{doing} {network}", totals.get(doing), "pictures")

    def partial(body: msgspec.Raw) -> None:
        nonlocal last
        part = msgspec.json.decode(body, type=Part)
        progress.advance(1)
        if isinstance(part, PictureResult):
            saved.pictures[part.sha256] = part
        if time.monotonic() - last > SAVE_EVERY:
            save(place, saved)
            last = time.monotonic()

    asked, limit = _request(job, network, request), job.config.settings.smoke_timeout
    try:
        reply = child.shared().run(asked, MeasureReply, limit, phase, partial)
        _keep_figures(saved, request, reply)
    except BrokenNetworkError as error:
        saved.fault = reason(error)
        raise
    finally:
        progress.end()
        save(place, saved)


def _keep_figures(saved: NetworkMeasurements, request: MeasureRequest, reply: MeasureReply) -> None:
    if reply.figures is not None:
        kept = dict(list(saved.figures.items())[1 - MOST_SAMPLES :])
        saved.figures = {**kept, request.sample_id: reply.figures}


def _request(job: ProjectJob, network: str, request: MeasureRequest) -> Request:
    """The request, with permission to read the networks and the test pictures of all projects, for
    one process serves them all; a picture that is a link, too."""
    workspace = job.workspace
    log = workspace.log("measure", f"{job.name}-{network}")
    log.parent.mkdir(parents=True, exist_ok=True)
    folders = [folder_of(workspace, name, SPLIT) for name in job.config.projects]
    folders += [workspace.pre_trained, workspace.network(network), workspace.scenes]
    pictures = [*(path for path, _ in request.pictures), *request.sample]
    return Request(
        handler="tasks.measure.benchmark:handle",
        network=network,
        log=str(log),
        permissions=Permissions(reads=(*map(str, folders), *pictures)),
        most_partials=len(request.sample) + len(request.pictures),
        body=msgspec.Raw(msgspec.json.encode(request)),
    )


def reason(error: NetworkError) -> str:
    """What is wrong with a network, without its name."""
    return f"{error.why}; {error.todo}" if error.todo else error.why


def lasting_fault(error: NetworkError) -> str:
    """What is noted of a failure: its reason if it would be the same another time, else ""."""
    return reason(error) if isinstance(error, BrokenNetworkError) else ""


def is_timed_elsewhere(job: ProjectJob) -> bool:
    """Whether networks are timed on a worker of the cluster."""
    settings = job.config.settings
    return bool(settings.timing_worker and scheduler_of(settings))


def is_complete(
    job: ProjectJob, network: str, extracted: ExtractReceipt, pictures: Sequence[ProjectPicture]
) -> bool:
    """Whether nothing is left to be done with a network."""
    saved = load_saved(job.workspace.network_notes(network), NetworkMeasurements)
    if saved.key != key_of(job, network, extracted):
        return False
    request = request_for(job, network, saved, pictures)
    return not (request.pictures or request.sample)


def sample_of(
    job: ProjectJob, pictures: Sequence[ProjectPicture]
) -> tuple[list[ProjectPicture], str]:
    """The pictures that networks are timed on, few and spread evenly over all; and what their
    figures are noted under: their digest, and the name of the worker if it is not this machine."""
    count = min(SAMPLE, len(pictures))
    sample = [pictures[number * len(pictures) // count] for number in range(count)]
    digest = hashlib.sha256("".join(one.sha256 for one in sample).encode()).hexdigest()[:16]
    where = f"@{job.config.settings.timing_worker}" if is_timed_elsewhere(job) else ""
    return sample, digest + where
