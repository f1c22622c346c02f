"""A project's folders and files: where they lie, what to do with each, and doing it.

`plan` decides without doing any of it; `carry_out` looks again right before each file is replaced
or removed, and raises an OSError where one can't be. All paths in a plan are relative to the
workspace, with `/`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from msgspec import Struct, field
from msgspec.structs import replace

from tasks.core.files import remove, sync_folder
from tasks.core.ownership import PathState, is_below, path_state, write_unless
from tasks.core.text import printable
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.receipts import FileRecord, ScaffoldReceipt, receipt_of

PIPELINE = "pipeline.config"


class Plan(Struct, frozen=True):
    """What to do, in this order.

    Attributes:
        make: folders to make, parents first.
        write: path → content.
        expect: path → what must still stand there when it is written or removed.
        merged: the paths among `write` whose file is the user's, and stays theirs.
        drop: files of ours that are wanted no more.
        drop_folders: folders of ours that are wanted no more, children first; go only if empty.
        folders, files: what the receipt holds afterwards, if all goes well.
        messages: what stays because it is the user's, one sentence each.
        blocked: what stands where it can't stay, one clause each; then nothing may be done.
    """

    make: list[str] = field(default_factory=list)
    write: dict[str, bytes] = field(default_factory=dict)
    expect: dict[str, PathState] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    drop: list[str] = field(default_factory=list)
    drop_folders: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)


class Surprises(Struct, frozen=True):
    """What turned out otherwise than planned.

    Attributes:
        files: those that the user made or changed at the last moment.
        folders: folders of ours that are wanted no more and hold something.
        messages: a sentence about each.
    """

    files: set[str] = field(default_factory=set)
    folders: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def key(job: ProjectJob, path: Path) -> str:
    return path.relative_to(job.workspace.root).as_posix()


def config_path(job: ProjectJob, name: str) -> Path:
    """Where the project's pipeline.config of a network lies."""
    return job.workspace.training(job.name, name) / PIPELINE


def own_config(job: ProjectJob, name: str) -> FileRecord | None:
    """The record of the network's own pipeline.config, or None: it has none, the project gets none
    for it, or the network is not here yet."""
    network = job.config.networks.get(name)
    if network is None or network.not_trainable or not network.pipeline_config:
        return None
    receipt = receipt_of(job.workspace, name)
    return receipt.files.get(PIPELINE) if receipt is not None else None


def trusted(receipt: ScaffoldReceipt | None, project: str) -> ScaffoldReceipt:
    """The receipt without any path that scaffold can't have made for this project.

    Files lie below `<project>/training` and nowhere else, so no receipt, however damaged, can
    claim a picture or an annotation. Values are compared, and never lead to a file by themselves.
    """
    receipt = receipt or ScaffoldReceipt(definition="")
    outputs = {p: one for p, one in receipt.outputs.items() if is_below(f"{project}/training", p)}
    folders = tuple(f for f in receipt.folders if f == project or is_below(project, f))
    return replace(receipt, folders=folders, outputs=outputs)


# --- decided ------------------------------------------------------------------------------------


def plan(
    folders: Iterable[str],
    files: Mapping[str, bytes | None],
    found: Mapping[str, PathState],
    receipt: ScaffoldReceipt,
    merges: Mapping[str, bytes],
) -> Plan:
    """Decide what to do.

    Args:
        folders: those that the project should have, parents first.
        files: path → content; None if it can't be known yet (its network is not here).
        found: what stands at each of these paths, and at each of the receipt's.
        receipt: what we made before; see `trusted`.
        merges: path → a file that the user edited, with the values that are ours brought up to
            date.
    """
    made = Plan()
    for path in folders:
        _plan_folder(made, path, found[path], receipt)
    for path, content in files.items():
        if path in merges:
            _plan_merge(made, path, merges[path], found[path], receipt)
        else:
            _plan_file(made, path, content, found[path], receipt)
    for path in sorted(receipt.outputs.keys() - files.keys()):
        _plan_removal(made, path, found[path], receipt)
    for path in sorted(set(receipt.folders) - set(folders), reverse=True):
        here = found[path]
        if here.kind == "folder" and not here.link and not here.via_link:
            made.drop_folders.append(path)
    return made


