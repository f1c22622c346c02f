"""What parts.html.jinja shows in words: states, facts, tables."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Tone = Literal["good", "bad", "wait", "plain"]
"""How a state is coloured; the word itself always stands there too."""


class State(Struct, frozen=True):
    """A state in a word, and the reason for it."""

    word: str
    tone: Tone
    why: str = ""


class Fact(Struct, frozen=True):
    """A line of a list of facts; `code` is set for digests and paths."""

    name: str
    value: str
    code: bool = False


class Table(Struct, frozen=True):
    """A plain table; all columns but the first `text_columns` hold figures."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: int = 1
