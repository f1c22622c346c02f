"""Changes to the text of a pipeline.config.

A network's own file is changed as the rules say. In a file that the user edited, a value that is
still what we last wrote follows; any other is the user's, and stays. Whatever does not give a
sound file is an UnsuitableError: then a network's own file, or the user's override, is at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from msgspec import Struct

from tasks.formats.textproto.edit import Document, Values
from tasks.formats.textproto.parse import BOM, TextError
from tasks.formats.textproto.path import PathError
from tasks.formats.textproto.values import Word, same, written
from tasks.pipeline_config.schema import SHAPE, default, fault, unknown

MESSAGE = Word("{…}")  # stands for a message where a value is asked for


class UnsuitableError(Exception):
    """A pipeline.config that can't be tailored; the message is a clause without a full stop."""


class Change(Struct, frozen=True):
    """A value that tailoring sets, or removes if `value` is None; `why` in a few words."""

    path: str
    value: Values | None
    why: str


class UserValue(Struct, frozen=True):
    """A value of the user's that stays, and the one that we would write; as text, "" for none."""

    path: str
    value: str
    ours: str


class Merged(Struct, frozen=True):
    """A user's file with the values that are ours brought up to date.

    Attributes:
        values: path → the value that we last wrote there, as text; "" for nothing.
        kept: values that the user changed.
    """

    content: bytes
    values: dict[str, str]
    kept: tuple[UserValue, ...]


def read_own(content: bytes) -> Document:
    """A network's own file; a byte order mark is dropped, which the API can't read."""
    try:
        return _checked(Document.read(content.removeprefix(BOM.encode()), SHAPE))
    except TextError as error:
        raise UnsuitableError(str(error)) from None


def tailored(document: Document, changes: Iterable[Change]) -> Document:
    """The file with all changes made."""
    return _checked(reduce(_changed, changes, document))


def _checked(document: Document) -> Document:
    if found := fault(document.text):
        raise UnsuitableError(found)
    return document


def _changed(document: Document, change: Change) -> Document:
    try:
        if same(current(document, change.path), change.value):
            return document
        if change.value is None:
            return document.remove(change.path)
        changed = document.set(change.path, change.value)
    except PathError as error:
        raise UnsuitableError(f"{change.path}: {error}") from None
    if why := unknown(change.path):
        raise UnsuitableError(why)
    return changed


def merged(
    users: Document,
    base: Document,
    changes: Iterable[Change],
    last: Mapping[str, str],
    intended: Mapping[str, str],
) -> Merged:
    """Bring a user's file up to date.

    Args:
        users: the user's file.
        base: the network's own.
        changes: what we want now.
        last, intended: path → what we last wrote, and what we were about to write when we were
            interrupted.
    """
    wanted = {change.path: change for change in changes}
    restored = {p: Change(p, current(base, p), "") for p in last if p not in wanted}
    document, values, kept = users, {}, []
    for path, change in (wanted | restored).items():
        here = current(document, path)
        ours = [from_text(t[path]) for t in (last, intended) if path in t] or [current(base, path)]
        if any(same(here, value) for value in (change.value, *ours)):
            if change.value is not MESSAGE:
                document = _changed(document, change)
            if path in wanted:
                values[path] = as_text(change.value)
        elif path in wanted:
            kept.append(UserValue(path, as_text(here), as_text(change.value)))
            values |= {path: last[path]} if path in last else {}
    return Merged(_checked(document).content, values, tuple(kept))


def current(document: Document, path: str) -> Values | None:
    """The value at a path; a list of one counts as its one value. None if there is none, or if the
    path does not fit this file."""
    try:
        if document.has_message(path):
            return MESSAGE
        value = document.get(path)
    except PathError:
        return None
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def effective(document: Document, path: str) -> Values | None:
    """The value at a path, or the field's default, which the API takes if there is none. None for a
    message or a list that is missing."""
    value = current(document, path)
    return default(path) if value is None else value


def number(document: Document, path: str) -> float:
    """The number that a field has, or means if it is missing; 0 if the file has several."""
    value = effective(document, path)
    return value if isinstance(value, (int, float)) else 0


def as_text(value: Values | None) -> str:
    """A value as receipts and messages have it; "" for nothing."""
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return "" if value is None else written(value)


def from_text(text: str) -> Values | None:
    """The value that `as_text` wrote; None also for what a damaged receipt holds."""
    if text == MESSAGE.text:
        return MESSAGE
    try:
        return Document(f"value: {text}").get("value") if text else None
    except ValueError:
        return None


def values_of(changes: Iterable[Change]) -> dict[str, str]:
    """path → value, for the receipt."""
    return {change.path: as_text(change.value) for change in changes}
