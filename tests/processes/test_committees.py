"""Who comes, who stays away: halving visit by visit today, lasting attendance where results and support keep it up."""

from typing import Any

import numpy as np
import pytest
from worlds import begin, own, plain, put, square_city, step

from sim.processes import committees
from sim.world import World

CARDS = own(committees)
THEORIES = ["efficacy", "sociability", "patronage"]
TODAY = {"support": 0.1, "accountability": 0.0, "session_interval": 8, "reform_after": 0}
SUPPORTED = {"support": 0.9, "accountability": 1.0, "session_interval": 8, "reform_after": 0}
SECOND_YEAR = 60  # weeks to go, far from any election


def many(city: dict[str, Any], tied: float = 0.15, each: int = 100) -> World:
    """Committees about to be formed, ``each`` in every quadrant, in a city run as ``city`` says."""
    world = plain(square_city((4000,) * 4), committees_per_quadrant=each)
    put(world, "citizens", efficacy=0.3, patron_tie=np.arange(16_000) % 100 < 100 * tied)
    put(world, "administration", weeks_left=SECOND_YEAR, **city)
    return world


def history(world: World, weeks: int, solved: int = 0, **changes: Any) -> dict[int, float]:
    """Mean attendance over all committees by number of the session; a dead committee has nobody."""
    came = np.zeros((200, world.committees.rows))
    for world.week in range(weeks):
        put(world, "quadrants", requests_solved=solved)
        step(committees, world, **changes)
        met = np.flatnonzero(world.committees.met)
        came[world.committees.sessions[met], met] = world.committees.attendance[met]
    return {session: float(came[session].mean()) for session in range(1, int(world.committees.sessions.max()) + 1)}


def weeks_of(visits: int) -> int:
    """Weeks until so many follow-up visits have been made."""
    return int(CARDS.formation_sessions * CARDS.formation_interval + visits * TODAY["session_interval"])


@pytest.mark.parametrize("participation", THEORIES)
def test_today_attendance_halves_at_each_follow_up_visit_and_most_committees_die(participation: str) -> None:
    world = many(TODAY)
    came = history(world, weeks_of(4), participation=participation)
    visits = [came[1], *(came.get(4 + visit, 0.0) for visit in range(1, 5))]
    assert visits[0] == pytest.approx(20.0, abs=1.0)  # S1: "you begin with twenty
    assert came[4] > 17.0
    assert 7.0 <= visits[1] <= 13.0  # then ten
    assert 3.0 <= visits[2] <= 7.0  # then five
    assert visits[4] < visits[3] < visits[2]
    assert visits[4] < CARDS.least_attendance  # and then no one comes"
    assert world.committees.alive.mean() < 0.5


def test_with_support_and_visible_results_attendance_lasts_for_years() -> None:
    world = many(SUPPORTED)
    came = history(world, weeks_of(26), solved=1)
    first_year, fourth = (np.mean([came[4 + visit] for visit in visits]) for visits in (range(1, 7), range(20, 26)))
    assert world.committees.alive.mean() > 0.9  # M27: alive after 24 months and longer
    assert fourth == pytest.approx(first_year, rel=0.3)  # E34: stable for years
    assert fourth > 12.0


def test_support_makes_a_committee_last_under_every_theory() -> None:
    for participation in THEORIES:
        alive = []
        for city in (TODAY, SUPPORTED):
            world = many(city)
            history(world, weeks_of(8), participation=participation)
            alive.append(float(world.committees.alive.mean()))
        assert alive[1] > alive[0] + 0.3, (participation, alive)


def test_twenty_founders_meet_four_times_and_then_every_eight_weeks() -> None:
    world, met = many(SUPPORTED, each=1), []
    for world.week in range(30):
        step(committees, world, founders=20, formation_sessions=4, formation_interval=1)
        if world.week == 0:
            assert world.committees.spell.tolist() == [1] * 4
            assert np.all((world.committees.attendance >= 17) & (world.committees.attendance <= 20))
        met.append(bool(world.committees.met.all()))
    assert np.flatnonzero(met).tolist() == [0, 1, 2, 3, 11, 19, 27]
    assert world.committees.sessions.tolist() == [7] * 4


