"""Pascal VOC XML, as labelImg writes it (libs/pascal_voc_io.py there).

Read with expat and no document type: a file that declares one could define entities, which blow up
to gigabytes or read other files, and no annotation tool writes any.
"""

from __future__ import annotations

import codecs
import math
import re
from contextlib import suppress
from xml.parsers import expat

from msgspec import Struct, field

from tasks.core.spelling import code_point, spelled, unseen
from tasks.core.text import shortened

LARGEST = 8_000_000  # bytes; 10 000 boxes are some 3 MB
DEEPEST = 16
MOST_BOXES = 10_000
MOST_ELEMENTS = 20 * MOST_BOXES
LONGEST_TEXT = 4096
LONGEST_LABEL = 200
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+\Z")

PROPOSED = "proposed by "
"""What `<source>` says of boxes that a network found; labelImg writes another source when a person
has saved the file."""

Edges = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax
EDGES = ("xmin", "ymin", "xmax", "ymax")
# Where boxes are read from, below <annotation>; what looks like one elsewhere is an error. Objects
# may have parts (a person's head, in Pascal VOC itself), which no training reads.
READ = {("object",), ("object", "bndbox"), *(("object", "bndbox", edge) for edge in EDGES)}
PARTS = ("object", "part")
BOXLIKE = {"object", "bndbox", "bbox", "box", "boundingbox", "rectangle", "robndbox", *EDGES}

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
# Of Python's codecs, those that are encodings of text: others unpack or change text.
TEXTUAL = re.compile(
    r"ascii|utf-8|utf-8-sig|utf-16|utf-16-[bl]e|utf-32|utf-32-[bl]e|iso8859-\d+|cp\d+|koi8-[rtu]"
    r"|mac-[a-z]+|gb2312|gbk|gb18030|hz|big5|big5hkscs|euc_[a-z0-9_]+|iso2022_[a-z0-9_]+"
    r"|shift_jis[a-z0-9_]*|johab|tis-620|kz1048|ptcp154|hp-roman8"
)
# Some programs declare the older and smaller character set, and write the larger one.
WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "tis-620": "cp874",
}


class Box(Struct, frozen=True):
    """One labelled box, in pixels of the picture as it was annotated; edges, not centres.

    Attributes:
        label: without the blanks around it; as it is spelled in the file.
        difficult, truncated: as ticked in labelImg.
        pose: what labelImg calls so; it writes `Unspecified`.
    """

    label: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    difficult: bool = False
    truncated: bool = False
    pose: str = "Unspecified"

    @property
    def edges(self) -> Edges:
        return self.xmin, self.ymin, self.xmax, self.ymax


class Annotation(Struct, frozen=True):
    """What one XML file says.

    Attributes:
        filename: the picture's, as it was called when it was annotated; "" if it is not given.
        size: (width, height) of the picture as it was annotated, in pixels; None if not given.
        unsized: why the size is None, as a clause; "" if it is not.
        proposed_by: the network that found the boxes, while no person has confirmed them; else "".
        turns: of each box, in degrees, clockwise about its centre, as CVAT notes it.
    """

    filename: str
    size: tuple[int, int] | None
    boxes: tuple[Box, ...]
    unsized: str = ""
    proposed_by: str = ""
    turns: tuple[float, ...] = ()


class Node(Struct):
    """An element.

    Attributes:
        line: on which it begins.
        start, end: in bytes of the text in UTF-8, where its first tag begins, and its last one; of
            an element of one tag, where that ends.
        text: its own, without that of its elements.
        is_verified: it says so, as labelImg has it do once a person has pressed the space bar.
    """

    tag: str
    line: int = 0
    start: int = 0
    end: int = 0
    text: str = ""
    children: list[Node] = field(default_factory=list)
    is_verified: bool = False

    def child(self, tag: str) -> Node | None:
        """The child of that name; None if it has none. Of several, nothing says which is meant."""
        found = [node for node in self.children if node.tag == tag]
        if len(found) > 1:
            again = f"<{shortened(self.tag)}> holds <{tag}> {len(found)} times: keep one"
            raise ValueError(f"line {found[1].line}: {again}")
        return found[0] if found else None

    def child_text(self, tag: str) -> str:
        """Its text, without the blanks around it; "" if there is none."""
        node = self.child(tag)
        return node.text.strip() if node else ""


