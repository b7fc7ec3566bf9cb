"""What was ordered becomes what is executed, by way of middle command."""

from typing import Any

import numpy as np
import pytest
from worlds import own, plain, put, square_city, step

from sim.processes import command
from sim.world import World

CARDS = own(command)
STILL: dict[str, Any] = {"speed": 0.0, "training_half_life": 0.0}  # nobody changes his mind; only this week's course


def ordered(authority: float = 1.0, resistance: float = 0.0, skill: float = 1.0, **city: float) -> World:
    """A city that orders, under full will, plans and regulations unless said otherwise."""
    world = plain()
    put(world, "administration", **{"will": 1.0, "plans": 1.0, "regulations": 1.0, **city})
    put(world, "quadrants", authority_ordered=authority)
    put(world, "commanders", resistance=resistance)
    put(world, "officers", problem_solving=skill, knowledge=skill)
    return world


@pytest.mark.parametrize(
    ("authority", "resistance", "city", "executed"),
    [
        (1.0, 0.0, {}, 1.0),
        (0.8, 0.25, {}, 0.6),  # 0.8 x (1 - 0.25)
        (0.8, 0.25, {"will": 0.5}, 0.3),
        (0.8, 0.25, {"plans": 0.0}, 0.45),  # plans steer a quarter of it
        (0.8, 0.25, {"regulations": 0.0}, 0.6 * CARDS.without_rules),
        (0.8, 1.0, {}, 0.0),
        (0.8, 0.0, {"will": 0.0}, 0.0),
    ],
)
def test_under_interest_resistance_stands_between_order_and_execution(
    authority: float, resistance: float, city: dict[str, float], executed: float
) -> None:
    world = ordered(authority, resistance, **city)
    step(command, world, compliance="interest", **STILL)
    assert world.quadrants.authority == pytest.approx(np.full(4, executed))


@pytest.mark.parametrize(
    ("resistance", "hours", "executed"),
    [(0.0, 0.0, CARDS.least_capability), (1.0, 0.0, CARDS.least_capability), (1.0, CARDS.full_course, 1.0)],
)
def test_under_capability_only_the_training_of_middle_command_counts(
    resistance: float, hours: float, executed: float
) -> None:
    world = ordered(1.0, resistance)
    put(world, "commanders", course=hours)
    step(command, world, compliance="capability", **STILL)
    assert world.quadrants.authority == pytest.approx(np.full(4, executed))


@pytest.mark.parametrize("compliance", ["interest", "capability"])
@pytest.mark.parametrize("skill", [0.0, 0.25, 0.5])
def test_officers_without_skill_use_only_part_of_what_is_delegated(compliance: str, skill: float) -> None:
    world = ordered(1.0, 0.0, skill)
    put(world, "commanders", course=CARDS.full_course)
    step(command, world, compliance=compliance, **STILL)
    least = CARDS.least_capability
    assert world.quadrants.authority == pytest.approx(np.full(4, least + (1.0 - least) * 2.0 * skill), abs=1e-5)


@pytest.mark.parametrize("compliance", ["interest", "capability"])
def test_zoning_alone_gives_no_authority_at_all(compliance: str) -> None:
    world = ordered(0.0)
    put(world, "quadrants", zoned=True, own_shifts=True, budget_share=1.0)
    put(world, "commanders", course=CARDS.full_course)
    step(command, world, compliance=compliance)
    assert np.all(world.quadrants.authority == 0.0)  # S6


def test_a_quadrant_without_officers_has_the_least_capability() -> None:
    world = ordered()
    put(world, "officers", quadrant=0)
    step(command, world, compliance="interest", **STILL)
    assert world.quadrants.authority == pytest.approx([1.0, *[CARDS.least_capability] * 3])


def test_what_was_ordered_is_kept_beside_what_is_executed() -> None:
    world = ordered(0.8, 0.5)
    step(command, world, **STILL)
    assert np.all(world.quadrants.authority_ordered == 0.8)
    assert np.all(world.quadrants.authority < 0.8)


BASE = CARDS.resistance


@pytest.mark.parametrize(
    ("authority", "trained", "city", "goal"),
    [
        (0.0, 0.0, {}, BASE),
        (0.5, 0.0, {}, BASE + 0.5 * CARDS.threat),
        (0.0, 1.0, {}, BASE - CARDS.inclusion),
        (0.0, 0.0, {"regulations": 1.0}, BASE - CARDS.rules),
        (0.0, 0.0, {"community_indicators": True}, BASE - CARDS.rewards),
        (0.0, 0.0, {"military": 1.0}, BASE + CARDS.military),
        (1.0, 0.0, {"military": 1.0}, BASE + CARDS.threat + CARDS.military),
        (
            0.0,
            1.0,
            {"regulations": 1.0, "community_indicators": True},
            BASE - CARDS.inclusion - CARDS.rules - CARDS.rewards,
        ),
    ],
)
def test_resistance_rises_with_the_power_at_stake_and_falls_with_inclusion_and_rules(
    authority: float, trained: float, city: dict[str, Any], goal: float
) -> None:
    world = ordered(authority, **{"regulations": 0.0, **city})
    expected = np.full(2, np.clip(goal, 0.0, 1.0))
    assert command.resistance_goal(world, CARDS, np.full(2, trained)) == pytest.approx(expected, abs=1e-5)


