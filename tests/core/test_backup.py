"""What stands where the build writes is ours, or is renamed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tasks.core.ownership import back_up

OURS = hashlib.sha256(b"ours").hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.html"


def test_nothing_and_what_is_ours_need_not_back_up(path: Path) -> None:
    assert back_up(path, {OURS}) is None
    path.write_bytes(b"ours")
    assert back_up(path, {OURS}) is None
    assert path.read_bytes() == b"ours"


def test_a_file_of_the_users_gets_the_first_free_name(path: Path) -> None:
    for name in ("index.yours.html", "index.yours-2.html", "index.yours-3.html"):
        path.write_bytes(name.encode())
        said = back_up(path, {OURS})
        assert said == f"{path} was not as the build made it: yours is now {name}"
    kept = {one.name: one.read_text() for one in path.parent.iterdir()}
    assert kept == {name: name for name in kept}
    assert len(kept) == 3


def test_a_link_makes_way_and_what_it_leads_to_stays(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_bytes(b"ours")
    path.symlink_to(elsewhere)
    assert back_up(path, {OURS})
    assert path.with_name("index.yours.html").is_symlink()
    assert elsewhere.read_bytes() == b"ours"


def test_a_link_to_nothing_counts_as_a_name_that_is_taken(path: Path) -> None:
    path.with_name("index.yours.html").symlink_to("nowhere")
    path.write_bytes(b"mine")
    back_up(path, {OURS})
    assert path.with_name("index.yours-2.html").read_bytes() == b"mine"


def test_a_folder_stays(path: Path) -> None:
    path.mkdir()
    assert back_up(path, {OURS}) is None
    assert path.is_dir()
