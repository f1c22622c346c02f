"""JSON files of the source, decoded part by part. Where a part stands is found out once it is to be
told, and costs nothing before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct, field

from tasks.annotations.voc import MARKS
from tasks.core.text import shortened
from tasks.importing.text import content_of, text_of

T = TypeVar("T")

# COCO's own largest, of 118 000 pictures, is 448 MB.
LARGEST_JSON = 512_000_000
BYTE = re.compile(r"byte (\d+)")
KEY = re.compile(r"`\$\.(\w+)")
# Python writes these in place of numbers, and JSON has none of them.
NO_NUMBER = re.compile(rb"([:\[,]\s*)-?(?:NaN|Infinity)(?=\s*[,\]}])")

STRETCH = 65_536  # bytes; lines are counted once for each, however many faults are told
FAR = 80  # columns: what stands behind them is not seen on a glance at the line
CONTINUED = bytes(range(0x80, 0xC0))  # what begins no character of UTF-8


class JsonFile(Struct):
    """A JSON file.

    Attributes:
        shown: what messages call it.
        content: in UTF-8.
        has_columns: columns in the content are those of the file.
    """

    shown: str
    content: bytes
    has_columns: bool = True
    _starts: list[tuple[int, int]] = field(default_factory=list)

    def decoded(self, kind: type[T]) -> T:
        """All of it as this type: numbers may be written as texts, and NaN is read as null.

        Raises:
            ValueError: it is not JSON, or not of this type; says where.
        """
        try:
            return msgspec.json.decode(self.content, type=kind, strict=False)
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        except msgspec.ValidationError as error:
            key = KEY.search(str(error))
            at = self._value(key[1]) if key else None
            where = "" if at is None else f"{self._place(at)}: "
            raise ValueError(where + _clause(str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            plain = NO_NUMBER.sub(rb"\1null", self.content)
            if plain == self.content:
                raise ValueError(self._malformed(str(error))) from None
        self.content, self.has_columns = plain, False
        return self.decoded(kind)

    def _malformed(self, message: str) -> str:
        found = BYTE.search(message)
        if not found:
            return f"it is not whole JSON: {message[:1].lower()}{message[1:]}"
        at = int(found[1])
        near = shortened(self.content[at : at + 20].decode(errors="replace"), 20)
        return f"it is not JSON in {self._place(at)}, near {near}"

    def where(self, part: Raw | str, called: str = "") -> Where:
        """Where a part stands that was decoded from this file's content, or else the value of this
        key of the outermost object; and what messages call it."""
        return Where(self, part, called)

    def _value(self, key: str) -> int | None:
        """The byte at which the value of a key begins, if the outermost object has it."""
        try:
            return self._begin(msgspec.json.decode(self.content, type=dict[str, Raw])[key])
        except (KeyError, msgspec.DecodeError):
            return None

    def _begin(self, part: Raw) -> int:
        """The byte at which a part begins: it is a view into the content."""
        import numpy as np

        whole, view = (np.frombuffer(text, np.uint8).ctypes.data for text in (self.content, part))
        return view - whole

    def _place(self, at: int) -> str:
        """`line 3`; with the column where it is far along the line."""
        if not self._starts:
            self._starts = self._counted()
        begin = at // STRETCH
        line, column = _behind(self._starts[begin], self.content[begin * STRETCH : at])
        is_far = self.has_columns and column > FAR
        return f"line {line}, column {column}" if is_far else f"line {line}"

    def _counted(self) -> list[tuple[int, int]]:
        """The line and the column at which each stretch begins."""
        starts = [(1, 1)]
        for begin in range(0, len(self.content), STRETCH):
            starts.append(_behind(starts[-1], self.content[begin : begin + STRETCH]))
        return starts


class Where(Struct, frozen=True):
    """A part of a JSON file, for messages: `x.json, line 3: annotations[2]`."""

    file: JsonFile
    part: Raw | str
    called: str

    def __str__(self) -> str:
        file, part = self.file, self.part
        at = file._value(part) if isinstance(part, str) else file._begin(part)
        place = file.shown if at is None else f"{file.shown}, {file._place(at)}"
        return f"{place}: {self.called}" if self.called else place


def read_json(path: Path, shown: str, most: int = LARGEST_JSON) -> JsonFile:
    """A file, to be decoded.

    Raises:
        ValueError: as `text_of`, for a file with a byte order mark; or as `content_of`.
    """
    content = content_of(path, most)
    if not content.strip():
        raise ValueError("it is empty")
    if content.startswith(tuple(mark for mark, _ in MARKS)):
        content = text_of(path, most).encode("utf-8", "surrogatepass")
    return JsonFile(shown, content)


def part_as(part: Raw, kind: type[T]) -> T:
    """A part of a file as this type; numbers may be written as texts.

    Raises:
        ValueError: it is not of this type; a clause.
    """
    try:
        return msgspec.json.decode(part, type=kind, strict=False)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except msgspec.ValidationError as error:
        raise ValueError(_clause(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        near = shortened(bytes(part).decode(errors="replace"))
        raise ValueError(f"it is not JSON in UTF-8: {near}") from None


def _clause(message: str) -> str:
    """msgspec's words: "Expected `array`, got `str` - at `$.bbox`"."""
    what, _, where = message.partition(" - at ")
    what = what[:1].lower() + what[1:].replace("`", "")
    return f"{where.strip('`').removeprefix('$').lstrip('.')}: {what}" if where else what


def _behind(start: tuple[int, int], text: bytes) -> tuple[int, int]:
    """The line and the column behind a text that begins at this line and column."""
    line, column = start
    lines = text.count(b"\n")
    last = text[text.rfind(b"\n") + 1 :].translate(None, CONTINUED)
    return line + lines, (1 if lines else column) + len(last)
