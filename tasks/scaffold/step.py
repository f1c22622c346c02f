"""Make a project's folders, its label map, and for each network a pipeline.config of its own."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tasks.annotations.label_map import label_ids, label_map, label_map_path
from tasks.core import ownership, receipts
from tasks.core.errors import ConfigError, UserFilesError, disk_error
from tasks.core.files import remove_leftovers, sha256_or_nothing
from tasks.core.ownership import PathState, is_below, path_state
from tasks.core.receipts import Output
from tasks.core.text import count
from tasks.pipeline.job import Outcome, Progress, ProjectJob
from tasks.pipeline.receipts import ScaffoldReceipt
from tasks.scaffold.files import (
    PIPELINE,
    Plan,
    Surprises,
    carry_out,
    digest_of,
    key,
    own_config,
    plan,
    trusted,
)

if TYPE_CHECKING:
    from tasks.scaffold.configs import Configs, Updates

VERSION = 3


def why_stale(job: ProjectJob, *, edits: bool = True) -> str | None:
    """Why the project must be scaffolded, in a few words; None if it stands as it should. Without
    `edits`, an edit of the user's that is still to be named does not count."""
    receipt = receipts.read(job.workspace.receipt("scaffold", job.name), ScaffoldReceipt)
    why = ownership.why_stale(receipt, definition(job), _inputs(job), read="a network")
    if why or receipt is None:
        return why
    try:
        changed = _times_of_change(job)
        missing = _what_is_missing(job, receipt, changed)
        return missing or (_what_was_edited(job, receipt, changed) if edits else None)
    except OSError as error:
        return (error.strerror or "can't be read").lower()


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Make what is missing, update what is ours, leave what is the user's and say so.

    Raises:
        ConfigError: the label map's name is no plain file name, or an override does not fit.
        UserFilesError: the user's files stand where folders or files must be.
        DamagedError: a network's pipeline.config is not the one that was extracted.
        DiskError: something can't be read or written.
    """
    if why_stale(job) is None:
        return Outcome("kept")
    try:
        return _scaffold(job)
    except OSError as error:
        raise disk_error(job.name, error) from error


def definition(job: ProjectJob) -> str:
    """Digest of what scaffold is asked to make of this project."""
    project, known = job.project, job.config.networks
    networks = {
        name: [one.pipeline_config, one.not_trainable, one.training_needs]
        if (one := known.get(name))
        else []
        for name in project.networks
    }
    training = [project.training, project.training_of]
    return receipts.digest([VERSION, label_ids(project), networks, project.label_map, training])


def _inputs(job: ProjectJob) -> dict[str, str]:
    return receipts.inputs(*(job.workspace.receipt("extract", n) for n in job.project.networks))


def _times_of_change(job: ProjectJob) -> dict[str, int]:
    """Network → when its pipeline.config was last changed, in nanoseconds; 0 if there is none."""
    training = str(job.workspace.training(job.name))  # joined by hand: see `installed.differences`
    return {name: _mtime(f"{training}/{name}/{PIPELINE}") for name in job.project.networks}


def _what_is_missing(
    job: ProjectJob, receipt: ScaffoldReceipt, changed: Mapping[str, int]
) -> str | None:
    for folder in _own_folders(job):
        if not folder.is_dir():
            return f"{key(job, folder)} is missing"
    if not os.path.lexists(label_map_path(job)):
        return f"{key(job, label_map_path(job))} is missing"
    for name in (name for name, time in changed.items() if not time):
        folder = job.workspace.training(job.name, name)
        if os.path.lexists(folder / PIPELINE):  # a link to nowhere is the user's
            continue
        if not folder.is_dir():
            return f"{key(job, folder)} is missing"
        if name not in receipt.refused and own_config(job, name) is not None:
            return f"{key(job, folder / PIPELINE)} is missing"
    return None


def _what_was_edited(
    job: ProjectJob, receipt: ScaffoldReceipt, changed: Mapping[str, int]
) -> str | None:
    """A pipeline.config that the user edited since we last said which values in it are theirs.

    Only a file that is newer than the receipt is read: in a workspace of 50 projects with 43
    networks, reading all of them takes a quarter of a `doit` with nothing to do. One that was put
    there with an older date is found when scaffold has something to do.
    """
    training = key(job, job.workspace.training(job.name))
    checked = os.stat(job.workspace.receipt("scaffold", job.name)).st_mtime_ns
    for name in (name for name, time in changed.items() if time >= checked):
        path = f"{training}/{name}/{PIPELINE}"
        if path not in receipt.values:
            continue
        known = {receipt.output(path).sha256, receipt.edited.get(path)}
        if sha256_or_nothing(job.workspace.root / path) not in known:
            return f"{path} was edited"
    return None


def _mtime(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0


def _own_folders(job: ProjectJob) -> list[Path]:
    place, name = job.workspace, job.name
    images = [place.project(name), place.project(name) / "images"]
    images += [place.images(name, "train"), place.images(name, "test")]
    return [*images, place.training(name)]


def _label_map_key(job: ProjectJob, folders: Collection[str]) -> str:
    """Where the label map lies."""
    training, name = key(job, job.workspace.training(job.name)), job.project.label_map
    path = f"{training}/{name}"
    if "/" in name or path in folders or not is_below(training, path):
        where = f"projects.{job.name}.label_map"
        raise ConfigError((f"{where}: expected a file name of its own, not {name!r}",))
    return path


def _scaffold(job: ProjectJob) -> Outcome:
    from tasks.scaffold.configs import tailor_all

    networks = [job.workspace.training(job.name, network) for network in job.project.networks]
    folders = [key(job, folder) for folder in (*_own_folders(job), *networks)]
    place, read_from = job.workspace.receipt("scaffold", job.name), _inputs(job)
    label_map_key = _label_map_key(job, folders)
    configs = tailor_all(job, label_map_key)
    files = {label_map_key: label_map(label_ids(job.project)), **configs.contents}
    planned, updates, before = _plan(job, configs, folders, files, place)
    if planned.blocked:
        todo = "move it away, then run doit again"
        raise UserFilesError(job.name, ", ".join(planned.blocked), todo)
    for path in (place, *(job.workspace.root / path for path in before.outputs)):
        remove_leftovers(path)
    if planned.make or planned.write or planned.drop or planned.drop_folders:
        receipts.write(place, _unfinished(planned, updates, before))
    surprises = carry_out(job.workspace.root, planned)
    receipt = _receipt(planned, surprises, updates, before)
    receipts.write(
        place,
        replace(receipt, definition=definition(job), inputs=read_from, refused=configs.refused),
    )
    messages = configs.messages + updates.messages + planned.messages + surprises.messages
    return Outcome("built", _note(planned), lines=tuple(messages))


def _plan(
    job: ProjectJob,
    configs: Configs,
    folders: list[str],
    files: Mapping[str, bytes | None],
    place: Path,
) -> tuple[Plan, Updates, ScaffoldReceipt]:
    """Look first, then read the receipt: another process notes what it will write before it writes,
    so whatever of its files was found stands in the receipt."""
    from tasks.scaffold.configs import update_all

    found = _states(job, (*folders, *files))
    before = trusted(receipts.read(place, ScaffoldReceipt), job.name)
    others = {*before.folders, *before.outputs} - found.keys()
    updates = update_all(job, configs, found, before)
    found |= _states(job, others)
    return plan(folders, files, found, before, updates.merges), updates, before


def _states(job: ProjectJob, paths: Iterable[str]) -> dict[str, PathState]:
    return {path: path_state(job.workspace.root, job.workspace.root / path) for path in paths}


def _unfinished(planned: Plan, updates: Updates, before: ScaffoldReceipt) -> ScaffoldReceipt:
    """What is about to be done. `definition` is empty: a receipt that stays like this is stale."""
    there = {
        path: here.sha256
        for path, here in planned.expect.items()
        if here.sha256 and path not in planned.merged
    }
    outputs = {
        path: Output(there.get(path) or before.output(path).sha256, planned.files.get(path, ""))
        for path in {**before.outputs, **there, **planned.files}
    }
    folders = tuple(dict.fromkeys((*before.folders, *planned.folders)))
    intended = updates.values
    return replace(
        before, definition="", folders=folders, outputs=outputs, intended_values=intended
    )


def _receipt(
    planned: Plan, surprises: Surprises, updates: Updates, before: ScaffoldReceipt
) -> ScaffoldReceipt:
    """What was done; of a file that was changed at the last moment, what was true before."""
    taken = surprises.files
    files = {p: d for p, d in planned.files.items() if p not in taken or p in planned.merged}
    values = {p: v for p, v in updates.values.items() if p not in taken}
    values |= {p: before.values[p] for p in taken if p in before.values}
    return ScaffoldReceipt(
        definition="",
        folders=(*planned.folders, *surprises.folders),
        outputs={path: Output(sha256) for path, sha256 in files.items()},
        values=values,
        edited={p: digest_of(merge) for p, merge in updates.merges.items() if p not in taken},
    )


def _note(planned: Plan) -> str:
    done = [
        (len(planned.make), "folder", "made"),
        (len(planned.write), "file", "written"),
        (len(planned.drop), "file", "removed"),
    ]
    return ", ".join(f"{count(number, noun)} {verb}" for number, noun, verb in done if number)
