"""What a worker answers, in the place of whose TensorFlow something answers at once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tasks.cluster import worker
from tasks.cluster.orders import About, Answer, Held, Order, WantedNetwork
from tasks.cluster.store import store
from tasks.cluster.versions import about_here, is_alike, why_unfit
from tasks.config.types import Signature
from tasks.inference import child
from tasks.inference.measuring import MeasureReply
from tests.cluster.conftest import wanted_of
from tests.support.archives import zoo_archive
from tests.support.cluster_stand_in import StandIn, found

PICTURE = b"a picture"
SHA256 = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WantedNetwork]:
    """A network that this process, as a worker, has."""
    made = StandIn()
    monkeypatch.setattr(child, "shared", lambda: made)
    archive = tmp_path / "net.tar.gz"
    zoo_archive(archive)
    known = wanted_of(archive, "net")
    held = worker.take(msgspec.json.encode(known), 0, archive.read_bytes())
    assert msgspec.json.decode(held, type=Held).here
    yield known
    store().close()
    store.cache_clear()


def asked(wanted: WantedNetwork, pictures: dict[str, bytes]) -> Answer:
    order = Order(
        kind="detect",
        network=wanted,
        signature=Signature(),
        pictures=((SHA256, "mine/a.png"),),
        limit=9,
    )
    answer = worker.carry_out(msgspec.json.encode(order), pictures)
    return msgspec.json.decode(answer, type=Answer)


def test_a_picture_is_sent_once(wanted: WantedNetwork) -> None:
    assert asked(wanted, {}).missing == (SHA256,)
    assert asked(wanted, {SHA256: PICTURE}).results == (found(SHA256),)
    assert asked(wanted, {}).results == (found(SHA256),)


def test_a_damaged_picture_is_a_fault_of_the_way_and_never_run(wanted: WantedNetwork) -> None:
    answer = asked(wanted, {SHA256: b"another"})
    assert (answer.results, answer.broken) == ((), False)
    assert answer.fault.endswith("was damaged on its way")


def test_a_network_that_it_does_not_have_is_not_run(wanted: WantedNetwork) -> None:
    other = replace(wanted, tree="0" * 64)
    answer = asked(other, {SHA256: PICTURE})
    assert (answer.lacks_network, answer.results) == (True, ())


def test_a_network_that_was_touched_since_it_was_read_is_not_run(
    wanted: WantedNetwork, tmp_path: Path
) -> None:
    """Were it loaded now, its own fault would be seen in it, or other boxes believed."""
    folder = store().folder(wanted)
    assert folder is not None
    with open(folder / "saved_model/saved_model.pb", "r+b") as file:
        file.write(b"x")
    assert asked(wanted, {SHA256: PICTURE}).lacks_network
    assert not msgspec.json.decode(worker.network(msgspec.json.encode(wanted)), type=Held).here
    content = (tmp_path / "net.tar.gz").read_bytes()
    assert msgspec.json.decode(worker.take(msgspec.json.encode(wanted), 0, content), type=Held).here
    assert asked(wanted, {}).results == (found(SHA256),)


def test_a_picture_that_somebody_removed_or_changed_is_sent_again(wanted: WantedNetwork) -> None:
    asked(wanted, {SHA256: PICTURE})
    path = store().pictures / SHA256
    path.write_bytes(b"other")
    assert asked(wanted, {}).missing == (SHA256,)
    shutil.rmtree(path.parent)
    assert asked(wanted, {}).missing == (SHA256,)
    assert asked(wanted, {SHA256: PICTURE}).results == (found(SHA256),)


@pytest.mark.parametrize("what", ["picture", "network"])
def test_what_is_found_while_files_are_changed_is_not_believed(
    what: str, wanted: WantedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, folder = StandIn.run, store().folder(wanted)
    assert folder is not None
    path = store().pictures / SHA256
    path = path if what == "picture" else folder / "saved_model/saved_model.pb"

    def struck(*arguments: Any) -> MeasureReply:
        path.unlink()
        return run(*arguments)

    monkeypatch.setattr(StandIn, "run", struck)
    answer = asked(wanted, {SHA256: PICTURE})
    assert answer.fault == "its files were changed while it used them"
    assert (answer.results, answer.broken) == ((), False)


def test_pictures_are_removed_when_their_run_is_over(wanted: WantedNetwork) -> None:
    asked(wanted, {SHA256: PICTURE})
    worker.forget((SHA256, "0" * 64))
    assert not (store().pictures / SHA256).exists()
    assert asked(wanted, {}).missing == (SHA256,)


def test_what_is_wrong_with_a_picture_is_told_by_its_name_where_it_comes_from(
    wanted: WantedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = store().pictures / SHA256
    monkeypatch.setenv("STAND_IN_FAULT", f"the picture {place} can't be used")
    assert asked(wanted, {SHA256: PICTURE}).fault == "the picture mine/a.png can't be used"


@pytest.mark.parametrize("what", ["python", "distributed", "tensorflow", "code"])
def test_a_worker_with_another_version_is_unfit(what: str) -> None:
    here = about_here()
    other = msgspec.convert({**msgspec.to_builtins(here), what: "0.1"}, About)
    assert why_unfit(here, here) == ""
    assert why_unfit(other, here).startswith("it has ")


def test_a_worker_without_tensorflow_is_unfit() -> None:
    here = about_here()
    assert why_unfit(replace(here, tensorflow=""), here) == "it has no TensorFlow"


def test_another_processor_is_told_of() -> None:
    here = about_here()
    assert is_alike(here, here)
    assert not is_alike(replace(here, threads=here.threads + 1), here)