def test_a_sector_is_threatened_by_the_authority_of_its_own_quadrants_only() -> None:
    world = ordered(regulations=0.0)
    put(world, "quadrants", authority_ordered=[1.0, 0.0, 0.0, 0.0])
    assert command.resistance_goal(world, CARDS, np.zeros(2)) == pytest.approx([BASE + 0.5 * CARDS.threat, BASE])


def test_resistance_goes_a_little_of_the_way_each_week() -> None:
    world = ordered(0.0, resistance=1.0, regulations=0.0)
    step(command, world, speed=0.1)
    assert world.commanders.resistance == pytest.approx(np.full(2, 1.0 + 0.1 * (BASE - 1.0)))


def test_a_training_is_half_forgotten_after_its_half_life() -> None:
    world = ordered()
    put(world, "commanders", course=CARDS.full_course)
    step(command, world)
    assert np.all(world.commanders.trained == 1.0)
    put(world, "commanders", course=0.0)
    for _ in range(10):
        step(command, world, training_half_life=10.0)
    assert world.commanders.trained == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("week", "changed", "programme", "replace", "renewed"),
    [
        (156, True, False, False, True),  # a new government drops the programme
        (156, True, True, False, False),  # a new government keeps it
        (157, False, False, False, False),  # it fell some time ago
        (10, False, True, False, False),
        (0, False, True, True, True),  # the reform begins with new commanders
        (1, False, True, True, False),
        (-1, False, False, True, False),
    ],
)
def test_commanders_are_replaced_when_the_programme_falls_or_the_reform_says_so(
    week: int, changed: bool, programme: bool, replace: bool, renewed: bool
) -> None:
    world = ordered(0.0, resistance=1.0, changed=changed, programme=programme, replace_command=replace)
    put(world, "commanders", trained=1.0)
    world.week = week
    step(command, world, speed=0.0)
    assert np.all(world.commanders.replaced == renewed)
    assert np.all((world.commanders.trained == 0.0) == renewed)
    new = abs(world.commanders.resistance - CARDS.resistance_when_new) <= 0.5 * CARDS.spread_when_new + 1e-12
    assert np.all(new == renewed)


@pytest.mark.parametrize(
    ("community", "will", "resistance", "quota"),
    [
        (False, 1.0, 0.0, 10.0),
        (True, 1.0, 0.0, 10.0 * (1.0 - CARDS.quota_relief)),
        (True, 1.0, 0.5, 10.0 * (1.0 - 0.5 * CARDS.quota_relief)),
        (True, 0.0, 0.0, 10.0),
    ],
)
def test_an_aligned_commander_judged_by_community_results_drops_most_of_the_quota(
    community: bool, will: float, resistance: float, quota: float
) -> None:
    world = ordered(0.0, resistance, quota_ordered=10.0, community_indicators=community, will=will)
    step(command, world, **STILL)
    assert world.quadrants.quota == pytest.approx(np.full(4, quota))


@pytest.mark.parametrize(
    ("sharing", "will", "resistance", "shared"),
    [(1.0, 1.0, 0.0, 1.0), (1.0, 1.0, 1.0, 0.5), (1.0, 0.0, 0.0, 0.5), (0.4, 1.0, 0.0, 0.4), (0.0, 1.0, 0.0, 0.0)],
)
def test_what_reaches_the_street_is_what_command_does_not_hoard(
    sharing: float, will: float, resistance: float, shared: float
) -> None:
    world = ordered(0.0, resistance, sharing_ordered=sharing, will=will)
    put(world, "commanders", hoarding=1.0, reluctance=resistance)
    step(command, world, speed=1.0, resistance=0.0, rules=0.0)
    assert world.quadrants.shared == pytest.approx(np.full(4, shared))


def test_each_quadrant_obeys_its_own_sector() -> None:
    world = ordered(1.0, regulations=1.0)
    put(world, "commanders", resistance=[0.0, 1.0], hoarding=[0.25, 0.75])
    step(command, world, **STILL)
    assert world.quadrants.authority == pytest.approx([1.0, 1.0, 0.0, 0.0])
    assert world.quadrants.shared == pytest.approx([0.75, 0.75, 0.25, 0.25])


def test_a_city_of_one_quadrant_has_one_commander() -> None:
    world = plain(square_city((100,)))
    step(command, world)
    assert world.commanders.rows == 1
    assert np.all(np.isfinite(world.quadrants.authority))
