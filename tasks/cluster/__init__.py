"""Networks run by the workers of a Dask cluster that is there already.

    orders       what is sent to a worker, and what it answers
    versions     what this program and a worker must have in common
    store        worker: the networks and pictures that it holds, verified
    worker       worker: the functions that are called there, by name and with plain bytes
    board        client: which worker does what, what becomes of failures; decisions only
    connection   client: the one module that knows Dask
    asking       client: what is asked of the workers, a thread for each order
    report       client: what came of it, and how it is told
    run          client: work handed out, results taken as they come

Whoever has no `scheduler` in the settings nor in DASK_SCHEDULER_ADDRESS imports nothing of this but
what stands here.
"""

from __future__ import annotations

import os

from tasks.config.types import Settings

VARIABLE = "DASK_SCHEDULER_ADDRESS"


def scheduler_of(settings: Settings) -> str:
    """The address of the scheduler that networks are run by; "" for this machine alone."""
    return os.environ.get(VARIABLE, "") or settings.scheduler
