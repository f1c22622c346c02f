"""Change values in a Pascal VOC file and leave every other byte of it as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from xml.sax.saxutils import escape

from msgspec import Struct

from tasks.annotations.voc import EDGES, Box, Node, decoded, plain, read_annotation, tree

TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
MARKUP = re.compile(rb"[<&]")
BLANKS = b" \t\r\n"


class Wanted(Struct, frozen=True):
    """What a file is to say; what is not given stays as it is.

    Attributes:
        boxes: one for each object, in their order; None removes the object.
        size: (width, height).
        filename: the picture's, in the place of `former`, in <filename> and at the end of <path>.
    """

    boxes: Sequence[Box | None]
    size: tuple[int, int] | None = None
    filename: str = ""
    former: str = ""


class _Edit(Struct, frozen=True, order=True):
    """Bytes to put in the place of others."""

    start: int
    end: int
    content: bytes


def edited(content: bytes, wanted: Wanted) -> bytes:
    """The file with what is wanted.

    Raises:
        ValueError: it is no such file, or one whose bytes can't be kept; a clause.
    """
    whole, before = decoded(content), read_annotation(content)
    if whole.mark + whole.text.encode(whole.codec) != content:
        raise ValueError("its encoding has several bytes for one letter: save it as UTF-8")
    text, root = whole.text.encode(), tree(whole)
    boxes = _object_edits(text, root, before.boxes, wanted.boxes)
    text = _applied(text, [*boxes, *_head_edits(text, root, wanted)])
    made = whole.mark + text.decode().encode(whole.codec, "xmlcharrefreplace")
    after = read_annotation(made)
    boxes_wanted = tuple(box for box in wanted.boxes if box is not None)
    if after.boxes != boxes_wanted or wanted.size not in (None, after.size):
        raise ValueError("it would not read as it should: change it in labelImg")
    return made


def _applied(text: bytes, edits: Sequence[_Edit]) -> bytes:
    pieces, done = list[bytes](), 0
    for edit in sorted(edits):
        pieces += [text[done : edit.start], edit.content]
        done = edit.end
    return b"".join([*pieces, text[done:]])


def _object_edits(
    text: bytes, root: Node, before: Sequence[Box], wanted: Sequence[Box | None]
) -> Iterator[_Edit]:
    objects = [node for node in root.children if node.tag == "object"]
    for node, old, new in zip(objects, before, wanted, strict=True):
        if new is None:
            yield _removal(text, node)
            continue
        if new.label != old.label:
            yield from _value_edit(text, node.child("name"), new.label)
        bounds = node.child("bndbox")
        for edge, was, is_now in zip(EDGES, old.edges, new.edges, strict=True):
            if bounds is not None and was != is_now:
                yield from _value_edit(text, bounds.child(edge), plain(is_now))


def _head_edits(text: bytes, root: Node, wanted: Wanted) -> Iterator[_Edit]:
    size = root.child("size")
    for side, value in zip_longest(("width", "height"), wanted.size or ()):
        if size is not None and value is not None:
            yield from _value_edit(text, size.child(side), str(value))
    for tag in ("filename", "path") if wanted.filename else ():
        node = root.child(tag)
        said = node.text.strip() if node else ""
        folder = said.removesuffix(wanted.former)
        if said != folder and (not folder or folder[-1] in "/\\"):
            yield from _value_edit(text, node, folder + wanted.filename)


def _value_edit(text: bytes, node: Node | None, value: str) -> Iterator[_Edit]:
    """Another text for an element; the blanks around it stay."""
    if node is None:
        return
    start, first, end = node.start, _first_tag(text, node), node.end
    written = escape(value).encode()
    if first.endswith(b"/>"):
        tag = node.tag.encode()
        yield _Edit(start, end, b"%b>%b</%b>" % (first[:-2].rstrip(BLANKS), written, tag))
        return
    start += len(first)
    inner = text[start:end]
    if inner.strip(BLANKS) and not MARKUP.search(inner):
        start += len(inner) - len(inner.lstrip(BLANKS))
        end -= len(inner) - len(inner.rstrip(BLANKS))
    yield _Edit(start, end, written)


def _removal(text: bytes, node: Node) -> _Edit:
    """Nothing in the place of an element and of the blanks before it."""
    start = len(text[: node.start].rstrip(BLANKS))
    is_one_tag = _first_tag(text, node).endswith(b"/>")
    return _Edit(start, node.end if is_one_tag else text.index(b">", node.end) + 1, b"")


def _first_tag(text: bytes, node: Node) -> bytes:
    found = TAG.match(text, node.start)
    assert found is not None, "expat found a tag here"
    return found[0]
