"""Files of the source as text and YAML. None is larger than it may be, and whatever is wrong
with one is a `ValueError` whose message is a clause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.annotations.voc import MARKS
from tasks.core.files import read_head
from tasks.core.text import shortened

LARGEST_TEXT = 256_000_000
LARGEST_LIST = 16_000_000  # of labels, or of the pictures of a split
LARGEST_YAML = 256_000


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
