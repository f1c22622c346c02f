"""Which name each picture gets in the project, and where its annotation goes.

A picture that is in the project already, byte for byte and under whatever name, stays where it is.
Another gets the name that it has, with a number if a picture or an annotation of that name is
there: one XML stands for all pictures that differ in the suffix alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from msgspec import Struct, field

from tasks.annotations.folder import Listing, folded
from tasks.importing.types import Split


class Target(Struct, frozen=True):
    """Where a picture goes.

    Attributes:
        xml: where its annotation goes, or is.
        is_there: the picture is in the project already.
    """

    picture: Path
    xml: Path
    is_there: bool = False


class Names(Struct):
    """The names in a project's folders of pictures.

    Attributes:
        digest_of: the sha256 of a file.
        sized: bytes → the pictures of that size that were there before and were not read yet.
        there: sha256 → those that were read.
        xmls: a picture that was there before → its annotation.
        taken: folder → stems of pictures and annotations, as `folded` has them.
    """

    digest_of: Callable[[Path], str]
    sized: dict[int, list[Path]] = field(default_factory=lambda: defaultdict(list))
    there: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    xmls: dict[Path, Path] = field(default_factory=dict)
    taken: dict[Path, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, listed: Listing, sizes: Iterable[int]) -> None:
        """What lies in a folder; `sizes` are those of its pictures, in bytes."""
        for pair, size in zip(listed.pairs, sizes, strict=True):
            self.sized[size].append(pair.picture)
            self.xmls[pair.picture] = pair.xml or pair.picture.with_suffix(".xml")
        stems = [path.stem for pair in listed.pairs for path in (pair.picture, *pair.annotations)]
        stems += [path.stem for path in listed.unpaired]
        self.taken[listed.folder].update(map(folded, stems))

    def find(self, picture: Path, size: int, sha256: str, folder: Path) -> Target | None:
        """The picture of these bytes that was there before, if there is one; each call gives
        another one."""
        for path in self.sized.pop(size, ()):
            self.there[self.digest_of(path)].append(path)
        same = self.there.get(sha256)
        if not same:
            return None
        best = min(same, key=lambda path: _distance(path, picture, folder))
        same.remove(best)
        return Target(best, self.xmls[best], is_there=True)

    def place(self, picture: Path, size: int, sha256: str, folder: Path) -> Target:
        """Where a picture goes that is to be in this folder; each call gives another place."""
        if found := self.find(picture, size, sha256, folder):
            return found
        taken = self.taken[folder]
        numbered = (f"{picture.stem}-{number}" for number in count(2))
        stem = picture.stem
        while folded(stem) in taken:
            stem = next(numbered)
        taken.add(folded(stem))
        path = folder / f"{stem}{picture.suffix}"
        return Target(path, folder / f"{stem}.xml")


def _distance(path: Path, picture: Path, folder: Path) -> tuple[bool, bool, bool, str]:
    """Least for the one of several equal pictures that an earlier import made of this one."""
    other_name = not path.stem.startswith(picture.stem)
    return path.parent != folder, path.stem != picture.stem, other_name, path.name


def target_split(split: Split, into: str, has_test: bool) -> str:
    """`train` or `test`. What a source takes for validation is what its trainings were measured by;
    where it has no pictures to test with, it is that, and else part of the pictures to train with,
    of which a training here holds out its own share.

    Args:
        into: for pictures of which the source does not say.
        has_test: whether the source has pictures to test with.
    """
    if split == "valid":
        return "train" if has_test else "test"
    return split or into
