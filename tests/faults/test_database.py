"""doit's own database: damaged, locked, not to be written. None of it ends a run."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from doit.dependency import JSONCodec

from tasks.wiring.doit_hooks import Database
from tests.faults.conftest import read_only
from tests.support.archives import zoo_archive, zoo_files
from tests.support.checkouts import Checkout, check_out

DAMAGES = {
    "no database": b"this is no database" * 100,
    "one byte": b"x",
    "nothing": b"",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with one local network; `doit extract` takes a moment and is done."""
    folder = tmp_path_factory.mktemp("database")
    zoo_archive(folder / "small.tar.gz", zoo_files())
    checkout = check_out(folder / "workspace")
    checkout.configure(
        '[projects.cubes]\nlabels = ["one"]\nnetworks = ["small"]\n'
        f'[networks.small]\nsources = ["{folder / "small.tar.gz"}"]\n'
        '[networks.absent]\nsources = ["nowhere.tar.gz"]\n'
    )
    done = checkout.doit("extract")
    assert done.code == 0, done.said
    return checkout


def database(checkout: Checkout) -> Path:
    return checkout.root / ".tod/doit.sqlite"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_corrupted_database_is_set_aside_and_no_work_is_done_again(
    damage: str, small: Checkout
) -> None:
    database(small).write_bytes(DAMAGES[damage])
    done = small.doit("extract")
    assert done.code == 0, done.said
    assert done.out.startswith("nothing to do")
    assert "Traceback" not in done.said
    assert ("was damaged and is now" in done.err) == (damage == "no database")


def test_a_database_with_a_damaged_page_is_no_traceback(small: Checkout) -> None:
    """Its first page is whole, so it opens; what it says of the tasks can't be read."""
    small.doit("extract")
    content = bytearray(database(small).read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    database(small).write_bytes(bytes(content))
    done = small.doit("extract")
    assert done.code == 0, done.said
    assert done.out.startswith("nothing to do")
    assert "Traceback" not in done.said
    database(small).unlink(missing_ok=True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs mounts")
def test_a_database_that_may_not_be_written_is_one_line(small: Checkout) -> None:
    small.doit("extract")
    (small.root / "pre-trained/small/pipeline.config").unlink()
    with read_only(database(small)):
        done = small.doit("extract")
        assert done.code == 0, done.said
        assert "Traceback" not in done.said
        [line] = done.err.splitlines()
        assert "readonly" in line
        assert small.doit("extract").code == 0


def test_a_folder_in_place_of_the_database_is_one_line(small: Checkout) -> None:
    database(small).unlink(missing_ok=True)
    database(small).mkdir()
    done = small.doit("extract")
    database(small).rmdir()
    assert done.code == 0, done.said
    assert done.out.startswith("nothing to do")
    [line] = done.err.splitlines()
    assert line.endswith("what is done is known from the receipts")


@pytest.fixture
def forgiving(tmp_path: Path) -> Callable[[], Any]:
    """Opens doit's own kind of database, as our runs do."""
    return lambda: Database(str(tmp_path / "doit.sqlite"), JSONCodec())


def test_a_task_that_failed_does_not_lock_the_database(
    forgiving: Callable[[], Any], tmp_path: Path
) -> None:
    """doit would delete its row at once, and so hold the file until the whole run is over."""
    one, other = forgiving(), forgiving()
    one.remove("task")
    other.set("other", "deps:", [])
    other.dump()
    one.dump()
    with closing(sqlite3.connect(tmp_path / "doit.sqlite")) as found:
        rows = dict(found.execute("select task_id, task_data from doit"))
    assert rows == {"task": "{}", "other": '{"deps:": []}'}


def test_a_database_that_stays_locked_is_one_line(
    forgiving: Callable[[], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = forgiving()
    mine._conn.execute("pragma busy_timeout = 50")
    mine.set("task", "deps:", [])
    with closing(sqlite3.connect(tmp_path / "doit.sqlite", isolation_level=None)) as holder:
        holder.execute("begin immediate")
        mine.dump()
    said = capsys.readouterr().err
    assert said == "doit's database can't be written (database is locked); nothing else is lost\n"
