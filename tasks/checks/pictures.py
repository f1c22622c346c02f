"""Pictures and their XML, the split into train and test, the label map and how often each label
occurs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from tasks.annotations import cure, sharing
from tasks.annotations.annotated import (
    Annotated,
    clipped_message,
    proposed_message,
    read_pair,
)
from tasks.annotations.folder import Listing, Pair, relative_name
from tasks.annotations.label_map import (
    LARGEST,
    LabelMap,
    label_ids,
    label_map_path,
    labels_of,
    repeated_fields,
)
from tasks.annotations.other_formats import common_annotations, common_fault, import_command
from tasks.checks.finding import Finding, error, ok, warning
from tasks.checks.networks import text_faults
from tasks.core.files import read_head
from tasks.core.parallel import in_parallel
from tasks.core.text import count, printable
from tasks.pictures.convert import is_convertible
from tasks.pictures.pixels import Picture, examine
from tasks.pipeline.job import ProjectJob

LABEL_MAP = "label map"
FEW = 8  # labels that a line names; the label map has them all
FEWEST, MOST_TO_TEST = 0.05, 0.5
ANNOTATE = "annotate with labelImg, format PascalVOC; save an XML without boxes for background"


Take = Callable[[Annotated, str], object]


def ignore(read: Annotated, split: str) -> None:
    """For whom the report is enough."""


class SplitReport(Struct):
    """What was found in `images/train` or `images/test`.

    Attributes:
        where: the folder, as the user knows it.
        faulty: the pictures of which faults are told.
        digests: picture's sha256 → file names.
        labels: label → how many boxes.
        reencoded: pictures that a record can't hold as they are.
        proposed: pictures whose boxes a network proposed and nobody confirmed, by name.
        curable, remarks_curable: `doit mend` mends some of the faults, or of the remarks.
        imports: commands that take annotations in other formats → how many of the faults each
            mends.
        undecided: a size differs, and only the user knows what its boxes mean.
        renames: labels that only look like one of the project's, and that one.
        unknown: labels that look like none of the project's.
    """

    split: str
    project: str
    where: str
    found: Listing
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    faulty: set[Path] = field(default_factory=set)
    digests: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    labels: Counter[str] = field(default_factory=Counter)
    reencoded: int = 0
    clipped: int = 0
    proposed: list[str] = field(default_factory=list)
    curable: bool = False
    remarks_curable: bool = False
    imports: Counter[str] = field(default_factory=Counter)
    undecided: bool = False
    renames: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    @property
    def boxes(self) -> int:
        return self.labels.total()


def read_split(
    job: ProjectJob,
    split: str,
    ids: Mapping[str, int],
    take: Take = ignore,
    picture_of: Callable[[bytes], Picture] = examine,
) -> SplitReport:
    """Read every picture and every XML of a split; `ids` are the labels that may occur, and
    `picture_of` is as for `read_pair`. What was read is handed to `take`, with the split."""
    folder = job.workspace.images(job.name, split)
    report = SplitReport(split, job.name, f"{job.name}/images/{split}", Listing(folder))
    try:
        report.where = sharing.where(job, split)
        report.found = sharing.listing_of(job, split)
        for path, pictures in common_annotations(report.found).items():
            report.faults.append(common_fault(report.found.folder, path, pictures))
            report.faulty.update(pictures)
            _note_import(report, path)
    except OSError as failure:
        report.faults.append(f"can't be read: {failure.strerror}")
        return report
    for read in in_parallel(lambda pair: _read(pair, ids, picture_of), report.found.pairs):
        pair = read.pair
        take(read, split)
        report.faults += read.faults
        report.faulty.update([pair.picture] if read.faults else [])
        report.remarks += [*read.remarks, *_misnamed(read)]
        if read.faults or read.remarks:
            _note_cure(report, read, ids)
        if pair.others:
            _note_import(report, pair.others[0])
        report.clipped += read.clipped
        if read.is_proposed:
            report.proposed.append(printable(pair.picture.name))
        else:
            report.labels.update(box.label for box in read.boxes)
        if read.picture is not None:
            report.reencoded += read.picture.reencoded
            report.digests[read.picture.sha256].append(pair.picture.name)
    return report


def _read(pair: Pair, ids: Mapping[str, int], picture_of: Callable[[bytes], Picture]) -> Annotated:
    try:
        return read_pair(pair, ids, picture_of)
    except OSError as failure:
        name = printable(pair.picture.name)
        return Annotated(pair, faults=(f"{name}: can't be read: {failure.strerror}",))


def _note_cure(report: SplitReport, read: Annotated, ids: Mapping[str, int]) -> None:
    """Note what `doit mend` could do of the faults and remarks of a pair."""
    cured = cure.cure_of(read, ids)
    kinds = {change.kind for change in cured.changes}
    report.curable |= bool(read.faults and kinds) or is_convertible(read.content)
    report.remarks_curable |= bool(read.remarks and kinds & {"size", "sides", "twice"})
    report.undecided |= cured.undecided != ""
    labels = [box.label for box in read.annotation.boxes] if read.annotation else []
    report.renames.update(cure.lookalikes(labels, ids))
    report.unknown.update(dict.fromkeys(cure.unknown(labels, ids)))


def _note_import(report: SplitReport, annotation: Path) -> None:
    """Note which command takes an annotation in another format, of which a fault was told."""
    if command := import_command(report.found.folder, annotation):
        report.imports[command] += 1


def _misnamed(read: Annotated) -> list[str]:
    """An XML that names another picture of its folder was copied, or is the other's."""
    named = Path(read.annotation.filename if read.annotation else "")
    picture = read.pair.picture
    if named.name in ("", picture.name) or named.stem == picture.stem:
        return []
    if not (picture.parent / named.name).is_file():
        return []
    return [f"{printable(picture.stem)}.xml says that it is of {printable(named.name)}"]


