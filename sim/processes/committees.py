"""Committees: formation, sessions, attendance, visible results, drop-out, recruitment, patronage.

Today the prevention office forms a committee in four sessions and then makes follow-up visits: "you begin with twenty,
then ten, then five and then no one comes" (S1). With sustained support and visible results attendance lasts (E34, M27).
What keeps a member coming is the theory ``participation``: belief that it brings results (``efficacy``), the company of
the others (``sociability``), or the favours of a patron (``patronage``).
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import binomial, bounded, group_means, threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("committees", "alive", "bool", "yes/no", "meets"),
    Column("committees", "spell", "int32", "count", "times that it has been formed"),
    Column("committees", "age", "int32", "weeks", "weeks since formation, or since it died"),
    Column("committees", "life", "int32", "weeks", "weeks from formation to now, or to death"),
    Column("committees", "sessions", "int32", "sessions", "sessions held since formation"),
    Column("committees", "met", "bool", "yes/no", "held a session this week"),
    Column("committees", "died", "bool", "yes/no", "met for the last time this week"),
    Column("committees", "attendance", "int32", "people", "people at the last session"),
    Column("committees", "members", "int32", "people", "members on the list"),
    Column("committees", "poor", "int32", "sessions", "follow-up sessions in a row that hardly anyone attended"),
    Column("committees", "raised", "int64", "requests/week", "requests raised in this week's session"),
    Column(
        "committees",
        "solved_since",
        "float64",
        "requests",
        "requests solved in the quadrant since the last session",
    ),
    Column("committees", "patronage", "float64", "share", "members tied to a patron"),
    Column("seats", "filled", "bool", "yes/no", "the person is a member"),
    Column("seats", "missed", "int32", "sessions", "sessions missed in a row"),
    Column("seats", "drive", "float64", "share", "belief that taking part brings results"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """No committee yet; the prevention office gets round to each within ``first_round`` weeks."""
    wait = (luck.words("first", world.committees) % np.uint32(own.first_round)).astype(np.int32)
    world.committees.write("age", -wait)


def step(world: World, own: Values, luck: Luck) -> None:
    """Form, meet, lose, win and bury: one week of every committee."""
    committees = world.committees
    _form(world, own, luck)
    solved = committees.solved_since + world.quadrants.requests_solved[committees.quadrant]
    meets = _due(world, own)
    committees.write("met", meets)
    committees.write("sessions", committees.sessions + meets)
    came = _attend(world, own, luck, meets)
    attendance = np.bincount(world.seats.committee[came], minlength=committees.rows)
    _judge(world, own, meets, solved)
    _lose_and_win(world, own, luck, meets, came, solved)
    committees.write("attendance", np.where(meets, attendance, committees.attendance))
    heard = binomial(attendance, own.requests_per_member, luck.longs("requests", committees))
    committees.write("raised", np.where(meets, heard, 0))
    committees.write("solved_since", np.where(meets, 0.0, solved))
    _bury(world, own, meets, attendance)


def _form(world: World, own: Values, luck: Luck) -> None:
    committees, seats, city = world.committees, world.seats, world.administration
    first = (committees.spell == 0) & (committees.age >= 0)
    again = (committees.spell > 0) & (city.reform_after > 0) & (committees.age >= city.reform_after)
    people = world.quadrants.population[committees.quadrant] > 0
    formed = ~committees.alive & (first | again) & people
    committees.write("alive", committees.alive | formed)
    committees.write("spell", committees.spell + formed)
    committees.write("age", np.where(formed, 0, committees.age + 1))
    committees.write("life", np.where(committees.alive, committees.age, committees.life))
    for name in ("sessions", "poor", "attendance"):
        committees.write(name, np.where(formed, 0, getattr(committees, name)))
    committees.write("died", False)
    new = formed[seats.committee]
    rank = np.arange(seats.rows) % own.seats_per_committee
    seats.write("filled", np.where(new, rank < own.founders, seats.filled & committees.alive[seats.committee]))
    seats.write("missed", np.where(new, 0, seats.missed))
    belief = own.first_drive + own.belief * (world.citizens.efficacy[seats.citizen] - 0.3)
    seats.write("drive", np.where(new, bounded(belief, 0.0, 1.0), seats.drive))


def _due(world: World, own: Values) -> NDArray[np.bool_]:
    """Formation sessions come quickly, follow-up sessions every ``session_interval`` weeks."""
    committees = world.committees
    forming = own.formation_sessions * own.formation_interval
    quick = (committees.age < forming) & (committees.age % own.formation_interval == 0)
    later = (committees.age >= forming) & ((committees.age - forming + 1) % world.administration.session_interval == 0)
    return committees.alive & (quick | later)


def _attend(world: World, own: Values, luck: Luck, meets: NDArray[np.bool_]) -> NDArray[np.bool_]:
    seats = world.seats
    chance = attendance_chance(world, own)
    forming = (world.committees.sessions <= own.formation_sessions)[seats.committee]
    chance = np.where(forming, own.formation_attendance, chance)
    return seats.filled & meets[seats.committee] & (luck.words("attend", seats) < threshold(chance))


def attendance_chance(world: World, own: Values) -> NDArray[np.float64]:
    """Chance that a member comes to a follow-up session, float64[seats], under the theory in force."""
    seats, city, committees = world.seats, world.administration, world.committees
    favours = _favours(world, own)
    if own.participation == "efficacy":
        pull = seats.drive
    elif own.participation == "sociability":
        company = np.minimum(1.0, committees.attendance / own.founders)[seats.committee]
        bound = np.minimum(1.0, group_means(seats.filled, seats.committee, committees.rows) * 1.5)[seats.committee]
        pull = own.company * company * (0.5 + 0.5 * bound)
    else:
        pull = np.where(world.citizens.patron_tie[seats.citizen], favours, own.without_patron)
    pull = np.where(world.citizens.patron_tie[seats.citizen], 0.7 * pull + 0.3 * favours, pull)
    pull = bounded(pull, 0.0, 1.0)
    return own.habit + (1.0 - own.habit) * (pull + own.support * city.support * (1.0 - pull))


def _favours(world: World, own: Values) -> float:
    """Favours that patrons hand out: many in the months before an election, few after."""
    campaigning = world.administration.weeks_left[0] <= own.campaign
    return float(own.favours_before if campaigning else own.favours_after)


def _judge(world: World, own: Values, meets: NDArray[np.bool_], solved: NDArray[np.float64]) -> None:
    """Members judge by what was solved since the last session, as far as they hear of it."""
    seats, city, committees = world.seats, world.administration, world.committees
    judged = meets & (committees.sessions > own.formation_sessions)
    seen = solved * (own.seen_alone + (1.0 - own.seen_alone) * city.accountability)
    results = (seen / (seen + own.results_needed))[seats.committee]
    step_up = own.encouraged * results * (1.0 - seats.drive)
    step_down = own.disappointed * (1.0 - results) * seats.drive
    drive = np.where(judged[seats.committee], seats.drive + step_up - step_down, seats.drive)
    seats.write("drive", bounded(drive, 0.0, 1.0))


def _lose_and_win(
    world: World,
    own: Values,
    luck: Luck,
    meets: NDArray[np.bool_],
    came: NDArray[np.bool_],
    solved: NDArray[np.float64],
) -> None:
    """Who misses may never come back; who comes may bring a neighbour, the more so the more was solved."""
    seats, committees, city = world.seats, world.committees, world.administration
    here = meets[seats.committee]
    missed = np.where(here, np.where(came, 0, seats.missed + 1), seats.missed)
    gone = (
        here & seats.filled & ~came & (luck.words("drop", seats) < threshold(np.where(missed >= 2, 1.0, own.dropped)))
    )
    visible = solved / (solved + own.results_needed)
    invites = own.recruiting * (own.support_recruits * city.support + (1.0 - own.support_recruits) * visible)
    follow_up = committees.sessions > own.formation_sessions
    attended = np.bincount(seats.committee[came], minlength=committees.rows)
    invites = np.where(follow_up & (attended >= own.least_attendance), invites, 0.0)
    won = here & ~seats.filled & (luck.words("recruit", seats) < threshold(invites[seats.committee]))
    seats.write("filled", (seats.filled & ~gone) | won)
    seats.write("missed", np.where(won, 0, missed))
    seats.write("drive", np.where(won, own.first_drive, seats.drive))
    members = np.bincount(seats.committee[seats.filled], minlength=committees.rows)
    tied = np.bincount(
        seats.committee[seats.filled & world.citizens.patron_tie[seats.citizen]], minlength=committees.rows
    )
    committees.write("members", members)
    committees.write("patronage", tied / np.maximum(members, 1))


def _bury(world: World, own: Values, meets: NDArray[np.bool_], attendance: NDArray[np.int64]) -> None:
    committees = world.committees
    follow_up = meets & (committees.sessions > own.formation_sessions)
    poor = np.where(follow_up, np.where(attendance < own.least_attendance, committees.poor + 1, 0), committees.poor)
    died = committees.alive & (poor >= own.poor_sessions)
    committees.write("poor", poor)
    committees.write("died", died)
    committees.write("alive", committees.alive & ~died)
    committees.write("age", np.where(died, 0, committees.age))
