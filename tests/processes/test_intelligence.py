"""What the force knows, and what of it reaches the street."""

from typing import Any

import numpy as np
import pytest
from worlds import begin, own, plain, put, square_city, step

from sim.processes import intelligence
from sim.world import World

CARDS = own(intelligence)


def stock(level: float = 0.5, **quadrants: Any) -> World:
    """A city in which nothing is told this week."""
    world = plain(square_city((1000,) * 4))
    put(world, "quadrants", **{"intelligence": level, "shared": 1.0, **quadrants})
    return world


@pytest.mark.parametrize(("shared", "usable"), [(0.0, 0.0), (0.25, 0.2), (1.0, 0.8)])
def test_hoarded_intelligence_is_not_usable(shared: float, usable: float) -> None:
    world = stock(0.8, shared=shared)
    step(intelligence, world, half_life=1e12)
    assert world.quadrants.intelligence == pytest.approx(np.full(4, 0.8))
    assert world.quadrants.usable == pytest.approx(np.full(4, usable))


def test_what_is_known_is_half_stale_after_the_half_life() -> None:
    world = stock(0.8)
    for _ in range(10):
        step(intelligence, world, half_life=10.0)
    assert world.quadrants.intelligence == pytest.approx(np.full(4, 0.4))


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_reports_committees_and_proximity_each_tell_something_with_diminishing_returns(level: float) -> None:
    world = stock(level, reported=[10.0, 0.0, 0.0, 0.0])
    put(world, "committees", met=[False, True, False, True], attendance=[0, 20, 20, 0])
    put(world, "officers", knowledge=0.5, time_proximity=[0.0] * 6 + [0.4, 0.4])
    step(intelligence, world, half_life=1e12, reports=0.01, sessions=0.01, proximity=0.5)
    told = np.array([0.1, 0.2, 0.0, 0.1])  # 10 x 0.01, 20 x 0.01, no session, 0.5 x 0.4 x 0.5
    assert world.quadrants.intelligence == pytest.approx(level + (1.0 - level) * told)


def test_reports_count_per_resident() -> None:
    world = plain(square_city((1000, 2000, 4000, 0)))
    put(world, "quadrants", reported=[4.0, 8.0, 16.0, 0.0])
    step(intelligence, world, reports=0.05)
    assert world.quadrants.intelligence == pytest.approx([0.2, 0.2, 0.2, 0.0])


def test_nothing_is_known_where_nobody_lives_and_little_where_nobody_serves() -> None:
    world = plain(square_city((0, 1000, 1000, 1000)))
    put(world, "officers", quadrant=1, knowledge=1.0, time_proximity=1.0)
    begin(intelligence, world)
    for _ in range(60):
        step(intelligence, world)
    known = world.quadrants.intelligence
    assert known[0] == 0.0
    assert known[1] > 0.8
    assert np.all(known[2:] < 0.1)


def test_intelligence_never_passes_one() -> None:
    world = stock(1.0, reported=1e6)
    step(intelligence, world)
    assert np.all(world.quadrants.intelligence <= 1.0)


def test_the_first_stock_is_as_usable_as_commanders_let_it_be() -> None:
    world = plain()
    put(world, "commanders", hoarding=[0.0, 0.75])
    begin(intelligence, world)
    assert world.quadrants.usable / CARDS.first == pytest.approx([1.0, 1.0, 0.25, 0.25])