def read_annotation(content: bytes) -> Annotation:
    """Understand one XML file.

    Raises:
        ValueError: it is not such an annotation; says what is wrong and where.
    """
    root = tree(decoded(content))
    if root.tag != "annotation":
        raise ValueError(f"it holds <{shortened(root.tag)}> and no <annotation>")
    objects = [node for node in root.children if node.tag == "object"]
    if len(objects) > MOST_BOXES:
        raise ValueError(f"it has more than {MOST_BOXES} boxes")
    boxes = tuple(_box(node, number) for number, node in enumerate(objects, 1))
    if overlooked := _overlooked(root, ()):
        where = "boxes are read from <annotation><object><bndbox> alone"
        raise ValueError(f"{overlooked} is not read: {where}")
    size, unsized = _size(root.child("size"))
    filename, turns = root.child_text("filename"), tuple(map(_turn, objects))
    return Annotation(filename, size, boxes, unsized, _proposed_by(root), turns)


def _proposed_by(root: Node) -> str:
    source = next((node for node in root.children if node.tag == "source"), None)
    notes = [node.text.strip() for node in source.children] if source else []
    networks = [note.removeprefix(PROPOSED) for note in notes if note.startswith(PROPOSED)]
    return networks[0] if networks and not root.is_verified else ""


class Text(Struct, frozen=True):
    """The text of an XML file, and how its bytes are made of it: the mark, and then the text."""

    text: str
    mark: bytes
    codec: str


def tree(text: Text) -> Node:
    """The root element.

    Raises:
        ValueError: it is not well-formed XML, or too large; says what is wrong and where.
    """
    parser = expat.ParserCreate("utf-8")  # whatever it declares: it is text by now
    top = Node("")
    builder = _Builder(parser, [top])
    parser.buffer_text = True
    parser.StartElementHandler = builder.begin
    parser.EndElementHandler = builder.finish
    parser.CharacterDataHandler = builder.add
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text.text.encode(), True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise ValueError(f"{reason}, line {error.lineno}, column {error.offset + 1}") from None
    return top.children[0]


def decoded(content: bytes) -> Text:
    """The text of an XML file, by its byte order mark, by the encoding that it declares, or UTF-8.
    expat itself reads four encodings; annotation tools of all countries write others.

    Raises:
        ValueError: it is too large, empty, or not written in that encoding.
    """
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    if not content.strip():
        raise ValueError("it is empty")
    for mark, encoding in MARKS:
        if content.startswith(mark):
            why = "as its byte order mark says"
            return _decoded(content[len(mark) :], encoding, why, mark)
    for shape, encoding in SHAPES:
        if shape.match(content):
            return _decoded(content, encoding, "as it begins")
    declared = DECLARED.match(content[:HEAD].decode("latin-1"))
    if declared is None:
        return _decoded(content, "utf-8", "and it declares no other encoding")
    found = _decoded(content, _codec(declared[2]), "which it declares")
    if not found.text.startswith("<?xml"):  # one of 16 bits, or of a mainframe
        raise ValueError(f"it declares the encoding {declared[2]} and is not written in it")
    return found


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


def _decoded(content: bytes, codec: str, why: str, mark: bytes = b"") -> Text:
    try:
        return Text(content.decode(codec), mark, codec)
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
    wider = WIDER.get(codec, codec)
    try:
        return Text(content.decode(wider), mark, wider)
    except UnicodeError:
        line = content.count(b"\n", 0, start) + 1
        raise ValueError(f"line {line} is not {codec.upper()}, {why}; save it as UTF-8") from None


class _Builder(Struct):
    """Builds the tree; `stack` leads from the root to the element that is open."""

    parser: expat.XMLParserType
    stack: list[Node]
    elements: int = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if len(self.stack) > DEEPEST:
            raise ValueError(f"its elements are nested more than {DEEPEST} deep")
        if self.elements > MOST_ELEMENTS:
            raise ValueError(f"it has more than {MOST_ELEMENTS} elements")
        place = (self.parser.CurrentLineNumber, self.parser.CurrentByteIndex)
        node = Node(tag, *place, is_verified=attributes.get("verified") == "yes")
        self.stack[-1].children.append(node)
        self.stack.append(node)

    def finish(self, tag: str) -> None:
        self.stack.pop().end = self.parser.CurrentByteIndex

    def add(self, text: str) -> None:
        node = self.stack[-1]
        if len(node.text) < LONGEST_TEXT:
            node.text += text


