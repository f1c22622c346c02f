"""What the types can't say of a configuration: names that must fit together.

These rules read the files as they were parsed, before any type is sure, and skip what is not of
the expected kind: so every fault is found in one go, beside those of the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tasks.core.addresses import why_no_folder, why_no_host, why_odd
from tasks.core.files import is_file
from tasks.core.spelling import code_point, composed, unseen

Table = dict[str, Any]
Where = tuple[str | int, ...]
Place = tuple[str, str]

# What stands at the root of a workspace beside the projects.
FOLDERS = {"benchmarks", "config", "docs", "embedded", "pre-trained", "results", "tasks", "tests"}
FILES = {"dodo.py", "license", "pyproject.toml", "readme.md", "requirements.lock"}
LOCKS = {"requirements-dev.lock", "requirements-browser.lock"}
OURS = FOLDERS | FILES | LOCKS
RESULTS = {"zoo.png", "zoo.svg"}
RECORDS = {"train.record", "test.record"}
PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}
WINDOWS = PORTS | {"con", "prn", "aux", "nul"}


class Source(NamedTuple):
    """One parsed file.

    Attributes:
        file: its path as the user knows it, for messages.
        data: its tables.
        is_workspace: whether it may hold projects and settings.
    """

    file: str
    data: Table
    is_workspace: bool = False


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        file, where: the file, and the keys and indexes that lead to the place.
        why: what was expected, and what was found.
        given, choices: a word that is not known, and the words that are: for a "did you mean".
    """

    file: str
    where: Where
    why: str
    given: str = ""
    choices: Iterable[str] = ()


def as_table(value: object) -> Table:
    """The table itself, or an empty one if it is none."""
    return value if isinstance(value, dict) else {}


def table(data: Table, key: str) -> Table:
    """The table at `key`, or an empty one if there is none."""
    return as_table(data.get(key))


def entries(sources: Iterable[Source], *kinds: str) -> Iterator[tuple[Source, Place, Table]]:
    """The tables of these kinds (`networks`, `projects`, `labels`, `pictures`), each with its file,
    and its kind and name."""
    for source in sources:
        for kind in kinds:
            for name, entry in table(source.data, kind).items():
                yield source, (kind, name), as_table(entry)


def texts(value: object) -> Iterator[tuple[int, str]]:
    """The texts of a list, each with its index."""
    items = value if isinstance(value, list) else []
    return ((index, item) for index, item in enumerate(items) if isinstance(item, str))


def cross_faults(sources: Sequence[Source], *, complete: bool = True) -> list[Fault]:
    """All that is wrong between the entries of all files; empty for a sound configuration.

    Args:
        sources: the parsed files, in the order in which they count.
        complete: false if a file could not be read: then an unknown name is no fault, since it
            may stand there.
    """
    rules = [
        same_names,
        unusable_names,
        reserved_names,
        odd_labels,
        odd_addresses,
        odd_label_maps,
        odd_trainings,
        idle_expectations,
        *([unknown_names, unknown_labels] if complete else []),
    ]
    return [fault for rule in rules for fault in rule(sources)]


def same_names(sources: Sequence[Source]) -> Iterator[Fault]:
    """Two entries of one name, or of names that are one folder where case does not count."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for source, (kind, name), _ in entries(sources, "networks", "projects", "labels", "pictures"):
        first, file = seen.setdefault((kind, name.casefold()), (name, source.file))
        if (first, file) == (name, source.file):
            continue
        why = f"expected another name: `{first}` of {file} differs only in case"
        if first == name:
            why = f"expected another name: {file} has one of this name already"
        yield Fault(source.file, (kind, name), why)


def unusable_names(sources: Sequence[Source]) -> Iterator[Fault]:
    """Names that Windows can't give to a folder: a workspace is shared between systems."""
    for source, (kind, name), _ in entries(sources, "networks", "projects"):
        if name.casefold().partition(".")[0] in WINDOWS:
            yield Fault(source.file, (kind, name), "expected a name that Windows allows")
        elif name.endswith("."):
            yield Fault(source.file, (kind, name), "expected no full stop at the end")


def reserved_names(sources: Sequence[Source]) -> Iterator[Fault]:
    """Names whose folder, at the root or in results/, is another's already."""
    networks = {name.casefold(): name for _, (_, name), _ in entries(sources, "networks")}
    for source, (kind, name), _ in entries(sources, "networks", "projects"):
        small, why = name.casefold(), ""
        if small in RESULTS:
            why = f"`doit plot` writes results/{small}"
        elif kind == "projects" and small in OURS:
            why = f"`{small}` belongs to the build"
        elif kind == "projects" and small in networks:
            why = f"the network `{networks[small]}` has its results in that folder"
        if why:
            yield Fault(source.file, (kind, name), f"expected another name: {why}")


