"""Who meets the police, who it is that they meet, and how they are treated."""

from typing import Any

import numpy as np
import pytest
from worlds import advance, begun, happen, own, plain, put, rules, square_city, step

from sim.processes import encounters
from sim.world import World

STOP, CALL, VISIT = 1, 2, 3
NEGATIVE, NEUTRAL, POSITIVE = 1, 2, 3
CARDS = own(encounters)
KINDS = ("stops", "calls", "visits")
FULL_WORD = np.array([2**32 - 1], np.uint32)


def usual(population: tuple[int, ...] = (2000,) * 4, people_per_row: float = 1.0, **officers: Any) -> World:
    """Two officers for every 1,000 residents, of usual skill and morale, under the usual quota."""
    world = plain(square_city(population), officers=2.0 * sum(population) / 1000.0, people_per_row=people_per_row)
    start = {"temper": 1.0, "procedural": CARDS.usual_skill, "morale": 0.5, "knowledge": 0.15, "recognition": 1.0}
    put(world, "officers", **{**start, "time_patrol": 0.0, **officers})
    put(world, "quadrants", quota=CARDS.usual_quota, strength=4.0, hazard=CARDS.usual_hazard)
    put(world, "administration", complaint_handling=0.5)
    return world


def totals(world: World, weeks: int, **changes: Any) -> dict[str, float]:
    """Encounters per week in the whole city."""
    names = (*KINDS, "negative", "positive", "complaints")
    sums = dict.fromkeys(names, 0.0)
    for world.week in range(weeks):
        step(encounters, world, **changes)
        for name in names:
            sums[name] += float(getattr(world.quadrants, name).sum()) / weeks
    return sums


@pytest.mark.parametrize("people_per_row", [1.0, 20.0])
def test_officers_stop_as_many_as_their_hours_allow(people_per_row: float) -> None:
    """16 officers with 28 hours of quota work a week, 2.5 hours each: ten tickets per element."""
    world = usual(people_per_row=people_per_row, time_quota=0.4)
    seen = totals(world, 60, week_hours=70.0, quota_hours=2.8)
    assert seen["stops"] == pytest.approx(16 * 10, rel=0.03)  # 9,600 stops: standard error 1 %
    assert seen["visits"] == 0.0


@pytest.mark.parametrize("people_per_row", [1.0, 20.0])
def test_officers_visit_as_many_as_their_hours_allow(people_per_row: float) -> None:
    world = usual(people_per_row=people_per_row, time_proximity=0.5)
    seen = totals(world, 60, week_hours=70.0, visiting=0.5, visit_hours=1.0)
    assert seen["visits"] == pytest.approx(16 * 17.5, rel=0.03)
    assert seen["stops"] == 0.0


@pytest.mark.parametrize("people_per_row", [1.0, 20.0])
@pytest.mark.parametrize(("hazard", "ratio"), [(1.0, 1.0), (3.0, 2.0), (0.0, 0.5)])
def test_calls_rise_by_half_as_much_as_incidents(people_per_row: float, hazard: float, ratio: float) -> None:
    world = usual(people_per_row=people_per_row, time_calls=0.1)
    put(world, "quadrants", hazard=hazard * CARDS.usual_hazard)
    assert totals(world, 60, calls=0.01)["calls"] == pytest.approx(8000 * 0.01 * ratio, rel=0.05)


def test_a_higher_quota_brings_more_stops_and_more_bad_treatment() -> None:
    seen = {}
    for quota in (2.0, 8.0):
        world = usual(time_quota=quota * CARDS.quota_hours / CARDS.week_hours)
        put(world, "quadrants", quota=quota)
        seen[quota] = totals(world, 60)
    assert seen[8.0]["stops"] == pytest.approx(4.0 * seen[2.0]["stops"], rel=0.06)
    assert seen[8.0]["negative"] / seen[8.0]["stops"] > 1.1 * seen[2.0]["negative"] / seen[2.0]["stops"]