def _refuse_doctype(*declaration: object) -> None:
    raise ValueError("it declares a document type, which no annotation needs")


def _overlooked(node: Node, above: tuple[str, ...]) -> str:
    """The first element that looks like an object or a box, in any case and at any depth, and
    stands where none is read: its line and the elements around it; "" if there is none."""
    for child in node.children:
        here = (*above, child.tag)
        is_boxlike = child.tag.rpartition(":")[2].replace("_", "").casefold() in BOXLIKE
        if is_boxlike and here not in READ:
            return f"line {child.line}: " + "".join(f"<{shortened(tag)}>" for tag in here)
        if here != PARTS and (found := _overlooked(child, here)):
            return found
    return ""


def _size(node: Node | None) -> tuple[tuple[int, int] | None, str]:
    """Width and height, or why there are none; some tools write 0 for what they don't know."""
    if node is None:
        return None, "it has no <size>"
    sides: list[int] = []
    for side in ("width", "height"):
        text = node.child_text(side)
        try:
            value = number(text)
        except ValueError as error:
            return None, f"its {side} is {error}"
        if value < 1 or not value.is_integer():
            return None, f"its {side} is {plain(value)}, not a number of pixels"
        sides.append(int(value))
    return (sides[0], sides[1]), ""


def _box(node: Node, number: int) -> Box:
    label, bounds = _label(node, number), node.child("bndbox")
    where = f"object {number} ({spelled(label)})"
    if bounds is None:
        raise ValueError(f"line {node.line}: {where} has no bndbox")
    xmin, ymin, xmax, ymax = (_edge(bounds, edge, where) for edge in EDGES)
    flags = (node.child_text(name).lower() for name in ("difficult", "truncated"))
    difficult, truncated = (flag in ("1", "true") for flag in flags)
    pose = node.child_text("pose")[:LONGEST_LABEL] or "Unspecified"
    return Box(label, xmin, ymin, xmax, ymax, difficult, truncated, pose)


def _turn(node: Node) -> float:
    for group in (group for group in node.children if group.tag == "attributes"):
        for one in group.children:
            with suppress(ValueError):  # another tool's, of that name
                if one.child_text("name") == "rotation":
                    return number(one.child_text("value")) % 360
    return 0.0


def _label(node: Node, number: int) -> str:
    label = node.child_text("name")
    if not label:
        raise ValueError(f"line {node.line}: object {number} has no name")
    if fault := label_fault(label):
        raise ValueError(f"line {node.line}: the name of object {number} {fault}")
    return label


def label_fault(label: str) -> str:
    """Why a label can't be one, as a clause about it; "" if it can."""
    if not label.strip():
        return "is empty"
    if len(label) > LONGEST_LABEL:
        return f"is too long: {shortened(spelled(label))}"
    if hidden := unseen(label):
        return f"holds {code_point(hidden[0])}, which can't be seen: {spelled(label)}"
    return ""


def _edge(bounds: Node, edge: str, where: str) -> float:
    node = bounds.child(edge)
    try:
        return number(node.text.strip() if node else "")
    except ValueError as error:
        line = (node or bounds).line
        raise ValueError(f"line {line}: {where}: {edge} is {error}") from None


def number(text: str) -> float:
    """The number that a text is: digits of ASCII, a decimal point, an exponent.

    Raises:
        ValueError: it is none, or too large; the message goes on behind `it is`.
    """
    if COMMA.match(text):
        raise ValueError(f"{shortened(text)}, with a comma: write a decimal point")
    if not NUMBER.match(text):
        raise ValueError(f"{shortened(text) or 'missing'}, not a number")
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{shortened(text)}, too large a number")
    return value + 0.0  # and no -0.0


def plain(value: float) -> str:
    """All of a number's digits, and none more: what is not equal does not look equal."""
    return repr(float(value)).removesuffix(".0")
