"""`doit catalogue`: choose rows, and write them as what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from tasks.config.types import Config
from tasks.console.output import write_data
from tasks.core.errors import UsageError
from tasks.core.paths import Workspace
from tasks.zoo.choice import COMMAND, choose, parse
from tasks.zoo.entries import entries


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
        from tasks.zoo import data

        text = data.as_json(chosen) if options.get("json") else data.as_csv(chosen)
        write_data(text, stream)
    else:
        from tasks.zoo.table import show

        show(chosen, stream, choice.output, titles=bool(options.get("titles")))
