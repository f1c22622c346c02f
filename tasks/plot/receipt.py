"""What is known of the plot that was drawn."""

from __future__ import annotations

from tasks.core.receipts import Receipt


class PlotReceipt(Receipt, frozen=True, kw_only=True):
    """The plot was drawn.

    Attributes:
        matplotlib: version.
    """

    matplotlib: str = ""
