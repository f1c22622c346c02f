"""The archives that the benchmarks make are such as the zoo has: our own steps take them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.archives import DATA, graph_like, make, tensors
from tasks.core.paths import Workspace
from tasks.extract import step as extract
from tasks.pipeline.job import Silent
from tasks.verify import step as verify
from tests.support.archives import NETWORK
from tests.support.jobs import downloaded, network_job

WEIGHTS = 6 << 20


def test_verify_and_extract_take_one(workspace: Workspace, tmp_path: Path) -> None:
    """With the checkpoint's lengths as its index tells them."""
    made = make(tmp_path / "archives", NETWORK, WEIGHTS)
    job = network_job(workspace)
    downloaded(job, made.path)
    assert verify.run(job, Silent()).kind == "built"
    assert extract.run(job, Silent()).kind == "built"
    folder = workspace.network(NETWORK)
    assert (folder / f"checkpoint/ckpt-0{DATA}").stat().st_size == WEIGHTS
    assert (folder / f"saved_model/variables/variables{DATA}").stat().st_size == WEIGHTS


def test_its_weights_compress_as_badly_as_real_ones(tmp_path: Path) -> None:
    made = make(tmp_path, NETWORK, WEIGHTS, graph=0)
    assert 0.90 < made.packed / made.unpacked < 0.95


def test_its_graph_compresses_well_and_has_the_size_asked_for(tmp_path: Path) -> None:
    assert len(graph_like(1 << 20)) == 1 << 20
    with_graph = make(tmp_path, NETWORK, 4096, graph=1 << 20)
    assert with_graph.packed < (1 << 20) / 4


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    first, again, other = (
        make(tmp_path / place, NETWORK, 4096, seed=seed).path.read_bytes()
        for place, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert first != other


def test_one_that_lies_there_is_taken_as_it_is(tmp_path: Path) -> None:
    before = make(tmp_path, NETWORK, 4096).path.stat()
    after = make(tmp_path, NETWORK, 4096).path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_tensors_have_just_the_bytes_asked_for() -> None:
    assert sum(map(len, tensors(10 << 20, seed=1))) == 10 << 20
