"""Leavers, recruits and moves: what officers know of their quadrant, and what a move costs."""

from typing import Any

import numpy as np
import pytest
from worlds import advance, begun, own, plain, put, rules, square_city, step

from sim.cards import WEEKS_PER_YEAR
from sim.exact import kept
from sim.processes import careers
from sim.world import World

CARDS = own(careers)
STAY: dict[str, Any] = {"leaver_rate": 0.0}


def force(**columns: Any) -> World:
    """Eight officers, two in each quadrant, half a year on their post."""
    world = plain()
    put(world, "quadrants", zoned=True)
    start = {"tenure": 26, "service": 100, "knowledge": 0.8, "recognition": 0.4, "morale": 0.5, **columns}
    put(world, "officers", **start)
    return world


def numbers(world: World) -> list[int]:
    """Officers per quadrant."""
    return np.bincount(world.officers.quadrant, minlength=world.quadrants.rows).tolist()


@pytest.mark.parametrize(
    ("goal", "overlap", "knowledge"),
    [
        (1, 0, 0.8 * CARDS.kept_within),
        (2, 0, 0.8 * CARDS.kept_beyond),
        (1, 4, 0.8 * (CARDS.kept_within + CARDS.handed_over * (1.0 - CARDS.kept_within))),
        (2, 4, 0.8 * (CARDS.kept_beyond + CARDS.handed_over * (1.0 - CARDS.kept_beyond))),
        (2, 2, 0.8 * (CARDS.kept_beyond + 0.5 * CARDS.handed_over * (1.0 - CARDS.kept_beyond))),
        (2, 8, 0.8 * (CARDS.kept_beyond + CARDS.handed_over * (1.0 - CARDS.kept_beyond))),  # no more than four weeks'
    ],
)
def test_a_move_costs_tenure_recognition_and_most_knowledge_less_what_is_handed_over(
    goal: int, overlap: int, knowledge: float
) -> None:
    world = force()
    put(world, "officers", move_to=[goal, *[-1] * 7], overlap=[overlap, *[0] * 7])
    step(careers, world, **STAY)
    officers = world.officers
    assert officers.quadrant.tolist() == [goal, 0, 1, 1, 2, 2, 3, 3]
    assert (officers.tenure[0], officers.recognition[0], officers.service[0]) == (0, 0.0, 101)
    assert officers.knowledge[0] == pytest.approx(knowledge)
    assert officers.moved.tolist() == [True] + [False] * 7
    assert officers.moved_sector.tolist() == [goal == 2] + [False] * 7
    assert np.all(officers.tenure[1:] == 27)
    assert np.all(officers.knowledge[1:] >= 0.8 * kept(CARDS.knowledge_half_life))


def test_less_is_kept_beyond_the_sector_than_within() -> None:
    assert 0.0 <= CARDS.kept_beyond < CARDS.kept_within < 0.5  # a move costs most of it


def test_a_handover_lasts_its_weeks() -> None:
    world = force()
    put(world, "officers", move_to=1, overlap=3)
    left = []
    for _ in range(5):
        step(careers, world, **STAY)
        left.append(int(world.officers.handing_over[0]))
        put(world, "officers", move_to=-1, overlap=0)
    assert left == [3, 2, 1, 0, 0]


def test_a_recruit_in_the_post_of_a_leaver_knows_nobody_and_nothing() -> None:
    world = force(dismissed=[True] + [False] * 7, handing_over=3)
    step(careers, world, **STAY)
    officers = world.officers
    assert officers.left.tolist() == [True] + [False] * 7
    for name in ("tenure", "service", "knowledge", "recognition", "handing_over"):
        assert getattr(officers, name)[0] == 0, name
        assert np.all(getattr(officers, name)[1:] > 0), name
    assert officers.quadrant.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_nine_to_ten_in_a_hundred_officers_leave_in_a_year() -> None:
    world = plain(officers=20_000)
    left = 0
    for world.week in range(round(WEEKS_PER_YEAR)):
        step(careers, world)
        left += int(world.officers.left.sum())
    assert 0.09 <= left / 20_000 <= 0.099  # M22; one standard error is 0.002


@pytest.mark.parametrize(("morale", "ratio"), [(0.0, 1.0 + 0.5 * CARDS.morale_effect), (0.5, 1.0), (1.0, 0.5)])
def test_officers_with_low_morale_leave_more_often(morale: float, ratio: float) -> None:
    world = plain(officers=100_000)
    put(world, "officers", morale=morale)
    step(careers, world, leaver_rate=0.1, morale_effect=1.0)
    assert world.officers.left.mean() == pytest.approx(0.1 * ratio, abs=0.004)