def test_the_young_are_stopped_more_often_and_the_old_less_often() -> None:
    world = usual((4000, 4000, 4000, 4000), time_quota=0.4)
    age, stopped = world.citizens.age_band, np.zeros(world.citizens.rows)
    for world.week in range(60):
        step(encounters, world)
        stopped += np.bincount(world.encounters.citizen, minlength=world.citizens.rows)
    rates = [float(stopped[age == band].mean()) for band in range(3)]
    assert rates[0] / rates[1] == pytest.approx(CARDS.young, rel=0.06)
    assert rates[2] / rates[1] == pytest.approx(CARDS.old, rel=0.1)


def test_who_reported_an_incident_is_visited_by_the_police() -> None:
    world = usual(time_calls=0.1)
    happen(world, "incidents", citizen=[7, 3000], reported=[True, False])
    step(encounters, world, calls=0.0)
    assert world.encounters.citizen.tolist() == [7]
    assert world.encounters.kind.tolist() == [CALL]


def test_a_resident_meets_the_police_at_most_once_a_week_and_an_officer_of_the_own_quadrant() -> None:
    world = usual(time_quota=0.3, time_patrol=0.3, time_proximity=0.3, time_calls=0.1)
    step(encounters, world)
    events = world.encounters
    assert events.rows > 50
    assert len(np.unique(events.citizen)) == events.rows
    assert np.all(world.officers.quadrant[events.officer] == world.home(events.citizen))
    assert set(events.treatment) <= {NEGATIVE, NEUTRAL, POSITIVE}


@pytest.mark.parametrize(("people_per_row", "reported"), [(1.0, 1), (20.0, 5)])
def test_where_nobody_serves_nobody_is_met(people_per_row: float, reported: int) -> None:
    world = usual(people_per_row=people_per_row, time_quota=0.3, time_calls=0.1, quadrant=0)
    put(world, "quadrants", strength=[16.0, 0.0, 0.0, 0.0], reported=reported)
    happen(world, "incidents", citizen=world.offsets[:-1], reported=True)  # the first resident of each quadrant
    step(encounters, world)
    for name in KINDS:
        assert getattr(world.quadrants, name)[1:].tolist() == [0.0] * 3, name
    assert world.quadrants.stops[0] > 0.0


def test_where_nobody_lives_nobody_is_met() -> None:
    world = usual((0, 2000, 2000, 2000), time_quota=0.3, time_calls=0.1)
    put(world, "officers", quadrant=np.arange(world.officers.rows) % 4)
    step(encounters, world)
    assert [float(getattr(world.quadrants, name)[0]) for name in KINDS] == [0.0] * 3
    assert world.quadrants.stops[1:].sum() > 0.0


def test_a_city_without_officers_has_no_encounters() -> None:
    world = plain(officers=0)
    happen(world, "incidents", citizen=[7], reported=True)
    put(world, "quadrants", reported=[1.0, 0.0, 0.0, 0.0])
    step(encounters, world, calls=0.9)
    assert world.encounters.rows == 0
    assert world.quadrants.calls.sum() == 0.0


@pytest.mark.parametrize(
    ("home", "word", "officer"),
    [
        (0, 0, 0),
        (0, 2**31 - 1, 0),
        (0, 3 * 2**30 - 2**20, 0),
        (0, 3 * 2**30 + 2**20, 2),
        (0, 2**32 - 1, 2),
        (1, 0, 1),
        (1, 2**32 - 1, 1),
        (2, 0, -1),
        (2, 2**31, -1),
    ],
)
def test_an_officer_is_met_in_proportion_to_the_hours_given(home: int, word: int, officer: int) -> None:
    """Officers 0 and 2 serve quadrant 0 and give three quarters and one quarter of its hours; nobody serves 2."""
    quadrant, share = np.array([0, 1, 0], np.int32), np.array([0.6, 0.1, 0.2])
    chosen = encounters.pick(np.array([home]), np.array([word], np.uint32), quadrant, share, 3)
    assert chosen.tolist() == [officer]


