"""Morale, orientation and integrity: what officers make of it."""

from typing import Any

import numpy as np
import pytest
from worlds import begin, own, plain, put, step

from sim.processes import culture
from sim.world import World

CARDS = own(culture)
USUAL_SKILL, USUAL_QUOTA = 0.35, 4.0


def force(**officers: Any) -> World:
    """Eight officers of usual skill under the usual quota, without authority or support."""
    world = plain()
    put(world, "quadrants", quota=USUAL_QUOTA)
    put(
        world, "officers", **{"procedural": USUAL_SKILL, "orientation": CARDS.orientation, "integrity": 0.5, **officers}
    )
    return world


def with_columns(world: World, changes: dict[str, dict[str, Any]]) -> World:
    for table, columns in changes.items():
        put(world, table, **columns)
    return world


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({}, 0.0),
        ({"quadrants": {"authority": 1.0}}, CARDS.autonomy),
        ({"officers": {"procedural": USUAL_SKILL + 0.4}}, 0.4 * CARDS.skilled),
        ({"quadrants": {"quota": 2.0 * USUAL_QUOTA}}, -CARDS.element),
        ({"quadrants": {"quota": 0.0}}, CARDS.element),
        ({"commanders": {"alignment": 1.0}}, CARDS.commander),
        ({"administration": {"military": 1.0}}, -CARDS.military),
        ({"officers": {"aptitude": 1.0}}, CARDS.person),
    ],
)
def test_autonomy_skill_and_support_raise_morale_and_quotas_and_soldiers_lower_it(
    changes: dict[str, dict[str, Any]], by: float
) -> None:
    world = with_columns(force(), changes)
    assert culture.morale_goal(world, CARDS) == pytest.approx(np.full(8, CARDS.morale + by))


@pytest.mark.parametrize(
    ("unit_share", "looked_down", "drops"),
    [(0.0, 0.0, 0.0), (0.1, 1.0, 1.0), (CARDS.small_unit, 0.0, 0.0), (1.0, 0.0, 0.0)],
)
def test_a_small_unit_is_looked_down_on_and_the_others_drop_proximity(
    unit_share: float, looked_down: float, drops: float
) -> None:
    world = force(proximity_unit=[True] + [False] * 7)
    put(world, "administration", unit_share=unit_share)
    morale = culture.morale_goal(world, CARDS) - CARDS.morale
    assert morale == pytest.approx([-looked_down * CARDS.looked_down, *[0.0] * 7], abs=1e-12)
    orientation = culture.orientation_goal(world, own(culture, peers=0.0)) / CARDS.orientation
    assert orientation == pytest.approx([1.0, *[1.0 - drops * CARDS.not_my_job] * 7])


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({}, 0.0),
        ({"administration": {"community_indicators": True}}, 0.4 * CARDS.rewarded),  # a commander against the reform
        ({"administration": {"community_indicators": True}, "commanders": {"alignment": 1.0}}, CARDS.rewarded),
        ({"commanders": {"alignment": 1.0}}, 0.0),
        ({"officers": {"problem_solving": 0.5}}, 0.5 * CARDS.trained),
        ({"quadrants": {"authority": 1.0}}, CARDS.owned),
        ({"administration": {"military": 1.0}}, -CARDS.military),
    ],
)
def test_rewards_training_and_a_quadrant_of_ones_own_turn_officers_to_proximity(
    changes: dict[str, dict[str, Any]], by: float
) -> None:
    world = with_columns(force(), changes)
    goal = culture.orientation_goal(world, own(culture, peers=0.0))
    assert goal == pytest.approx(np.full(8, CARDS.orientation + by))


def test_orientation_is_partly_that_of_the_colleagues_in_the_quadrant() -> None:
    world = force(orientation=[0.0, 1.0, *[CARDS.orientation] * 6])
    goal = culture.orientation_goal(world, CARDS)
    assert goal[:2] == pytest.approx(np.full(2, (1.0 - CARDS.peers) * CARDS.orientation + CARDS.peers * 0.5))
    assert goal[2:] == pytest.approx(np.full(6, CARDS.orientation), abs=1e-6)


def test_misconduct_spreads_between_colleagues_of_a_quadrant() -> None:
    world = force(character=0.5, tie=[True, False, True, True, False, False, False, False])
    for _ in range(400):
        step(culture, world, contagion=0.3)
    assert world.officers.integrity == pytest.approx([0.5, 0.2, 0.2, 0.2, 0.5, 0.5, 0.5, 0.5], abs=1e-4)


def test_integrity_recovers_when_the_deals_are_gone() -> None:
    world = force(character=0.5, integrity=0.2)
    for _ in range(400):
        step(culture, world)
    assert world.officers.integrity == pytest.approx(np.full(8, 0.5), abs=1e-4)


def test_culture_moves_a_little_of_the_way_each_week() -> None:
    world = force(character=0.5, integrity=1.0, morale=0.0, orientation=0.0)
    step(culture, world, speed=0.1, peers=0.0)
    officers = world.officers
    assert officers.integrity == pytest.approx(np.full(8, 0.95))
    assert officers.morale == pytest.approx(np.full(8, 0.1 * CARDS.morale))
    assert officers.orientation == pytest.approx(np.full(8, 0.1 * CARDS.orientation))


def test_recruits_begin_as_themselves() -> None:
    world = force(left=[True] + [False] * 7, character=0.7, morale=0.0, orientation=1.0, integrity=0.0)
    step(culture, world, speed=0.0)
    officers = world.officers
    assert officers.morale.tolist() == [CARDS.morale, *[0.0] * 7]
    assert officers.orientation.tolist() == [CARDS.orientation, *[1.0] * 7]
    assert officers.integrity.tolist() == [0.7, *[0.0] * 7]


def test_under_a_quota_morale_falls_and_with_authority_it_rises() -> None:
    world = force(morale=CARDS.morale)
    put(world, "quadrants", quota=[10.0, USUAL_QUOTA, USUAL_QUOTA, 10.0], authority=[0.0, 0.0, 1.0, 0.0])
    for _ in range(26):
        step(culture, world)
    quota, usual, free, _ = world.officers.morale[::2]
    assert quota < usual < free


def test_everything_stays_between_0_and_1() -> None:
    world = force(aptitude=[-9.0, 9.0] * 4, character=0.1, tie=True)
    begin(culture, world)
    for _ in range(100):
        step(culture, world, contagion=1.0, speed=0.5)
    for name in ("morale", "orientation", "integrity"):
        column = getattr(world.officers, name)
        assert np.all((column >= 0.0) & (column <= 1.0)), name


def test_a_quadrant_with_one_officer_and_a_quadrant_with_none_have_a_culture() -> None:
    world = force(quadrant=[0, 1, 1, 1, 1, 1, 1, 1])
    step(culture, world)
    assert np.all(np.isfinite(world.officers.orientation))
