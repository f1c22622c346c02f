"""What is known of the records that were made."""

from __future__ import annotations

import msgspec
from msgspec import field

from tasks.core.receipts import Receipt


class RecordFile(msgspec.Struct, frozen=True):
    """One record file, `train` or `test`.

    Attributes:
        asked: digest of what it was to be made of besides the files: labels, ids, our version.
        sources: name → sha256 of each picture and each XML that it was made of.
        pictures, boxes, background: how many; background are pictures without a box.
    """

    asked: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    pictures: int = 0
    boxes: int = 0
    background: int = 0


class RecordsReceipt(Receipt, frozen=True, kw_only=True):
    """A project's annotated pictures are records.

    Attributes:
        splits: `train` and `test`, as far as there are annotated pictures.
    """

    splits: dict[str, RecordFile] = field(default_factory=dict)
