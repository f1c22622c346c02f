"""Who may see what: seeds of scenes and samples of real handwriting, disjoint by construction.

`train` teaches, `validation` tunes (choice of recipe, threshold), `test` is for the figures that
are published and for nothing else.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """One part of the data.

    first_seed: seed of its first scene; scene i of the split has seed `first_seed + i`.
    most_scenes: how many seeds belong to it.
    real_digits: rows of scikit-learn's `load_digits` it may use, [start, stop). The rows are in
        the order of the writers, so contiguous parts have (all but) different writers.
    """

    first_seed: int
    most_scenes: int
    real_digits: tuple[int, int]

    def seeds(self, count: int, offset: int = 0) -> range:
        """The seeds of `count` scenes from the `offset`-th on; ValueError beyond the split."""
        if offset < 0 or count < 0 or offset + count > self.most_scenes:
            raise ValueError(f"this split has {self.most_scenes} scenes only")
        return range(self.first_seed + offset, self.first_seed + offset + count)


TRAIN = Split(1_000_000, 1_000_000, (0, 1150))
VALIDATION = Split(2_000_000, 1_000_000, (1150, 1300))
TEST = Split(3_000_000, 1_000_000, (1300, 1797))
EXAMPLES = Split(4_000_000, 1_000_000, (1150, 1300))
"""Scenes for learners' data sets and for tests of the product: never for teaching or judging."""
