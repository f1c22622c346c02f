"""The step: when the page is made anew, and what `doit clean` does to it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from msgspec.structs import replace

from tasks.compare import step
from tasks.compare.clean import clean as clean_compare
from tasks.config.types import Config
from tasks.core import receipts
from tasks.core.errors import DamagedError, DiskError
from tasks.core.paths import Workspace
from tasks.core.receipts import Output, Receipt
from tasks.inference.results import MeasureReceipt
from tasks.pipeline.job import Outcome, ProjectJob, Silent
from tests.support.compared import (
    NETWORKS,
    SSD,
    built,
    comparison,
    job_of,
    leave,
    seeing,
    sight,
)


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    """A project that was measured and whose page was made."""
    made = job_of(workspace)
    leave(made, comparison(), sight())
    make(made)
    assert step.why_stale(made) is None
    return made


def make(job: ProjectJob) -> Outcome:
    return step.make(job, seeing(sight()), Silent())


def with_networks(job: ProjectJob, **changed: object) -> ProjectJob:
    networks = {**NETWORKS, SSD: replace(NETWORKS[SSD], **changed)}
    config = Config(networks=networks, projects=job.config.projects)
    return replace(job, config=config)


def test_it_tells_what_was_made(workspace: Workspace) -> None:
    job = job_of(workspace)
    leave(job, comparison(), sight())
    assert step.why_stale(job) == "never done"
    outcome = make(job)
    assert outcome.kind == "built"
    assert outcome.note == (
        "2 networks on 2 pictures, all annotated: results/cube_faces/index.html"
    )
    assert outcome.size == workspace.comparison_page("cube_faces").stat().st_size
    assert step.run(job, Silent()) == Outcome("kept")


def measured_anew(job: ProjectJob) -> None:
    job.workspace.comparison(job.name).write_bytes(msgspec.json.encode(comparison(pictures=3)))


def receipt_changed(job: ProjectJob) -> None:
    receipts.write(job.workspace.receipt("measure", job.name), MeasureReceipt(definition="other"))


def notes_changed(job: ProjectJob) -> None:
    place = job.workspace.project_notes(job.name)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"{}")


def smoke_ran(job: ProjectJob) -> None:
    built(job.workspace, SSD)


def folder_made(job: ProjectJob) -> None:
    job.workspace.training(job.name).mkdir(parents=True)


def page_removed(job: ProjectJob) -> None:
    job.workspace.comparison_page(job.name).unlink()


def page_edited(job: ProjectJob) -> None:
    job.workspace.comparison_page(job.name).write_bytes(b"mine")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (measured_anew, "comparison.json changed"),
        (receipt_changed, "measure/cube_faces.json changed"),
        (notes_changed, "projects/cube_faces.json changed"),
        (smoke_ran, f"extract/{SSD}.json changed"),
        (folder_made, "folders changed"),
        (page_removed, "index.html is missing"),
        (page_edited, "index.html was changed"),
    ],
)
def test_it_is_made_anew_when_something_changes(
    job: ProjectJob, happens: Callable[[ProjectJob], None], why: str
) -> None:
    happens(job)
    told = step.why_stale(job)
    assert told is not None
    assert told.endswith(why)
    make(job)
    assert step.why_stale(job) is None


def test_a_page_of_the_users_is_moved_aside_and_named(job: ProjectJob) -> None:
    page = job.workspace.comparison_page(job.name)
    page_edited(job)
    [line] = make(job).lines
    assert line == f"{page} was not as the build made it: yours is now index.yours.html"
    assert page.with_name("index.yours.html").read_bytes() == b"mine"
    page.write_bytes(b"mine too")
    assert "index.yours-2.html" in make(job).lines[0]
    assert page.with_name("index.yours.html").read_bytes() == b"mine"
    assert page.with_name("index.yours-2.html").read_bytes() == b"mine too"


def announced(done: Receipt) -> dict[str, Output]:
    """The outputs of a run that was killed when it had written them."""
    return {key: Output("", one.sha256) for key, one in done.outputs.items()}


def test_a_page_that_an_unfinished_run_left_is_no_users(job: ProjectJob) -> None:
    place = job.workspace.receipt("compare", job.name)
    done = receipts.read(place, Receipt)
    assert done is not None
    receipts.write(place, Receipt(definition="", outputs=announced(done)))
    measured_anew(job)
    assert make(job).lines == ()
    assert not job.workspace.comparison_page(job.name).with_name("index.yours.html").exists()


def test_what_another_project_measured_does_not_matter(job: ProjectJob) -> None:
    place = job.workspace.network_notes(SSD)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"{}")
    assert step.why_stale(job) is None


def test_so_it_is_when_the_catalogue_says_something_else(job: ProjectJob) -> None:
    changed = with_networks(job, notes=("It is slow.",))
    assert step.why_stale(changed) == "the configuration or the page's template changed"
    make(changed)
    page = job.workspace.comparison_page(job.name).read_text(encoding="utf-8")
    assert "It is slow." in page


def test_a_kill_before_the_receipt_leaves_a_page_that_is_known(job: ProjectJob) -> None:
    place = job.workspace.receipt("compare", job.name)
    done = receipts.read(place, Receipt)
    assert done is not None
    receipts.write(place, Receipt(definition="", outputs=announced(done)))
    assert step.why_stale(job) == "it was not finished"
    assert clean_compare(job.workspace, job.name, False, lambda line: None) == []
    assert not job.workspace.comparison_page(job.name).exists()


@pytest.mark.parametrize(
    ("content", "why"), [(None, "is missing"), (b"{", "can't be read"), (b"\xff", "can't be read")]
)
def test_without_a_comparison_it_says_what_to_run(
    workspace: Workspace, content: bytes | None, why: str
) -> None:
    job = job_of(workspace)
    leave(job, comparison(), sight())
    path = workspace.comparison(job.name)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        step.run(job, Silent())
    assert str(caught.value) == (
        f"results/cube_faces/comparison.json: {why}; run doit measure:cube_faces"
    )


def test_a_disk_that_does_not_take_the_page_is_one_line(job: ProjectJob) -> None:
    path = job.workspace.comparison_page(job.name)
    path.unlink()
    path.mkdir()
    with pytest.raises(DiskError):
        step.run(job, Silent())


def cleaned(job: ProjectJob) -> list[str]:
    told: list[str] = []
    assert clean_compare(job.workspace, job.name, False, told.append) == []
    return told


def test_clean_removes_the_page_and_what_stands_for_it(job: ProjectJob) -> None:
    workspace = job.workspace
    workspace.comparison(job.name).unlink()
    assert cleaned(job) == [
        "removed results/cube_faces/index.html",
        "removed .tod/receipts/compare/cube_faces.json",
    ]
    assert not (workspace.root / "results").exists()
    assert cleaned(job) == []


def test_clean_leaves_a_page_that_was_changed(job: ProjectJob) -> None:
    page_edited(job)
    assert "kept results/cube_faces/index.html: it was changed" in cleaned(job)
    assert job.workspace.comparison_page(job.name).read_bytes() == b"mine"


def test_clean_names_what_else_lies_beside_the_page(job: ProjectJob) -> None:
    job.workspace.comparison_page(job.name).with_name("notes.txt").write_text("mine")
    told = cleaned(job)
    assert told[0] == "removed results/cube_faces/index.html"
    [rest] = [line for line in told if line.startswith("kept")]
    assert rest == "kept results/cube_faces: notes.txt is not known to be made by the build"


def test_a_dry_clean_removes_nothing(job: ProjectJob) -> None:
    told: list[str] = []
    clean_compare(job.workspace, job.name, True, told.append)
    assert told[0] == "would remove results/cube_faces/index.html"
    assert job.workspace.comparison_page(job.name).exists()
