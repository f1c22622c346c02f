"""What is known of the plot that was drawn."""

from __future__ import annotations

from msgspec import field

from tasks.core.receipts import Receipt


class PlotReceipt(Receipt, frozen=True, kw_only=True):
    """The plot was drawn.

    Attributes:
        files: `png` and `svg` → sha256 of what we last wrote.
        intended: the same for what was about to be written; empty once it is done.
        matplotlib: version.
    """

    files: dict[str, str] = field(default_factory=dict)
    intended: dict[str, str] = field(default_factory=dict)
    matplotlib: str = ""

    def written_at(self, kind: str) -> set[str]:
        """What we may have written there: the sha256s."""
        return {self.files.get(kind, ""), self.intended.get(kind, "")} - {""}
