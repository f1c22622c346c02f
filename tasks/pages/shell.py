"""One HTML file of a page: its style and script are within, and it asks nothing of any server.

Names come from files, labels and catalogues, so anybody may have written them. Three things keep
them harmless: jinja2 escapes all that it prints; `finalize` writes what can't be printed (line
breaks, bidirectional controls, bytes that are not UTF-8) as its code point; and the policy in the
page's head lets no style and no script run but the two that are named there by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.core.text import printable
from tasks.pages import units

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
STYLE, SCRIPT = TEMPLATES / "page.css", TEMPLATES / "page.js"


def render(
    folder: Path, template: str, script: str, data: object, context: Mapping[str, object]
) -> bytes:
    """The file's content.

    Args:
        folder: holds the page's own files.
        template: the name of its template, which extends shell.html.jinja.
        script: the name of its script, which runs after page.js.
        data: what the script reads.
        context: what the template reads.
    """
    from markupsafe import Markup

    style = STYLE.read_text(encoding="utf-8")
    both = "".join(one.read_text(encoding="utf-8") for one in (SCRIPT, folder / script))
    html = (
        _environment(folder)
        .get_template(template)
        .render(
            context,
            policy=policy(style, both),
            style=Markup(style),
            script=Markup(both),
            data=Markup(embedded(data)),
        )
    )
    return html.encode("utf-8")


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy: pictures within the page, this style, this script, no more."""
    digests = [
        "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    return (
        "default-src 'none'; img-src data:; "
        f"style-src '{digests[0]}'; script-src '{digests[1]}'; "
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


def harmless(text: str) -> str:
    """One line whatever it holds; our own fixed spaces stay."""
    return units.FIXED.join(map(printable, text.split(units.FIXED)))


@cache
def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
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
