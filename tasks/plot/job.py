"""The one thing that is plotted."""

from __future__ import annotations

from tasks.pipeline.job import Job


class PlotJob(Job, frozen=True, kw_only=True):
    """The plot of the whole catalogue."""

    @property
    def name(self) -> str:
        return "zoo"