def findings(train: SplitReport, test: SplitReport) -> Iterator[Finding]:
    """All rows about pictures."""
    for report in (train, test):
        yield from _folder(report)
    if train.found.pairs and test.found.pairs:
        yield _shares(len(train.found.pairs), len(test.found.pairs))
        yield _overlap(train, test)


def _folder(report: SplitReport) -> Iterator[Finding]:
    what, pairs = report.split, report.found.pairs
    if report.faults:
        result = f"{count(len(report.faults), 'fault')} in {report.where}"
        yield error(what, result, _todo(report), report.faults)
    if not pairs and what == "train":
        yield error(what, f"no pictures in {report.where}", f"put pictures there; {ANNOTATE}")
    elif not pairs:
        result = f"no pictures in {report.where}: no evaluation"
        yield warning(what, result, "put about one picture in ten there")
    elif not report.faults and not report.found.is_annotated:
        result = f"none of {count(len(pairs), 'picture')} in {report.where} is annotated"
        yield error(what, result, ANNOTATE)
    elif not report.faults:
        confirmed = len(pairs) - len(report.proposed)
        result = f"{count(confirmed, 'picture')}, {count(report.boxes, 'box')}, all sound"
        result += f"; {report.reencoded} encoded anew in the record" if report.reencoded else ""
        result += f"; {elsewhere}" if (elsewhere := report.found.elsewhere) else ""
        yield ok(what, result + (f"; {clipped_message(report.clipped)}" if report.clipped else ""))
    yield from _oddities(report)


def _todo(report: SplitReport) -> str:
    """What to do about faults: the command that mends, if any is mended by rule."""
    todo = _by_rule(report)
    if report.unknown:
        todo += f"; {cure.advice(report.project, list(report.unknown))}"
    return todo


def _by_rule(report: SplitReport) -> str:
    todo = []
    if report.imports:
        commands = " and ".join(f"`{command}`" for command in report.imports)
        todo.append(f"{commands} takes what is annotated in other formats")
    if report.curable or report.renames:
        todo.append(f"`{cure.command(report.project, report.renames)}` mends what a rule can")
    elif report.undecided:
        todo.append(f"`doit mend:{report.project}` tells how sizes are mended")
    if report.imports.total() < len(report.faults):
        rest = "the rest" if todo else "what is listed here"
        todo.append(f"{'' if todo else 'mend, '}annotate anew, or remove {rest}")
    return "; ".join(todo)


def _oddities(report: SplitReport) -> Iterator[Finding]:
    what, found = report.split, report.found
    unannotated = (picture for picture in found.unannotated if picture not in report.faulty)
    bare = [printable(picture.name) for picture in unannotated]
    if bare and found.is_annotated:
        result = f"{count(len(bare), 'picture')} without XML, counted as background"
        yield warning(what, result, ANNOTATE, bare)
    if report.proposed:
        todo = "left out of the record; save each in labelImg once it is right"
        yield warning(what, proposed_message(len(report.proposed)), todo, report.proposed)
    if found.unpaired:
        names = [relative_name(found.folder, path) for path in found.unpaired]
        yield warning(what, "XML without a picture", "put the picture beside it", names)
    if found.same_stem:
        names = [" and ".join(printable(path.name) for path in paths) for paths in found.same_stem]
        yield warning(what, "pictures that share one XML", "give each a name of its own", names)
    if found.folders:
        names = [printable(path.name) for path in found.folders]
        yield warning(what, "folders, which are not read", "move their pictures up", names)
    doubles = [
        " = ".join(map(printable, names)) for names in report.digests.values() if len(names) > 1
    ]
    if doubles:
        yield warning(what, "the same picture twice", "keep one of them", doubles)
    if report.remarks:
        todo = "open them in labelImg"
        if report.remarks_curable:
            todo = f"`{cure.command(report.project, {})}` mends some; {todo}"
        yield warning(what, "to be looked at", todo, report.remarks)


