"""Whatever stands in a file, an import ends with what could be read and lines of what could not:
no traceback, nothing outside of the project's images/, nothing that records could not read."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.annotations.voc import read_annotation
from tasks.core.errors import UsageError
from tests.importing.data_sets import imported, lay
from tests.importing.test_round_trip import BOXES, coco, createml, csv, labelme, voc, yolo
from tests.support.annotated import xml

WORDS = st.sampled_from(
    ["0", "1", "-1", "nan", "inf", "1e999", "0.5", "0,5", "99999999999999999999", "one", "", "\0"]
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.none(), st.text(max_size=4), st.booleans())
JSON = st.recursive(
    NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
FILES = {
    "yolo": ("a.txt", yolo(BOXES)["a.txt"]),
    "coco": ("x.json", coco(BOXES)["x.json"]),
    "labelme": ("a.json", labelme(BOXES)["a.json"]),
    "createml": ("x.json", createml(BOXES)["x.json"]),
    "csv": ("x.csv", csv(BOXES)["x.csv"]),
    "voc": ("a.xml", voc(BOXES)["x/a.xml"]),
}
AROUND = {"a.png": 1, "b.png": 2, "classes.txt": "one\ntwo\nthree", "c/data.yaml": "names: [x]"}


def import_it(format: str, content: bytes) -> None:
    """Import a data set with this annotation file; check what came of it."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        name, _ = FILES[format]
        source = lay(folder / "s", {**AROUND, name: content})
        try:
            done = imported(folder, source, options={"format": format})
        except UsageError:  # in one line
            return
        assert {path.name for path in folder.iterdir()} <= {"s", "workspace"}
        for path, written in done.files.items():
            assert path.split("/")[0] in ("train", "test")
            if path.endswith(".xml"):
                read_annotation(written)
        assert "Traceback" not in done.said
        done.said.encode()
    finally:
        shutil.rmtree(folder)


def whole(format: str) -> bytes:
    content = FILES[format][1]
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else msgspec.json.encode(content)


@pytest.mark.parametrize("format", FILES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bytes_that_were_changed_anywhere(format: str, data: st.DataObject) -> None:
    content = bytearray(whole(format))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 12))
        content[at : at + length] = data.draw(st.binary(max_size=6) | WORDS.map(str.encode))
    import_it(format, bytes(content))


@pytest.mark.parametrize("format", ["coco", "labelme", "createml"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_json_with_anything_in_place_of_a_value(format: str, data: st.DataObject) -> None:
    content = msgspec.json.decode(whole(format))
    node, key = content, None
    while isinstance(node, list | dict) and node and (key is None or data.draw(st.booleans())):
        parent = node
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        node = node[key]
    if key is not None:
        parent[key] = data.draw(JSON)
    try:
        written = msgspec.json.encode(content)
    except UnicodeEncodeError:  # half a character, which JSON can't hold
        return
    import_it(format, written)


@pytest.mark.parametrize("format", ["yolo", "csv"])
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(WORDS | st.text(max_size=5), max_size=9), max_size=5))
def test_rows_of_anything(format: str, rows: list[list[str]]) -> None:
    blank = " " if format == "yolo" else ","
    head = "" if format == "yolo" else "filename,class,xmin,ymin,xmax,ymax\n"
    text = head + "\n".join(blank.join(row) for row in rows)
    import_it(format, text.encode("utf-8", "surrogatepass"))


def test_the_files_that_are_changed_are_read_as_they_are() -> None:
    assert all(whole(format) for format in FILES)
    assert read_annotation(xml()).boxes == ()
