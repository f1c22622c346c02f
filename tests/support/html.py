"""HTML taken apart by the standard library: enough to ask what stands on a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "input", "br", "hr", "img"}


@dataclass
class Element:
    """An element, its attributes and what is in it, text and elements in order."""

    name: str
    attributes: dict[str, str]
    inside: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, runs of white space as one space."""
        return " ".join("".join(self._pieces()).replace("\xa0", " ").split())

    def _pieces(self) -> Iterator[str]:
        for one in self.inside:
            yield from one._pieces() if isinstance(one, Element) else [one]

    def all(self, name: str = "", **attributes: str) -> list[Element]:
        """The elements in it of a name and attributes; `class_` asks for one of the classes."""
        found = []
        for one in self.inside:
            if isinstance(one, Element):
                if one.fits(name, attributes):
                    found.append(one)
                found += one.all(name, **attributes)
        return found

    def one(self, name: str = "", **attributes: str) -> Element:
        """The only such element."""
        found = self.all(name, **attributes)
        assert len(found) == 1, (name, attributes, len(found))
        return found[0]

    def fits(self, name: str, attributes: dict[str, str]) -> bool:
        return name in ("", self.name) and all(
            value in self.attributes.get("class", "").split()
            if key == "class_"
            else self.attributes.get(key) == value
            for key, value in attributes.items()
        )


def data_of(root: Element) -> Any:
    """What the page's script works with."""
    return json.loads("".join(map(str, root.one("script", id="data").inside)))


def label_of(element: Element) -> str:
    """What is read out in the element's stead."""
    return element.attributes["aria-label"]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def parse(html: str) -> Element:
    """The page as a tree; every element must be closed where HTML wants it to be."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root], [element.name for element in reader.open]
    return reader.root
