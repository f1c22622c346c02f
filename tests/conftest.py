"""What every test stands on: an empty workspace, a cache of its own, a clean environment."""

from __future__ import annotations

import os
import signal
import ssl
from pathlib import Path

import pytest
from hypothesis import settings

from tasks.core.paths import Cache, Workspace
from tests.support.once import once
from tests.support.savedmodels import make
from tests.support.servers import Authority, trusted

# A machine that is busy with something else must not fail a test. Where a red run costs most, the
# examples are the same each time.
settings.register_profile("here", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("here")

# A shell that starts the tests in the background has them ignore Ctrl-C, and so every process that
# they start; the tests of interrupts need it.
signal.signal(signal.SIGINT, signal.default_int_handler)

SCRUBBED = (
    "TOD_CACHE",
    "TOD_OFFLINE",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "CI",
    "TERM",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the proxies, the cache or the terminal of whoever runs it."""
    for name in list(os.environ):
        if name in SCRUBBED or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def certified() -> Authority:
    """An authority that nobody trusts unless told to."""
    return trusted()


@pytest.fixture
def tls(certified: Authority, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """For servers over https; the build trusts their certificates."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certified.bundle))
    return certified.context


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the networks of `tests.support.savedmodels`."""

    def made(folder: Path) -> Path:
        make(folder)
        return folder

    return once(tmp_path_factory, "savedmodels", made)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace in a folder of its own."""
    root = tmp_path / "workspace"
    root.mkdir()
    return Workspace(root)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """The cache that `clean_environment` points at."""
    return Cache(tmp_path / "cache")
