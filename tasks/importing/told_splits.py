"""Which folders a data set's YAML takes to train, to validate and to test with.

    path: ../datasets/dice
    train: images/a
    val: [images/b, images/c]
    test: lists/of_pictures.txt

A path there is looked up among the folders in which pictures were found, whatever `..` or root
stands before it, so that none leads out of the source.

Source: ultralytics, data/utils.py (check_det_dataset); Roboflow writes `../train/images` for what
lies beside the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.importing.text import text_of, yaml_of
from tasks.importing.types import Split

KEYS: dict[str, Split] = {"train": "train", "val": "valid", "valid": "valid", "test": "test"}
SLASH = re.compile(r"[\\/]")


def told_folders(files: Iterable[Path], folders: Iterable[Path]) -> dict[Path, Split]:
    """folder → what the YAML files among these take its pictures for. One that they take for
    several things is left out, and so is a file that can't be read, which the reader tells.

    Args:
        folders: those in which pictures were found, and those above them.
    """
    known, found = tuple(folders), dict[Path, set[Split]]()
    for file in files:
        if file.suffix.lower() not in (".yaml", ".yml"):
            continue
        for split, path in _paths(file):
            if (folder := _meant(path, file.parent, known)) is not None:
                found.setdefault(folder, set()).add(split)
    return {folder: splits.pop() for folder, splits in found.items() if len(splits) == 1}


def told_lists(files: Iterable[Path]) -> list[tuple[Split, Path]]:
    """The lists of pictures that YAML files among these name: what for, and the file of that name
    among these."""
    texts, found = tuple(file for file in files if file.suffix.lower() == ".txt"), []
    for file in files:
        for split, path in _paths(file) if file.suffix.lower() in (".yaml", ".yml") else ():
            if (text := _meant(path, file.parent, texts)) or (
                text := _meant(SLASH.split(path)[-1], file.parent, texts)
            ):
                found.append((split, text))
    return found


def _paths(file: Path) -> Iterator[tuple[Split, str]]:
    try:
        content = yaml_of(file) if "names" in text_of(file) else None
    except ValueError:
        return
    if not isinstance(content, dict):
        return
    for key, split in KEYS.items():
        told = content.get(key)
        paths = told if isinstance(told, list) else [told]
        yield from ((split, path) for path in paths if isinstance(path, str))


def _meant(path: str, beside: Path, folders: Iterable[Path]) -> Path | None:
    """The folder or file that a path means: as seen from its file, else the only one that ends
    so."""
    parts = tuple(part for part in SLASH.split(path.strip()) if part not in ("", ".", ".."))
    if not parts:
        return None
    ending = [folder for folder in folders if folder.parts[-len(parts) :] == parts]
    if beside.joinpath(*parts) in ending:
        return beside.joinpath(*parts)
    return ending[0] if len(ending) == 1 else None
