"""Who hears of it: acquaintances, and nobody else."""

from typing import Any

import numpy as np
import pytest
from worlds import happen, own, plain, put, square_city, step

from sim.processes import talk
from sim.world import World

NEGATIVE, NEUTRAL, POSITIVE = 1, 2, 3
CARDS = own(talk)
ALWAYS = {"tell_bad": 1.0, "tell_good": 1.0}


def neighbours(people: int = 10) -> World:
    """Four quadrants of ten; the resident in place k of a quadrant knows the four that follow and row 39 - row."""
    world = plain(square_city((people,) * 4), officers=1)
    place = np.arange(4 * people) % people
    put(world, "citizens", near=(place[:, None] + np.arange(1, 5)) % people)
    put(world, "citizens", far=np.arange(4 * people)[::-1])
    return world


def heard(world: World, **changes: Any) -> tuple[dict[int, int], dict[int, int]]:
    """Bad and good stories by the row that heard them."""
    step(talk, world, **changes)
    columns = (world.citizens.heard_negative, world.citizens.heard_positive)
    bad, good = ({int(row): int(column[row]) for row in np.flatnonzero(column)} for column in columns)
    return bad, good


def test_only_acquaintances_hear_and_each_hears_once() -> None:
    world = neighbours()
    happen(world, "encounters", citizen=[12], treatment=NEGATIVE)
    assert heard(world, **ALWAYS) == ({13: 1, 14: 1, 15: 1, 16: 1, 27: 1}, {})


def test_acquaintances_are_counted_within_the_quadrant_of_the_teller() -> None:
    world = neighbours()
    happen(world, "encounters", citizen=[38], treatment=POSITIVE)  # place 8 of the last quadrant
    assert heard(world, **ALWAYS) == ({}, {39: 1, 30: 1, 31: 1, 32: 1, 1: 1})


def test_who_knows_two_tellers_hears_two_stories() -> None:
    world = neighbours()
    happen(world, "encounters", citizen=[0, 2], treatment=[NEGATIVE, NEGATIVE])
    bad, _ = heard(world, **ALWAYS)
    assert bad == {1: 1, 2: 1, 3: 2, 4: 2, 5: 1, 6: 1, 39: 1, 37: 1}


@pytest.mark.parametrize(
    ("treatment", "bribe", "bad", "good"),
    [
        (NEGATIVE, False, 5, 0),
        (NEGATIVE, True, 5, 0),
        (NEUTRAL, False, 0, 0),
        (NEUTRAL, True, 5, 0),
        (POSITIVE, False, 0, 5),
        (POSITIVE, True, 5, 0),  # however friendly, it was a bribe
    ],
)
def test_bad_treatment_and_bribes_are_told_as_bad_and_good_treatment_as_good(
    treatment: int, bribe: bool, bad: int, good: int
) -> None:
    world = neighbours()
    happen(world, "encounters", citizen=[12], treatment=treatment, bribe=bribe)
    stories = heard(world, **ALWAYS)
    assert tuple(sum(told.values()) for told in stories) == (bad, good)


def test_extortion_is_told_once_though_the_owner_was_treated_badly_as_well() -> None:
    world = neighbours()
    happen(world, "extortions", citizen=[12])
    happen(world, "encounters", citizen=[12], treatment=NEGATIVE)
    assert heard(world, **ALWAYS) == ({13: 1, 14: 1, 15: 1, 16: 1, 27: 1}, {})


def test_who_never_tells_is_never_heard() -> None:
    world = neighbours()
    happen(world, "encounters", citizen=np.arange(40), treatment=NEGATIVE)
    assert heard(world, tell_bad=0.0, tell_good=0.0) == ({}, {})


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.9])
def test_each_acquaintance_is_told_with_the_same_chance(chance: float) -> None:
    world = neighbours(5000)
    happen(world, "encounters", citizen=np.arange(20_000), treatment=NEGATIVE)
    bad, _ = heard(world, tell_bad=chance)
    assert sum(bad.values()) / 100_000 == pytest.approx(chance, abs=0.007)  # standard error 0.0016, bytes 0.004


def test_good_news_travels_less_than_bad_news() -> None:
    assert 0.0 < CARDS.tell_good < CARDS.tell_bad


def test_stories_do_not_outlive_the_week() -> None:
    world = neighbours()
    happen(world, "encounters", citizen=[12], treatment=NEGATIVE)
    assert heard(world, **ALWAYS)[0]
    happen(world, "encounters", citizen=[])
    assert heard(world, **ALWAYS) == ({}, {})


def test_a_city_with_an_empty_quadrant_talks() -> None:
    world = plain(square_city((0, 10, 10, 10)), officers=1)
    happen(world, "encounters", citizen=[0, 29], treatment=NEGATIVE)
    bad, _ = heard(world, **ALWAYS)
    assert sum(bad.values()) == 10
