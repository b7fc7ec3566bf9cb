"""What happens to whom: near-Poisson around a lasting risk field, lowered by presence, knowledge and neighbours."""

from typing import Any

import numpy as np
import pytest
from worlds import happen, one_quadrant, own, plain, put, square_city, step

from sim.processes import incidents
from sim.world import World

CARDS = own(incidents)


def hazard(world: World, **changes: Any) -> list[float]:
    """Rate of incidents per 1,000 residents and week in each quadrant."""
    return incidents.rates(world, own(incidents, **changes))[0].tolist()


def unpoliced(population: tuple[int, ...] = (1000,) * 4, people_per_row: float = 1.0, **city: Any) -> World:
    """A city in which nobody is in the street."""
    world = plain(square_city(population, **city), officers=4, people_per_row=people_per_row)
    put(world, "quadrants", presence=0.0)
    put(world, "officers", time_patrol=0.0)
    return world


@pytest.mark.parametrize(
    ("risk", "problems", "ratio"),
    [(1.0, 1.0, 1.0), (2.0, 1.0, 2.0), (0.0, 1.0, 0.0), (1.0, 2.0, 1.0 + CARDS.problems), (1.0, -9.0, 0.0)],
)
def test_risk_and_open_problems_raise_the_rate(risk: float, problems: float, ratio: float) -> None:
    world = unpoliced()
    put(world, "quadrants", risk=risk, problems=problems)
    assert hazard(world, base_rate=8.0) == pytest.approx([8.0 * ratio] * 4)


@pytest.mark.parametrize(("presence", "prevented"), [(0.0, 0.0), (0.9, 0.5), (2.7, 0.75), (1e9, 1.0)])
def test_presence_prevents_up_to_a_share_and_half_of_it_at_the_half_presence(presence: float, prevented: float) -> None:
    world = unpoliced()
    put(world, "quadrants", presence=presence)
    rate = hazard(world, base_rate=10.0, half_presence=0.9, patrol=0.3, displaced=0.0)
    assert rate == pytest.approx([10.0 * (1.0 - 0.3 * prevented)] * 4)


def test_each_further_officer_in_the_street_prevents_less() -> None:
    world, rates = unpoliced(), []
    for presence in (0.0, 1.0, 2.0, 3.0, 4.0):
        put(world, "quadrants", presence=presence)
        rates.append(hazard(world)[0])
    prevented = -np.diff(rates)
    assert np.all(prevented > 0.0)
    assert np.all(np.diff(prevented) < 0.0)


def test_part_of_what_patrol_prevents_moves_to_the_neighbours_and_none_of_it_is_lost() -> None:
    world = unpoliced((1000, 2000, 500, 1000))
    put(world, "quadrants", presence=[0.9, 0.0, 0.0, 0.0])
    rate, arriving = incidents.rates(
        world, own(incidents, base_rate=10.0, half_presence=0.9, patrol=0.4, displaced=0.25)
    )
    # quadrant 0 has 10 incidents a week, its patrol prevents 2, of which 0.5 go to its neighbours 1 and 2
    assert arriving == pytest.approx([0.0, 0.25, 0.25, 0.0])
    assert rate == pytest.approx([8.0, 10.0 + 0.25 / 2.0, 10.0 + 0.25 / 0.5, 10.0])


def test_displacement_is_conserved_with_patrols_everywhere() -> None:
    world = unpoliced((1000, 2000, 500, 1500))
    put(world, "quadrants", presence=[0.5, 1.0, 2.0, 4.0], risk=[0.5, 1.0, 2.0, 1.0])
    cards = own(incidents)
    with_it, arriving = incidents.rates(world, cards)
    without = np.array(hazard(world, displaced=0.0))
    bare = np.array(hazard(world, patrol=0.0))
    people = world.quadrants.population / 1000.0
    assert arriving.sum() == pytest.approx(cards.displaced * ((bare - without) * people).sum())
    assert ((with_it - without) * people).sum() == pytest.approx(arriving.sum())


def test_a_quadrant_without_neighbours_keeps_what_it_displaces() -> None:
    world = plain(one_quadrant(1000), officers=1)
    put(world, "officers", time_patrol=0.0)
    put(world, "quadrants", presence=1e9)
    assert hazard(world, base_rate=10.0, patrol=0.4, displaced=0.25) == pytest.approx([6.0 + 0.25 * 4.0])


@pytest.mark.parametrize(
    ("knowledge", "patrol", "proximity", "usable", "share"),
    [
        (1.0, 1.0, 0.0, 1.0, 1.0),
        (1.0, 0.0, 1.0, 1.0, 1.0),
        (0.5, 1.0, 0.0, 1.0, 0.5),
        (1.0, 0.4, 0.0, 1.0, 0.4),
        (1.0, 0.0, 0.4, 1.0, 0.6),
        (1.0, 1.0, 0.0, 0.0, 0.4),
        (0.0, 1.0, 0.0, 1.0, 0.0),
    ],
)
def test_officers_who_know_the_quadrant_prevent_if_they_have_time_and_intelligence(
    knowledge: float, patrol: float, proximity: float, usable: float, share: float
) -> None:
    world = unpoliced()
    put(world, "officers", knowledge=knowledge, time_patrol=patrol, time_proximity=proximity)
    put(world, "quadrants", usable=usable)
    assert hazard(world, base_rate=10.0, informed=0.5) == pytest.approx([10.0 * (1.0 - 0.5 * share)] * 4, abs=1e-5)


