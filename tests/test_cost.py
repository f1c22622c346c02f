"""Reading what comes from outside costs as its size: twice the input, twice the work."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.annotations.label_map import read_label_map, repeated_fields
from tasks.doctor.config import text_faults
from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.merge import merged
from tasks.pipeline_config.schema import SHAPE, fault, unknown_fields
from tests.support.cost import growth

Reader = Callable[[int], Callable[[], object]]


def label_map(items: int) -> bytes:
    return b"".join(
        b"item { id: %d name: 'n%d' name: 'm%d' }\n" % (n, n, n) for n in range(1, items + 1)
    )


def config(fields: int) -> str:
    """A file of one message that stands again and again, and of many fields that have no schema."""
    again = "train_config { batch_size: 1 }\n" * fields
    return again + "".join(f"odd: {n}\nodd {{ deep: [{n}, 'x'] }}\n" for n in range(fields))


READERS: dict[str, Reader] = {
    "a label map": lambda n: lambda: read_label_map(label_map(n)),
    "a label map with names twice": lambda n: lambda: repeated_fields(label_map(n)),
    "a pipeline.config": lambda n: lambda: Document(config(n), SHAPE),
    "a config's merged fields": lambda n: (
        lambda: merged(config(n), Document(config(n), SHAPE).root, SHAPE)
    ),
    "a config's unknown fields": lambda n: lambda: list(unknown_fields(Document(config(n), SHAPE))),
    "a config's schema": lambda n: lambda: fault(config(n)),
    "the doctor's rules for text": lambda n: lambda: text_faults(b"a: 'C:\\dir'\n" * n),
    "removing many fields": lambda n: lambda: Document(config(n), SHAPE).remove("odd"),
    "removing many messages": lambda n: lambda: Document(config(n), SHAPE).remove("train_config"),
    "setting what stands many times": lambda n: (
        lambda: Document(config(n), SHAPE).set("train_config.batch_size", 7)
    ),
    "setting many values at once": lambda n: lambda: Document("a: 1\n" * n).set("a", (1,) * n),
}


@pytest.mark.parametrize("name", READERS)
def test_ten_times_the_input_is_ten_times_the_work(name: str) -> None:
    assert growth(READERS[name], 20) < 1.3
