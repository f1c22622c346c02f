"""Files that are being written: whose they are, who is alive, and what strangers planted.

Containers are real: processes in PID namespaces of their own have the same numbers. Another machine
is a mount namespace in which the kernel's boot id is another one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.core import temporary
from tasks.core.files import _prefix, leftovers, write_atomic
from tasks.core.temporary import STILL_FRESH, Ground, create_held, ground_of, is_left, open_plain
from tasks.inference.output_log import OutputLog
from tasks.pipeline.job import Silent
from tasks.pipeline.step_lock import turn
from tasks.wiring.tasks import keep_details

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs namespaces, links and flock")
ROOT = Path(__file__).parents[2]
WRITER = """
import os, sys
from pathlib import Path
from tasks.core.files import atomic_writer
with atomic_writer(Path(sys.argv[1])) as file:
    file.write(sys.argv[2].encode())
    file.flush()
    print(os.getpid(), flush=True)
    sys.stdin.readline()
"""
HERE: list[str] = []
CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
OTHER_BOOT = 'mount --bind {} /proc/sys/kernel/random/boot_id && exec "$0" "$@"'


def needs(command: list[str]) -> None:
    tried = shutil.which(command[0]) and subprocess.run([*command, "true"], capture_output=True)
    if not tried or tried.returncode:
        pytest.skip(f"{command[0]} does not work here")


@pytest.fixture
def container() -> list[str]:
    needs(CONTAINER)
    return CONTAINER


@pytest.fixture
def other_machine(tmp_path: Path) -> list[str]:
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("11111111-2222-3333-4444-555555555555\n")
    command = [*CONTAINER, "sh", "-c", OTHER_BOOT.format(boot_id)]
    needs(command)
    return command


@contextmanager
def writing(path: Path, content: str, where: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that has written `content` and waits for a line before it renames the file; in a
    container it is number 1."""
    command = [*where, sys.executable, "-c", WRITER, str(path), content]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == ("1\n" if where else f"{process.pid}\n")
        try:
            yield process
        finally:
            process.kill()


def kill(process: subprocess.Popen[str]) -> None:
    """End the process, and wait until it is gone: in a container it dies after what started it,
    and would go on if its standard input ended first."""
    process.kill()
    assert process.stdout is not None
    process.stdout.read()


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=60)
    assert process.returncode == 0


