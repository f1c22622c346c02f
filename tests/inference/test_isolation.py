"""A process that is isolated tries what native code in a network could: nothing of it works.

On a kernel that lacks Landlock or seccomp the tests that need them are skipped, and say so. What
holds there is tried on every kernel, by having it say that it does not know the calls.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tasks.inference import landlock, seccomp
from tasks.inference.environment import Permissions
from tasks.inference.isolation import NONE, describe, without_parents_of

ROOT = Path(__file__).parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="isolation is Linux's")
landlocked = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
filtered = pytest.mark.skipif(
    seccomp.column() is None, reason="the numbers of this machine's calls are not known"
)

Outcomes = dict[str, str]
Attempt = Callable[..., Outcomes]

READS = {"read", "list"}
WRITES = {
    *("write", "append", "truncate", "create", "folder", "remove", "rename", "link", "symlink"),
    *("temporary file", "shared memory"),
}
ATTRIBUTES = {"mode", "times"}
NETWORK = {"TCP", "UDP", "Unix socket", "abstract socket"}
PROCESSES = {"program", "fork", "signal", "signal by descriptor", "command of the parent"}
LIMITS = {"memory file", "a gigabyte", "two thousand files"}
POSSIBLE = READS | WRITES | ATTRIBUTES | NETWORK | PROCESSES | LIMITS
"""What an ordinary process may do, whoever runs it. The others need more: root, a kernel that has
them, a terminal."""


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A folder of the user's, and somebody who listens there."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".netrc").write_text("password")
    (folder / ".bashrc").write_text("mine")
    with socket.socket(socket.AF_UNIX) as server:
        place = Path.cwd()
        os.chdir(folder)  # the names of sockets are short
        server.bind("socket")
        os.chdir(place)
        server.listen(9)
        yield folder


@pytest.fixture
def attempt(victim: Path) -> Iterator[Attempt]:
    """`attempt(how, **Permissions)`: name → what came of it; see `attempts`."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0tod-{os.getpid()}")
        other.listen(9)
        port = str(server.getsockname()[1])

        def run(how: str, **given: object) -> Outcomes:
            permissions = msgspec.json.encode(Permissions(home=str(victim), **given)).decode()  # type: ignore[arg-type]
            arguments = [how, permissions, str(victim), str(os.getpid()), port]
            done = subprocess.run(
                [sys.executable, "-m", "tests.inference.attempts", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                start_new_session=True,
            )
            assert done.returncode == 0, done.stderr
            outcomes: Outcomes = json.loads(done.stdout)
            return outcomes

        yield run
    for folder in ("/tmp", "/dev/shm"):
        Path(folder, f"tod-{os.getpid()}").unlink(missing_ok=True)


def done(outcomes: Outcomes) -> set[str]:
    return {name for name, outcome in outcomes.items() if outcome == "done"}


def untouched(victim: Path) -> bool:
    names = {path.name for path in victim.iterdir()}
    contents = [(victim / name).read_text() for name in (".bashrc", ".netrc")]
    return names == {".bashrc", ".netrc", "socket"} and contents == ["mine", "password"]


@linux
def test_the_attempts_are_such_as_a_process_can_make(attempt: Attempt) -> None:
    assert done(attempt("open")) >= POSSIBLE


@linux
@landlocked
@filtered
def test_an_isolated_process_can_do_none_of_it(attempt: Attempt, victim: Path) -> None:
    outcomes = attempt("isolated", memory=500_000_000)
    isolation = outcomes.pop("isolation")
    assert isolation.startswith("files (Landlock ")
    assert isolation.endswith("), network and processes (seccomp)")
    assert done(outcomes) == set()
    assert untouched(victim)


@linux
@landlocked
@filtered
def test_what_is_granted_and_nothing_beside_it_may_be_done(attempt: Attempt, victim: Path) -> None:
    outcomes = attempt("isolated", reads=(str(victim / ".netrc"), str(victim / "missing")))
    assert done(outcomes) & (READS | WRITES | ATTRIBUTES) == {"read"}
    assert untouched(victim)
    outcomes = attempt("isolated", writes=(str(victim),))
    assert done(outcomes) >= READS | WRITES - {"temporary file", "shared memory"}
    assert done(outcomes) & (ATTRIBUTES | NETWORK | PROCESSES | {"temporary file"}) == set()


@linux
@filtered
def test_without_landlock_nothing_is_written_and_the_network_is_out_of_reach(
    attempt: Attempt, victim: Path
) -> None:
    outcomes = attempt("without Landlock", memory=500_000_000)
    assert outcomes["isolation"] == "writing, network and processes (seccomp)"
    assert done(outcomes) & POSSIBLE == READS | {"command of the parent"}  # as SECURITY.md says
    assert untouched(victim)


@linux
@filtered
def test_without_landlock_what_may_write_may_write_everywhere(
    attempt: Attempt, victim: Path
) -> None:
    outcomes = attempt("without Landlock", writes=(str(victim / "results"),))
    assert outcomes["isolation"] == "network and processes (seccomp)"
    assert done(outcomes) & (NETWORK | PROCESSES) == {"command of the parent"}
    assert done(outcomes) >= READS | WRITES


@linux
@landlocked
@filtered
def test_without_seccomp_files_are_out_of_reach(attempt: Attempt, victim: Path) -> None:
    outcomes = attempt("without seccomp", memory=500_000_000)
    assert "files (Landlock" in outcomes["isolation"]
    assert "seccomp" not in outcomes["isolation"]
    assert not done(outcomes) & (READS | WRITES | LIMITS | {"program"})
    assert untouched(victim) or done(outcomes) & ATTRIBUTES


def test_what_holds_is_named() -> None:
    assert describe(7, seccomp=True) == "files (Landlock 7), network and processes (seccomp)"
    named = describe(0, seccomp=True, read_only=True)
    assert named == "writing, network and processes (seccomp)"
    assert describe(4, seccomp=False) == "files (Landlock 4), TCP (Landlock 4)"
    assert describe(3, seccomp=False) == "files (Landlock 3)"
    assert describe(0, seccomp=False) == NONE


def test_a_folder_on_pythons_path_that_holds_the_users_home_is_not_granted(tmp_path: Path) -> None:
    home = tmp_path / "users" / "me"
    library = home / ".local" / "lib"
    library.mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "users")
    folders = [str(library), str(home), str(tmp_path / "users"), str(tmp_path / "link"), "/"]
    assert list(without_parents_of([home], folders)) == [str(library)]


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("read_only", [False, True])
def test_no_step_of_the_filter_leads_out_of_it(column: int, read_only: bool) -> None:
    steps = seccomp.filter_of(column, 4711, read_only=read_only)
    assert steps[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)
    assert len(steps) < 4096  # the kernel takes no more
    for at, (_, yes, no, _) in enumerate(steps):
        assert max(yes, no) < 256
        assert at + 1 + max(yes, no) < len(steps) or steps[at][0] == seccomp.RETURN
    numbers = [each[column] for each in {**seccomp.DENIED, **seccomp.CHANGES}.values()]
    numbers = [number for number in numbers if number is not None]
    assert len(numbers) == len(set(numbers))
