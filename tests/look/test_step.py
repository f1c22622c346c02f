"""The page about a project's pictures: what stands on it, and when it is made anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tasks.compare.clean import clean as clean_comparison
from tasks.config.types import Config, Network
from tasks.core.paths import Workspace
from tasks.look import clean, step
from tasks.look.dataset import OVERLAPPING, overlaps
from tasks.look.gallery import MOST, choice
from tasks.pages.boxes import overlap
from tasks.pipeline.job import Outcome, ProjectJob, Silent
from tests.support.annotated import fill, picture, proposed, xml
from tests.support.html import Element, parse
from tests.support.projects import TAILORED, project_job, scaffold


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    """A scaffolded project with annotated pictures: a, b to train with and c to test with."""
    made = project_job(workspace)
    scaffold(made)
    fill(images(made), ("a", "b"))
    fill(images(made, "test"), ("c",), ("two", 3, 4, 50, 40), shade=9)
    return made


def images(job: ProjectJob, split: str = "train") -> Path:
    return job.workspace.images(job.name, split)


def run(job: ProjectJob) -> Outcome:
    return step.run(job, Silent())


def page(job: ProjectJob) -> Element:
    run(job)
    return parse(job.workspace.data_page(job.name).read_text(encoding="utf-8"))


def pictures(job: ProjectJob) -> dict[str, Element]:
    return {one.one("h3").text: one for one in page(job).all("article")}


def test_it_counts_and_shows_all_that_there_is(job: ProjectJob) -> None:
    outcome = run(job)
    assert outcome.kind == "built"
    assert outcome.note.startswith("3 pictures with 3 boxes of 2 labels: results/")
    made = page(job)
    (labels, sizes) = made.one(id="labels").all("table")
    assert [row.text for row in labels.one("tbody").all("tr")] == ["one 2 0 2", "two 0 1 1"]
    assert len(sizes.one("tbody").all("tr")) == 3
    assert set(pictures(job)) == {"train/a.png", "train/b.png", "test/c.png"}


def test_it_is_made_anew_only_when_something_changed(job: ProjectJob) -> None:
    run(job)
    assert step.why_stale(job) is None
    assert run(job) == Outcome("kept")
    (images(job) / "a.xml").write_bytes(xml(("two", 1, 2, 30, 40), filename="a.png"))
    assert step.why_stale(job) == "the pictures changed"
    assert run(job).kind == "built"


def test_a_fault_stands_beside_its_picture_which_comes_first(job: ProjectJob) -> None:
    (images(job, "test") / "c.xml").write_bytes(xml(("two", 3, 4, 500, 40), size=(64, 57)))
    shown = pictures(job)
    assert next(iter(shown)) == "test/c.png"
    assert "the box leaves the picture" in shown["test/c.png"].text
    assert "the box leaves the picture" in page(job).one(id="doctor").text


def test_a_picture_that_can_not_be_read_is_told_and_has_its_place(job: ProjectJob) -> None:
    (images(job) / "b.png").write_bytes(b"no picture")
    shown = pictures(job)["train/b.png"]
    assert "b.png:" in shown.one("ul", class_="notes").text
    assert shown.one("svg", class_="view").one("text", class_="missing-text").text


def test_pictures_that_are_there_twice_name_one_another(job: ProjectJob) -> None:
    (images(job) / "z.png").write_bytes((images(job) / "a.png").read_bytes())
    assert "the same picture as train/a.png" in pictures(job)["train/z.png"].text


def test_two_boxes_on_one_object_are_told(job: ProjectJob) -> None:
    boxes = (("one", 1, 2, 30, 40), ("one", 1, 2, 30, 41))
    (images(job) / "a.xml").write_bytes(xml(*boxes, filename="a.png"))
    assert (
        "two boxes lie on one another, of one: one object twice?"
        in pictures(job)["train/a.png"].text
    )
    assert "1 pair of boxes overlap by half or more, on 1 picture." in page(job).text


def test_what_nobody_confirmed_is_told(job: ProjectJob) -> None:
    (images(job) / "a.xml").write_bytes(proposed(("one", 1, 2, 30, 40)))
    assert "proposed by net, and nobody confirmed it" in pictures(job)["train/a.png"].text
    (labels, _) = page(job).one(id="labels").all("table")
    assert [row.text for row in labels.one("tbody").all("tr")] == ["one 1 0 1", "two 0 1 1"]


def test_boxes_are_held_against_the_anchors_of_each_network(job: ProjectJob) -> None:
    network = Network(name="net", sources=("net.tar.gz",))
    project = replace(job.project, networks=("net",))
    config = Config(networks={"net": network}, projects={job.name: project})
    job = replace(job, config=config, project=project)
    row = page(job).one(id="networks").one("tbody").one("tr")
    assert "not here yet" in row.text
    path = job.workspace.training(job.name, "net") / "pipeline.config"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(TAILORED)
    assert step.why_stale(job) is not None
    assert "not here yet" not in page(job).one(id="networks").one("tbody").one("tr").text


def test_a_project_without_pictures_has_a_page_that_says_so(workspace: Workspace) -> None:
    job = project_job(workspace)
    scaffold(job)
    assert run(job).note.startswith("0 pictures with 0 boxes of 0 labels")
    assert "no pictures in" in page(job).one(id="doctor").text


def test_no_label_and_no_name_can_do_harm(job: ProjectJob) -> None:
    hostile = "<script>alert(1)</script>"
    escaped = hostile.replace("<", "&lt;").replace(">", "&gt;")
    (images(job) / "a.xml").write_bytes(xml((escaped, 1, 2, 30, 40), filename="a.png"))
    (images(job) / "it's <b>.png").write_bytes(picture(size=(31, 31)))
    made = page(job)
    assert not made.all("b")
    assert len(made.all("script")) == 2
    assert hostile in made.text


def test_clean_removes_it_unless_it_was_edited(job: ProjectJob) -> None:
    run(job)
    path, said = job.workspace.data_page(job.name), list[str]()
    path.write_text("mine")
    assert clean.clean(job.workspace, job.name, False, said.append) == []
    assert path.read_text() == "mine"
    path.unlink()
    run(job)
    assert clean.clean(job.workspace, job.name, False, said.append) == []
    assert not path.exists()


def test_of_too_many_pictures_some_that_lie_apart_are_shown(job: ProjectJob) -> None:
    from tasks.look.dataset import PictureFacts

    many = [
        (PictureFacts(Path(f"{n:04}.png"), "train", "", None, (), (), False, False, 0), "")
        for n in range(1000)
    ]
    many[700] = (
        PictureFacts(Path("0700.png"), "train", "", None, (), ("bad",), True, False, 0),
        "",
    )
    chosen = [one.path.name for one, _ in choice(many)]
    assert len(chosen) == MOST
    assert chosen[0] == "0700.png"
    assert chosen[1:] == sorted(chosen[1:])
    assert chosen[-1] > "0980"


def test_overlap_is_of_the_area_that_both_cover() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1.0
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0
    assert overlap((5, 5, 5, 5), (5, 5, 5, 5)) == 0.0
    assert OVERLAPPING == 0.5
    assert list(overlaps(())) == []


def test_cleaning_the_comparison_does_not_call_it_unknown(job: ProjectJob) -> None:
    run(job)
    curve = job.workspace.training_results(f"{job.name}:net") / "curve.png"
    curve.parent.mkdir(parents=True)
    curve.write_bytes(b"drawn")
    said = list[str]()
    assert clean_comparison(job.workspace, job.name, False, said.append) == []
    assert not any("data.html" in line or "curve" in line for line in said), said
