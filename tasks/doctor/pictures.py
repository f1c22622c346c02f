"""Pictures and their XML, and the split into train and test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from tasks.annotations.annotated import Annotated, clipped, read_pair
from tasks.annotations.folder import Listing, Pair, listing, seen_from
from tasks.annotations.neighbours import common_faults
from tasks.core.inspect import shown
from tasks.core.words import count
from tasks.doctor.table import Finding, error, ok, warning

FEWEST, MOST_TO_TEST = 0.05, 0.5
ANNOTATE = "annotate with labelImg, format PascalVOC; save an XML without boxes for background"


class Seen(Struct, frozen=True):
    """What was read of `images/train` or `images/test`.

    Attributes:
        where: the folder, as the user knows it.
        digests: picture's sha256 → file names.
        labels: label → how many boxes.
    """

    split: str
    where: str
    found: Listing
    faults: tuple[str, ...]
    remarks: tuple[str, ...]
    digests: dict[str, list[str]]
    labels: Counter[str]
    boxes: int
    anew: int
    clipped: int


def see(split: str, folder: Path, where: str, ids: Mapping[str, int]) -> Seen:
    """Read every picture and every XML of a folder."""
    try:
        found = listing(folder)
        faults = common_faults(found)
    except OSError as failure:
        fault = f"can't be read: {failure.strerror}"
        return Seen(split, where, Listing(folder), (fault,), (), {}, Counter(), 0, 0, 0)
    remarks = list[str]()
    digests: dict[str, list[str]] = defaultdict(list)
    labels: Counter[str] = Counter()
    anew = clips = 0
    for pair in found.pairs:
        read = _read(pair, ids)
        faults += read.faults
        remarks += [*read.remarks, *_misnamed(read)]
        clips += read.clipped
        labels.update(box.label for box in read.boxes)
        if read.picture is not None:
            anew += read.picture.anew
            digests[read.picture.sha256].append(pair.picture.name)
    return Seen(
        split,
        where,
        found,
        tuple(faults),
        tuple(remarks),
        digests,
        labels,
        boxes=labels.total(),
        anew=anew,
        clipped=clips,
    )


def _read(pair: Pair, ids: Mapping[str, int]) -> Annotated:
    try:
        return read_pair(pair, ids)
    except OSError as failure:
        name = shown(pair.picture.name)
        return Annotated(pair, faults=(f"{name}: can't be read: {failure.strerror}",))


def _misnamed(read: Annotated) -> list[str]:
    """An XML that names another picture of its folder was copied, or is the other's."""
    told = read.annotation.filename if read.annotation else ""
    picture = read.pair.picture
    if not told or Path(told).name in ("", picture.name) or Path(told).stem == picture.stem:
        return []
    if not (picture.parent / Path(told).name).is_file():
        return []
    return [f"{shown(picture.stem)}.xml says that it is of {shown(Path(told).name)}"]


def findings(train: Seen, test: Seen) -> Iterator[Finding]:
    """All rows about pictures."""
    for seen in (train, test):
        yield from _folder(seen)
    if train.found.pairs and test.found.pairs:
        yield _shares(len(train.found.pairs), len(test.found.pairs))
        yield _overlap(train, test)


def _folder(seen: Seen) -> Iterator[Finding]:
    what, pairs = seen.split, seen.found.pairs
    if seen.faults:
        told = f"{count(len(seen.faults), 'fault')} in {seen.where}"
        todo = "mend, annotate anew, or take out what is told here"
        yield error(what, told, todo, seen.faults)
    if not pairs:
        yield _empty(seen)
    elif not seen.faults and not seen.found.is_annotated:
        told = f"none of {count(len(pairs), 'picture')} in {seen.where} is annotated"
        yield error(what, told, ANNOTATE)
    elif not seen.faults:
        told = f"{count(len(pairs), 'picture')}, {count(seen.boxes, 'box')}, all sound"
        told += f"; {seen.anew} to be encoded anew" if seen.anew else ""
        told += f"; {elsewhere}" if (elsewhere := seen.found.elsewhere) else ""
        yield ok(what, told + (f"; {clipped(seen.clipped)}" if seen.clipped else ""))
    yield from _oddities(seen)


def _empty(seen: Seen) -> Finding:
    told = f"no pictures in {seen.where}"
    if seen.split == "train":
        return error("train", told, f"put pictures there; {ANNOTATE}")
    return warning("test", f"{told}: no evaluation", "put about one picture in ten there")


def _oddities(seen: Seen) -> Iterator[Finding]:
    what, found = seen.split, seen.found
    bare = [shown(picture.name) for picture in found.bare]
    if bare and found.is_annotated:
        told = f"{count(len(bare), 'picture')} without XML, counted as background"
        yield warning(what, told, ANNOTATE, bare)
    if found.lonely:
        names = [seen_from(found.folder, path) for path in found.lonely]
        yield warning(what, "XML without a picture", "put the picture beside it", names)
    if found.twins:
        names = [" and ".join(shown(path.name) for path in paths) for paths in found.twins]
        yield warning(what, "pictures that share one XML", "give each a name of its own", names)
    if found.folders:
        names = [shown(path.name) for path in found.folders]
        yield warning(what, "folders, which are not read", "move their pictures up", names)
    doubles = [" = ".join(map(shown, names)) for names in seen.digests.values() if len(names) > 1]
    if doubles:
        yield warning(what, "the same picture twice", "keep one of them", doubles)
    if seen.remarks:
        yield warning(what, "to be looked at", "open them in labelImg", seen.remarks)


def _shares(train: int, test: int) -> Finding:
    share = test / (train + test)
    told = f"{train} to train, {test} to test with ({share:.0%})"
    if share < FEWEST or share > MOST_TO_TEST:
        return warning("split", told, "about one picture in ten is usual for testing")
    return ok("split", told)


def _overlap(train: Seen, test: Seen) -> Finding:
    both = [
        f"train/{shown(names[0])} = test/{shown(test.digests[digest][0])}"
        for digest, names in train.digests.items()
        if digest in test.digests
    ]
    if not both:
        return ok("overlap", "no picture is in both")
    told = f"{count(len(both), 'picture')} in both train and test: the test would be no test"
    return error("overlap", told, "take each out of one folder", both)
