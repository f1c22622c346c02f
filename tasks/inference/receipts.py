"""The receipts of the steps that run networks: what came of it is read by others, too."""

from __future__ import annotations

from tasks.core.receipts import Receipt
from tasks.pipeline.receipts import NetworkReceipt


class SmokeReceipt(NetworkReceipt, frozen=True, kw_only=True):
    """A network was run.

    Attributes:
        applicable: false for a network that has no SavedModel: only its checkpoint was read.
        tree: digest of the network's tree that was run.
        picture: sha256 of the picture.
        tensorflow: version.
        summary: one line for the console.
    """

    applicable: bool = True
    tree: str = ""
    picture: str = ""
    tensorflow: str = ""
    summary: str = ""


class MeasureReceipt(Receipt, frozen=True, kw_only=True):
    """A project's networks were run on its test pictures.

    Attributes:
        tensorflow: version.
        networks: all that the project names.
        measured: networks that were run.
        failed: networks that could not be, and may be another time.
        sha256: of comparison.json, as it was written.
        intended: of what was about to be written; "" once it is done.
    """

    tensorflow: str = ""
    networks: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
