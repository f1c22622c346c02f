"""Which pictures are shown, and what is counted on all of them."""

from __future__ import annotations

import pytest

from tasks.compare.summary import THRESHOLDS, PictureSummary, choose, errors_on, summarize
from tasks.inference.results import Detection, GroundTruth, PictureDetections, Place

HERE: Place = (0.1, 0.1, 0.5, 0.5)
AWAY: Place = (0.6, 0.6, 0.9, 0.9)
TRUTH = (GroundTruth("one", HERE),)
KNOWN = {"ssd": {"one", "two"}, "rcnn": {"one", "two"}}


def sight(
    truth: tuple[GroundTruth, ...] | None,
    name: str = "a.png",
    **found: list[tuple[str, float, Place]],
) -> PictureDetections:
    rows = {network: tuple(Detection(*row) for row in made) for network, made in found.items()}
    return PictureDetections(name=name, path=name, size=(64, 48), truth=truth, found=rows)


@pytest.mark.parametrize(
    ("picture", "errors"),
    [
        (sight(TRUTH, ssd=[("one", 0.9, HERE)], rcnn=[("one", 0.9, HERE)]), 0),
        (sight(TRUTH, ssd=[("one", 0.9, HERE)], rcnn=[]), 1),
        (sight(TRUTH, ssd=[("one", 0.4, HERE)], rcnn=[("two", 0.9, HERE)]), 3),
        (sight(None, ssd=[("one", 0.9, HERE)], rcnn=[("one", 0.9, HERE)]), 0),
        (sight(None, ssd=[("one", 0.9, HERE)], rcnn=[("one", 0.9, AWAY)]), 2),
        (sight(None, ssd=[("one", 0.9, HERE)]), 0),
    ],
)
def test_errors_are_counted_where_networks_err_or_disagree(
    picture: PictureDetections, errors: int
) -> None:
    assert errors_on(picture, KNOWN) == errors


def test_networks_without_a_map_are_compared_with_one_another() -> None:
    assert errors_on(sight(TRUTH, ssd=[("car", 0.9, HERE)], rcnn=[]), {}) == 1


def test_few_pictures_are_all_shown() -> None:
    assert choose([PictureSummary("a", 0), PictureSummary("b", 3)], 2) == ("a", "b")


def test_of_many_those_with_most_errors_are_shown_from_everywhere() -> None:
    pictures = [PictureSummary(str(number), int(number % 10 == 7)) for number in range(100)]
    assert choose(pictures, 10) == tuple(f"{ten}7".lstrip("0") for ten in range(10))


@pytest.mark.parametrize("number", [61, 119, 120, 2000])
def test_never_more_than_the_cap(number: int) -> None:
    chosen = choose([PictureSummary(str(one), 0) for one in range(number)], 60)
    assert len(set(chosen)) == 60


def test_all_pictures_are_counted_at_every_threshold() -> None:
    sights = [
        sight(None, "a", ssd=[("two", 0.97, HERE), ("one", 0.5, HERE), ("one", 0.02, HERE)]),
        sight(TRUTH, "b", ssd=[("one", 0.051, HERE)]),
        sight((GroundTruth("zebra", HERE),), "c", ssd=[]),
    ]
    found = summarize(iter(sights), ["two"], KNOWN)
    assert [one.name for one in found.pictures] == ["a", "b", "c"]
    assert list(found.labels) == ["two", "one", "zebra"]
    ones = dict(zip(THRESHOLDS, found.counts["ssd"]["one"], strict=True))
    assert (ones[5], ones[10], ones[50], ones[55]) == (2, 1, 1, 0)
    assert found.counts["ssd"]["two"] == (1,) * len(THRESHOLDS)
