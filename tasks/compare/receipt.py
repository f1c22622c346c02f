"""What is known of the page that was made."""

from __future__ import annotations

from tasks.core.receipts import Receipt


class CompareReceipt(Receipt, frozen=True, kw_only=True):
    """A project's networks are compared on a page.

    Attributes:
        page: sha256 of the page that we last wrote.
        intended: of the one that was about to be written; "" once it is done.
    """

    page: str = ""
    intended: str = ""
