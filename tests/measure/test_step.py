"""What is measured, what is not measured again, and what is told of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tasks.core import receipts
from tasks.core.errors import AnnotationsError, BrokenNetworkError, DiskError
from tasks.core.paths import SPLITS, Workspace
from tasks.inference import results
from tasks.inference.results import (
    Comparison,
    Detection,
    GroundTruth,
    MeasureReceipt,
    NetworkMeasurements,
    detections,
)
from tasks.measure import running, step
from tasks.measure.project_pictures import read_pictures
from tasks.pipeline.job import ProjectJob, Silent
from tasks.pipeline.receipts import receipt_of
from tests.measure.conftest import FOUND, StandIn, project_of
from tests.support.annotated import fill, picture, proposed, turned, xml
from tests.support.projects import defer, install, project_job


def compared(job: ProjectJob) -> Comparison:
    """Run the step; what stands in comparison.json then."""
    assert step.run(job, Silent()).kind == "built"
    return msgspec.json.decode(job.workspace.comparison(job.name).read_bytes(), type=Comparison)


def test_a_network_is_judged_by_the_annotations(job: ProjectJob) -> None:
    comparison = compared(job)
    (result,) = comparison.results
    assert (comparison.pictures, comparison.annotated, comparison.drawn) == (2, 2, False)
    assert (result.status, result.found) == ("measured", 2)
    assert result.accuracy is not None
    assert result.accuracy.map_50 == pytest.approx(1.0)
    assert [one.label for one in result.accuracy.classes] == ["one"]
    assert result.size == sum(
        path.stat().st_size for path in job.workspace.network("net").rglob("*") if path.is_file()
    )


def test_done_once_there_is_nothing_to_do(job: ProjectJob, stand_in: StandIn) -> None:
    step.run(job, Silent())
    assert step.why_stale(job) is None
    assert step.run(job, Silent()).kind == "kept"
    assert len(stand_in.requests) == 1


def test_one_more_network_is_one_more_networks_work(job: ProjectJob, stand_in: StandIn) -> None:
    step.run(job, Silent())
    more = project_of(job.workspace, "net", "other")
    assert step.why_stale(more) == "its networks, its labels or how they are called changed"
    assert [one.network for one in compared(more).results] == ["net", "other"]
    assert [name for name, _ in stand_in.requests] == ["net", "other"]


def test_one_more_picture_is_one_more_pictures_work(job: ProjectJob, stand_in: StandIn) -> None:
    step.run(job, Silent())
    fill(job.workspace.images(job.name, "test"), ["z"], shade=9)
    assert step.why_stale(job) == "the test pictures changed"
    assert compared(job).pictures == 3
    assert stand_in.pictures["net"] == ["a.png", "b.png", "z.png"]


def test_a_new_picture_is_not_read_to_know_that_there_is_work(
    job: ProjectJob, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.measure.project_pictures.SCENES", 2)
    for split in SPLITS:
        for path in job.workspace.images(job.name, split).glob("*"):
            path.unlink()
    images, noted = job.workspace.all_images(job.name), job.workspace.shared_out(job.name)
    images.mkdir(parents=True, exist_ok=True)
    fill(images, ("a", "b"))
    step.run(job, Silent())
    before = noted.read_bytes()
    assert step.why_stale(job) is None
    fill(images, ("c",), shade=9)
    assert step.why_stale(job) == "the test pictures changed"
    assert noted.read_bytes() == before


def test_a_picture_that_another_project_shares_is_not_run_again(
    job: ProjectJob, stand_in: StandIn
) -> None:
    step.run(job, Silent())
    fill(job.workspace.images("dice", "test"))
    twin = project_job(job.workspace, *job.config.networks.values(), name="dice")
    compared(twin)
    assert stand_in.pictures["net"] == ["a.png", "b.png"]
    assert stand_in.timed == ["net"]


def test_other_annotations_need_no_tensorflow(job: ProjectJob, stand_in: StandIn) -> None:
    step.run(job, Silent())
    place = job.workspace.images(job.name, "test") / "a.xml"
    place.write_bytes(xml(("two", 40, 30, 60, 47)))
    (result,) = compared(job).results
    assert result.accuracy is not None
    assert result.accuracy.map_50 < 0.6
    assert len(stand_in.requests) == 1


def test_no_network_is_judged_by_what_a_network_proposed(
    job: ProjectJob, stand_in: StandIn
) -> None:
    folder = job.workspace.images(job.name, "test")
    (folder / "a.xml").write_bytes(proposed(("one", 1, 2, 30, 40)))
    comparison = compared(job)
    assert (comparison.pictures, comparison.annotated) == (2, 1)
    assert "nobody confirmed: no network is judged by it" in comparison.remarks[0]


def test_a_picture_that_is_annotated_in_another_format_judges_nobody_and_is_told(
    job: ProjectJob, stand_in: StandIn
) -> None:
    folder = job.workspace.images(job.name, "test")
    (folder / "a.xml").rename(folder / "a.txt")
    (folder / "c.png").write_bytes(picture(size=(30, 30)))
    comparison = compared(job)
    assert (comparison.pictures, comparison.annotated) == (3, 1)
    (first, second) = comparison.remarks
    assert first.startswith("a.png: it is annotated in a text format (a.txt)")
    assert second.startswith("1 picture without XML: shown and timed")
    (folder / "a.txt").rename(folder / "a.png.xml")
    assert step.why_stale(job) == "the test pictures changed"
    assert compared(job).annotated == 2


def test_a_box_that_is_clipped_counts_and_is_told(job: ProjectJob, stand_in: StandIn) -> None:
    place = job.workspace.images(job.name, "test") / "a.xml"
    place.write_bytes(xml(("one", -0.5, -0.25, 30, 40)))
    comparison = compared(job)
    assert comparison.annotated == 2
    (remark,) = comparison.remarks
    assert remark.startswith("1 box reaches out of the picture by less than a pixel")


def test_another_network_under_the_same_name_is_measured_anew(
    job: ProjectJob, stand_in: StandIn
) -> None:
    step.run(job, Silent())
    receipt = install(job.workspace, "net", {"more": b"bytes"})
    place = job.workspace.receipt("extract", "net")
    place.write_bytes(msgspec.json.encode(msgspec.structs.replace(receipt, tree="another")))
    assert step.why_stale(job) == "a network or the label map changed"
    compared(job)
    assert stand_in.timed == ["net", "net"]
    assert stand_in.pictures["net"] == ["a.png", "b.png"] * 2


def test_another_tensorflow_measures_anew(
    job: ProjectJob, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.run(job, Silent())
    for module in (step, running):
        monkeypatch.setattr(module, "tensorflow_version", lambda: "9.0.0")
    assert "→ 9.0.0" in str(step.why_stale(job))
    compared(job)
    assert stand_in.timed == ["net", "net"]


@pytest.mark.parametrize("content", [None, b"{", b'{"median": 0.001}'])
def test_a_comparison_that_is_not_as_it_was_written_is_written_again(
    job: ProjectJob, stand_in: StandIn, content: bytes | None
) -> None:
    before = compared(job)
    place = job.workspace.comparison(job.name)
    place.unlink() if content is None else place.write_bytes(content)
    assert str(step.why_stale(job)).endswith("is missing" if content is None else "was changed")
    assert compared(job) == before
    assert len(stand_in.requests) == 1
    aside = place.with_name("comparison.yours.json")
    assert (aside.read_bytes() if aside.exists() else None) == content


def test_after_a_kill_a_comparison_is_still_known_to_be_ours(
    job: ProjectJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = receipts.write

    def killed(path: Path, receipt: MeasureReceipt) -> bool:
        if receipt.definition:
            raise KeyboardInterrupt
        return write(path, receipt)

    monkeypatch.setattr(receipts, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        step.run(job, Silent())
    monkeypatch.setattr(receipts, "write", write)
    assert step.why_stale(job) == "it was not finished"
    compared(job)
    assert [path.name for path in job.workspace.results(job.name).iterdir()] == ["comparison.json"]


@pytest.mark.parametrize("content", [None, b'{"key": 3', b"{}"])
def test_notes_of_a_network_that_are_lost_or_damaged_are_made_again(
    job: ProjectJob, stand_in: StandIn, content: bytes | None
) -> None:
    compared(job)
    place = job.workspace.network_notes("net")
    place.unlink() if content is None else place.write_bytes(content)
    assert step.why_stale(job) == "what was measured of net is gone"
    compared(job)
    assert len(stand_in.requests) == 2
    assert step.why_stale(job) is None


def test_notes_that_lack_one_picture_are_filled_in(job: ProjectJob, stand_in: StandIn) -> None:
    compared(job)
    place = job.workspace.network_notes("net")
    noted = results.load_saved(place, NetworkMeasurements)
    noted.pictures.popitem()
    results.save(place, noted)
    assert step.why_stale(job) == "what was measured of net is gone"
    compared(job)
    assert stand_in.pictures["net"] == ["a.png", "b.png", "b.png"]


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_notes_of_a_project_that_are_lost_or_damaged_are_made_again(
    job: ProjectJob, stand_in: StandIn, content: bytes | None
) -> None:
    compared(job)
    place = job.workspace.project_notes(job.name)
    place.unlink() if content is None else place.write_bytes(content)
    assert step.why_stale(job) == "the test pictures changed"
    compared(job)
    assert len(stand_in.requests) == 1
    assert len(list(detections(job))) == 2


def test_one_that_fails_is_told_and_the_others_go_on(job: ProjectJob, stand_in: StandIn) -> None:
    both = project_of(job.workspace, "bad", "net")
    stand_in.faults["bad"] = "its SavedModel can't be loaded"
    outcome = step.run(both, Silent())
    assert "bad failed: its SavedModel can't be loaded; see its log" in outcome.lines
    comparison = msgspec.json.decode(
        job.workspace.comparison(job.name).read_bytes(), type=Comparison
    )
    assert [one.status for one in comparison.results] == ["failed", "measured"]
    assert step.why_stale(both) == "bad failed"
    stand_in.faults.clear()
    assert [one.status for one in compared(both).results] == ["measured", "measured"]
    assert stand_in.timed == ["bad", "net", "bad"]


def test_what_is_wrong_with_a_network_is_remembered_until_it_changes(
    job: ProjectJob, stand_in: StandIn
) -> None:
    both = project_of(job.workspace, "bad", "net")
    stand_in.faults["bad"], stand_in.error = "its SavedModel can't be loaded", BrokenNetworkError
    first = compared(both)
    assert step.why_stale(both) is None
    (job.workspace.images(job.name, "test") / "a.xml").write_bytes(xml(("two", 1, 2, 30, 40)))
    assert compared(both).results[0] == first.results[0]
    assert [name for name, _ in stand_in.requests] == ["bad", "net"]
    receipt = install(job.workspace, "bad", {"more": b"bytes"})
    place = job.workspace.receipt("extract", "bad")
    place.write_bytes(msgspec.json.encode(msgspec.structs.replace(receipt, tree="another")))
    stand_in.faults.clear()
    assert compared(both).results[0].status == "measured"


def test_pictures_that_can_t_be_read_at_all_are_one_line_and_stay_so(
    workspace: Workspace, stand_in: StandIn
) -> None:
    install(workspace, "net")
    folder = workspace.images("cube_faces", "test")
    folder.mkdir(parents=True)
    (folder / "bad.jpg").write_bytes(b"not a picture")
    job = project_job(workspace, "net")
    comparison = compared(job)
    assert comparison.results[0].why == "none of the test pictures can be read"
    assert (comparison.pictures, len(comparison.unreadable)) == (0, 1)
    assert step.why_stale(job) is None
    assert stand_in.requests == []


def test_a_network_that_can_never_be_run_does_not_keep_the_rest_stale(job: ProjectJob) -> None:
    bare = msgspec.structs.replace(job.config.networks["net"], saved_model=False)
    bare_job = project_job(job.workspace, bare)
    (result,) = compared(bare_job).results
    assert (result.status, result.why) == ("failed", "it has no SavedModel, so it can't be run")
    assert step.why_stale(bare_job) is None


def test_a_deferred_network_has_its_reason(workspace: Workspace, stand_in: StandIn) -> None:
    defer(workspace, "far")
    (result,) = compared(project_of(workspace, "far")).results
    assert (result.status, result.why) == ("deferred", "no route")
    assert stand_in.requests == []


def test_labels_that_a_network_was_not_taught_are_told(
    workspace: Workspace, stand_in: StandIn
) -> None:
    job = project_of(workspace, "coco", "partly", coco={"dog": 18}, partly={"one": 7})
    fill(workspace.images(job.name, "test"), ["c"], ("two", 1, 1, 20, 20), shade=5)
    coco, partly = compared(job).results
    assert (coco.accuracy, coco.unscored) == (None, "it was not taught one, two")
    assert partly.accuracy is not None
    assert partly.accuracy.unknown == ("two",)


def test_a_picture_without_annotation_judges_nobody(job: ProjectJob) -> None:
    folder = job.workspace.images(job.name, "test")
    (folder / "plain.png").write_bytes(picture(size=(80, 60)))
    comparison = compared(job)
    (result,) = comparison.results
    assert (comparison.pictures, comparison.annotated) == (3, 2)
    assert result.accuracy is not None
    assert result.accuracy.pictures == 2
    assert result.accuracy.map_50 == pytest.approx(1.0)


def test_a_wrong_annotation_is_told_and_does_not_count(job: ProjectJob) -> None:
    (job.workspace.images(job.name, "test") / "b.xml").write_bytes(xml(("tow", 1, 2, 30, 40)))
    comparison = compared(job)
    assert comparison.annotated == 1
    assert any("tow" in line for line in comparison.remarks)


def test_files_that_are_no_pictures_are_told_and_the_rest_goes_on(
    job: ProjectJob, stand_in: StandIn
) -> None:
    (job.workspace.images(job.name, "test") / "c.png").write_bytes(b"GIF87a nothing")
    stand_in.unreadable.add("b.png")
    comparison = compared(job)
    assert comparison.pictures == 2
    assert [line.partition(":")[0] for line in comparison.unreadable] == ["c.png", "b.png"]
    assert comparison.results[0].found == 1


def test_any_name_of_a_file_is_shown_on_one_line(job: ProjectJob) -> None:
    folder = job.workspace.images(job.name, "test")
    (folder / "two\nlines<script>.png").write_bytes(picture(size=(70, 50)))
    compared(job)
    assert [one.name for one in detections(job)][-1] == "two\\nlines<script>.png"


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_is_no_text_is_told_and_the_rest_goes_on(job: ProjectJob) -> None:
    folder = os.fsencode(job.workspace.images(job.name, "test"))
    with open(folder + b"/caf\xe9.png", "wb") as file:
        file.write(picture(size=(70, 50)))
    comparison = compared(job)
    assert comparison.pictures == 2
    assert comparison.unreadable == ("caf\\udce9.png: its name is not UTF-8; rename it",)
    assert step.why_stale(job) is None


def test_names_that_look_alike_are_two_files(job: ProjectJob) -> None:
    folder = job.workspace.images(job.name, "test")
    (folder / "a\nb.png").write_bytes(picture(size=(70, 50)))
    (folder / "a\\nb.png").write_bytes(picture(size=(71, 50)))
    compared(job)
    (folder / "a\nb.png").write_bytes(picture(size=(72, 50)))
    assert step.why_stale(job) == "the test pictures changed"


def test_a_picture_that_exif_turns_is_seen_upright(job: ProjectJob) -> None:
    (job.workspace.images(job.name, "test") / "t.jpg").write_bytes(turned(6))
    compared(job)
    assert [one.size for one in detections(job, {"t.jpg"})] == [(48, 64)]


def test_a_label_map_that_is_none_is_one_line(job: ProjectJob) -> None:
    place = job.workspace.training(job.name) / "label_map.pbtxt"
    place.parent.mkdir(parents=True)
    place.write_text("item { id: 0 name: 'x' }")
    with pytest.raises(AnnotationsError, match=r"label_map\.pbtxt: x has the id 0"):
        step.run(job, Silent())


def test_an_interrupted_run_goes_on_where_it_was(job: ProjectJob, stand_in: StandIn) -> None:
    fill(job.workspace.images(job.name, "test"), list("cdef"), shade=5)
    stand_in.stop_after = 4
    with pytest.raises(KeyboardInterrupt):
        step.run(job, Silent())
    stand_in.stop_after = None
    compared(job)
    assert stand_in.pictures["net"] == [f"{stem}.png" for stem in "abcdefef"]


def test_two_projects_on_one_network_keep_their_own_figures(
    job: ProjectJob, stand_in: StandIn
) -> None:
    step.run(job, Silent())
    fill(job.workspace.images("dice", "test"), ["x", "y"], shade=9)
    twin = project_job(job.workspace, *job.config.networks.values(), name="dice")
    compared(twin)
    (job.workspace.images(job.name, "test") / "a.xml").write_bytes(xml(("two", 1, 2, 30, 40)))
    compared(job)
    assert stand_in.timed == ["net", "net"]
    assert stand_in.pictures["net"] == ["a.png", "b.png", "x.png", "y.png"]


def test_a_killed_run_loses_little(
    job: ProjectJob, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SAVE_EVERY", -1.0)
    place, kept = job.workspace.network_notes("net"), list[str]()

    class Looking(Silent):
        def advance(self, amount: int) -> None:
            kept.append(place.read_text() if place.exists() else "")

    extracted = receipt_of(job.workspace, "net")
    assert extracted is not None
    noted = read_pictures(job, Silent())
    running.measured(job, "net", extracted, noted.pictures, Looking())
    before_last, last = (one.sha256 in kept[-1] for one in noted.pictures[-2:])
    assert before_last
    assert not last


def test_without_test_pictures_drawn_scenes_stand_in(
    workspace: Workspace, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.measure.project_pictures.SCENES", 3)
    install(workspace, "net")
    job = project_job(workspace, "net")
    outcome = step.run(job, Silent())
    assert "1 of 1 network, 3 drawn scenes" in outcome.note
    assert any("drawn scenes stand in" in line for line in outcome.lines)
    assert [one.truth is not None for one in detections(job)] == [True] * 3
    fill(workspace.images(job.name, "test"))
    assert step.why_stale(job) == "the test pictures changed"
    assert compared(job).drawn is False


def test_projects_that_want_the_drawn_scenes_at_once_get_them_whole(
    workspace: Workspace, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.measure.project_pictures.SCENES", 4)
    jobs = [project_job(workspace, "net", name=f"dice_{number}") for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda job: read_pictures(job, Silent()), jobs))
    assert [(len(one.pictures), one.unreadable) for one in found] == [(4, ())] * 3


def test_half_drawn_scenes_are_drawn_anew(
    workspace: Workspace, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.measure.project_pictures.SCENES", 2)
    install(workspace, "net")
    job = project_job(workspace, "net")
    workspace.scenes.mkdir(parents=True)
    (workspace.scenes / "image000.png").write_bytes(b"half")
    assert compared(job).unreadable == ()


def test_sights_tell_what_was_annotated_and_what_was_found(job: ProjectJob) -> None:
    step.run(job, Silent())
    first, second = detections(job)
    assert (first.name, first.path) == ("a.png", "cube_faces/images/test/a.png")
    assert first.truth == (GroundTruth("one", (2 / 48, 1 / 64, 40 / 48, 30 / 64)),)
    assert first.found["net"][0] == Detection("one", 0.9, FOUND[0][2])
    assert [one.name for one in detections(job, {"b.png"})] == ["b.png"] == [second.name]


def aged(job: ProjectJob) -> None:
    """Let a minute pass over the notes: what was written just now is not believed unread."""
    for path in job.workspace.measured.rglob("*.json"):
        then = path.stat().st_mtime_ns - 60_000_000_000
        os.utime(path, ns=(then, then))


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the notes that are read, as they are."""
    names: list[str] = []

    def load(path: Path, kind: type[Any]) -> Any:
        names.append(path.parent.name)
        return results.load_saved(path, kind)

    for module in (step, running):
        monkeypatch.setattr(module, "load_saved", load)
    return names