def odd_labels(sources: Sequence[Source]) -> Iterator[Fault]:
    """Labels that occur twice or hold what can't be seen, and ids that two labels share."""
    sets: list[tuple[Source, Where, object]] = [*entries(sources, "labels")]
    for source, place, entry in entries(sources, "networks", "projects"):
        sets.append((source, (*place, "labels"), entry.get("labels")))
    for source, where, labels in sets:
        yield from _unseen_letters(source, where, labels)
        yield from _same_labels(source, where, labels)
        seen: dict[int, str] = {}
        for label, number in as_table(labels).items():
            if isinstance(number, int) and seen.setdefault(number, label) != label:
                why = f"expected an id that no other label has: `{seen[number]}` has {number} too"
                yield Fault(source.file, (*where, label), why)


def _same_labels(source: Source, where: Where, labels: object) -> Iterator[Fault]:
    """The same label twice, be it in other code points for the same letters."""
    seen: dict[str, tuple[str | int, str]] = {}
    for key, label in _named(labels):
        first, alike = seen.setdefault(composed(label), (key, label))
        if first != key:
            place = f"at index {first}" if isinstance(first, int) else "in the table"
            also = "" if alike == label else ", written with other Unicode code points"
            why = f"expected each label once: `{label}` is also {place}{also}"
            yield Fault(source.file, (*where, key), why)


def _unseen_letters(source: Source, where: Where, labels: object) -> Iterator[Fault]:
    """A space at an end is never seen, and makes another label of it than that of the XML. Letters
    that can't be seen anywhere are taken for no label there."""
    for key, label in _named(labels):
        if label.strip() not in ("", label):
            yield Fault(source.file, (*where, key), "expected no space before or after the label")
        elif hidden := unseen(label):
            why = f"expected visible characters only; found {code_point(hidden[0])}"
            yield Fault(source.file, (*where, key), why)


def _named(labels: object) -> Iterable[tuple[str | int, str]]:
    """Each label, with the key or the index at which it stands."""
    return ((key, key) for key in labels) if isinstance(labels, dict) else texts(labels)


def odd_addresses(sources: Sequence[Source]) -> Iterator[Fault]:
    """Addresses that nothing here can fetch from."""
    for source in sources:
        for where, address in _addresses(source):
            if why := why_odd(address, remote_only=where[0] == "pictures"):
                yield Fault(source.file, where, why)
        for key, why_not in (("netrc_hosts", why_no_host), ("shared_caches", why_no_folder)):
            for index, text in texts(table(source.data, "settings").get(key)):
                if why := why_not(text):
                    yield Fault(source.file, ("settings", key, index), why)


def _addresses(source: Source) -> Iterator[tuple[Where, str]]:
    for index, mirror in texts(table(source.data, "settings").get("mirrors")):
        yield ("settings", "mirrors", index), mirror
    for _, where, entry in entries([source], "networks"):
        for index, address in texts(entry.get("sources")):
            yield (*where, "sources", index), address
    for _, where, entry in entries([source], "pictures"):
        picture = entry.get("source")
        if isinstance(picture, str):
            yield (*where, "source"), picture


def odd_label_maps(sources: Sequence[Source]) -> Iterator[Fault]:
    """A label map where a network's training folder or a record belongs."""
    for source, where, entry in entries(sources, "projects"):
        label_map = entry.get("label_map")
        folders = {network.casefold() for _, network in texts(entry.get("networks"))}
        if not isinstance(label_map, str):
            continue
        why = "expected a name that no network of the project has"
        if label_map.casefold() in RECORDS:
            why = "expected another name: `doit records` writes a file of this one"
        elif label_map.casefold() not in folders:
            continue
        yield Fault(source.file, (*where, "label_map"), why)


def odd_trainings(sources: Sequence[Source]) -> Iterator[Fault]:
    """Training settings for a network that the project has not, and settings that can't be met."""
    for source, where, entry in entries(sources, "projects"):
        networks = {network: None for _, network in texts(entry.get("networks"))}
        common = table(entry, "training")
        yield from _odd_training(source, (*where, "training"), common)
        for network, own in table(entry, "training_of").items():
            place = (*where, "training_of", network)
            if network not in networks:
                why = f"expected a network of the project; it has no `{network}`"
                yield Fault(source.file, place, why, network, networks)
            yield from _odd_training(source, place, {**common, **as_table(own)})