def test_the_last_quadrant_may_be_the_one_without_officers() -> None:
    chosen = encounters.pick(np.array([1]), FULL_WORD, np.zeros(2, np.int32), np.ones(2), 2)
    assert chosen.tolist() == [-1]


def chance(kind: int = STOP, prior: float = 0.5, world: World | None = None, **officers: Any) -> list[float]:
    """Chances of negative and positive treatment by the first officer."""
    world = world or usual()
    put(world, "officers", **officers)
    bad, good = encounters.chances(world, CARDS, np.array([0]), np.array([kind], np.int8), np.array([prior]))
    return [float(bad[0]), float(good[0])]


BAD, GOOD = CARDS.bad_stop, CARDS.good_stop


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (STOP, [CARDS.bad_stop, CARDS.good_stop]),
        (CALL, [CARDS.bad_call, CARDS.good_call]),
        (VISIT, [CARDS.bad_visit, CARDS.good_visit]),
    ],
)
def test_an_ordinary_officer_under_the_usual_quota_treats_people_by_the_base_chances(
    kind: int, base: list[float]
) -> None:
    assert chance(kind) == pytest.approx(base)


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ({"procedural": CARDS.usual_skill + 0.2}, 0.2 * CARDS.skill),
        ({"procedural": CARDS.usual_skill - 0.2}, -0.2 * CARDS.skill),
        ({"morale": 0.9}, 0.4 * CARDS.morale),
        ({"knowledge": 0.45}, 0.3 * CARDS.known),
        ({"knowledge": 0.5, "recognition": 0.0}, 0.1 * CARDS.known),  # unknown to residents: knowledge counts half
        ({"prior": 0.9}, 0.4 * CARDS.prior),
        ({"prior": 0.1}, -0.4 * CARDS.prior),
    ],
)
def test_skill_morale_knowledge_and_the_residents_prior_make_treatment_better(
    change: dict[str, float], by: float
) -> None:
    assert chance(**change) == pytest.approx([BAD * (1.0 - by), GOOD * (1.0 + by)])


def test_quota_pressure_worsens_stops_and_nothing_else() -> None:
    world = usual()
    put(world, "quadrants", quota=2.0 * CARDS.usual_quota)
    assert chance(STOP, world=world) == pytest.approx([BAD * (1.0 + CARDS.quota_strain), GOOD])
    assert chance(CALL, world=world) == pytest.approx([CARDS.bad_call, CARDS.good_call])


def test_militarised_encounters_are_worse() -> None:
    world = usual()
    put(world, "administration", military=1.0)
    assert chance(world=world) == pytest.approx([BAD * (1.0 + CARDS.military_strain), GOOD])


@pytest.mark.parametrize(("temper", "bad"), [(0.0, 0.0), (0.5, 0.5 * BAD), (2.0, min(0.9, 2.0 * BAD)), (99.0, 0.9)])
def test_bad_treatment_is_in_proportion_to_temper_up_to_a_bound(temper: float, bad: float) -> None:
    assert chance(temper=temper)[0] == pytest.approx(bad)


@pytest.mark.parametrize(("unit", "distinct", "more"), [(True, True, 1.0), (True, False, 0.0), (False, True, 0.0)])
def test_a_unit_in_its_own_uniform_is_told_apart(unit: bool, distinct: bool, more: float) -> None:
    world = usual()
    put(world, "administration", distinct=distinct)
    got = chance(world=world, proximity_unit=unit)
    assert got == pytest.approx([BAD, GOOD * (1.0 + more * CARDS.told_apart)])


