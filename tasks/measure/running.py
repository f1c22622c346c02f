"""Have TensorFlow's process run a network on the pictures that it was not run on yet."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import msgspec

from tasks.core import receipts
from tasks.core.errors import BrokenNetworkError, NetworkError
from tasks.core.files import stamp_of
from tasks.inference import child
from tasks.inference.channel import Request
from tasks.inference.environment import Permissions
from tasks.inference.machine import tensorflow_version
from tasks.inference.results import (
    NetworkMeasurements,
    PictureResult,
    ProjectPicture,
    load_saved,
    save,
)
from tasks.measure.project_pictures import SPLIT
from tasks.measure.trial import MeasureReply, MeasureRequest, Part
from tasks.pipeline.job import Progress, ProjectJob
from tasks.pipeline.receipts import ExtractReceipt
from tasks.pipeline.step_lock import turn

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
) -> NetworkMeasurements:
    """The notes of a network, complete for these pictures.

    Raises:
        NetworkError: it can't be run.
        OSError: its notes can't be written.
    """
    place = job.workspace.network_notes(network)
    with turn(  # two projects may run the same network, and have one file for it
        job.workspace.turn("network", network),
        progress,
        is_done=lambda: False,
        movement=lambda: stamp_of(place),
        patience=job.config.settings.smoke_timeout,
    ):
        noted = load_saved(place, NetworkMeasurements)
        key = key_of(job, network, extracted)
        if noted.key != key:
            noted = NetworkMeasurements(key=key)
        if noted.fault:
            raise BrokenNetworkError(network, noted.fault)
        request = request_for(job, network, noted, pictures)
        if request.look_at or request.sample:
            _carry_out(job, network, noted, request, progress)
        return noted


def request_for(
    job: ProjectJob, network: str, noted: NetworkMeasurements, pictures: Sequence[ProjectPicture]
) -> MeasureRequest:
    """What is still to be done with a network."""

    def path(picture: ProjectPicture) -> str:
        return (job.workspace.root / picture.path).as_posix()

    new = [one for one in pictures if one.sha256 not in noted.pictures]
    sample = sample_of(pictures)
    timed = sample_id(sample) in noted.figures
    return MeasureRequest(
        folder=job.workspace.network(network).as_posix(),
        signature=job.config.networks[network].signature,
        look_at=tuple((path(one), one.sha256) for one in new),
        sample=() if timed else tuple(map(path, sample)),
        sample_id=sample_id(sample),
    )


def _carry_out(
    job: ProjectJob,
    network: str,
    noted: NetworkMeasurements,
    request: MeasureRequest,
    progress: Progress,
) -> None:
    """Have the request carried out; what the network finds is noted as it comes, for a run that is
    stopped or fails, too."""
    if not tensorflow_version():
        raise NetworkError(network, "TensorFlow is not installed", child.INSTALL)
    place = job.workspace.network_notes(network)
    totals = {"time": len(request.sample), "look": len(request.look_at)}
    saved = time.monotonic()

    def phase(doing: str) -> None:
        progress.begin(f"{doing} {network}", totals.get(doing), "pictures")

    def take_part(body: msgspec.Raw) -> None:
        nonlocal saved
        part = msgspec.json.decode(body, type=Part)
        progress.advance(1)
        if isinstance(part, PictureResult):
            noted.pictures[part.sha256] = part
        if time.monotonic() - saved > SAVE_EVERY:
            save(place, noted)
            saved = time.monotonic()

    asked, limit = _request(job, network, request), job.config.settings.smoke_timeout
    try:
        reply = child.shared().run(asked, MeasureReply, limit, phase, take_part)
        if reply.figures is not None:
            kept = dict(list(noted.figures.items())[1 - MOST_SAMPLES :])
            noted.figures = {**kept, request.sample_id: reply.figures}
    except BrokenNetworkError as error:
        noted.fault = reason(error)
        raise
    finally:
        progress.end()
        save(place, noted)


def _request(job: ProjectJob, network: str, request: MeasureRequest) -> Request:
    """The request, with permission to read the networks and the test pictures of all projects, for
    one process serves them all; a picture that is a link, too."""
    workspace = job.workspace
    log = workspace.log("measure", f"{job.name}-{network}")
    log.parent.mkdir(parents=True, exist_ok=True)
    folders = [workspace.images(name, SPLIT) for name in job.config.projects]
    folders += [workspace.pre_trained, workspace.network(network), workspace.scenes]
    pictures = [*(path for path, _ in request.look_at), *request.sample]
    return Request(
        handler="tasks.measure.trial:handle",
        network=network,
        log=str(log),
        permissions=Permissions(reads=(*map(str, folders), *pictures)),
        most_partials=len(request.sample) + len(request.look_at),
        body=msgspec.Raw(msgspec.json.encode(request)),
    )


def reason(error: NetworkError) -> str:
    """What is wrong with a network, without its name."""
    return f"{error.why}; {error.todo}" if error.todo else error.why


def is_complete(
    job: ProjectJob, network: str, extracted: ExtractReceipt, pictures: Sequence[ProjectPicture]
) -> bool:
    """Whether all that is asked of a network is noted."""
    noted = load_saved(job.workspace.network_notes(network), NetworkMeasurements)
    if noted.key != key_of(job, network, extracted):
        return False
    request = request_for(job, network, noted, pictures)
    return not (request.look_at or request.sample)


def sample_of(pictures: Sequence[ProjectPicture]) -> list[ProjectPicture]:
    """The pictures that networks are timed on: few, spread evenly over all."""
    count = min(SAMPLE, len(pictures))
    return [pictures[number * len(pictures) // count] for number in range(count)]


def sample_id(pictures: Sequence[ProjectPicture]) -> str:
    """Digest of the pictures of a sample."""
    return hashlib.sha256("".join(one.sha256 for one in pictures).encode()).hexdigest()[:16]
