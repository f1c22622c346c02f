"""Make a project's folders, its label map, and for each network a pipeline.config of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tasks.annotations.label_map import label_ids, label_map, label_map_path
from tasks.core import ownership, receipts
from tasks.core.errors import ConfigError, UserFilesError, disk_error
from tasks.core.files import remove_leftovers, sha256_or_nothing
from tasks.core.path_state import PathState, is_below, path_state
from tasks.core.receipts import Output
from tasks.pipeline.job import Outcome, Progress, ProjectJob
from tasks.pipeline.receipts import ScaffoldReceipt
from tasks.scaffold.places import PIPELINE, key, recorded
from tasks.scaffold.plan import Plan, Wanted, digest_of, plan, trusted

if TYPE_CHECKING:
    from tasks.scaffold.carry_out import Done
    from tasks.scaffold.configs import Configs, Updates

VERSION = 3


def why_stale(job: ProjectJob, *, edits: bool = True) -> str | None:
    """Why the project must be scaffolded, in a few words; None if it stands as it should.

    Args:
        edits: whether an edit of the user's that is still to be named counts.
    """
    receipt = receipts.read(job.workspace.receipt("scaffold", job.name), ScaffoldReceipt)
    why = ownership.why_stale(receipt, definition(job), _inputs(job), read="a network")
    if why or receipt is None:
        return why
    try:
        missing = _what_is_missing(job, receipt)
        return missing or (_what_was_edited(job, receipt) if edits else None)
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
    networks = {name: _traits(job, name) for name in job.project.networks}
    project = job.project
    training = [project.training, project.training_of]
    return receipts.digest([VERSION, label_ids(project), networks, project.label_map, training])


def _traits(job: ProjectJob, name: str) -> list[object]:
    network = job.config.networks.get(name)
    if network is None:
        return []
    return [network.pipeline_config, network.not_trainable, network.training_needs]


def _inputs(job: ProjectJob) -> dict[str, str]:
    return receipts.inputs(*(job.workspace.receipt("extract", n) for n in job.project.networks))


def _what_is_missing(job: ProjectJob, receipt: ScaffoldReceipt) -> str | None:
    for folder in _own_folders(job):
        if not folder.is_dir():
            return f"{key(job, folder)} is missing"
    if not os.path.lexists(label_map_path(job)):
        return f"{key(job, label_map_path(job))} is missing"
    training = str(job.workspace.training(job.name))  # joined by hand: see `installed.differences`
    for name in job.project.networks:
        if not os.path.lexists(f"{training}/{name}/{PIPELINE}"):
            folder = job.workspace.training(job.name, name)
            if not folder.is_dir():
                return f"{key(job, folder)} is missing"
            if name not in receipt.refused and recorded(job, name) is not None:
                return f"{key(job, folder / PIPELINE)} is missing"
    return None


def _what_was_edited(job: ProjectJob, receipt: ScaffoldReceipt) -> str | None:
    """A pipeline.config that the user edited since we last told what is theirs in it.

    Only a file that is newer than the receipt is read: in a workspace of 50 projects with 43
    networks, reading all of them takes a quarter of a `doit` with nothing to do. One that was put
    there with an older date is found, and told, when scaffold has something to do.
    """
    training = key(job, job.workspace.training(job.name))  # joined by hand, as above
    told = os.stat(job.workspace.receipt("scaffold", job.name)).st_mtime_ns
    for name in job.project.networks:
        path = f"{training}/{name}/{PIPELINE}"
        if path not in receipt.values or _mtime(f"{job.workspace.root}/{path}") < told:
            continue
        known = {receipt.output(path).sha256, receipt.edited.get(path)}
        if sha256_or_nothing(job.workspace.root / path) not in known:
            return f"{path} was edited"
    return None


def _mtime(path: str) -> int:
    """When a file was last changed, in nanoseconds; 0 if there is none."""
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0


def _own_folders(job: ProjectJob) -> list[Path]:
    place, name = job.workspace, job.name
    images = [place.project(name), place.project(name) / "images"]
    images += [place.images(name, "train"), place.images(name, "test")]
    return [*images, place.training(name)]


def _folders(job: ProjectJob) -> list[Path]:
    networks = [job.workspace.training(job.name, network) for network in job.project.networks]
    return [*_own_folders(job), *networks]


def _label_map_key(job: ProjectJob) -> str:
    training, name = key(job, job.workspace.training(job.name)), job.project.label_map
    if "/" in name or not is_below(training, f"{training}/{name}"):
        raise _not_a_file_name(job)
    return f"{training}/{name}"


def _not_a_file_name(job: ProjectJob) -> ConfigError:
    where = f"projects.{job.name}.label_map"
    return ConfigError(
        (f"{where}: expected a file name of its own, not {job.project.label_map!r}",)
    )


def _wanted(job: ProjectJob, configs: Configs) -> Wanted:
    folders = tuple(key(job, folder) for folder in _folders(job))
    map_key = _label_map_key(job)
    if map_key in folders:
        raise _not_a_file_name(job)
    files: dict[str, bytes | None] = {map_key: label_map(label_ids(job.project))}
    return Wanted(folders, files | configs.contents)


def _scaffold(job: ProjectJob) -> Outcome:
    from tasks.scaffold.carry_out import carry_out
    from tasks.scaffold.configs import tailor_all

    place, read_from = job.workspace.receipt("scaffold", job.name), _inputs(job)
    configs = tailor_all(job, _label_map_key(job))
    planned, updates, before = _plan(job, configs, place)
    if planned.blocked:
        todo = "move it away, then run doit again"
        raise UserFilesError(job.name, ", ".join(planned.blocked), todo)
    for path in (place, *(job.workspace.root / path for path in before.outputs)):
        remove_leftovers(path)
    if planned.changes_something:
        receipts.write(place, _intent(planned, updates, before))
    done = carry_out(job.workspace.root, planned)
    receipt = _receipt(planned, done, updates, before)
    receipts.write(
        place,
        replace(receipt, definition=definition(job), inputs=read_from, refused=configs.refused),
    )
    lines = (*configs.lines, *updates.lines, *planned.kept, *done.lines)
    return Outcome("built", _note(planned), lines=lines)


def _plan(job: ProjectJob, configs: Configs, place: Path) -> tuple[Plan, Updates, ScaffoldReceipt]:
    """Look first, then read the receipt: another process notes what it will write before it writes,
    so whatever of its files was seen stands in the receipt."""
    from tasks.scaffold.configs import update_all

    wanted = _wanted(job, configs)
    seen = _look(job, [*wanted.folders, *wanted.files])
    before = trusted(receipts.read(place, ScaffoldReceipt), job.name)
    others = {*before.folders, *before.outputs} - seen.keys()
    updates = update_all(job, configs, seen, before)
    planned = plan(wanted, seen | _look(job, others), before, updates.merges)
    return planned, updates, before


def _look(job: ProjectJob, paths: Iterable[str]) -> dict[str, PathState]:
    return {path: path_state(job.workspace.root, job.workspace.root / path) for path in paths}


def _intent(planned: Plan, updates: Updates, before: ScaffoldReceipt) -> ScaffoldReceipt:
    """What is about to be done. `definition` is empty: a receipt that stays like this is stale."""
    there = {
        path: here.sha256
        for path, here in planned.expect.items()
        if here.sha256 and path not in planned.merged
    }
    return ScaffoldReceipt(
        definition="",
        folders=tuple(dict.fromkeys((*before.folders, *planned.folders))),
        outputs={
            path: Output(there.get(path) or before.output(path).sha256, planned.files.get(path, ""))
            for path in {**before.outputs, **there, **planned.files}
        },
        values=before.values,
        intended_values=updates.values,
        refused=before.refused,
        edited=before.edited,
    )


def _receipt(
    planned: Plan, done: Done, updates: Updates, before: ScaffoldReceipt
) -> ScaffoldReceipt:
    """What was done; of a file that was changed at the last moment, what was true before."""
    files = {p: d for p, d in planned.files.items() if p not in done.taken or p in planned.merged}
    values = {p: v for p, v in updates.values.items() if p not in done.taken}
    values |= {p: before.values[p] for p in done.taken if p in before.values}
    edited = {p: digest_of(m.content) for p, m in updates.merges.items() if p not in done.taken}
    return ScaffoldReceipt(
        definition="",
        folders=(*planned.folders, *done.folders),
        outputs={path: Output(sha256) for path, sha256 in files.items()},
        values=values,
        edited=edited,
    )


def _note(planned: Plan) -> str:
    parts = [
        _count(len(planned.make), "folder", "made"),
        _count(len(planned.write), "file", "written"),
        _count(len(planned.drop), "file", "removed"),
    ]
    return ", ".join(filter(None, parts))


def _count(number: int, noun: str, verb: str) -> str:
    return f"{number} {noun}{'s' * (number > 1)} {verb}" if number else ""
