"""A training on the page: its curves, the network before and after it, the worst pictures first."""

from __future__ import annotations

from tasks.compare import step
from tasks.core.paths import Workspace
from tasks.inference.results import Comparison, Detection, PictureDetections, Result
from tasks.pipeline.job import ProjectJob
from tests.support.compared import (
    EXPORT,
    SSD,
    accuracy,
    comparison,
    figures,
    job_of,
    make,
    measured,
    sight,
    trained,
)
from tests.support.html import Element, data_of, label_of, parse

HERE, AWAY = (0.1, 0.1, 0.5, 0.5), (0.6, 0.6, 0.9, 0.9)
ONE, WRONG = Detection("one", 0.9, HERE), Detection("two", 0.8, AWAY)


def seen(
    name: str, before: tuple[Detection, ...], after: tuple[Detection, ...]
) -> PictureDetections:
    """A picture on which `one` is annotated, here."""
    return sight(name, found={SSD: before, EXPORT: after})


GOOD, BAD, WORST = (
    seen("a.png", (ONE,), (ONE,)),
    seen("b.png", (), (ONE, WRONG)),
    seen("c.png", (ONE,), (Detection("two", 0.9, HERE),)),
)


def left(**fields: object) -> Comparison:
    after = measured(EXPORT, accuracy=accuracy(0.9), figures=figures(0.011), found=5)
    return comparison(measured(SSD, accuracy=accuracy(0.6)), after, pictures=3, **fields)


def page(workspace: Workspace, *sights: PictureDetections) -> Element:
    return parse(make(trained(job_of(workspace, SSD)), left(), *(sights or (GOOD, BAD, WORST))))


def names(root: Element) -> list[str]:
    return [one.one("h3").one("bdi").text for one in root.all("article", class_="picture")]


def tables(root: Element) -> dict[str, list[list[str]]]:
    """caption → the text of each cell, by row."""
    return {
        table.one("caption").text: [
            [cell.text for cell in row.all() if cell.name in ("th", "td")]
            for row in table.one("tbody").all("tr")
        ]
        for table in root.one("section", id="training").all("table")
    }


def test_a_project_without_a_training_has_nothing_of_it(workspace: Workspace) -> None:
    root = parse(make(job_of(workspace), comparison(), sight("b.png"), sight("a.png")))
    assert not root.all(id="training")
    assert not root.all(id="order")
    assert not root.all("span", class_="f1")
    assert "F1" not in root.one("section", id="method").text
    assert names(root) == ["b.png", "a.png"]
    assert set(data_of(root)["pictures"][0]) == {"expected", "boxes"}


def test_a_training_stands_behind_the_figures(workspace: Workspace) -> None:
    root = page(workspace)
    links = [link.attributes["href"] for link in root.one("nav").all("a")]
    assert links[1:4] == ["#figures", "#training", "#pictures"]
    part = root.one("article", class_="training")
    assert part.one("h3").text == "SSD Small 320x320, fine-tuned"
    assert "80; the weights of step 60 were kept" in part.text
    assert "learned from 48 pictures, measured on 12 pictures held out" in part.text
    charts = [label_of(one) for one in part.all("svg", role="img")]
    assert [one.partition(".")[0] for one in charts] == [
        "Loss",
        "mAP on the pictures held out",
        "Learning rate",
    ]
    assert part.text.count("best: step 60") == 3
    history = tables(root)["History of the training"]
    assert [row[0] for row in history][-3:] == ["60 (best)", "70", "80"]


def test_before_and_after_stand_side_by_side_with_their_difference(workspace: Workspace) -> None:
    found = tables(page(workspace))
    assert found["Before and after"] == [
        ["mAP@[.5:.95]", "60.0 %", "90.0 %", "+30.0 points"],
        ["mAP@0.5", "71.0 %", "100.0 %", "+29.0 points"],
        ["Found", "3", "5", "+2"],
        ["Latency (median)", "12.3 ms", "11.0 ms", "−1.30 ms"],
    ]
    assert found["Average precision by label"][0] == [
        *("one", "59.0 %", "89.0 %", "+30.0 points"),
        *("70.0 %", "100.0 %", "+30.0 points", "12"),
    ]


def test_what_was_taken_for_what_is_counted_and_the_rule_is_told(workspace: Workspace) -> None:
    root = page(workspace)
    found = tables(root)
    assert found["After: annotated (rows) and found (columns)"] == [
        ["one", "2", "1", "0"],
        ["no box there", "0", "1", ""],
    ]
    told = root.one("section", id="training").text
    assert "detections of score 0.50 or more, the best first" in told
    assert "whatever its label, if their intersection over union is 0.5 or more" in told


