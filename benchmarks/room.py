"""What every section is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import archives, server
from benchmarks.archives import Made
from benchmarks.tools import Tools

NETWORK = "bench_net_coco17_tpu-8"
PACKED_SHARE = 0.93  # what gzip leaves of the weights


@dataclass(frozen=True)
class Room:
    """A folder to work in, the contenders, and somewhere to say what is going on.

    Attributes:
        folder: on one disk for all; emptied before and after.
        kept: archives that are made once, and kept for the next run.
        networks: archives of the user's, for the smoke section.
    """

    folder: Path
    kept: Path
    tools: Tools
    say: Callable[[str], None]
    networks: Sequence[Path] = ()

    def archive(self, megabytes: int, network: str = NETWORK) -> Made:
        """An archive of about so many MB."""
        self.say(f"  an archive of {megabytes} MB")
        graph = min(6 << 20, megabytes * 30_000)
        weights = int((megabytes * 1e6 - graph / 10) / 2 / PACKED_SHARE) // 4 * 4
        return archives.make(self.kept, network, weights, graph=graph)

    def serving(self, folder: Path) -> AbstractContextManager[str]:
        """The address of a server for this folder."""
        return server.serving(folder)