def _plan_folder(made: Plan, path: str, here: PathState, receipt: ScaffoldReceipt) -> None:
    if here.kind == "nothing":
        made.make.append(path)
        made.folders.append(path)
    elif here.kind != "folder":
        made.blocked.append(f"{printable(path)} must be a folder, and something else is there")
    elif path in receipt.folders and not here.link:
        made.folders.append(path)


def _plan_merge(
    made: Plan, path: str, content: bytes, here: PathState, receipt: ScaffoldReceipt
) -> None:
    """The user's file gets our values, and stays theirs: it is not noted as what we wrote."""
    if before := receipt.output(path).sha256:
        made.files[path] = before
    if digest_of(content) != here.sha256:
        made.write[path], made.expect[path] = content, here
        made.merged.add(path)


def _plan_file(
    made: Plan, path: str, content: bytes | None, here: PathState, receipt: ScaffoldReceipt
) -> None:
    before = receipt.output(path)
    is_ours = here.is_ours(before.written)
    if here.kind in ("folder", "other"):
        made.blocked.append(f"{printable(path)} must be a file, and something else is there")
    elif content is not None and (here.kind == "nothing" or is_ours):
        made.files[path] = digest_of(content)
        if here.sha256 != made.files[path]:
            made.write[path], made.expect[path] = content, here
    elif here.kind == "file":
        # The user's, or one of ours that can't be made anew now. What we last wrote stays in the
        # receipt, so that a later run knows whether it has anything new to offer.
        if sha256 := here.sha256 if is_ours else before.sha256:
            made.files[path] = sha256
        if content is not None and digest_of(content) not in {here.sha256, *before.written}:
            made.messages.append(
                f"{printable(path)} is yours and stays as it is; remove it to have it made anew"
            )


def _plan_removal(made: Plan, path: str, here: PathState, receipt: ScaffoldReceipt) -> None:
    """A file that we wrote and that is wanted no more."""
    if here.is_ours(receipt.output(path).written) and not here.via_link:
        made.drop.append(path)
        made.expect[path] = here
    elif here.kind != "nothing":
        made.messages.append(f"{printable(path)} is wanted no more, but is yours and stays")


# --- done ---------------------------------------------------------------------------------------


def carry_out(root: Path, planned: Plan) -> Surprises:
    """Make, write and remove what was planned; what changed since it was planned is left alone."""
    surprises = Surprises()
    for folder in planned.make:
        (root / folder).mkdir(exist_ok=True)
    _sync_parents(root, planned.make)
    for path, content in planned.write.items():
        if not _write(root, root / path, content, planned.expect[path]):
            surprises.files.add(path)
    for path in planned.drop:
        if path_state(root, root / path) == planned.expect[path]:
            remove(root / path)
        else:
            surprises.files.add(path)
    for path in (*planned.write, *planned.drop):
        if path in surprises.files:
            surprises.messages.append(f"{printable(path)} was changed just now and stays as it is")
    for folder in planned.drop_folders:
        _drop_folder(root, folder, surprises)
    _sync_parents(root, (*planned.drop, *planned.drop_folders))
    return surprises


def _sync_parents(root: Path, paths: Iterable[str]) -> None:
    """Have on disk that these came or went, once for each folder that holds any."""
    for folder in sorted({(root / path).parent for path in paths}):
        sync_folder(folder)


def _write(root: Path, path: Path, content: bytes, expect: PathState) -> bool:
    """Write the file unless something else stands there by now than when it was planned.

    That is checked after the slow part (the new content is on disk under another name), right
    before the rename. A second process that wrote the same in the meantime is no conflict.
    """

    def write(file: IO[bytes]) -> bool:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        here = path_state(root, path)
        return here == expect or here.is_ours((digest_of(content),))

    return write_unless(path, write)


def _drop_folder(root: Path, folder: str, surprises: Surprises) -> None:
    try:
        (root / folder).rmdir()
    except FileNotFoundError:
        return
    except OSError:
        surprises.folders.append(folder)
        surprises.messages.append(
            f"{printable(folder)} is wanted no more, but holds files and stays"
        )
