"""How an officer's week is divided, and who is visible where."""

from typing import Any

import numpy as np
import pytest
from worlds import own, plain, put, square_city, step

from sim.processes import duty
from sim.world import World

CARDS = own(duty)
TIMES = ("time_calls", "time_quota", "time_patrol", "time_proximity")
THOUSAND = (1000, 1000, 1000, 1000)


def week_of(calls: float = 0.0, quota: float = 0.0, **officers: Any) -> World:
    """Two officers for every 1,000 residents, with so many calls and such a quota in each quadrant."""
    world = plain(square_city(THOUSAND), officers=8)
    put(world, "quadrants", calls=calls, quota=quota, zoned=True)
    put(world, "officers", **officers)
    return world


def times(world: World, **changes: Any) -> list[float]:
    """The week of the first officer: calls, quota, patrol, proximity."""
    step(duty, world, **changes)
    return [float(getattr(world.officers, name)[0]) for name in TIMES]


HOURS = {"week_hours": 70.0, "call_hours": 1.4, "quota_hours": 3.5, "most_proximity": 0.8, "handover_share": 0.25}


@pytest.mark.parametrize(
    ("calls", "quota", "officers", "divided"),
    [
        (0, 0, {}, [0.0, 0.0, 1.0, 0.0]),
        (10, 0, {}, [0.1, 0.0, 0.9, 0.0]),  # 10 calls of 1.4 hours for two officers of 70 hours
        (10, 4, {}, [0.1, 0.2, 0.7, 0.0]),
        (10, 4, {"orientation": 0.5}, [0.1, 0.2, 0.42, 0.28]),  # 0.8 x 0.5 of what is left
        (10, 4, {"orientation": 1.0}, [0.1, 0.2, 0.14, 0.56]),
        (10, 4, {"course": 35.0}, [0.1, 0.2, 0.2, 0.0]),
        (10, 4, {"handing_over": 1}, [0.1, 0.2, 0.45, 0.0]),
        (1000, 0, {}, [CARDS.most_calls, 0.0, 1.0 - CARDS.most_calls, 0.0]),
        (0, 99, {}, [0.0, CARDS.most_quota, 1.0 - CARDS.most_quota, 0.0]),
    ],
)
def test_the_week_is_divided_between_calls_quota_patrol_and_proximity(
    calls: float, quota: float, officers: dict[str, Any], divided: list[float]
) -> None:
    assert times(week_of(calls, quota, **officers), **HOURS) == pytest.approx(divided)


def test_calls_come_first_and_a_quota_crowds_out_proximity() -> None:
    without = times(week_of(20, 0, orientation=0.5))
    with_quota = times(week_of(20, 10, orientation=0.5))
    assert with_quota[0] == without[0]
    assert with_quota[3] < without[3]
    assert with_quota[1] > with_quota[3]  # S5: far more time on the quota than on proximity


@pytest.mark.parametrize("calls", [0.0, 1000.0])
@pytest.mark.parametrize("quota", [0.0, 50.0])
@pytest.mark.parametrize(("course", "handing_over"), [(0.0, 0), (0.0, 2), (40.0, 0), (40.0, 2)])
def test_a_week_has_no_more_time_than_a_week(calls: float, quota: float, course: float, handing_over: int) -> None:
    world = week_of(calls, quota, orientation=0.4, course=course, handing_over=handing_over)
    parts = times(world)
    away = course / CARDS.week_hours + CARDS.handover_share * (handing_over > 0)
    assert min(parts) >= 0.0
    assert sum(parts) + away <= 1.0 + 1e-9


def test_a_proximity_unit_spends_most_of_its_free_time_on_proximity() -> None:
    plain_officer, unit = times(week_of(10, 4)), times(week_of(10, 4, proximity_unit=True))
    assert plain_officer[3] == 0.0
    assert unit[3] == pytest.approx(CARDS.unit_time * CARDS.most_proximity * plain_officer[2])
    keen = times(week_of(10, 4, proximity_unit=True, orientation=0.9))
    assert keen[3] > unit[3]