def test_that_nothing_changed_is_known_without_reading_the_notes(
    job: ProjectJob, parsed: list[str]
) -> None:
    compared(job)
    aged(job)
    assert step.why_stale(job) is None
    assert parsed.count("projects") > 0
    parsed.clear()
    assert step.why_stale(job) is None
    assert parsed == []


def test_notes_that_another_project_added_to_are_read_once(
    job: ProjectJob, parsed: list[str]
) -> None:
    fill(job.workspace.images("dice", "test"), ["x", "y"], shade=9)
    compared(job)
    compared(project_job(job.workspace, *job.config.networks.values(), name="dice"))
    aged(job)
    assert step.why_stale(job) is None
    parsed.clear()
    assert step.why_stale(job) is None
    assert parsed == []


def edit_a_picture(job: ProjectJob) -> None:
    path = job.workspace.images(job.name, "test") / "a.png"
    path.write_bytes(path.read_bytes() + b"more")


def edit_an_annotation(job: ProjectJob) -> None:
    path = job.workspace.images(job.name, "test") / "a.xml"
    path.write_bytes(path.read_bytes() + b"\n")


def damage_the_pictures_notes(job: ProjectJob) -> None:
    job.workspace.project_notes(job.name).write_bytes(b"{}")


def damage_the_networks_notes(job: ProjectJob) -> None:
    job.workspace.network_notes("net").write_bytes(b"{}")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (edit_a_picture, "the test pictures changed"),
        (edit_an_annotation, "the test pictures changed"),
        (damage_the_pictures_notes, "the test pictures changed"),
        (damage_the_networks_notes, "what was measured of net is gone"),
        (
            lambda job: job.workspace.network_notes("net").unlink(),
            "what was measured of net is gone",
        ),
    ],
)
def test_what_changed_is_seen_though_the_notes_were_whole(
    job: ProjectJob, happens: Callable[[ProjectJob], None], why: str
) -> None:
    compared(job)
    aged(job)
    assert step.why_stale(job) is None
    happens(job)
    assert step.why_stale(job) == why


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"0123456789abcdef"])
def test_a_state_that_is_damaged_only_costs_a_reading(job: ProjectJob, content: bytes) -> None:
    compared(job)
    aged(job)
    assert step.why_stale(job) is None
    place = job.workspace.notes_found_whole(job.name)
    place.write_bytes(content)
    assert step.why_stale(job) is None
    place.write_bytes(content)
    damage_the_networks_notes(job)
    assert step.why_stale(job) == "what was measured of net is gone"


def test_more_than_can_be_read_back_is_told_and_what_was_saved_stays(
    job: ProjectJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.run(job, Silent())
    place = job.workspace.network_notes("net")
    before = place.read_bytes()
    monkeypatch.setattr(results, "LARGEST_SAVED", len(before) + 10)
    fill(job.workspace.images(job.name, "test"), ["z"], shade=9)
    with pytest.raises(DiskError, match="compare fewer pictures"):
        step.run(job, Silent())
    assert place.read_bytes() == before
