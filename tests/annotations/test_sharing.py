"""Pictures in one folder are shared out to train and test, and stay where they were."""

from __future__ import annotations

import random
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from tasks.annotations import sharing
from tasks.annotations.alike import NEAR, groups_of
from tasks.annotations.sharing import Shared, is_to_test, listing_if_shared, listing_of, share_out
from tasks.checks.project import check_project
from tasks.core.paths import SPLITS, Workspace
from tasks.formats.tf_record import GROUP, decode_example, read_frames
from tasks.pipeline.job import ProjectJob, Silent
from tasks.records import step
from tasks.training.split import split_records
from tests.support.annotated import fill, xml
from tests.support.projects import project_job, scaffold


@pytest.fixture
def job(workspace: Workspace) -> ProjectJob:
    made = project_job(workspace)
    scaffold(made)
    return made


def scene(
    seed: int, kind: str = "PNG", *, size: tuple[int, int] = (64, 48), shift: int = 0
) -> bytes:
    """A picture of patches that no other seed has; `shift` moves the camera by that many pixels."""
    patches = Image.frombytes("L", (8, 6), random.Random(seed).randbytes(48))
    large = patches.resize((640, 480), Image.Resampling.BICUBIC).convert("RGB")
    stream = BytesIO()
    large.crop((shift, 0, 600 + shift, 480)).resize(size).save(stream, kind)
    return stream.getvalue()


def put(job: ProjectJob, pictures: Mapping[str, bytes]) -> None:
    """Put annotated pictures into `images` itself."""
    folder = job.workspace.all_images(job.name)
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
        (folder / name).with_suffix(".xml").write_bytes(xml(("one", 1, 2, 30, 40)))


def sides(job: ProjectJob) -> dict[str, str]:
    return {pair.picture.name: split for split in SPLITS for pair in listing_of(job, split).pairs}


def scenes(numbers: range) -> dict[str, bytes]:
    return {f"{number:02}.png": scene(number) for number in numbers}


def test_each_picture_of_one_folder_is_on_one_side_and_nothing_is_moved(job: ProjectJob) -> None:
    put(job, scenes(range(40)))
    before = sorted(job.workspace.all_images(job.name).rglob("*"))
    shared = sides(job)
    assert len(shared) == 40
    assert 2 <= list(shared.values()).count("test") <= 16
    assert sorted(job.workspace.all_images(job.name).rglob("*")) == before
    assert not listing_of(job, "train").unpaired


def test_pictures_that_are_added_move_no_other(job: ProjectJob) -> None:
    put(job, scenes(range(20)))
    before = sides(job)
    put(job, scenes(range(20, 40)))
    assert before.items() <= sides(job).items()


def test_a_picture_is_read_once(job: ProjectJob, monkeypatch: pytest.MonkeyPatch) -> None:
    put(job, scenes(range(4)))
    assert listing_if_shared(job, "train") is None
    before = sides(job)
    monkeypatch.setattr(sharing, "read_head", None)
    assert sides(job) == before
    assert listing_if_shared(job, "train") == listing_of(job, "train")


def test_what_a_record_was_made_of_stays_there_under_another_share(job: ProjectJob) -> None:
    put(job, scenes(range(12)))
    step.run(job, Silent())
    before = sides(job)
    job.workspace.shared_out(job.name).unlink()
    other = replace(job, project=replace(job.project, test_share=0.9))
    assert sides(other) == before
    put(job, scenes(range(12, 60)))
    assert before.items() <= sides(other).items()
    assert list(sides(other).values()).count("test") > 30


def test_without_the_receipt_the_digests_decide_as_before(job: ProjectJob) -> None:
    put(job, scenes(range(12)))
    step.run(job, Silent())
    before = sides(job)
    job.workspace.receipt("records", job.name).unlink()
    job.workspace.shared_out(job.name).unlink()
    assert sides(job) == before


def test_records_are_made_of_what_is_shared_out_and_once(job: ProjectJob) -> None:
    put(job, scenes(range(20)))
    outcome = step.run(job, Silent())
    assert outcome.kind == "built"
    assert step.why_stale(job) is None
    assert step.run(job, Silent()).kind == "kept"
    for split in SPLITS:
        names = {name for name, side in sides(job).items() if side == split}
        assert {_name(one) for one in examples(job, split)} == names


def _name(example: Mapping[str, tuple[object, ...]]) -> str:
    (name,) = example["image/filename"]
    assert isinstance(name, bytes)
    return name.decode()


def examples(job: ProjectJob, split: str) -> list[Mapping[str, tuple[object, ...]]]:
    return _records(job.workspace.record_file(job.name, split))


def test_the_tutorials_folders_win_and_the_rest_is_told(job: ProjectJob) -> None:
    put(job, scenes(range(3)))
    fill(job.workspace.images(job.name, "train"), ("a", "b"))
    assert sides(job) == {"a.png": "train", "b.png": "train"}
    told = "3 pictures in cube_faces/images are not used, for train or test hold pictures"
    assert told in step.run(job, Silent()).lines
    assert told in [finding.result for finding in check_project(job)]


