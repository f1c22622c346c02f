"""A worker holds what an order names, byte for byte, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tasks.cluster import mirrors
from tasks.cluster.orders import Held, WantedNetwork
from tasks.cluster.store import Store
from tasks.config.types import Network, Settings
from tasks.core.paths import Cache
from tasks.pipeline.archive_cache import ArchiveRecord, write_record
from tests.cluster.conftest import wanted_of
from tests.support.archives import zoo_archive
from tests.support.servers import Reply, answer, file, serving

NOBODY = "http://127.0.0.1:9/net.tar.gz"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "net.tar.gz"
    zoo_archive(path)
    return path


@pytest.fixture
def wanted(archive: Path) -> WantedNetwork:
    return wanted_of(archive, "net")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "worker")
    yield made
    made.close()


def sent(held: Store, wanted: WantedNetwork, content: bytes, size: int = 1000) -> Held:
    """Send an archive in pieces."""
    state = held.network(wanted)
    while not (state.here or state.fault):
        piece = content[state.offset : state.offset + size]
        state = held.take(wanted, state.offset, piece)
    return state


def test_an_archive_that_is_sent_is_unpacked_once_for_all_workers_of_a_machine(
    held: Store, wanted: WantedNetwork, archive: Path, tmp_path: Path
) -> None:
    assert held.network(wanted) == Held()
    assert held.folder(wanted) is None
    assert sent(held, wanted, archive.read_bytes()).here
    folder = held.folder(wanted)
    assert folder is not None
    assert (folder / "saved_model/saved_model.pb").exists()
    assert [path.name for path in held.networks.iterdir()] == [folder.name]
    assert Store(tmp_path / "worker").network(wanted).here


def test_an_archive_that_was_changed_on_its_way_is_not_used(
    held: Store, wanted: WantedNetwork, archive: Path
) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    assert "the archive that was sent" in sent(held, wanted, bytes(content)).fault
    assert held.folder(wanted) is None
    assert not list(held.networks.iterdir())


def test_another_whole_archive_is_not_used(
    held: Store, wanted: WantedNetwork, tmp_path: Path
) -> None:
    other = tmp_path / "other.tar.gz"
    zoo_archive(other)
    told = sent(held, replace(wanted, archive_size=other.stat().st_size), other.read_bytes())
    assert "not the one that is wanted" in told.fault


def test_a_network_that_was_changed_on_disk_is_unpacked_anew(
    held: Store, wanted: WantedNetwork, archive: Path, tmp_path: Path
) -> None:
    sent(held, wanted, archive.read_bytes())
    folder = held.folder(wanted)
    assert folder is not None
    (folder / "saved_model/saved_model.pb").write_bytes(b"another program")
    later = Store(tmp_path / "worker")
    assert not later.network(wanted).here
    assert sent(later, wanted, archive.read_bytes()).here
    assert (folder / "saved_model/saved_model.pb").read_bytes() != b"another program"


@pytest.mark.parametrize("where", ["own", "shared"])
def test_an_archive_in_a_cache_of_the_worker_need_not_be_sent(
    held: Store, wanted: WantedNetwork, archive: Path, cache: Cache, tmp_path: Path, where: str
) -> None:
    root = cache.root if where == "own" else tmp_path / "shared"
    place = root / "archives" / "somebody-0123.tar.gz"
    place.parent.mkdir(parents=True)
    place.write_bytes(archive.read_bytes())
    write_record(cache.record(place), ArchiveRecord(sha256=wanted.archive_sha256))
    assert held.network(replace(wanted, caches=(str(tmp_path / "shared"),))).here


def test_what_a_cache_says_of_an_archive_is_not_believed(
    held: Store, wanted: WantedNetwork, cache: Cache
) -> None:
    place = cache.root / "archives" / "somebody-0123.tar.gz"
    zoo_archive(place)
    write_record(cache.record(place), ArchiveRecord(sha256=wanted.archive_sha256))
    assert held.network(wanted) == Held()


def picture(content: bytes) -> tuple[str, bytes]:
    return hashlib.sha256(content).hexdigest(), content


def test_a_picture_that_was_changed_on_its_way_counts_as_missing(held: Store) -> None:
    (name, content), (other, _) = picture(b"a picture"), picture(b"another")
    assert held.keep({name: content, other: b"damaged"}, [name, other]) == (other,)
    assert (held.pictures / name).read_bytes() == content


def test_the_oldest_pictures_go_when_there_are_too_many_but_none_that_is_needed(
    tmp_path: Path,
) -> None:
    held = Store(tmp_path / "worker", most_kept=10)
    one, two, three = (picture(bytes([n]) * 6) for n in range(3))
    held.keep(dict([one]), [one[0]])
    held.keep(dict([two]), [two[0]])
    assert held.keep(dict([three]), [two[0], three[0]]) == ()
    assert held.keep({}, [one[0]]) == (one[0],)


def test_nothing_of_a_process_stays_but_the_networks(
    held: Store, wanted: WantedNetwork, archive: Path
) -> None:
    held.take(wanted, 0, archive.read_bytes()[:100])
    held.keep(dict([picture(b"a picture")]), [])
    held.close()
    root = held.networks.parent
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_an_archive_that_a_mirror_has_need_not_be_sent(
    held: Store, wanted: WantedNetwork, archive: Path
) -> None:
    with serving(file(archive.read_bytes())) as mirror:
        assert held.network(replace(wanted, mirrors=(mirror.url("net.tar.gz"),))).here
    assert [path.name for path in held.networks.iterdir()] == [
        f"{wanted.archive_sha256[:32]}-{wanted.tree[:32]}"
    ]


@pytest.mark.parametrize("reply", [answer(404), file(b"portal" * 100), file(b"\0" * 10_000_000)])
def test_what_else_a_mirror_gives_is_not_used_and_the_next_one_is_asked(
    held: Store, wanted: WantedNetwork, archive: Path, reply: Reply
) -> None:
    with serving(reply) as wrong, serving(file(archive.read_bytes())) as right:
        urls = (NOBODY, wrong.url("net.tar.gz"))
        assert held.network(replace(wanted, mirrors=urls)) == Held()
        assert not list(held.networks.iterdir())
        assert held.network(replace(wanted, mirrors=(*urls, right.url("net.tar.gz")))).here


def test_a_mirror_with_a_secret_in_its_address_is_told_to_no_worker() -> None:
    entry = Network(name="net", sources=("https://example.invalid/1/net.tar.gz",))
    bases = ("http://teacher:8000", "http://me:secret@host", "https://host/{file}?token=1", "/srv")
    told = list(mirrors.addresses(entry, Settings(mirrors=bases)))
    assert told == ["http://teacher:8000/1/net.tar.gz"]
