"""What became of a training, step by step.

It is kept as a table, `history.csv`, which any program reads; and as event files, which TensorBoard
reads (tensorflow/core/util/event.proto and core/framework/summary.proto, in TFRecord files).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from tasks.formats.tf_record import frame
from tasks.training.messages import Evaluation, Step, Told

EVENTS = """
name: "tod_event.proto" package: "tod.event" syntax: "proto3"
message_type { name: "Event"
  field { name: "wall_time" number: 1 type: TYPE_DOUBLE }
  field { name: "step" number: 2 type: TYPE_INT64 }
  field { name: "file_version" number: 3 type: TYPE_STRING }
  field { name: "summary" number: 5 type: TYPE_MESSAGE type_name: ".tod.event.Summary" } }
message_type { name: "Summary"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
          type_name: ".tod.event.Value" } }
message_type { name: "Value"
  field { name: "tag" number: 1 type: TYPE_STRING }
  field { name: "simple_value" number: 2 type: TYPE_FLOAT } }
"""


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the table: losses of some steps, or a measurement. `None`: not known then.

    Attributes:
        time: seconds since 1970.
        step: steps done by then.
        loss, rate, seconds: as in `messages.Step`.
        losses: parts of the loss, by name.
        map, map_50: as in `messages.Evaluation`.
    """

    time: float
    step: int
    loss: float | None = None
    losses: dict[str, float] = {}
    rate: float | None = None
    seconds: float | None = None
    map: float | None = None
    map_50: float | None = None


COLUMNS = ("time", "step", "loss", "rate", "seconds", "map", "map_50")


def row_of(message: Told, time: float) -> Row | None:
    """What the table keeps of a message."""
    if isinstance(message, Step):
        return Row(
            time=time,
            step=message.step,
            loss=message.loss,
            losses=message.losses,
            rate=message.rate,
            seconds=message.seconds,
        )
    if isinstance(message, Evaluation):
        return Row(time=time, step=message.step, map=message.map, map_50=message.map_50)
    return None


def to_csv(rows: Sequence[Row]) -> bytes:
    """The table; a column for each part of the loss."""
    parts = list(dict.fromkeys(name for row in rows for name in row.losses))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *parts])
    for row in rows:
        values = [getattr(row, name) for name in COLUMNS]
        writer.writerow([*values, *(row.losses.get(name) for name in parts)])
    return text.getvalue().encode()


def read_csv(content: bytes) -> list[Row]:
    """The rows of a table.

    Raises:
        ValueError: it is no such table.
    """
    lines = csv.DictReader(io.StringIO(content.decode("utf-8")))
    try:
        if not {"time", "step"} <= set(lines.fieldnames or ()):
            raise ValueError("it lacks the columns time and step")
        return [_row(line) for line in lines]
    except (KeyError, TypeError, OverflowError, csv.Error) as error:  # a line is cut or edited
        raise ValueError("a line of it can't be read") from error


def _row(line: dict[str, str]) -> Row:
    known = {name: float(text) for name, text in line.items() if text}
    step, parts = int(known.pop("step")), {n: known[n] for n in known if n not in COLUMNS}
    return Row(step=step, losses=parts, **{n: v for n, v in known.items() if n in COLUMNS})


def events(rows: Iterable[Row]) -> bytes:
    """The rows as an event file, under the names that the Object Detection API gives them."""
    first = next(iter(rows), None)
    parts = [_event(wall_time=first.time if first else 0.0, file_version="brain.Event:2")]
    for row in rows:
        values: dict[str, float | None] = {f"Loss/{k}": loss for k, loss in row.losses.items()}
        values |= {
            "Loss/total_loss": row.loss,
            "learning_rate": row.rate,
            "steps_per_sec": 1 / row.seconds if row.seconds else None,
            "DetectionBoxes_Precision/mAP": row.map,
            "DetectionBoxes_Precision/mAP@.50IOU": row.map_50,
        }
        summary = {
            "value": [
                {"tag": tag, "simple_value": value}
                for tag, value in values.items()
                if value is not None
            ]
        }
        parts.append(_event(wall_time=row.time, step=row.step, summary=summary))
    return b"".join(map(frame, parts))


def event_file(time: float) -> str:
    """The name by which TensorBoard knows the event file of a training that began then, in seconds
    since 1970."""
    return f"events.out.tfevents.{int(time)}.tod"


def _event(**fields: Any) -> bytes:
    encoded: bytes = _event_class()(**fields).SerializeToString(deterministic=True)
    return encoded


@cache
def _event_class() -> Any:  # made at run time; no stub knows it
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(EVENTS, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tod.event.Event"))
