"""Files of the source as text, JSON and YAML. None is larger than it may be, and whatever is wrong
with one is a `ValueError` whose message is a clause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tasks.annotations.voc import MARKS
from tasks.core.files import read_head
from tasks.core.text import shortened

T = TypeVar("T")

LARGEST_TEXT = 256_000_000
LARGEST_LIST = 16_000_000  # of labels, or of the pictures of a split
LARGEST_YAML = 256_000
# COCO's own largest, of 118 000 pictures, is 448 MB.
LARGEST_JSON = 512_000_000
BYTE = re.compile(r"byte (\d+)")
# Python writes these in place of numbers, and JSON has none of them.
NO_NUMBER = re.compile(rb"([:\[,]\s*)-?(?:NaN|Infinity)(?=\s*[,\]}])")


def content_of(path: Path, most: int) -> bytes:
    """A file's bytes.

    Raises:
        ValueError: it is larger than `most` bytes, is not a file, or can't be read.
    """
    try:
        content = read_head(path, most)
    except OSError as error:
        raise ValueError(
            f"it can't be read: {(error.strerror or 'no reason given').lower()}"
        ) from None
    if len(content) > most:
        raise ValueError(f"it is larger than {most / 1_000_000:g} MB")
    return content


def text_of(path: Path, most: int = LARGEST_TEXT) -> str:
    """A file's text: UTF-8, or what its byte order mark says.

    Raises:
        ValueError: it is not; or as `content_of`.
    """
    content = content_of(path, most)
    marks = (one for one in MARKS if content.startswith(one[0]))
    mark, encoding = next(marks, (b"", "utf-8"))
    content = content[len(mark) :]
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not {encoding.upper()}: save it as UTF-8") from None


def json_of(path: Path, most: int = LARGEST_JSON) -> bytes:
    """A file's JSON, in UTF-8.

    Raises:
        ValueError: as `text_of`, for a file with a byte order mark; or as `content_of`.
    """
    content = content_of(path, most)
    if not content.strip():
        raise ValueError("it is empty")
    if content.startswith(tuple(mark for mark, _ in MARKS)):
        return text_of(path, most).encode("utf-8", "surrogatepass")
    return content


def decoded(content: bytes | msgspec.Raw, kind: type[T]) -> T:
    """JSON as this type: numbers may be written as texts, and NaN is read as null.

    Raises:
        ValueError: it is not JSON, or not of this type.
    """
    try:
        return msgspec.json.decode(content, type=kind, strict=False)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except msgspec.ValidationError as error:
        raise ValueError(_clause(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        plain = NO_NUMBER.sub(rb"\1null", bytes(content))
        if plain != bytes(content):
            return decoded(plain, kind)
        raise ValueError(_malformed(bytes(content), str(error))) from None


def _clause(message: str) -> str:
    """msgspec's words: "Expected `array`, got `str` - at `$.bbox`"."""
    what, _, where = message.partition(" - at ")
    what = what[:1].lower() + what[1:].replace("`", "")
    return f"{where.strip('`').removeprefix('$').lstrip('.')}: {what}" if where else what


def _malformed(content: bytes, message: str) -> str:
    found = BYTE.search(message)
    if not found:
        return f"it is not whole JSON: {message[:1].lower()}{message[1:]}"
    at = int(found[1])
    line = content.count(b"\n", 0, at) + 1
    near = shortened(content[at : at + 20].decode(errors="replace"), 20)
    return f"it is not JSON in line {line}, near {near}"


def with_lines(content: bytes, items: Iterable[msgspec.Raw]) -> Iterator[tuple[int, msgspec.Raw]]:
    """Items of one array of the content, each with the line on which it begins; 0 if all is written
    on one line, which tells nothing."""
    is_one_line = b"\n" not in content.strip()
    line, at = 1, 0
    for item in items:
        if not is_one_line:
            text = bytes(item)
            begins = max(content.find(text, at), at)
            line += content.count(b"\n", at, begins)
            yield line, item
            line += text.count(b"\n")
            at = begins + len(text)
        else:
            yield 0, item


def yaml_of(path: Path) -> Any:
    """A YAML file as lists, dictionaries and texts: every value is what is written there, be it
    `no` or `1`, and no tag makes anything else.

    Raises:
        ValueError: it is not YAML; or as `text_of`.
    """
    import yaml

    text = text_of(path, LARGEST_YAML)
    try:
        return yaml.load(text, yaml.BaseLoader)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {shortened(str(error), 80)}") from None
