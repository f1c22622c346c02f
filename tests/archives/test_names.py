"""Which names are safe, for any name at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.archives.names import Names, parts_of, quoted
from tasks.core.errors import UnsafeArchiveError

ANY_NAME = st.text(st.characters(), max_size=60) | st.text("./\\ab:\0 ", max_size=20)


@pytest.mark.parametrize(
    "name",
    [
        "net/checkpoint/ckpt-0.data-00000-of-00001",
        "net/.hidden",
        "net/ein Name mit Leerzeichen",
        "net/été.txt",
        "net/console.log",
        "net/communication",
        "net/a...b",
        "net/" + "a" * 255,
    ],
)
def test_ordinary_names_are_kept_as_they_are(name: str) -> None:
    assert "/".join(parts_of(name)) == name


def test_dots_and_double_slashes_mean_nothing() -> None:
    assert parts_of("./net/.//a/") == ["net", "a"]


def test_a_folder_may_come_twice() -> None:
    names = Names()
    assert [names.admit("net/a", "folder") for _ in range(2)] == ["a", "a"]


def test_accents_written_in_two_ways_are_one_name() -> None:
    names = Names()
    names.admit("net/\u00e9", "file")
    with pytest.raises(UnsafeArchiveError, match="case does not matter"):
        names.admit("net/e\u0301", "file")


@given(ANY_NAME)
def test_a_name_that_passes_stays_inside_on_every_system(name: str) -> None:
    try:
        parts = parts_of(name)
    except UnsafeArchiveError:
        return
    for part in parts:
        assert part not in ("", ".", "..")
        assert not set(part) & set('\\/:*?"<>|\0\n')
        assert part == part.rstrip(". ")


@given(ANY_NAME)
def test_any_name_can_be_shown_in_one_line(name: str) -> None:
    assert quoted(name).isprintable()
    assert len(quoted(name)) <= 80
