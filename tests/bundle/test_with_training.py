"""The trainer's packages in a bundle: from one machine's pip to another's, where nobody is reached.

The lock here names two small packages of our own, a wheel and one that is built where it is
installed; they are real to pip, and not what the trainer is looking for.
"""

from __future__ import annotations

import hashlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tasks.bundle import layout, packages, reading, take
from tasks.config.load import load
from tasks.core.errors import RefusedError
from tasks.core.paths import Cache, Workspace
from tasks.gc import sweep
from tasks.pipeline.job import Silent, WorkspaceJob
from tasks.training import wheels
from tests.bundle.test_bundle import KilledAt, killed, unpacked
from tests.support.checkouts import ROOT, Checkout, Finished, check_out
from tests.support.pages import blocks

EMBEDDED = "ssd_tinynet_320x320_cube_digits"
PAGE = (ROOT / "docs/class.md").read_text(encoding="utf-8")
NOBODY = {"TOD_OFFLINE": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9"}


def wheel(folder: Path) -> Path:
    path = folder / "carried_wheel-1.0-py3-none-any.whl"
    about = "carried_wheel-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("carried_wheel.py", "ANSWER = 42\n")
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: carried-wheel\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return path


def source(folder: Path) -> Path:
    path = folder / "carried_source-2.0.tar.gz"
    fields = b"name='carried_source', version='2.0', py_modules=['carried_source']"
    setup = b"from setuptools import setup\nsetup(" + fields + b")\n"
    about = b"Metadata-Version: 2.1\nName: carried_source\nVersion: 2.0\n"
    files = {"setup.py": setup, "PKG-INFO": about, "carried_source.py": b"ANSWER = 43\n"}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"carried_source-2.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


class Place(NamedTuple):
    """A lock, where pip finds what it names, and a bundle with all that."""

    lock: str
    files: Path
    teacher: Checkout
    bundle: Path


def checkout(folder: Path, lock: str) -> Checkout:
    made = check_out(folder / "workspace", **NOBODY)
    (made.root / "requirements-train.lock").write_text(lock)
    return made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("registry")
    lock = "".join(
        f"{name} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for name, path in (
            ("carried-source==2.0", source(folder)),
            ("carried-wheel==1.0", wheel(folder)),
        )
    )
    teacher = checkout(tmp_path_factory.mktemp("teacher"), lock)
    assert teacher.doit(f"verify:{EMBEDDED}").code == 0
    bundle = folder.parent / "class.tar"
    done = pack(teacher, bundle, folder)
    assert (done.code, done.err) == (0, "")
    assert "the trainer's packages: 2 files for cpython-" in done.out
    return Place(lock, folder, teacher, bundle)


def pack(teacher: Checkout, bundle: Path, files: Path) -> Finished:
    words = ("bundle", str(bundle), EMBEDDED, "--with-training")
    return teacher.doit(*words, TOD_OFFLINE="", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(files))


def kept(checkout: Checkout) -> list[Path]:
    """The files in the cache that packages are installed from."""
    return sorted(Path(checkout.environment["TOD_CACHE"], "wheels").glob("*/*"))


def test_the_packages_are_in_the_tar_and_the_same_bytes_from_any_cache(
    place: Place, tmp_path: Path
) -> None:
    with tarfile.open(place.bundle, "r:"):  # not compressed
        folder = unpacked(place.bundle, tmp_path)
    names = [path.name for path in sorted((folder / "packages").iterdir())]
    assert names == ["carried_source-2.0.tar.gz", "carried_wheel-1.0-py3-none-any.whl"]
    other = checkout(tmp_path / "other", place.lock)
    assert other.doit("adopt", str(place.bundle)).code == 0
    again = other.doit("bundle", str(tmp_path / "again.tar"), EMBEDDED, "--with-training")
    assert again.code == 0, again.said  # of what was adopted, with nobody to ask
    assert (tmp_path / "again.tar").read_bytes() == place.bundle.read_bytes()


@pytest.mark.timeout(300)
def test_a_machine_with_no_network_installs_them_as_the_page_says(
    place: Place, tmp_path: Path
) -> None:
    [block] = blocks(PAGE, "training")
    packing, adopting, installing = (
        shlex.split(line, comments=True)[1:] for line in block.splitlines()
    )
    places = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(place.files), "TOD_OFFLINE": ""}
    assert place.teacher.doit(*packing, **places).code == 0
    pupil = checkout(tmp_path / "pupil", place.lock)
    before = pupil.doit(*installing)
    assert before.code == 1
    assert "it is not installed, and TOD_OFFLINE is set" in before.err
    shutil.copy(place.teacher.root / "class.tar", pupil.root)
    done = pupil.doit(*adopting)
    assert (done.code, done.err) == (0, "")
    assert "the trainer's packages: adopted" in done.out
    tried = pupil.doit(*installing)
    assert "the Object Detection API does not work" in tried.err  # it is not in the two packages
    [folder] = Path(pupil.environment["TOD_CACHE"], "trainer").iterdir()
    assert {"carried_source.py", "carried_wheel.py"} <= {path.name for path in folder.iterdir()}
    assert "at hand already" in pupil.doit(*adopting).out


