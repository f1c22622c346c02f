"""Records byte for byte: the framing, and the examples in it."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.formats.tf_record import (
    Bytes,
    Floats,
    Ints,
    decode_example,
    encode_example,
    frame,
    read_frames,
)

EMPTY = "000000000000000029039807d8ea82a2"
HELLO = "0500000000000000eab2043e68656c6c6fbb1f1c19"
EXAMPLE = (
    "0a3c0a140a0161120f1a0d0a0b01ffffffffffffffffff010a0d0a0162120812060a040000003f"
    "0a0c0a016312070a050a01780a000a070a016412021200"
)
FLOAT = st.floats(width=32, allow_nan=False)
INT = st.integers(-(2**63), 2**63 - 1)
FEATURE = (
    st.lists(FLOAT, max_size=5).map(Floats)
    | st.lists(INT, max_size=5).map(Ints)
    | st.lists(st.binary(max_size=20), max_size=5).map(Bytes)
)


@given(st.dictionaries(st.text(max_size=10), FEATURE, max_size=6))
def test_an_example_is_read_as_it_was_written(features: dict[str, Floats | Ints | Bytes]) -> None:
    read = decode_example(encode_example(features))
    assert read == features
    assert {key: type(value) for key, value in read.items()} == {
        key: type(value) for key, value in features.items()
    }


def test_the_order_of_features_does_not_matter() -> None:
    one, two = Ints((1,)), Floats((0.5,))
    assert encode_example({"a": one, "b": two}) == encode_example({"b": two, "a": one})


def test_an_example_has_the_bytes_that_tensorflow_writes() -> None:
    # tf.train.Example's own, serialized with its keys in order.
    features: dict[str, Floats | Ints | Bytes] = {
        "c": Bytes((b"x", b"")),
        "a": Ints((1, -1)),
        "b": Floats((0.5,)),
        "d": Floats(),
    }
    assert encode_example(features).hex() == EXAMPLE


def test_numbers_are_read_that_another_writer_did_not_pack() -> None:
    unpacked = b"\x08\x05\x08\x07"
    entry = b"\x0a\x01n" + b"\x12\x06\x1a\x04" + unpacked
    features = b"\x0a" + bytes([len(entry)]) + entry
    assert decode_example(b"\x0a" + bytes([len(features)]) + features) == {"n": (5, 7)}


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_to_the_reader_than_a_value_error(content: bytes) -> None:
    with suppress(ValueError):
        decode_example(content)
    with suppress(ValueError):
        list(read_frames(io.BytesIO(content)))


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_frames_are_read_as_they_were_written(records: list[bytes]) -> None:
    assert list(read_frames(io.BytesIO(b"".join(map(frame, records))))) == records


def test_an_empty_record_has_the_bytes_that_tensorflow_writes() -> None:
    # tf.io.TFRecordWriter's file of one record b"" and one b"hello".
    assert frame(b"").hex() == EMPTY
    assert frame(b"hello").hex() == HELLO


@pytest.mark.parametrize("at", [0, 9, 12, 14, -1])
def test_a_flipped_bit_is_found(at: int) -> None:
    content = bytearray(frame(b"hello") + frame(b"world"))
    content[at] ^= 4
    with pytest.raises(ValueError, match=r"damaged|not a TFRecord file"):
        list(read_frames(io.BytesIO(bytes(content))))


@pytest.mark.parametrize("keep", [5, 12, 14, 20, 25])
def test_a_file_cut_short_is_found(keep: int) -> None:
    content = frame(b"hello") + frame(b"world")
    with pytest.raises(ValueError, match="cut short"):
        list(read_frames(io.BytesIO(content[:keep])))


def test_a_length_that_no_memory_holds_is_refused() -> None:
    head = frame(b"")[:8]
    with pytest.raises(ValueError, match="not a TFRecord"):
        list(read_frames(io.BytesIO(b"\xff" * 7 + head + bytes(10))))


def as_tensorflow_reads(path: Path) -> list[list[Any]]:
    """Of each example: file name, format, height and width, the decoded picture's shape, the boxes'
    xmin, ymin, xmax and ymax, and their texts, labels and `difficult`."""
    from embedded.without_keras import tf

    texts = ("encoded", "format", "filename")
    edges, lists = ("xmin", "ymin", "xmax", "ymax"), {"text": tf.string, "label": tf.int64}
    features = {
        **{f"image/{name}": tf.io.FixedLenFeature((), tf.string) for name in texts},
        **{f"image/{name}": tf.io.FixedLenFeature((), tf.int64) for name in ("height", "width")},
        **{f"image/object/bbox/{edge}": tf.io.VarLenFeature(tf.float32) for edge in edges},
        **{f"image/object/class/{name}": tf.io.VarLenFeature(lists[name]) for name in lists},
        "image/object/difficult": tf.io.VarLenFeature(tf.int64),
    }

    def of(record: Any) -> list[Any]:
        read = tf.io.parse_single_example(record, features)
        picture = tf.io.decode_image(read["image/encoded"], channels=3, expand_animations=False)

        def values(name: str) -> list[Any]:
            found: list[Any] = tf.sparse.to_dense(read[f"image/object/{name}"]).numpy().tolist()
            return found

        return [
            read["image/filename"].numpy().decode(),
            read["image/format"].numpy().decode(),
            [int(read["image/height"]), int(read["image/width"])],
            list(picture.shape),
            [[round(value, 4) for value in values(f"bbox/{edge}")] for edge in edges],
            [text.decode() for text in values("class/text")],
            values("class/label"),
            values("difficult"),
        ]

    return [of(record) for record in tf.data.TFRecordDataset([str(path)])]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # TensorFlow's own
def test_tensorflow_reads_what_we_wrote(tmp_path: Path) -> None:
    from tasks.core.paths import Workspace
    from tasks.pipeline.job import Silent
    from tasks.records import step
    from tests.support.annotated import picture, turned, xml
    from tests.support.projects import project_job

    job = project_job(Workspace(tmp_path), labels={"one": 7, "two": 3})
    folder = job.workspace.images(job.name, "train")
    folder.mkdir(parents=True)
    kinds = {"a.png": picture(), "b.gif": picture("GIF", mode="P"), "c.bmp": picture("BMP")}
    kinds |= {"d.bmp": picture("BMP", mode="P"), "e.jpg": turned(6), "f.jpg": picture("JPEG")}
    for name, content in kinds.items():
        (folder / name).write_bytes(content)
        size = (48, 64) if name == "e.jpg" else (64, 48)
        boxes = (("two", 12, 6, 48, 24), ("one", 6, 12, 24, 48))
        (folder / f"{name[0]}.xml").write_bytes(xml(*boxes, size=size))
    (folder / "g.png").write_bytes(picture())
    step.run(job, Silent())
    flat = [[0.1875, 0.0938], [0.125, 0.25], [0.75, 0.375], [0.5, 1.0]]
    tall = [[0.25, 0.125], [0.0938, 0.1875], [1.0, 0.5], [0.375, 0.75]]
    rest = [["two", "one"], [3, 7], [0, 0]]
    assert as_tensorflow_reads(tmp_path / "cube_faces/training/train.record") == [
        ["a.png", "png", [48, 64], [48, 64, 3], flat, *rest],
        ["b.gif", "png", [48, 64], [48, 64, 3], flat, *rest],
        ["c.bmp", "bmp", [48, 64], [48, 64, 3], flat, *rest],
        ["d.bmp", "png", [48, 64], [48, 64, 3], flat, *rest],
        ["e.jpg", "jpeg", [64, 48], [64, 48, 3], tall, *rest],
        ["f.jpg", "jpeg", [48, 64], [48, 64, 3], flat, *rest],
        ["g.png", "png", [48, 64], [48, 64, 3], [[], [], [], []], [], [], []],
    ]
