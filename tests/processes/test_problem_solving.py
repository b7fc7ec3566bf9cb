"""Requests are solved, wait for permission, or are given up: every request is somewhere."""

from typing import Any

import numpy as np
import pytest
from worlds import advance, begin, begun, own, plain, put, rules, square_city, step

from sim.processes import problem_solving
from sim.world import World

CARDS = own(problem_solving)
FLOWS = ("requests_new", "requests_solved", "requests_dropped")
STOCKS = ("requests_open", "requests_waiting")


def able(population: tuple[int, ...] = (1000,) * 4, officers: float = 40, **quadrants: Any) -> World:
    """A city of able officers with nothing else to do, departments that answer, and a hundred open requests each."""
    world = plain(square_city(population), officers=officers)
    put(world, "officers", problem_solving=1.0, knowledge=1.0, time_proximity=1.0, time_patrol=0.0)
    put(world, "administration", resources=1.0, plans=1.0, will=1.0)
    put(world, "agencies", link=1.0)
    put(world, "committees", alive=True)
    put(world, "quadrants", **{"authority": 1.0, "usable": 1.0, "requests_open": 100, **quadrants})
    return world


def count(world: World, names: tuple[str, ...]) -> np.ndarray[Any, Any]:
    """Requests per quadrant, int64[names, quadrants]."""
    return np.array([getattr(world.quadrants, name) for name in names])


SCENARIOS: list[dict[str, Any]] = [
    {},
    {"levers.decentralisation.authority": 1.0, "levers.political_will.will": 1.0, "levers.framework.regulations": 1.0},
    {"levers.deployment.share": 1.0, "levers.interagency.link": 1.0, "levers.resources.level": 1.0},
    {"levers.political_will.will": 0.0, "levers.interagency.link": 0.0, "problem_solving.given_up": 0.3},
    {"population.officers_per_1000": 0.0},
]


@pytest.mark.parametrize("changes", SCENARIOS)
@pytest.mark.parametrize("population", [(500, 900, 1300, 2000), (0, 400, 1, 4000)])
def test_every_request_is_solved_dropped_open_or_waiting(changes: dict[str, Any], population: tuple[int, ...]) -> None:
    world, law = begun(square_city(population), changes), rules(changes)
    before, made = count(world, STOCKS).sum(axis=0), 0
    for _ in range(40):
        advance(world, 1, law)
        new, solved, dropped = count(world, FLOWS)
        after = count(world, STOCKS)
        assert np.all(after >= 0)
        assert (before + new - solved - dropped).tolist() == after.sum(axis=0).tolist()
        before, made = after.sum(axis=0), made + int(new.sum())
    assert made > 20


def test_without_authority_every_request_that_is_tried_climbs_the_hierarchy_and_waits() -> None:
    world = able(authority=0.0)
    step(problem_solving, world, without_authority=0.0, given_up=0.0)
    assert world.quadrants.requests_solved.tolist() == [0] * 4
    assert np.all(world.quadrants.requests_waiting > 20)


def test_with_authority_no_request_waits() -> None:
    world = able(authority=1.0)
    step(problem_solving, world, given_up=0.0)
    assert world.quadrants.requests_waiting.tolist() == [0] * 4
    assert np.all(world.quadrants.requests_solved > 5)


def test_small_things_are_solved_without_asking() -> None:
    world, solved, waiting = able(authority=0.0), 0, 0
    for world.week in range(50):
        put(world, "quadrants", requests_open=1000, requests_waiting=0)
        step(problem_solving, world, needs_agency=0.0)
        solved += int(world.quadrants.requests_solved.sum())
        waiting += int(world.quadrants.requests_waiting.sum())
    assert solved / (solved + waiting) == pytest.approx(CARDS.without_authority, abs=0.01)


@pytest.mark.parametrize(
    ("will", "resources", "pace"), [(1.0, 1.0, 1.0), (0.0, 1.0, CARDS.unwilling), (1.0, 0.0, CARDS.penniless)]
)
def test_a_waiting_request_is_decided_the_faster_the_more_will_and_means_there_are(
    will: float, resources: float, pace: float
) -> None:
    world = able(officers=0, requests_open=0, requests_waiting=100_000)
    put(world, "administration", will=will, resources=resources)
    step(problem_solving, world, waiting=10.0, needs_agency=0.0, requests=0.0)
    assert world.quadrants.requests_solved.sum() / 400_000 == pytest.approx(0.1 * pace, abs=0.002)


@pytest.mark.parametrize(
    ("link", "room", "share"), [(1.0, 1e9, 1.0), (0.5, 1e9, 0.7), (0.0, 1e9, 0.4), (1.0, 0.0, 0.4)]
)
def test_most_requests_need_a_department_that_answers(link: float, room: float, share: float) -> None:
    world = able(requests_open=100_000, officers=4000)
    put(world, "agencies", link=link)
    step(problem_solving, world, needs_agency=0.6, agency_capacity=room)
    tried = 100_000 * 4 - world.quadrants.requests_open.sum() - world.quadrants.requests_dropped.sum()
    assert tried == world.quadrants.requests_solved.sum() - world.quadrants.requests_new.sum()
    capacity = problem_solving.capacity(world, CARDS).sum()
    assert world.quadrants.requests_solved.sum() / capacity == pytest.approx(share, rel=0.03)


