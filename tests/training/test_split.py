"""Which pictures are held out to measure by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tasks.formats.tf_record import Bytes, encode_example, frame, read_frames
from tasks.training.split import Split, is_held_out, split_records


def record(content: bytes, digest: bytes = b"") -> bytes:
    features = {"image/encoded": Bytes([content])}
    return encode_example(features | ({"image/key/sha256": Bytes([digest])} if digest else {}))


def records_of(path: Path) -> list[bytes]:
    with open(path, "rb") as file:
        return list(read_frames(file))


def shared_out(tmp_path: Path, pictures: Sequence[bytes], share: float = 0.3) -> Split:
    source = tmp_path / "all.record"
    source.write_bytes(b"".join(frame(record(one)) for one in pictures))
    folder = tmp_path / "split"
    folder.mkdir(exist_ok=True)
    return split_records([source], share, folder)


def test_every_picture_is_on_one_side_and_the_share_is_about_right(tmp_path: Path) -> None:
    pictures = [str(number).encode() for number in range(300)]
    split = shared_out(tmp_path, pictures)
    held_out, train = records_of(split.held_out), records_of(split.train)
    assert sorted(held_out + train) == sorted(map(record, pictures))
    assert (len(train), len(held_out)) == (split.trained, split.measured)
    assert 60 <= len(held_out) <= 120


def test_one_more_picture_moves_no_other(tmp_path: Path) -> None:
    pictures = [str(number).encode() for number in range(60)]
    before = records_of(shared_out(tmp_path, pictures).held_out)
    after = records_of(shared_out(tmp_path, [b"new", *pictures]).held_out)
    assert [one for one in after if one != record(b"new")] == before


def test_a_picture_that_is_there_twice_is_on_one_side(tmp_path: Path) -> None:
    split = shared_out(tmp_path, [b"same"] * 8)
    assert {split.trained, split.measured} == {0, 8}


def test_the_digest_in_the_record_decides_as_the_picture_itself_does(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"picture").hexdigest()
    source = tmp_path / "all.record"
    source.write_bytes(frame(record(b"re-encoded", digest.encode())))
    split = split_records([source], 0.5, tmp_path)
    assert bool(split.measured) == is_held_out(digest, 0.5)


def test_nothing_is_held_out_where_no_share_is_asked(tmp_path: Path) -> None:
    split = shared_out(tmp_path, [b"1", b"2", b"3"], share=0.0)
    assert (split.trained, split.measured) == (3, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no record at all", "not a TFRecord file"),
        (frame(record(b"1"))[:-3], "record 1 is cut short"),
        (frame(encode_example({})), "a record holds no picture"),
        (frame(b"\xff\xff\xff"), "not a tf.Example"),
    ],
)
def test_a_damaged_file_is_named_and_leaves_nothing(
    tmp_path: Path, content: bytes, why: str
) -> None:
    source = tmp_path / "bad.record"
    source.write_bytes(content)
    folder = tmp_path / "split"
    folder.mkdir()
    with pytest.raises(ValueError, match=rf"bad\.record: .*{why}"):
        split_records([source], 0.5, folder)
    assert not any(folder.iterdir())
