"""A project's pipeline.config for each of its networks: made, or brought up to date in a file
that the user edited. Loaded only when there is something to scaffold.

An override that does not fit is a ConfigError; a network's file that is not the one that was
extracted, a DamagedError; a file that can't be read, an OSError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field

from tasks.annotations.label_map import label_ids
from tasks.config.types import Network
from tasks.core.errors import ConfigError, DamagedError
from tasks.core.files import human_size, read_file
from tasks.core.ownership import PathState
from tasks.core.text import printable
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import TextError
from tasks.formats.textproto.path import plain
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.receipts import ExtractReceipt, FileRecord, ScaffoldReceipt, receipt_of
from tasks.pipeline_config import edit, rules
from tasks.pipeline_config.edit import Change, UnsuitableError, UserValue
from tasks.pipeline_config.schema import SHAPE, unknown_fields
from tasks.pipeline_config.training import training_settings
from tasks.scaffold.files import PIPELINE, config_path, digest_of, key, own_config

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
        tailored: path → how it is made; None if the network is not here yet.
        refused: network → why it has none.
        messages: what the user must know, one sentence each.
    """

    tailored: dict[str, Tailored | None] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    @property
    def contents(self) -> dict[str, bytes | None]:
        return {p: made.content if made else None for p, made in self.tailored.items()}


class Updates(Struct):
    """What becomes of the files that stand there.

    Attributes:
        merges: path → the user's file with our values brought up to date.
        values: path → field → value, for the receipt.
        messages: what stays because it is the user's, one sentence a file.
    """

    merges: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


# --- made new ----------------------------------------------------------------------------------


def tailor_all(job: ProjectJob, label_map: str) -> Configs:
    """Tailor every network's pipeline.config; `label_map` is the label map's path."""
    found = Configs()
    for name in job.project.networks:
        network = job.config.networks.get(name)
        if network is None:
            continue
        try:
            made = tailor(job, network, label_map)
        except UnsuitableError as error:
            found.refused[name] = str(error)
            if network.trainer != "embedded":  # which needs no file of the API's
                found.messages.append(f"{name}: {printable(str(error))}")
        else:
            found.tailored[key(job, config_path(job, name))] = made
            found.messages += [f"{name}: {line}" for line in remarks(network, made)]
    return found


def remarks(network: Network, made: Tailored | None) -> list[str]:
    """What is to be said of a network's own file: what its training needs besides boxes (in the
    catalogue's words, or as the file tells), and what the API would refuse to read in it."""
    found = []
    if wanted := network.training_needs or (rules.needs(made.base) if made else ""):
        found.append(printable(wanted))
    if first := next(unknown_fields(made.base), "") if made else "":
        found.append(f"the Object Detection API refuses its pipeline.config: {printable(first)}")
    return found


def tailor(job: ProjectJob, network: Network, label_map: str) -> Tailored | None:
    """One network's file, tailored; None if the network is not here yet.

    Raises:
        UnsuitableError: the network can't be trained, or its file can't be tailored.
        ConfigError: an override does not fit it.
        DamagedError: it is not the one that was extracted.
        OSError: it can't be read.
    """
    if network.not_trainable:
        raise UnsuitableError(network.not_trainable)
    if not network.pipeline_config:
        raise UnsuitableError("it has no pipeline.config, so it can't be trained")
    record, receipt = own_config(job, network.name), receipt_of(job.workspace, network.name)
    if record is None or receipt is None:
        return None
    if not receipt.checkpoint_prefix:
        raise UnsuitableError("it has no checkpoint to start from, so it can't be trained")
    try:
        base = edit.read_own(_content(job, network.name, record))
        changes = tuple(rules.changes(base, _facts(job, network.name, receipt, label_map)))
        return Tailored(base, changes, _edited(job, base, changes, network.name))
    except UnsuitableError as error:
        raise UnsuitableError(f"its pipeline.config can't be tailored: {error}") from None


def _facts(job: ProjectJob, name: str, receipt: ExtractReceipt, label_map: str) -> rules.Facts:
    training = key(job, job.workspace.training(job.name))
    return rules.Facts(
        classes=max(label_ids(job.project).values()),
        checkpoint=key(job, job.workspace.network(name) / receipt.checkpoint_prefix),
        label_map=label_map,
        train_record=f"{training}/train.record",
        test_record=f"{training}/test.record",
        settings=training_settings(job.project, name),
    )


def _edited(job: ProjectJob, base: Document, changes: Iterable[Change], name: str) -> bytes:
    try:
        return edit.tailored(base, changes).content
    except UnsuitableError as error:
        if not training_settings(job.project, name).overrides:
            raise  # the file is at fault: our own values fit a sound one
        where = f"config/workspace.toml: projects.{job.name}.training.overrides"
        raise ConfigError((f"{where}: {error}",)) from error


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
    job: ProjectJob, configs: Configs, found: Mapping[str, PathState], before: ScaffoldReceipt
) -> Updates:
    """See which files the user edited, and bring what is still ours in them up to date."""
    updates = Updates()
    for path, made in configs.tailored.items():
        here = found[path]
        if made and (here.kind == "nothing" or here.is_ours(before.output(path).written)):
            updates.values[path] = edit.values_of(made.changes)
        elif path in before.values and (not made or (here.kind == "file" and not here.link)):
            updates.values[path] = before.values[path]
            if made:
                _update(updates, job.workspace.root, path, made, here, before)
    return updates


def _update(
    updates: Updates,
    root: Path,
    path: str,
    made: Tailored,
    here: PathState,
    before: ScaffoldReceipt,
) -> None:
    content = read_file(root / path, LONGEST_CONFIG)
    if digest_of(content) != here.sha256:
        return  # changed just now: that will be found the next time
    intended = before.intended_values.get(path, {})
    try:
        users = Document.read(content, SHAPE)
        merged = edit.merged(users, made.base, made.changes, before.values[path], intended)
    except (TextError, UnsuitableError) as error:
        why = printable(str(error))
        updates.messages.append(f"{printable(path)} is yours and stays as it is: {why}")
        updates.merges[path] = content
        return
    updates.merges[path], updates.values[path] = merged.content, merged.values
    if merged.kept:
        kept = _kept_values(merged.kept)
        updates.messages.append(f"{printable(path)} keeps what is yours: {kept}")


def _kept_values(kept: Iterable[UserValue]) -> str:
    """The values of the user's, in a line."""
    items = [
        f"{plain(one.path)} = {printable(one.value) or 'nothing'} "
        f"(ours: {printable(one.ours) or 'nothing'})"
        for one in kept
    ]
    more = [f"and {len(items) - MOST_KEPT} more"] if len(items) > MOST_KEPT else []
    return ", ".join([*items[:MOST_KEPT], *more])
