"""Mend: what a rule can put right in annotations and pictures, with the originals kept.

    plan      what is wrong, picture by picture, and the files that would mend it
    journal   the originals, the writing, and the way back; a kill at any instant loses nothing
    earlier   what a killed doit began, and what was mended before
    table     what would be done, or was, as the user sees it
    request   what the options ask for
    step      the step: shows the table; writes with `--write`, brings back with `--undo`

What is a fault, and what cures it, `annotations.annotated` and `annotations.cure` know, by which
the doctor goes too.
"""

from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import Option, ProjectStep, Work


def _work() -> Work[ProjectJob]:
    from tasks.mend import step

    return step


STEP = ProjectStep(
    name="mend",
    doc="mend annotations and pictures",
    work=_work,
    survives=("_scaffold",),
    looks_anew=True,
    options=(
        Option(name="write", help="do it; the originals are kept"),
        Option(name="undo", help="bring back what was mended last"),
        Option(
            name="rename",
            metavar="OLD=NEW",
            is_repeatable=True,
            help="rename a label, or merge it\nwith another",
        ),
        Option(
            name="resized",
            metavar="HOW",
            help="boxes of pictures that have\nanother size now: scale or keep",
        ),
    ),
)
