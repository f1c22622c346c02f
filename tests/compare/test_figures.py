"""The tables, the cards and the charts: what they say of which network."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from tasks.compare.cards import Card, cards, shape
from tasks.compare.charts import charts
from tasks.compare.figures import builds, cells, left_out, machines, rows, smoke_state
from tasks.compare.inputs import LastBuild, PageInputs
from tasks.compare.page import lead, notices
from tasks.compare.summary import Summary
from tasks.config.types import Network
from tasks.inference.report import Check, Report
from tasks.inference.results import Comparison, Result
from tasks.pages.charts import Chart
from tasks.pages.facts import State
from tests.support.compared import (
    MACHINE,
    NETWORKS,
    RCNN,
    SSD,
    accuracy,
    comparison,
    figures,
    measured,
)

OTHER = replace(MACHINE, processor="Example CPU 9")
DEFERRED = Result(network=RCNN, status="deferred", why="no host can be reached")
FAILED = Result(network=RCNN, status="failed", why="killed by signal 9: out of memory?", size=9)


def inputs(
    *results: Result,
    builds: dict[str, LastBuild] | None = None,
    networks: dict[str, Network] = NETWORKS,
    left: Comparison | None = None,
) -> PageInputs:
    return PageInputs(
        comparison=left or comparison(*results),
        networks=networks,
        builds=builds or {},
        summary=Summary((), {}, {}),
        pictures=(),
        tree=(),
    )


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


def test_every_measured_figure_has_its_unit() -> None:
    latency, *rest = cells(measured(SSD))
    assert [plain(line) for line in (latency.value, *latency.details)] == [
        "12.3 ms",
        "11.6–16.0 ms",
        "30 runs, 2 threads",
    ]
    assert [plain(cell.value) for cell in rest] == [
        "984 ms",
        "612.0 MB",
        "1.9 MB",
        "3",
        "87.0 %",
        "98.0 %",
    ]


@pytest.mark.parametrize("result", [DEFERRED, FAILED])
def test_a_network_without_figures_has_dashes_and_its_reason(result: Result) -> None:
    first, second = rows(inputs(measured(SSD), result), ())
    assert first.state is None
    assert second.state is not None
    assert (second.state.word, second.state.why) == (result.status, result.why)
    assert len(first.cells) == len(second.cells)
    assert {cell.value for cell in second.cells} <= {"–", "9\xa0B"}
    assert second.published == ("53\xa0ms", "29.3\xa0%")


def test_one_machine_has_no_mark() -> None:
    (note,) = machines(inputs())
    assert (note.letter, note.day) == ("", "2026-11-27")
    assert plain(note.machine) == (
        "Example CPU 3000, CPU only, 2 threads, 8.3 GB of memory, Linux x86_64; "
        "Python 3.11.9, TensorFlow 2.21.0"
    )


def test_several_machines_or_days_are_marked_at_each_network() -> None:
    made = inputs(measured(SSD), measured(RCNN, figures=figures(machine=OTHER)))
    notes = machines(made)
    assert [note.letter for note in notes] == ["A", "B"]
    assert [row.letter for row in rows(made, notes)] == ["A", "B"]


def test_what_has_no_map_is_named_with_the_reason() -> None:
    told = left_out(
        inputs(
            measured(SSD, accuracy=replace(accuracy(), unknown=("six", "seven"))),
            measured(RCNN, accuracy=None, unscored="no label is known to both sides"),
        )
    )
    assert [(fact.name, fact.value) for fact in told] == [
        ("SSD Small 320x320", "it does not know six, seven: not in its mAP"),
        ("Faster R-CNN Large 640x640", "no mAP: no label is known to both sides"),
    ]


BAD = Report(network=SSD, checks=(Check("loads", "passed"), Check("finds", "failed", "nothing")))


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (LastBuild(), State("not run", "plain")),
        (LastBuild(smoked="deferred", reason="no route"), State("deferred", "wait", "no route")),
        (LastBuild(smoked="done", report=Report(network=SSD)), State("passed", "good")),
        (
            LastBuild(smoked="done", report=Report(network=SSD, applicable=False)),
            State("checkpoint only", "good"),
        ),
        (LastBuild(smoked="done", report=BAD), State("failed", "bad", "finds: nothing")),
        (LastBuild(report=BAD), State("failed", "bad", "finds: nothing")),
        (
            LastBuild(report=Report(network=SSD)),
            State("not finished", "wait", "the last smoke run did not end well"),
        ),
    ],
)
def test_the_verdict_of_the_last_smoke_run(last: LastBuild, state: State) -> None:
    assert smoke_state(last) == state


def test_the_last_build_of_each_network() -> None:
    left = {
        SSD: LastBuild(extracted="done", smoked="done", report=BAD),
        RCNN: LastBuild(extracted="deferred", reason="no route"),
    }
    first, second = builds(inputs(builds=left))
    assert (first.installed.word, first.checks) == ("installed", "1 passed, 1 failed")
    assert (second.installed.word, second.installed.why) == ("deferred", "no route")


def facts(card: Card) -> dict[str, str]:
    return {fact.name: plain(fact.value) for fact in card.facts}


def test_a_card_tells_the_machine_beside_its_figures() -> None:
    first, _ = cards(inputs())
    told = facts(first)
    assert told["Latency"] == "12.3 ms (10–90 %: 11.6–16.0 ms; 30 runs over 10 pictures)"
    assert told["Measured"].startswith("2026-11-27 on Example CPU 3000, CPU only, 2 threads")
    assert told["mAP@[.5:.95]"] == "87.0 % (at IoU 0.5: 98.0 %; 24 boxes on 9 annotated pictures)"
    assert [table.caption for table in first.tables] == ["Average precision by label"]


def test_a_card_of_a_network_that_the_catalogue_forgot() -> None:
    (card,) = cards(inputs(measured("gone"), networks={}))
    assert (card.title, card.family) == ("gone", "other")
    assert card.notes == ("The catalogue does not know this network any more.",)


@pytest.mark.parametrize(
    ("sizes", "told"), [((1, None, None, 3), "[1, ?, ?, 3]"), ((), "[]"), (None, "any")]
)
def test_shapes(sizes: tuple[int | None, ...] | None, told: str) -> None:
    assert shape(sizes) == told


LATENCY, ACCURACY = "Latency of one picture", "mAP@[.5:.95] (bar) and mAP@0.5 (ring)"
BOTH = "Latency against mAP@[.5:.95]"


def titles(*results: Result) -> list[str]:
    return [chart.title for chart in charts(inputs(*results))]


def test_charts_are_there_as_far_as_there_is_something_to_show() -> None:
    assert titles(measured(SSD), measured(RCNN)) == [LATENCY, ACCURACY, BOTH]
    assert titles(measured(SSD), DEFERRED) == [LATENCY, ACCURACY]
    assert titles(measured(SSD, accuracy=None), measured(RCNN)) == [LATENCY, ACCURACY]
    assert titles(measured(SSD, accuracy=None)) == [LATENCY]
    assert titles(FAILED) == []


def inside(chart: Chart) -> bool:
    """Whether all marks lie in the chart."""
    places = [(dot.x, dot.y) for dot in chart.dots]
    places += [(line.x1, line.y1) for line in chart.lines]
    places += [(line.x2, line.y2) for line in chart.lines]
    places += [(bar.x + bar.width, bar.y + bar.height) for bar in chart.bars]
    places += [(text.x, text.y) for text in chart.texts]
    return all(0 <= x <= chart.width and 0 <= y <= chart.height for x, y in places)


@pytest.mark.parametrize("slow", [0.0001, 0.0123, 0.09, 0.5, 99.0, 4000.0])
@pytest.mark.parametrize("right", [-1.0, 0.0, 0.5, 1.0, float("nan")])
def test_whatever_the_figures_the_marks_stay_in_their_charts(slow: float, right: float) -> None:
    made = charts(
        inputs(measured(SSD), measured(RCNN, figures=figures(slow), accuracy=accuracy(right)))
    )
    assert all(map(inside, made))


def test_many_networks_of_one_place_have_names_apart() -> None:
    same = [measured(f"net{number}") for number in range(43)]
    (chart,) = [one for one in charts(inputs(*same)) if one.title == BOTH]
    heights = sorted(text.y for text in chart.texts if text.kind == "name")
    assert all(b - a >= 14 for a, b in pairwise(heights))
    assert len(chart.dots) == 43
    assert inside(chart)


def test_the_lead_says_how_many_networks_on_how_many_pictures() -> None:
    def leading(*results: Result, **fields: object) -> str:
        return plain(lead(comparison(*results, **fields)))

    assert leading() == "2 networks on 2 pictures, all annotated."
    assert leading(annotated=0) == "2 networks on 2 pictures, none of them annotated."
    assert leading(pictures=9) == "2 networks on 9 pictures, 2 of them annotated."
    assert leading(measured(SSD), DEFERRED, drawn=True) == (
        "1 of 2 networks on 2 drawn scenes, all annotated."
    )
    assert leading(DEFERRED) == "1 network; none could be measured."


def test_what_must_be_known_first_is_said_first() -> None:
    left = comparison(measured(SSD), FAILED, drawn=True, unreadable=("b.png: it is empty",))
    drawn, failed, unread = map(plain, notices(left))
    assert drawn.startswith("cube_faces has no test pictures yet: drawn scenes stand in for them.")
    assert failed == "1 network could not be run; the other is complete."
    assert unread == "1 picture could not be read and was not given to any network."
    assert notices(comparison()) == ()
