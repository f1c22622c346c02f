"""The networks of a project: installed, complete, and their configs fit for training."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from errno import EFBIG
from pathlib import Path

from msgspec import Struct, field

from tasks.checks.checkpoint import (
    LONGEST_CONFIG,
    UNSET,
    checkpoint_fault,
    class_counts,
    read_index,
    start_faults,
)
from tasks.checks.finding import Finding, error, ok, warning
from tasks.core import receipts
from tasks.core.files import read_file
from tasks.core.text import printable
from tasks.formats import tensor_bundle
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import tokens
from tasks.formats.textproto.path import merged
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.receipts import ExtractReceipt, ScaffoldReceipt, differences
from tasks.pipeline_config import refusals
from tasks.pipeline_config.edit import UnsuitableError, as_text, current
from tasks.pipeline_config.rules import branch_of, needs
from tasks.pipeline_config.schema import SHAPE, fault, unknown_fields
from tasks.pipeline_config.trainable import impossible_values

INFERENCE = "inference only: "  # how the catalogue begins some of its reasons
# What editors and browsers do to text files.
HTML = re.compile(rb"\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"
BACKSLASH = re.compile(r"\\[^'\"\\0-7nrt]|[A-Za-z]:\\")


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
    elif why := checkpoint_fault(folder / prefix):
        yield error(name, f"checkpoint {printable(prefix)}: {why}", f"run `doit extract:{name}`")
    else:
        yield _head(name, folder, prefix)


def _head(name: str, folder: Path, prefix: str) -> Finding:
    """Whether the checkpoint has as many classes as the network's own config says."""
    whole = f"checkpoint {printable(prefix)} is complete"
    try:
        document, faults = read_config(folder / "pipeline.config")
        if document is None or faults:
            return error(name, "its own pipeline.config can't be read", details=faults)
        branch, classes = num_classes(document)
        index = read_index(folder / prefix)
        background = current(document, f"model.{branch}.add_background_class") is not False
        widths = class_counts(tensor_bundle.shapes(index), branch, background)
    except OSError as failure:
        return warning(name, f"its own config can't be compared: {failure.strerror}")
    except ValueError as unfit:
        return error(name, f"its own pipeline.config: {unfit}")
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
        document, faults = read_config(path)
    except FileNotFoundError:
        if is_here:
            scaffolded = receipts.read(job.receipt("scaffold"), ScaffoldReceipt)
            why = scaffolded.refused.get(name) if scaffolded else None
            because = f": {printable(why)}" if why else ""
            yield error(name, f"there is no {where}{because}", again)
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
    report = check_config(document, job.workspace.root, job.workspace.network(name), ids)
    if report.errors:
        yield error(name, "pipeline.config would not train", mend, report.errors)
    if report.warnings:
        yield warning(name, "pipeline.config", details=report.warnings)
    if not report.errors and not report.warnings:
        yield ok(name, f"pipeline.config: {report.summary}")


# --- a pipeline.config as the training will read it: text, values, paths --------------------------


