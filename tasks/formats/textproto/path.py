"""Paths of fields (`eval_input_reader[0].label_map_path`), and what they lead to in a text.

Where a field that has one value stands several times, protobuf's `Merge`, by which the Object
Detection API reads, takes the last of several values, makes one message of several, and drops a
member of a oneof when another one follows. Which fields have one value a schema must say: a
`Shape`.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from typing import NamedTuple

from tasks.formats.textproto.parse import Element, Message

NAME = r"[A-Za-z_][A-Za-z0-9_]*|\[[A-Za-z0-9_.\-/]+\]"  # a field, or an extension
STEP = re.compile(rf"({NAME})(?:\[([0-9]+)\])?")
PATH = re.compile(rf"{STEP.pattern}(?:\.{STEP.pattern})*")
Names = tuple[str, ...]
Pieces = tuple[Message, ...]  # of one message, in the order of the text


class PathError(ValueError):
    """Not a path, or one that does not fit the text; the message is a clause."""


class Step(NamedTuple):
    """A name in a path, and which of its values is meant; None if it has only one."""

    name: str
    nth: int | None = None


Steps = tuple[Step, ...]


class Shape:
    """What of a schema decides how a text is merged; this one knows no field, and merges nothing.
    Names lead from the whole file to a field."""

    def has_one(self, names: Names) -> bool:
        """Whether a field is known, and has one value at most."""
        return False

    def rivals(self, names: Names) -> tuple[str, ...]:
        """The other members of the oneof that a field is in."""
        return ()


UNKNOWN = Shape()


def parse_path(path: str) -> Steps:
    """The steps of a path.

    Raises:
        PathError: it is not names, joined by full stops, with indexes in brackets.
    """
    if not PATH.fullmatch(path):
        raise PathError("expected names joined by full stops, as in eval_input_reader[0].shuffle")
    return tuple(Step(name, int(nth[:9]) if nth else None) for name, nth in STEP.findall(path))


def plain(path: str) -> str:
    """A path without the indexes that say nothing: `a[0].b` and `a.b` are one place if `a` has one
    value."""
    named = parse_path(path)
    return ".".join(f"{step.name}[{step.nth}]" if step.nth else step.name for step in named)


def names_of(steps: Steps) -> Names:
    """The names of a path, without its indexes."""
    return tuple(step.name for step in steps)


def chosen(pieces: Pieces, steps: Steps, shape: Shape) -> list[Element]:
    """The values that the last step of a path means in a message."""
    names, nth = names_of(steps), steps[-1].nth
    found = elements(pieces, names, shape)
    if nth is None or (nth == 0 and shape.has_one(names)):
        return found
    return found[nth : nth + 1]


def elements(pieces: Pieces, names: Names, shape: Shape) -> list[Element]:
    """The values that a message has under the last of the names and that count, in the order of the
    text."""
    found = _all(pieces, names[-1])
    replaced = replacing(pieces, names, shape)
    return [e for e in found if e.node.start > replaced.node.start] if replaced else found


def replacing(pieces: Pieces, names: Names, shape: Shape) -> Element | None:
    """The last member of the same oneof: it takes the place of what stands before it."""
    rivals = [e for rival in shape.rivals(names) for e in _all(pieces, rival)]
    return max(rivals, key=lambda element: element.node.start, default=None)


def _all(pieces: Pieces, name: str) -> list[Element]:
    if len(pieces) == 1:  # no copy: thousands of items are looked up one by one
        return pieces[0].named.get(name, [])
    return [element for piece in pieces for element in piece.named.get(name, ())]


def merged(text: str, root: Message, shape: Shape) -> list[str]:
    """Each field that stands several times and has one value: where, and what comes of it."""
    ends = [at for at, sign in enumerate(text) if sign == "\n"]
    return [
        message.format(*(bisect(ends, element.node.start) + 1 for element in places))
        for message, places in _merged((root,), (), shape)
    ]


def _merged(pieces: Pieces, above: Names, shape: Shape) -> Iterator[tuple[str, list[Element]]]:
    for name in dict.fromkeys(name for piece in pieces for name in piece.named):
        names = (*above, name)
        found, path = _all(pieces, name), ".".join(names)
        messages = tuple(e.node for e in found if isinstance(e.node, Message))
        other = replacing(pieces, names, shape)
        if found and other and other.node.start > found[-1].node.start:
            replaces = f"line {{1}}: {other.field.name} takes the place of {path} in line {{0}}"
            yield replaces, [found[-1], other]
        if not shape.has_one(names):
            for message in messages:
                yield from _merged((message,), names, shape)
            continue
        if len(found) > 1:
            what = "the two are merged" if messages else "the last one counts"
            yield f"line {{1}}: {path} stands in line {{0}} too: {what}", [found[0], found[-1]]
        yield from _merged(messages, names, shape)
