"""What a machine's kind is told by, and a server that is as slow as a network."""

from __future__ import annotations

import time
import urllib.request
from pathlib import Path

import pytest

from benchmarks.machine import described, flagged
from benchmarks.server import last_byte, serving


@pytest.mark.parametrize(
    ("cpuinfo", "has"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse4_2 sha_ni avx2\n", True),
        ("Features\t: fp asimd sha1 sha2\n", True),
        ("flags\t\t: fpu sse4_2 avx2\n", False),
        ("processor\t: 0\n", None),
    ],
)
def test_instructions_for_sha_are_read_from_the_flags(cpuinfo: str, has: bool | None) -> None:
    assert flagged(cpuinfo) is has


def test_the_machine_is_told_in_one_line() -> None:
    assert "processors (" in described()
    assert "SHA" in described()
    assert "\n" not in described()


def test_a_file_comes_at_the_rate_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(4_000_000))
    with serving(tmp_path) as address:
        began = time.time()
        with urllib.request.urlopen(f"{address}/10/file") as answer:
            assert len(answer.read()) == 4_000_000
        assert 0.3 < time.time() - began < 2
        time.sleep(0.1)  # the server notes it a moment after the last byte
        assert began < last_byte(address) <= time.time()
