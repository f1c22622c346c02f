"""Have the TensorFlow process run a network: the picture, the request, the results, the verdict."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tasks.cluster import scheduler_of
from tasks.core import receipts
from tasks.core.errors import NetworkError
from tasks.core.files import sha256_of
from tasks.core.ownership import write_results
from tasks.inference import child
from tasks.inference.channel import Request
from tasks.inference.environment import Permissions
from tasks.inference.report import Report, SmokeReceipt, SmokeReply, SmokeRequest
from tasks.pipeline.job import NetworkJob, Outcome, Progress
from tasks.pipeline.receipts import receipt_of
from tasks.smoke import picture
from tasks.smoke.picture import SCENE, SCENE_ID, Choice, choose, label_checks


class Chosen(Struct, frozen=True):
    """The picture to run on: what was wanted, what is used, its file and its identity; `missing`
    says why the wanted one is not used."""

    wanted: Choice
    used: Choice
    path: Path | None
    identity: str
    missing: str = ""


def run(job: NetworkJob, prefix: str, receipt: SmokeReceipt, progress: Progress) -> Outcome:
    """Run the network and write smoke.json, smoke.png and the receipt. `prefix` is that of the
    checkpoint, below the network's folder, or ""; `receipt` holds what is known before the run."""
    if not receipt.tensorflow:
        raise NetworkError(job.name, "TensorFlow is not installed", child.INSTALL)
    log = job.workspace.log("smoke", job.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    chosen = _choose(job, log)
    request = _request(job, prefix, chosen)
    if scheduler_of(job.config.settings):
        reply = _ask_cluster(job, request, progress)
    else:
        reply = _ask(job, request, log, progress)
    report = reply.report
    # Also of a network that failed, for its owner to see.
    files = {job.workspace.smoke_picture(job.name): reply.drawn} if reply.drawn else {}
    files[job.workspace.smoke_json(job.name)] = readable(report)
    place = job.receipt("smoke")
    outputs, moved = write_results(job.workspace.root, place, SmokeReceipt(definition=""), files)
    _require_passed(job, report, moved)
    receipt = replace(
        receipt,
        applicable=report.applicable,
        picture=chosen.identity if report.applicable else "",
        summary=reply.summary,
        outputs=outputs,
    )
    receipts.write(place, receipt)
    lines = (f"{job.name}: {chosen.missing}; a drawn scene was used",) if chosen.missing else ()
    return Outcome("built", note=reply.summary, lines=(*moved, *lines))


def _choose(job: NetworkJob, log: Path) -> Chosen:
    """The wanted picture if it can be had, else the drawn scene."""
    wanted = choose(job.config, job.network)
    if not job.network.saved_model or wanted.kind == "scene":
        return Chosen(wanted, wanted, None, SCENE_ID)
    if wanted.kind == "own":
        path = job.workspace.root / wanted.name
        try:
            return Chosen(wanted, wanted, path, sha256_of(path))
        except OSError as error:
            why = f"the picture {path} can't be read: {(error.strerror or str(error)).lower()}"
            raise NetworkError(job.name, why, "choose another smoke_image") from error
    with suppress(OSError):  # permissions hold for what exists when the process starts
        job.cache.pictures.mkdir(parents=True, exist_ok=True)
    if not scheduler_of(job.config.settings):
        child.shared().warm_up(log, _permissions(job))  # while the server is asked
    entry = job.config.pictures[wanted.name]
    try:
        path = picture.fetch(job.cache, entry, job.config.settings)
    except picture.UnavailableError as error:
        return Chosen(wanted, Choice("scene"), None, SCENE_ID, str(error))
    return Chosen(wanted, wanted, path, entry.sha256)


def _request(job: NetworkJob, prefix: str, chosen: Chosen) -> SmokeRequest:
    network = job.network
    return SmokeRequest(
        network=network.name,
        folder=job.workspace.network(network.name).as_posix(),
        saved_model=network.saved_model,
        checkpoint=prefix,
        signature=network.signature,
        labels={number: label for label, number in job.config.label_ids(network).items()},
        picture="" if chosen.path is None else str(chosen.path),
        scene=SCENE,
        label_checks=label_checks(network, chosen.wanted, chosen.used, chosen.missing),
    )


def _permissions(job: NetworkJob) -> Permissions:
    """What the process may read: the networks and every picture that one of them may be run on,
    for one process serves them all."""
    projects = job.config.projects.values()
    own = {job.config.settings.smoke_image, *(each.smoke_image for each in projects)} - {""}
    return Permissions(
        reads=(
            str(job.workspace.pre_trained),
            str(job.workspace.network(job.name)),  # may be a link
            str(job.cache.pictures),
            *(str(job.workspace.root / name) for name in sorted(own)),
        )
    )


def _ask(job: NetworkJob, content: SmokeRequest, log: Path, progress: Progress) -> SmokeReply:
    """Have the child carry out the request, its phases shown one after the other."""
    request = Request(
        handler="tasks.smoke.examination:handle",
        network=job.name,
        log=str(log),
        permissions=_permissions(job),
        body=msgspec.Raw(msgspec.json.encode(content)),
    )
    limit = job.config.settings.smoke_timeout
    try:
        reply = child.shared().run(
            request, SmokeReply, limit, lambda phase: progress.begin(phase, None)
        )
    finally:
        progress.end()
    return replace(reply, report=replace(reply.report, isolation=child.shared().isolation))


def _ask_cluster(job: NetworkJob, content: SmokeRequest, progress: Progress) -> SmokeReply:
    """Have a worker of a cluster carry out the request; the report names it."""
    from tasks.cluster.run import run_alone
    from tasks.cluster.works import work_on

    extracted, path = receipt_of(job.workspace, job.name), Path(content.picture)
    assert extracted is not None
    pictures = {sha256_of(path): path} if content.picture else {}
    body = msgspec.Raw(msgspec.json.encode(content))
    work = work_on(job.network, extracted, job.config, job.workspace, "smoke", pictures, body)
    [answer] = run_alone(job.config.settings, work, progress)
    reply = msgspec.json.decode(answer.body, type=SmokeReply)
    report = replace(reply.report, isolation=answer.isolation, worker=answer.worker)
    if report.picture is not None and content.picture:
        report = replace(report, picture=replace(report.picture, source=path.as_posix()))
    return replace(reply, report=report)


def readable(report: Report) -> bytes:
    """The report as JSON for people: indented, but a shape or a box on one line."""
    indented = msgspec.json.format(msgspec.json.encode(report), indent=1)
    lists = rb"\[\n\s+([^\[\]{}]*?)\n\s*\]"
    joined = re.sub(lists, lambda found: b"[%b]" % re.sub(rb"\n\s*", b" ", found[1]), indented)
    return joined + b"\n"


def _require_passed(job: NetworkJob, report: Report, moved: tuple[str, ...]) -> None:
    """Raise a NetworkError if a check failed; it names the first two, and which files were
    `moved`."""
    failed = [
        f"{check.name}: {check.detail}" for check in report.checks if check.result == "failed"
    ]
    if failed:
        more = f" (and {len(failed) - 2} more)" if len(failed) > 2 else ""
        details = f"details: {job.workspace.smoke_json(job.name).as_posix()}"
        raise NetworkError(job.name, "; ".join(failed[:2]) + more, "; ".join([details, *moved]))
