"""Receipts that somebody changed: read as none or as receipts, and nothing ever raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.core.paths import Workspace
from tests.faults.chain import Chain, chain
from tests.support.soak import STEPS

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A chain of which every step is done."""
    folder = tmp_path_factory.mktemp("receipts")
    (folder / "workspace").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOD_CACHE", str(folder / "cache"))
        with chain(Workspace(folder / "workspace"), folder) as made:
            made.run_all()
            yield made


@pytest.fixture(autouse=True)
def same_cache(done: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_CACHE", str(Path(done.workspace.root).parent / "cache"))


def every_answer(done: Chain, step: str, content: bytes) -> None:
    """Ask all steps while this receipt is `content`; it is as it was afterwards."""
    receipt = done.receipt(step)
    good = receipt.read_bytes()
    try:
        receipt.write_bytes(content)
        answers = [done.stale(each) for each in STEPS]
        assert all(answer is None or "\n" not in answer for answer in answers)
    finally:
        receipt.write_bytes(good)
    assert done.all_done()


@QUICK
@given(st.sampled_from(STEPS), st.binary(max_size=300))
def test_random_bytes_stop_no_step_from_answering(done: Chain, step: str, content: bytes) -> None:
    every_answer(done, step, content)


@QUICK
@given(st.sampled_from(STEPS), st.data())
def test_a_few_changed_bytes_stop_no_step_from_answering(
    done: Chain, step: str, data: st.DataObject
) -> None:
    content = bytearray(done.receipt(step).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    every_answer(done, step, bytes(content))


@QUICK
@given(st.sampled_from(STEPS), VALUES, st.data())
def test_any_value_in_any_field_stops_no_step_from_answering(
    done: Chain, step: str, value: object, data: st.DataObject
) -> None:
    told = json.loads(done.receipt(step).read_bytes())
    told[data.draw(st.sampled_from(sorted(told)))] = value
    every_answer(done, step, json.dumps(told).encode("utf-8", "surrogatepass"))