class Report(Struct):
    """What was found in a config, one line each."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    summary: str = ""


def read_config(path: Path) -> tuple[Document | None, list[str]]:
    """The config, or why it can't be read.

    Raises:
        OSError: it can't be read.
    """
    try:
        content = read_file(path, LONGEST_CONFIG)
    except OSError as error:
        if error.errno != EFBIG:
            raise
        return None, [f"it is larger than {LONGEST_CONFIG // 1_000_000} MB"]
    if faults := text_faults(content):
        return None, faults
    document = Document.read(content, SHAPE)
    wrong = fault(document.text)
    return document, [wrong] if wrong else []


def num_classes(document: Document) -> tuple[str, int]:
    """The meta-architecture, and how many classes the config says.

    Raises:
        ValueError: it does not say how many, or which.
    """
    try:
        branch = branch_of(document)
    except UnsuitableError as unfit:
        raise ValueError(str(unfit)) from None
    number = current(document, f"model.{branch}.num_classes")
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"model.{branch}.num_classes is {as_text(number) or 'missing'}")
    return branch, number


def check_config(document: Document, root: Path, network: Path, ids: Mapping[str, int]) -> Report:
    """Check all values that learners get wrong.

    Args:
        root: where training runs; paths count from there.
        network: the folder of the network that the config is for.
    """
    report = Report(errors=list(unknown_fields(document)))
    try:
        branch, classes = num_classes(document)
    except ValueError as unfit:
        report.errors.append(str(unfit))
        return report
    highest = max(ids.values(), default=0)
    if classes < highest:
        report.errors.append(f"num_classes is {classes}, and the label map goes to id {highest}")
    elif classes > highest:
        report.warnings.append(f"num_classes is {classes}, and the label map ends at id {highest}")
    report.errors += refusals.refused(document, branch)
    report.errors += impossible_values(document)
    report.warnings += refusals.doubtful(document, branch)
    if not current(document, "train_config.fine_tune_checkpoint"):
        report.warnings.append("no fine_tune_checkpoint: training would start from nothing")
    report.errors += start_faults(document, root, network)
    _readers(document, root, report)
    report.warnings += merged(document.text, document.root, SHAPE)
    steps = as_text(current(document, "train_config.num_steps"))
    batch = as_text(current(document, "train_config.batch_size"))
    report.summary = f"{classes} classes, {steps or 'endless'} steps of {batch or '32'} pictures"
    return report


def _readers(document: Document, root: Path, report: Report) -> None:
    """Paths of label maps and records. Without a test record there is training, and no evaluation;
    without a label map path the ids inside the records are taken, right or wrong."""
    evaluations = max(1, document.count("eval_input_reader"))
    readers = [("train_input_reader", report.errors)]
    readers += [(f"eval_input_reader[{n}]", report.warnings) for n in range(evaluations)]
    for reader, severe in readers:
        for name in ("label_map_path", "tf_record_input_reader.input_path"):
            faults = list(_path_faults(document, f"{reader}.{name}", root))
            (report.errors if name == "label_map_path" else severe).extend(faults)


def _path_faults(document: Document, field_path: str, root: Path) -> Iterator[str]:
    value = current(document, field_path)
    paths = value if isinstance(value, tuple) else (value,)
    for path in paths:
        if not isinstance(path, str) or not path:
            yield f"{field_path} is missing"
        elif UNSET in path:
            yield f"{field_path} is {UNSET}"
        elif not _is_there(root / path):
            yield f"{field_path}: {printable(path)} does not exist"


def _is_there(path: Path) -> bool:
    """The API takes patterns for records (`train.record-?????-of-00010`)."""
    if path.is_file() or not set("*?[") & set(path.name):
        return path.is_file()
    try:
        return any(path.parent.glob(path.name))
    except (OSError, ValueError):
        return False


def text_faults(content: bytes) -> list[str]:
    """Why the Object Detection API could not read these bytes as text; empty if it can.

    One reason hides what else is wrong: a web page has a thousand wrong lines.
    """
    if not content.strip():
        return ["it is empty"]
    if HTML.match(content.removeprefix(BOM)):
        return ["it is a web page: a browser saved the page around the file"]
    if content.startswith(UTF_16) or b"\0" in content[:4096]:
        return ["it is not plain text: save it as UTF-8"]
    if content.startswith(BOM):
        return ["it begins with a byte order mark: save it as UTF-8 without BOM"]
    try:
        text = Document.read(content).text
    except ValueError as error:
        return [str(error)]
    faults, line, at = [], 1, 0
    for token in tokens(text):
        if token.kind == "string" and BACKSLASH.search(token.text):
            line, at = line + text.count("\n", at, token.start), token.start
            faults.append(f"line {line}: {token.text[:40]} holds a backslash: write paths with /")
    return faults
