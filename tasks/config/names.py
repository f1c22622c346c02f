"""Which network is meant: by its name, by what the zoo's page prints, by its archive or address.

faster_rcnn_resnet50_v1_640x640_coco17_tpu-8          the name
Faster R-CNN ResNet50 V1 640x640                      the title, in any spelling of these letters
faster_rcnn_resnet50_v1_640x640_coco17_tpu-8.tar.gz   the archive
http://download.tensorflow.org/…/faster_rcnn….tar.gz  an address; so is any whole end of one
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

SUFFIX = ".tar.gz"


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


def meant(word: str, networks: Mapping[str, Called]) -> tuple[str, ...]:
    """The names of the networks that a word may stand for.

    A name goes before a title, a title before one without what it has in brackets, and any of these
    before an archive: `extremenet` is a network though two archives are called `extremenet.tar.gz`.

    Returns:
        One name if it is plain which is meant, several if it is not, none if nothing is called so.
    """
    if word in networks:
        return (word,)
    letters, place = letters_of(word), place_of(word)
    if not letters:
        return ()
    tests: tuple[Callable[[Called], bool], ...] = (
        lambda one: letters in (letters_of(one.name), letters_of(one.title)),
        lambda one: letters == letters_of(one.title.partition("(")[0]),
        lambda one: any(f"/{place_of(source)}".endswith(f"/{place}") for source in one.sources),
    )
    for test in tests:
        if found := tuple(one.name for one in networks.values() if test(one)):
            return found
    return ()


def letters_of(text: str) -> str:
    """A title's letters and digits, all small: `R-CNN` and `r cnn`, `×` and `x` are alike."""
    plain = unicodedata.normalize("NFKC", text.replace("×", "x")).casefold()
    return "".join(filter(str.isalnum, plain))


def place_of(address: str) -> str:
    """Host and path of an address without scheme, query and `.tar.gz`; a path as it is."""
    _, mark, rest = address.strip().partition("://")
    path = (rest if mark else address.strip()).partition("?")[0].partition("#")[0]
    host, slash, below = path.partition("/")
    host = host.rpartition("@")[2].casefold() if mark else host
    return f"{host}{slash}{below}".removesuffix(SUFFIX).strip("/")
