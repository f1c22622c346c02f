"""The steps, in the order of the pipeline. Whatever spells steps out reads this list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tasks import (
    compare,
    doctor,
    download,
    extract,
    measure,
    plot,
    records,
    scaffold,
    smoke,
    verify,
)
from tasks.pipeline.job import ProjectJob
from tasks.pipeline.step import AnyStep

if TYPE_CHECKING:
    from tasks.annotations.label_map import LabelMap


def _why_record_stale(job: ProjectJob, split: str, labels: LabelMap) -> str | None:
    """What the doctor asks of the step `records`: no step imports another."""
    from tasks.records.step import why_record_stale

    return why_record_stale(job, split, labels)


STEPS: tuple[AnyStep, ...] = (
    download.STEP,
    verify.STEP,
    extract.STEP,
    scaffold.STEP,
    # Records and doctor stand on the label map and each pipeline.config. For these, scaffold is
    # done with the networks that are here.
    replace(scaffold.STEP, name="_scaffold", clean=None, survives=(), is_default=False),
    smoke.STEP,
    records.STEP,
    doctor.step(_why_record_stale),
    measure.STEP,
    compare.STEP,
    plot.STEP,
)
BY_NAME = {step.name: step for step in STEPS}
