"""The page: put together from its inputs, and rendered as one HTML file, with its style and script
within, that asks nothing of any server.

Names come from files, labels and catalogues, so anybody may have written them. Three things keep
them harmless: jinja2 escapes all that it prints; `finalize` writes what can't be printed (line
breaks, bidirectional controls, bytes that are not UTF-8) as its code point; and the policy in the
page's head lets no style and no script run but the two that are named there by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tasks.compare import units
from tasks.compare.cards import Card, cards
from tasks.compare.charts import Chart, charts
from tasks.compare.figures import (
    MEASURED,
    PUBLISHED,
    Build,
    Fact,
    MachineNote,
    Row,
    builds,
    left_out,
    machines,
    rows,
)
from tasks.compare.gallery import Gallery, data, gallery
from tasks.compare.inputs import PageInputs
from tasks.core.text import printable
from tasks.inference.results import Comparison

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
PAGE, STYLE, SCRIPT = "page.html.jinja", "page.css", "page.js"
REMARKS = 50
"""Lines of remarks that the page holds."""


class Page(Struct, frozen=True, kw_only=True):
    """The whole page: text that is ready to be read, and numbers that are lengths.

    Attributes:
        scorer: what computed the mAP, with its version.
        data: what the script reads.
    """

    project: str
    lead: str
    notices: tuple[str, ...]
    machines: tuple[MachineNote, ...]
    builds: tuple[Build, ...]
    rows: tuple[Row, ...]
    charts: Sequence[Chart]
    gallery: Gallery
    cards: tuple[Card, ...]
    scorer: str
    left_out: tuple[Fact, ...]
    remarks: tuple[str, ...]
    unreadable: tuple[str, ...]
    tree: tuple[str, ...]
    data: dict[str, object]


def page_of(inputs: PageInputs) -> Page:
    comparison, notes, pictures = inputs.comparison, machines(inputs), gallery(inputs)
    # All networks are scored in one run, so by one version.
    versions = (one.accuracy.pycocotools for one in comparison.results if one.accuracy)
    return Page(
        project=comparison.project,
        lead=lead(comparison),
        notices=notices(comparison),
        machines=notes,
        builds=builds(inputs),
        rows=rows(inputs, notes),
        charts=charts(inputs),
        gallery=pictures,
        cards=cards(inputs),
        scorer=f"pycocotools {next(versions, '')}".strip(),
        left_out=left_out(inputs),
        remarks=_first(comparison.remarks),
        unreadable=_first(comparison.unreadable),
        tree=inputs.tree,
        data=data(inputs, pictures),
    )


def lead(comparison: Comparison) -> str:
    """`2 networks on 50 pictures, 48 of them annotated.`"""
    results = comparison.results
    networks = units.count(len(results), "network")
    if not any(one.figures for one in results):
        return f"{networks}; none could be measured."
    measured = sum(one.status == "measured" for one in results)
    some = networks if measured == len(results) else f"{measured} of {networks}"
    on = units.count(comparison.pictures, "drawn scene" if comparison.drawn else "picture")
    if comparison.annotated == comparison.pictures:
        return f"{some} on {on}, all annotated."
    return f"{some} on {on}, {comparison.annotated or 'none'} of them annotated."


def notices(comparison: Comparison) -> tuple[str, ...]:
    """What a reader must know before the figures."""
    found = []
    if comparison.drawn:
        found.append(
            f"{comparison.project} has no test pictures yet: drawn scenes stand in for them. Put "
            f"your own into {comparison.project}/images/test and run doit again."
        )
    found += _absent(comparison)
    if comparison.unreadable:
        unread = units.count(len(comparison.unreadable), "picture")
        was = "was" if len(comparison.unreadable) == 1 else "were"
        found.append(f"{unread} could not be read and {was} not given to any network.")
    return tuple(found)


def _absent(comparison: Comparison) -> list[str]:
    """`1 network could not be run and 2 networks are not here yet; the others are complete.`"""
    states = [result.status for result in comparison.results]
    failed, deferred = states.count("failed"), states.count("deferred")
    parts = []
    if failed:
        parts.append(f"{units.count(failed, 'network')} could not be run")
    if deferred:
        is_or_are = "is" if deferred == 1 else "are"
        parts.append(f"{units.count(deferred, 'network')} {is_or_are} not here yet")
    measured = len(states) - failed - deferred
    others = "the other is complete" if measured == 1 else "the others are complete"
    rest = f"; {others}" if measured else ""
    return [f"{' and '.join(parts)}{rest}."] if parts else []


def _first(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - REMARKS
    rest = (f"and {more:,} more; all of them: comparison.json",) if more > 0 else ()
    return (*lines[:REMARKS], *rest)


def render(page: Page) -> bytes:
    """The file's content."""
    from markupsafe import Markup

    style, script = source(STYLE), source(SCRIPT)
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


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


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
