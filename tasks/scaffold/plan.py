"""What to do in a project, decided without doing any of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct, field

from tasks.core.path_state import PathState, is_below
from tasks.core.text import printable
from tasks.pipeline.receipts import ScaffoldReceipt

NOTHING = PathState("nothing")


class Wanted(Struct, frozen=True):
    """What a project should have; paths are relative to the workspace, with `/`.

    Attributes:
        folders: parents first.
        files: path → content; None if it can't be known yet (its network is not here).
    """

    folders: tuple[str, ...]
    files: Mapping[str, bytes | None]


class Merge(Struct, frozen=True):
    """What becomes of a file that the user edited, if it is still the one that was read.

    Attributes:
        sha256: of the file that was read.
        content: the same with the values that are ours brought up to date.
    """

    sha256: str
    content: bytes


class Plan(Struct, frozen=True):
    """What to do, in this order.

    Attributes:
        make: folders to make, parents first.
        write: path → content.
        expect: path → what must still stand there when it is written or removed.
        drop: files of ours that are wanted no more.
        drop_folders: folders of ours that are wanted no more, children first; go only if empty.
        merged: the paths among `write` whose file is the user's, and stays theirs.
        folders, files: what the receipt holds afterwards, if all goes well.
        kept: what stays because it is the user's, one sentence each.
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
    kept: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)

    @property
    def changes_something(self) -> bool:
        return bool(self.make or self.write or self.drop or self.drop_folders)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def trusted(receipt: ScaffoldReceipt | None, project: str) -> ScaffoldReceipt:
    """The receipt without any path that scaffold can't have made for this project.

    Files lie below `<project>/training` and nowhere else, so no receipt, however damaged, can
    claim a picture or an annotation.
    """
    if receipt is None:
        return ScaffoldReceipt(definition="")
    training = f"{project}/training"
    return ScaffoldReceipt(
        status=receipt.status,
        definition=receipt.definition,
        inputs=receipt.inputs,
        folders=tuple(f for f in receipt.folders if f == project or is_below(project, f)),
        outputs={p: one for p, one in receipt.outputs.items() if is_below(training, p)},
        values=receipt.values,  # they are compared, and never lead to a file by themselves
        intended_values=receipt.intended_values,
        refused=receipt.refused,
        edited=receipt.edited,
    )


def plan(
    wanted: Wanted,
    seen: Mapping[str, PathState],
    receipt: ScaffoldReceipt,
    merges: Mapping[str, Merge] | None = None,
) -> Plan:
    """Decide; `seen` holds what stands at each path of `wanted` and of the (trusted) `receipt`."""
    made = Plan()
    for path in wanted.folders:
        _plan_folder(made, path, seen.get(path, NOTHING), receipt)
    for path, content in wanted.files.items():
        here, merge = seen.get(path, NOTHING), (merges or {}).get(path)
        if merge is not None and here.sha256 == merge.sha256 and not here.link:
            _plan_merge(made, path, merge, here, receipt)
        else:
            _plan_file(made, path, content, here, receipt)
    for path in sorted(receipt.outputs.keys() - wanted.files.keys()):
        _plan_farewell(made, path, seen.get(path, NOTHING), receipt)
    for path in sorted(set(receipt.folders) - set(wanted.folders), reverse=True):
        here = seen.get(path, NOTHING)
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
    made: Plan, path: str, merge: Merge, here: PathState, receipt: ScaffoldReceipt
) -> None:
    """The user's file gets our values, and stays theirs: it is not noted as what we wrote."""
    if before := receipt.output(path).sha256:
        made.files[path] = before
    if digest_of(merge.content) != here.sha256:
        made.write[path], made.expect[path] = merge.content, here
        made.merged.add(path)


def _plan_file(
    made: Plan, path: str, content: bytes | None, here: PathState, receipt: ScaffoldReceipt
) -> None:
    written = receipt.output(path).written
    if here.kind in ("folder", "other"):
        made.blocked.append(f"{printable(path)} must be a file, and something else is there")
    elif content is not None and (here.kind == "nothing" or here.is_ours(written)):
        made.files[path] = digest_of(content)
        if here.sha256 != made.files[path]:
            made.write[path], made.expect[path] = content, here
    elif here.kind == "file":
        _leave_file(made, path, content, here, receipt)


def _leave_file(
    made: Plan, path: str, content: bytes | None, here: PathState, receipt: ScaffoldReceipt
) -> None:
    """The user's file, or one of ours that can't be made anew now; what we last wrote stays noted,
    so that a later run can tell whether it has anything new to offer."""
    written = receipt.output(path).written
    if here.is_ours(written):
        made.files[path] = here.sha256
    elif before := receipt.output(path).sha256:
        made.files[path] = before
    if content is not None and digest_of(content) not in {here.sha256, *written}:
        made.kept.append(
            f"{printable(path)} is yours and stays as it is; remove it to have it made anew"
        )


def _plan_farewell(made: Plan, path: str, here: PathState, receipt: ScaffoldReceipt) -> None:
    """A file that we wrote and that is wanted no more."""
    if here.kind == "nothing":
        return
    if here.is_ours(receipt.output(path).written) and not here.via_link:
        made.drop.append(path)
        made.expect[path] = here
    else:
        made.kept.append(f"{printable(path)} is wanted no more, but is yours and stays")
