"""The networks of a project: installed, complete, and their configs fit for training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tasks.core import receipts
from tasks.core.text import printable
from tasks.doctor import checkpoint, config
from tasks.doctor.table import Finding, error, ok, warning
from tasks.formats import tensor_bundle
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.receipts import ExtractReceipt, ScaffoldReceipt, differences
from tasks.pipeline_config.edit import current
from tasks.pipeline_config.rules import needs

INFERENCE = "inference only: "  # how the catalogue begins some of its reasons


def findings(job: ProjectJob, name: str, ids: Mapping[str, int]) -> Iterator[Finding]:
    """All rows of one network."""
    network = job.config.networks[name]
    if network.trainer == "embedded":
        yield ok(name, "`doit train` has a trainer of its own for it")
        return
    if network.not_trainable:
        yield ok(name, f"inference only: {network.not_trainable.removeprefix(INFERENCE)}")
        return
    extracted = receipts.read(job.workspace.receipt("extract", name), ExtractReceipt)
    if extracted is None:
        yield warning(name, "is not here yet", f"run `doit extract:{name}`")
    elif extracted.status == "deferred":
        todo = "run `doit` again where the internet can be reached"
        yield warning(name, f"is not here yet: {extracted.reason}", todo)
    else:
        yield from _installed(job, name, extracted)
    if network.training_needs:
        yield warning(name, network.training_needs)
    yield from _config(job, name, ids, is_here=extracted is not None and bool(extracted.files))


def _installed(job: ProjectJob, name: str, extracted: ExtractReceipt) -> Iterator[Finding]:
    folder = job.workspace.network(name)
    if changed := differences(folder, extracted.files):
        details = [f"{printable(path)} {what}" for path, what in changed.items()]
        yield error(name, "is not as it was extracted", f"run `doit extract:{name}`", details)
        return
    prefix = extracted.checkpoint_prefix
    if not prefix:
        yield error(name, "holds no checkpoint to train on from")
    elif why := checkpoint.checkpoint_fault(folder / prefix):
        yield error(name, f"checkpoint {printable(prefix)}: {why}", f"run `doit extract:{name}`")
    else:
        yield _head(name, folder, prefix)


def _head(name: str, folder: Path, prefix: str) -> Finding:
    """Whether the checkpoint has as many classes as the network's own config says."""
    whole = f"checkpoint {printable(prefix)} is complete"
    try:
        document, faults = config.read(folder / "pipeline.config")
        if document is None or faults:
            return error(name, "its own pipeline.config can't be read", details=faults)
        branch, classes = config.num_classes(document)
        index = checkpoint.read_index(folder / prefix)
        background = current(document, f"model.{branch}.add_background_class") is not False
        widths = checkpoint.class_counts(tensor_bundle.shapes(index), branch, background)
    except OSError as failure:
        return warning(name, f"its own config can't be compared: {failure.strerror}")
    except ValueError as fault:
        return error(name, f"its own pipeline.config: {fault}")
    if not widths:
        return ok(name, f"{whole}; its class head has no name that is known here")
    if widths != {classes}:
        told = " and ".join(str(width) if width else "no whole number of" for width in widths)
        return error(name, f"its class head has {told} classes, its own config says {classes}")
    return ok(name, f"{whole}, its class head has {classes} classes as its config says")


def _config(
    job: ProjectJob, name: str, ids: Mapping[str, int], *, is_here: bool
) -> Iterator[Finding]:
    """The config in the project's folder, which training will read."""
    path = job.workspace.training(job.name, name) / "pipeline.config"
    where = printable(path.relative_to(job.workspace.root))
    again = f"run `doit scaffold:{job.name}`"
    try:
        document, faults = config.read(path)
    except FileNotFoundError:
        if is_here:
            scaffolded = receipts.read(job.workspace.receipt("scaffold", job.name), ScaffoldReceipt)
            why = scaffolded.refused.get(name, "") if scaffolded else ""
            yield error(
                name, f"there is no {where}" + (f": {printable(why)}" if why else ""), again
            )
        return
    except OSError as failure:
        yield error(name, f"{where} can't be read: {failure.strerror}")
        return
    mend = f"mend {where}, or remove it and {again}"
    if document is None or faults:
        yield error(name, "pipeline.config can't be read", mend, faults)
        return
    if not job.config.networks[name].training_needs and (wanted := needs(document)):
        yield warning(name, wanted)
    report = config.check(document, job.workspace.root, job.workspace.network(name), ids)
    if report.errors:
        yield error(name, "pipeline.config would not train", mend, report.errors)
    if report.warnings:
        yield warning(name, "pipeline.config", details=report.warnings)
    if not report.errors and not report.warnings:
        yield ok(name, f"pipeline.config: {report.summary}")
