"""`doit bundle` and `doit adopt` of a bundle: two workspaces with a cache each, and no network."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import resource
import shutil
import signal
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tasks.bundle import layout, pack, reading, take
from tasks.compare.inputs import exported
from tasks.config.load import load
from tasks.config.types import LockEntry
from tasks.core.errors import TodError
from tasks.core.paths import Cache, Workspace
from tasks.gc import sweep
from tasks.pipeline.job import Progress, ProjectJob
from tests.support.archives import file_member, tar, unpack, zoo_archive, zoo_files
from tests.support.checkouts import Checkout, check_out

EMBEDDED = "ssd_tinynet_320x320_cube_digits"
OWN = """
[networks.mine]
sources = ["https://user:secret@example.org/a/mine.tar.gz?token=secret"]
labels = "my_labels"

[labels.my_labels]
one = 1
two = 7
"""


def checkout(folder: Path) -> Checkout:
    return check_out(folder / "workspace", TOD_OFFLINE="1")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, Path]:
    """A workspace with a network of its own and the embedded one, and their bundle."""
    folder = tmp_path_factory.mktemp("teacher")
    teacher = checkout(folder)
    config = teacher.root / "config/workspace.toml"
    config.write_text(config.read_text() + OWN)
    zoo_archive(folder / "by_hand.tar.gz", zoo_files(size=4_000_000))
    assert teacher.doit("adopt", "mine", str(folder / "by_hand.tar.gz")).code == 0
    assert teacher.doit(f"verify:{EMBEDDED}").code == 0
    done = teacher.doit("bundle", str(folder / "class.tar"), "mine", EMBEDDED)
    assert (done.code, done.err) == (0, "")
    return teacher, folder / "class.tar"


@pytest.fixture
def pupil(tmp_path: Path) -> Checkout:
    return checkout(tmp_path / "pupil")


# Packing


def unpacked(bundle: Path, place: Path) -> Path:
    """The folder in a bundle, unpacked and held against its sums with no help of ours."""
    unpack(bundle, place)
    folder = place / layout.TOP
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    return folder


def test_it_is_a_plain_tar_whose_sums_any_program_checks(
    packed: tuple[Checkout, Path], tmp_path: Path
) -> None:
    with tarfile.open(packed[1], "r:"):  # not compressed
        folder = unpacked(packed[1], tmp_path)
    names = {path.name for path in (folder / "archives").iterdir()}
    assert names == {"mine.tar.gz", f"{EMBEDDED}.tar.gz"}
    listed = (folder / "bundle.json").read_text()
    assert "secret" not in listed
    assert json.loads(listed)["networks"][0]["network"]["labels"] == {"one": 1, "two": 7}


def index_in(bundle: bytes) -> bytes:
    """The content of bundle.json, the first member."""
    size = layout.size_in(bundle[: layout.BLOCK])
    assert size is not None
    return bundle[layout.BLOCK : layout.BLOCK + size]


def test_neither_paths_of_the_machine_nor_secrets_of_addresses_are_packed(tmp_path: Path) -> None:
    """Wherever they stand: in the network's table, and in what the lock has of it."""
    home = tmp_path / "ödd home of Anna"
    teacher, archive = checkout(home), home / "my archives/x.tar.gz"
    archive.parent.mkdir()
    zoo_archive(archive)
    address = "https://anna:hunter2@host.example/x.tar.gz?token=hunter2"
    teacher.configure(
        f'[networks.mine]\nsources = ["{archive}", "{address}"]\nlabels = ["one"]\n'
        f'licence = "{address}"\nnotes = ["it was at {address} once"]\n'
        f'archive = {{ size = {archive.stat().st_size}, source = "by hand, {archive}" }}\n'
        f'members."pipeline.config" = {{ size = 1, source = "{address}" }}\n'
    )
    assert teacher.doit("verify:mine").code == 0
    assert str(archive) in (teacher.root / "config/zoo.lock").read_text()
    done = teacher.doit("bundle", str(tmp_path / "class.tar"), "mine")
    assert (done.code, done.err) == (0, "")
    content = (tmp_path / "class.tar").read_bytes()
    for told in ("dd home", "my archives", str(tmp_path), "hunter2", "anna", "Anna"):
        assert told.encode() not in content, told
    assert json.loads(index_in(content))["networks"][0]["lock"]["source"] == "a local file"


