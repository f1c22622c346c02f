"""What is sent to a worker and what it answers: JSON, and the bytes of pictures and archives."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Raw, Struct

from tasks.config.types import Signature
from tasks.inference.channel import NOTHING
from tasks.inference.results import PictureResult

Kind = Literal["detect", "time", "smoke"]


class WantedNetwork(Struct, frozen=True, kw_only=True):
    """A network as a worker gets it: nothing else than these very bytes will do.

    Attributes:
        archive_sha256, archive_size: of its archive, in bytes.
        tree: digest of what the archive holds (`ExtractReceipt.tree`).
        max_members, max_unpacked: limits of an archive.
        caches: folders of archives that the worker looks into besides its own cache.
        mirrors: addresses of the archive that it may ask.
    """

    name: str
    archive_sha256: str
    archive_size: int
    tree: str
    max_members: int
    max_unpacked: int
    caches: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()


class Order(Struct, frozen=True, kw_only=True):
    """Have a network run on pictures.

    Attributes:
        kind: `detect`; `time`, for which the network is loaded anew; or `smoke`.
        pictures: sha256 of each picture, and what its file is called where it comes from.
        limit: seconds that the network may take to load, and for each picture.
        body: of a smoke run, its `SmokeRequest`; the worker fills in where files lie.
    """

    kind: Kind
    network: WantedNetwork
    signature: Signature
    pictures: tuple[tuple[str, str], ...]
    limit: float
    body: Raw = NOTHING


class Answer(Struct, frozen=True, kw_only=True):
    """What became of an order.

    Attributes:
        results: what was found, also if there is a fault: on the pictures before it.
        body: of `time` and `smoke`, the reply of TensorFlow's process.
        isolation: what held that process.
        missing: digests of the pictures that the worker does not have: to be sent with the order.
        lacks_network: it does not have the network, or no longer as it was.
        fault, todo: why it was not carried out; "" if it was.
        broken: it is the network's own fault, and would be the same on every worker.
        is_workers: it is the worker's own fault: its disk's.
        seconds: that the pictures took; not what came before the first of them.
        worker: the worker's name, which the client fills in.
    """

    results: tuple[PictureResult, ...] = ()
    body: Raw = NOTHING
    isolation: str = ""
    missing: tuple[str, ...] = ()
    lacks_network: bool = False
    fault: str = ""
    todo: str = ""
    broken: bool = False
    is_workers: bool = False
    seconds: float = 0.0
    worker: str = ""


class Held(Struct, frozen=True, kw_only=True):
    """How a worker stands with a network: it has it; or it has the first `offset` bytes of its
    archive, and waits for more; or it can't have it, and `fault` says why: because of its own disk,
    if `is_workers`."""

    here: bool = False
    offset: int = 0
    fault: str = ""
    is_workers: bool = False


class About(Struct, frozen=True, kw_only=True):
    """A machine and a program: those of a worker, or our own.

    Attributes:
        code: digest of this project's modules.
        tensorflow, distributed: versions; "" for none.
        processor, threads: what TensorFlow computes with.
    """

    code: str
    python: str
    tensorflow: str
    distributed: str
    processor: str
    threads: int


class Work(Struct, frozen=True, kw_only=True):
    """One network's part of what is asked of the cluster.

    Attributes:
        archive: where its archive lies here, for workers that have none; None if it is gone.
        pictures: sha256 → its file.
    """

    kind: Kind
    network: WantedNetwork
    signature: Signature
    archive: Path | None
    pictures: dict[str, Path]
    limit: float
    body: Raw = NOTHING
