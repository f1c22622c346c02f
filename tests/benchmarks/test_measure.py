"""Taking times: what failed has none, and no contender has a place of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measure import (
    Contender,
    FailedError,
    Sample,
    environment,
    interleave,
    peak_memory,
    process,
)

PYTHON = sys.executable


def test_a_process_is_told_with_its_time_and_what_it_printed(tmp_path: Path) -> None:
    sample = process([PYTHON, "-c", "for n in range(300_000): n * n\nprint('done')"], tmp_path)
    assert sample.out == "done\n"
    assert sample.cpu > 0
    assert sample.wall > 0


def test_peak_memory_is_the_processs_own_and_not_ours(tmp_path: Path) -> None:
    ours = b"x" * 300_000_000
    small = peak_memory(
        [PYTHON, "-S", "-c", "b = b'x' * 60_000_000; print('done', end='')"], tmp_path
    )
    assert len(ours) > 2 * small
    assert 60e6 < small < 120e6


def test_one_that_fails_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"ended with 3: this is why"):
        process([PYTHON, "-c", "print('this is why'); raise SystemExit(3)"], tmp_path)


def test_contenders_alternate_and_each_round_begins_with_another() -> None:
    seen: list[str] = []

    def contender(name: str) -> Contender:
        def run() -> Sample:
            seen.append(name)
            return Sample(1.0, 1.0)

        return Contender(name, run, lambda: seen.append(f"prepare {name}"))

    samples = interleave([contender("a"), contender("b")], 3)
    assert [word for word in seen if len(word) == 1] == ["a", "b", "b", "a", "a", "b"]
    assert all(seen[place - 1] == f"prepare {seen[place]}" for place in range(1, len(seen), 2))
    assert {name: len(of_name) for name, of_name in samples.items()} == {"a": 3, "b": 3}


def test_contenders_see_no_proxy_and_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTP_PROXY", "TOD_CACHE", "PYTHONPATH"):
        monkeypatch.setenv(name, "x")
    seen = environment(MORE="1")
    assert "x" not in (seen.get(name) for name in ("https_proxy", "HTTP_PROXY", "TOD_CACHE"))
    assert "PYTHONPATH" not in seen
    assert seen["MORE"] == "1"
