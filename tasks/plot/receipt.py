"""What is known of the plot that was drawn."""

from __future__ import annotations

from msgspec import field

from tasks.receipts import Receipt


class PlotReceipt(Receipt, frozen=True, kw_only=True):
    """The plot was drawn.

    Attributes:
        files: `png` and `svg` → sha256.
        matplotlib: version.
    """

    files: dict[str, str] = field(default_factory=dict)
    matplotlib: str = ""
