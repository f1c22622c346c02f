"""The receipt of the step `records`: what each record was made of."""

from __future__ import annotations

from msgspec import Struct, field

from tasks.core.receipts import Receipt


class RecordFile(Struct, frozen=True, rename={"definition": "asked"}):
    """One record file, `train` or `test`.

    Attributes:
        definition: digest of what it was made of besides the files; see `record_definition`. "" if
            it was not finished.
        sources: name → sha256 of each picture and each XML that it was made of.
    """

    definition: str = ""
    sources: dict[str, str] = field(default_factory=dict)


class RecordsReceipt(Receipt, frozen=True, kw_only=True):
    """A project's annotated pictures are records.

    Attributes:
        splits: `train` and `test`, as far as there are annotated pictures.
    """

    splits: dict[str, RecordFile] = field(default_factory=dict)
