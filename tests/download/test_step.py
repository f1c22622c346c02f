"""The download step as doit sees it: up to date, built, deferred, failed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from tasks import store
from tasks.download import reach, sources, step
from tasks.download.reach import Origin
from tasks.download.transfer import Tools
from tasks.errors import (
    DamagedError,
    DiskError,
    DownloadError,
    RefusedError,
    UnreachableError,
)
from tasks.job import NetworkJob, Silent
from tasks.paths import Cache, Workspace
from tasks.receipts import DownloadReceipt, ExtractReceipt, FileRecord, read, write
from tests.support.downloads import BODY, OTHER, SHA256, Waits, network_job, partials
from tests.support.servers import (
    Authority,
    answer,
    authority,
    broken_off,
    file,
    free_port,
    redirect,
    reset_at_once,
    serving,
    tunnel,
)

GOOG = {"x-goog-generation": 7, "x-guploader-uploadid": "abc"}


def receipt_of(job: NetworkJob) -> DownloadReceipt:
    receipt = read(job.workspace.receipt("download", job.name), DownloadReceipt)
    assert receipt is not None
    return receipt


def local(workspace: Workspace, body: bytes = BODY) -> Path:
    path = workspace.root / "exports" / "net.tar.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body)
    return path


def install(job: NetworkJob, archive_sha256: str) -> Path:
    """A network that lies extracted, as far as receipts tell."""
    path = job.workspace.network(job.name) / "pipeline.config"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"model {}")
    os.utime(path, (1, 1))
    files = {"pipeline.config": FileRecord(8, "0" * 64, 1)}
    write(
        job.workspace.receipt("extract", job.name),
        ExtractReceipt(definition="", archive_sha256=archive_sha256, files=files),
    )
    return path


@pytest.fixture
def loopback_is_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "STORAGE_HOSTS", frozenset({"127.0.0.1"}))


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("authority"))


# Local files


def test_a_local_archive_is_read_in_place(workspace: Workspace, cache: Cache) -> None:
    path = local(workspace)
    job = network_job(workspace, "exports/net.tar.gz")
    assert step.why_stale(job) == "never done"
    assert step.run(job, Silent()).kind == "built"
    receipt = receipt_of(job)
    assert (receipt.archive, receipt.sha256) == ("exports/net.tar.gz", SHA256)
    assert (receipt.size, receipt.witness) == (len(BODY), "file")
    assert store.archive_of(job) == path
    assert step.why_stale(job) is None
    assert step.run(job, Silent()).kind == "kept"
    assert not cache.root.exists()


@pytest.mark.parametrize("form", ["file://{}", "{}"])
def test_an_absolute_path_and_a_file_address_do_as_well(form: str, workspace: Workspace) -> None:
    path = local(workspace)
    job = network_job(workspace, form.format(path))
    step.run(job, Silent())
    assert store.archive_of(job) == path


def test_a_local_archive_that_changed_is_read_again(workspace: Workspace) -> None:
    path = local(workspace)
    job = network_job(workspace, "exports/net.tar.gz")
    step.run(job, Silent())
    path.write_bytes(OTHER + b"longer")
    assert step.why_stale(job) == "the archive changed"
    step.run(job, Silent())
    assert receipt_of(job).sha256 != SHA256
    assert step.why_stale(job) is None


def test_a_local_archive_that_was_only_touched_changes_no_receipt(workspace: Workspace) -> None:
    path = local(workspace)
    job = network_job(workspace, "exports/net.tar.gz")
    step.run(job, Silent())
    before = job.workspace.receipt("download", "net").stat().st_mtime_ns
    os.utime(path, (1, 1))
    assert step.why_stale(job) == "the archive changed"
    step.run(job, Silent())
    assert job.workspace.receipt("download", "net").stat().st_mtime_ns == before
    assert step.why_stale(job) is None


def test_a_local_archive_that_is_gone_is_an_error_with_a_hint(workspace: Workspace) -> None:
    job = network_job(workspace, "exports/net.tar.gz")
    with pytest.raises(DownloadError, match=r"exports/net.tar.gz: no such file; .*doit adopt net"):
        step.run(job, Silent())


def test_the_next_source_stands_in_for_a_local_archive_that_is_gone(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, "exports/net.tar.gz", server.url())
        step.run(job, Silent())
    assert receipt_of(job).source == server.url()
    assert receipt_of(job).archive == ""


def test_a_mirror_on_a_disk_serves_where_no_host_is_reached(
    workspace: Workspace, tmp_path: Path
) -> None:
    place = tmp_path / "usb" / "20200711" / "net.tar.gz"
    place.parent.mkdir(parents=True)
    place.write_bytes(BODY)
    dead = f"http://127.0.0.1:{free_port()}/20200711/net.tar.gz"
    job = network_job(workspace, dead, mirrors=(str(tmp_path / "usb"),))
    step.run(job, Silent())
    assert store.archive_of(job) == place


# Up to date, or not


def test_an_intact_network_needs_no_archive(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        store.drop(job)
        assert step.why_stale(job) == "the archive is gone"
        changed = install(job, SHA256)
        assert step.why_stale(job) is None
        changed.write_bytes(b"model { edited }")
        assert step.why_stale(job) == "the archive is gone"
        step.run(job, Silent())
    assert step.why_stale(job) is None
    assert len(server.requests) == 2


def test_a_network_from_another_archive_does_not_stand_in(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    store.drop(job)
    install(job, "0" * 64)
    assert step.why_stale(job) == "the archive is gone"


def test_other_sources_are_another_task(workspace: Workspace) -> None:
    local(workspace)
    step.run(network_job(workspace, "exports/net.tar.gz"), Silent())
    assert step.why_stale(network_job(workspace, "exports/other.tar.gz")) == "its sources changed"


def test_another_mirror_is_not(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
    assert step.why_stale(network_job(workspace, server.url(), mirrors=("/media/usb",))) is None


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"status": 3}', b"\xff\xff"])
def test_a_torn_receipt_is_made_again_without_a_download(torn: bytes, workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        path = workspace.receipt("download", "net")
        whole = path.read_bytes()
        path.write_bytes(torn)
        assert step.why_stale(job) == "never done"
        assert step.run(job, Silent()).note == "found in the cache"
    assert path.read_bytes() == whole
    assert len(server.requests) == 1


def test_another_workspace_finds_the_archive_in_the_cache(
    workspace: Workspace, tmp_path: Path
) -> None:
    other = Workspace(tmp_path / "other")
    other.root.mkdir()
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
        outcome = step.run(network_job(other, server.url()), Silent())
    assert outcome.note == "found in the cache"
    assert len(server.requests) == 1
    receipts = [each.receipt("download", "net").read_bytes() for each in (workspace, other)]
    assert receipts[0] == receipts[1]


def test_a_cached_archive_that_was_only_touched_is_used(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    os.utime(store.cached(job), (1, 1))
    assert step.why_stale(job) == "the archive changed in the cache"
    assert step.run(job, Silent()).note == "found in the cache"
    assert step.why_stale(job) is None


def test_a_cached_archive_whose_bytes_changed_is_set_aside(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        archive = store.cached(job)
        archive.write_bytes(OTHER)
        assert step.run(job, Silent()).note == "from 127.0.0.1"
    assert archive.read_bytes() == BODY
    assert cache.set_aside(archive, "damaged").read_bytes() == OTHER


def test_a_recorded_digest_is_the_best_witness(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url(), sha256=SHA256)
        step.run(job, Silent())
    assert receipt_of(job).witness == "recorded"


def test_two_networks_of_one_file_name_do_not_collide(workspace: Workspace) -> None:
    """`extremenet.tar.gz` exists at two dates."""
    with serving(file(BODY), file(OTHER)) as server:
        old = network_job(workspace, server.url("20200711/net.tar.gz"))
        new = network_job(workspace, server.url("20210507/net.tar.gz"))
        step.run(old, Silent())
        step.run(new, Silent())
    assert store.cached(old).read_bytes() == BODY
    assert store.cached(new).read_bytes() == OTHER


# One source after another


def test_a_404_moves_on_to_the_next_source(workspace: Workspace) -> None:
    with serving(answer(404)) as first, serving(file(BODY)) as second:
        job = network_job(workspace, first.url(), second.url())
        step.run(job, Silent())
    assert receipt_of(job).source == second.url()


def test_an_html_page_and_a_wrong_hash_move_on_too(workspace: Workspace) -> None:
    wrong = file(OTHER, {"x-goog-hash": "crc32c=AAAAAA=="})
    page = answer(200, b"<html>")
    with serving(page) as first, serving(wrong) as second, serving(file(BODY)) as third:
        job = network_job(workspace, first.url(), second.url(), third.url())
        step.run(job, Silent(), Waits().tools)
    assert receipt_of(job).sha256 == SHA256


def test_a_404_of_every_source_is_an_error_that_names_them(workspace: Workspace) -> None:
    with serving(answer(404)) as first, serving(answer(403)) as second:
        job = network_job(workspace, first.url(), second.url())
        with pytest.raises(DownloadError, match=r"no such file \(404\); .*\(403\)") as caught:
            step.run(job, Silent())
    assert f"`curl -fLO '{second.url()}'` elsewhere" in caught.value.todo


def test_a_404_is_not_final_while_a_source_is_out_of_reach(workspace: Workspace) -> None:
    with serving(answer(404)) as server:
        dead = f"http://127.0.0.1:{free_port()}/net.tar.gz"
        outcome = step.run(network_job(workspace, server.url(), dead), Silent())
    assert outcome.kind == "deferred"
    assert "404" in outcome.note
    assert "connection refused" in outcome.note


def test_a_damaged_archive_is_an_error_even_if_another_source_is_out_of_reach(
    workspace: Workspace,
) -> None:
    wrong = file(OTHER, {"x-goog-hash": "crc32c=AAAAAA=="})
    with serving(wrong) as server:
        dead = f"http://127.0.0.1:{free_port()}/net.tar.gz"
        with pytest.raises(DamagedError, match="crc32c"):
            step.run(network_job(workspace, server.url(), dead), Silent(), Waits().tools)


# Deferred


def test_a_network_whose_hosts_are_out_of_reach_is_deferred(workspace: Workspace) -> None:
    job = network_job(workspace, f"http://127.0.0.1:{free_port()}/net.tar.gz")
    outcome = step.run(job, Silent())
    assert (outcome.kind, outcome.note) == ("deferred", "127.0.0.1: connection refused")
    assert receipt_of(job).status == "deferred"
    assert step.why_stale(job) == "deferred: no host can be reached"


def test_a_network_that_stays_deferred_changes_no_receipt(workspace: Workspace) -> None:
    job = network_job(workspace, f"http://127.0.0.1:{free_port()}/net.tar.gz")
    step.run(job, Silent())
    before = workspace.receipt("download", "net").stat().st_mtime_ns
    assert step.run(job, Silent()).kind == "deferred"
    assert workspace.receipt("download", "net").stat().st_mtime_ns == before


def test_a_deferred_network_is_built_once_its_host_is_back(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TOD_OFFLINE", "1")
            assert step.run(job, Silent()).kind == "deferred"
            assert server.requests == []
        assert step.run(job, Silent()).kind == "built"


def test_a_named_network_that_is_out_of_reach_is_an_error(workspace: Workspace) -> None:
    job = network_job(workspace, f"http://127.0.0.1:{free_port()}/net.tar.gz", may_defer=False)
    with pytest.raises(UnreachableError, match=r"connection refused.*doit adopt net net.tar.gz"):
        step.run(job, Silent())
    assert step.why_stale(job) == "never done"


def test_offline_does_not_even_try_and_still_reads_what_is_at_hand(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOD_OFFLINE", "1")
    local(workspace)
    assert step.run(network_job(workspace, "exports/net.tar.gz"), Silent()).kind == "built"


def test_the_hosts_of_all_wanted_networks_share_one_deadline(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[Origin]] = []

    def probe(origins: set[Origin], timeout: float) -> dict[Origin, str]:
        asked.append(set(origins))
        return dict.fromkeys(origins, "time-out")

    monkeypatch.setattr("tasks.download.reach._probe_all", probe)
    job = network_job(
        workspace, "https://a.example/1/n", "http://b.example/1/n", mirrors=("https://c.example",)
    )
    assert step.run(job, Silent()).kind == "deferred"
    assert step.run(job, Silent()).kind == "deferred"
    assert [{origin.host for origin in each} for each in asked] == [
        {"a.example", "b.example", "c.example"}
    ]


def test_a_transfer_cut_off_by_the_network_is_deferred_and_keeps_its_partial(
    workspace: Workspace, cache: Cache
) -> None:
    """The line dies in the middle: the host can't be connected to any more."""
    with serving(broken_off(BODY, 100_000, {"ETag": '"one"'})) as server:
        job = network_job(workspace, server.url())
        outcome = step.run(job, Silent(), Tools(sleep=lambda _: server.__exit__()))
    assert outcome.kind == "deferred"
    [partial] = partials(cache.root)
    assert partial.read_bytes() == BODY[:100_000]


