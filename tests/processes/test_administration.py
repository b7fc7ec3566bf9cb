"""The term clock, and whether the programme outlives a change of government."""

import numpy as np
import pytest
from worlds import advance, begun, own, plain, put, rules, step

from sim.processes import administration
from sim.world import World

TERM = own(administration).term


def at(week: int, programme: bool, continuity: float, **changes: int) -> World:
    """The world after the clock has moved to ``week``."""
    world = plain()
    world.week = week
    put(world, "administration", programme=programme, continuity=continuity)
    step(administration, world, **changes)
    return world


def test_a_term_is_three_years() -> None:
    assert TERM == 156  # S3


@pytest.mark.parametrize(
    ("week", "first_week", "week_of_term", "changed"),
    [
        (0, 0, 0, False),  # the reform begins with a government: that is no change
        (1, 0, 1, False),
        (155, 0, 155, False),
        (156, 0, 0, True),
        (157, 0, 1, False),
        (312, 0, 0, True),
        (0, 100, 100, False),
        (56, 100, 0, True),
        (-26, 0, 130, False),  # the last half year of the government before
        (-100, 100, 0, False),  # changes before the reform have nothing to drop
    ],
)
def test_the_clock_counts_terms_of_three_years(week: int, first_week: int, week_of_term: int, changed: bool) -> None:
    city = at(week, True, 1.0, first_week=first_week, term=156).administration
    assert (city.week_of_term[0], city.changed[0]) == (week_of_term, changed)


def test_no_programme_is_in_force_before_the_reform_and_one_is_from_week_0() -> None:
    assert not at(-1, False, 1.0).administration.programme[0]
    assert at(0, False, 0.0).administration.programme[0]


@pytest.mark.parametrize("continuity", [0.0, 0.2, 0.7, 1.0])
def test_the_programme_survives_a_change_as_often_as_continuity_says(continuity: float) -> None:
    seeds, world, survived = 1000, plain(), 0
    world.week = TERM
    for seed in range(seeds):
        put(world, "administration", programme=True, continuity=continuity)
        step(administration, world, seed)
        survived += int(world.administration.programme[0])
    assert survived / seeds == pytest.approx(continuity, abs=4.0 * np.sqrt(continuity * (1.0 - continuity) / seeds))


def test_without_continuity_the_programme_falls_at_the_change_and_in_no_other_week() -> None:
    world, alive = plain(), []
    put(world, "administration", continuity=0.0)
    for world.week in range(2 * TERM):
        step(administration, world)
        alive.append(bool(world.administration.programme[0]))
    assert alive == [True] * TERM + [False] * TERM


def test_a_fallen_programme_does_not_rise_again() -> None:
    assert not at(2 * TERM, False, 1.0).administration.programme[0]


def test_when_the_programme_falls_authority_is_taken_back_and_what_is_law_stays() -> None:
    levers = {
        "levers.decentralisation.authority": 0.8,
        "levers.framework.regulations": 0.9,
        "levers.political_will.will": 0.9,
        "levers.continuity.survival": 0.0,
        "administration.term": 26,
    }
    world, ordered = begun(changes=levers), []
    advance(world, 28, rules(levers), each_week=lambda w: ordered.append(float(w.quadrants.authority_ordered[0])))
    assert ordered == [0.8] * 26 + [0.0] * 2
    assert world.administration.regulations[0] == 0.9
    assert world.administration.will[0] < 0.9
