"""The doctor: is a project ready to be trained? It reads and changes nothing.

pictures    pictures and XML, the split into train and test
labels      the label map, and what the annotations make of it
records     record files: whole, and in agreement with the label map
config      a network's pipeline.config: text, values, paths
refusals    what TensorFlow 2's training refuses in it, or ignores
extractors  which feature extractors TensorFlow 2 has
start       the checkpoint that it names, and whether the two fit
checkpoint  a network's checkpoint: complete, and as wide as its config says
networks    the networks of the project, one after the other
examine     all of it
step        the step: the table is all that it makes
table       one row, and all of them as the user sees them
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import ProjectStep, Work

if TYPE_CHECKING:
    from tasks.doctor.records import WhyStale


def _work(why_record_stale: WhyStale) -> Work[ProjectJob]:
    from tasks.doctor.step import Doctor

    return Doctor(why_record_stale)


def step(why_record_stale: WhyStale) -> ProjectStep:
    """The step. What it asks the step `records` is given to it, for no step imports another."""
    return ProjectStep(
        name="doctor",
        doc="check the projects",
        work=partial(_work, why_record_stale),
        survives=("_scaffold",),
        follows=("records",),
        looks_anew=True,
        takes_turns=False,
    )
