"""What the build and its TensorFlow process say to each other: one line of JSON a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Raw, Struct

Shape = tuple[int | None, ...] | None
"""Of a tensor: None in a place where any size goes; None for the whole if the rank is unknown."""

NOTHING = Raw(b"null")

Handler = Literal["tasks.smoke.examination:handle", "tasks.measure.trial:handle"]
"""What may be asked for, as `package.module:function`. The function is given the body of the order
and a `Talk`, and gives back a Struct for the answer."""


class Permissions(Struct, frozen=True, kw_only=True):
    """What the process may do beyond what TensorFlow itself needs.

    Attributes:
        reads: files, and folders with all that is in them, to be read.
        writes: the same, to be read, written and removed.
        home: the user's own home, which is permitted only if `reads` or `writes` say so.
        memory: bytes that it may take; 0 for most of the machine's.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    home: str = ""
    memory: int = 0


class Order(Struct, frozen=True, kw_only=True):
    """Something to do.

    Attributes:
        handler: what is to be done.
        name: the network's.
        log: the file that takes what TensorFlow prints.
        permissions: what it takes to carry this out.
        parts: how many parts may come before the answer.
        number: random: all messages about this order repeat it.
    """

    handler: Handler
    name: str
    log: str
    permissions: Permissions = Permissions()
    body: Raw = NOTHING
    parts: int = 0
    number: str = ""


class Hello(Struct, frozen=True, kw_only=True, tag=True):
    """TensorFlow was imported; or was not, and `fault` says why. `isolation` says what keeps the
    process from the rest of the machine."""

    fault: str = ""
    isolation: str = ""
    number: str = ""


class Doing(Struct, frozen=True, tag=True):
    """A phase of an order begins."""

    phase: str
    number: str = ""


class Part(Struct, frozen=True, tag=True):
    """Some of an order is done already; the time that an order may take begins anew."""

    body: Raw
    number: str = ""


class Answer(Struct, frozen=True, kw_only=True, tag=True):
    """An order is done; or could not be, and `why` (and `todo`) say why not.

    Attributes:
        transient: what went wrong need not go wrong another time.
        left: bytes that the process holds now beyond what it held before its first order: what
            networks leave behind. 0 if the system does not count.
    """

    body: Raw = NOTHING
    left: int = 0
    why: str = ""
    todo: str = ""
    transient: bool = False
    number: str = ""


Message = Hello | Doing | Part | Answer


class Talk(Struct, frozen=True):
    """What a handler may say before it answers."""

    phase: Callable[[str], None]
    part: Callable[[Struct], None]


class FaultError(Exception):
    """In the child: the network or the picture can't be used. A NetworkError in the parent.

    Attributes:
        transient: as in `Answer`.
    """

    def __init__(self, why: str, todo: str = "", *, transient: bool = False) -> None:
        super().__init__(why)
        self.why, self.todo, self.transient = why, todo, transient


class Tensor(Struct, frozen=True):
    """An input or output of the signature."""

    name: str
    dtype: str
    shape: Shape


class PictureInfo(Struct, frozen=True, kw_only=True):
    """The picture that the network was run on; size is (width, height) in pixels.

    Attributes:
        source: the file's path, or which scene was drawn.
        sha256: of the file; of a drawn scene, of its pixels (RGB, row by row).
        size: upright, as the file has it.
        run_size: as the network got it.
    """

    source: str
    sha256: str
    size: tuple[int, int]
    run_size: tuple[int, int]


class Checkpoint(Struct, frozen=True):
    """What was read of the checkpoint: how many tensors, how many numbers the float ones hold."""

    tensors: int
    parameters: int
