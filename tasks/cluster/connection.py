"""The connection to a Dask scheduler: who is there, and one call of one worker.

Nothing but this project's own functions is called, by their names, with plain bytes and text.
"""

from __future__ import annotations

import asyncio
import logging
import pkgutil
import time
import warnings
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any

from msgspec import Struct

from tasks.cluster.versions import about_here
from tasks.config.types import Settings
from tasks.core.addresses import redacted
from tasks.core.errors import UnreachableError
from tasks.core.temporary import token

TICK = 1.0
"""Seconds after which a call looks whether its worker is still there."""
QUIET = tuple(f"distributed{of}" for of in ("", ".client", ".comm", ".core", ".batched", ".utils"))
INSTALL = "install requirements-cluster.lock in place of requirements.lock"


class SchedulerLostError(Exception):
    """The scheduler is gone, or does not answer."""


class WorkerLostError(Exception):
    """The worker is gone, or does not answer; as a clause."""


class WorkerUnfitError(Exception):
    """The worker can't do what is asked, and never will; as a clause."""


class Seen(Struct):
    """A worker as the scheduler knows it.

    Attributes:
        sign: its last sign of life; `moved` is when it came, by our own clock.
        is_taken: it is doing, or is to do, what somebody else asked of it.
        paused: since when Dask gives it nothing to do, for its memory is nearly used up; None if it
            does.
    """

    name: str
    sign: object
    moved: float
    is_taken: bool = False
    paused: float | None = None


class Connection:
    """To one scheduler, by a Dask client. Threads may share it.

    A worker is called by its address and its own scratch folder: the process that takes a dead
    one's place may get its address, and has nothing of what that one had.

    Attributes:
        workers: who is there.
    """

    def __init__(self, client: Any, settings: Settings) -> None:
        self.workers: dict[str, Seen] = {}
        self._client, self._settings = client, settings
        self._is_lost = False
        self._own: set[str] = set()  # keys of our own calls

    def look(self) -> None:
        """Find out who is there.

        Raises:
            SchedulerLostError: the scheduler does not answer.
        """
        patience = self._settings.connect_timeout
        try:
            if self._client.status != "running":
                raise OSError("the connection broke")
            ask, scheduler = self._client.sync, self._client.scheduler
            found = ask(scheduler.identity, n_workers=-1, callback_timeout=patience)
            doing = ask(scheduler.processing, workers=None, callback_timeout=patience)
        except Exception as error:  # whatever a client says whose scheduler is gone
            self._is_lost = True
            raise SchedulerLostError from error
        now, seen = time.monotonic(), dict[str, Seen]()
        for address, one in found["workers"].items():
            worker = f"{address} {one.get('local_directory')}"
            sign, before = one.get("last_seen"), self.workers.get(worker)
            moved = before.moved if before is not None and before.sign == sign else now
            is_taken = not self._own.issuperset(doing.get(address, ()))
            paused = now if one.get("status") == "paused" else None
            if paused and before is not None and before.paused is not None:
                paused = before.paused
            seen[worker] = Seen(str(one.get("name") or address), sign, moved, is_taken, paused)
        self.workers = seen

    def close(self) -> None:
        _close(self._client)

    def why_lost(self, worker: str) -> str:
        """Why a worker can't be waited for any longer, as a clause; "" if it can."""
        seen, silence = self.workers.get(worker), self._settings.read_timeout
        if self._is_lost:
            return "the scheduler is gone"
        if seen is None:
            return "it is gone: killed, out of memory, or stopped"
        if time.monotonic() - seen.moved > silence:
            return f"it has not answered for {silence:g} s"
        if seen.paused is not None and time.monotonic() - seen.paused > silence:
            return f"Dask has paused it for {silence:g} s: its memory is nearly used up"
        return ""

    def must_have_functions(self, worker: str) -> None:
        """Find out that a worker can import what it will be called for. It is looked for by its
        name: a worker that is sent a function which it can't import ends, with all that others
        have it do.

        Raises:
            WorkerLostError, WorkerUnfitError, SchedulerLostError: as for `call`.
        """
        self._call(worker, pkgutil.resolve_name, "tasks.cluster.worker:about")

    def call(self, worker: str, function: Callable[..., bytes], *args: object) -> bytes:
        """Call a function on a worker, and wait for what it gives back.

        Raises:
            WorkerLostError: the worker is gone, or does not answer.
            WorkerUnfitError: it does not have the function, or the function raised.
            SchedulerLostError: the scheduler is gone.
        """
        result: bytes = self._call(worker, function, *args)
        return result

    def _call(self, worker: str, function: Callable[..., Any], *args: object) -> Any:
        key = f"tod-tf2-{function.__name__}-{token()}"
        self._own.add(key)
        try:
            future = self._client.submit(
                function,
                *args,
                key=key,
                workers=[worker.partition(" ")[0]],
                allow_other_workers=False,
                pure=False,
            )
            while True:
                with suppress(TimeoutError):  # also what is done lies on the worker, and may stay
                    return future.result(timeout=TICK)
                if why := self.why_lost(worker):
                    future.cancel(force=True)
                    raise WorkerLostError(why)
        except WorkerLostError:
            raise
        except CancelledError as error:
            if self._client.status != "running":
                raise SchedulerLostError from error
            raise WorkerLostError(self.why_lost(worker) or "its task was cancelled") from error
        except Exception as error:
            raise _told(error, self.why_lost(worker)) from error