def test_the_prevention_office_reaches_every_committee_in_its_first_round() -> None:
    world, formed = many(TODAY), []
    begin(committees, world)
    for world.week in range(CARDS.first_round + 1):
        step(committees, world, poor_sessions=1000)
        formed.append(int((world.committees.spell > 0).sum()))
    assert formed[-1] == 400
    assert formed[CARDS.first_round // 2] == pytest.approx(200, abs=40)
    assert formed[0] < 30


def seated(filled: int = 20, sessions: int = 10, **seats: Any) -> World:
    """A committee in every quadrant whose next session is this week, with so many members."""
    world = plain(square_city((1000,) * 4))
    put(world, "administration", session_interval=1, weeks_left=SECOND_YEAR)
    put(world, "committees", alive=True, spell=1, age=50, sessions=sessions, attendance=20, members=filled)
    put(world, "seats", filled=np.arange(world.seats.rows) % CARDS.seats_per_committee < filled, **seats)
    return world


ALL_COME: dict[str, Any] = {"habit": 1.0}
NOBODY_COMES: dict[str, Any] = {"habit": 0.0, "support": 0.0, "least_attendance": 0, "encouraged": 0.0}


@pytest.mark.parametrize(("dropped", "members"), [(0.0, [20, 0, 0]), (1.0, [0, 0, 0])])
def test_who_misses_twice_in_a_row_is_off_the_list_and_who_misses_once_may_be(
    dropped: float, members: list[int]
) -> None:
    world, left = seated(), []
    put(world, "citizens", patron_tie=False)
    for _ in members:
        step(committees, world, dropped=dropped, recruiting=0.0, **NOBODY_COMES)
        left.append(int(world.committees.members[0]))
    assert left == members


def test_a_share_of_those_who_miss_never_comes_back() -> None:
    world = many(TODAY)
    put(world, "committees", alive=True, spell=1, age=50, sessions=10)
    put(world, "seats", filled=True)
    put(world, "administration", session_interval=1)
    put(world, "citizens", patron_tie=False)
    step(committees, world, dropped=0.4, recruiting=0.0, **NOBODY_COMES)
    assert world.seats.filled.mean() == pytest.approx(0.6, abs=0.02)


def test_who_comes_again_in_between_has_missed_nothing() -> None:
    world = seated(missed=1)
    step(committees, world, **ALL_COME)
    assert not world.seats.missed[world.seats.filled].any()
    assert np.all(world.committees.members >= 20)


@pytest.mark.parametrize(
    ("support", "solved", "invited"), [(0.0, 0.0, 0.0), (1.0, 0.0, 0.2), (0.0, 2.0, 0.1), (1.0, 1e9, 0.4)]
)
def test_support_and_results_fill_empty_seats(support: float, solved: float, invited: float) -> None:
    world = many(TODAY)
    put(world, "committees", alive=True, spell=1, age=50, sessions=10, solved_since=solved)
    put(world, "administration", session_interval=1, support=support)
    put(world, "seats", filled=np.arange(world.seats.rows) % CARDS.seats_per_committee < 10)
    cards = {"recruiting": 0.4, "support_recruits": 0.5, "results_needed": 2.0}
    step(committees, world, **ALL_COME, **cards)
    empty = CARDS.seats_per_committee - 10
    assert (world.seats.filled.sum() / 400 - 10) / empty == pytest.approx(invited, abs=0.02)


def test_a_committee_never_has_more_members_than_seats_nor_more_people_than_members() -> None:
    world = many(SUPPORTED)
    for world.week in range(60):
        before = world.committees.members.copy()
        put(world, "quadrants", requests_solved=5)
        step(committees, world)
        formed = world.committees.age == 0
        assert world.committees.members.max() <= CARDS.seats_per_committee
        met = world.committees.met
        assert np.all((world.committees.attendance <= np.where(formed, CARDS.founders, before))[met])


@pytest.mark.parametrize(
    ("drive", "solved", "accountability", "after"),
    [
        (0.5, 0.0, 1.0, 0.3),  # 0.5 - 0.4 x 0.5
        (0.5, 2.0, 1.0, 0.55),  # half convinced: 0.5 + 0.6 x 0.5 x 0.5 - 0.4 x 0.5 x 0.5
        (0.5, 2.0, 0.0, 0.5 + 0.3 * 0.2 - 0.2 * 0.8),  # seen alone: a quarter of two
        (1.0, 1e12, 1.0, 1.0),
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_members_judge_by_what_was_solved_as_far_as_they_hear_of_it(
    drive: float, solved: float, accountability: float, after: float
) -> None:
    world = seated(drive=drive)
    put(world, "committees", solved_since=solved)
    put(world, "administration", accountability=accountability)
    cards = {"encouraged": 0.6, "disappointed": 0.4, "results_needed": 2.0, "seen_alone": 0.25}
    step(committees, world, **ALL_COME, **cards, recruiting=0.0)
    assert world.seats.drive[:20] == pytest.approx(np.full(20, after))


def test_results_are_counted_from_session_to_session() -> None:
    world, counted = seated(), []
    put(world, "administration", session_interval=4)
    for _ in range(9):
        put(world, "quadrants", requests_solved=[2, 0, 0, 0])
        step(committees, world, **ALL_COME)
        counted.append((bool(world.committees.met[0]), float(world.committees.solved_since[0])))
    at = [met for met, _ in counted].index(True)
    assert [solved for _, solved in counted[at : at + 5]] == [0.0, 2.0, 4.0, 6.0, 0.0]
    assert world.committees.solved_since[1:].tolist() == [0.0] * 3


def chance(participation: str, tied: bool, drive: float, weeks_left: int = SECOND_YEAR, **city: float) -> float:
    """Chance that a member comes, where nobody comes out of habit."""
    world = seated(drive=drive)
    put(world, "citizens", patron_tie=tied)
    put(world, "administration", weeks_left=weeks_left, **city)
    cards = own(committees, participation=participation, habit=0.0, support=0.8)
    return float(committees.attendance_chance(world, cards)[0])


BEFORE, AFTER = CARDS.favours_before, CARDS.favours_after


@pytest.mark.parametrize(
    ("participation", "tied", "drive", "support", "expected"),
    [
        ("efficacy", False, 0.4, 0.0, 0.4),
        ("efficacy", False, 0.4, 1.0, 0.4 + 0.8 * 0.6),
        ("efficacy", True, 0.4, 0.0, 0.7 * 0.4 + 0.3 * AFTER),
        ("sociability", False, 0.0, 0.0, CARDS.company),  # twenty came last time, two thirds of the seats are filled
        ("patronage", False, 0.9, 0.0, CARDS.without_patron),
        ("patronage", True, 0.9, 0.0, AFTER),
    ],
)
def test_what_brings_a_member_depends_on_the_theory(
    participation: str, tied: bool, drive: float, support: float, expected: float
) -> None:
    assert chance(participation, tied, drive, support=support) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("to_go", "favours"), [(27, AFTER), (26, BEFORE), (1, BEFORE), (156, AFTER)])
def test_favours_flow_in_the_last_half_year_before_an_election(to_go: int, favours: float) -> None:
    assert chance("patronage", True, 0.0, to_go) == pytest.approx(favours)
    assert chance("patronage", False, 0.0, to_go) == CARDS.without_patron  # who has no patron does not feel it


@pytest.mark.parametrize("participation", THEORIES)
def test_patrons_bring_members_before_elections_and_take_them_away_after(participation: str) -> None:
    campaign, after = (chance(participation, True, 0.4, week) for week in (1, 156))
    assert campaign > after
    assert chance(participation, False, 0.4, 1) == chance(participation, False, 0.4, 156)


def test_the_share_tied_to_a_patron_is_that_of_the_members() -> None:
    world = seated(filled=10)
    put(world, "citizens", patron_tie=np.isin(np.arange(4000), world.seats.citizen[:4]))
    step(committees, world, **ALL_COME, recruiting=0.0)
    assert world.committees.patronage.tolist() == [0.4, 0.0, 0.0, 0.0]


def test_a_committee_that_hardly_anyone_attends_dies_and_is_formed_anew_if_the_city_wants_it() -> None:
    world, alive = seated(), []
    put(world, "administration", reform_after=5)
    put(world, "citizens", patron_tie=False)
    for world.week in range(9):
        step(committees, world, habit=0.0, support=0.0, participation="patronage", without_patron=0.0, poor_sessions=1)
        alive.append((bool(world.committees.alive[0]), bool(world.committees.died[0]), int(world.committees.spell[0])))
    assert alive[0] == (False, True, 1)
    assert alive[1:5] == [(False, False, 1)] * 4
    assert (True, False, 2) in alive[5:7]


def test_a_dead_committee_stays_dead_where_nobody_forms_it_anew() -> None:
    world = many(TODAY)
    history(world, 52)
    dead = ~world.committees.alive & (world.committees.spell > 0)
    history(world, 104)
    assert dead.sum() > 200
    assert not world.committees.alive[dead].any()
    assert np.all(world.committees.spell == 1)


def test_where_no_committee_lives_nobody_meets_and_nothing_is_raised() -> None:
    world = plain(square_city())
    put(world, "administration", session_interval=1, reform_after=0)
    put(world, "committees", spell=1, alive=False)
    for world.week in range(10):
        step(committees, world)
        for name in ("met", "alive", "raised", "members", "attendance", "died"):
            assert not getattr(world.committees, name).any(), name
        assert not world.seats.filled.any()


def test_nobody_founds_a_committee_where_nobody_lives() -> None:
    world = plain(square_city((0, 100, 100, 100)))
    put(world, "administration", **TODAY)
    step(committees, world)
    assert world.committees.alive.tolist() == [False, True, True, True]


def test_requests_are_raised_in_sessions_by_those_who_come() -> None:
    world = many(SUPPORTED)
    put(world, "committees", alive=True, spell=1, age=52, sessions=10)
    put(world, "seats", filled=np.arange(world.seats.rows) % CARDS.seats_per_committee < 20)
    step(committees, world, **ALL_COME)
    assert world.committees.raised.sum() == 0  # no session this week
    put(world, "administration", session_interval=1)
    step(committees, world, **ALL_COME, requests_per_member=0.1)
    assert world.committees.raised.mean() == pytest.approx(2.0, abs=0.25)
    assert np.all(world.committees.raised <= world.committees.attendance)