def _odd_training(source: Source, where: Where, settings: Table) -> Iterator[Fault]:
    batch, replicas = settings.get("batch_size", 2), settings.get("replicas", 1)
    if isinstance(batch, int) and isinstance(replicas, int) and replicas > 0 and batch % replicas:
        why = f"expected a batch_size that {replicas} replicas can share evenly; found {batch}"
        yield Fault(source.file, where, why)
    each, total = settings.get("max_detections_per_class"), settings.get("max_detections")
    if isinstance(each, int) and isinstance(total, int) and each > total:
        why = f"expected max_detections_per_class of at most {total}, which is max_detections"
        yield Fault(source.file, where, why)


def idle_expectations(sources: Sequence[Source]) -> Iterator[Fault]:
    """An expectation without the picture that it speaks of."""
    for source, where, entry in entries(sources, "networks"):
        if "expect" in entry and not entry.get("smoke_picture"):
            why = "expected a `smoke_picture` for this network: `expect` says what is found in it"
            yield Fault(source.file, (*where, "expect"), why)


def unknown_names(sources: Sequence[Source]) -> Iterator[Fault]:
    """Networks, label sets and pictures that no file describes."""
    yield from _unknown_networks(sources)
    kinds = (("labels", "labels", "label set"), ("smoke_picture", "pictures", "picture"))
    for key, kind, what in kinds:
        known = {name: None for source in sources for name in table(source.data, kind)}
        for source, where, entry in entries(sources, "networks"):
            given = entry.get(key)
            if isinstance(given, str) and given and given not in known:
                why = f"expected the name of a {what}; none is called `{given}`"
                yield Fault(source.file, (*where, key), why, given, known)


def _unknown_networks(sources: Sequence[Source]) -> Iterator[Fault]:
    """Words that name no network, or more than one: archives of two dates share a file name."""
    from tasks.config.names import NameIndex, called, either

    index = NameIndex(called(name, entry) for _, (_, name), entry in entries(sources, "networks"))
    choices = [*index.networks, *(one.title for one in index.networks.values() if one.title)]
    for source, project, entry in entries(sources, "projects"):
        for number, word in texts(entry.get("networks")):
            if word in index.networks:
                continue
            where = (*project, "networks", number)
            if several := index.find(word):
                why = f"expected the name of one network; `{word}` may be {either(several)}"
                yield Fault(source.file, where, why)
            else:
                why = f"expected the name of a network; none is called `{word}`"
                yield Fault(source.file, where, why, word, choices)


def unknown_labels(sources: Sequence[Source]) -> Iterator[Fault]:
    """Expectations of a label that the network does not know."""
    # The first of two sets of one name counts: the second is a fault of its own.
    sets = {name: set_ for _, (_, name), set_ in entries(reversed(sources), "labels")}
    composed_sets = {name: _composed_labels(labels) for name, labels in sets.items()}
    for source, where, entry in entries(sources, "networks"):
        label, labels = table(entry, "expect").get("label"), entry.get("labels")
        if not isinstance(label, str):
            continue
        own = _composed_labels(labels)
        known = composed_sets.get(labels) if isinstance(labels, str) else own
        if known is not None and composed(label) not in known:
            why = f"expected a label of this network; none is called `{label}`"
            yield Fault(source.file, (*where, "expect", "label"), why, label, known.values())


def _composed_labels(labels: object) -> dict[str, str] | None:
    """Each label by its composed form; None if these are no labels."""
    if not isinstance(labels, list | dict):
        return None
    return {composed(label): label for _, label in _named(labels)}


def missing_pictures(data: Table, file: str, root: Path) -> list[Fault]:
    """The pictures of the user's that a workspace file names, relative to `root`, and that are not
    there."""
    return [
        Fault(file, where, f"expected a picture; there is no file {path}")
        for where, path in _smoke_images(data)
        if isinstance(path, str) and path and not is_file(root / path)
    ]


def _smoke_images(data: Table) -> Iterator[tuple[Where, object]]:
    yield ("settings", "smoke_image"), table(data, "settings").get("smoke_image")
    for name, entry in table(data, "projects").items():
        yield ("projects", name, "smoke_image"), as_table(entry).get("smoke_image")
