"""A clean memory and a clean environment for every test."""

from __future__ import annotations

import pytest

from tasks.web import connectivity, sources


@pytest.fixture(autouse=True)
def nothing_is_known_of_any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's server may get the port of an earlier one."""
    connectivity.verdicts.cache_clear()
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def loopback_is_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "STORAGE_HOSTS", frozenset({"127.0.0.1"}))