# The zoo's own bucket


@pytest.mark.usefixtures("loopback_is_the_bucket")
@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_refusal_without_the_buckets_headers_is_a_strangers(
    status: int, workspace: Workspace
) -> None:
    waits = Waits()
    with serving(answer(status, b"blocked")) as server:
        outcome = step.run(network_job(workspace, server.url()), Silent(), waits.tools)
        assert len(server.requests) == 1
    assert outcome.kind == "deferred"
    assert f"a proxy or filter answers ({status})" in outcome.note
    assert waits.asked == []


@pytest.mark.usefixtures("loopback_is_the_bucket")
@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_of_the_bucket_itself_is_final(status: int, workspace: Workspace) -> None:
    with (
        serving(answer(status, headers=GOOG)) as server,
        pytest.raises(DownloadError, match=str(status)),
    ):
        step.run(network_job(workspace, server.url()), Silent())


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_a_refusal_of_the_bucket_counts_for_both_its_names(workspace: Workspace) -> None:
    with serving(answer(403, headers=GOOG)) as server:
        dead = f"http://127.0.0.1:{free_port()}/net.tar.gz"
        with pytest.raises(DownloadError, match="403"):
            step.run(network_job(workspace, server.url(), dead), Silent())


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_a_bucket_that_is_busy_for_ever_is_an_error(workspace: Workspace) -> None:
    with serving(answer(503, headers=GOOG)) as server:
        with pytest.raises(DownloadError, match="busy"):
            step.run(network_job(workspace, server.url()), Silent(), Waits().tools)
        assert len(server.requests) == 3


