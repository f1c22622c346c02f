"""Labels as people see them: which are the same text, which look alike, what can't be seen. Knows
nothing of the rest."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

JOINERS = "\u200c\u200d"  # zero width non-joiner and joiner: letters of many scripts, and of emoji
VIRAMA = 9  # the combining class of the sign behind which a joiner may end a word
BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and marks that draw nothing
UNSEEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs")  # Unicode's general categories
# Letters of other scripts that look like Latin ones, and those.
TWINS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԚԜаеѕіјорсухԛԝһԁӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανρυ",
    "ABESIJKMHOPCTYXQWaesijopcyxqwhdlABEZHIKMNOPTYXoavpu",
)
SHOWN = 8  # labels that are listed where none is alike
MOST = 1000  # labels among which one of a near spelling is looked for; it takes a while


def composed(label: str) -> str:
    """The label in Unicode's NFC: two labels are the same if these are equal. `é` may be one
    character or two, depending on the system on which it was typed."""
    return label if label.isascii() else unicodedata.normalize("NFC", label)


def unseen(label: str) -> str:
    """The characters of a label that can't be seen, in its order; joiners within words can."""
    if label.isascii() and label.isprintable():
        return ""
    return "".join(c for place, c in enumerate(label) if _is_unseen(label, place))


def _is_unseen(label: str, place: int) -> bool:
    character = label[place]
    if character not in JOINERS:
        return _draws_nothing(character)
    before, after = label[place - 1 : place], label[place + 1 : place + 2]
    ends_word = before != "" and unicodedata.combining(before) == VIRAMA
    return not ends_word and any(c in ("", " ") or _draws_nothing(c) for c in (before, after))


def _draws_nothing(character: str) -> bool:
    is_blank = character in BLANKS or unicodedata.category(character) in UNSEEN
    return is_blank and character != " "


def spelled(label: str) -> str:
    """The label for a message: what can't be seen is told by its code point, `o[U+200B]ne`."""
    return "".join(f"[U+{ord(c):04X}]" if _is_hidden(c) else c for c in label)


def _is_hidden(character: str) -> bool:
    return _draws_nothing(character) or unicodedata.name(character, "").startswith("VARIATION SEL")


def code_point(character: str) -> str:
    """`U+200B (zero width space)`."""
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def suggestion(label: str, known: Iterable[str]) -> str:
    """What to say behind a label that is not known: the one that it looks like, or those there are;
    letters that only look right are told by their code points."""
    return _suggestion(label, tuple(known))


@lru_cache(256)  # thousands of pictures may have the same wrong label
def _suggestion(label: str, labels: tuple[str, ...]) -> str:
    import difflib  # for messages alone

    alike = _by_look(labels).get(_look(label), [])
    near = alike or (difflib.get_close_matches(label, labels, n=1) if len(labels) <= MOST else [])
    if not near:
        more = ", …" if len(labels) > SHOWN else ""
        return f" ({', '.join(map(spelled, labels[:SHOWN]))}{more})"
    odd = list(_odd_letters(label, near[0])) if alike else []
    letters = f" It holds {', '.join(odd[:3])}" if odd else ""
    return f"; did you mean {spelled(near[0])}?{letters}"


def alike(label: str, known: Iterable[str]) -> str:
    """The known label that differs from this one only in case, blanks, or the code points of
    letters that look the same; "" if none or several do, or if it is known itself."""
    labels = tuple(known)
    found = _by_look(labels).get(_look(label), [])
    return found[0] if len(found) == 1 and label not in labels else ""


@lru_cache(4)
def _by_look(labels: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(_look(label), []).append(label)
    return found


def _look(label: str) -> str:
    """Equal for labels that are easily taken for one another."""
    kept = "".join(" " if c.isspace() else c for c in label if c.isspace() or not _is_hidden(c))
    text = unicodedata.normalize("NFKC", kept).translate(TWINS)
    return " ".join(text.casefold().split())


def _odd_letters(label: str, other: str) -> Iterator[str]:
    """Those that the other label has not; its small and capital letters are no difference."""
    same = {*other, *other.upper(), *other.lower(), " "}
    for character in dict.fromkeys(label):
        if character not in same and not character.isascii():
            yield code_point(character)