@pytest.mark.parametrize(
    ("source", "carried"),
    [
        ("exports/x.tar.gz", "exports/x.tar.gz"),
        ("adopted", "adopted"),
        ("https://host.example/x.tar.gz", "https://host.example/x.tar.gz"),
        ("https://a:b@host.example/x.tar.gz?c", "https://***@host.example/x.tar.gz?***"),
        ("/home/a/x.tar.gz", "a local file"),
        ("../x.tar.gz", "a local file"),
        ("~/x.tar.gz", "a local file"),
        ("~a/x.tar.gz", "a local file"),
        ("File:///home/a/x.tar.gz", "a local file"),
        ("C:\\Users\\a\\x.tar.gz", "a local file"),
        ("\\\\server\\a\\x.tar.gz", "a local file"),
    ],
)
def test_where_an_archive_came_from_is_told_as_it_may_be_elsewhere(
    source: str, carried: str
) -> None:
    entry = pack.portable_entry(LockEntry(sha256="0" * 64, size=1, source=source))
    assert entry is not None
    assert entry.source == carried


def test_the_same_content_gives_the_same_bytes(
    packed: tuple[Checkout, Path], tmp_path: Path
) -> None:
    teacher, bundle = packed
    again = tmp_path / "again.tar"
    assert teacher.doit("bundle", str(again), EMBEDDED, "mine").code == 0
    assert again.read_bytes() == bundle.read_bytes()
    done = teacher.doit("bundle", str(again), EMBEDDED, "mine")
    assert "is there already" in done.out


def test_what_is_not_at_hand_is_left_out_or_an_error_where_it_was_named(
    packed: tuple[Checkout, Path], tmp_path: Path
) -> None:
    teacher, _ = packed
    done = teacher.doit("bundle", str(tmp_path / "some.tar"))
    assert done.code == 0
    assert "left out: faster_rcnn_resnet50_v1_640x640_coco17_tpu-8" in done.out
    named = teacher.doit("bundle", str(tmp_path / "named.tar"), "efficientdet_d0_coco17_tpu-32")
    assert named.code == 3
    assert "`doit verify:efficientdet_d0_coco17_tpu-32` sees to it; nothing is written" in named.err
    assert [path.name for path in tmp_path.iterdir()] == ["some.tar"]


@pytest.mark.parametrize("name", ["class.tar", "class.tar.part"])
def test_no_file_of_the_users_is_overwritten(
    packed: tuple[Checkout, Path], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("mine")
    done = packed[0].doit("bundle", str(tmp_path / "class.tar"), EMBEDDED)
    assert done.code == 1
    assert "move it away" in done.err
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "mine")]