@pytest.mark.usefixtures("loopback_is_the_bucket")
@pytest.mark.parametrize(
    "reply", [answer(200, b"<html>Please log in</html>"), redirect(302, "/loop")]
)
def test_a_portal_in_place_of_the_bucket_is_out_of_reach(
    reply: object, workspace: Workspace
) -> None:
    with serving(reply) as server:  # type: ignore[arg-type]
        assert step.run(network_job(workspace, server.url()), Silent()).kind == "deferred"


@pytest.mark.usefixtures("loopback_is_the_bucket")
def test_a_stranger_is_not_asked_again_for_the_next_network(workspace: Workspace) -> None:
    with serving(answer(403)) as server:
        step.run(network_job(workspace, server.url("1/a.tar.gz"), name="a"), Silent())
        step.run(network_job(workspace, server.url("1/b.tar.gz"), name="b"), Silent())
        assert len(server.requests) == 1


# TLS, redirects, proxies


def test_an_unknown_certificate_defers_and_names_the_variable(
    workspace: Workspace, certified: Authority
) -> None:
    with serving(file(BODY), tls=certified.context) as server:
        outcome = step.run(network_job(workspace, server.url()), Silent())
        assert server.requests == []
    assert outcome.kind == "deferred"
    assert "TLS failed (unable to get local issuer certificate)" in outcome.note
    assert "REQUESTS_CA_BUNDLE" in outcome.lines[0]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_certificate_that_the_user_names_is_trusted(
    variable: str, workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(certified.bundle))
    with serving(file(BODY), tls=certified.context) as server:
        job = network_job(workspace, server.url())
        assert step.run(job, Silent()).note == "from 127.0.0.1"
    assert receipt_of(job).witness == "tls"


