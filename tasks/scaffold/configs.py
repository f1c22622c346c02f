"""A project's pipeline.config for each of its networks: made, or brought up to date in a file
that the user edited. Loaded only when there is something to scaffold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field

from tasks.annotations.label_map import label_ids
from tasks.config.types import Network
from tasks.core.errors import ConfigError, DamagedError
from tasks.core.files import human_size, read_file
from tasks.core.path_state import PathState
from tasks.core.text import printable
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import TextError
from tasks.formats.textproto.path import plain
from tasks.pipeline.installed import receipt_of
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.receipts import FileRecord, ScaffoldReceipt
from tasks.pipeline_config import edit, rules
from tasks.pipeline_config.edit import Change, UnsuitableError, UserValue
from tasks.pipeline_config.schema import SHAPE, unknown_fields
from tasks.pipeline_config.training import training_settings
from tasks.scaffold.places import PIPELINE, config_path, has_config, key, recorded
from tasks.scaffold.plan import Merge, digest_of

# The zoo's longest is some 10 kB; this guards memory against an archive with a monster inside.
LONGEST_CONFIG = 4_000_000
MOST_KEPT = 6  # values of the user's that a line names


class Tailored(Struct, frozen=True):
    """A network's pipeline.config as the project wants it.

    Attributes:
        base: the network's own.
        changes: what differs, and what is looked after.
        content: the result.
    """

    base: Document
    changes: tuple[Change, ...]
    content: bytes


class Configs(Struct):
    """What the project wants, before anything that stands there is looked at.

    Attributes:
        contents: path → content; None if the network is not here yet.
        tailored: the same path → how it was made.
        refused: network → why it has none.
        lines: what the user must know, one sentence each.
    """

    contents: dict[str, bytes | None] = field(default_factory=dict)
    tailored: dict[str, Tailored] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


class Updates(Struct):
    """What becomes of the files that stand there.

    Attributes:
        merges: path → the user's file with our values brought up to date.
        values: path → field → value, for the receipt.
        lines: what stays because it is the user's, one sentence a file.
    """

    merges: dict[str, Merge] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


# --- made new ----------------------------------------------------------------------------------


def tailor_all(job: ProjectJob, label_map: str) -> Configs:
    """Tailor every network's pipeline.config; `label_map` is the label map's path.

    Raises:
        ConfigError: an override does not fit a network's file.
        DamagedError: a network's file is not the one that was extracted.
        OSError: it can't be read.
    """
    found = Configs()
    for name in job.project.networks:
        network = job.config.networks.get(name)
        if network is not None:
            _add(found, job, network, label_map)
    return found


def _add(found: Configs, job: ProjectJob, network: Network, label_map: str) -> None:
    name, path = network.name, key(job, config_path(job, network.name))
    reason = network.not_trainable
    if not reason and not has_config(job, name):
        reason = "it has no pipeline.config, so it can't be trained"
    elif not reason:
        try:
            made = tailor(job, name, label_map)
        except UnsuitableError as error:
            reason = f"its pipeline.config can't be tailored: {error}"
        else:
            found.contents[path] = made.content if made else None
            if made:
                found.tailored[path] = made
    if reason:
        found.refused[name] = reason
        found.lines.append(f"{name}: {printable(reason)}")
    else:
        found.lines += [f"{name}: {line}" for line in remarks(network, found.tailored.get(path))]


def remarks(network: Network, made: Tailored | None) -> list[str]:
    """What is to be said of a network's own file: what its training needs besides boxes (in the
    catalogue's words, or as the file tells), and what the API would refuse to read in it."""
    found = []
    if wanted := network.training_needs or (rules.needs(made.base) if made else ""):
        found.append(printable(wanted))
    if first := next(unknown_fields(made.base), "") if made else "":
        found.append(f"the Object Detection API refuses its pipeline.config: {printable(first)}")
    return found


