"""`doit catalogue`: choose networks, sort them, and write them as a table, JSON or CSV. In data for
programs, what is not published is null, or empty. A value that an option does not take is a
UsageError."""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TextIO, get_args

import msgspec
from msgspec import Struct

from tasks.config.names import letters_of
from tasks.config.types import Config, Family, Output
from tasks.console.output import write_data
from tasks.core.errors import UsageError
from tasks.core.paths import Workspace
from tasks.core.text import decimal, printable
from tasks.zoo.entries import Entry, entries, pareto_front

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
FIELDS = Entry.__struct_fields__
# A spreadsheet runs a cell that begins so as a formula; behind an apostrophe it shows the text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Key = Callable[[Entry], float | str | None]


class Choice(Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        families: empty for all.
        max_ms: milliseconds; a network with no published speed is not within any limit.
        min_map: percent, of the output that is asked for.
        finds: an output that the networks must have; None for any.
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


def write(
    options: Mapping[str, object],
    words: Sequence[str],
    config: Config,
    workspace: Workspace,
    stream: TextIO,
) -> None:
    """Write the chosen rows.

    Raises:
        UsageError: a value is none of those that its option takes.
        OSError: the stream can't be written.
    """
    if options.get("json") and options.get("csv"):
        raise UsageError(COMMAND, "--json and --csv exclude each other", "give one of them")
    choice = parse(options, words)
    chosen = choose(entries(config, workspace), choice)
    if options.get("json") or options.get("csv"):
        write_data(as_json(chosen) if options.get("json") else as_csv(chosen), stream)
    else:
        from tasks.zoo.table import show

        show(chosen, stream, choice.output, titles=bool(options.get("titles")))


def choose(entries: Sequence[Entry], choice: Choice) -> tuple[Entry, ...]:
    """The rows asked for, in the order asked for; missing figures come last either way."""
    chosen = tuple(entry for entry in entries if _matches(entry, choice))
    if choice.best:
        best = pareto_front(chosen, choice.output)
        chosen = tuple(entry for entry in chosen if entry in best)
    return _sorted(chosen, choice)


def _matches(entry: Entry, choice: Choice) -> bool:
    accuracy, text = entry.accuracy(choice.output), letters_of(f"{entry.name} {entry.title}")
    return (
        (not choice.families or entry.family in choice.families)
        and (choice.max_ms is None or (entry.speed_ms or math.inf) <= choice.max_ms)
        and (choice.min_map is None or (-1 if accuracy is None else accuracy) >= choice.min_map)
        and (choice.finds is None or choice.finds in entry.finds)
        and (entry.installed or not choice.installed)
        and all(letters_of(word) in text for word in choice.words)
    )


def _sorted(entries: Sequence[Entry], choice: Choice) -> tuple[Entry, ...]:
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
    known.sort(key=lambda one: one[0], reverse=(choice.sort == "map") != choice.reverse)
    return (*(e for _, e in known), *(e for e in entries if key(e) is None))


def parse(options: Mapping[str, object], words: Sequence[str]) -> Choice:
    """The choice that the command line's options and words mean."""
    given = {name: str(value) for name, value in options.items() if value is not None}
    sort = given.get("sort", "zoo").lower()
    if sort not in SORTS:
        raise _unknown("--sort", given["sort"], SORTS)
    return Choice(
        families=families(given["family"]) if "family" in given else (),
        max_ms=_limit("--max-ms", given["max_ms"], "50") if "max_ms" in given else None,
        min_map=_limit("--min-map", given["min_map"], "30") if "min_map" in given else None,
        finds=_output(given["finds"]) if "finds" in given else None,
        installed=bool(options.get("installed")),
        words=tuple(words),
        best=bool(options.get("best")),
        sort=sort,
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
    raise _wrong("--family", word, "is not a family", todo)


def _begins(family: Family, plain: str) -> bool:
    parts = family.split()
    return any(_plain(" ".join(parts[at:])).startswith(plain) for at in range(len(parts)))


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _output(text: str) -> Output:
    """`boxes`, `masks` or `keypoints`; the beginning will do."""
    for known in OUTPUTS:
        if text and known.startswith(text.lower()):
            return known
    raise _unknown("--finds", text, OUTPUTS)


def _limit(option: str, text: str, example: str) -> float:
    """A limit: finite, and not below 0."""
    value = decimal(text)
    if value is None or value == math.inf:
        raise _wrong(option, text, "is not a number of 0 or more", f"as in `{option} {example}`")
    return value


def _unknown(option: str, text: str, known: Collection[str]) -> UsageError:
    """The error for a value that is not `known`, with the one that was probably meant."""
    near = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.6)
    todo = f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"
    return _wrong(option, text, "is not known", todo)


def _wrong(option: str, text: str, why: str, todo: str) -> UsageError:
    return UsageError(COMMAND, f"{option}: `{printable(text)}` {why}", todo)


def as_json(entries: Iterable[Entry]) -> str:
    """A list of objects, the same keys in each."""
    return json.dumps([msgspec.to_builtins(entry) for entry in entries], indent=1) + "\n"


def as_csv(entries: Iterable[Entry]) -> str:
    """A header and a line each. Lists are joined by spaces, an input size reads `640x640`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for entry in entries:
        writer.writerow([_cell(field, getattr(entry, field)) for field in FIELDS])
    return text.getvalue()


def _cell(field: str, value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case tuple():
            value = ("x" if field == "input_size" else " ").join(map(str, value))
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if is_formula else str(value)