def test_a_bundle_that_is_not_there_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url().replace("http:", "https:"))
        with pytest.raises(DownloadError, match=r"nowhere.*REQUESTS_CA_BUNDLE"):
            step.run(job, Silent())


def test_a_handshake_with_what_speaks_no_tls_is_out_of_reach(workspace: Workspace) -> None:
    with serving(answer(400), greeting=b"220 ftp ready\r\n") as server:
        job = network_job(workspace, server.url().replace("http:", "https:"))
        assert "TLS failed" in step.run(job, Silent()).note


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_https_on_another_host_is_followed(
    status: int, workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certified.bundle))
    with serving(file(BODY), tls=certified.context) as target:
        elsewhere = target.url().replace("127.0.0.1", "localhost")
        with serving(redirect(status, elsewhere)) as server:
            job = network_job(workspace, server.url())
            step.run(job, Silent())
    # The first hop was plain http: anyone could have answered it.
    assert receipt_of(job).witness == "none"


def test_a_redirect_from_https_to_http_is_refused(
    workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certified.bundle))
    with (
        serving(file(BODY)) as plain,
        serving(redirect(302, plain.url()), tls=certified.context) as server,
        pytest.raises(DownloadError, match="from https to plain http"),
    ):
        step.run(network_job(workspace, server.url()), Silent())
    assert plain.requests == []


