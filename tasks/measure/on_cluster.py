"""Have a cluster find the objects of all networks at once; and time one network on one worker.

What is found is noted as it comes, under the same digests as what this machine finds, so that
neither does again what the other did.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import msgspec
from msgspec.structs import replace

from tasks.cluster import scheduler_of
from tasks.cluster.orders import Answer
from tasks.cluster.report import Report
from tasks.cluster.run import run
from tasks.cluster.works import work_on
from tasks.core.files import write_atomic
from tasks.inference.measuring import MeasureReply
from tasks.inference.results import NetworkMeasurements, ProjectPicture, save
from tasks.measure import running
from tasks.pipeline.job import Progress, ProjectJob
from tasks.pipeline.receipts import ExtractReceipt


def detect(
    job: ProjectJob,
    networks: Mapping[str, ExtractReceipt],
    pictures: Sequence[ProjectPicture],
    progress: Progress,
) -> Report:
    """Have every network run on the pictures that it was not run on yet.

    Raises:
        UnreachableError: there is no scheduler, or no worker; what was found until then is noted.
    """
    with ExitStack() as held:
        for name in sorted(networks):  # in one order, so that no two wait for each other
            held.enter_context(running.turn_of_network(job, name, progress))
        saved = {name: running.saved_of(job, name, networks[name]) for name in networks}
        works = [
            work_on(
                job.config.networks[name],
                extracted,
                job.config,
                job.workspace,
                "detect",
                {
                    one.sha256: job.workspace.root / one.path
                    for one in pictures
                    if one.sha256 not in saved[name].pictures
                },
            )
            for name, extracted in networks.items()
            if not saved[name].fault
        ]
        works = [work for work in works if work.pictures]
        notes = _Notes(job, saved)
        try:
            report = run(
                scheduler_of(job.config.settings), job.config.settings, works, progress, notes.take
            )
            if works:
                write_atomic(job.workspace.cluster_report(job.name), report.as_json())
            for name, error in report.failed.items():
                notes.fail(name, running.lasting_fault(error))
        finally:
            notes.save_all()
    return report


def timed(
    job: ProjectJob,
    network: str,
    extracted: ExtractReceipt,
    sample: Sequence[ProjectPicture],
    progress: Progress,
) -> MeasureReply:
    """What a network takes on the worker that the settings name, where we have nothing else run.

    Raises:
        NetworkError: it can't be run.
        UnreachableError: there is no such worker.
    """
    settings, answers = job.config.settings, list[Answer]()
    pictures = {one.sha256: job.workspace.root / one.path for one in sample}
    entry = job.config.networks[network]
    work = work_on(entry, extracted, job.config, job.workspace, "time", pictures)
    report = run(
        scheduler_of(settings),
        settings,
        [work],
        progress,
        lambda _, answer: answers.append(answer),
        only=settings.timing_worker,
    )
    for error in report.failed.values():
        raise error
    reply = msgspec.json.decode(answers[0].body, type=MeasureReply)
    if reply.figures is None:
        return reply
    machine = replace(reply.figures.machine, name=answers[0].worker)
    return MeasureReply(replace(reply.figures, machine=machine))


class _Notes:
    """What was found, and when it was last saved."""

    def __init__(self, job: ProjectJob, saved: dict[str, NetworkMeasurements]) -> None:
        self._job, self._saved = job, saved
        self._changed = dict.fromkeys(saved, False)
        self._last = dict.fromkeys(saved, 0.0)

    def take(self, network: str, answer: Answer) -> None:
        self._saved[network].pictures.update({one.sha256: one for one in answer.results})
        self._changed[network] = True
        if time.monotonic() - self._last[network] > running.SAVE_EVERY:
            self._save(network)

    def fail(self, network: str, fault: str) -> None:
        self._saved[network].fault = fault
        self._changed[network] = True

    def save_all(self) -> None:
        for network, is_changed in self._changed.items():
            if is_changed:
                self._save(network)

    def _save(self, network: str) -> None:
        save(self._job.workspace.network_notes(network), self._saved[network])
        self._last[network], self._changed[network] = time.monotonic(), False