def _told(error: Exception, why_lost: str) -> Exception:
    """What went wrong on a worker."""
    kind = type(error).__name__
    if why_lost or kind in ("KilledWorker", "FutureCancelledError", "CommClosedError"):
        return WorkerLostError(why_lost or "it was killed while it was at work")
    if isinstance(error, ModuleNotFoundError):
        why = f"it can't import {error.name}: start it in a checkout of this project"
        return WorkerUnfitError(why)
    return WorkerUnfitError(f"{kind}: {error}".partition("\n")[0])


def connected(address: str, settings: Settings) -> Connection:
    """A connection to the scheduler, to be closed.

    Raises:
        UnreachableError: Dask is not installed here, the scheduler can't be reached, or it runs
            another version of Dask or Python.
    """
    what = f"scheduler {redacted(address)}"
    try:
        import dask
        import distributed
    except ImportError as error:
        raise UnreachableError(what, "Dask is not installed here", INSTALL) from error
    for name in QUIET:  # what matters is told in our own lines
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions: see `_must_match`
        try:
            versions = asyncio.run(_versions(address, settings.connect_timeout))
            _must_match(what, versions)
            client = distributed.Client(
                address, timeout=settings.connect_timeout, set_as_default=False
            )
        except UnreachableError:
            raise
        except Exception as error:  # OSError; of addresses, versions and certificates anything
            why = f"it can't be reached ({_first_line(error)})"
            raise UnreachableError(what, why, "is it running, and is the address right?") from error
    return Connection(client, settings)


async def _versions(address: str, patience: float) -> dict[str, Any]:
    """What a scheduler says that it runs. It is asked without a client, which would wait for ever
    for a server that is none of Dask's, and be in nobody's hands if it can't be made."""
    from distributed.core import rpc
    from distributed.security import Security

    own = Security().get_connection_args("client")
    scheduler = rpc(address, timeout=patience, connection_args=own)
    try:
        found: dict[str, Any] = await asyncio.wait_for(scheduler.versions(packages=[]), patience)
    except TimeoutError:
        raise OSError(f"no scheduler of Dask answers within {patience:g} s") from None
    finally:
        await scheduler.close_rpc()
    return found


def _must_match(what: str, versions: dict[str, Any]) -> None:
    here = about_here()
    python = ".".join(str(versions["host"].get("python", "")).split(".")[:2])
    distributed = versions["packages"].get("distributed")
    for name, its, ours in (
        ("Python", python, here.python),
        ("distributed", distributed, here.distributed),
    ):
        if its != ours:
            raise UnreachableError(what, f"it has {name} {its}, here is {ours}", INSTALL)


def _close(client: Any) -> None:
    with suppress(Exception):  # its scheduler may be gone
        client.close(timeout=2)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0]
