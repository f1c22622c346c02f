"""`doit clean` gives the clone back, and takes nothing that is the user's."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.conftest import EMBEDDED, First
from tests.support.checkouts import Checkout, check_out


def test_the_workspace_is_as_it_was_cloned(built: Checkout, first: First) -> None:
    done = built.doit("clean")
    assert done.code == 0, done.said
    assert built.files() == first.cloned
    assert not (built.root / "cube_faces").exists()
    assert not (built.root / ".tod").exists()


def test_it_says_that_lock_and_cache_stay_and_how_to_empty_the_cache(
    built: Checkout, tmp_path: Path
) -> None:
    archive = tmp_path / "cache/archives/some-network-0123456789ab.tar.gz"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"an archive")
    (built.root / "config/zoo.lock").write_text("{}")
    said = built.doit("clean").out
    assert archive.exists()
    assert (built.root / "config/zoo.lock").exists()
    assert "zoo.lock" in said
    assert "rm -r" in said


def test_a_dry_run_tells_and_does_nothing(built: Checkout) -> None:
    before = built.files()
    done = built.doit("clean", "-n")
    assert done.code == 0
    assert EMBEDDED in done.out
    assert built.files() == before


def test_one_project_is_cleaned_alone(built: Checkout) -> None:
    done = built.doit("clean", "scaffold:cube_faces")
    assert done.code == 0
    assert not (built.root / "cube_faces").exists()
    assert (built.root / f"pre-trained/{EMBEDDED}/pipeline.config").exists()
    assert (built.root / f"results/{EMBEDDED}/smoke.png").exists()


def test_a_group_is_cleaned_whole(built: Checkout) -> None:
    built.doit("clean", "smoke")
    assert not (built.root / "results").exists()
    assert (built.root / f"pre-trained/{EMBEDDED}/pipeline.config").exists()


def test_what_is_the_users_stays_and_is_named(built: Checkout) -> None:
    mine = {
        "cube_faces/images/train/photo.png": b"a picture",
        "cube_faces/images/train/photo.xml": b"<annotation/>",
        "cube_faces/training/train.record": b"records",
        "cube_faces/training/label_map.pbtxt": b"item { id: 7 name: 'mine' }",
        f"pre-trained/{EMBEDDED}/notes.txt": b"mine",
        "cube_faces/notes.txt": b"mine",
    }
    for name, content in mine.items():
        (built.root / name).write_bytes(content)
    done = built.doit("clean")
    assert done.code == 0
    after = built.files()
    for name, content in mine.items():
        assert after[name] == content
    assert "label_map.pbtxt" in done.out
    assert "notes.txt" in done.out


def test_after_clean_the_next_doit_builds_again(built: Checkout) -> None:
    built.doit("clean", "scaffold:cube_faces")
    assert "built      scaffold:cube_faces" in built.doit().out


def test_clean_in_an_untouched_checkout_is_no_error(tmp_path: Path) -> None:
    fresh = check_out(tmp_path / "fresh")
    before = fresh.files()
    assert fresh.doit("clean").code == 0
    assert fresh.files() == before


def test_an_edited_config_survives_build_clean_and_build(built: Checkout) -> None:
    folder = built.root / f"pre-trained/{EMBEDDED}"
    original = (folder / "pipeline.config").read_text()
    (folder / "pipeline.config").write_text(original + "# mine\n")
    assert built.doit("extract").code == 0
    assert built.doit("clean").code == 0
    done = built.doit("extract")
    assert done.code == 0, done.said
    assert (folder / "pipeline.config").read_text() == original
    files = [path for path in folder.iterdir() if path.is_file()]
    assert len([path for path in files if path.read_bytes().endswith(b"# mine\n")]) == 1
