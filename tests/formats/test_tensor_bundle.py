"""Reading a checkpoint's index without TensorFlow."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.formats import tensor_bundle as bundle
from tests.support.archives import sstable, tensor_bundle, varint

HEADER = (b"", b"\x08\x01")


def entry(*, shard: int = 0, offset: int = 0, size: int = 0) -> bytes:
    return b"\x18" + varint(shard) + b"\x20" + varint(offset) + b"\x28" + varint(size)


def test_the_data_files_length_is_where_the_last_tensor_ends() -> None:
    index, data = tensor_bundle({"a": bytes(400), "b": bytes(4), "c": bytes(12)})
    assert bundle.data_lengths(index) == (len(data),) == (416,)


def test_a_checkpoint_of_no_tensors_has_empty_data() -> None:
    assert bundle.data_lengths(sstable([HEADER])) == (0,)


def test_every_data_file_has_a_length_of_its_own() -> None:
    entries = [
        (b"", b"\x08\x03"),
        (b"a", entry(shard=2, offset=5, size=10)),
        (b"b", entry(offset=1, size=2)),
    ]
    assert bundle.data_lengths(sstable(entries)) == (3, 0, 15)


def test_fields_that_we_do_not_know_are_skipped() -> None:
    value = b"\x09" + bytes(8) + b"\x3a\x02xx" + b"\x35" + bytes(4) + entry(offset=1, size=1)
    assert bundle.data_lengths(sstable([HEADER, (b"a", value)])) == (2,)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (b"", "does not end as"),
        (bytes(100), "does not end as"),
        (sstable([]), "no header"),
        (sstable([(b"a", entry())]), "no header"),
        (sstable([(b"", b"\x08\x00")]), "names 0 data files"),
        (sstable([(b"", b"\x08" + varint(10**6))]), "data files"),
        (sstable([HEADER, (b"a", entry(shard=1))]), "data file 1 of 1"),
        (sstable([HEADER, (b"a", b"\x20\xff")]), "cut short"),
        (sstable([HEADER, (b"a", b"\x20" + b"\xff" * 10)]), "too long"),
        (sstable([HEADER, (b"a", b"\x23")]), "unknown kind"),
        (sstable([HEADER, (b"a", b"\x3a\x63")]), "cut short"),
        (sstable([HEADER, (b"a" * 5000, entry())]), "entry is too long"),
        (sstable([HEADER, (b"a", bytes(5000))]), "entry is too long"),
    ],
)
def test_what_is_no_index_is_told_so(index: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bundle.data_lengths(index)


def test_a_block_that_lies_outside_is_told_so() -> None:
    footer = (bytes(2) + varint(10**9) + varint(10)).ljust(40, b"\0")
    with pytest.raises(ValueError, match="outside of it"):
        bundle.data_lengths(footer + bundle.MAGIC.to_bytes(8, "little"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400), st.binary(max_size=8))
def test_hostile_bytes_cause_nothing_but_a_value_error(
    noise: bytes, start: int, piece: bytes
) -> None:
    whole, _ = tensor_bundle({"a": bytes(40), "b": bytes(4)})
    changed = bytearray(whole)
    changed[start : start + len(piece)] = piece
    magic = bundle.MAGIC.to_bytes(8, "little")
    for content in (bytes(changed), noise, noise + magic, noise + whole[-bundle.FOOTER :]):
        with suppress(ValueError):
            assert all(length >= 0 for length in bundle.data_lengths(content))


SNAPPY = [  # raw blocks by google/snappy's format_description.txt, and what they mean
    (b"\x00", b""),
    (b"\x03\x08abc", b"abc"),
    (b"\x0a\x04ab\x1e\x02\x00", b"ababababab"),  # a copy that overlaps itself, 16-bit offset
    (b"\x08\x0cabcd\x01\x04", b"abcdabcd"),  # 11-bit offset
    (b"\x08\x0cabcd\x0f\x04\x00\x00\x00", b"abcdabcd"),  # 32-bit offset
    (b"\x46\xf0\x45" + b"x" * 70, b"x" * 70),  # a literal whose length takes a byte
]


@pytest.mark.parametrize(("block", "meaning"), SNAPPY)
def test_snappy_blocks_are_read(block: bytes, meaning: bytes) -> None:
    assert bundle.unsnappy(block, 100) == meaning


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x03\x08ab",
        b"\x09\x0cabcd\x01\x05",
        b"\x04\x0cabcd\x01\x00",
        b"\xff\xff\x7f",
        b"\x02\x08abc",
    ],
)
def test_broken_snappy_blocks_are_refused(block: bytes) -> None:
    with pytest.raises(ValueError, match=r"block|copy|number"):
        bundle.unsnappy(block, 100)


@given(st.binary(max_size=200))
def test_no_snappy_block_grows_beyond_its_limit(block: bytes) -> None:
    with suppress(ValueError):
        assert len(bundle.unsnappy(block, 50)) <= 50


def test_a_table_of_many_handles_to_one_block_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "LARGEST_INFLATED", 500_000)
    entries = b"".join(b"\0\0" + varint(4000) + b"\x08" * 4000 for _ in range(50))
    block = entries + bytes(4) + b"\1\0\0\0"
    table = block + b"\0" + bytes(4)
    handle = varint(0) + varint(len(block))
    body = b"".join(b"\0\1" + varint(len(handle)) + b"k" + handle for _ in range(5000))
    body += bytes(4) + b"\1\0\0\0"
    footer = (bytes(2) + varint(len(table)) + varint(len(body))).ljust(40, b"\0")
    hostile = table + body + bytes(5) + footer + bundle.MAGIC.to_bytes(8, "little")
    with pytest.raises(ValueError, match="too large"):
        bundle.data_lengths(hostile)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # TensorFlow's own
def test_what_tensorflow_writes_is_read(tmp_path: Path) -> None:
    """Its index is snappy-compressed, which ours is not."""
    from embedded.without_keras import tf

    values = {f"v{n}": tf.Variable(tf.random.normal([n * 7 + 1])) for n in range(200)}
    prefix = tmp_path / "ckpt-0"
    tf.train.Checkpoint(**values).write(str(prefix))
    index = prefix.with_name("ckpt-0.index").read_bytes()
    data = prefix.with_name("ckpt-0.data-00000-of-00001")
    assert bundle.data_lengths(index) == (data.stat().st_size,)
    chooser = random.Random(7)
    for _ in range(300):
        changed = bytearray(index)
        changed[chooser.randrange(len(index))] ^= 1 << chooser.randrange(8)
        with suppress(ValueError):
            bundle.data_lengths(bytes(changed))
