"""Measure, detect: what TensorFlow's process is asked for, and what it answers."""

from __future__ import annotations

from msgspec import Struct

from tasks.config.types import Signature
from tasks.inference.results import Figures, PictureResult


class MeasureRequest(Struct, frozen=True, kw_only=True):
    """What to do with a network.

    Attributes:
        folder: where it lies.
        pictures: path and sha256 of each picture on which it has to find objects.
        sample: paths of the pictures on which it is timed; none if it need not be.
        sample_id: what the sender knows the sample by.
        keep: leave the network loaded for the next request that is about the same folder.
    """

    folder: str
    signature: Signature
    pictures: tuple[tuple[str, str], ...]
    sample: tuple[str, ...]
    sample_id: str = ""
    keep: bool = False


class PictureTimed(Struct, frozen=True, tag=True):
    """A sample picture was timed."""


class MeasureReply(Struct, frozen=True):
    """What the network took; None if it was not timed."""

    figures: Figures | None


Part = PictureResult | PictureTimed
