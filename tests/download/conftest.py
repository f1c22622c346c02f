"""A clean memory for every test."""

from __future__ import annotations

import pytest

from tasks.download import reach


@pytest.fixture(autouse=True)
def nothing_is_known_of_any_host() -> None:
    """A test's server may get the port of an earlier one."""
    reach.verdicts.cache_clear()
