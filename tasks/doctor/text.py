"""What editors and browsers do to text files, told in the user's words."""

from __future__ import annotations

import re

HTML = re.compile(rb"\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"
BACKSLASH = re.compile(r"\\[^'\"\\0-7nrt]|[A-Za-z]:\\")


def traps(content: bytes) -> list[str]:
    """Why the Object Detection API could not read these bytes as text; empty if it can.

    What is told here hides what else is wrong: a web page has a thousand wrong lines.
    """
    if not content.strip():
        return ["it is empty"]
    if HTML.match(content.removeprefix(BOM)):
        return ["it is a web page: a browser saved the page around the file"]
    if content.startswith(UTF_16) or b"\0" in content[:4096]:
        return ["it is no plain text: save it as UTF-8"]
    if content.startswith(BOM):
        return ["it begins with a byte order mark: save it as UTF-8 without BOM"]
    return syntax(content)


def syntax(content: bytes) -> list[str]:
    """The first fault of the syntax, and every backslash in a string."""
    from tasks.formats.textproto.edit import Document
    from tasks.formats.textproto.tokens import tokens

    try:
        text = Document.read(content).text
    except ValueError as fault:
        return [str(fault)]
    faults, line, at = [], 1, 0
    for token in tokens(text):
        if token.kind == "string" and BACKSLASH.search(token.text):
            line, at = line + text.count("\n", at, token.start), token.start
            faults.append(f"line {line}: {token.text[:40]} holds a backslash: write paths with /")
    return faults
