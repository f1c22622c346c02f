"""What happens when archives change, are adopted, refused, accepted or thrown away."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from ssl import SSLContext

import pytest

from tests.end_to_end.conftest import did
from tests.support.archives import NETWORK, zoo_archive
from tests.support.checkouts import Checkout, check_out
from tests.support.servers import ScriptedServer, broken_off, file, serving

WORKSPACE = """
[projects.cubes]
labels = ["one", "two"]
networks = ["small"]

[networks.small]
sources = ["{source}"]

[settings]
{settings}
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "small.tar.gz"
    zoo_archive(path)
    return path


def workspace(tmp_path: Path, source: str, settings: str = "") -> Checkout:
    checkout = check_out(tmp_path / "workspace")
    checkout.configure(WORKSPACE.format(source=source, settings=settings))
    return checkout


def lock(checkout: Checkout) -> str:
    return (checkout.root / "config/zoo.lock").read_text()


def test_a_changed_archive_of_the_users_is_refused_until_it_is_accepted(
    tmp_path: Path, archive: Path
) -> None:
    checkout = workspace(tmp_path, str(archive))
    assert checkout.doit("scaffold").code == 0
    before = lock(checkout)
    other = zoo_archive(archive)

    refused = checkout.doit("scaffold")
    assert refused.code == 1
    assert "doit accept small" in refused.err
    assert lock(checkout) == before
    assert archive.exists()

    assert checkout.doit("accept", "small").code == 0
    assert checkout.doit("scaffold").code == 0
    weights = "checkpoint/ckpt-0.data-00000-of-00001"
    assert (checkout.root / "pre-trained/small" / weights).read_bytes() == other[weights]
    assert checkout.doit("scaffold").out.startswith("nothing to do")


def test_an_archive_fetched_by_hand_is_adopted_and_stays_where_it_is(
    tmp_path: Path, archive: Path
) -> None:
    checkout = workspace(tmp_path, "https://127.0.0.1:9/models/20200711/small.tar.gz")
    deferred = checkout.doit("scaffold")
    assert deferred.code == 0
    assert "deferred:  small" in deferred.out

    adopted = checkout.doit("adopt", str(archive))
    assert adopted.code == 0, adopted.said
    assert archive.exists()
    assert "adopted" in lock(checkout)
    assert did(checkout.doit("scaffold")) >= {"extract:small", "scaffold:cubes"}
    assert (checkout.root / "pre-trained/small/pipeline.config").is_file()


def test_a_hand_fetched_page_is_not_adopted(tmp_path: Path) -> None:
    checkout = workspace(tmp_path, "https://127.0.0.1:9/models/20200711/small.tar.gz")
    page = tmp_path / "small.tar.gz"
    page.write_text("<html>not an archive</html>")
    done = checkout.doit("adopt", str(page))
    assert done.code == 1
    assert "Traceback" not in done.said
    assert page.exists()


def test_a_wrong_file_never_takes_the_place_of_a_good_copy(
    tmp_path: Path, archive: Path, tls: SSLContext
) -> None:
    with serving(file(archive.read_bytes()), tls=tls) as server:
        checkout = workspace(tmp_path, server.url())
        assert checkout.doit("extract").code == 0
    [good] = (tmp_path / "cache/archives").glob("*.tar.gz")
    content = good.read_bytes()
    page = tmp_path / "page.html"
    page.write_text("<html>not an archive</html>")
    other = tmp_path / "other.tar.gz"
    zoo_archive(other)
    for wrong, why in ((page, "not a .tar.gz"), (other, "not the archive on record")):
        done = checkout.doit("adopt", "small", str(wrong))
        assert done.code == 1
        assert why in done.err
        assert good.read_bytes() == content
        assert wrong.exists()


def test_a_file_that_is_refused_can_be_accepted_by_name(
    tmp_path: Path, archive: Path, tls: SSLContext
) -> None:
    with serving(file(archive.read_bytes()), tls=tls) as server:
        checkout = workspace(tmp_path, server.url())
        assert checkout.doit("extract").code == 0
        files = zoo_archive(tmp_path / "other.tar.gz")
        assert checkout.doit("accept", "small", str(tmp_path / "other.tar.gz")).code == 0
        done = checkout.doit("extract")
    assert done.code == 0, done.said
    weights = "checkpoint/ckpt-0.data-00000-of-00001"
    assert (checkout.root / "pre-trained/small" / weights).read_bytes() == files[weights]