def test_the_body_of_a_redirect_is_not_read(workspace: Workspace) -> None:
    with serving(file(BODY)) as target:
        long = answer(302, b"x" * 100, {"Location": target.url()}, length=10**12)
        with serving(long) as server:
            assert step.run(network_job(workspace, server.url()), Silent()).kind == "built"


@pytest.mark.parametrize("secure", [False, True])
def test_the_proxy_of_the_surroundings_is_used(
    secure: bool, workspace: Workspace, certified: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certified.bundle))
    context = certified.context if secure else None
    with serving(file(BODY), tls=context) as server, serving(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY" if secure else "HTTP_PROXY", proxy.url(""))
        assert step.run(network_job(workspace, server.url()), Silent()).kind == "built"
        assert proxy.requests


def test_a_proxy_that_refuses_only_the_real_attempt_defers(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answer(200), answer(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(""))
        outcome = step.run(network_job(workspace, "https://host.example/net.tar.gz"), Silent())
    assert outcome.kind == "deferred"
    assert "the proxy refuses" in outcome.note


def test_a_socks_proxy_without_its_library_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    outcome = step.run(network_job(workspace, "http://host.example/net.tar.gz"), Silent())
    assert outcome.kind == "deferred"
    assert "PySocks" in outcome.note


# The disk


def test_a_disk_without_room_is_an_error_before_the_first_byte(
    workspace: Workspace, cache: Cache
) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        with pytest.raises(DiskError, match=r"are needed, 400.0 kB are free") as caught:
            step.run(job, Silent(), Tools(free=lambda _: 400_000))
    assert "TOD_CACHE" in caught.value.todo
    assert not partials(cache.root)


def test_room_for_the_archive_alone_is_not_enough(workspace: Workspace) -> None:
    room = {"cache": 10**9, "pre-trained": 1000}
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tasks.download.transfer._device", lambda folder: folder.name)
            with pytest.raises(DiskError, match="pre-trained"):
                step.run(job, Silent(), Tools(free=lambda folder: room[folder.name]))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_may_not_be_written_is_one_line(workspace: Workspace, cache: Cache) -> None:
    cache.root.mkdir(mode=0o500)
    with serving(file(BODY)) as server, pytest.raises(DiskError, match="permission denied"):
        step.run(network_job(workspace, server.url()), Silent())


def test_a_file_where_the_cache_should_be_is_one_line(workspace: Workspace, cache: Cache) -> None:
    cache.root.write_bytes(b"")
    with serving(file(BODY)) as server, pytest.raises(DiskError, match="net: "):
        step.run(network_job(workspace, server.url()), Silent())


# Refused copies


def refuse(job: NetworkJob) -> Path:
    path = store.set_aside(job, store.cached(job), "refused")
    assert path is not None
    return path


@pytest.mark.parametrize("etag", ['"one"', None])
def test_a_refused_archive_is_not_fetched_again_while_it_is_offered(
    etag: str | None, workspace: Workspace
) -> None:
    with serving(file(BODY, etag=etag)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        path = refuse(job)
        assert step.why_stale(job) == "the archive was refused"
        with pytest.raises(RefusedError, match="doit accept net"):
            step.run(job, Silent())
        assert [request.method for request in server.requests] == ["GET", "HEAD"]
    assert path.read_bytes() == BODY


def test_a_refused_archive_is_superseded_once_the_server_offers_another(
    workspace: Workspace,
) -> None:
    with serving(file(BODY), file(OTHER, etag='"two"')) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        path = refuse(job)
        step.run(job, Silent())
    assert store.cached(job).read_bytes() == OTHER
    assert not path.exists()


def test_a_refused_archive_whose_server_is_gone_stays_refused(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
    path = refuse(job)
    with pytest.raises(RefusedError, match="can't be asked"):
        step.run(job, Silent(), Waits().tools)
    assert path.exists()


def test_a_refused_archive_that_is_let_in_again_needs_no_network(workspace: Workspace) -> None:
    with serving(file(BODY)) as server:
        job = network_job(workspace, server.url())
        step.run(job, Silent())
        refuse(job)
        store.readmit(job)
    assert step.why_stale(job) is None


def test_a_better_source_is_still_asked_when_anothers_archive_was_refused(
    workspace: Workspace,
) -> None:
    late = (reset_at_once, reset_at_once, reset_at_once, file(OTHER))
    with serving(*late) as first, serving(file(BODY)) as second:
        job = network_job(workspace, first.url(), second.url())
        step.run(job, Silent(), Waits().tools)
        refuse(job)
        reach.verdicts.cache_clear()  # as in a later doit
        step.run(job, Silent())
    assert store.cached(job).read_bytes() == OTHER


# Odds and ends


def test_the_receipt_tells_no_secret_of_this_machine(workspace: Workspace, tmp_path: Path) -> None:
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
    text = workspace.receipt("download", "net").read_text()
    assert str(tmp_path) not in text
    assert "archive" in msgspec.json.decode(text)


def test_a_moved_workspace_is_not_stale(workspace: Workspace, tmp_path: Path) -> None:
    with serving(file(BODY)) as server:
        step.run(network_job(workspace, server.url()), Silent())
    moved = shutil.move(workspace.root, tmp_path / "elsewhere")
    assert step.why_stale(network_job(Workspace(Path(moved)), server.url())) is None
