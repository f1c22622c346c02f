"""Smoke-run a network: `why_stale`, `run`, and nothing that imports TensorFlow in this process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tasks import receipts
from tasks.errors import SmokeError, UnreachableError, disk_error
from tasks.files import sha256_of, write_atomic
from tasks.job import NetworkJob, Outcome, Progress
from tasks.receipts import ExtractReceipt, SmokeReceipt
from tasks.smoke import child, fetch
from tasks.smoke.choice import SCENE, Choice, choose, demand, scene_id
from tasks.smoke.messages import Answer, Order, Report
from tasks.smoke.version import tensorflow_version

VERSION = 1


@dataclass(frozen=True, slots=True)
class Chosen:
    """The picture to run on: what was wanted, what is used, its file and its identity; `missing`
    says why the wanted one is not used."""

    wanted: Choice
    used: Choice
    path: Path | None
    identity: str
    missing: str = ""


def why_stale(job: NetworkJob) -> str | None:
    """Why the network must be run again; None if the last run still speaks for it."""
    receipt = _own(job)
    if receipt is None:
        return "never done"
    extracted = _extracted(job)
    if extracted is None:
        return "the network is not extracted"
    if "deferred" in (receipt.status, extracted.status):
        same = receipt.status == extracted.status and receipt.reason == extracted.reason
        return None if same and job.may_defer else "it was deferred"
    return _changed(job, receipt, extracted) or _lost(job, receipt)


def run(job: NetworkJob, progress: Progress) -> Outcome:
    """Run the network, unless the last run still speaks for it.

    Raises:
        SmokeError: it does not load, does not answer as a detector should, or can't be run here.
        UnreachableError: it was deferred, and must not be.
        DiskError: the results can't be written.
    """
    extracted = _extracted(job)
    if extracted is None:
        raise SmokeError(job.name, "it is not extracted", f"run doit extract:{job.name}")
    try:
        if extracted.status == "deferred":
            return _pass_on(job, extracted)
        return Outcome("kept") if why_stale(job) is None else _run(job, extracted, progress)
    except OSError as error:
        raise disk_error(job.name, error) from error


def warm_up(job: NetworkJob) -> None:
    """Start TensorFlow in the background; the next network that is run finds it there."""
    child.shared().warm_up(job.workspace.log("smoke", "start"))


def definition(job: NetworkJob) -> str:
    """Digest of all that the configuration says about this run."""
    network = job.network
    wanted = choose(job.config, network)
    return receipts.digest(
        (
            VERSION,
            network.saved_model,
            network.signature,
            network.expect,
            job.config.label_ids(network),
            (wanted.kind, wanted.name),
        )
    )


def _own(job: NetworkJob) -> SmokeReceipt | None:
    return receipts.read(job.workspace.receipt("smoke", job.name), SmokeReceipt)


def _extracted(job: NetworkJob) -> ExtractReceipt | None:
    return receipts.read(job.workspace.receipt("extract", job.name), ExtractReceipt)


def _changed(job: NetworkJob, receipt: SmokeReceipt, extracted: ExtractReceipt) -> str | None:
    if receipt.definition != definition(job):
        return "its definition changed"
    if receipt.tree != extracted.tree:
        return "the network changed"
    if receipt.tensorflow != tensorflow_version():
        return f"TensorFlow changed ({receipt.tensorflow} → {tensorflow_version() or 'none'})"
    wanted = choose(job.config, job.network)
    if receipt.applicable and receipt.picture not in _identities(job, wanted):
        return "the picture changed"
    return None


def _identities(job: NetworkJob, wanted: Choice) -> tuple[str, ...]:
    """What the receipt may say of the picture. The scene may stand in for one that was out of
    reach; it stays until something else asks for a new run: a build that is done asks no server."""
    if wanted.kind == "own":
        try:
            return (sha256_of(job.workspace.root / wanted.name),)
        except OSError:
            return ()
    if wanted.kind == "catalogue":
        return job.config.pictures[wanted.name].sha256, scene_id()
    return (scene_id(),)


def _lost(job: NetworkJob, receipt: SmokeReceipt) -> str | None:
    results = [job.workspace.smoke_json(job.name)]
    if receipt.applicable:
        results.append(job.workspace.smoke_picture(job.name))
    return next((f"{path.as_posix()} is gone" for path in results if not path.is_file()), None)


def _pass_on(job: NetworkJob, extracted: ExtractReceipt) -> Outcome:
    """Defer, for the reason that the network itself was deferred."""
    if not job.may_defer:
        raise UnreachableError(job.name, extracted.reason, "run doit again online")
    receipt = SmokeReceipt(status="deferred", definition=definition(job), reason=extracted.reason)
    receipts.write(job.workspace.receipt("smoke", job.name), receipt)
    return Outcome("deferred", note=extracted.reason)


def _run(job: NetworkJob, extracted: ExtractReceipt, progress: Progress) -> Outcome:
    if not tensorflow_version():
        raise SmokeError(job.name, "TensorFlow is not installed", child.INSTALL)
    chosen = _choose(job)
    log = job.workspace.log("smoke", job.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    answer = _ask(job, _order(job, extracted, chosen, log), progress)
    if answer.report is None:
        raise SmokeError(job.name, answer.why, answer.todo or f"details: {log}")
    _keep(job, answer, answer.report)
    _judge(job, answer.report)
    receipt = SmokeReceipt(
        definition=definition(job),
        applicable=answer.report.applicable,
        tree=extracted.tree,
        picture=chosen.identity if answer.report.applicable else "",
        tensorflow=tensorflow_version(),
        summary=answer.summary,
    )
    receipts.write(job.workspace.receipt("smoke", job.name), receipt)
    lines = (f"{job.name}: {chosen.missing}; a drawn scene was used",) if chosen.missing else ()
    return Outcome("built", note=answer.summary, lines=lines)


def _choose(job: NetworkJob) -> Chosen:
    """The wanted picture if it is to be had, else the drawn scene.

    Raises:
        SmokeError: the picture is the user's, and can't be read.
    """
    wanted = choose(job.config, job.network)
    if not job.network.saved_model or wanted.kind == "scene":
        return Chosen(wanted, wanted, None, scene_id())
    if wanted.kind == "own":
        path = job.workspace.root / wanted.name
        try:
            return Chosen(wanted, wanted, path, sha256_of(path))
        except OSError as error:
            why = f"the picture {path} can't be read: {(error.strerror or str(error)).lower()}"
            raise SmokeError(job.name, why, "choose another smoke_image") from error
    picture = job.config.pictures[wanted.name]
    child.shared().warm_up(job.workspace.log("smoke", job.name))  # while the server is asked
    try:
        path = fetch.fetch(job.cache, picture, job.config.settings)
    except fetch.UnavailableError as error:
        return Chosen(wanted, Choice("scene"), None, scene_id(), str(error))
    return Chosen(wanted, wanted, path, picture.sha256)


def _order(job: NetworkJob, extracted: ExtractReceipt, chosen: Chosen, log: Path) -> Order:
    network = job.network
    asked = demand(network, chosen.wanted, chosen.used, chosen.missing)
    return Order(
        network=network.name,
        folder=str(job.workspace.network(network.name)),
        log=str(log),
        saved_model=network.saved_model,
        checkpoint=extracted.checkpoint_prefix,
        signature=network.signature,
        labels={number: label for label, number in job.config.label_ids(network).items()},
        picture="" if chosen.path is None else str(chosen.path),
        scene=SCENE,
        expect=asked.expect,
        scene_labels=asked.scene_labels,
        unasked=asked.unasked,
    )


def _ask(job: NetworkJob, order: Order, progress: Progress) -> Answer:
    """Have the child carry out the order, its phases shown one after the other."""
    begun: list[str] = []

    def phase(doing: str) -> None:
        if begun:
            progress.end()
        begun.append(doing)
        progress.begin(doing, None)

    try:
        return child.shared().run(order, job.config.settings.smoke_timeout, phase)
    finally:
        if begun:
            progress.end()


def _keep(job: NetworkJob, answer: Answer, report: Report) -> None:
    """Write smoke.json and the picture: also of a network that failed, for its owner to see."""
    if answer.drawn:
        write_atomic(job.workspace.smoke_picture(job.name), answer.drawn)
    write_atomic(job.workspace.smoke_json(job.name), readable(report))


def readable(report: Report) -> bytes:
    """The report as JSON for people: indented, but a shape or a box on one line."""
    indented = msgspec.json.format(msgspec.json.encode(report), indent=1)
    flat = re.sub(rb"\[\n\s+([^\[\]{}]*?)\n\s*\]", lambda m: b"[%b]" % _joined(m[1]), indented)
    return flat + b"\n"


def _joined(values: bytes) -> bytes:
    return b" ".join(values.split())


def _judge(job: NetworkJob, report: Report) -> None:
    """
    Raises:
        SmokeError: a check failed; the first two are told.
    """
    failed = [
        f"{check.name}: {check.detail}" for check in report.checks if check.result == "failed"
    ]
    if not failed:
        return
    more = f" (and {len(failed) - 2} more)" if len(failed) > 2 else ""
    details = job.workspace.smoke_json(job.name).as_posix()
    raise SmokeError(job.name, "; ".join(failed[:2]) + more, f"details: {details}")
