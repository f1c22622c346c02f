"""Pascal VOC in other layouts than labelImg's: `Annotations/` beside `JPEGImages/`, all in one
folder, folders in folders. The files are taken as they are, but for those with boxes that were
turned in CVAT: of these the boxes around are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.annotations.voc import LARGEST, read_annotation
from tasks.importing.source import Source
from tasks.importing.text import content_of
from tasks.importing.types import BOX_AROUND, TURNED, ForeignPicture, Report, around, unread


def read(source: Source, files: Sequence[Path], report: Report) -> Iterator[ForeignPicture]:
    """The pictures that these XML files annotate: those that are called like them, which people
    rename together; else those that they name."""
    for path in files:
        shown, picture = source.shown(path), None
        try:
            picture = source.of_stem(path.stem, path)
            annotation = read_annotation(content_of(path, LARGEST))
            picture = picture or source.find(annotation.filename, path)
        except ValueError as error:
            yield from unread(picture, shown, error, report)
            continue
        boxes = zip(annotation.boxes, annotation.turns, strict=True)
        is_turned = any(annotation.turns)
        report.remark(TURNED, BOX_AROUND, sum(turn != 0 for turn in annotation.turns))
        yield ForeignPicture(
            path=picture,
            where=shown,
            boxes=tuple(around(box, turn) for box, turn in boxes),
            size=annotation.size,
            split=source.split_of(picture),
            xml=None if is_turned else path,
            proposed_by=annotation.proposed_by,
        )
