"""When the plot is stale, and what `doit plot` and `doit clean` do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tasks.config.load import load
from tasks.core import ownership, receipts
from tasks.core.errors import DiskError, UsageError
from tasks.core.paths import Workspace
from tasks.pipeline.job import Silent, WorkspaceJob
from tasks.plot import step
from tasks.plot.clean import clean
from tests.support.checkouts import check_out
from tests.support.once import once
from tests.support.projects import tree
from tests.support.shipped import ship


@pytest.fixture
def job(workspace: Workspace) -> WorkspaceJob:
    return WorkspaceJob(ship(workspace), workspace)


@pytest.fixture
def drawn(job: WorkspaceJob, tmp_path_factory: pytest.TempPathFactory) -> WorkspaceJob:
    """The job, done; drawn once for all tests."""

    def draw(folder: Path) -> Path:
        workspace = Workspace(folder)
        assert step.run(WorkspaceJob(ship(workspace), workspace), Silent()).kind == "built"
        return folder

    shutil.copytree(once(tmp_path_factory, "plot", draw), job.workspace.root, dirs_exist_ok=True)
    return job


def again(workspace: Workspace) -> WorkspaceJob:
    """The job with the configuration as it is now."""
    return WorkspaceJob(load(workspace), workspace)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_what_was_never_drawn_is_stale_and_what_was_is_not(job: WorkspaceJob) -> None:
    assert step.why_stale(job) == "never done"
    outcome = step.run(job, Silent())
    assert (outcome.kind, outcome.note) == ("built", "41 points, zoo.svg too")
    assert step.why_stale(job) is None
    assert step.run(job, Silent()).kind == "kept"


def test_drawn_twice_the_files_are_the_same(drawn: WorkspaceJob) -> None:
    before = tree(drawn.workspace.root / "results")
    for path in (drawn.workspace.plot("png"), drawn.workspace.receipt("plot", "zoo")):
        path.unlink()
    step.run(drawn, Silent())
    assert tree(drawn.workspace.root / "results") == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("zoo.toml", "speed_ms = 70", "speed_ms = 71"),
        ("zoo.toml", "map_boxes = 41.9", "map_boxes = 40.9"),
        ("zoo.toml", 'title = "CenterNet HourGlass104 512x512"', 'title = "Other"'),
        ("workspace.toml", "faster_rcnn_resnet50", "faster_rcnn_resnet101"),
    ],
)
def test_another_figure_title_or_choice_makes_it_stale(
    drawn: WorkspaceJob, file: str, old: str, new: str
) -> None:
    edit(drawn.workspace.config / file, old, new)
    why = step.why_stale(again(drawn.workspace))
    assert why == "the catalogue or the workspace's networks changed"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("zoo.toml", "size = 204067969", "size = 204067970"),
        ("zoo.toml", "person = 1", "human = 1"),
        ("workspace.toml", '["one", "two"]', '["one"]'),
    ],
)
def test_what_is_not_drawn_does_not(drawn: WorkspaceJob, file: str, old: str, new: str) -> None:
    edit(drawn.workspace.config / file, old, new)
    assert step.why_stale(again(drawn.workspace)) is None


@pytest.mark.parametrize("kind", step.KINDS)
def test_a_missing_or_changed_picture_makes_it_stale_and_is_mended(
    drawn: WorkspaceJob, kind: str
) -> None:
    path = drawn.workspace.plot(kind)
    whole = path.read_bytes()
    path.unlink()
    assert step.why_stale(drawn) == f"results/zoo.{kind} is missing"
    path.write_bytes(b"mine")
    assert step.why_stale(drawn) == f"results/zoo.{kind} was changed"
    outcome = step.run(drawn, Silent())
    assert path.read_bytes() == whole
    assert path.with_name(f"zoo.yours.{kind}").read_bytes() == b"mine"
    assert outcome.lines == (f"{path} was not as the build made it: yours is now zoo.yours.{kind}",)


def test_a_picture_that_was_there_before_the_first_run_is_moved_aside(job: WorkspaceJob) -> None:
    path = job.workspace.plot("png")
    path.parent.mkdir()
    path.write_bytes(b"mine")
    assert len(step.run(job, Silent()).lines) == 1
    assert path.with_name("zoo.yours.png").read_bytes() == b"mine"


def test_another_matplotlib_makes_it_stale(
    drawn: WorkspaceJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "matplotlib_version", lambda: "99")
    assert step.why_stale(drawn) == "another matplotlib is installed"


def test_without_matplotlib_it_is_told_how_to_get_it(
    job: WorkspaceJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "matplotlib_version", lambda: "")
    with pytest.raises(UsageError, match="matplotlib is not installed; `pip install"):
        step.run(job, Silent())


def test_a_run_that_was_killed_is_known_by_its_receipt(
    job: WorkspaceJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(path: Path, content: bytes) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(ownership, "write_if_changed", die)
    with pytest.raises(KeyboardInterrupt):
        step.run(job, Silent())
    assert step.why_stale(job) == "it was not finished"


def test_a_run_that_was_killed_makes_no_users_files(
    drawn: WorkspaceJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(drawn.workspace.config / "zoo.toml", "speed_ms = 70", "speed_ms = 71")
    job, results = again(drawn.workspace), drawn.workspace.plot("png").parent
    with monkeypatch.context() as killed:
        killed.setattr(ownership, "write_if_changed", lambda path, content: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            step.run(job, Silent())
    assert step.run(job, Silent()).lines == ()
    assert sorted(tree(results)) == ["zoo.png", "zoo.svg"]


def test_a_place_that_is_taken_is_told(job: WorkspaceJob) -> None:
    job.workspace.plot("png").mkdir(parents=True)
    with pytest.raises(DiskError, match="plot:zoo: is a directory"):
        step.run(job, Silent())


def test_clean_removes_what_was_drawn_and_nothing_else(drawn: WorkspaceJob) -> None:
    workspace, told = drawn.workspace, list[str]()
    (workspace.root / "results/mine.txt").write_text("mine")
    before = tree(workspace.root)
    assert clean(workspace, "zoo", True, told.append) == []
    assert tree(workspace.root) == before
    assert told == [
        "would remove results/zoo.png",
        "would remove results/zoo.svg",
        "would remove .tod/receipts/plot/zoo.json",
    ]
    assert clean(workspace, "zoo", False, told.append) == []
    assert list(tree(workspace.root / "results")) == ["mine.txt"]
    assert not workspace.receipt("plot", "zoo").parent.exists()


def test_clean_keeps_a_picture_that_was_changed(drawn: WorkspaceJob) -> None:
    told = list[str]()
    drawn.workspace.plot("png").write_bytes(b"mine")
    clean(drawn.workspace, "zoo", False, told.append)
    assert "kept results/zoo.png: it was changed" in told
    assert list(tree(drawn.workspace.root / "results")) == ["zoo.png"]


def test_clean_follows_no_link(drawn: WorkspaceJob, tmp_path: Path) -> None:
    path = drawn.workspace.plot("png")
    path.rename(tmp_path / "elsewhere.png")
    path.symlink_to(tmp_path / "elsewhere.png")
    clean(drawn.workspace, "zoo", False, lambda line: None)
    assert (tmp_path / "elsewhere.png").exists()


def test_doit_plots_once_and_cleans_all(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    before = set(checkout.files())
    first = checkout.doit("plot")
    assert first.code == 0, first.said
    assert first.out.startswith("built      plot:zoo: 41 points, zoo.svg too, ")
    assert "look at:   results/zoo.png" in first.out
    assert checkout.doit("plot").out == "nothing to do: everything is up to date\n"
    assert checkout.doit("clean", "-n", "plot").out.count("results/zoo.png") == 1
    assert checkout.doit("clean").code == 0
    assert set(checkout.files()) == before


def test_a_read_only_results_folder_is_one_line(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    (checkout.root / "results").write_text("in the way")
    done = checkout.doit("plot")
    assert done.code == 1
    assert "Traceback" not in done.said
    [line] = done.err.splitlines()
    assert line.startswith("failed     plot:zoo: ")


def test_a_receipt_that_is_no_receipt_is_made_anew(drawn: WorkspaceJob) -> None:
    path = drawn.workspace.receipt("plot", "zoo")
    path.write_bytes(os.urandom(64))
    assert step.why_stale(drawn) == "never done"
    step.run(drawn, Silent())
    assert receipts.read(path, step.PlotReceipt) is not None