@pytest.mark.parametrize(
    ("alive", "attendance", "efficacy", "share"),
    [(True, 20, 1.0, 1.0), (True, 10, 0.5, 0.25), (True, 99, 0.5, 0.5), (False, 20, 1.0, 0.0), (True, 20, 0.0, 0.0)],
)
def test_neighbours_who_meet_prevent_if_they_believe_in_it(
    alive: bool, attendance: int, efficacy: float, share: float
) -> None:
    world = unpoliced()
    put(world, "committees", alive=alive, attendance=attendance)
    put(world, "quadrants", efficacy=efficacy)
    assert hazard(world, base_rate=10.0, collective=0.2) == pytest.approx([10.0 * (1.0 - 0.2 * share)] * 4)


@pytest.mark.parametrize("people_per_row", [1.0, 10.0])
def test_where_the_rate_is_zero_there_is_no_victim(people_per_row: float) -> None:
    world = unpoliced(people_per_row=people_per_row)
    for world.week in range(20):
        step(incidents, world, base_rate=0.0)
        assert not world.citizens.victim.any()
        assert world.incidents.rows == 0
        assert world.quadrants.occurred.sum() == 0.0


def test_every_incident_has_its_victim() -> None:
    world = unpoliced()
    step(incidents, world, base_rate=100.0)
    assert world.incidents.rows > 100
    assert world.incidents.citizen.tolist() == np.flatnonzero(world.citizens.victim).tolist()
    assert world.quadrants.occurred.sum() == world.incidents.rows


def weekly_counts(world: World, weeks: int, **changes: Any) -> np.ndarray[Any, Any]:
    """Incidents in each week and quadrant, float64[weeks, quadrants]."""
    counts = np.zeros((weeks, world.quadrants.rows))
    for world.week in range(weeks):
        step(incidents, world, **changes)
        counts[world.week] = world.quadrants.occurred
    return counts


@pytest.mark.parametrize("people_per_row", [1.0, 4.0, 50.0])
def test_counts_are_near_poisson_within_a_quadrant_however_many_people_a_row_stands_for(people_per_row: float) -> None:
    counts = weekly_counts(unpoliced((1000,) * 4, people_per_row), 400)
    ratio = float(np.median(counts.var(axis=0, ddof=1) / counts.mean(axis=0)))
    assert 0.8 <= ratio <= 1.2  # Q6: 1.15 at the median; standard error 0.04


def test_the_mean_does_not_depend_on_how_many_people_a_row_stands_for() -> None:
    """Four thousand residents meet 144,000 incidents each time: the standard error is 0.3 %."""
    for people_per_row in (1.0, 4.0, 50.0):
        world = unpoliced((1000,) * 4, people_per_row)
        put(world, "citizens", exposure=64)
        assert weekly_counts(world, 1200, base_rate=30.0).mean() == pytest.approx(30.0, rel=0.012), people_per_row


def test_exposure_spreads_incidents_unevenly_and_leaves_their_mean_as_it_is() -> None:
    exposure = plain(square_city((25_000,) * 4), officers=1).citizens.exposure / 64.0
    assert exposure.mean() == pytest.approx(1.0, abs=0.01)  # standard error 0.0025
    assert np.quantile(exposure, 0.95) > 2.0


def test_the_exposed_are_victims_more_often() -> None:
    world, victims = unpoliced((1000, 0, 0, 0)), np.zeros(1000)
    put(world, "citizens", exposure=np.where(np.arange(1000) < 500, 32, 96))
    for world.week in range(100):
        step(incidents, world, base_rate=50.0)
        victims += world.citizens.victim
    assert victims[500:].sum() / victims[:500].sum() == pytest.approx(3.0, rel=0.1)


def test_hot_quadrants_stay_hot() -> None:
    counts = weekly_counts(unpoliced(risk=[0.4, 0.8, 1.2, 1.6]), 104)
    first, second = counts[:52].sum(axis=0), counts[52:].sum(axis=0)
    assert np.argsort(first).tolist() == np.argsort(second).tolist() == [0, 1, 2, 3]  # Q9


def test_nobody_is_a_victim_where_nobody_lives() -> None:
    world = unpoliced((0, 1000, 1000, 1000))
    put(world, "quadrants", presence=1.0)
    counts = weekly_counts(world, 20, base_rate=50.0)
    assert np.all(counts[:, 0] == 0.0)
    assert world.quadrants.hazard[0] == 0.0
    assert np.all(counts[:, 1:].sum(axis=0) > 0.0)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_newcomer_does_not_make_the_people_behind_the_rows_negative() -> None:
    """A quadrant of 100 people with 101 rows: a row stands for less than one person, and none is left unshown."""
    world = plain(square_city(), newcomers=(1, 1))
    happen(world, "incidents", citizen=[])
    step(incidents, world)
    assert np.all(world.quadrants.occurred >= 0.0)
