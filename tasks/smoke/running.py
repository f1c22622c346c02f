"""Have the TensorFlow process run a network: the picture, the order, the results, the verdict."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tasks.core.errors import NetworkError
from tasks.core.files import sha256_of
from tasks.core.ownership import write_results
from tasks.core.receipts import Output
from tasks.inference import child
from tasks.inference.messages import Order, Permissions
from tasks.inference.receipts import SmokeReceipt
from tasks.inference.report import Report, SmokeReply, SmokeRequest
from tasks.pipeline.job import NetworkJob, Progress
from tasks.pipeline.receipts import ExtractReceipt
from tasks.smoke import fetch
from tasks.smoke.choice import SCENE, Choice, choose, demand, scene_id


class Chosen(Struct, frozen=True):
    """The picture to run on: what was wanted, what is used, its file and its identity; `missing`
    says why the wanted one is not used."""

    wanted: Choice
    used: Choice
    path: Path | None
    identity: str
    missing: str = ""


class Ran(Struct, frozen=True):
    """A network that was run and found sound: `picture` is the identity of the one it was run on,
    `outputs` are the files that were written, `lines` is what the user must know."""

    report: Report
    picture: str
    summary: str
    outputs: dict[str, Output]
    lines: tuple[str, ...]


def run(job: NetworkJob, extracted: ExtractReceipt, version: str, progress: Progress) -> Ran:
    """Run the network and write smoke.json and smoke.png; `version` is TensorFlow's, "" if none.

    Raises:
        NetworkError: as `step.run`.
        OSError: the results can't be written.
    """
    if not version:
        raise NetworkError(job.name, "TensorFlow is not installed", child.INSTALL)
    log = job.workspace.log("smoke", job.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    chosen = _choose(job, log)
    came = _ask(job, _trial(job, extracted, chosen), log, progress)
    came = replace(came, report=replace(came.report, isolation=child.shared().isolation))
    outputs, moved = _keep(job, came)
    _judge(job, came.report, moved)
    lines = (f"{job.name}: {chosen.missing}; a drawn scene was used",) if chosen.missing else ()
    return Ran(came.report, chosen.identity, came.summary, outputs, (*moved, *lines))


def readable(report: Report) -> bytes:
    """The report as JSON for people: indented, but a shape or a box on one line."""
    indented = msgspec.json.format(msgspec.json.encode(report), indent=1)
    return re.sub(rb"\[\n\s+([^\[\]{}]*?)\n\s*\]", _on_one_line, indented) + b"\n"


def _on_one_line(found: re.Match[bytes]) -> bytes:
    return b"[%b]" % re.sub(rb"\n\s*", b" ", found[1])


def _choose(job: NetworkJob, log: Path) -> Chosen:
    """The wanted picture if it is to be had, else the drawn scene.

    Raises:
        NetworkError: the picture is the user's, and can't be read.
    """
    wanted = choose(job.config, job.network)
    if not job.network.saved_model or wanted.kind == "scene":
        return Chosen(wanted, wanted, None, scene_id())
    if wanted.kind == "own":
        return _own(job, wanted)
    picture = job.config.pictures[wanted.name]
    with suppress(OSError):  # permissions hold for what exists when the process starts
        job.cache.pictures.mkdir(parents=True, exist_ok=True)
    child.shared().warm_up(log, _permissions(job))  # while the server is asked
    try:
        path = fetch.fetch(job.cache, picture, job.config.settings)
    except fetch.UnavailableError as error:
        return Chosen(wanted, Choice("scene"), None, scene_id(), str(error))
    return Chosen(wanted, wanted, path, picture.sha256)


def _own(job: NetworkJob, wanted: Choice) -> Chosen:
    path = job.workspace.root / wanted.name
    try:
        return Chosen(wanted, wanted, path, sha256_of(path))
    except OSError as error:
        why = f"the picture {path} can't be read: {(error.strerror or str(error)).lower()}"
        raise NetworkError(job.name, why, "choose another smoke_image") from error


def _trial(job: NetworkJob, extracted: ExtractReceipt, chosen: Chosen) -> SmokeRequest:
    network = job.network
    asked = demand(network, chosen.wanted, chosen.used, chosen.missing)
    return SmokeRequest(
        network=network.name,
        folder=job.workspace.network(network.name).as_posix(),
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


def _ask(job: NetworkJob, trial: SmokeRequest, log: Path, progress: Progress) -> SmokeReply:
    """Have the child carry out the trial, its phases shown one after the other."""
    begun: list[str] = []

    def phase(doing: str) -> None:
        if begun:
            progress.end()
        begun.append(doing)
        progress.begin(doing, None)

    order = Order(
        handler="tasks.smoke.examination:handle",
        name=job.name,
        log=str(log),
        permissions=_permissions(job),
        body=msgspec.Raw(msgspec.json.encode(trial)),
    )
    try:
        return child.shared().run(order, SmokeReply, job.config.settings.smoke_timeout, phase)
    finally:
        if begun:
            progress.end()


def _keep(job: NetworkJob, came: SmokeReply) -> tuple[dict[str, Output], tuple[str, ...]]:
    """Write smoke.json and the picture: also of a network that failed, for its owner to see."""
    workspace, files = job.workspace, {}
    if came.drawn:
        files[workspace.smoke_picture(job.name)] = came.drawn
    files[workspace.smoke_json(job.name)] = readable(came.report)
    place = workspace.receipt("smoke", job.name)
    return write_results(workspace.root, place, SmokeReceipt(definition=""), files)


def _judge(job: NetworkJob, report: Report, moved: tuple[str, ...]) -> None:
    """Let the network pass.

    Raises:
        NetworkError: a check failed; the first two are told, and which files were `moved`.
    """
    failed = [
        f"{check.name}: {check.detail}" for check in report.checks if check.result == "failed"
    ]
    if not failed:
        return
    more = f" (and {len(failed) - 2} more)" if len(failed) > 2 else ""
    details = f"details: {job.workspace.smoke_json(job.name).as_posix()}"
    raise NetworkError(job.name, "; ".join(failed[:2]) + more, "; ".join([details, *moved]))
