"""Which pictures a file of outside speaks of: their names as JSON, CSV, XML and lists write them.

A name may be escaped, percent-encoded, composed in another way or in other case, in an encoding of
any country, behind a path of another machine. It is the picture's if the last part is its name.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from tasks.annotations.encoding import MARKS
from tasks.annotations.places import KNOWN, OTHER, folded

STRETCH = 1_000_000  # bytes that are looked at in one go
OVERLAP = 4_000  # of them again: the longest name, escaped
LONGEST_NAME = 255
# Encodings that are tried where a file is not UTF-8 and a picture's name is not ASCII.
EIGHT_BITS = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp437", "cp850", "mac-roman")
ASIAN = ("cp932", "gb18030", "cp949", "cp950")
SUFFIX = re.compile(rf"\.(?:{'|'.join(one[1:] for one in KNOWN + OTHER)})(?![a-z0-9_])")
HARD = re.compile(r"""["\\/<>|\t\r\n]""")  # what a name can't hold, and begins behind
SOFT = re.compile(r"[',;:=?&#()\[\]{} ]")  # what it may hold, and may begin behind
UPLOADED = re.compile(r"[0-9a-f]{4,40}-")  # what Label Studio puts in front of a name
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
# A list of boxes (`a.jpg 10,20,30,40,0`), as against a list of pictures.
BOXES = re.compile(r"[\s,;:]+(?:-?[\d.]+[\s,;]+){3}-?[\d.]")
IDS = re.compile(r'"image_?(?:id|name)?"\s*:\s*"([^"/\\]{1,255})"')
OF_PICTURES = re.compile(r"\W*(image|img|file|photo|picture)")


def named_in(content: bytes, suffix: str, pictures: Iterable[Path]) -> list[Path]:
    """Those of the pictures that a file of this suffix speaks of, each once."""
    by_name = {folded(picture.name): picture for picture in pictures}
    by_stem = {folded(picture.stem): picture for picture in pictures}
    found = dict[Path, None]()
    for encoding in _encodings(content, by_name):
        for text in _texts(content, suffix, encoding):
            found |= dict.fromkeys(_by_name(text, by_name, boxed=suffix.startswith(".txt")))
            found |= dict.fromkeys(_by_stem(text, suffix, by_stem))
    return list(found)


def _encodings(content: bytes, names: Iterable[str]) -> tuple[str, ...]:
    """In which the content may be written."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return (encoding,)
    if b"\0" in content[:4]:
        return ("utf-16-le",) if content[1:2] == b"\0" else ("utf-16-be",)
    try:
        content.decode()
    except UnicodeDecodeError:
        is_plain = all(map(str.isascii, names))
        return ("latin-1",) if is_plain else ("utf-8", *EIGHT_BITS, *ASIAN)
    return ("utf-8",)


def _texts(content: bytes, suffix: str, encoding: str) -> Iterator[str]:
    """The content in stretches, without what JSON or XML escapes, as `folded` has names."""
    for start in range(0, len(content), STRETCH):
        text = content[start : start + STRETCH + OVERLAP].decode(encoding, "replace")
        if suffix.startswith(".xml"):
            text = html.unescape(text)
        elif not suffix.startswith((".csv", ".tsv", ".txt", ".lst")) and "\\" in text:
            text = ESCAPE.sub(_unescaped, text)
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        yield folded(text)


def _unescaped(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    return chr(int(code, 16)) if code else letter


def _by_name(text: str, known: Mapping[str, Path], *, boxed: bool) -> Iterator[Path]:
    for part in dict.fromkeys(HARD.split(text)):
        for suffix in SUFFIX.finditer(part):
            end = suffix.end()
            if not boxed or BOXES.match(part, end, end + LONGEST_NAME):
                names = _names(part[max(0, end - LONGEST_NAME) : end])
                if name := next((name for name in names if name in known), ""):
                    yield known[name]


def _names(text: str) -> Iterator[str]:
    """What may be a name and ends with this text, the longest first."""
    texts = [text]
    if "%" in text:
        texts.append(folded(HARD.split(unquote(text))[-1]))
    for text in texts:
        yield text
        for start in (0, *(match.end() for match in SOFT.finditer(text))):
            yield text[start:]
            if uploaded := UPLOADED.match(text, start):
                yield text[uploaded.end() :]


def _by_stem(text: str, suffix: str, known: Mapping[str, Path]) -> Iterator[Path]:
    """By names without their suffix, as Open Images has them: in the first column of a table, or as
    the id of an image. A number is one only if the table says so."""
    if suffix.startswith((".csv", ".tsv")):
        is_told = OF_PICTURES.match(text) is not None
        cells = (re.split(r"[,;\t|]", line, maxsplit=1)[0] for line in text.splitlines())
        stems = [cell.strip(" '\"") for cell in cells]
        yield from (known[s] for s in stems if s in known and (is_told or not s.isdecimal()))
    elif suffix.startswith((".json", ".ndjson")):
        yield from (known[stem] for stem in IDS.findall(text) if stem in known)
