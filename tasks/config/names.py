"""Which network is meant: by its name, by what the zoo's page prints, by its archive or address.

faster_rcnn_resnet50_v1_640x640_coco17_tpu-8          the name
Faster R-CNN ResNet50 V1 640x640                      the title, in any spelling of these letters
faster_rcnn_resnet50_v1_640x640_coco17_tpu-8.tar.gz   the archive
http://download.tensorflow.org/…/faster_rcnn….tar.gz  an address; so is any whole end of one
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

SUFFIX = ".tar.gz"
MOST = 4  # names that a message lists


class Called(NamedTuple):
    """What a network may be called by.

    Attributes:
        title: as the zoo's page prints it; "" if it has none.
        sources: addresses or paths of its archive.
    """

    name: str
    title: str
    sources: tuple[str, ...]


def called(name: str, entry: Mapping[str, Any]) -> Called:
    """The names of a network as a catalogue's table has them; other types are left out."""
    title, sources = entry.get("title"), entry.get("sources")
    listed = sources if isinstance(sources, list | tuple) else ()
    return Called(
        name,
        title if isinstance(title, str) else "",
        tuple(s for s in listed if isinstance(s, str)),
    )


class NameIndex:
    """Finds networks by what they are called. Made once for a configuration: every word is then
    looked up without going through all networks."""

    def __init__(self, networks: Iterable[Called]) -> None:
        self.networks = {one.name: one for one in networks}
        self._whole: dict[str, dict[str, None]] = {}  # letters of a name or title → names
        self._short: dict[str, dict[str, None]] = {}  # of a title without what is in brackets
        places: dict[tuple[str, str], None] = {}
        for name, title, sources in self.networks.values():
            self._whole.setdefault(letters_of(name), {})[name] = None
            self._whole.setdefault(letters_of(title), {})[name] = None
            self._short.setdefault(letters_of(title.partition("(")[0]), {})[name] = None
            places |= {(_backwards(place_of(source)), name): None for source in sources}
        self._places = sorted(places, key=lambda one: one[0])  # stable: names stay in order
        self._archives: dict[str, tuple[str, ...]] = {}  # what was asked for already

    def find(self, word: str) -> tuple[str, ...]:
        """The names of the networks that a word may stand for.

        A name goes before a title, a title before one without what it has in brackets, and any of
        these before an archive: `extremenet` is a network though two archives are called
        `extremenet.tar.gz`.

        Returns:
            One name if it is plain which is meant, several if it is not, none if nothing is called
            so.
        """
        if word in self.networks:
            return (word,)
        letters = letters_of(word)
        if not letters:
            return ()
        names = self._whole.get(letters) or self._short.get(letters)
        return tuple(names) if names else self._of_archive(_backwards(place_of(word)))

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The names of the networks whose name or title, as letters and digits, fits a pattern with
        `*` for any of them: `SSD MobileNet v2*`."""
        parts = [letters_of(part) for part in pattern.split("*")]
        if not any(parts):
            return ()
        fits = re.compile(".*".join(map(re.escape, parts))).fullmatch
        found = {name for letters, some in self._whole.items() if fits(letters) for name in some}
        return tuple(name for name in self.networks if name in found)

    def _of_archive(self, end: str) -> tuple[str, ...]:
        """The networks that have a source with this end."""
        if end not in self._archives:
            first, last = (
                bisect(self._places, end, key=lambda one: one[0][: len(end)])
                for bisect in (bisect_left, bisect_right)
            )
            found = {name for _, name in self._places[first:last]}
            # In the order of the configuration; most words name one network or none.
            ordered = self.networks if len(found) > 1 else found
            self._archives[end] = tuple(name for name in ordered if name in found)
        return self._archives[end]


def either(names: Sequence[str]) -> str:
    """`a or b`, for a message; of many, the first and how many more."""
    if len(names) > MOST:
        return " or ".join([*names[: MOST - 1], f"one of {len(names) - MOST + 1} more"])
    return " or ".join(names)


def _backwards(place: str) -> str:
    """Folder by folder from the end, so that a place's end is the beginning of this."""
    return "".join(f"{part}/" for part in reversed(place.split("/")))


def letters_of(text: str) -> str:
    """A title's letters and digits, all small: `R-CNN` and `r cnn`, `×` and `x` are alike."""
    plain = unicodedata.normalize("NFKC", text.replace("×", "x")).casefold()
    return "".join(filter(str.isalnum, plain))


def place_of(address: str) -> str:
    """Host and path of an address without scheme, query and `.tar.gz`, all small; so is a path: an
    archive's name is one however it is typed."""
    _, mark, rest = address.strip().casefold().partition("://")
    path = (rest if mark else address.strip().casefold()).partition("?")[0].partition("#")[0]
    host, slash, below = path.partition("/")
    host = host.rpartition("@")[2] if mark else host
    return f"{host}{slash}{below}".removesuffix(SUFFIX).strip("/")
