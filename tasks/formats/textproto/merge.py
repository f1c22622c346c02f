"""What a text means where a field that has one value stands in it several times.

protobuf's `Merge`, by which the Object Detection API reads, takes the last of several values, makes
one message of several, and drops a member of a oneof when another one follows. Which fields have
one value a schema must say: a `Shape`.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from tasks.formats.textproto.path import Step
from tasks.formats.textproto.tree import Element, Message

Names = tuple[str, ...]
Pieces = tuple[Message, ...]  # of one message, in the order of the text


class Shape(Protocol):
    """What of a schema decides how a text is merged. Names lead from the whole file to a field."""

    def has_one(self, names: Names) -> bool:
        """Whether a field is known, and has one value at most."""

    def rivals(self, names: Names) -> tuple[str, ...]:
        """The other members of the oneof that a field is in."""


class Singles(Struct, frozen=True):
    """The shape of a text of which these fields have one value, and none is in a oneof."""

    fields: frozenset[Names]

    def has_one(self, names: Names) -> bool:
        return names in self.fields

    def rivals(self, names: Names) -> tuple[str, ...]:
        return ()


UNKNOWN = Singles(frozenset())  # without a schema nothing is merged


def elements(pieces: Pieces, names: Names, shape: Shape) -> list[Element]:
    """All that a message has under the last of the names and that counts, in the order of the
    text."""
    found = _all(pieces, names[-1])
    replaced = replacing(pieces, names, shape)
    return [e for e in found if e.node.start > replaced.node.start] if replaced else found


def replacing(pieces: Pieces, names: Names, shape: Shape) -> Element | None:
    """The last member of the same oneof: it takes the place of what stands before it."""
    rivals = [e for rival in shape.rivals(names) for e in _all(pieces, rival)]
    return max(rivals, key=lambda element: element.node.start, default=None)


def _all(pieces: Pieces, name: str) -> list[Element]:
    if len(pieces) == 1:
        return pieces[0].named.get(name, [])
    return [element for piece in pieces for element in piece.named.get(name, ())]


def chosen(pieces: Pieces, way: tuple[Step, ...], shape: Shape) -> list[Element]:
    """What the last step of a way means in a message."""
    step = way[-1]
    found = elements(pieces, tuple(s.name for s in way), shape)
    if step.nth is None or (step.nth == 0 and has_one(way, shape)):
        return found
    return found[step.nth : step.nth + 1]


def has_one(way: tuple[Step, ...], shape: Shape) -> bool:
    """Whether a way leads to a field that has one value at most."""
    return shape.has_one(tuple(step.name for step in way))


def merged(text: str, root: Message, shape: Shape) -> list[str]:
    """Each field that stands several times and has one value: where, and what comes of it."""
    ends = [at for at, sign in enumerate(text) if sign == "\n"]
    return [
        told.format(*(bisect(ends, element.node.start) + 1 for element in places))
        for told, places in _merged((root,), (), shape)
    ]


def _merged(pieces: Pieces, names: Names, shape: Shape) -> Iterator[tuple[str, list[Element]]]:
    for name in dict.fromkeys(name for piece in pieces for name in piece.named):
        way = (*names, name)
        found, path = _all(pieces, name), ".".join(way)
        nodes = [e.node for e in found]
        messages = tuple(node for node in nodes if isinstance(node, Message))
        other = replacing(pieces, way, shape)
        if found and other and other.node.start > found[-1].node.start:
            told = f"line {{1}}: {other.field.name} takes the place of {path} in line {{0}}"
            yield told, [found[-1], other]
        if not shape.has_one(way):
            for message in messages:
                yield from _merged((message,), way, shape)
            continue
        if len(found) > 1:
            what = "the two are merged" if messages else "the last one counts"
            yield f"line {{1}}: {path} stands in line {{0}} too: {what}", [found[0], found[-1]]
        yield from _merged(messages, way, shape)
