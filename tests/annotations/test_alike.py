"""Which pictures look alike."""

from __future__ import annotations

import random

from tasks.annotations.alike import BITS, NEAR, groups_of


def looks(number: int, seed: int = 1) -> list[int]:
    draw = random.Random(seed)
    return [draw.getrandbits(BITS) for _ in range(number)]


def changed(look: int, bits: int, seed: int) -> int:
    for bit in random.Random(seed).sample(range(BITS), bits):
        look ^= 1 << bit
    return look


def test_pictures_that_differ_by_few_bits_are_one_group_wherever_the_bits_are() -> None:
    for seed, look in enumerate(looks(200)):
        assert sorted(map(sorted, groups_of([look, changed(look, NEAR, seed)]))) == [[0, 1]]


def test_pictures_that_differ_by_more_are_two_groups() -> None:
    for seed, look in enumerate(looks(50)):
        assert len(groups_of([look, changed(look, NEAR + 1, seed)])) == 2


def test_pictures_that_look_alike_by_way_of_another_are_one_group() -> None:
    ends = (0, (1 << 2 * NEAR) - 1)
    assert len(groups_of(ends)) == 2
    assert len(groups_of([*ends, (1 << NEAR) - 1])) == 1


def test_the_same_groups_are_found_as_by_comparing_all_with_all() -> None:
    scenes = looks(40)
    frames = [changed(look, n % 8, n) for n, look in enumerate(scenes * 4)]
    group_of = list(range(len(frames)))
    for one, look in enumerate(frames):
        for other in range(one):
            if (look ^ frames[other]).bit_count() <= NEAR:
                old, new = group_of[one], group_of[other]
                group_of = [new if group == old else group for group in group_of]
    found = {frozenset(group) for group in groups_of(frames)}
    whole = {frozenset(n for n, g in enumerate(group_of) if g == one) for one in set(group_of)}
    assert found == whole
    assert 40 < len(whole) < 160


def test_what_has_no_look_is_alone_and_nothing_is_no_group() -> None:
    assert groups_of([]) == []
    assert groups_of([None]) == [[0]]
    assert sorted(map(sorted, groups_of([None, 5, None, 5]))) == [[0], [1, 3], [2]]
