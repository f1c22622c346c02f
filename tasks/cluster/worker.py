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
            answer = Answer(fault=_words(error), is_workers=True)
    return msgspec.json.encode(answer)


def forget(pictures: tuple[str, ...]) -> bytes:
    """Remove pictures, by their digests: the run that they were sent for is over."""
    with _busy:
        store().forget(pictures)
    return b""


def _held(ask: Callable[[], Held]) -> bytes:
    with _busy:
        try:
            return msgspec.json.encode(ask())
        except OSError as error:
            return msgspec.json.encode(Held(fault=_words(error), is_workers=True))


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
        return Answer(lacks_network=True)
    results, times = list[PictureResult](), list[float]()
    try:
        body = _run(held, order, folder, results, times)
    except NetworkError as error:
        broken = isinstance(error, BrokenNetworkError)
        answer = Answer(fault=_by_name(error.why, held, order), todo=error.todo, broken=broken)
    else:
        answer = Answer(body=body, isolation=child.shared().isolation)
    if held.folder(order.network) is None or held.lacking(sha256 for sha256, _ in order.pictures):
        return Answer(fault="its files were changed while it used them")
    between = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    return replace(answer, results=tuple(results), seconds=between * len(times))


def _run(
    held: Store, order: Order, folder: Path, results: list[PictureResult], times: list[float]
) -> Raw:
    """Have TensorFlow's process run the network; what it finds goes to `results`, when it was found
    to `times`, and the reply is given back."""

    def partial(body: Raw) -> None:
        part = msgspec.json.decode(body, type=Part)
        times.append(time.monotonic())
        if isinstance(part, PictureResult):
            results.append(replace(part, fault=_by_name(part.fault, held, order)))

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


def _by_name(text: str, held: Store, order: Order) -> str:
    """A message about pictures, with what their files are called where they come from."""
    for sha256, name in order.pictures:
        text = text.replace(str(held.pictures / sha256), name)
    return text


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
