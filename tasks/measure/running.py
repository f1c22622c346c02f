"""Have TensorFlow's process run a network on the pictures it has not seen yet; note what comes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tasks.core import receipts
from tasks.core.errors import BrokenNetworkError, NetworkError
from tasks.core.files import stamp_of
from tasks.inference import child, notes
from tasks.inference.messages import Order, Permissions
from tasks.inference.notes import NetworkNotes, PictureResult, ProjectPicture
from tasks.inference.version import tensorflow_version
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
) -> NetworkNotes:
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
        noted = notes.recall(place, NetworkNotes)
        key = key_of(job, network, extracted)
        if noted.key != key:
            noted = NetworkNotes(key=key)
        if noted.fault:
            raise BrokenNetworkError(network, noted.fault)
        trial = trial_for(job, network, noted, pictures)
        if trial.look_at or trial.sample:
            _carry_out(job, network, noted, trial, progress)
        return noted


def trial_for(
    job: ProjectJob, network: str, noted: NetworkNotes, pictures: Sequence[ProjectPicture]
) -> MeasureRequest:
    """What is still to be done with a network."""
    new = [one for one in pictures if one.sha256 not in noted.seen]
    sample = sample_of(pictures)
    timed = sample_id(sample) in noted.figures
    return MeasureRequest(
        folder=job.workspace.network(network).as_posix(),
        signature=job.config.networks[network].signature,
        look_at=tuple((_path(job, one), one.sha256) for one in new),
        sample=() if timed else tuple(_path(job, one) for one in sample),
        sample_id=sample_id(sample),
    )


def _carry_out(
    job: ProjectJob, network: str, noted: NetworkNotes, trial: MeasureRequest, progress: Progress
) -> None:
    if not tensorflow_version():
        raise NetworkError(network, "TensorFlow is not installed", child.INSTALL)
    place = job.workspace.network_notes(network)
    try:
        tried = Run(job, network, noted, place, progress).carry_out(trial)
    except BrokenNetworkError as error:
        noted.fault = told(error)
        notes.keep(place, noted)
        raise
    if tried.figures is not None:
        kept = dict(list(noted.figures.items())[1 - MOST_SAMPLES :])
        noted.figures = {**kept, trial.sample_id: tried.figures}
    notes.keep(place, noted)


def told(error: NetworkError) -> str:
    """What an error says of a network, without its name."""
    return f"{error.why}; {error.todo}" if error.todo else error.why


def is_complete(
    job: ProjectJob, network: str, extracted: ExtractReceipt, pictures: Sequence[ProjectPicture]
) -> bool:
    """Whether all that is asked of a network is noted."""
    noted = notes.recall(job.workspace.network_notes(network), NetworkNotes)
    if noted.key != key_of(job, network, extracted):
        return False
    trial = trial_for(job, network, noted, pictures)
    return not (trial.look_at or trial.sample)


def sample_of(pictures: Sequence[ProjectPicture]) -> list[ProjectPicture]:
    """The pictures that networks are timed on: few, spread evenly over all."""
    count = min(SAMPLE, len(pictures))
    return [pictures[number * len(pictures) // count] for number in range(count)]


def sample_id(pictures: Sequence[ProjectPicture]) -> str:
    """Digest of the pictures of a sample."""
    return hashlib.sha256("".join(one.sha256 for one in pictures).encode()).hexdigest()[:16]


def _path(job: ProjectJob, picture: ProjectPicture) -> str:
    return (job.workspace.root / picture.path).as_posix()


def _permissions(job: ProjectJob, network: str, trial: MeasureRequest) -> Permissions:
    """What the process may read: the networks, and the test pictures of all projects, for one
    process serves them all; a picture that is a link, too."""
    folders = (job.workspace.images(name, SPLIT) for name in job.config.projects)
    return Permissions(
        reads=(
            str(job.workspace.pre_trained),
            str(job.workspace.network(network)),
            *(str(folder) for folder in (job.workspace.scenes, *folders)),
            *(path for path, _ in trial.look_at),
            *trial.sample,
        )
    )


class Run:
    """One network at work; what it finds is noted as it comes."""

    def __init__(
        self,
        job: ProjectJob,
        network: str,
        noted: NetworkNotes,
        place: Path,
        progress: Progress,
    ) -> None:
        self._job, self._network = job, network
        self._noted, self._place = noted, place
        self._progress, self._saved = progress, time.monotonic()
        self._totals: dict[str, int] = {}

    def carry_out(self, trial: MeasureRequest) -> MeasureReply:
        """Have the trial carried out.

        Raises:
            NetworkError, OSError: as `measured`.
        """
        self._totals = {"time": len(trial.sample), "look": len(trial.look_at)}
        log = self._job.workspace.log("measure", f"{self._job.name}-{self._network}")
        log.parent.mkdir(parents=True, exist_ok=True)
        order = Order(
            handler="tasks.measure.trial:handle",
            name=self._network,
            log=str(log),
            permissions=_permissions(self._job, self._network, trial),
            parts=len(trial.sample) + len(trial.look_at),
            body=msgspec.Raw(msgspec.json.encode(trial)),
        )
        limit = self._job.config.settings.smoke_timeout
        try:
            return child.shared().run(order, MeasureReply, limit, self._phase, self._part)
        except BaseException:  # what was found until then is found
            notes.keep(self._place, self._noted)
            raise
        finally:
            self._progress.end()

    def _phase(self, doing: str) -> None:
        self._progress.begin(f"{doing} {self._network}", self._totals.get(doing), "pictures")

    def _part(self, body: msgspec.Raw) -> None:
        part = msgspec.json.decode(body, type=Part)
        self._progress.advance(1)
        if isinstance(part, PictureResult):
            self._noted.seen[part.sha256] = part
        if time.monotonic() - self._saved > SAVE_EVERY:
            notes.keep(self._place, self._noted)
            self._saved = time.monotonic()
