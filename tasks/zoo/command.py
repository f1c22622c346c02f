"""`doit catalogue`: choose rows, and write them as a table, JSON or CSV. In data for programs, what
is not published is null, or empty."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

import msgspec

from tasks.config.types import Config
from tasks.console.output import write_data
from tasks.core.errors import UsageError
from tasks.core.paths import Workspace
from tasks.zoo.choice import COMMAND, choose, parse
from tasks.zoo.entries import Entry, entries

FIELDS = Entry.__struct_fields__
# A spreadsheet runs a cell that begins so as a formula; behind an apostrophe it shows the text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(
    options: Mapping[str, object],
    words: Sequence[str],
    config: Config,
    workspace: Workspace,
    stream: TextIO,
) -> None:
    """Write the chosen rows.

    Raises:
        UsageError: a value is none of those that its option takes.
        OSError: the stream can't be written.
    """
    if options.get("json") and options.get("csv"):
        raise UsageError(COMMAND, "--json and --csv exclude each other", "give one of them")
    choice = parse(options, words)
    chosen = choose(entries(config, workspace), choice)
    if options.get("json") or options.get("csv"):
        text = as_json(chosen) if options.get("json") else as_csv(chosen)
        write_data(text, stream)
    else:
        from tasks.zoo.table import show

        show(chosen, stream, choice.output, titles=bool(options.get("titles")))


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
