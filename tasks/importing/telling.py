"""What is told of an import: what it will do, what it did, and the labels that a project lacks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from tasks.annotations.annotated import proposed_message
from tasks.annotations.cure import command, lookalikes
from tasks.annotations.label_map import label_ids
from tasks.config.types import Project
from tasks.core.paths import SPLITS
from tasks.core.spelling import spelled, suggestion
from tasks.core.text import count, printable, shortened
from tasks.importing.places import PLACES, SHARED
from tasks.importing.types import Report

FEW = 3  # examples
MOST_ROWS = 12  # labels; the page of `doit look` has them all
COLUMN = 8  # columns of the terminal, for a number


class Done(Struct):
    """What an import did.

    Attributes:
        places: as in `places.PLACES` → how many pictures were taken into it.
        labels: a picture in the project → those of its boxes.
        proposed: pictures whose boxes a network found, and nobody confirmed in the source.
        new: pictures that were not in the project before.
        annotated: XML files that were written.
        kept: XML files that stand there with another content than the source's.
        mended: those of them that are what `doit mend` made of the source's.
        replaced: those that were replaced, as was asked for.
        originals: the folder that they lie in now.
        flaws: boxes that are not sound, of what was written; a line each.
        renamed: a picture that got another name, and that name.
    """

    places: Counter[str] = field(default_factory=Counter)
    labels: dict[Path, list[str]] = field(default_factory=dict)
    proposed: int = 0
    new: int = 0
    annotated: int = 0
    kept: list[str] = field(default_factory=list)
    mended: int = 0
    replaced: list[str] = field(default_factory=list)
    originals: str = ""
    flaws: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)

    def boxes(self) -> Counter[str]:
        """Label → how many boxes."""
        return Counter(label for labels in self.labels.values() for label in labels)


def lines_of(
    done: Done, report: Report, project: Project, splits: Mapping[Path, str], replacing: str
) -> list[str]:
    """What an import did, and what is to be known of it.

    Args:
        splits: a picture in the project → what it is for.
        replacing: the command that would take the source's annotations in place of those that
            differ.
    """
    name = project.name
    lines = [*_told(done, name), *_table(done.labels, splits)]
    lines += [*_differing(done, name, replacing), *report.lines()]
    lines += _label_lines(done.boxes(), project)
    if done.proposed:
        left = "left out of the record until each is saved in labelImg"
        lines.append(f"{proposed_message(done.proposed)}: {left}")
    if done.flaws:
        are = "is" if len(done.flaws) == 1 else "are"
        lines.append(f"{count(len(done.flaws), 'box')} {are} not sound: {_some(done.flaws)}")
        lines.append(f"written as drawn; `doit mend:{name}` shows what can be mended")
    return lines


def _told(done: Done, name: str) -> Iterator[str]:
    shown = {one: "images" if one == SHARED else f"images/{one}" for one in PLACES}
    shares = ", ".join(f"{done.places[one]} in {shown[one]}" for one in PLACES if done.places[one])
    pictures = f"{count(done.places.total(), 'picture')} with {count(done.boxes().total(), 'box')}"
    yield f"{name}: {pictures}" + (f": {shares}" if shares else "")
    if done.places:
        new = f"{done.new or 'none'} of them new" if done.new < done.places.total() else "all new"
        yield f"{new}; {count(done.annotated, 'XML file')} written"
    if done.renamed:
        renamed = [f"{before} is {now}" for before, now in done.renamed]
        yield f"{count(len(renamed), 'picture')} of a name that was taken: {_some(renamed)}"


def _table(labels: Mapping[Path, Sequence[str]], splits: Mapping[Path, str]) -> Iterator[str]:
    """How many boxes of each label go to train and to test, the most frequent first."""
    found = {split: Counter[str]() for split in SPLITS}
    for picture, ones in labels.items():
        if picture in splits:
            found[splits[picture]].update(ones)
    both = sum(found.values(), Counter[str]())
    if not both:
        return
    shown = {label: shortened(spelled(label)) for label, _ in both.most_common(MOST_ROWS)}
    width = max(map(len, ("boxes", *shown.values())))
    yield f"{'boxes':<{width}}" + "".join(f"{split:>{COLUMN}}" for split in SPLITS)
    for label, name in shown.items():
        yield f"{name:<{width}}" + "".join(f"{found[split][label]:>{COLUMN}}" for split in SPLITS)
    if (more := len(both) - len(shown)) > 0:
        rest = sum(both.values()) - sum(both[label] for label in shown)
        yield f"and {count(rest, 'box')} of {count(more, 'more label')}"


def _differing(done: Done, name: str, replacing: str) -> Iterator[str]:
    """XML files that were there and differ from what the source says now."""
    if done.kept:
        what = "differs from the source's, and stays"
        if len(done.kept) > 1:
            what = "differ from the source's, and stay"
        yield f"{count(len(done.kept), 'XML file')} {what}: {_some(done.kept)}"
        yield f"to take the source's, and keep a copy of yours: `{replacing}`"
    if done.mended:
        what = "was mended since, and stays" if done.mended == 1 else "were mended since, and stay"
        yield f"{count(done.mended, 'XML file')} {what}"
    if done.replaced:
        are = f"{count(len(done.replaced), 'XML file')} replaced: {_some(done.replaced)}"
        yield f"{are}; yours: {done.originals}"
        yield f"`doit mend:{name} --undo` brings yours back"


def _some(lines: Sequence[str]) -> str:
    more = ", …" if len(lines) > FEW else ""
    return ", ".join(map(printable, lines[:FEW])) + more


def _label_lines(found: Mapping[str, int], project: Project) -> Iterator[str]:
    """Labels that the project lacks: the command that renames those that it only spells otherwise,
    and the line that would add the others."""
    known = label_ids(project)
    missing = sorted(found.keys() - known.keys())
    if not missing:
        return
    names = ", ".join(map(spelled, missing))
    yield f"{count(len(missing), 'label')} that {project.name} lacks: {names}"
    if renames := lookalikes(missing, known):
        yield f"to have them spelled as there: `{command(project.name, renames)}`"
    missing = [label for label in missing if label not in renames]
    near = (f"{spelled(label)}{suggestion(label, known)}" for label in missing)
    yield from (line for line in near if "did you mean" in line)
    if not missing:
        return
    where = f"config/workspace.toml, [projects.{project.name}]"
    them = "the others" if renames else "them all"
    yield f"to have {them}, write in {where}: `{_labels_line(project, missing)}`"


def _labels_line(project: Project, missing: Sequence[str]) -> str:
    """The project's `labels` with those that are missing, as TOML."""
    if isinstance(project.labels, tuple):
        return f"labels = {json.dumps([*project.labels, *missing], ensure_ascii=False)}"
    first = max(project.labels.values()) + 1
    ids = project.labels | {label: number for number, label in enumerate(missing, first)}
    pairs = (f"{json.dumps(label, ensure_ascii=False)} = {number}" for label, number in ids.items())
    return f"labels = {{ {', '.join(pairs)} }}"
