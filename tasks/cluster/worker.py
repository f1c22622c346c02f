"""What runs in a worker: these functions, called by name, with plain text and bytes.

A worker does one thing at a time. Its networks run in a process of their own that it starts as
`doit` does (`inference.child`), with the same isolation; a network stays loaded there until another
comes. Whatever goes wrong is an answer: only a defect raises.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tasks.cluster.orders import Answer, Held, Order, WantedNetwork
from tasks.cluster.store import Store, store
from tasks.cluster.versions import about_here
from tasks.core.errors import BrokenNetworkError, NetworkError
from tasks.core.text import lowered
from tasks.inference import child
from tasks.inference.channel import Handler, Request
from tasks.inference.environment import Permissions
from tasks.inference.measuring import MeasureReply, MeasureRequest, Part
from tasks.inference.report import SmokeReply, SmokeRequest
from tasks.inference.results import PictureResult

_busy = threading.Lock()


def about() -> bytes:
    """What this worker is: an `About`."""
    return msgspec.json.encode(about_here())


def network(wanted: bytes) -> bytes:
    """How it stands here with a `WantedNetwork`: a `Held`."""
    asked = msgspec.json.decode(wanted, type=WantedNetwork)
    return _held(lambda: store().network(asked))


def take(wanted: bytes, offset: int, content: bytes) -> bytes:
    """Take some bytes of the archive of a `WantedNetwork`: a `Held`."""
    asked = msgspec.json.decode(wanted, type=WantedNetwork)
    return _held(lambda: store().take(asked, offset, content))


def carry_out(order: bytes, pictures: dict[str, bytes]) -> bytes:
    """Carry out an `Order`: an `Answer`. `pictures`: sha256 → bytes of those not sent before."""
    asked = msgspec.json.decode(order, type=Order)
    with _busy:
        try:
            answer = _answer(store(), asked, pictures)
        except OSError as error:
            answer = Answer(fault=_words(error))
    return msgspec.json.encode(answer)


def _held(ask: Callable[[], Held]) -> bytes:
    with _busy:
        try:
            return msgspec.json.encode(ask())
        except OSError as error:
            return msgspec.json.encode(Held(fault=_words(error)))


def _words(error: OSError) -> str:
    place = f" ({error.filename})" if error.filename else ""
    return lowered(error.strerror or type(error).__name__) + place


def _answer(held: Store, order: Order, pictures: dict[str, bytes]) -> Answer:
    missing = held.keep(pictures, [sha256 for sha256, _ in order.pictures])
    damaged = sorted(set(missing) & set(pictures))
    if damaged:
        return Answer(fault=f"picture {damaged[0][:12]}… was damaged on its way")
    if missing:
        return Answer(missing=missing)
    folder = held.folder(order.network)
    if folder is None:
        return Answer(fault="it no longer has the network")
    began, results = time.monotonic(), list[PictureResult]()
    try:
        body = _run(held, order, folder, results)
    except NetworkError as error:
        broken = isinstance(error, BrokenNetworkError)
        answer = Answer(fault=error.why, todo=error.todo, broken=broken)
    else:
        answer = Answer(body=body, isolation=child.shared().isolation)
    seconds = time.monotonic() - began
    return replace(answer, results=tuple(results), seconds=seconds)


def _run(held: Store, order: Order, folder: Path, results: list[PictureResult]) -> Raw:
    """Have TensorFlow's process run the network; what it finds goes to `results`, and the reply is
    given back."""
    names = dict(order.pictures)

    def partial(body: Raw) -> None:
        part = msgspec.json.decode(body, type=Part)
        if isinstance(part, PictureResult):  # what is told of a file is told by its own name
            fault = part.fault.replace(str(held.pictures / part.sha256), names.get(part.sha256, ""))
            results.append(replace(part, fault=fault))

    if order.kind != "detect":
        child.shared().close()  # what earlier networks left there would count as this one's
    reply = child.shared().run(
        _request(held, order, folder),
        SmokeReply if order.kind == "smoke" else MeasureReply,
        order.limit,
        child.ignore,
        partial,
    )
    return Raw(msgspec.json.encode(reply))


def _request(held: Store, order: Order, folder: Path) -> Request:
    paths = [(str(held.pictures / sha256), sha256) for sha256, _ in order.pictures]
    handler: Handler = "tasks.measure.benchmark:handle"
    asked: MeasureRequest | SmokeRequest
    if order.kind == "smoke":
        handler = "tasks.smoke.examination:handle"
        asked = msgspec.json.decode(order.body, type=SmokeRequest)
        asked = replace(asked, folder=folder.as_posix(), picture=paths[0][0] if paths else "")
    else:
        asked = MeasureRequest(
            folder=folder.as_posix(),
            signature=order.signature,
            pictures=tuple(paths) if order.kind == "detect" else (),
            sample=tuple(path for path, _ in paths) if order.kind == "time" else (),
            keep=order.kind == "detect",
        )
    return Request(
        handler=handler,
        network=order.network.name,
        log=str(held.pictures / "tensorflow.log"),
        permissions=Permissions(reads=(str(held.networks), str(held.pictures))),
        most_partials=len(paths),
        keeps=order.kind == "detect",
        body=Raw(msgspec.json.encode(asked)),
    )