def test_the_worst_pictures_come_first_and_the_order_can_be_changed(workspace: Workspace) -> None:
    root = page(workspace)
    assert names(root) == ["c.png", "b.png", "a.png"]
    options = root.one("select", id="order").all("option")
    assert [one.text for one in options] == [
        "worst first, after training",
        "worst first, before training",
        "by name",
    ]
    assert ["selected" in one.attributes for one in options] == [True, False, False]
    assert [(one["place"], one["f1"]) for one in data_of(root)["pictures"]] == [
        (2, [0.0, 1.0]),
        (1, [2 / 3, 0.0]),
        (0, [1.0, 1.0]),
    ]
    assert [one.text for one in root.all("span", class_="f1")][:4] == [
        "F1 1.00 at score 0.50",
        "F1 0.00 at score 0.50",
        "F1 0.00 at score 0.50",
        "F1 0.67 at score 0.50",
    ]
    assert "2 × right / (2 × right + wrong + missed)" in root.one("section", id="method").text


def test_of_many_pictures_the_worst_are_shown(workspace: Workspace) -> None:
    good = [seen(f"{number:03}.png", (ONE,), (ONE,)) for number in range(100)]
    bad = [seen(f"{number:03}.png", (ONE,), ()) for number in range(100, 110)]
    root = page(workspace, *good, *bad)
    assert names(root)[:11] == [*(one.name for one in bad), "000.png"]
    assert (
        "60 of 110 pictures, those on which the F1 of SSD Small 320x320, fine-tuned is lowest"
        in root.one("section", id="pictures").text
    )


def test_a_picture_without_annotations_is_last(workspace: Workspace) -> None:
    unknown = sight("0.png", truth=None, found={SSD: (ONE,), EXPORT: (ONE,)})
    root = page(workspace, unknown, GOOD, WORST)
    assert names(root) == ["c.png", "a.png", "0.png"]
    assert data_of(root)["pictures"][2]["f1"] == [None, None]


def test_an_export_that_is_not_judged_leaves_the_order_and_the_curves(workspace: Workspace) -> None:
    absent = Result(network=EXPORT, status="deferred", why="no host can be reached")
    job = trained(job_of(workspace, SSD))
    root = parse(make(job, comparison(measured(SSD), absent), sight("b.png"), sight("a.png")))
    assert names(root) == ["b.png", "a.png"]
    assert not root.all(id="order")
    part = root.one("article", class_="training")
    assert len(part.all("svg", role="img")) == 3
    assert part.all("dd")[-1].text == "none: no host can be reached"


def test_a_network_that_was_not_taught_the_labels_before_is_compared_as_far_as_it_goes(
    workspace: Workspace,
) -> None:
    before = measured(SSD, accuracy=None, unscored="it was not taught one")
    both = comparison(before, measured(EXPORT, accuracy=accuracy(0.9)), pictures=3)
    root = parse(make(trained(job_of(workspace, SSD)), both, GOOD, BAD, WORST))
    found = tables(root)
    assert found["Before and after"][0] == ["mAP@[.5:.95]", "–", "90.0 %", "–"]
    assert found["Average precision by label"][0][1:4] == ["–", "89.0 %", "–"]
    assert [one for one in found if "annotated (rows)" in one] == [
        "After: annotated (rows) and found (columns)"
    ]
    told = root.one("article", class_="training").one("dl")
    assert told.all("dt")[-1].text == "mAP before"
    assert told.all("dd")[-1].text == "none: it was not taught one"
    assert names(root) == ["c.png", "b.png", "a.png"]
    assert len(root.one("select", id="order").all("option")) == 2


def test_a_history_that_is_damaged_or_gone_leaves_the_comparison(workspace: Workspace) -> None:
    job = trained(job_of(workspace, SSD))
    path = workspace.training_results(f"{job.name}:{SSD}") / "history.csv"
    for content in (b"\xff", b"not,a,history\n", b"time,step\nx,y\n", None):
        path.unlink() if content is None else path.write_bytes(content)
        part = parse(make(job, left(), GOOD)).one("article", class_="training")
        assert not part.all("svg", role="img")
        assert "Before and after" in part.text


def test_a_training_of_another_workspace_has_no_facts_but_its_name(workspace: Workspace) -> None:
    job = trained(job_of(workspace, SSD))
    workspace.receipt("train", f"{job.name}:{SSD}").unlink()
    part = parse(make(job, left(), GOOD)).one("article", class_="training")
    assert [one.text for one in part.all("dt")] == ["Before"]
    assert "best" not in part.text


def test_it_is_made_anew_when_a_training_went_on(workspace: Workspace) -> None:
    job: ProjectJob = trained(job_of(workspace, SSD))
    make(job, left(), GOOD)
    assert step.why_stale(job) is None
    name = f"{job.name}:{SSD}"
    for path in (
        workspace.training_results(name) / "history.csv",
        workspace.receipt("train", name),
    ):
        path.write_bytes(path.read_bytes() + b"\n")
        told = step.why_stale(job)
        assert told is not None
        assert path.name in told
        make(job, left(), GOOD)
        assert step.why_stale(job) is None
