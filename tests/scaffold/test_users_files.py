"""Whatever a user does in a project, between whatever the build does: no file of theirs is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.annotations.label_map import label_map
from tasks.core.errors import DamagedError, UserFilesError
from tasks.core.paths import Cache, Workspace
from tasks.core.receipts import read
from tasks.extract.clean import clean as clean_extract
from tasks.pipeline.job import Silent
from tasks.pipeline.receipts import ScaffoldReceipt
from tasks.scaffold import step
from tasks.scaffold.clean import clean as clean_scaffold
from tasks.scaffold.files import digest_of
from tasks.wiring import clean
from tests.support.projects import PIPELINE, install, project_job

LABELS = (("one", "two"), ("one", "two", "three"))
NETWORKS: tuple[tuple[str, ...], ...] = ((), ("a",), ("a", "b"))
MAPS = ("label_map.pbtxt", "label_map.txt")
CONFIGS = (PIPELINE, b"model {}\n", PIPELINE.replace(b"COCO", b"Pets"))
# What a user may write: among it just what scaffold writes, so that the two are easily confused.
CONTENTS = [
    b"",
    b"mine",
    *CONFIGS,
    *(label_map({n: i for i, n in enumerate(names, 1)}) for names in LABELS),
]
PLACES = [
    "cube_faces",
    "cube_faces/images",
    "cube_faces/images/train/a.png",
    "cube_faces/images/train/a.xml",
    "cube_faces/training/train.record",
    *(f"cube_faces/training/{name}" for name in MAPS),
    *(f"cube_faces/training/{n}/pipeline.config" for n in "ab"),
    "cube_faces/training/a",
    "cube_faces/training/a/checkpoint1/ckpt-1.index",
    "cube_faces/notes/deep/x",
    "pre-trained/a/pipeline.config",
    "pre-trained/a/notes.txt",
    "pre-trained/mine/x",
    "results/a/notes.txt",
    ".tod/notes.txt",
]


@dataclass
class Life:
    """A workspace, and what the user holds to be theirs: path → content."""

    workspace: Workspace
    networks: tuple[str, ...] = ()
    labels: tuple[str, ...] = LABELS[0]
    label_map: str = MAPS[0]
    theirs: dict[str, bytes] = field(default_factory=dict)

    def write(self, place: str, content: bytes) -> None:
        """The user writes a file, where the file system allows it."""
        path = self.workspace.root / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:
            return
        self.theirs[place] = content
        if digest_of(content) in self.ours(place):
            del self.theirs[place]  # they put back what we had made: nothing of theirs is in it

    def ours(self, place: str) -> set[str]:
        receipt = read(self.workspace.receipt("scaffold", "cube_faces"), ScaffoldReceipt)
        ours = receipt.output(place).written if receipt else set()
        return ours | (
            {digest_of(c) for c in CONFIGS} if place.startswith("pre-trained") else set()
        )

    def delete(self, place: str) -> None:
        path = self.workspace.root / place
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        for key in [key for key in self.theirs if key == place or key.startswith(f"{place}/")]:
            del self.theirs[key]

    def scaffold(self) -> None:
        job = project_job(
            self.workspace, *self.networks, labels=self.labels, label_map=self.label_map
        )
        try:
            step.run(job, Silent())
        except (UserFilesError, DamagedError):
            return
        assert step.why_stale(job) is None

    def install(self, name: str, content: bytes) -> None:
        """Extraction has its own way with the user's files; here it only comes to a free place."""
        if not any(key.startswith(f"pre-trained/{name}/pipeline") for key in self.theirs):
            install(self.workspace, name, {"pipeline.config": content})

    def clean(self, what: str) -> None:
        place, tell = self.workspace, lambda line: None
        if what == "project":
            assert clean_scaffold(place, "cube_faces", False, tell) == []
        elif what == "rest":
            cache = Cache(place.root / "cache")
            assert clean.clean_rest(place, cache, (), (), False, tell) == []
        else:
            assert clean_extract(place, what, False, tell) == []

    def lose_receipts(self) -> None:
        shutil.rmtree(self.workspace.state / "receipts", ignore_errors=True)

    def check(self) -> None:
        for place, content in self.theirs.items():
            assert (self.workspace.root / place).read_bytes() == content, place


@pytest.fixture(autouse=True, scope="module")
def quick_disk() -> Iterator[None]:
    """What these tests look at does not depend on the disk being waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


Deed = Callable[[Life], object]


def deeds() -> st.SearchStrategy[Deed]:
    write = st.builds(
        lambda p, c: lambda life: life.write(p, c),
        st.sampled_from(PLACES),
        st.one_of(st.sampled_from(CONTENTS), st.binary(max_size=20)),
    )
    named = st.sampled_from
    configure = st.builds(
        lambda n, x, m: lambda life: vars(life).update(networks=n, labels=x, label_map=m),
        named(NETWORKS),
        named(LABELS),
        named(MAPS),
    )
    return st.one_of(
        write,
        st.builds(lambda p: lambda life: life.delete(p), named(PLACES)),
        configure,
        st.just(Life.scaffold),
        st.builds(lambda n, c: lambda life: life.install(n, c), named("ab"), named(CONFIGS)),
        st.builds(lambda w: lambda life: life.clean(w), named(["project", "rest", "a"])),
        st.just(Life.lose_receipts),
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(deeds(), st.booleans()), max_size=14))
def test_no_file_of_the_users_is_ever_changed_or_removed(story: list[tuple[Deed, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Workspace(Path(folder)))
        for deed, then_scaffold in story:
            deed(life)
            life.check()
            if then_scaffold:
                life.scaffold()
                life.check()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(CONTENTS)), max_size=8))
def test_scaffold_and_clean_leave_a_users_tree_as_it_was(files: list[tuple[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Workspace(Path(folder)), networks=("a", "b"))
        for place, content in files:
            life.write(place, content)
        before = _tree(life.workspace)
        life.scaffold()
        life.clean("project")
        assert _tree(life.workspace) == before


def _tree(workspace: Workspace) -> list[tuple[str, bytes | None]]:
    found: list[tuple[str, bytes | None]] = []
    for path in sorted(workspace.root.rglob("*")):
        key = path.relative_to(workspace.root).as_posix()
        if key.partition("/")[0] != ".tod":
            found.append((key, None if path.is_dir() else path.read_bytes()))
    return found


def test_the_places_are_such_that_scaffold_can_get_through() -> None:
    """The properties above would hold of a scaffold that always failed."""
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Workspace(Path(folder)), networks=("a",))
        life.install("a", PIPELINE)
        life.write("cube_faces/images/train/a.png", b"mine")
        life.scaffold()
        assert os.listdir(life.workspace.training("cube_faces", "a")) == ["pipeline.config"]
