"""What is kept of a training: the table, TensorBoard's events, the curve."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise

import pytest
from PIL import Image

from tasks.training import curve, history
from tasks.training.history import Row
from tasks.training.messages import Begin, End, Evaluation, Fault, Step

ROWS = [
    Row(time=1.0, step=10, loss=2.5, losses={"classification_loss": 1.5}, rate=0.1, seconds=0.5),
    Row(time=2.0, step=20, loss=1.25, losses={"localization_loss": 0.5}, rate=0.05, seconds=0.5),
    Row(time=3.0, step=20, map=0.5, map_50=0.75),
]


def test_the_table_is_read_back_as_it_was_written() -> None:
    assert history.read_csv(history.to_csv(ROWS)) == ROWS


def test_the_table_has_a_column_for_each_part_of_the_loss() -> None:
    header, first, *_ = history.to_csv(ROWS).decode().splitlines()
    assert header.endswith(",map,map_50,classification_loss,localization_loss")
    assert first == "1.0,10,2.5,0.1,0.5,,,1.5,"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        b"time,step\nx,1\n",
        b"\xff\xfe",
        b"time,step\n1.0\n",
        b"time,step\n,2\n",
        b"time,step\n1,2,3\n",
        b"time,step\n1,inf\n",
        b"time,step\n1,nan\n",
        b"time,step\n1,2" + b"0" * 200_000,
    ],
)
def test_what_is_no_such_table_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        history.read_csv(content)


def test_a_row_is_kept_of_steps_and_measurements_alone() -> None:
    step = Step(step=10, loss=2.5, losses={"a": 1.0}, rate=0.1, seconds=0.5)
    assert history.row_of(step, 7.0) == Row(
        time=7.0, step=10, loss=2.5, losses={"a": 1.0}, rate=0.1, seconds=0.5
    )
    measured = Evaluation(step=10, map=0.5, map_50=0.75, best=True)
    assert history.row_of(measured, 7.0) == Row(time=7.0, step=10, map=0.5, map_50=0.75)
    for other in (Begin(step=0, steps=9, resumed=False), End(reason="steps"), Fault(why="x")):
        assert history.row_of(other, 7.0) is None


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_tensorflow_reads_the_events(tmp_path_factory: pytest.TempPathFactory) -> None:
    from embedded.without_keras import tf

    path = tmp_path_factory.mktemp("events") / history.event_file(1.0)
    path.write_bytes(history.events(ROWS))
    version, *events = tf.compat.v1.train.summary_iterator(str(path))
    found = [
        (event.step, value.tag, value.simple_value)
        for event in events
        for value in event.summary.value
    ]
    assert version.file_version == "brain.Event:2"
    assert (10, "Loss/total_loss", 2.5) in found
    assert (20, "DetectionBoxes_Precision/mAP", 0.5) in found
    assert (10, "steps_per_sec", 2.0) in found


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[2:], []], ids=["all", "one", "map", "none"])
def test_a_curve_is_drawn_of_any_history(rows: Sequence[Row]) -> None:
    drawn = curve.draw("cube_faces: net", rows, ("png", "svg"))
    assert Image.open(BytesIO(drawn["png"])).size[0] > 600
    assert drawn["svg"].startswith(b"<?xml")


def test_the_same_history_gives_the_same_curve() -> None:
    first, second = (curve.draw("net", ROWS, ("svg",)) for _ in range(2))
    assert first == second


def test_a_smoothed_curve_goes_on_between_what_was_and_what_is() -> None:
    smooth = curve.smoothed([4.0, 0.0, 0.0])
    assert smooth[0] == 4.0
    assert all(before > after > 0 for before, after in pairwise(smooth))