def _shares(train: int, test: int) -> Finding:
    share = test / (train + test)
    result = f"{train} to train, {test} to test with ({share:.0%})"
    if share < FEWEST or share > MOST_TO_TEST:
        return warning("split", result, "about one picture in ten is usual for testing")
    return ok("split", result)


def _overlap(train: SplitReport, test: SplitReport) -> Finding:
    both = [
        f"train/{printable(names[0])} = test/{printable(test.digests[digest][0])}"
        for digest, names in train.digests.items()
        if digest in test.digests
    ]
    if not both:
        return ok("overlap", "no picture is in both")
    result = f"{count(len(both), 'picture')} in both train and test: the test would be no test"
    return error("overlap", result, "take each out of one folder", both)


def shared_out(job: ProjectJob) -> Iterator[Finding]:
    """What is to be said of pictures in `images`, the folder of both splits."""
    try:
        loose, both = sharing.unused(job), sharing.astride(job)
    except OSError:  # told of the folders
        return
    if loose:
        yield warning("images", sharing.unused_message(job, len(loose)), "move them there", loose)
    if both:
        result = f"{count(len(both), 'group')} of pictures that look alike on both sides"
        yield warning("overlap", result, "take one of each away, or test means less", both)


# --- labels ---------------------------------------------------------------------------------------


def read_labels(job: ProjectJob) -> tuple[LabelMap, list[Finding]]:
    """The labels to go by, and what is to be said of their file."""
    path = label_map_path(job)
    where = printable(path.relative_to(job.workspace.root))
    configured = LabelMap(label_ids(job.project), False)
    again = f"mend it, or remove it and run `doit scaffold:{job.name}`"
    try:
        labels = labels_of(job)
        if not labels.is_file:
            return labels, [
                error(LABEL_MAP, f"there is no {where}", f"run `doit scaffold:{job.name}`")
            ]
        content = read_head(path, LARGEST)
        faults, twice = text_faults(content), repeated_fields(content)
    except OSError as failure:
        return configured, [error(LABEL_MAP, f"{where} can't be read: {failure.strerror}", again)]
    except ValueError as fault:
        return configured, [error(LABEL_MAP, f"{where}: {fault}", again)]
    if faults:
        return labels, [error(LABEL_MAP, where, again, faults)]
    result = ", ".join(
        f"{printable(name)} {number}" for name, number in list(labels.ids.items())[:FEW]
    )
    result += ", …" if len(labels.ids) > FEW else ""
    if not labels.holds(configured.ids):
        todo = "config/workspace.toml has others: make them agree"
        return labels, [warning(LABEL_MAP, f"{where} has {result}", todo, twice)]
    if twice:
        return labels, [warning(LABEL_MAP, result, "let each stand once", twice)]
    return labels, [ok(LABEL_MAP, result)]


def label_use(labels: LabelMap, train: SplitReport, test: SplitReport) -> Iterator[Finding]:
    """How often each label occurs."""
    if not train.boxes:
        return
    result = ", ".join(
        f"{printable(name)} {train.labels[name]}+{test.labels[name]}"
        for name in list(labels.ids)[:FEW]
    )
    result += ", …" if len(labels.ids) > FEW else ""
    never = [printable(name) for name in labels.ids if not train.labels[name]]
    if never:
        todo = "add pictures of it, or take the label out of config/workspace.toml"
        yield _absent("train", never, todo)
        return
    yield ok("labels", f"boxes in train+test: {result}")
    absent = [printable(name) for name in labels.ids if not test.labels[name]]
    if absent and test.boxes:
        yield _absent("test", absent, "add pictures to test")


def _absent(split: str, labels: list[str], todo: str) -> Finding:
    if len(labels) <= FEW:
        return warning("labels", f"never in {split}: {', '.join(labels)}", todo)
    return warning("labels", f"never in {split}: {len(labels)} of them", todo, labels)