def test_chances_are_chances_for_every_officer_and_resident() -> None:
    world, draw = usual((20_000,) * 4), np.random.default_rng(1)
    n = world.officers.rows
    put(world, "officers", temper=draw.exponential(3.0, n), procedural=draw.random(n), morale=draw.random(n))
    put(world, "officers", knowledge=draw.random(n), proximity_unit=True)
    put(world, "administration", distinct=True, military=1.0)
    put(world, "quadrants", quota=40.0)
    for kind in (STOP, CALL, VISIT):
        bad, good = encounters.chances(world, CARDS, np.arange(n), np.full(n, kind, np.int8), draw.random(n))
        assert bad.min() >= 0.0
        assert good.min() >= 0.0
        assert (bad + good).max() <= 1.0 + 1e-12


def test_treatment_is_drawn_by_its_chances() -> None:
    world, treatment = usual(time_quota=0.4), []
    for world.week in range(60):
        step(encounters, world)
        treatment.append(world.encounters.treatment.copy())
    all_of_them = np.concatenate(treatment)
    assert (all_of_them == NEGATIVE).mean() == pytest.approx(BAD, abs=0.02)
    assert (all_of_them == POSITIVE).mean() == pytest.approx(GOOD, abs=0.012)


def test_only_bad_treatment_brings_complaints() -> None:
    good, bad = usual(time_quota=0.4, temper=0.0), usual(time_quota=0.4)
    assert totals(good, 10, complaint=1.0)["complaints"] == 0.0
    seen = totals(bad, 10, complaint=1.0)
    assert seen["complaints"] == seen["negative"] > 0.0


@pytest.mark.parametrize("people_per_row", [1.0, 20.0])
@pytest.mark.parametrize(("handling", "share"), [(0.0, 0.1), (0.5, 0.2), (1.0, 0.3)])
def test_complaints_follow_bad_treatment_as_far_as_they_are_taken_up(
    people_per_row: float, handling: float, share: float
) -> None:
    world = usual(people_per_row=people_per_row, time_quota=0.4)
    put(world, "administration", complaint_handling=handling)
    expected = 16 * 0.4 * 70.0 / 2.5 * BAD * share  # officers x hours / hours a stop x bad x complains
    seen = totals(world, 100, complaint=0.2, week_hours=70.0, quota_hours=2.5)
    assert seen["complaints"] == pytest.approx(expected, rel=0.1)


def test_complaints_fade_and_a_recruit_starts_without_any() -> None:
    world = usual()
    put(world, "officers", complaints=8.0, complaints_ever=8.0, left=[True, *[False] * 15])
    for world.week in range(10):
        step(encounters, world, complaint_half_life=10.0, calls=0.0)
        put(world, "officers", left=False)
    assert world.officers.complaints == pytest.approx([0.0, *[4.0] * 15])
    assert world.officers.complaints_ever.tolist() == [0.0, *[8.0] * 15]


def test_three_in_a_hundred_officers_draw_a_quarter_of_complaints() -> None:
    """3,000 officers, until there is about one complaint per officer, as in the study."""
    changes = {"population.officers_per_1000": 1.5, "careers.leaver_rate": 0.0}
    world = begun(square_city((500_000,) * 4), changes, people_per_row=1000.0)
    assert world.officers.rows == 3000
    weeks = 0
    while world.officers.complaints_ever.mean() < 1.04 and weeks < 300:
        advance(world, 1, rules(changes))
        weeks += 1
    drawn = np.sort(world.officers.complaints_ever)[::-1]
    assert 0.20 <= drawn[:90].sum() / drawn.sum() <= 0.35  # E32


def test_as_many_are_arrested_as_the_card_says() -> None:
    world, stops, arrests = usual(time_quota=0.4), 0.0, 0.0
    for world.week in range(60):
        step(encounters, world)
        stops += world.quadrants.stops.sum()
        arrests += world.quadrants.arrests.sum()
    assert arrests / stops == pytest.approx(CARDS.arrested, abs=0.02)
