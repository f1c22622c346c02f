"""A network's pipeline.config, as the training will read it: text, values, paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from errno import EFBIG
from pathlib import Path

from msgspec import Struct, field

from tasks.core.files import read_file
from tasks.core.text import printable
from tasks.doctor.checkpoint import LONGEST_CONFIG, UNSET, start_faults
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import tokens
from tasks.formats.textproto.path import merged
from tasks.pipeline_config import refusals
from tasks.pipeline_config.edit import UnsuitableError, as_text, current
from tasks.pipeline_config.impossible import impossible_values
from tasks.pipeline_config.rules import branch_of
from tasks.pipeline_config.schema import SHAPE, fault, unknown_fields

# What editors and browsers do to text files.
HTML = re.compile(rb"\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"
BACKSLASH = re.compile(r"\\[^'\"\\0-7nrt]|[A-Za-z]:\\")


class Report(Struct):
    """What was found in a config, one line each."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    summary: str = ""


def read(path: Path) -> tuple[Document | None, list[str]]:
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


def check(document: Document, root: Path, network: Path, ids: Mapping[str, int]) -> Report:
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