ROTATIONS = [
    {"period": 8, "staggered": True},
    {"period": 8, "staggered": False},
    {"period": 8, "scope": "city"},
    {"period": 8, "scope": "city", "staggered": False, "handover": 4},
    {"trigger": "complaints", "complaints": 1.0},
    {"period": 8, "trigger": "both", "complaints": 1.0, "scope": "city"},
]


@pytest.mark.parametrize("lever", ROTATIONS)
def test_rotation_moves_officers_and_every_quadrant_keeps_its_number(lever: dict[str, Any]) -> None:
    changes = {f"levers.rotation.{key}": value for key, value in lever.items()}
    changes |= {"population.officers_per_1000": 10.0, "careers.leaver_rate": 0.0}
    world = begun(square_city((500, 900, 1300, 2000)), changes)
    first, moves, seen = numbers(world), [], []

    def look(now: World) -> None:
        moves.append(int(now.officers.moved.sum()))
        seen.append(numbers(now))

    advance(world, 40, rules(changes), each_week=look)
    assert sum(moves) > world.officers.rows / 4
    assert seen == [first] * 40


def test_every_quadrant_keeps_its_number_though_one_of_those_to_be_moved_leaves() -> None:
    world = force(dismissed=[True] + [False] * 7)  # the first is found out in the week of the exchange
    put(world, "officers", move_to=[1, -1, 0, *[-1] * 5])
    step(careers, world, **STAY)
    assert numbers(world) == [2, 2, 2, 2]
    assert not world.officers.moved[0]  # who left did not move; the recruit begins where the post has gone
    assert world.officers.knowledge[0] == 0.0


@pytest.mark.parametrize(
    ("zoned", "proximity", "contact"),
    [(True, 0.3, 1.0), (True, 0.9, 1.0), (True, 0.0, CARDS.patrol_contact), (False, 0.3, CARDS.unzoned)],
)
def test_a_quadrant_is_learned_by_walking_it_more_than_by_driving_through(
    zoned: bool, proximity: float, contact: float
) -> None:
    world = force(time_proximity=proximity)
    put(world, "quadrants", zoned=zoned)
    step(careers, world, **STAY)
    learned = 0.8 + 0.2 * contact / CARDS.knowledge_time
    assert world.officers.knowledge == pytest.approx(np.full(8, learned * kept(CARDS.knowledge_half_life)))
    walked = 1.0 if proximity else CARDS.patrol_contact
    assert world.officers.recognition == pytest.approx(np.full(8, 0.4 + 0.6 * walked / CARDS.recognition_time))


def test_knowledge_and_recognition_never_pass_one() -> None:
    world = force(knowledge=1.0, recognition=1.0, time_proximity=1.0)
    for _ in range(10):
        step(careers, world, knowledge_half_life=0.0, knowledge_time=1.0, recognition_time=1.0, **STAY)
    assert np.all(world.officers.knowledge == 1.0)
    assert np.all(world.officers.recognition == 1.0)


def test_an_officer_never_moved_knows_more_than_one_moved_every_half_year() -> None:
    means = {}
    for period in (0, 26):
        changes = {"levers.rotation.period": period, "population.officers_per_1000": 10.0}
        world = begun(square_city((1000,) * 4), changes)
        advance(world, 104, rules(changes))
        means[period] = float(world.officers.knowledge.mean())
    assert means[0] > 1.3 * means[26]


def test_the_force_begins_with_the_tenure_of_six_month_rotation() -> None:
    officers = begun(square_city((10_000,) * 4), {"population.officers_per_1000": 10.0}).officers
    assert officers.tenure.max() < CARDS.first_tenure <= 26  # S2
    assert officers.tenure.mean() == pytest.approx((CARDS.first_tenure - 1) / 2, rel=0.1)
    assert np.all(officers.service >= officers.tenure)
    assert officers.quadrant.tolist() == officers.post.tolist()


def test_in_a_city_of_one_quadrant_nobody_moves() -> None:
    changes = {"levers.rotation.period": 4, "population.officers_per_1000": 10.0}
    world, moves = begun(square_city((1000,)), changes), []
    advance(world, 12, rules(changes), each_week=lambda now: moves.append(int(now.officers.moved.sum())))
    assert moves == [0] * 12
