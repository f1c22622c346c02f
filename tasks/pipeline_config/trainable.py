"""Whether the Object Detection API would begin to train by a pipeline.config; why not, and where.

The doctor tells all that it finds. Here the first fault is enough, before minutes are spent on
finding it out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.parse import tokens
from tasks.pipeline_config.edit import UnsuitableError
from tasks.pipeline_config.impossible import impossible_values
from tasks.pipeline_config.refusals import refused
from tasks.pipeline_config.rules import branch_of
from tasks.pipeline_config.schema import fault, unknown_fields

FIELDS = re.compile(r"\w+(?:\[\d+\])?(?:\.\w+(?:\[\d+\])?)+|\w*_\w*")  # as a clause names them


def first_fault(document: Document) -> str:
    """Why no training would begin, as a clause that begins with the line; "" if one would."""
    clause = next(_faults(document), "")
    if not clause or clause.startswith("line "):
        return clause
    line = line_of(document, clause)
    return f"line {line}: {clause}" if line else clause


def _faults(document: Document) -> Iterator[str]:
    yield from unknown_fields(document)
    if why := fault(document.text):
        yield why
        return
    try:
        branch = branch_of(document)
    except UnsuitableError as unfit:
        yield str(unfit)
        return
    yield from refused(document, branch)
    yield from impossible_values(document)


def line_of(document: Document, clause: str) -> int:
    """The line of the last of the fields that a clause names, each looked for behind the one before
    it; 0 if none stands there."""
    named = [re.sub(r"\W.*", "", n) for path in FIELDS.findall(clause) for n in path.split(".")]
    places = [(token.text, token.start) for token in tokens(document.text) if token.kind == "name"]
    at = -1
    for name in named:
        at = next((start for text, start in places if text == name and start > at), at)
    return document.text.count("\n", 0, at) + 1 if at >= 0 else 0