def tailor(job: ProjectJob, name: str, label_map: str) -> Tailored | None:
    """One network's file, tailored; None if the network is not here yet.

    Raises:
        UnsuitableError: it can't be tailored.
        ConfigError: an override does not fit it.
        DamagedError: it is not the one that was extracted.
        OSError: it can't be read.
    """
    record, receipt = recorded(job, name), receipt_of(job.workspace, name)
    if record is None or receipt is None:
        return None
    if not receipt.checkpoint_prefix:
        raise UnsuitableError("the network has no checkpoint to start from")
    base = edit.read_own(_content(job, name, record))
    checkpoint = key(job, job.workspace.network(name) / receipt.checkpoint_prefix)
    training, settings = (
        key(job, job.workspace.training(job.name)),
        training_settings(job.project, name),
    )
    facts = rules.Facts(
        classes=max(label_ids(job.project).values()),
        checkpoint=checkpoint,
        label_map=label_map,
        train_record=f"{training}/train.record",
        test_record=f"{training}/test.record",
        settings=settings,
    )
    changes = tuple(rules.changes(base, facts))
    try:
        document = edit.tailored(base, changes)
    except UnsuitableError as error:
        if not settings.overrides:  # then the file is at fault: our own values fit a sound one
            raise
        where = f"config/workspace.toml: projects.{job.name}.training.overrides"
        raise ConfigError((f"{where}: {error}",)) from error
    return Tailored(base, changes, document.content)


def _content(job: ProjectJob, name: str, record: FileRecord) -> bytes:
    """The network's own pipeline.config, if it is the one that was extracted."""
    path = job.workspace.network(name) / PIPELINE
    if record.size > LONGEST_CONFIG:
        size = human_size(record.size)
        raise DamagedError(job.name, f"{key(job, path)} is {size} long", "look at the archive")
    content = read_file(path, LONGEST_CONFIG) if path.is_file() else b""
    if digest_of(content) != record.sha256:
        why = f"{key(job, path)} is not the one that was extracted"
        raise DamagedError(job.name, why, f"run `doit extract:{name}`")
    return content


# --- brought up to date -------------------------------------------------------------------------


def update_all(
    job: ProjectJob, configs: Configs, seen: Mapping[str, PathState], before: ScaffoldReceipt
) -> Updates:
    """See which files the user edited, and bring what is still ours in them up to date.

    Raises:
        OSError: such a file can't be read.
    """
    found = Updates()
    for path in configs.contents:
        made, here = configs.tailored.get(path), seen[path]
        if made is None:
            found.values |= {path: before.values[path]} if path in before.values else {}
        elif here.kind == "nothing" or here.is_ours(before.output(path).written):
            found.values[path] = edit.values_of(made.changes)
        elif path in before.values and here.kind == "file" and not here.link:
            found.values[path] = before.values[path]
            _update(found, job.workspace.root, path, made, here, before)
    return found


def _update(
    found: Updates, root: Path, path: str, made: Tailored, here: PathState, before: ScaffoldReceipt
) -> None:
    content = read_file(root / path, LONGEST_CONFIG)
    if digest_of(content) != here.sha256:
        return  # changed just now: it will be seen the next time
    intended = before.intended_values.get(path, {})
    try:
        theirs = Document.read(content, SHAPE)
        merged = edit.merged(theirs, made.base, made.changes, before.values[path], intended)
    except (TextError, UnsuitableError) as error:
        found.lines.append(
            f"{printable(path)} is yours and stays as it is: {printable(str(error))}"
        )
        found.merges[path] = Merge(here.sha256, content)
        return
    found.merges[path] = Merge(here.sha256, merged.content)
    found.values[path] = merged.values
    if merged.kept:
        found.lines.append(f"{printable(path)} keeps what is yours: {kept_values(merged.kept)}")


def kept_values(kept: Iterable[UserValue]) -> str:
    """The values of the user's, in a line."""
    items = [
        f"{plain(k.path)} = {printable(k.value) or 'nothing'} "
        f"(ours: {printable(k.ours) or 'nothing'})"
        for k in kept
    ]
    more = [f"and {len(items) - MOST_KEPT} more"] if len(items) > MOST_KEPT else []
    return ", ".join([*items[:MOST_KEPT], *more])
