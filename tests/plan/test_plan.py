"""`doit plan`: what a run would do, fetch and write, before any byte moves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tasks import trainer
from tasks.config import lock
from tasks.config.types import Config, Digests, LockEntry, Network, Settings
from tasks.core.errors import DiskError
from tasks.core.paths import Cache, Workspace
from tasks.download import outlook, step
from tasks.download.transfer import Tools
from tasks.pipeline.job import NetworkJob, Silent, WorkspaceJob
from tasks.pipeline.room import Writing, by_disk, must_fit, way_out
from tasks.plan import figures
from tasks.plan.command import lines
from tasks.plan.figures import Fetch, Item, Plan
from tasks.training import wheels
from tests.support.checkouts import Checkout, check_out
from tests.support.downloads import BODY, local_archive, network_job
from tests.support.servers import file, free_port, serving

EMBEDDED = "ssd_tinynet_320x320_cube_digits"
TUTORIAL = "faster_rcnn_resnet50_v1_640x640_coco17_tpu-8"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return check_out(tmp_path_factory.mktemp("plan") / "workspace", TOD_OFFLINE="1")


def planned(checkout: Checkout, *words: str) -> Any:
    done = checkout.doit("plan", "--json", *words)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def asked(plan: Any) -> set[str]:
    return {f"{item['step']}:{item['name']}" for item in plan["steps"]}


def test_all_that_a_bare_doit_would_do_is_told_with_bytes_sources_and_disks(
    checkout: Checkout,
) -> None:
    plan = planned(checkout)
    assert f"smoke:{EMBEDDED}" in asked(plan)
    assert "scaffold:cube_faces" in asked(plan)
    assert {item["state"] for item in plan["steps"]} == {"stale"}
    archives = {fetch["network"]: fetch for fetch in plan["archives"]}
    assert archives[TUTORIAL]["source"].startswith("https://")
    assert archives[TUTORIAL]["bytes"] == archives[TUTORIAL]["size"] > 200_000_000
    assert (archives[EMBEDDED]["place"], archives[EMBEDDED]["bytes"]) == ("file", 0)
    [disk] = plan["disks"]
    assert disk["peak"] > archives[TUTORIAL]["size"] * 2
    assert plan["fits"] is (disk["peak"] <= disk["free"])


@pytest.mark.parametrize(
    ("words", "tasks"),
    [
        ([f"verify:{EMBEDDED}"], {f"download:{EMBEDDED}", f"verify:{EMBEDDED}"}),
        (["download"], {f"download:{EMBEDDED}", f"download:{TUTORIAL}"}),
        (["download:ssd_tiny*"], {f"download:{EMBEDDED}"}),
        (["download:Faster R-CNN ResNet50 V1 640x640"], {f"download:{TUTORIAL}"}),
        (
            ["Faster R-CNN ResNet50 V1 640x640"],
            {f"{step}:{TUTORIAL}" for step in ("download", "verify", "extract", "smoke")},
        ),
    ],
    ids=["a task", "a group", "a pattern", "a title behind a step", "a title"],
)
def test_words_choose_as_those_of_doit_do(
    checkout: Checkout, words: list[str], tasks: set[str]
) -> None:
    assert asked(planned(checkout, *words)) == tasks


def test_the_trainings_of_a_project_bring_the_trainer(checkout: Checkout) -> None:
    plan = planned(checkout, "train:cube_faces")
    assert f"train:cube_faces:{TUTORIAL}" in asked(plan)
    assert "trainer:zoo" in asked(plan)
    assert plan["besides"] == ["the packages that train, from the package registry"]


@pytest.mark.parametrize("at_hand", [True, False])
def test_packages_that_came_with_a_bundle_are_not_fetched(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, at_hand: bool
) -> None:
    monkeypatch.setattr(wheels, "at_hand", lambda _: {Path("a.whl"): "a"} if at_hand else {})
    job = WorkspaceJob(Config(networks={}, projects={}, settings=Settings()), workspace)
    made = figures.plan({("trainer", job.name): (trainer.STEP, job)}, lambda *_: ())
    assert [item.state for item in made.items] == ["stale"]
    assert bool(made.besides) is not at_hand


@pytest.mark.parametrize("word", ["no such thing", "smoke:nothing", "train:nobody", "x*"])
def test_a_word_that_means_nothing_is_one_line(checkout: Checkout, word: str) -> None:
    done = checkout.doit("plan", word)
    assert done.code == 3
    assert "Traceback" not in done.out + done.err


def test_nothing_is_written_and_nobody_is_asked(checkout: Checkout) -> None:
    before = everything_in(checkout.root)
    planned(checkout, "smoke:*")
    assert everything_in(checkout.root) == before


def everything_in(root: Path) -> dict[str, int]:
    """path → time of change, but for what doit itself keeps."""
    every = (path for path in root.rglob("*") if path.is_file() and ".tod" not in path.parts)
    return {str(path): path.stat().st_mtime_ns for path in every if "__pycache__" not in path.parts}


@pytest.mark.parametrize("width", [80, 120])
def test_the_whole_zoo_is_readable_in_any_terminal(checkout: Checkout, width: int) -> None:
    done = checkout.doit("plan", "smoke:*", COLUMNS=str(width))
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= width
    assert len(done.out.splitlines()) < 75
    assert "unknown size" in done.out


def test_after_a_deferred_run_all_that_was_not_done_is_stale(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    path, named = checkout.root / "config/workspace.toml", f"smoke:{TUTORIAL}"
    path.write_text(path.read_text().replace(f'    "{EMBEDDED}",\n', ""))
    before = planned(checkout, named)
    assert checkout.doit("smoke").code == 0
    after = planned(checkout, named)
    assert {item["state"] for item in after["steps"]} == {"stale"}
    assert {item["why"] for item in after["steps"]} == {"deferred: no host can be reached"}
    assert after["besides"] == before["besides"] != []


def test_a_shared_cache_that_is_missing_is_told(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    path = checkout.root / "config/workspace.toml"
    named = '[settings]\nshared_caches = ["/no/such/folder"]'
    path.write_text(path.read_text().replace("[settings]", named))
    why = "shared cache /no/such/folder: no such file or directory; it is passed over"
    assert planned(checkout, "download")["notes"] == [why]
    assert f"  {why}\n" in checkout.doit("plan", "download", COLUMNS="120").out


def test_what_is_done_is_not_stale(tmp_path: Path) -> None:
    checkout = check_out(tmp_path / "workspace", TOD_OFFLINE="1")
    assert checkout.doit(f"extract:{EMBEDDED}").code == 0
    done = checkout.doit("plan", f"extract:{EMBEDDED}")
    assert done.out == "Nothing is stale: 3 tasks up to date.\n"
    shutil.rmtree(checkout.root / "pre-trained" / EMBEDDED)
    plan = planned(checkout, f"extract:{EMBEDDED}")
    states = {item["step"]: item["state"] for item in plan["steps"]}
    assert states == {"download": "current", "verify": "current", "extract": "stale"}
    assert plan["archives"] == []
    assert plan["disks"][0]["peak"] > 0


# Where an archive will come from


def job_of(
    workspace: Workspace, source: str, size: int | None = 1000, **settings: Any
) -> NetworkJob:
    job = network_job(workspace, source, locked=None)
    archive = msgspec.structs.replace(job.network.archive, size=size)
    network = msgspec.structs.replace(job.network, archive=archive)
    config = msgspec.structs.replace(
        job.config, networks={job.name: network}, settings=Settings(**settings)
    )
    return msgspec.structs.replace(job, network=network, config=config)


def test_no_secret_of_an_address_is_told(workspace: Workspace) -> None:
    job = job_of(workspace, "https://me:secret@example.org/a/net.tar.gz?token=secret")
    found = outlook.outlook(job)
    assert found.place == "address"
    assert "secret" not in found.source
    assert "example.org" in found.source


def test_plain_http_without_a_digest_is_no_source(workspace: Workspace) -> None:
    assert outlook.outlook(job_of(workspace, "http://example.org/net.tar.gz")).place == "nowhere"


def test_a_mirror_that_goes_first_is_told_first(workspace: Workspace) -> None:
    job = job_of(
        workspace,
        "https://example.org/20200711/net.tar.gz",
        mirrors=("https://teacher.example",),
        mirrors_first=True,
    )
    assert outlook.outlook(job).source == "https://teacher.example/20200711/net.tar.gz"


def test_what_a_run_fetched_is_in_the_cache_already(workspace: Workspace, cache: Cache) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        assert outlook.outlook(job).place == "address"
        step.run(job, Silent())
        job.receipt("download").unlink()
        found = outlook.outlook(job)
    assert (found.place, found.to_fetch) == ("cache", 0)


def test_why_no_source_will_do_is_told(workspace: Workspace) -> None:
    job = job_of(workspace, "exports/net.tar.gz")
    assert outlook.outlook(job).why == "exports/net.tar.gz is missing"
    plain = job_of(workspace, "http://example.org/net.tar.gz")
    assert outlook.outlook(plain).why == "plain http, and no digest on record"
    local_archive(workspace)
    settled = network_job(workspace, "exports/net.tar.gz", locked=None)
    entry = LockEntry(sha256="0" * 64, size=5)
    lock.record(workspace.lock_file, "net", entry)
    assert outlook.outlook(settled).why == "exports/net.tar.gz is not the archive on record"
    fetch = Fetch(network="net", place="nowhere", source="", size=5, bytes=0, why="x is missing")
    shown = lines(Plan(items=(), fetches=(fetch,), besides=(), disks=()), 80)
    assert "  no source will do: x is missing" in shown


# The disk


def test_file_systems_are_added_up_apart() -> None:
    cache, here = Path("cache"), Path("here")
    some = [Writing(cache, 10, 5), Writing(here, 7, 7), Writing(cache, 1, 1)]
    free = {cache: 10, here: 100}
    one, two = by_disk(some, free.__getitem__, lambda folder: folder)
    assert (one.peak, one.end, one.free, one.fits) == (11, 6, 10, False)
    assert (two.peak, two.fits) == (7, True)
    [both] = by_disk(some, free.__getitem__, lambda _: 1)
    assert (both.peak, both.folders) == (18, (cache, here))
    with pytest.raises(DiskError, match="11 B are needed, 10 B are free on cache"):
        must_fit("net", [one, two], "make room")


def test_archives_that_are_not_kept_take_room_at_the_peak_only(workspace: Workspace) -> None:
    job = job_of(workspace, "https://example.org/net.tar.gz", 1000, keep_archives=False)
    cache, tree = outlook.writings(job, outlook.outlook(job))
    assert (cache.peak, cache.end) == (1000, 0)
    assert (tree.peak, tree.end) == (1200, 1200)


def with_large(job: NetworkJob, source: str) -> NetworkJob:
    """The job in a run that also fetches a network of a gigabyte."""
    archive = Digests(sha256="0" * 64, size=10**9, confidence="confirmed")
    large = Network(name="large", sources=(source,), archive=archive)
    config = msgspec.structs.replace(job.config, networks={**job.config.networks, "large": large})
    return msgspec.structs.replace(job, config=config, also_fetched=lambda: (job.name, "large"))


def test_a_run_that_would_not_fit_is_stopped_before_its_first_byte(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(file(BODY)) as server:
        job = with_large(network_job(workspace, server.url()), server.url("/large.tar.gz"))
        with pytest.raises(DiskError, match=r"other archives \(1\) 2\.2 GB are needed") as caught:
            step.run(job, Silent(), Tools(free=lambda _: 10**9))
    assert "`doit plan`" in caught.value.todo
    assert not list(cache.root.rglob("*.part"))


@pytest.mark.parametrize("large_first", [True, False])
def test_an_archive_that_can_not_be_reached_takes_no_room(
    workspace: Workspace, large_first: bool
) -> None:
    with serving(file(BODY)) as server:
        dead = f"http://127.0.0.1:{free_port()}/large.tar.gz"
        job = with_large(network_job(workspace, server.url()), dead)
        large = msgspec.structs.replace(job, network=job.config.networks["large"])
        tools = Tools(free=lambda _: 10**9)
        kinds = {
            each.name: step.run(each, Silent(), tools).kind
            for each in ((large, job) if large_first else (job, large))
        }
    assert kinds == {"net": "built", "large": "deferred"}


def test_a_plan_that_does_not_fit_says_what_to_do() -> None:
    [disk] = by_disk([Writing(Path("cache"), 2000, 1000)], lambda _: 500, lambda _: 1)
    fetch = Fetch(network="net", place="address", source="https://x/y", size=None, bytes=None)
    item = Item(step="download", name="net", state="stale", why="never done")
    shown = lines(Plan(items=(item,), fetches=(fetch,), besides=(), disks=(disk,)), 80)
    assert any("It does not fit: 1.5 kB more must be free" in line for line in shown)
    assert any("at least" in line for line in shown)
    assert any("unknown size  net" in line for line in shown)


@pytest.mark.parametrize("peaks", [(2000, 0), (0, 2000)])
def test_another_place_for_the_cache_is_proposed_where_the_cache_is_on_that_disk(
    cache: Cache, peaks: tuple[int, int]
) -> None:
    folders = (cache.root, Path("pre-trained"))
    some = [Writing(*one, 0) for one in zip(folders, peaks, strict=True)]
    disks = by_disk(some, lambda _: 500, lambda folder: folder)
    shown = " ".join(lines(Plan(items=(), fetches=(), besides=(), disks=disks), 80))
    assert ("set TOD_CACHE" in shown) is bool(peaks[0])
    assert ("set TOD_CACHE" in way_out(disks[0], cache.root)) is True
    assert way_out(disks[1], cache.root, "name fewer") == "make room, or name fewer"
