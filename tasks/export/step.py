"""Have the best weights of a training exported, packed, and entered in the catalogue."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import msgspec

from tasks.annotations.label_map import labels_of
from tasks.core import ownership, receipts
from tasks.core.errors import TrainingError, UnreachableError, disk_error
from tasks.core.files import write_atomic
from tasks.core.staging import made_aside, remove_strays
from tasks.export.card import card, entry
from tasks.pipeline.job import Outcome, Progress, TrainingJob
from tasks.pipeline.receipts import NetworkReceipt
from tasks.pipeline_config.training import EMBEDDED, training_settings
from tasks.training.packages import packages_for
from tasks.training.process import environment, listen
from tasks.training.receipt import TrainReceipt
from tasks.training.trainers import has_best, module_of

VERSION = 2
CARD = "model_card.md"
LONGEST_NAME = 120


def why_stale(job: TrainingJob) -> str | None:
    """Why the training must be exported (again); None if its export is there."""
    receipt = receipts.read(job.workspace.receipt("export", job.name), NetworkReceipt)
    why = ownership.why_stale(receipt, definition(job), _inputs(job), read="the training")
    if why or receipt is None:
        return why
    if receipt.status == "deferred":
        return None
    return ownership.why_outputs_stale(job.workspace.root, receipt, _outputs(job))


def run(job: TrainingJob, progress: Progress) -> Outcome:
    """Export.

    Raises:
        TrainingError: the training left nothing to export, or the trainer could not.
        UnreachableError: the network is not here, and this job may not be deferred.
        DiskError: something can't be read or written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    trained = receipts.read(job.workspace.receipt("train", job.name), TrainReceipt)
    if trained is None:
        raise TrainingError(job.name, "it was not trained", f"run `doit train:{job.name}`")
    if trained.status != "deferred" and not trained.definition:
        why = "its training was begun again and not finished"
        raise TrainingError(job.name, why, f"run `doit train:{job.name}`")
    run = job.workspace.training(job.project.name, job.network.name)
    if trained.status != "deferred" and not has_best(run):
        why = f"{run.as_posix()} holds no best weights any more"
        raise TrainingError(job.name, why, f"run `doit train:{job.name}`")
    try:
        if trained.status == "deferred":
            return _defer(job, trained.reason)
        return _export(job, trained, progress)
    except UnreachableError as error:
        return _defer(job, error.why)
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: TrainingJob) -> str:
    """Digest of what the export is called and what it is made by."""
    return receipts.digest((VERSION, job.network.trainer, job.network.licence))


def _inputs(job: TrainingJob) -> dict[str, str]:
    return receipts.inputs(job.workspace.receipt("train", job.name))


def _outputs(job: TrainingJob) -> tuple[Path, Path]:
    return job.workspace.exported(job.name), job.workspace.export_entry(job.name)


def _defer(job: TrainingJob, reason: str) -> Outcome:
    if not job.may_defer:
        raise UnreachableError(job.name, reason, "run doit again online")
    receipts.write(
        job.workspace.receipt("export", job.name),
        NetworkReceipt(
            status="deferred", definition=definition(job), inputs=_inputs(job), reason=reason
        ),
    )
    return Outcome("deferred", reason)


def _export(job: TrainingJob, trained: TrainReceipt, progress: Progress) -> Outcome:
    archive, place = job.workspace.exported(job.name), job.workspace.receipt("export", job.name)
    name = archive.name.removesuffix(".tar.gz")
    if len(name) > LONGEST_NAME:
        why = f"{name} is too long a name"
        raise TrainingError(job.name, why, "give the project a shorter one")
    labels = labels_of(job.of_project).ids
    aside = job.workspace.split(job.name) / "export"
    remove_strays(aside)
    with made_aside(aside) as folder:
        network = folder / "network"
        network.mkdir()
        _have_exported(job, name, labels, trained, network, progress)
        write_atomic(network / CARD, card(job, name, trained, labels))
        packed = pack(network, name)
    sha256 = hashlib.sha256(packed).hexdigest()
    outputs, moved = ownership.write_results(
        job.workspace.root,
        place,
        NetworkReceipt(definition=""),
        {archive: packed, job.workspace.export_entry(job.name): entry(job, name, sha256, labels)},
    )
    receipts.write(
        place, NetworkReceipt(definition=definition(job), inputs=_inputs(job), outputs=outputs)
    )
    return Outcome("built", f"now the network {name}", len(packed), moved)


def _have_exported(
    job: TrainingJob,
    name: str,
    labels: dict[str, int],
    trained: TrainReceipt,
    folder: Path,
    progress: Progress,
) -> None:
    packages = packages_for(job)
    run = job.workspace.training(job.project.name, job.network.name)
    asked: dict[str, Any] = {"verb": "export", "run": str(run), "folder": str(folder)}
    if job.network.trainer == "embedded":
        how = training_settings(job.project, job.network.name, EMBEDDED)
        asked |= {"name": name, "labels": labels, "steps": trained.steps, "planned": trained.asked}
        asked |= {"batch_size": how.batch_size, "rate": how.learning_rate or 0.0}
        asked |= {"parent": job.network.name}
    else:
        asked |= {"config": str(run / "pipeline.config")}
    request = folder.with_name("request.json")
    write_atomic(request, msgspec.json.encode(asked))
    progress.begin("export", None)
    try:
        listen(
            job.name,
            module_of(job),
            request,
            job.workspace.log("export", job.name),
            environment(packages),
            lambda _: None,
        )
    finally:
        progress.end()


def pack(folder: Path, top: str) -> bytes:
    """The folder as a .tar.gz in the zoo's layout, below the folder `top`: the same bytes for the
    same files, whenever and by whomever they are packed."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in [folder, *sorted(folder.rglob("*"))]:
            member = tarfile.TarInfo((Path(top) / path.relative_to(folder)).as_posix())
            if path.is_dir():
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(member)
            else:
                member.size = os.stat(path).st_size
                with open(path, "rb") as file:
                    tar.addfile(member, file)
    return gzip.compress(stream.getvalue(), compresslevel=6, mtime=0)
