"""Rotation: who is ordered where, on a handful of posts; then what it does in the small city."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from small import put, small

from sim import week
from sim.luck import Luck
from sim.policies import rotation
from sim.policies.rotation import exchange
from sim.scenario import Scenario
from sim.simulation import rules_of, run, world_of
from sim.world import World


def swap(quadrant: list[int], scope: list[int], due: list[int], words: list[int]) -> list[int]:
    """``exchange`` with lists; ``due`` are the rows that move."""
    moving = np.isin(np.arange(len(quadrant)), due)
    arrays = np.array(quadrant, np.int32), np.array(scope, np.int32), moving, np.array(words, np.uint32)
    return exchange(*arrays).tolist()


# ------------------------------------------------------------------------------------------------ by hand


def test_nobody_due_nobody_moves() -> None:
    assert swap([0, 1], [0, 0], [], [1, 2]) == [-1, -1]


def test_two_due_change_places() -> None:
    assert swap([0, 1, 1], [0, 0, 0], [0, 2], [5, 9]) == [1, -1, 0]


def test_one_due_alone_has_no_place_to_go() -> None:
    assert swap([0, 1], [0, 0], [1], [5, 9]) == [-1, -1]


def test_a_team_is_not_sent_to_its_own_quadrant() -> None:
    """Quadrant 0 has two, 1 and 2 one each. The circle is 1, 0, 0, 2; everyone takes the post two further on.

    Who stood in 1 goes to 0, the first of 0 to 2, the second of 0 to 1, and who stood in 2 to 0.
    """
    assert swap([0, 0, 1, 2], [0] * 4, [0, 1, 2, 3], [50, 10, 90]) == [2, 1, 0, 0]


def test_the_luck_of_quadrants_decides_the_circle() -> None:
    assert swap([0, 1, 2], [0] * 3, [0, 1, 2], [10, 20, 30]) == [1, 2, 0]
    assert swap([0, 1, 2], [0] * 3, [0, 1, 2], [10, 30, 20]) == [2, 0, 1]


def test_a_team_too_large_leaves_the_rest_where_they_are() -> None:
    """Three in quadrant 0, one in 1: one of the three finds a post, two stay."""
    moved = swap([0, 0, 0, 1], [0] * 4, [0, 1, 2, 3], [10, 20])
    assert sorted(moved[:3]) == [-1, -1, 1]
    assert moved[3] == 0


def test_scopes_do_not_mix() -> None:
    """Quadrants 0, 1 in sector 0 and 2, 3 in sector 1."""
    assert swap([0, 1, 2, 3], [0, 0, 1, 1], [0, 1, 2, 3], [4, 3, 2, 1]) == [1, 0, 3, 2]
    assert swap([0, 1, 2, 3], [0, 0, 1, 1], [0, 2], [4, 3, 2, 1]) == [-1] * 4


@st.composite
def forces(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    quadrants = draw(st.integers(1, 7))
    officers = draw(st.integers(0, 25))
    sector = np.array(draw(st.lists(st.integers(0, 2), min_size=quadrants, max_size=quadrants)), np.int32)
    quadrant = draw(st.lists(st.integers(0, quadrants - 1), min_size=officers, max_size=officers))
    due = draw(st.lists(st.booleans(), min_size=officers, max_size=officers))
    words = draw(st.lists(st.integers(0, 2**32 - 1), min_size=quadrants, max_size=quadrants))
    place = np.array(quadrant, np.int32)
    return place, sector[place], np.array(due, bool), np.array(words, np.uint32), sector


@given(forces())
def test_an_exchange_keeps_numbers_and_leaves_as_few_as_can_be(force: tuple[np.ndarray, ...]) -> None:
    quadrant, scope, due, words, sector = force
    target = exchange(quadrant, scope, due, words)
    after = np.where(target >= 0, target, quadrant)
    assert np.array_equal(np.bincount(after, minlength=len(sector)), np.bincount(quadrant, minlength=len(sector)))
    assert (target[~due] == -1).all()
    assert (target != quadrant).all()
    assert np.array_equal(sector[after], scope)
    for one in np.unique(scope[due]):
        team = quadrant[due & (scope == one)]
        largest = np.bincount(team).max()
        stay = int((target[due & (scope == one)] == -1).sum())
        assert stay == max(0, 2 * int(largest) - len(team))  # only those for whom no other post is left


# ------------------------------------------------------------------------------------- orders in a small city


def orders(weeks: range, marks: np.ndarray | None = None, **lever: Any) -> np.ndarray:
    """``move_to`` of every officer in each of some weeks, if nobody obeyed; ``marks`` are their complaints."""
    scenario = small(**{f"rotation__{key}": value for key, value in lever.items()})
    world = world_of(scenario, 1)
    if marks is not None:
        put(world.officers, complaints=marks)
    given_orders = []
    for now in weeks:
        world.week = now
        with world.turn("levers.rotation"):
            rotation.order(world, scenario.levers.rotation, Luck(1).of("levers.rotation", now))
        given_orders.append(world.officers.move_to.copy())
    return np.array(given_orders)


def test_everyone_is_ordered_once_per_period() -> None:
    moves = orders(range(26), scope="city", staggered=False, period=26) >= 0
    assert moves.sum(axis=0).tolist() == [1] * 48
    assert np.flatnonzero(moves.any(axis=1)).tolist() == [0]  # all at once


def test_a_staggered_force_moves_in_waves() -> None:
    moves = orders(range(52), scope="city", staggered=True, waves=4, period=26) >= 0
    weeks = np.flatnonzero(moves.any(axis=1))
    assert len(weeks) == 8  # four waves, two rounds
    assert (np.diff(weeks) >= 6).all()
    assert moves[:26].sum(axis=0).max() == 1
    assert moves[:26].sum() >= 40  # a few find no post to exchange
    again = moves[26:]
    assert np.array_equal(moves[:26].any(axis=0) & again.any(axis=0), again.any(axis=0))  # the same wave each time


def test_no_period_no_rotation() -> None:
    assert (orders(range(60), period=0) == -1).all()


def test_the_scope_is_kept() -> None:
    world = world_of(small(), 1)
    sector = world.quadrants.sector
    for scope, beyond in (("sector", 0), ("city", 1)):
        (target,) = orders(range(1), scope=scope, staggered=False)
        ordered = target >= 0
        assert ordered.sum() > 40
        crossing = sector[target[ordered]] != sector[world.officers.quadrant[ordered]]
        assert bool(crossing.any()) is bool(beyond)


def test_complaints_mark_who_moves() -> None:
    marks = np.zeros(48)
    marks[[3, 20, 40]] = [6.0, 9.0, 5.9]
    for trigger, moved in (("complaints", [3, 20]), ("both", [3, 20]), ("calendar", [])):
        (target,) = orders(
            range(1, 2), marks, trigger=trigger, complaints=6.0, scope="city", staggered=False, least_stay=0
        )
        assert np.flatnonzero(target >= 0).tolist() == moved


def test_a_handover_comes_with_the_move() -> None:
    scenario = small(rotation__handover=4, rotation__staggered=False, rotation__scope="city")
    world = world_of(scenario, 1)
    world.week = 0
    with world.turn("levers.rotation"):
        rotation.order(world, scenario.levers.rotation, Luck(1).of("levers.rotation", 0))
    assert np.array_equal(world.officers.overlap, np.where(world.officers.move_to >= 0, 4, 0))


def test_a_quadrant_keeps_its_numbers_through_moves_and_turnover() -> None:
    """Half of the force leaves in a year; who replaces a leaver takes the order that came with the post."""
    scenario = small(run__weeks=40, rotation__period=4, rotation__scope="city", careers__leaver_rate=0.5)
    posts: list[list[int]] = []
    run(scenario, 1, each_week=lambda world: posts.append(np.bincount(world.officers.quadrant, minlength=12).tolist()))
    assert posts[-1] == posts[0]


def test_an_officer_who_has_just_come_is_not_moved_for_complaints() -> None:
    marks = np.full(48, 9.0)
    tenure = world_of(small(), 1).officers.tenure
    (target,) = orders(range(1, 2), marks, trigger="complaints", least_stay=13, scope="city")
    assert np.array_equal(target >= 0, tenure >= 13)


def test_complaints_move_an_officer_once_not_every_week() -> None:
    """A complaint that has been answered by a move is no reason for the next one before the least stay is over."""
    quiet = {"encounters__complaint": 0.0, "careers__leaver_rate": 0.0}
    scenario = small(rotation__trigger="complaints", rotation__complaints=6.0, rotation__scope="city", **quiet)
    world = world_of(scenario, 1)
    marks = np.zeros(48)
    marks[[3, 20, 40]] = 24.0
    put(world.officers, complaints=marks, tenure=scenario.levers.rotation.least_stay)
    moves = np.zeros(48, int)
    for now in range(13):
        world.week = now
        week.advance(world, rules_of(scenario), Luck(1))
        moves += world.officers.moved
    assert moves[[3, 20, 40]].tolist() == [1, 1, 1]


def test_the_baseline_is_six_months() -> None:
    assert Scenario.default().levers.rotation.period == 26  # S2
    city: World = world_of(small(), 1)
    assert city.officers.tenure.max() <= 26
