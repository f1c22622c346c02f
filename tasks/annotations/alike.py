"""Pictures that look alike: near-duplicates, and frames of one film."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

BITS = 128  # of a look; see `pictures.look`
NEAR = 10
"""Bits by which two pictures that look alike may differ. Photographs of different scenes differ by
about half of all bits, copies in another encoding or size by two or three."""


def groups_of(looks: Sequence[int | None]) -> list[list[int]]:
    """The numbers of the pictures that look alike, by way of others too; each number in one group.

    Args:
        looks: of each picture; None for one that looks like no other.
    """
    by_look = defaultdict[int, list[int]](list)
    alone = list[list[int]]()
    for number, look in enumerate(looks):
        if look is None:
            alone.append([number])
        else:
            by_look[look].append(number)
    distinct = list(by_look)
    parents = list(range(len(distinct)))
    for one, other in _near(distinct):
        parents[_root(parents, other)] = _root(parents, one)
    groups = defaultdict[int, list[int]](list)
    for place, look in enumerate(distinct):
        groups[_root(parents, place)] += by_look[look]
    return [*groups.values(), *alone]


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


def _near(looks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Enough pairs of places whose looks are near each other to tell who is near whom by way of
    others. A look is cut into one part more than bits may differ, so that two that are near have a
    part in common: only those are compared."""
    import numpy as np

    halves = np.array([(look >> 64, look & (2**64 - 1)) for look in looks], np.uint64)
    halves = halves.reshape(-1, 2)
    edges = [BITS * part // (NEAR + 1) for part in range(NEAR + 2)]
    for low, high in pairwise(edges):
        buckets = defaultdict[int, list[int]](list)
        for place, look in enumerate(looks):
            buckets[look >> low & (1 << high - low) - 1].append(place)
        for bucket in buckets.values():
            left, reached = np.array(bucket), list[int]()
            while left.size:  # a thousand frames of one film are reached once each
                if not reached:
                    reached, left = [int(left[0])], left[1:]
                place = reached.pop()
                is_near = np.bitwise_count(halves[left] ^ halves[place]).sum(axis=1) <= NEAR
                found, left = left[is_near].tolist(), left[~is_near]
                yield from ((place, other) for other in found)
                reached += found