def test_soldiers_patrol_and_do_not_visit() -> None:
    civil, military = week_of(orientation=0.5), week_of(orientation=0.5)
    put(military, "administration", military=1.0)
    assert times(military)[3] == pytest.approx(times(civil)[3] * (1.0 - CARDS.military_distance))


def test_shifts_set_in_the_quadrant_fit_the_calls_as_far_as_authority_goes() -> None:
    world = week_of(10)
    put(world, "quadrants", own_shifts=[False, True, True, True], authority=[1.0, 0.0, 0.5, 1.0])
    step(duty, world)
    calls = world.officers.time_calls[::2]
    assert calls / calls[0] == pytest.approx([1.0, 1.0, 1.0 - 0.5 * CARDS.fitting, 1.0 - CARDS.fitting])


@pytest.mark.parametrize(
    ("officers", "presence"),
    [
        ({}, 2.0),  # two officers in the street for 1,000 residents
        ({"course": 35.0}, 1.0),
        ({"tie": True}, 2.0 * (1.0 - CARDS.sold)),  # presence that was sold is not seen by the rest
        ({"orientation": 0.5}, 2.0 * (0.6 + 0.4 * CARDS.seen_in_proximity)),
    ],
)
def test_presence_counts_officers_seen_in_the_street(officers: dict[str, Any], presence: float) -> None:
    world = week_of(**officers)
    step(duty, world, **HOURS)
    assert world.quadrants.presence == pytest.approx(np.full(4, presence))
    assert world.quadrants.strength.tolist() == [2.0] * 4


def test_quota_work_is_half_seen() -> None:
    world = week_of(quota=4.0)
    step(duty, world, **HOURS)
    assert world.quadrants.presence == pytest.approx(np.full(4, 2.0 * (0.8 + 0.2 * CARDS.seen_in_quota)))


def test_zoned_officers_are_seen_in_their_quadrant_and_others_all_over_the_sector() -> None:
    world = week_of()
    put(world, "officers", quadrant=[0, 0, 0, 1, 2, 2, 2, 2])
    step(duty, world)
    assert world.quadrants.presence == pytest.approx([3.0, 1.0, 4.0, 0.0])
    put(world, "quadrants", zoned=False)
    step(duty, world)
    assert world.quadrants.presence == pytest.approx([2.0, 2.0, 2.0, 2.0])
    assert world.quadrants.strength.tolist() == [3.0, 1.0, 4.0, 0.0]


def test_four_times_the_presence_halves_the_response_time() -> None:
    world = week_of()
    put(world, "officers", quadrant=[0, 0, 0, 0, 1, 2, 2, 2])
    step(duty, world)
    response = world.quadrants.response
    assert response[1] == pytest.approx(2.0 * response[0])
    assert response[3] == response.max()
    assert np.all(np.isfinite(response))


def test_at_the_usual_presence_a_car_comes_in_the_usual_time() -> None:
    world = plain(square_city(THOUSAND), officers=4)
    put(world, "quadrants", zoned=True)
    put(world, "officers", course=CARDS.week_hours * (1.0 - CARDS.usual_presence))
    step(duty, world)
    assert world.quadrants.response == pytest.approx(np.full(4, CARDS.response))


@pytest.mark.parametrize("zoned", [True, False])
def test_nobody_lives_in_a_quadrant_and_nobody_serves_in_another(zoned: bool) -> None:
    world = plain(square_city((0, 1000, 1000, 1000)), officers=6)
    put(world, "quadrants", zoned=zoned, calls=5.0)
    put(world, "officers", quadrant=[0, 0, 1, 1, 2, 2])
    step(duty, world)
    for name in ("presence", "response", "strength"):
        assert np.all(np.isfinite(getattr(world.quadrants, name))), name
    assert np.all(world.quadrants.presence >= 0.0)
    if zoned:
        assert (world.quadrants.presence[0], world.quadrants.presence[3]) == (0.0, 0.0)


def test_a_force_without_officers_is_seen_nowhere() -> None:
    world = plain(square_city(THOUSAND), officers=0)
    step(duty, world)
    assert world.officers.rows == 0
    assert np.all(world.quadrants.presence == 0.0)
