"""Where in a JSON file a part of it stands, however it is laid out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import Raw

from tasks.importing import json_file
from tasks.importing.json_file import JsonFile, part_as
from tests.importing.data_sets import lay, read

LABELS = [{"id": 1, "name": "café"}, {"id": 2, "name": "\N{DIE FACE-1}"}]


def places(file: JsonFile, key: str) -> list[str]:
    """Where the items of a list stand."""
    parts = part_as(file.decoded(dict[str, Raw])[key], list[Raw])
    return [str(file.where(part, f"{key}[{number}]")) for number, part in enumerate(parts)]


def test_a_part_is_named_by_its_line() -> None:
    text = json.dumps({"a": [7], "b": [7, {"c": [7]}, 7]}, indent=2)
    found = places(JsonFile("x.json", text.encode()), "b")
    lines = text.splitlines()
    assert found == [
        f"x.json, line {line + 1}: b[{number}]"
        for number, line in enumerate([5, 6, len(lines) - 3])
    ]
    assert (lines[5], lines[6], lines[-3]) == ("    7,", "    {", "    7")


@pytest.mark.parametrize("before", ["", "\n\n", " " * 100_000, "\n" * 70_000])
def test_a_part_far_along_its_line_is_named_by_its_column(before: str) -> None:
    text = before + json.dumps({"a": [7, LABELS * 5, 7], "b": LABELS}, ensure_ascii=False)
    found = places(JsonFile("x.json", text.encode()), "b")
    line, last = text.count("\n") + 1, text.rpartition("\n")[2]
    columns = [last.rindex(one) + 1 for one in ('{"id": 1', '{"id": 2')]
    assert found == [
        f"x.json, line {line}, column {column}: b[{n}]" for n, column in enumerate(columns)
    ]


def test_lines_are_counted_in_time_in_proportion_to_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = list[int]()
    behind = json_file._behind

    def counting(start: tuple[int, int], text: bytes) -> tuple[int, int]:
        counted.append(len(text))
        return behind(start, text)

    monkeypatch.setattr(json_file, "_behind", counting)
    file = JsonFile("x.json", json.dumps({"b": list(range(400_000))}).encode())
    parts = part_as(file.decoded(dict[str, Raw])["b"], list[Raw])
    assert counted == []
    found = [str(file.where(part, "")) for part in parts[::400]]
    assert found[-1].startswith("x.json, line 1, column ")
    assert sum(counted) < len(file.content) + len(found) * json_file.STRETCH


def test_where_nan_was_written_columns_are_not_known_and_lines_are() -> None:
    file = JsonFile("x.json", b'{"a": NaN,\n"b": [NaN, 7]}')
    assert places(file, "b") == ["x.json, line 2: b[0]", "x.json, line 2: b[1]"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"imageWidth": 0.5}, "a.json, line 4: the stated side of its picture is 0.5"),
        ({"imageWidth": "w"}, "a.json: line 4: imageWidth: expected float"),
        ({"imagePath": "c.png"}, "b.json, line 3: its picture c.png is not there"),
        ({"shapes": [{}]}, "a.json, line 6: shapes[0]: object missing required field"),
    ],
)
def test_each_value_of_labelmes_is_named_by_its_line(
    tmp_path: Path, change: dict[str, object], fault: str
) -> None:
    whole = {"version": "5", "imagePath": "a.png", "imageWidth": 64, "shapes": []}
    name = fault.partition(".")[0]
    files = {"a.png": 1, f"{name}.json": json.dumps(whole | change, indent=2)}
    [found] = read(lay(tmp_path, files), format="labelme").faults
    assert found.startswith(fault)
