"""Make a project's folders, its label map, and its copies of the networks' pipeline.config."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tasks import receipts
from tasks.errors import ConfigError, DamagedError, UserFilesError, disk_error
from tasks.files import human_size, remove_leftovers
from tasks.installed import receipt_of
from tasks.job import Outcome, Progress, ProjectJob
from tasks.look import Seen, is_below, look
from tasks.receipts import FileRecord, ScaffoldReceipt
from tasks.scaffold.labels import label_ids, label_map
from tasks.scaffold.plan import Plan, Wanted, digest_of, plan, trusted

VERSION = 1
PIPELINE = "pipeline.config"
# The zoo's longest is some 10 kB; this guards memory against an archive with a monster inside.
LONGEST_CONFIG = 4_000_000


def why_stale(job: ProjectJob) -> str | None:
    """Why the project must be scaffolded, in a few words; None if it stands as it should."""
    receipt = receipts.read(job.workspace.receipt("scaffold", job.name), ScaffoldReceipt)
    if receipt is None:
        return "never done"
    if not receipt.definition:
        return "was interrupted"
    if receipt.definition != definition(job):
        return "its configuration changed"
    try:
        if receipt.inputs != _inputs(job):
            return "a network changed"
        return _what_is_missing(job)
    except OSError as error:
        return (error.strerror or "can't be read").lower()


def run(job: ProjectJob, progress: Progress) -> Outcome:
    """Make what is missing, update what is ours, leave what is the user's and say so.

    Raises:
        ConfigError: the label map's name is no plain file name.
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
    has_config = {name: _has_config(job, name) for name in job.project.networks}
    return receipts.digest([VERSION, label_ids(job.project), has_config, job.project.label_map])


def _has_config(job: ProjectJob, name: str) -> bool:
    network = job.config.networks.get(name)
    return network is not None and network.pipeline_config


def _inputs(job: ProjectJob) -> dict[str, str]:
    return receipts.inputs(*(job.workspace.receipt("extract", n) for n in job.project.networks))


def _what_is_missing(job: ProjectJob) -> str | None:
    for folder in _own_folders(job):
        if not folder.is_dir():
            return f"{_key(job, folder)} is missing"
    if not os.path.lexists(label_map_path(job)):
        return f"{_key(job, label_map_path(job))} is missing"
    training = str(job.workspace.training(job.name))  # joined by hand: see `installed.differences`
    for name in job.project.networks:
        if not os.path.lexists(f"{training}/{name}/{PIPELINE}"):
            folder = job.workspace.training(job.name, name)
            if not folder.is_dir():
                return f"{_key(job, folder)} is missing"
            if _recorded(job, name) is not None:
                return f"{_key(job, folder / PIPELINE)} is missing"
    return None


def label_map_path(job: ProjectJob) -> Path:
    """Where the project's label map lies."""
    return job.workspace.training(job.name) / job.project.label_map


def _own_folders(job: ProjectJob) -> list[Path]:
    place, name = job.workspace, job.name
    images = [place.project(name), place.project(name) / "images"]
    images += [place.images(name, "train"), place.images(name, "test")]
    return [*images, place.training(name)]


def _folders(job: ProjectJob) -> list[Path]:
    networks = [job.workspace.training(job.name, network) for network in job.project.networks]
    return [*_own_folders(job), *networks]


def _key(job: ProjectJob, path: Path) -> str:
    return path.relative_to(job.workspace.root).as_posix()


def _recorded(job: ProjectJob, name: str) -> FileRecord | None:
    """The record of the network's pipeline.config, or None: it has none, or is not here yet."""
    receipt = receipt_of(job.workspace, name) if _has_config(job, name) else None
    return receipt.files.get(PIPELINE) if receipt is not None else None


def _label_map_key(job: ProjectJob) -> str:
    training, name = _key(job, job.workspace.training(job.name)), job.project.label_map
    if "/" in name or not is_below(training, f"{training}/{name}"):
        raise _not_a_file_name(job)
    return f"{training}/{name}"


def _not_a_file_name(job: ProjectJob) -> ConfigError:
    where = f"projects.{job.name}.label_map"
    return ConfigError(
        (f"{where}: expected a file name of its own, not {job.project.label_map!r}",)
    )


def _wanted(job: ProjectJob) -> Wanted:
    folders = tuple(_key(job, folder) for folder in _folders(job))
    map_key = _label_map_key(job)
    if map_key in folders:
        raise _not_a_file_name(job)
    files: dict[str, bytes | None] = {map_key: label_map(label_ids(job.project))}
    for name in filter(lambda name: _has_config(job, name), job.project.networks):
        files[_key(job, job.workspace.training(job.name, name) / PIPELINE)] = _config(job, name)
    return Wanted(folders, files)


def _config(job: ProjectJob, name: str) -> bytes | None:
    """The network's pipeline.config, byte for byte as it was extracted."""
    record = _recorded(job, name)
    if record is None:
        return None
    path = job.workspace.network(name) / PIPELINE
    if record.size > LONGEST_CONFIG:
        size = human_size(record.size)
        raise DamagedError(job.name, f"{_key(job, path)} is {size} long", "look at the archive")
    content = path.read_bytes() if path.is_file() else b""
    if digest_of(content) != record.sha256:
        why = f"{_key(job, path)} is not the one that was extracted"
        raise DamagedError(job.name, why, f"run `doit extract:{name}`")
    return content


def _scaffold(job: ProjectJob) -> Outcome:
    place, read_from = job.workspace.receipt("scaffold", job.name), _inputs(job)
    planned, before = _plan(job, _wanted(job), place)
    if planned.blocked:
        todo = "move it away, then run doit again"
        raise UserFilesError(job.name, ", ".join(planned.blocked), todo)
    for path in (place, *(job.workspace.root / path for path in before.intended)):
        remove_leftovers(path)
    if planned.changes_something:
        receipts.write(place, _intent(planned, before))
    from tasks.scaffold.carry_out import carry_out

    done = carry_out(job.workspace.root, planned)
    receipts.write(
        place,
        ScaffoldReceipt(
            definition=definition(job),
            inputs=read_from,
            folders=(*planned.folders, *done.folders),
            files={p: d for p, d in planned.files.items() if p not in done.taken},
        ),
    )
    return Outcome("built", _note(planned), lines=(*planned.kept, *done.lines))


def _plan(job: ProjectJob, wanted: Wanted, place: Path) -> tuple[Plan, ScaffoldReceipt]:
    """Look first, then read the receipt: another process notes what it will write before it writes,
    so whatever of its files was seen stands in the receipt."""
    seen = _look(job, [*wanted.folders, *wanted.files])
    before = trusted(receipts.read(place, ScaffoldReceipt), job.name)
    others = {*before.folders, *before.files, *before.intended} - seen.keys()
    return plan(wanted, seen | _look(job, others), before), before


def _look(job: ProjectJob, paths: Iterable[str]) -> dict[str, Seen]:
    return {path: look(job.workspace.root, job.workspace.root / path) for path in paths}


def _intent(planned: Plan, before: ScaffoldReceipt) -> ScaffoldReceipt:
    """What is about to be done. `definition` is empty: a receipt that stays like this is stale."""
    there = {path: here.sha256 for path, here in planned.expect.items() if here.sha256}
    return ScaffoldReceipt(
        definition="",
        folders=tuple(dict.fromkeys((*before.folders, *planned.folders))),
        files={**before.files, **there},
        intended={p: d for p, d in planned.files.items() if before.files.get(p) != d},
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
