"""Smoke-run a network. Nothing here imports TensorFlow, nor what it takes to start it: a build
with nothing to do asks `why_stale` of every network."""

from __future__ import annotations

from tasks.core import ownership, receipts
from tasks.core.errors import NetworkError, disk_error
from tasks.core.files import sha256_of
from tasks.inference.machine import tensorflow_version
from tasks.inference.report import SmokeReceipt
from tasks.pipeline.job import NetworkJob, Outcome, Progress, pass_on
from tasks.pipeline.receipts import ExtractReceipt
from tasks.smoke.picture import SCENE_ID, choose

VERSION = 1


def why_stale(job: NetworkJob) -> str | None:
    """Why the network must be run again; None if the last run still holds."""
    receipt = receipts.read(job.receipt("smoke"), SmokeReceipt)
    extracted = receipts.read(job.receipt("extract"), ExtractReceipt)
    if receipt is None:
        return "never done"
    if extracted is None:
        return "the network is not extracted"
    if "deferred" in (receipt.status, extracted.status):
        same = receipt.status == extracted.status and receipt.reason == extracted.reason
        return None if same and job.may_defer else "it was deferred"
    if why := _why_changed(job, receipt, extracted):
        return why
    drawn = [job.workspace.smoke_picture(job.name)] if receipt.applicable else []
    results = (job.workspace.smoke_json(job.name), *drawn)
    return next((f"{path.as_posix()} is missing" for path in results if not path.is_file()), None)


def run(job: NetworkJob, progress: Progress) -> Outcome:
    """Run the network, unless the last run still holds.

    Raises:
        NetworkError: it does not load, does not answer as a detector should, or can't be run here.
        UnreachableError: it was deferred, and must not be.
        DiskError: the results can't be written.
    """
    extracted = receipts.read(job.receipt("extract"), ExtractReceipt)
    if extracted is None:
        raise NetworkError(job.name, "it is not extracted", f"run doit extract:{job.name}")
    try:
        if extracted.status == "deferred":
            return _defer(job, extracted.reason)
        if why_stale(job) is None:
            return Outcome("kept")
        from tasks.smoke import running

        known = SmokeReceipt(
            definition=definition(job), tree=extracted.tree, tensorflow=tensorflow_version()
        )
        return running.run(job, extracted.checkpoint_prefix, known, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: NetworkJob) -> str:
    """Digest of all that the configuration says about this run."""
    network, labels = job.network, job.config.label_ids(job.network)
    wanted = choose(job.config, network)
    parts = (network.saved_model, network.signature, network.expect, labels)
    return receipts.digest((VERSION, *parts, wanted.kind, wanted.name))


def _why_changed(job: NetworkJob, receipt: SmokeReceipt, extracted: ExtractReceipt) -> str | None:
    asked = "its picture, its labels or its signature"
    if why := ownership.why_stale(receipt, definition(job), asked=asked):
        return why
    if receipt.tree != extracted.tree:
        return "the network changed"
    if receipt.tensorflow != tensorflow_version():
        return f"TensorFlow changed ({receipt.tensorflow} → {tensorflow_version() or 'none'})"
    if receipt.applicable and receipt.picture not in _identities(job):
        return "the picture changed"
    return None


def _identities(job: NetworkJob) -> tuple[str, ...]:
    """What the receipt may say of the picture. The scene may stand in for one that was out of
    reach; it stays until something else asks for a new run: a build that is done asks no server."""
    wanted = choose(job.config, job.network)
    if wanted.kind == "own":
        try:
            return (sha256_of(job.workspace.root / wanted.name),)
        except OSError:
            return ()
    if wanted.kind == "catalogue":
        return job.config.pictures[wanted.name].sha256, SCENE_ID
    return (SCENE_ID,)


def _defer(job: NetworkJob, reason: str) -> Outcome:
    former = receipts.read(job.receipt("smoke"), SmokeReceipt)
    receipt = SmokeReceipt(
        status="deferred",
        definition=definition(job),
        reason=reason,
        outputs=former.outputs if former else {},  # those of an earlier run stay ours
    )
    return pass_on(job, job.receipt("smoke"), receipt)