def temporaries(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*.tmp"))


def test_two_containers_with_one_process_number_never_share_a_file(
    container: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "shared" / "file"
    with writing(path, "first", container) as one, writing(path, "second", container) as two:
        assert [each.read_text() for each in temporaries(path.parent)] in (
            ["first", "second"],
            ["second", "first"],
        )
        finish(two)
        assert path.read_text() == "second"
        finish(one)
    assert path.read_text() == "first"
    assert temporaries(path.parent) == []


def test_of_two_containers_the_killed_ones_file_goes_and_the_livings_stays(
    container: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "shared" / "file"
    with writing(path, "killed", container) as dead, writing(path, "living", container) as alive:
        kill(dead)
        write_atomic(path, b"third")
        assert [each.read_text() for each in temporaries(path.parent)] == ["living"]
        finish(alive)
    assert path.read_text() == "living"


def test_another_machines_file_is_left_alone_while_it_is_fresh(
    other_machine: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock may not be seen here, be it held or not."""
    path = tmp_path / "shared" / "file"
    with writing(path, "elsewhere", other_machine) as process:
        [theirs] = temporaries(path.parent)
        assert temporary.machine() not in theirs.name
        monkeypatch.setattr(temporary, "_lock", lambda *_, **__: None)  # locks of one machine only
        write_atomic(path, b"here")
        assert temporaries(path.parent) == [theirs]
        monkeypatch.undo()
        finish(process)
    assert path.read_text() == "elsewhere"


def test_another_machines_file_goes_when_it_has_not_moved_for_long(
    other_machine: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "shared" / "file"
    with writing(path, "elsewhere", other_machine) as process:
        kill(process)
    [theirs] = temporaries(path.parent)
    write_atomic(path, b"here")
    assert temporaries(path.parent) == [theirs]
    old = theirs.stat().st_mtime - STILL_FRESH - 1
    os.utime(theirs, (old, old))
    write_atomic(path, b"again")
    assert temporaries(path.parent) == []


def test_where_every_lock_is_granted_no_lock_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some network file systems do: then a living writer's lock looks free."""
    path = tmp_path / "file"
    with writing(path, "living", HERE) as process:
        monkeypatch.setattr(fcntl, "flock", lambda *_: None)
        write_atomic(path, b"other")
        assert [each.read_text() for each in temporaries(tmp_path)] == ["living"]
        finish(process)
    assert path.read_text() == "living"


def test_a_clock_of_the_file_system_that_is_not_ours_ages_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = ground_of(tmp_path)
    assert ground is not None
    assert abs(ground.now - (tmp_path.stat().st_mtime)) < 60
    path, descriptor = create_held(lambda: tmp_path / f".x.{'0' * 8}-{'1' * 16}.tmp")
    os.close(descriptor)
    made = path.stat().st_mtime
    assert not is_left(path, Ground(True, made - 10**6, 0))
    assert not is_left(path, Ground(True, made + STILL_FRESH, 0))
    assert is_left(path, Ground(True, made + STILL_FRESH + 1, 0))


def test_a_file_that_was_taken_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["one", "two"])
    lock = temporary._lock

    def taken_once(descriptor: int, **kind: bool) -> bool | None:
        (tmp_path / "one").unlink(missing_ok=True)
        return lock(descriptor, **kind)

    monkeypatch.setattr(temporary, "_lock", taken_once)
    path, descriptor = create_held(lambda: tmp_path / next(names))
    os.close(descriptor)
    assert path.name == "two"
    assert [each.name for each in tmp_path.iterdir()] == ["two"]


LONG = "x" * 60


@pytest.mark.parametrize(
    ("one", "two"),
    [(f"{LONG}-1", f"{LONG}-2"), ("a", "a.b"), ("ä" * 100, "ä" * 99), ("a.json", "a.json.tmp")],
    ids=["cut", "begins alike", "letters of two bytes", "ends alike"],
)
def test_no_two_files_have_leftovers_in_common(one: str, two: str, tmp_path: Path) -> None:
    for name in (one, two):
        with writing(tmp_path / name, name, HERE) as process:
            kill(process)
    assert len(temporaries(tmp_path)) == 2
    for name, other in ((one, two), (two, one)):
        [left] = leftovers(tmp_path / name)
        assert left not in leftovers(tmp_path / other)
        assert left.read_text() == name


# What strangers planted


def test_no_planted_name_is_followed_or_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if somebody guesses the name, by a link or a pipe; a hard link is just removed."""
    mine, random = tmp_path / "mine", bytes(8)
    mine.write_bytes(b"precious")
    monkeypatch.setattr(os, "urandom", lambda _: random)
    folder = tmp_path / "shared"
    write_atomic(folder / "file", b"first")
    guessed = folder / f"{_prefix(folder / 'file')}{temporary.token()}.tmp"
    plants: tuple[Callable[[Path], object], ...] = (
        lambda at: at.symlink_to(mine),
        lambda at: at.symlink_to(tmp_path / "new"),
        os.mkfifo,
    )
    for plant in plants:
        plant(guessed)
        with pytest.raises(FileExistsError):
            write_atomic(folder / "file", b"second")
        guessed.unlink()
    assert (folder / "file").read_bytes() == b"first"
    os.link(mine, guessed)
    write_atomic(folder / "file", b"second")
    assert (folder / "file").read_bytes() == b"second"
    assert mine.read_bytes() == b"precious"
    assert not (tmp_path / "new").exists()


def test_what_looks_like_a_leftover_and_is_no_plain_file_stays(tmp_path: Path) -> None:
    path, mine = tmp_path / "file", tmp_path / "mine"
    mine.write_bytes(b"precious")
    old = [tmp_path / f"{_prefix(path)}{temporary.token()}.tmp" for _ in range(3)]
    old[0].symlink_to(mine)
    os.mkfifo(old[1])
    old[2].mkdir()
    write_atomic(path, b"content")
    assert all(os.path.lexists(each) for each in old)
    assert mine.read_bytes() == b"precious"


def test_only_a_plain_file_is_opened_and_no_pipe_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with open_plain(tmp_path / "file") as file:
        assert file.read() == b"content"
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", ".", "missing"):
        with pytest.raises(OSError):  # noqa: PT011
            open_plain(tmp_path / name)


@pytest.mark.parametrize("name", ["net.lock", "net.lock.json"])
def test_a_link_planted_as_lock_or_note_is_never_followed(name: str, tmp_path: Path) -> None:
    for target in (tmp_path / "mine", tmp_path / "new"):
        (tmp_path / "mine").write_bytes(b"precious")
        (tmp_path / name).symlink_to(target)
        with turn(
            tmp_path / "net.lock",
            Silent(),
            is_done=lambda: False,
            movement=lambda: None,
            patience=0.0,
        ):
            assert (tmp_path / "mine").read_bytes() == b"precious"
            assert not (tmp_path / "new").exists()
        (tmp_path / name).unlink(missing_ok=True)


@pytest.mark.parametrize("plant", ["link", "pipe"])
def test_nothing_planted_as_a_log_is_written_to(plant: str, tmp_path: Path) -> None:
    log, mine = tmp_path / "step-net.log", tmp_path / "mine"
    mine.write_bytes(b"precious")
    log.symlink_to(mine) if plant == "link" else os.mkfifo(log)
    keep_details(log)
    with open(os.devnull, "rb") as nothing:
        OutputLog(nothing, log).close()
    assert mine.read_bytes() == b"precious"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_what_the_umask_leaves(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_atomic(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
