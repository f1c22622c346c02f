"""The page as HTML: one file, with its style and script within, that asks nothing of any server.

Names come from files, labels and catalogues, so anybody may have written them. Three things keep
them harmless: jinja2 escapes all that it prints; `finalize` writes what can't be printed (line
breaks, bidirectional controls, bytes that are not UTF-8) as its code point; and the policy in the
page's head lets no style and no script run but the two that are named there by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.compare.figures import MEASURED, PUBLISHED
from tasks.compare.view import Page
from tasks.compare.words import harmless
from tasks.core import receipts

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
PAGE, STYLE, SCRIPT = "page.html.jinja", "page.css", "page.js"


def render(page: Page) -> bytes:
    """The file's content."""
    from markupsafe import Markup

    style, script = _source(STYLE), _source(SCRIPT)
    html = (
        _environment()
        .get_template(PAGE)
        .render(
            page=page,
            measured=MEASURED,
            published=PUBLISHED,
            policy=policy(style, script),
            style=Markup(style),
            script=Markup(script),
            data=Markup(embedded(page.data)),
        )
    )
    return html.encode("utf-8")


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: pictures within the page, this style, this script, no more."""
    return (
        "default-src 'none'; img-src data:; "
        f"style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def embedded(data: object) -> str:
    """JSON that can stand in a script element: no character of it means anything to HTML."""
    text = json.dumps(_printable(data), separators=(",", ":"))  # ASCII only
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _printable(data: object) -> object:
    match data:
        case str():
            return harmless(data)
        case dict():
            return {harmless(str(key)): _printable(value) for key, value in data.items()}
        case list() | tuple():
            return [_printable(value) for value in data]
    return data


@cache
def made_of() -> str:
    """Digest of the templates: another look is another page."""
    return receipts.digest([_source(path.name) for path in sorted(TEMPLATES.iterdir())])


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _finalize(value: object) -> object:
    from markupsafe import Markup

    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value
