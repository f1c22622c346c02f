"""What `doit clean` removes, what it leaves, what it says, and what it can not remove."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.core import receipts
from tasks.core.ownership import write_results
from tasks.core.paths import Cache, Workspace
from tasks.core.receipts import Output
from tasks.core.staging import made_aside
from tasks.core.temporary import token
from tasks.extract.clean import clean as clean_extract
from tasks.inference.report import SmokeReceipt
from tasks.pipeline.receipts import ExtractReceipt, ScaffoldReceipt
from tasks.scaffold.clean import clean as clean_scaffold
from tasks.scaffold.files import digest_of
from tasks.smoke.clean import clean as clean_smoke
from tasks.wiring import clean
from tests.support.projects import install, project_job, record, scaffold, tree


class Told(list[str]):
    """What was said, as a list of lines that can be called."""

    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def project(workspace: Workspace) -> Path:
    """A scaffolded project with one installed network."""
    install(workspace, "net")
    scaffold(project_job(workspace, "net"))
    return workspace.project("cube_faces")


def smoke(workspace: Workspace, name: str) -> None:
    """The results of a smoke run."""
    workspace.results(name).mkdir(parents=True)
    files = {workspace.smoke_json(name): b"{}", workspace.smoke_picture(name): b"picture"}
    place, unfinished = workspace.receipt("smoke", name), SmokeReceipt(definition="")
    outputs, _ = write_results(workspace.root, place, unfinished, files)
    receipts.write(place, SmokeReceipt(definition="d", outputs=outputs))
    workspace.log("smoke", name).parent.mkdir(parents=True, exist_ok=True)
    workspace.log("smoke", name).write_bytes(b"log")


def rest(
    workspace: Workspace,
    cache: Cache,
    told: Told,
    *,
    networks: tuple[str, ...] = (),
    projects: tuple[str, ...] = (),
    dryrun: bool = False,
) -> list[str]:
    return clean.clean_rest(workspace, cache, networks, projects, dryrun, told)


def test_an_untouched_network_goes_whole(workspace: Workspace, told: Told) -> None:
    install(workspace, "net")
    workspace.log("extract", "net").parent.mkdir(parents=True)
    workspace.log("extract", "net").write_bytes(b"log")
    assert clean_extract(workspace, "net", False, told) == []
    assert tree(workspace.root) == {".tod": "folder", "pre-trained": "folder"}
    assert "removed pre-trained/net (2 files)" in told


def test_changed_and_foreign_files_of_a_network_stay_and_are_named(
    workspace: Workspace, told: Told
) -> None:
    install(workspace, "net")
    config = workspace.network("net") / "pipeline.config"
    status = config.stat()
    config.write_bytes(config.read_bytes().replace(b"90", b"91"))
    os.utime(config, ns=(status.st_atime_ns, status.st_mtime_ns))  # a stat would not see it
    (workspace.network("net") / "notes.txt").write_bytes(b"mine")
    assert clean_extract(workspace, "net", False, told) == []
    assert sorted(os.listdir(workspace.network("net"))) == ["notes.txt", "pipeline.config"]
    assert "kept pre-trained/net/pipeline.config: it was changed" in told
    assert "kept pre-trained/net: notes.txt is not known to be made by the build" in told


def test_a_touched_file_with_the_same_content_goes(workspace: Workspace, told: Told) -> None:
    install(workspace, "net")
    os.utime(workspace.network("net") / "pipeline.config")
    clean_extract(workspace, "net", False, told)
    assert not workspace.network("net").exists()


def test_what_a_dead_extraction_left_goes_and_a_living_one_stays(
    workspace: Workspace, told: Told
) -> None:
    dead = workspace.pre_trained / f".net.staging-{token()}"
    (dead / "deep").mkdir(parents=True)
    (dead / "deep" / "file").write_bytes(b"half")
    with made_aside(workspace.staging("net")) as alive:
        clean_extract(workspace, "net", False, told)
        assert os.listdir(workspace.pre_trained) == [alive.name]


def test_a_network_without_a_receipt_is_the_users(workspace: Workspace, told: Told) -> None:
    install(workspace, "net")
    workspace.receipt("extract", "net").unlink()
    clean_extract(workspace, "net", False, told)
    assert (workspace.network("net") / "pipeline.config").exists()
    assert "kept pre-trained/net: pipeline.config is not known to be made by the build" in told


@pytest.mark.parametrize("link", ["pre-trained", "pre-trained/net"])
def test_a_linked_network_stays_with_its_receipts(
    workspace: Workspace, tmp_path: Path, told: Told, link: str
) -> None:
    install(workspace, "net")
    (workspace.root / link).rename(tmp_path / "disk")
    (workspace.root / link).symlink_to(tmp_path / "disk")
    before = tree(tmp_path)
    assert clean_extract(workspace, "net", False, told) == []
    assert tree(tmp_path) == before
    assert told == [
        "kept pre-trained/net: a link leads there, and nothing is removed through a link"
    ]


def test_a_forged_receipt_of_a_network_removes_nothing_elsewhere(
    workspace: Workspace, tmp_path: Path, told: Told
) -> None:
    workspace.network("net").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace.network("net") / "link").symlink_to(outside)
    victims = [workspace.root / "mine", outside / "mine", workspace.network("other") / "mine"]
    for victim in victims:
        victim.parent.mkdir(exist_ok=True)
        victim.write_bytes(b"mine")
    keys = ["../../mine", str(victims[0]), "../other/mine", "link/mine", "a/../../other/mine", ""]
    forged = ExtractReceipt(definition="d", files={key: record(b"mine") for key in keys})
    receipts.write(workspace.receipt("extract", "net"), forged)
    clean_extract(workspace, "net", False, told)
    assert all(victim.read_bytes() == b"mine" for victim in victims)
    assert (workspace.network("net") / "link").is_symlink()


def test_smoke_results_go_and_foreign_files_stay(workspace: Workspace, told: Told) -> None:
    smoke(workspace, "net")
    (workspace.results("net") / "notes.txt").write_bytes(b"mine")
    assert clean_smoke(workspace, "net", False, told) == []
    assert tree(workspace.root) == {
        ".tod": "folder",
        "results": "folder",
        "results/net": "folder",
        "results/net/notes.txt": b"mine",
    }
    assert "kept results/net: notes.txt is not known to be made by the build" in told


def test_empty_result_folders_go(workspace: Workspace, told: Told) -> None:
    smoke(workspace, "net")
    clean_smoke(workspace, "net", False, told)
    assert tree(workspace.root) == {".tod": "folder"}


def test_an_untouched_project_goes_whole(workspace: Workspace, project: Path, told: Told) -> None:
    assert clean_scaffold(workspace, "cube_faces", False, told) == []
    assert not project.exists()
    assert not workspace.receipt("scaffold", "cube_faces").exists()
    assert workspace.network("net").exists()


def test_the_users_files_of_a_project_stay_and_are_named(
    workspace: Workspace, project: Path, told: Told
) -> None:
    mine = [f"images/train/{n}.png" for n in range(5)] + ["images/test/a.xml", "training/a.record"]
    for path in mine:
        (project / path).write_bytes(b"mine")
    (project / "training/net/pipeline.config").write_bytes(b"edited")
    clean_scaffold(workspace, "cube_faces", False, told)
    left = {path for path, content in tree(project).items() if content != "folder"}
    assert left == {*mine, "training/net/pipeline.config"}
    assert {line for line in told if line.startswith("kept")} == {
        "kept cube_faces/training: a.record is not known to be made by the build",
        "kept cube_faces/training/net/pipeline.config: it was changed",
        "kept cube_faces/images/train: 0.png, 1.png, 2.png and 2 more are not known to be made by "
        "the build",
        "kept cube_faces/images/test: a.xml is not known to be made by the build",
    }


def test_a_folder_that_the_user_made_stays_even_if_it_is_empty(
    workspace: Workspace, told: Told
) -> None:
    (workspace.project("cube_faces") / "images").mkdir(parents=True)
    scaffold(project_job(workspace))
    clean_scaffold(workspace, "cube_faces", False, told)
    assert tree(workspace.project("cube_faces")) == {"images": "folder"}
    assert "kept cube_faces/images: it is empty, and is not known to be made by the build" in told


def test_a_file_that_the_user_made_first_stays_even_if_it_is_the_same(
    workspace: Workspace, project: Path, told: Told
) -> None:
    config = project / "training/net/pipeline.config"
    content = config.read_bytes()
    clean_scaffold(workspace, "cube_faces", False, told)
    config.parent.mkdir(parents=True)
    config.write_bytes(content)
    scaffold(project_job(workspace, "net"))
    clean_scaffold(workspace, "cube_faces", False, told)
    assert config.read_bytes() == content


def test_a_linked_folder_of_a_project_is_not_followed(
    workspace: Workspace, project: Path, tmp_path: Path, told: Told
) -> None:
    (project / "training").rename(tmp_path / "disk")
    (project / "training").symlink_to(tmp_path / "disk")
    before = tree(tmp_path / "disk")
    assert clean_scaffold(workspace, "cube_faces", False, told) == []
    assert tree(tmp_path / "disk") == before
    assert tree(project) == {"training": f"link to {tmp_path / 'disk'}"}


def test_a_forged_receipt_of_a_project_removes_nothing_elsewhere(
    workspace: Workspace, told: Told
) -> None:
    victims = ["config/zoo.toml", "cube_faces/images/train/a.png", "../out", "other/training/x"]
    for victim in victims:
        (workspace.root / victim).parent.mkdir(parents=True, exist_ok=True)
        (workspace.root / victim).write_bytes(b"mine")
    (workspace.root / "empty").mkdir()
    files = {key: digest_of(b"mine") for key in victims}
    files |= {str(workspace.root / victim): digest_of(b"mine") for victim in victims}
    outputs = {key: Output(sha256) for key, sha256 in files.items()}
    forged = ScaffoldReceipt(
        definition="d", outputs=outputs, folders=("empty", "..", "/", "config")
    )
    receipts.write(workspace.receipt("scaffold", "cube_faces"), forged)
    clean_scaffold(workspace, "cube_faces", False, told)
    assert all((workspace.root / victim).read_bytes() == b"mine" for victim in victims)
    assert (workspace.root / "empty").is_dir()


def test_names_that_would_break_a_line_are_shown_escaped(
    workspace: Workspace, project: Path, told: Told
) -> None:
    (project / "a\nremoved b\x1b[2J").write_bytes(b"mine")
    clean_scaffold(workspace, "cube_faces", False, told)
    assert "kept cube_faces: a\\nremoved b\\x1b[2J is not known to be made by the build" in told


@pytest.mark.parametrize("function", ["network", "smoke", "project", "rest"])
def test_a_dry_run_tells_the_same_and_removes_nothing(
    workspace: Workspace, project: Path, cache: Cache, told: Told, function: str
) -> None:
    smoke(workspace, "net")
    (project / "images/train/a.png").write_bytes(b"mine")
    for path in (workspace.lock_guard, workspace.compiled_config):
        path.write_bytes(b"")
    actions: dict[str, Callable[[bool, Told], list[str]]] = {
        "network": lambda dry, say: clean_extract(workspace, "net", dry, say),
        "smoke": lambda dry, say: clean_smoke(workspace, "net", dry, say),
        "project": lambda dry, say: clean_scaffold(workspace, "cube_faces", dry, say),
        "rest": lambda dry, say: rest(workspace, cache, say, dryrun=dry),
    }
    before, really = tree(workspace.root), Told()
    assert actions[function](True, told) == []
    assert tree(workspace.root) == before
    assert actions[function](False, really) == []
    assert tree(workspace.root) != before
    assert [line.replace("would remove", "removed") for line in told] == really


def test_the_rest_takes_what_no_project_names(
    workspace: Workspace, project: Path, cache: Cache, told: Told
) -> None:
    install(workspace, "by-name")
    smoke(workspace, "by-name")
    (workspace.pre_trained / f".dead.staging-{token()}").mkdir()
    (workspace.pre_trained / ".staged.staging/tree").mkdir(parents=True)
    (workspace.pre_trained / ".staged.staging/note.json").write_bytes(b"{}")
    scaffold(project_job(workspace, name="gone"))
    before = tree(project)
    assert rest(workspace, cache, told, networks=("net",), projects=("cube_faces",)) == []
    assert sorted(os.listdir(workspace.root)) == [".tod", "cube_faces", "pre-trained"]
    assert os.listdir(workspace.pre_trained) == ["net"]
    assert tree(project) == before
    assert workspace.receipt("extract", "net").exists()


@pytest.mark.parametrize("rest_first", [True, False])
def test_all_cleaned_in_any_order_leaves_what_was_cloned(
    workspace: Workspace, project: Path, cache: Cache, told: Told, rest_first: bool
) -> None:
    smoke(workspace, "net")
    (workspace.pre_trained / "README.md").write_bytes(b"shipped")
    workspace.doit_state.write_bytes(b"database")
    workspace.doit_state.with_name("doit.sqlite-journal").write_bytes(b"journal")
    if rest_first:
        rest(workspace, cache, told, networks=("net",), projects=("cube_faces",))
    clean_scaffold(workspace, "cube_faces", False, told)
    clean_smoke(workspace, "net", False, told)
    clean_extract(workspace, "net", False, told)
    if not rest_first:
        rest(workspace, cache, told, networks=("net",), projects=("cube_faces",))
    assert not any(line.startswith("kept") for line in told)
    assert set(os.listdir(workspace.state)) == {"doit.sqlite", "doit.sqlite-journal"}
    clean.clean_database(workspace)
    assert tree(workspace.root) == {"pre-trained": "folder", "pre-trained/README.md": b"shipped"}


def test_foreign_files_beside_ours_are_named(
    workspace: Workspace, cache: Cache, told: Told
) -> None:
    for path in ("pre-trained/mine/a", ".tod/notes.txt", ".tod/receipts/extract/..x.json"):
        (workspace.root / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace.root / path).write_bytes(b"mine")
    before = tree(workspace.root)
    assert rest(workspace, cache, told) == []
    assert tree(workspace.root) == before
    assert told == [
        "kept pre-trained/mine: it is not known to be made by the build",
        "kept .tod: notes.txt is not known to be made by the build",
        "kept .tod/receipts/extract: ..x.json is not known to be made by the build",
    ]


def test_a_receipt_under_a_name_that_is_none_is_not_believed(
    workspace: Workspace, cache: Cache, told: Told
) -> None:
    (workspace.root / "mine").write_bytes(b"mine")
    forged = ExtractReceipt(definition="d", files={"mine": record(b"mine")})
    receipts.write(workspace.receipt("extract", ".."), forged)
    rest(workspace, cache, told)
    assert (workspace.root / "mine").read_bytes() == b"mine"


def test_the_lock_and_the_cache_stay_and_it_says_so(
    workspace: Workspace, cache: Cache, told: Told
) -> None:
    workspace.config.mkdir()
    workspace.lock_file.write_bytes(b"{}")
    (cache.root / "archives").mkdir(parents=True)
    rest(workspace, cache, told)
    assert workspace.lock_file.exists()
    assert told == [
        "kept config/zoo.lock: what was trusted",
        f"kept the archive cache, which all workspaces share; to empty it: rm -r {cache.root}",
    ]


def test_a_cache_among_other_things_is_not_offered_for_removal_whole(
    workspace: Workspace, cache: Cache, told: Told
) -> None:
    (cache.root / "archives").mkdir(parents=True)
    (cache.root / "thesis.tex").write_bytes(b"mine")
    rest(workspace, cache, told)
    assert told[-1].endswith(f"rm -r {cache.root / 'archives'}")


def test_what_can_not_be_removed_is_reported_and_its_receipt_stays(
    workspace: Workspace, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(workspace, "net")
    real = Path.unlink

    def stubborn(self: Path, missing_ok: bool = False) -> None:
        if self.name == "saved_model.pb":
            raise PermissionError(13, "Permission denied", str(self))
        real(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", stubborn)
    failures = clean_extract(workspace, "net", False, told)
    assert failures == ["pre-trained/net/saved_model/saved_model.pb: permission denied"]
    assert workspace.receipt("extract", "net").exists()
    monkeypatch.undo()
    assert clean_extract(workspace, "net", False, told) == []
    assert tree(workspace.root) == {".tod": "folder", "pre-trained": "folder"}


def test_a_second_clean_says_nothing(workspace: Workspace, project: Path, cache: Cache) -> None:
    rest(workspace, cache, Told())
    told = Told()
    assert rest(workspace, cache, told) == []
    assert told == []