def test_what_else_the_other_machine_needs_comes_as_the_page_says(
    place: Place, tmp_path: Path
) -> None:
    [block] = blocks(PAGE, "packages")
    wheel_only = "carried-wheel" + place.lock.partition("carried-wheel")[2]
    (tmp_path / "requirements.lock").write_text(wheel_only)
    python = Path(sys.executable)
    for line in filter(None, block.splitlines()):
        where = {"PIP_FIND_LINKS": str(place.files), "PIP_NO_INDEX": "1"}
        subprocess.run(
            shlex.split(line.replace("python3.11", shlex.quote(str(python)))),
            cwd=tmp_path,
            env={
                **os.environ,
                **NOBODY,
                **(where if line.startswith("pip download") else {}),
                "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            },
            check=True,
            timeout=110,
        )
    assert list((tmp_path / ".venv").rglob("carried_wheel.py"))


def test_a_taking_of_packages_that_was_killed_is_gone_on_with(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil = checkout(tmp_path / "pupil", place.lock)
    monkeypatch.setenv("TOD_CACHE", pupil.environment["TOD_CACHE"])
    monkeypatch.setattr(wheels, "LOCK", pupil.root / "requirements-train.lock")
    monkeypatch.chdir(pupil.root)
    workspace = Workspace(Path())
    listed = reading.opened(place.bundle).listed
    first = layout.contents(listed)[:2]  # the network, and the first of the packages
    at = sum(piece.size for piece in first)
    killed(lambda: take.take(place.bundle, load(workspace), workspace, KilledAt(at)))
    [left] = kept(pupil)
    assert left.suffix == ".tmp"  # written, and not named yet
    done = pupil.doit("adopt", str(place.bundle))
    assert (done.code, done.err) == (0, "")
    assert [path.name for path in kept(pupil)] == [
        path.name for path in sorted(place.files.iterdir())
    ]


def test_what_can_not_be_fetched_is_one_line_and_no_bundle(place: Place, tmp_path: Path) -> None:
    alone = checkout(tmp_path / "alone", place.lock)
    assert alone.doit(f"verify:{EMBEDDED}").code == 0
    words = ("bundle", str(tmp_path / "class.tar"), EMBEDDED, "--with-training")
    for environment in ({}, {"TOD_OFFLINE": "", "PIP_NO_INDEX": "1"}):
        done = alone.doit(*words, **environment)
        assert done.code == 1
        assert done.err.count("\n") == 1, done.err
        assert not (tmp_path / "class.tar").exists()
    assert not kept(alone)


def test_packages_that_the_lock_does_not_name_here_are_refused(
    place: Place, tmp_path: Path
) -> None:
    other = checkout(tmp_path / "other", place.lock.replace("sha256:", "sha256:0")[:-2] + "\n")
    done = other.doit("adopt", str(place.bundle))
    assert done.code == 1
    assert "requirements-train.lock names others here" in done.err
    assert f"{EMBEDDED}: at hand already" in done.out
    assert not kept(other)


def test_a_package_that_was_damaged_on_its_way_is_refused_and_the_rest_is_taken(
    place: Place, tmp_path: Path
) -> None:
    content = bytearray(place.bundle.read_bytes())
    content[content.rindex(b"ANSWER = 42")] ^= 1
    (tmp_path / "class.tar").write_bytes(content)
    pupil = checkout(tmp_path / "pupil", place.lock)
    done = pupil.doit("adopt", str(tmp_path / "class.tar"))
    assert done.code == 1
    assert "carried_wheel-1.0-py3-none-any.whl: damaged in the bundle" in done.err
    assert [path.name for path in kept(pupil)] == ["carried_source-2.0.tar.gz"]
    assert pupil.doit("adopt", str(place.bundle)).code == 0
    assert len(kept(pupil)) == 2


def test_packages_for_another_system_are_refused(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "cache"))
    bundle = reading.opened(place.bundle)
    assert bundle.listed.training is not None
    job = WorkspaceJob(load(Workspace(place.teacher.root)), Workspace(place.teacher.root))
    other = msgspec.structs.replace(bundle.listed.training, made_for="cpython-39-plan9")
    with pytest.raises(RefusedError, match="they are for cpython-39-plan9, this is cpython-"):
        packages.take(bundle, other, job, Silent())


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"other")])
def test_files_in_the_cache_that_are_not_those_of_the_lock_do_not_count(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object]
) -> None:
    lock = tmp_path / "requirements-train.lock"
    lock.write_text(place.lock)
    monkeypatch.setattr(wheels, "LOCK", lock)
    monkeypatch.setenv("TOD_CACHE", str(tmp_path / "cache"))
    job = WorkspaceJob(load(Workspace(place.teacher.root)), Workspace(place.teacher.root))
    shutil.copytree(place.files, wheels.folder_of(job))
    (wheels.folder_of(job) / "stranger.whl").write_bytes(b"stranger")
    assert len(wheels.at_hand(job)) == 2
    spoil(wheels.folder_of(job) / "carried_source-2.0.tar.gz")
    assert wheels.at_hand(job) == {}


def test_the_sweep_keeps_them_for_whoever_has_their_lock(place: Place, tmp_path: Path) -> None:
    pupil = checkout(tmp_path / "pupil", place.lock)
    assert pupil.doit("adopt", str(place.bundle)).code == 0
    cache = Path(pupil.environment["TOD_CACHE"])
    [folder] = (cache / "wheels").iterdir()
    left = folder.with_name(f"{folder.name}-0123abcd-0123456789abcdef")
    left.mkdir()
    found = {piece.path: piece for piece in sweep.pieces(Cache(cache))}
    assert found[folder].size == sum(path.stat().st_size for path in folder.iterdir())
    os.utime(folder, (0, 0))
    os.utime(left, (0, 0))
    done = pupil.doit("gc", "--remove")
    assert done.code == 0
    assert left.name in done.out  # what a killed process made is needed by nobody
    assert [path.name for path in (cache / "wheels").iterdir()] == [folder.name]
    (pupil.root / "requirements-train.lock").write_text("# another\n")
    assert pupil.doit("gc", "--remove").code == 0
    assert not folder.exists()