def test_a_task_may_call_its_network_by_the_archives_name(tmp_path: Path, archive: Path) -> None:
    checkout = workspace(tmp_path, str(archive))
    assert did(checkout.doit("extract:small.tar.gz")) >= {"extract:small"}
    cleaned = checkout.doit("clean", "extract:small.tar.gz")
    assert cleaned.code == 0, cleaned.said
    assert not (checkout.root / "pre-trained/small").exists()
    assert "nothing has this name" in checkout.doit("extract:large.tar.gz").err


def test_a_network_called_by_its_address_is_not_deferred(tmp_path: Path) -> None:
    address = "https://127.0.0.1:9/models/20200711/small.tar.gz"
    checkout = workspace(tmp_path, address)
    assert checkout.doit("download").code == 0
    assert checkout.doit(f"download:{address}").code == 1


def test_accepting_tells_the_old_digest_and_the_new(tmp_path: Path, archive: Path) -> None:
    checkout = workspace(tmp_path, str(archive))
    assert checkout.doit("extract").code == 0
    digests = [hashlib.sha256(archive.read_bytes()).hexdigest()]
    zoo_archive(archive)
    digests.append(hashlib.sha256(archive.read_bytes()).hexdigest())
    done = checkout.doit("accept", "small")
    assert done.out.splitlines()[0] == f"small: sha256 {digests[0]} was trusted until now"
    assert f"small: sha256 {digests[1]} is trusted from now on" in done.out


def test_accepting_what_is_trusted_already_changes_nothing(tmp_path: Path, archive: Path) -> None:
    checkout = workspace(tmp_path, str(archive))
    assert checkout.doit("extract").code == 0
    before = lock(checkout)
    assert json.loads(before)["small"]["tree"]
    for words in (["small"], ["small", str(archive)]):
        done = checkout.doit("accept", *words, TOD_LOCKED="1")
        assert (done.code, done.err) == (0, "")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert f"small: sha256 {digest} is trusted already" in done.out
        assert lock(checkout) == before
    assert checkout.doit("extract").code == 0
    assert lock(checkout) == before


@pytest.mark.parametrize("content", [b"notes of mine\n", b"", b"\x1f\x8b\x08\0half"])
def test_what_is_no_archive_is_never_accepted(
    tmp_path: Path, archive: Path, content: bytes, tls: SSLContext
) -> None:
    with serving(file(archive.read_bytes()), tls=tls) as server:
        checkout = workspace(tmp_path, server.url())
        assert checkout.doit("extract").code == 0
    before = lock(checkout)
    [good] = (tmp_path / "cache/archives").glob("*.tar.gz")
    kept = good.read_bytes()
    (tmp_path / "wrong").write_bytes(content)
    for words in (["small", str(tmp_path / "wrong")], ["small", str(tmp_path)]):
        done = checkout.doit("accept", *words)
        assert done.code in (1, 3), done.said
        assert "Traceback" not in done.said
        assert (lock(checkout), good.read_bytes()) == (before, kept)


def test_an_archive_of_another_kind_is_not_accepted(tmp_path: Path, archive: Path) -> None:
    checkout = workspace(tmp_path, str(archive))
    assert checkout.doit("extract").code == 0
    before = lock(checkout)
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as other:
        other.add(archive, "top/readme.txt")
    done = checkout.doit("accept", "small", str(tmp_path / "other.tar.gz"))
    assert done.code == 1
    assert "it is no archive of small: it holds no checkpoint/ckpt-0.index" in done.err
    assert lock(checkout) == before


