"""The workspace's folders, told."""

from __future__ import annotations

from pathlib import Path

from tasks.console.tree import MOST, workspace_folders


def tree(root: Path, project: str, networks: list[str]) -> tuple[str, ...]:
    found = workspace_folders(root, [project], networks)
    return tuple(line for each in found for line in each.lines())


def plain(lines: tuple[str, ...]) -> list[str]:
    return [line.replace("\xa0", " ") for line in lines]


def test_folders_are_named_and_files_counted(tmp_path: Path) -> None:
    for name in ("p/images/test", "p/images/train", "p/.hidden", "pre-trained/net/saved_model"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("p/images/test/a.png", "p/images/test/a.xml", "pre-trained/net/pipeline.config"):
        (tmp_path / name).touch()
    assert plain(tree(tmp_path, "p", ["net", "absent"])) == [
        "p/",
        "└── images/",
        "    ├── test/  2 files",
        "    └── train/",
        "pre-trained/",
        "└── net/  1 file",
        "    └── saved_model/",
    ]


def test_a_project_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert tree(tmp_path, "p", []) == ("p/  is not there",)


def test_links_are_not_followed_and_depth_and_number_are_bounded(tmp_path: Path) -> None:
    deep = tmp_path / "p/a/b/c/d/e/f"
    deep.mkdir(parents=True)
    (tmp_path / "p/loop").symlink_to(tmp_path / "p")
    for number in range(MOST + 10):
        (tmp_path / f"p/many/{number:03d}").mkdir(parents=True)
    told = plain(tree(tmp_path, "p", []))
    assert "e/" not in "\n".join(told)
    assert told[0] == "p/  1 file"
    assert told[-1].strip() == "└── and 10 more folders"


def test_an_odd_name_stays_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "p/a\nb").mkdir(parents=True)
    assert tree(tmp_path, "p", [])[1] == "└── a\\nb/"