def test_copies_and_frames_of_one_film_are_on_one_side(job: ProjectJob) -> None:
    put(job, scenes(range(100, 110)))
    for number in range(8):
        put(job, {f"f{number}-{frame}.png": scene(number, shift=2 * frame) for frame in range(4)})
        put(job, {f"f{number}-copy.jpg": scene(number, "JPEG")})
        put(job, {f"f{number}-large.png": scene(number, size=(96, 72))})
    shared = sides(job)
    for number in range(8):
        assert len({side for name, side in shared.items() if name.startswith(f"f{number}-")}) == 1


def test_a_new_copy_joins_the_side_of_what_is_known(job: ProjectJob) -> None:
    put(job, scenes(range(12)))
    before = sides(job)
    put(job, {f"{number:02}-copy.jpg": scene(number, "JPEG") for number in range(12)})
    after = sides(job)
    assert before.items() <= after.items()
    assert {after[f"{name[:2]}-copy.jpg"] == side for name, side in before.items()} == {True}


def test_what_looks_alike_is_held_out_together(job: ProjectJob, tmp_path: Path) -> None:
    alike = {f"a{frame}.png": scene(1, shift=frame) for frame in range(6)}
    put(job, alike | scenes(range(2, 12)))
    step.run(job, Silent())
    split = sides(job)["a0.png"]
    groups = {one[GROUP] for one in examples(job, split) if GROUP in one}
    assert len(groups) == 1
    assert sum(GROUP in one for each in SPLITS for one in examples(job, each)) == 6
    for share in (0.1, 0.3, 0.5, 0.7):
        made = split_records([job.workspace.record_file(job.name, split)], share, tmp_path / "s")
        held = {_name(one) for one in _records(made.held_out)}
        assert len(held & set(alike)) in (0, 6)


def test_frames_of_one_film_in_the_folder_to_train_with_are_held_out_together(
    job: ProjectJob, tmp_path: Path
) -> None:
    alike = {f"a{frame:02}.png": scene(1, shift=frame) for frame in range(12)}
    images = job.workspace.images(job.name, "train")
    for name, content in {**alike, **scenes(range(2, 12))}.items():
        (images / name).write_bytes(content)
        (images / name).with_suffix(".xml").write_bytes(xml(("one", 1, 2, 30, 40)))
    step.run(job, Silent())
    sides_of_film = set[int]()
    for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.99):
        made = split_records([job.workspace.record_file(job.name, "train")], share, tmp_path / "s")
        held = {_name(one) for one in _records(made.held_out)}
        sides_of_film.add(len(held & set(alike)))
    assert sides_of_film == {0, 12}


def _records(path: Path) -> list[Mapping[str, tuple[object, ...]]]:
    with open(path, "rb") as file:
        return [decode_example(frame) for frame in read_frames(file)]


def test_a_group_outlives_the_loss_of_what_was_noted(job: ProjectJob) -> None:
    put(job, {f"a{frame}.png": scene(1, shift=frame) for frame in range(6)})
    step.run(job, Silent())
    job.workspace.shared_out(job.name).unlink()
    sides(job)
    assert step.why_stale(job) is None


def test_one_picture_is_on_one_side_and_none_on_none(job: ProjectJob) -> None:
    assert sides(job) == {}
    put(job, scenes(range(1)))
    assert list(sides(job)) == ["00.png"]
    (job.workspace.all_images(job.name) / "00.png").unlink()
    assert sides(job) == {}


def test_pictures_that_all_look_alike_are_on_one_side(job: ProjectJob) -> None:
    put(job, {f"{frame}.png": scene(1, shift=frame) for frame in range(10)})
    assert len(set(sides(job).values())) == 1


def test_what_is_no_picture_is_shared_out_too_and_told(job: ProjectJob) -> None:
    put(job, scenes(range(3)) | {"bad.png": b"no picture"})
    assert "bad.png" in sides(job)
    assert any("bad.png" in detail for found in check_project(job) for detail in found.details)


def shared(digit: str, look: int, split: str = "") -> Shared:
    return Shared(1, 1, digit * 64, f"{look:x}", digit * 64, split)


def test_a_picture_that_joins_two_sides_is_told_and_moves_neither() -> None:
    one, other = shared("1", 0, "train"), shared("f", (1 << 2 * NEAR) - 1, "test")
    between = shared("a", (1 << NEAR) - 1)
    pictures = {"1": replace(one, split=""), "2": replace(other, split=""), "3": between}
    placed, astride = share_out(pictures, [one, other], 0.2)
    assert [placed[name].split for name in "123"] == ["train", "test", "train"]
    assert astride == [("1", "2")]


def test_a_share_of_nothing_leaves_all_to_train() -> None:
    assert not is_to_test("0" * 64, 0)
    assert is_to_test("0" * 64, 0.1)


def test_groups_are_found_as_by_comparing_all() -> None:
    rng = random.Random(5)
    looks = [rng.getrandbits(128) for _ in range(60)]
    for _ in range(240):
        look = rng.choice(looks)
        for bit in rng.sample(range(128), rng.randint(0, NEAR + 3)):
            look ^= 1 << bit
        looks.append(look)
    expected = [{number} for number in range(len(looks))]
    for one, look in enumerate(looks):
        for other in range(one):
            if (look ^ looks[other]).bit_count() <= NEAR and expected[one] is not expected[other]:
                expected[one] |= expected[other]
                for member in expected[other]:
                    expected[member] = expected[one]
    found = {frozenset(group) for group in groups_of(looks)}
    assert found == {frozenset(group) for group in expected}