@pytest.mark.parametrize("how", ["the variable", "the setting"])
def test_a_lock_that_must_stay_as_it_is(tmp_path: Path, archive: Path, how: str) -> None:
    checkout = workspace(tmp_path, str(archive), "locked = true" if how == "the setting" else "")
    locked = {"TOD_LOCKED": "1"} if how == "the variable" else {}
    done = checkout.doit("extract", **locked)
    assert done.code == 1
    assert "small: config/zoo.lock does not hold what would be recorded now" in done.err
    assert not (checkout.root / "config/zoo.lock").exists()
    assert not (checkout.root / "pre-trained/small").exists()
    assert "does not hold" in checkout.doit("accept", "small", **locked).err
    if how == "the variable":
        assert checkout.doit("extract").code == 0
        shutil.rmtree(checkout.root / ".tod")
        shutil.rmtree(checkout.root / "pre-trained/small")
        assert checkout.doit("extract", **locked).code == 0


def test_nothing_is_fetched_that_a_locked_lock_does_not_know(tmp_path: Path, archive: Path) -> None:
    with serving(file(archive.read_bytes())) as server:
        checkout = workspace(tmp_path, server.url())
        done = checkout.doit("verify", TOD_LOCKED="1")
        assert not server.requests
    assert done.code == 1
    assert "small: config/zoo.lock does not hold what would be recorded now" in done.err


def test_a_network_that_is_read_in_place_needs_no_adopting(tmp_path: Path, archive: Path) -> None:
    checkout = workspace(tmp_path, str(archive))
    done = checkout.doit("adopt", "small", str(archive))
    assert done.code == 3
    assert "nothing is fetched for it" in done.err


def test_a_cache_that_can_not_be_written_is_one_line(tmp_path: Path, archive: Path) -> None:
    checkout = workspace(tmp_path, "https://127.0.0.1:9/models/20200711/small.tar.gz")
    (tmp_path / "file").touch()
    done = checkout.doit("adopt", str(archive), TOD_CACHE=str(tmp_path / "file"))
    assert done.code == 1
    assert "Traceback" not in done.said


def test_without_kept_archives_the_steps_stay_up_to_date(
    tmp_path: Path, archive: Path, tls: SSLContext
) -> None:
    with serving(file(archive.read_bytes()), tls=tls) as server:
        checkout = workspace(tmp_path, server.url(), "keep_archives = false")
        assert checkout.doit("scaffold").code == 0
        assert not list((tmp_path / "cache").rglob("*.tar.gz"))
        asked = len(server.requests)
        assert checkout.doit("scaffold").out.startswith("nothing to do")
        assert len(server.requests) == asked

        (checkout.root / "pre-trained/small/pipeline.config").unlink()
        done = checkout.doit("scaffold")
        assert done.code == 0, done.said
        assert {"download:small", "extract:small"} <= did(done)
        assert (checkout.root / "pre-trained/small/pipeline.config").is_file()


def test_an_archive_that_was_not_kept_is_fetched_again_when_it_is_asked_for(
    tmp_path: Path, archive: Path, tls: SSLContext
) -> None:
    """What `doit bundle` names has it at hand; nothing else fetches it, and not twice."""
    with serving(file(archive.read_bytes()), tls=tls) as server:
        checkout = workspace(tmp_path, server.url(), "keep_archives = false")
        assert checkout.doit("scaffold").code == 0
        asked = fetched(server)
        bundle = ("bundle", str(tmp_path / "class.tar"), "small")
        refused = checkout.doit(*bundle)
        assert refused.code == 3
        assert "small: its archive is not at hand; `doit -a download:small` sees to it" in (
            refused.err
        )
        verified = checkout.doit("-a", "verify:small")
        assert "files, of an archive that is gone by now; config/zoo.lock agrees" in verified.out
        assert checkout.doit("scaffold").code == 0
        assert fetched(server) == asked

        both = [checkout.start("-a", "download:small") for _ in range(2)]
        ended = [(*process.communicate(), process.returncode) for process in both]
        assert [code for *_, code in ended] == [0, 0], ended
        assert fetched(server) == asked + 1
        assert checkout.doit(*bundle).code == 0
        assert checkout.doit("scaffold").out.startswith("nothing to do")