@pytest.mark.parametrize("name", ["class.tar", "class.tar.part"])
def test_a_link_that_leads_nowhere_is_not_replaced(
    packed: tuple[Checkout, Path], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).symlink_to("/nowhere/class.tar")
    done = packed[0].doit("bundle", str(tmp_path / "class.tar"), EMBEDDED)
    assert done.code == 1
    assert f"{name}: " in done.err
    assert "move it away" in done.err
    assert (tmp_path / name).is_symlink()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_appears_while_it_is_packed_is_not_replaced(
    packed: tuple[Checkout, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOD_CACHE", packed[0].environment["TOD_CACHE"])
    monkeypatch.chdir(packed[0].root)
    copy, workspace = tmp_path / "class.tar", Workspace(Path())
    config = load(workspace)

    class Written(Progress):
        def advance(self, amount: int) -> None:
            copy.write_text("mine")

    with pytest.raises(TodError, match="another file has this name"):
        pack.bundle(copy, [config.networks[EMBEDDED]], config, workspace, Written())
    assert copy.read_text() == "mine"


@pytest.mark.parametrize(
    "word",
    ["mine", EMBEDDED, "SSD TinyNet 320x320", "https://example.org/a/mine.tar.gz"],
    ids=["own", "name", "title", "address"],
)
def test_a_network_in_the_place_of_the_file_is_a_usage_error(
    packed: tuple[Checkout, Path], word: str
) -> None:
    teacher, _ = packed
    before = teacher.files().keys()
    done = teacher.doit("bundle", word)
    assert done.code == 3
    assert "the bundle's file comes first; `doit bundle FILE NETWORK`" in done.err
    assert teacher.files().keys() == before


def test_what_was_written_is_compared_and_gone_on_with(
    packed: tuple[Checkout, Path], tmp_path: Path
) -> None:
    teacher, bundle = packed
    whole = bundle.read_bytes()
    for begun in (b"", whole[:1_000_000], whole[:900_000] + b"?" * 5_000_000, whole):
        (tmp_path / "class.tar.part").write_bytes(begun)
        assert teacher.doit("bundle", str(tmp_path / "class.tar"), EMBEDDED, "mine").code == 0
        assert (tmp_path / "class.tar").read_bytes() == whole
        (tmp_path / "class.tar").unlink()


def test_a_file_system_that_holds_no_such_file_is_told(
    packed: tuple[Checkout, Path], tmp_path: Path
) -> None:
    teacher, _ = packed
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        said = teacher.doit("bundle", str(tmp_path / "class.tar"), "mine")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert said.code == 1
    assert "holds no file of" in said.err
    assert "exFAT" in said.err
    assert not (tmp_path / "class.tar").exists()


# Taking


def test_a_machine_with_no_network_builds_from_the_bundle(
    packed: tuple[Checkout, Path], pupil: Checkout
) -> None:
    done = pupil.doit("adopt", str(packed[1]))
    assert (done.code, done.err) == (0, "")
    assert "2 networks of 2 adopted" in done.out
    assert "its table is in exports/mine.toml" in done.out
    entry = json.loads((pupil.root / "config/zoo.lock").read_text())["mine"]
    theirs = json.loads((packed[0].root / "config/zoo.lock").read_text())["mine"]
    assert entry["sha256"] == theirs["sha256"]
    assert (entry["source"], entry["witness"]) == ("adopted", "bundle")
    built = pupil.doit("extract:mine", f"extract:{EMBEDDED}")
    assert built.code == 0
    assert (pupil.root / "pre-trained/mine/saved_model").is_dir()
    again = pupil.doit("adopt", str(packed[1]))
    assert again.code == 0
    assert again.out.count("at hand already") == 2


def test_a_network_that_is_another_here_is_refused_and_the_rest_is_taken(
    packed: tuple[Checkout, Path], pupil: Checkout, tmp_path: Path
) -> None:
    config = pupil.root / "config/workspace.toml"
    config.write_text(config.read_text() + OWN)
    zoo_archive(tmp_path / "other.tar.gz")
    assert pupil.doit("adopt", "mine", str(tmp_path / "other.tar.gz")).code == 0
    before = (pupil.root / "config/zoo.lock").read_text()
    done = pupil.doit("adopt", str(packed[1]))
    assert done.code == 1
    assert f"{EMBEDDED}: at hand already" in done.out
    theirs = json.loads((packed[0].root / "config/zoo.lock").read_text())["mine"]["sha256"]
    assert theirs in done.err
    assert json.loads(before)["mine"]["sha256"] in done.err
    assert f"doit accept mine {layout.TOP}/archives/mine.tar.gz" in done.err
    assert (pupil.root / "config/zoo.lock").read_text() == before


def test_a_table_that_is_another_here_stays_and_the_difference_is_told(
    packed: tuple[Checkout, Path], pupil: Checkout
) -> None:
    config = pupil.root / "config/workspace.toml"
    shipped = config.read_text()
    for table, differs in (
        (OWN, ""),
        (OWN.replace('labels = "my_labels"', "labels = {one = 1, two = 7}"), ""),
        (OWN.replace("two = 7", "two = 3").replace("mine.tar.gz?", "elsewhere.tar.gz?"), "labels"),
        (OWN.replace("user:secret@", "").replace("?token=secret", ""), "sources"),
    ):
        config.write_text(shipped + table)
        done = pupil.doit("adopt", str(packed[1]))
        assert (done.code, done.err) == (0, "")
        told = f"; the table here, which stays, differs from the bundle's in {differs}\n"
        assert (told in done.out) is bool(differs)
        assert "exports/mine.toml" not in done.out
        assert config.read_text() == shipped + table


def test_a_table_of_the_users_is_not_overwritten(
    packed: tuple[Checkout, Path], pupil: Checkout
) -> None:
    (pupil.root / "exports").mkdir()
    own = '[networks.another]\nsources = ["a.tar.gz"]\n'
    (pupil.root / "exports/mine.toml").write_text(own)
    done = pupil.doit("adopt", str(packed[1]))
    assert done.code == 1
    assert "exports/mine.toml" in done.err
    assert (pupil.root / "exports/mine.toml").read_text() == own


def damaged(whole: bytes) -> dict[str, bytes]:
    """What is wrong → the bytes of a file that begins as a bundle does."""
    link = tar([file_member("bundle.json", b"{}"), file_member("x", type=tarfile.SYMTYPE)])
    link = layout.header(layout.INDEX, 2) + link[512:]
    huge = layout.header(layout.INDEX, 10_000_000_000) + whole[512:]
    other = whole.replace(b"archives/mine.tar.gz", b"archives/../x.tar.gz")
    return {
        "cut off": whole[:-600],
        "cut off in its list": whole[:700],
        "only its header": whole[:512],
        "more behind it": whole + bytes(512),
        "a byte of its list": whole.replace(b'"size"', b'"sise"', 1),
        "a digest of its list": whole.replace(b'"mine"', b'"nine"', 1),
        "a byte of a header": whole.replace(b"0000644", b"0000777", 3),
        "a list of 10 GB": huge,
        "other members": link,
        "a name that leads out": other,
    }


CASES = (
    *("cut off", "cut off in its list", "only its header", "more behind it", "a byte of its list"),
    *("a digest of its list", "a byte of a header", "a list of 10 GB", "other members"),
    "a name that leads out",
)


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_whole_bundle_changes_nothing(
    packed: tuple[Checkout, Path], tmp_path: Path, case: str
) -> None:
    file = tmp_path / "class.tar"
    content = damaged(packed[1].read_bytes())[case]
    assert content != packed[1].read_bytes()
    file.write_bytes(content)
    assert reading.is_bundle(file)
    with pytest.raises(TodError):
        reading.opened(file)


def test_an_archive_that_was_damaged_on_the_way_is_refused_and_the_rest_is_taken(
    packed: tuple[Checkout, Path], pupil: Checkout, tmp_path: Path
) -> None:
    content = bytearray(packed[1].read_bytes())
    content[10_000] ^= 1  # in mine.tar.gz, which comes first
    (tmp_path / "class.tar").write_bytes(content)
    done = pupil.doit("adopt", str(tmp_path / "class.tar"))
    assert done.code == 1
    assert "mine: damaged in the bundle" in done.err
    assert EMBEDDED in done.out
    assert not (pupil.root / "exports").exists()
    assert not list((pupil.root.parent / "cache").rglob("mine*"))


class KilledAt(Progress):
    """Kills its own process when so many bytes are done."""

    def __init__(self, most: int) -> None:
        self.left = most

    def advance(self, amount: int) -> None:
        self.left -= amount
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Callable[[], object]) -> None:
    """Do the work in a child, which has to be killed by it."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            work()
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


@pytest.mark.parametrize("at", [1, 2_000_000, 3_900_000])
def test_a_packing_that_was_killed_is_gone_on_with(
    packed: tuple[Checkout, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    teacher, bundle = packed
    monkeypatch.setenv("TOD_CACHE", teacher.environment["TOD_CACHE"])
    monkeypatch.chdir(teacher.root)
    copy, workspace = tmp_path / "class.tar", Workspace(Path())
    config = load(workspace)
    named = [config.networks[name] for name in ("mine", EMBEDDED)]
    killed(lambda: pack.bundle(copy, named, config, workspace, KilledAt(at)))
    begun = tmp_path / "class.tar.part"
    assert at - 1 <= begun.stat().st_size < bundle.stat().st_size
    done = teacher.doit("bundle", str(copy), EMBEDDED, "mine")
    assert (done.code, done.err) == (0, "")
    assert copy.read_bytes() == bundle.read_bytes()
    assert not begun.exists()


@pytest.mark.parametrize("at", [1, 2_000_000, 3_900_000])
def test_a_taking_that_was_killed_is_gone_on_with(
    packed: tuple[Checkout, Path],
    pupil: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    cache = Path(pupil.environment["TOD_CACHE"])
    monkeypatch.setenv("TOD_CACHE", str(cache))
    monkeypatch.chdir(pupil.root)
    workspace = Workspace(Path())
    killed(lambda: take.take(packed[1], load(workspace), workspace, KilledAt(at)))
    if at < 3_900_000:  # else the whole of the first was there
        [left] = (cache / "partial").glob("mine-*.part")
        [piece] = sweep.pieces(Cache(cache))
        assert piece.path == left  # `doit gc` knows what it is
    done = pupil.doit("adopt", str(packed[1]))
    assert (done.code, done.err) == (0, "")
    assert not any((cache / "partial").iterdir())


def test_only_one_writes_a_bundle_at_a_time(packed: tuple[Checkout, Path], tmp_path: Path) -> None:
    teacher, bundle = packed
    copy, part = tmp_path / "class.tar", tmp_path / "class.tar.part"
    with open(part, "xb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        done = teacher.doit("bundle", str(copy), EMBEDDED, "mine")
        assert done.code == 1
        assert done.err.count("\n") == 1
        assert "another doit writes it just now" in done.err
        assert part.read_bytes() == b""
    both = [teacher.start("bundle", str(copy), EMBEDDED, "mine") for _ in range(2)]
    ended = [(*process.communicate(), process.returncode) for process in both]
    assert 0 in [code for *_, code in ended]
    assert all(code == 0 or "another doit writes it" in err for _, err, code in ended), ended
    assert [path.name for path in tmp_path.iterdir()] == ["class.tar"]
    assert copy.read_bytes() == bundle.read_bytes()


# With what else there is


def test_an_archive_of_a_shared_cache_is_packed(
    packed: tuple[Checkout, Path], pupil: Checkout, tmp_path: Path
) -> None:
    teacher, bundle = packed
    config = pupil.root / "config/workspace.toml"
    shared = teacher.environment["TOD_CACHE"]
    config.write_text(config.read_text() + OWN)
    pupil.edit("[settings]\n", f'[settings]\nshared_caches = ["{shared}"]\n')
    shutil.copy(teacher.root / "config/zoo.lock", pupil.root / "config")
    done = pupil.doit("bundle", str(tmp_path / "class.tar"), "mine", EMBEDDED)
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "class.tar").read_bytes() == bundle.read_bytes()


def test_whoever_adopts_is_noted_as_one_who_needs_it(
    packed: tuple[Checkout, Path], pupil: Checkout
) -> None:
    assert pupil.doit("adopt", str(packed[1])).code == 0
    [note] = Path(pupil.environment["TOD_CACHE"], "workspaces").iterdir()
    entry = json.loads((pupil.root / "config/zoo.lock").read_text())["mine"]
    assert entry["sha256"] in json.loads(note.read_text())["digests"]


def test_an_export_is_known_by_its_parent_and_its_project_elsewhere(
    tmp_path: Path, pupil: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it stands in the comparison of the project, beside the network before its training."""
    teacher, name = checkout(tmp_path / "teacher"), f"cube_faces-{EMBEDDED}"
    zoo_archive(teacher.root / f"exports/{name}.tar.gz")
    (teacher.root / f"exports/{name}.toml").write_text(
        f'[networks."{name}"]\nsources = ["exports/{name}.tar.gz"]\nlabels = ["one"]\n'
        f'parent = "{EMBEDDED}"\nproject = "cube_faces"\n'
    )
    assert teacher.doit(f"verify:{name}").code == 0
    assert teacher.doit("bundle", str(tmp_path / "one.tar"), name).code == 0
    pupil.edit(f'    "{EMBEDDED}",\n', "")  # the project trains others here
    done = pupil.doit("adopt", str(tmp_path / "one.tar"))
    assert (done.code, done.err) == (0, "")
    monkeypatch.chdir(pupil.root)
    workspace = Workspace(Path())
    config = load(workspace)
    job = ProjectJob(config, workspace, project=config.projects["cube_faces"])
    assert list(exported(job)) == [(name, EMBEDDED, f"cube_faces:{EMBEDDED}")]
    installed = pupil.doit("export", f"extract:{name}")
    assert (installed.code, installed.err) == (0, "")
    assert (pupil.root / f"pre-trained/{name}/saved_model").is_dir()
