"""One change, and the reason why a file can't be tailored."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from tasks.formats.textproto.edit import Document, Values


class Unfit(Exception):  # noqa: N818
    """A pipeline.config that can't be tailored; the message is a clause without a full stop."""


class Change(Struct, frozen=True):
    """A value that tailoring looks after.

    Attributes:
        path: of the field.
        value: what must stand there; None: nothing.
        why: in a few words.
    """

    path: str
    value: Values | None
    why: str


def unless_default(
    document: Document, path: str, value: Values, default: Values, why: str
) -> Iterator[Change]:
    """A change, unless the field is not there and means `value` by that."""
    if value != default or document.count(path):
        yield Change(path, value, why)