def test_an_installed_network_stays_as_it_is_where_its_archive_can_not_be_fetched_again(
    tmp_path: Path, archive: Path, tls: SSLContext
) -> None:
    with serving(file(archive.read_bytes()), tls=tls) as server:
        checkout = workspace(tmp_path, server.url(), "keep_archives = false")
        assert checkout.doit("scaffold").code == 0
    for words, code in ((("-a", "download"), 0), (("-a", "download:small"), 1)):
        done = checkout.doit(*words, TOD_OFFLINE="1")
        assert (done.code, "TOD_OFFLINE is set" in done.said) == (code, True)
        assert checkout.doit("scaffold", TOD_OFFLINE="1").out.startswith("nothing to do")


def fetched(server: ScriptedServer) -> int:
    return len([request for request in server.requests if request.method == "GET"])


def test_two_workspaces_download_an_archive_once(
    tmp_path: Path, archive: Path, tls: SSLContext
) -> None:
    with serving(file(archive.read_bytes()), tls=tls) as server:
        for name in ("one", "two"):
            checkout = check_out(tmp_path / name, TOD_CACHE=str(tmp_path / "shared"))
            checkout.configure(WORKSPACE.format(source=server.url(), settings=""))
            assert checkout.doit("extract").code == 0
        assert len([r for r in server.requests if r.method == "GET"]) == 1


def test_a_download_that_broke_off_goes_on_in_the_next_run(
    tmp_path: Path, archive: Path, tls: SSLContext
) -> None:
    body = archive.read_bytes()
    half = len(body) // 2
    with serving(broken_off(body, half, {"ETag": '"one"'}), file(body), tls=tls) as server:
        checkout = workspace(tmp_path, server.url(), "retries = 0")
        broken = checkout.doit("download:small")
        assert broken.code == 1, broken.said
        done = checkout.doit("extract")
        assert done.code == 0, done.said
        assert asked_ranges(server)[-1] == f"bytes={half}-"


def asked_ranges(server: ScriptedServer) -> list[str | None]:
    return server.asked("Range")


def test_the_lock_makes_a_workspace_the_same_elsewhere(tmp_path: Path, archive: Path) -> None:
    one = workspace(tmp_path / "one", str(archive))
    assert one.doit("extract").code == 0
    zoo_archive(archive)  # somebody replaces the archive
    two = workspace(tmp_path / "two", str(archive))
    (two.root / "config/zoo.lock").write_text(lock(one))
    done = two.doit("extract")
    assert done.code == 1
    assert not (two.root / "pre-trained/small").exists()


def test_the_lock_holds_no_time_and_is_not_rewritten(tmp_path: Path, archive: Path) -> None:
    checkout = workspace(tmp_path, str(archive))
    checkout.doit("extract")
    content, modified = lock(checkout), (checkout.root / "config/zoo.lock").stat().st_mtime_ns
    (checkout.root / ".tod/doit.sqlite").unlink()
    checkout.doit("extract")
    assert lock(checkout) == content
    assert (checkout.root / "config/zoo.lock").stat().st_mtime_ns == modified
    assert json.loads(content)


def test_a_network_unpacked_by_hand_is_adopted_if_it_is_equal(
    tmp_path: Path, archive: Path
) -> None:
    checkout = workspace(tmp_path, str(archive))
    checkout.doit("extract")
    (checkout.root / ".tod/receipts/extract/small.json").unlink()
    done = checkout.doit("extract")
    assert done.code == 0, done.said
    assert checkout.doit("extract").out.startswith("nothing to do")


def test_a_network_unpacked_by_hand_and_changed_is_left_alone(
    tmp_path: Path, archive: Path
) -> None:
    checkout = workspace(tmp_path, str(archive))
    shelf = checkout.root / "pre-trained"
    subprocess.run(["tar", "xzf", str(archive), "-C", str(shelf)], check=True)
    (shelf / NETWORK).rename(shelf / "small")
    mine = shelf / "small/pipeline.config"
    mine.write_text("# mine\n")
    done = checkout.doit("extract")
    assert done.code == 1
    assert mine.read_text() == "# mine\n"
    assert "pre-trained/small" in done.err
