"""What came of work on a cluster, and how it is told."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from tasks.cluster.board import Failure
from tasks.core.errors import NetworkError
from tasks.core.text import count

MOST_TOLD = 5  # workers that a line names, and lines


class Report(Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        failed: network → why it was not finished.
        pictures: name of a worker → pictures that it did.
        failures: what went wrong, by the workers' names, in the order of time.
        unused: name of a worker → why it was not used, or no longer.
        unlike: names of the workers whose processor or number of threads is not ours.
    """

    failed: dict[str, NetworkError]
    pictures: dict[str, int]
    failures: tuple[Failure, ...]
    unused: dict[str, str]
    unlike: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """How much each worker did, as the rest of a line; "" if there was nothing to do."""
        done = [f"{name} {number}" for name, number in sorted(self.pictures.items())]
        more = [f"and {len(done) - MOST_TOLD} more"] if len(done) > MOST_TOLD else []
        return f"; by workers: {', '.join(done[:MOST_TOLD] + more)}" if done else ""

    def as_json(self) -> bytes:
        """All of it: `workers` (name → pictures, and why it was not used or no longer), `failures`
        (worker, network, why) in the order of time, `failed` (network → why)."""
        names = sorted({*self.pictures, *self.unused})
        told = {
            "workers": {
                name: {"pictures": self.pictures.get(name, 0), "unused": self.unused.get(name, "")}
                for name in names
            },
            "failures": self.failures,
            "failed": {network: error.why for network, error in self.failed.items()},
            "other_processor_or_threads": self.unlike,
        }
        return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"

    @property
    def lines(self) -> tuple[str, ...]:
        """For the user: each worker that could not be used, and what else went wrong, once."""
        lines = [f"worker {name}: {why}" for name, why in self.unused.items()]
        for one in self.failures:
            if one.network:
                lines.append(f"worker {one.worker}: {one.network}: {one.why}")
        lines = list(dict.fromkeys(lines))
        more = len(lines) - MOST_TOLD
        lines = [*lines[:MOST_TOLD], f"and {more} more"] if more > 1 else lines
        if unlike := [name for name in self.unlike if name in self.pictures]:
            whose = count(len(unlike), "worker")
            lines.append(
                f"{whose} with another processor or number of threads than here "
                f"({', '.join(unlike[:MOST_TOLD])}{', …' if len(unlike) > MOST_TOLD else ''}): "
                "scores may differ in the last digits"
            )
        return tuple(lines)
