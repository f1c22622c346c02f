"""Which networks are asked for, and in which order."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import get_args

from msgspec import Struct

from tasks.config.types import Family, Output
from tasks.core.errors import UsageError
from tasks.core.numbers import decimal
from tasks.core.text import printable
from tasks.zoo.entries import Entry, pareto_front

COMMAND = "catalogue"
FAMILIES: tuple[Family, ...] = get_args(Family)
OUTPUTS: tuple[Output, ...] = get_args(Output)
TWO_STAGES: tuple[Family, ...] = ("Faster R-CNN", "Mask R-CNN")
# Short forms; besides these, the beginning of a family or of one of its words will do.
SHORT: dict[str, tuple[Family, ...]] = {
    "effdet": ("EfficientDet",),
    "fasterrcnn": ("Faster R-CNN",),
    "frcnn": ("Faster R-CNN",),
    "maskrcnn": ("Mask R-CNN",),
    "onestage": ("SSD", "EfficientDet", "CenterNet", "ExtremeNet"),
    "rcnn": TWO_STAGES,
    "twostage": TWO_STAGES,
}
SORTS = ("zoo", "map", "ms", "size", "name", "input")

Key = Callable[[Entry], float | str | None]


class Choice(Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        families: empty for all.
        max_ms: milliseconds; a network with no published speed is not within any limit.
        min_map: percent, of the output that is looked for.
        finds: an output that the networks must have; "" for any.
        words: each must be in the name or the title.
        best: only those that no other of the chosen beats; see `pareto_front`.
        sort: one of `SORTS`.
    """

    families: tuple[Family, ...] = ()
    max_ms: float | None = None
    min_map: float | None = None
    finds: Output | None = None
    installed: bool = False
    words: tuple[str, ...] = ()
    best: bool = False
    sort: str = "zoo"
    reverse: bool = False

    @property
    def output(self) -> Output:
        """Whose mAP counts."""
        return self.finds or "boxes"


def choose(entries: Sequence[Entry], choice: Choice) -> tuple[Entry, ...]:
    """The rows asked for, in the order asked for; missing figures come last either way."""
    chosen = tuple(entry for entry in entries if fits(entry, choice))
    if choice.best:
        kept = pareto_front(chosen, choice.output)
        chosen = tuple(entry for entry in chosen if entry in kept)
    return ordered(chosen, choice)


def fits(entry: Entry, choice: Choice) -> bool:
    accuracy, text = entry.accuracy(choice.output), f"{entry.name} {entry.title}".lower()
    return (
        (not choice.families or entry.family in choice.families)
        and (choice.max_ms is None or (entry.speed_ms or math.inf) <= choice.max_ms)
        and (choice.min_map is None or (-1 if accuracy is None else accuracy) >= choice.min_map)
        and (choice.finds is None or choice.finds in entry.finds)
        and (entry.installed or not choice.installed)
        and all(word.lower() in text for word in choice.words)
    )


def ordered(entries: Sequence[Entry], choice: Choice) -> tuple[Entry, ...]:
    """Best first: the highest mAP, and the least of all else; `reverse` turns that round."""
    if choice.sort == "zoo":
        return tuple(reversed(entries)) if choice.reverse else tuple(entries)
    keys: dict[str, Key] = {
        "map": lambda entry: entry.accuracy(choice.output),
        "ms": lambda entry: entry.speed_ms,
        "size": lambda entry: entry.size,
        "name": lambda entry: entry.name.lower(),
        "input": lambda entry: math.prod(entry.input_size) if entry.input_size else None,
    }
    key = keys[choice.sort]
    known = [(value, entry) for entry in entries if (value := key(entry)) is not None]
    downward = (choice.sort == "map") != choice.reverse
    known.sort(key=lambda one: one[0], reverse=downward)
    return (*(e for _, e in known), *(e for e in entries if key(e) is None))


def parse(options: Mapping[str, object], words: Sequence[str]) -> Choice:
    """The choice that the command line's options and words mean.

    Raises:
        UsageError: a value is none of those that the option takes.
    """
    asked = {name: str(value) for name, value in options.items() if value is not None}
    return Choice(
        families=families(asked["family"]) if "family" in asked else (),
        max_ms=number("--max-ms", asked["max_ms"], "50") if "max_ms" in asked else None,
        min_map=number("--min-map", asked["min_map"], "30") if "min_map" in asked else None,
        finds=output(asked["finds"]) if "finds" in asked else None,
        installed=bool(options.get("installed")),
        words=tuple(words),
        best=bool(options.get("best")),
        sort=one_of("--sort", asked.get("sort", "zoo"), SORTS),
        reverse=bool(options.get("reverse")),
    )


def families(text: str) -> tuple[Family, ...]:
    """The families that are meant: by name or beginning in any case, several with commas."""
    found = [family for word in text.split(",") for family in _families(word)]
    return tuple(dict.fromkeys(found))


def _families(word: str) -> tuple[Family, ...]:
    plain = _plain(word)
    if plain in SHORT:
        return SHORT[plain]
    found = [family for family in FAMILIES if _begins(family, plain)] if plain else []
    if found:
        return tuple(found)
    known = {_plain(f): f for f in FAMILIES} | {short: short for short in SHORT}
    near = difflib.get_close_matches(plain, known, n=1, cutoff=0.6)
    listed = f"the families are {', '.join(FAMILIES)}"
    todo = f"did you mean {known[near[0]]}?" if near else listed
    raise wrong("--family", word, "is not a family", todo)


def _begins(family: Family, plain: str) -> bool:
    parts = family.split()
    return any(_plain(" ".join(parts[at:])).startswith(plain) for at in range(len(parts)))


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def output(text: str) -> Output:
    """`boxes`, `masks` or `keypoints`; the beginning will do.

    Raises:
        UsageError: it is none of them.
    """
    for known in OUTPUTS:
        if text and known.startswith(text.lower()):
            return known
    raise unknown("--finds", text, OUTPUTS)


def one_of(option: str, text: str, known: Collection[str]) -> str:
    """The value, in lower case.

    Raises:
        UsageError: it is none of `known`.
    """
    if text.lower() in known:
        return text.lower()
    raise unknown(option, text, known)


def unknown(option: str, text: str, known: Collection[str]) -> UsageError:
    """The error for a value that is not `known`, with the one that was probably meant."""
    near = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.6)
    todo = f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"
    return wrong(option, text, "is not known", todo)


def number(option: str, text: str, example: str) -> float:
    """A limit: finite, and not below 0.

    Raises:
        UsageError: it is not such a number.
    """
    value = decimal(text)
    if value is None or value == math.inf:
        raise wrong(option, text, "is not a number of 0 or more", f"as in `{option} {example}`")
    return value


def wrong(option: str, text: str, why: str, todo: str) -> UsageError:
    return UsageError(COMMAND, f"{option}: `{printable(text)}` {why}", todo)
