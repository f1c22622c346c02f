"""The rows as data, for programs: JSON and CSV. What is not published is null, or empty."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

import msgspec

from tasks.zoo.entries import Entry

FIELDS = Entry.__struct_fields__
# A spreadsheet runs a cell that begins so as a formula; behind an apostrophe it shows the text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(entries: Iterable[Entry]) -> str:
    """A list of objects, the same keys in each."""
    return json.dumps([msgspec.to_builtins(entry) for entry in entries], indent=1) + "\n"


def as_csv(entries: Iterable[Entry]) -> str:
    """A header and a line each. Lists are joined by spaces, an input size reads `640x640`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for entry in entries:
        writer.writerow([_cell(field, getattr(entry, field)) for field in FIELDS])
    return text.getvalue()


def _cell(field: str, value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return _text(("x" if field == "input_size" else " ").join(map(str, value)))
        case float():
            return f"{value:g}"
        case _:
            return _text(str(value)) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
