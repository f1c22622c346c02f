"""Bytes of an XML file → text, by its byte order mark, by the encoding that it declares, or UTF-8.

expat itself reads four encodings; annotation tools of all countries write others. Only codecs that
are encodings of text are asked: Python has others under such names, which unpack or change text.
"""

from __future__ import annotations

import codecs
import re

from tasks.core.text import shortened

MARKS = (  # the longer ones first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How `<` and what follows it look without a mark (XML 1.0, appendix F).
SHAPES = (
    (re.compile(rb"<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"<\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0<\0[^\0]"), "utf-16-be"),
)
DECLARED = re.compile(r"""<\?xml\s[^>]{0,200}?encoding\s*=\s*(["'])([^"'<>]{0,200})\1""")
HEAD = 400  # bytes in which the declaration stands
TEXTUAL = re.compile(
    r"ascii|utf-8|utf-8-sig|utf-16|utf-16-[bl]e|utf-32|utf-32-[bl]e|iso8859-\d+|cp\d+|koi8-[rtu]"
    r"|mac-[a-z]+|gb2312|gbk|gb18030|hz|big5|big5hkscs|euc_[a-z0-9_]+|iso2022_[a-z0-9_]+"
    r"|shift_jis[a-z0-9_]*|johab|tis-620|kz1048|ptcp154|hp-roman8"
)
# Programs call by the name of the older set what they write in the wider one.
WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "tis-620": "cp874",
}


def text_of(content: bytes) -> str:
    """The text of an XML file.

    Raises:
        ValueError: it is not written in the encoding that it declares, or in one that is not known.
    """
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding, "as its byte order mark says")
    for shape, encoding in SHAPES:
        if shape.match(content):
            return _decoded(content, encoding, "as it begins")
    declared = DECLARED.match(content[:HEAD].decode("latin-1"))
    if declared is None:
        return _decoded(content, "utf-8", "and it declares no other encoding")
    text = _decoded(content, _codec(declared[2]), "which it declares")
    if not text.startswith("<?xml"):  # one of 16 bits, or of a mainframe
        raise ValueError(f"it declares the encoding {declared[2]} and is not written in it")
    return text


def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(_python_name(name)).name
    except (LookupError, UnicodeError, ValueError):
        codec = ""
    if not name.isascii() or not TEXTUAL.fullmatch(codec):
        found = shortened(name) or "none"
        raise ValueError(f"it declares the encoding {found}, which is not known; save it as UTF-8")
    return codec


def _python_name(name: str) -> str:
    """Browsers and Microsoft have names of their own: `windows-31j`, `x-sjis`, `ISO-8859-8-I`."""
    plain = name.lower().removeprefix("x-").replace("_", "-")
    if plain == "windows-31j":
        return "cp932"
    if re.fullmatch(r"iso-8859-[68]-[ei]", plain):  # which way the letters run
        return plain[:-2]
    is_known = plain != name.lower() or re.fullmatch(r"(windows|dos|ibm|ms|cp)-?\d+", plain)
    return re.sub(r"^(windows|dos|ibm|ms|cp)-?(?=\d)", "cp", plain) if is_known else name


def _decoded(content: bytes, codec: str, why: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
    try:
        return content.decode(WIDER.get(codec, codec))
    except UnicodeError:
        line = content.count(b"\n", 0, start) + 1
        raise ValueError(f"line {line} is not {codec.upper()}, {why}; save it as UTF-8") from None
