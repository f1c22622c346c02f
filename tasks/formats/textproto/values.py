"""A value as Python has it ↔ as the text has it.

A string is `str`, a number `int` or `float`, `true` and `false` are `bool`; every other unquoted
word (the name of an enum's value) is a `Word`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TypeAlias

from msgspec import Struct


class Word(Struct, frozen=True):
    """An unquoted word: the name of an enum's value."""

    text: str


Value: TypeAlias = str | int | float | bool | Word

OCTAL = re.compile(r"0[0-9]+")
TRUTH = {"true": True, "True": True, "t": True, "false": False, "False": False, "f": False}
ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
ESCAPE = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.S
)
LONGEST_NUMBER = 400  # digits; no field holds more, and Python refuses to read thousands


def number(text: str, *, minus: bool = False) -> int | float | None:
    """A number as the protobuf library reads it; None if the text is not one."""
    if len(text) > LONGEST_NUMBER:
        return None
    value: int | float | None = None
    with suppress(ValueError):
        value = int(text, 8 if OCTAL.fullmatch(text) else 0)
    if value is None and not OCTAL.match(text):
        with suppress(ValueError):
            value = float(text.rstrip("fF"))
    return -value if minus and value is not None else value


def word(text: str, *, minus: bool = False) -> Value | None:
    """An unquoted word as a value; None if it has a minus and is not a number."""
    if text.casefold() in ("inf", "infinity", "inff", "infinityf"):
        return float("-inf") if minus else float("inf")
    if text.casefold() in ("nan", "nanf"):
        return float("nan")
    if minus:
        return None
    return TRUTH.get(text, Word(text))


def unquoted(literal: str) -> str:
    """What a string literal (with its quotes) stands for; bytes that are not UTF-8 stay as
    surrogates.

    Raises:
        ValueError: an escape that stands for no character.
    """
    raw = literal[1:-1].encode("utf-8", "surrogateescape")
    return ESCAPE.sub(_escaped, raw).decode("utf-8", "surrogateescape")


def _escaped(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, short, long, plain = match.groups()
    if octal or hexadecimal:
        byte = int(octal, 8) if octal else int(hexadecimal, 16)
        if byte > 255:
            raise ValueError(f"\\{octal.decode()} is more than a byte")
        return bytes([byte])
    if short or long:
        code = int(short or long, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise ValueError(f"\\{'u' if short else 'U'} stands for no character here")
        return chr(code).encode()
    sign = plain.decode("latin-1")
    if sign in ESCAPES:
        return bytes([ESCAPES[sign]])
    if sign and sign in "\\'\"":
        return plain
    if sign not in "xuUN":  # the library keeps what it does not know
        return match.group()
    raise ValueError(f"\\{sign} means nothing in a string: write paths with /")


def quoted(text: str, mark: str = '"') -> str:
    """A string literal: printable characters stay, others are escaped."""
    pieces = []
    for character in text:
        if character in (mark, "\\"):
            pieces.append("\\" + character)
        elif character == "\n":
            pieces.append("\\n")
        elif character.isprintable():
            pieces.append(character)
        else:
            encoded = character.encode("utf-8", "surrogateescape")
            pieces += [f"\\{byte:03o}" for byte in encoded]
    return mark + "".join(pieces) + mark


def written(value: Value | tuple[Value, ...], mark: str = '"') -> str:
    """A value, or a list of values, as the text has it; `mark` is the quote for strings."""
    match value:
        case tuple():
            return "[" + ", ".join(written(item, mark) for item in value) + "]"
        case Word(text):
            return text
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value, mark)
        case float() if value.is_integer() and abs(value) < 1e15:
            return f"{value:.1f}"
        case _:
            return repr(value)


def same(one: Value | tuple[Value, ...] | None, other: Value | tuple[Value, ...] | None) -> bool:
    """Whether two values mean the same: 1 is 1.0, but neither is `true` nor "1"."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and one != one:
        return isinstance(other, float) and other != other
    return one == other
