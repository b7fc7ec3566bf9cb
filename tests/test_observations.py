"""Observations: every number of a worked example, written down by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from small import line_city, put

from sim.observations import (
    FUNCTIONS,
    QUADRANT_FLOWS,
    QUADRANT_STATES,
    headlines,
    observations,
    observe,
    poorest_richest,
)
from sim.population import found
from sim.scenario import Scenario
from sim.simulation import rules_of
from sim.world import World

DERIVED = {"meetings_26"}  # needs history: simulation.py makes it from sessions


def bare(city: Any = None) -> World:
    """1,000 and 3,000 people; no process has begun. 10 officers, 2 committees, 2 sectors."""
    city = city or line_city([1000, 3000], sector=[0, 1], marginalisation=[0.2, 0.8])
    parameters = rules_of(Scenario.default().with_changes({"population.officers_per_1000": 2.5})).parameters
    return found(city, parameters, 1, 10.0)


# ---------------------------------------------------------------------------------------------------- cards


def test_every_function_has_a_card_and_every_card_a_function() -> None:
    assert set(observations()) == set(FUNCTIONS) | DERIVED
    assert not set(FUNCTIONS) & DERIVED


def test_every_card_is_complete() -> None:
    for card in observations().values():
        assert card.family in {"community", "reactive", "force", "government"}, card.key
        assert card.better in {"higher", "lower", "neither"}, card.key
        assert card.unit, card.key
        assert card.name("es"), card.key
        assert card.name("en"), card.key
        assert card.name("es") != card.name("en"), card.key
    for language in ("es", "en"):
        names = [card.name(language) for card in observations().values()]
        assert len(set(names)) == len(names)


def test_both_families_of_the_paper_are_headlines() -> None:
    families = {card.family for card in headlines()}
    assert {"community", "reactive"} <= families
    assert {"trust", "occurred", "arrests", "tickets", "response_time", "knowledge", "collusive_ties"} <= {
        card.key for card in headlines()
    }


def test_columns_of_quadrants_are_there() -> None:
    world = bare()
    for name in (*QUADRANT_STATES, *QUADRANT_FLOWS):
        assert getattr(world.quadrants, name).shape == (2,)


# --------------------------------------------------------------------------------------------------- values

QUADRANT_VALUES = {  # column: values in the quadrants of 1,000 and 3,000 people
    "trust": [0.2, 0.6],
    "trusting": [0.0, 0.4],
    "fairness": [0.4, 0.8],
    "occurred": [10.0, 30.0],
    "reported": [2.0, 6.0],
    "recorded": [1.0, 3.0],
    "silent_distrust": [2.0, 6.0],
    "requests_open": [4, 8],
    "requests_waiting": [1, 1],
    "requests_solved": [0, 2],
    "problems": [1.0, 2.0],
    "stops": [40.0, 60.0],
    "arrests": [10.0, 10.0],
    "calls": [3.0, 5.0],
    "visits": [1.0, 3.0],
    "complaints": [1.0, 1.0],
    "bribes": [4.0, 0.0],
    "extortions": [0.0, 12.0],
    "response": [10.0, 20.0],
    "presence": [1.0, 2.0],
    "authority_ordered": [1.0, 0.0],
    "authority": [0.4, 0.0],
    "quota": [2.0, 4.0],
    "intelligence": [0.4, 0.0],
    "usable": [0.2, 0.0],
}

EXPECTED = {
    "trust": 0.5,  # (0.2 * 1000 + 0.6 * 3000) / 4000
    "trusting": 0.3,
    "fairness": 0.7,
    "occurred": 10.0,  # 40 among 4,000 people
    "reported": 2.0,
    "recorded": 1.0,
    "dark_figure": 0.9,  # 4 of 40 on file
    "distrust_silence": 0.25,  # 8 of the 32 that were not reported
    "requests_open": 3.0,
    "requests_waiting": 0.5,
    "requests_solved": 0.5,
    "problems": 1.75,
    "stops": 25.0,
    "calls": 2.0,
    "visits": 1.0,
    "complaints": 0.5,
    "bribes": 1.0,
    "extortion": 3.0,
    "arrests": 2.0,  # 20 by 10 officers
    "tickets": 8.0,  # 100 stops less 20 arrests, by 10 officers
    "response_time": 17.5,
    "presence": 1.75,
    "authority_ordered": 0.25,
    "authority": 0.1,
    "quota": 3.5,
    "intelligence": 0.1,
    "usable_intelligence": 0.05,
    "trust_gap": -0.4,  # the richer quadrant trusts less here
}


@pytest.mark.parametrize("key", EXPECTED)
def test_what_is_seen_of_quadrants(key: str) -> None:
    world = bare()
    put(world.quadrants, **QUADRANT_VALUES)
    assert FUNCTIONS[key](world) == pytest.approx(EXPECTED[key])


def test_what_is_seen_of_officers_and_command() -> None:
    world = bare()
    ten = np.arange(10)
    put(world.officers, tie=ten < 2, tenure=ten, moved=ten < 3, left=ten == 9, time_proximity=ten / 10)
    for name in ("knowledge", "recognition", "procedural", "problem_solving", "morale", "orientation", "integrity"):
        put(world.officers, **{name: ten / 9})
    put(world.commanders, resistance=[0.2, 0.6])
    put(world.agencies, answered=0.3)
    put(world.administration, scandal=0.5, programme=True, will=0.7)
    seen = dict(zip(FUNCTIONS, observe(world), strict=True))
    assert (seen["collusive_ties"], seen["tenure"], seen["moves"], seen["departures"]) == (0.2, 4.5, 3.0, 1.0)
    assert seen["proximity_time"] == pytest.approx(0.45)
    for key in ("knowledge", "recognition", "procedural_skill", "problem_skill", "morale", "orientation", "integrity"):
        assert seen[key] == pytest.approx(0.5), key
    assert (seen["resistance"], seen["scandal"], seen["programme"], seen["will"]) == pytest.approx((0.4, 0.5, 1.0, 0.7))
    assert seen["agencies_answer"] == pytest.approx(0.3)


def test_what_is_seen_of_committees() -> None:
    world = bare()
    put(
        world.committees,
        alive=[True, False],
        attendance=[12, 99],
        members=[20, 99],
        met=[True, False],
        patronage=[0.2, 0],
    )
    assert FUNCTIONS["living_committees"](world) == 0.5
    assert FUNCTIONS["attendance"](world) == 6.0  # the dead committee of the two has nobody
    assert FUNCTIONS["members"](world) == 5.0  # 20 among 4,000 people
    assert FUNCTIONS["sessions"](world) == 1.0
    assert FUNCTIONS["patronage"](world) == pytest.approx(0.2)  # of those that meet


def test_what_is_seen_of_encounters() -> None:
    world = bare()
    with_turn = world.encounters
    with_turn.turn = with_turn.owner("citizen")
    with_turn.resize(4)
    put(world.encounters, kind=[1, 1, 2, 3], treatment=[1, 2, 1, 3], bribe=[True, False, True, False])
    assert FUNCTIONS["negative_treatment"](world) == 0.5
    assert FUNCTIONS["positive_treatment"](world) == 0.25
    assert FUNCTIONS["bribes_per_stop"](world) == 0.5  # the bribe at a call does not count


def test_what_cannot_be_known_is_not_a_number() -> None:
    world = bare()
    unknown = {key for key, value in zip(FUNCTIONS, observe(world), strict=True) if math.isnan(value)}
    treatment = {"negative_treatment", "positive_treatment", "bribes_per_stop"}
    assert unknown == treatment | {"dark_figure", "distrust_silence", "patronage"}


def test_an_empty_city_is_observed_without_a_fault() -> None:
    world = bare(line_city([0, 0]))
    with np.errstate(all="raise"):
        assert observe(world).shape == (len(FUNCTIONS),)


# ------------------------------------------------------------------------------------- the poorest and the richest


def fifths(marginalisation: list[float], people: list[float]) -> tuple[list[int], list[int]]:
    poor, rich = poorest_richest(np.array(marginalisation), np.array(people, np.float64))
    return np.flatnonzero(poor).tolist(), np.flatnonzero(rich).tolist()


def test_a_fifth_of_five_equal_quadrants_is_one() -> None:
    assert fifths([0.3, 0.9, 0.1, 0.5, 0.7], [100] * 5) == ([1], [2])


def test_a_fifth_of_ten_equal_quadrants_is_two() -> None:
    assert fifths([k / 10 for k in range(10)], [100] * 10) == ([8, 9], [0, 1])


def test_poorest_and_richest_are_taken_alike() -> None:
    """With the index turned round, the poorest become the richest: 24 equal quadrants."""
    index = [k / 24 for k in range(24)]
    poor, rich = fifths(index, [100] * 24)
    turned = fifths([1 - value for value in index], [100] * 24)
    assert turned == (rich, poor)


def test_one_large_quadrant_may_be_more_than_a_fifth() -> None:
    assert fifths([0.1, 0.5, 0.9], [100] * 3) == ([2], [0])


def test_quadrants_without_people_are_neither_poor_nor_rich() -> None:
    """Parks at both ends of the index: the gap is that between the people of the second and third quadrants."""
    poor, rich = fifths([0.0, 0.2, 0.8, 1.0], [0, 300, 300, 0])
    assert 2 in poor
    assert 1 in rich
    world = bare(line_city([0, 300, 300, 0], marginalisation=[0.0, 0.2, 0.8, 1.0]))
    put(world.quadrants, trust=[0.5, 0.6, 0.4, 0.5])
    assert FUNCTIONS["trust_gap"](world) == pytest.approx(0.2)


def test_trust_of_a_group_is_that_of_its_rows() -> None:
    world = bare()
    put(world.citizens, trust=0.4, age_band=2, business_owner=False)
    young = np.arange(world.citizens.rows) % 4 == 0
    put(world.citizens, trust=np.where(young, 0.8, 0.4), age_band=np.where(young, 0, 1))
    assert FUNCTIONS["trust_young"](world) == pytest.approx(0.8, abs=1e-6)
    assert np.isnan(FUNCTIONS["trust_owners"](world))  # nobody runs a business here
