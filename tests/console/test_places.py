"""doit where there is no home, no such folder, or no workspace: one clear line."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from tasks.core.errors import UsageError
from tasks.core.paths import default_cache
from tests.support.archives import zoo_archive
from tests.support.checkouts import Checkout, check_out


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = check_out(tmp_path_factory.mktemp("places") / "workspace")
    made.configure(
        '[projects.cubes]\nlabels = ["one"]\nnetworks = ["away"]\n'
        '[networks.away]\nsources = ["https://127.0.0.1:9/away.tar.gz"]\n'
    )
    zoo_archive(made.root.parent / "away.tar.gz")
    return made


@pytest.mark.parametrize("words", [("extract",), ("adopt", "away", "../away.tar.gz"), ("clean",)])
def test_a_home_that_there_is_not_is_one_line(checkout: Checkout, words: tuple[str, ...]) -> None:
    done = checkout.doit(*words, TOD_CACHE="~nobody.of.this.name/cache")
    assert done.code in (1, 3)
    line = "~nobody.of.this.name/cache: there is no such home folder; name a folder for archives in"
    assert line in done.err
    assert len(done.err.splitlines()) == 1


def test_no_home_at_all_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    for name in ("HOME", "TOD_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(UsageError, match="there is no such home folder"):
        default_cache()


def test_a_cache_whose_name_is_no_text_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_CACHE", os.fsdecode(b"/caf\xe9"))
    with pytest.raises(UsageError) as raised:
        default_cache()
    assert r"cache /caf\udce9: the folder's name holds bytes that are no text" in str(raised.value)


def test_doit_goes_where_dir_says(checkout: Checkout, tmp_path: Path) -> None:
    elsewhere = Checkout(tmp_path, checkout.environment)
    dodo = str(checkout.root / "dodo.py")
    here = elsewhere.doit("-f", dodo, "list", "-q")
    assert (here.code, here.err) == (0, "")
    assert "scaffold:cubes" in here.out

    none = elsewhere.doit("-f", dodo, "--dir", ".", "list")
    assert (none.code, none.out) == (3, "")
    assert none.err.startswith(f"ERROR: {tmp_path}: there is no config/ in this folder; ")
    assert not list(tmp_path.iterdir()), "nothing is made in a folder that is no workspace"

    other = check_out(tmp_path / "other")
    other.configure('[projects.dice]\nlabels = ["one"]\nnetworks = []\n')
    there = elsewhere.doit("-f", dodo, "--dir", "other", "scaffold")
    assert (there.code, there.err) == (0, "")
    assert (other.root / "dice/training/label_map.pbtxt").is_file()