def test_a_department_takes_up_no_more_cases_than_it_has_room_for() -> None:
    world = able(requests_open=100_000, officers=4000)
    step(problem_solving, world, agency_capacity=0.5)
    agencies = world.agencies
    assert (agencies.load * agencies.answered).sum() == pytest.approx(0.5 * 4)  # half a case per 1,000 residents


@pytest.mark.parametrize(
    ("officers", "others", "requests"),
    [
        ({}, {}, 17.5),  # 5 officers x 70 hours, half of it on problems, 10 hours each
        ({"time_proximity": 0.5}, {}, 8.75),
        ({"time_proximity": 0.0, "time_patrol": 1.0}, {}, 35.0 * CARDS.in_patrol),
        ({"problem_solving": 0.0}, {}, 17.5 * 0.25),
        ({"knowledge": 0.0}, {}, 17.5 * 0.4),
        ({}, {"administration": {"resources": 0.0, "plans": 1.0}}, 17.5 * 0.4),
        ({}, {"administration": {"plans": 0.0}}, 17.5 * 0.85),
        ({}, {"quadrants": {"usable": 0.0}}, 17.5 * 0.75),
        ({}, {"committees": {"alive": False}}, 17.5 * 0.7),
    ],
)
def test_capacity_needs_time_skill_knowledge_means_intelligence_and_a_live_committee(
    officers: dict[str, float], others: dict[str, dict[str, Any]], requests: float
) -> None:
    world = able(officers=20)
    put(world, "officers", **officers)
    for table, columns in others.items():
        put(world, table, **columns)
    cards = own(problem_solving, request_hours=10.0, visiting=0.5, week_hours=70.0)
    capacity = problem_solving.capacity(world, cards)
    # 5 officers in each quadrant
    assert capacity == pytest.approx(np.full(4, requests))


def test_own_budget_makes_up_for_part_of_what_the_city_does_not_send() -> None:
    world = able(officers=20)
    put(world, "administration", resources=0.0)
    before = problem_solving.capacity(world, CARDS)
    put(world, "quadrants", budget_share=1.0)
    assert problem_solving.capacity(world, CARDS) / before == pytest.approx(np.full(4, 0.58 / 0.4))
    put(world, "quadrants", authority=0.0)
    assert problem_solving.capacity(world, CARDS) == pytest.approx(before)


def test_nobody_solves_where_nobody_serves() -> None:
    world = able(authority=1.0)
    put(world, "officers", quadrant=0)
    step(problem_solving, world)
    assert world.quadrants.requests_solved[0] > 0
    assert world.quadrants.requests_solved[1:].tolist() == [0] * 3
    assert np.all(world.quadrants.requests_open[1:] > 90)


def test_nobody_asks_where_nobody_lives() -> None:
    world = able((0, 1000, 1000, 1000), officers=0, requests_open=0)
    for world.week in range(30):
        step(problem_solving, world)
        assert world.quadrants.requests_new[0] == 0
        assert np.all(np.isfinite(world.quadrants.problems))
    assert np.all(world.quadrants.requests_open[1:] > 0)


def test_requests_come_from_residents_visits_and_committee_sessions() -> None:
    world, new = able((20_000, 0, 0, 20_000), officers=0), np.zeros(4)
    put(world, "quadrants", problems=1.0, visits=[0.0, 0.0, 0.0, 500.0])
    put(world, "committees", raised=[0, 0, 3, 0])
    for world.week in range(400):
        put(world, "quadrants", problems=1.0, requests_open=0)
        step(problem_solving, world)
        new += world.quadrants.requests_new
    own_accord = 20.0 * CARDS.requests
    assert new / 400 == pytest.approx([own_accord, 0.0, 3.0, own_accord + 500.0 * CARDS.heard_in_visits], rel=0.05)


def test_unanswered_requests_are_given_up() -> None:
    world = able(officers=0, requests_open=100_000)
    step(problem_solving, world)
    assert world.quadrants.requests_dropped / 100_000 == pytest.approx(np.full(4, CARDS.given_up), rel=0.1)


@pytest.mark.parametrize("marginalisation", [0.0, 0.5, 1.0])
def test_neglect_sustains_problems_by_marginalisation(marginalisation: float) -> None:
    level = 1.0 + CARDS.neglect * (marginalisation - 0.5)
    world = plain(square_city(marginalisation=np.full(4, marginalisation)), officers=0)
    begin(problem_solving, world)
    assert world.quadrants.problems == pytest.approx(np.full(4, level))
    step(problem_solving, world)
    assert world.quadrants.problems == pytest.approx(np.full(4, level))
    put(world, "quadrants", problems=level - 0.5)
    step(problem_solving, world, regrowth=0.1)
    assert world.quadrants.problems == pytest.approx(np.full(4, level - 0.45))


def test_each_request_solved_relieves_the_quadrant() -> None:
    world = able((1000, 2000, 1000, 1000), authority=[1.0, 1.0, 1.0, 0.0])
    step(problem_solving, world, relief=0.01, without_authority=0.0)
    per_1000 = world.quadrants.requests_solved / np.array([1.0, 2.0, 1.0, 1.0])
    assert world.quadrants.problems == pytest.approx(1.0 - 0.01 * per_1000)
    assert world.quadrants.problems[3] == 1.0


def test_problems_never_fall_below_a_tenth() -> None:
    world = able(officers=400, requests_open=10_000)
    step(problem_solving, world, relief=1.0)
    assert np.all(world.quadrants.problems == 0.1)
