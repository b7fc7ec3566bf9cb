"""Encounters: stops and tickets, answers to calls, proximity visits, and how residents were treated.

Treatment is negative, neutral or positive by the officer's temper, skill, knowledge, recognition and morale, by quota
pressure and militarisation, and by the resident's prior. Officers are heavy-tailed: the worst 3 % draw 20-35 % of
complaints (E32).
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import binomial, bounded, kept, poisson, threshold
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

STOP, CALL, VISIT = 1, 2, 3
NEGATIVE, NEUTRAL, POSITIVE = 1, 2, 3

COLUMNS = (
    Column("encounters", "citizen", "int64", "row", "resident row"),
    Column("encounters", "officer", "int64", "row", "officer"),
    Column("encounters", "kind", "int8", "code", "1 stop, 2 call answered, 3 proximity visit"),
    Column("encounters", "treatment", "int8", "code", "1 negative, 2 neutral, 3 positive"),
    Column("quadrants", "stops", "float64", "encounters/week", "stops, tickets and arrests of residents"),
    Column("quadrants", "arrests", "float64", "encounters/week", "stops that ended in an arrest"),
    Column("quadrants", "calls", "float64", "encounters/week", "calls answered"),
    Column("quadrants", "visits", "float64", "encounters/week", "proximity visits"),
    Column("quadrants", "negative", "float64", "encounters/week", "encounters with negative treatment"),
    Column("quadrants", "positive", "float64", "encounters/week", "encounters with positive treatment"),
    Column("officers", "complaints", "float64", "complaints", "recent complaints, fading"),
    Column("officers", "complaints_ever", "float64", "complaints", "complaints since enlisting"),
    Column("quadrants", "complaints", "float64", "complaints/week", "complaints of all people"),
)


def step(world: World, own: Values, luck: Luck) -> None:
    """Draw this week's encounters and how they went."""
    rate = _rates(world, own)
    rows, kind = _contacts(world, own, luck, rate)
    officer = _officers(world, own, rows, kind, luck)
    met = officer >= 0
    rows, kind, officer = rows[met], kind[met], officer[met]
    bad, good = chances(world, own, officer, kind, world.citizens.fairness[rows])
    word = luck.words("treatment", world.citizens)[rows]
    treatment = np.where(word < threshold(bad), NEGATIVE, np.where(word >= threshold(1.0 - good), POSITIVE, NEUTRAL))
    world.encounters.resize(len(rows))
    world.encounters.write("citizen", rows)
    world.encounters.write("officer", officer)
    world.encounters.write("kind", kind)
    world.encounters.write("treatment", treatment)
    _count(world, rows, kind, treatment, rate, luck)
    arrested = binomial(world.quadrants.stops, own.arrested, luck.longs("arrests", world.quadrants))
    world.quadrants.write("arrests", arrested)
    _complain(world, own, luck)


def _rates(world: World, own: Values) -> dict[int, NDArray[np.float64]]:
    """Encounters of each kind per resident and week, float64[quadrants], from the hours that officers gave."""
    officers, quadrants = world.officers, world.quadrants
    people = np.maximum(quadrants.population, 1.0)
    hours = {name: getattr(officers, f"time_{name}") * own.week_hours for name in ("quota", "patrol", "proximity")}
    stops = hours["quota"] / own.quota_hours + hours["patrol"] * own.patrol_stops
    visits = hours["proximity"] * own.visiting / own.visit_hours
    total = {STOP: stops, VISIT: visits}
    rate = {k: np.bincount(officers.quadrant, weights=v, minlength=quadrants.rows) / people for k, v in total.items()}
    rate[CALL] = np.where(quadrants.strength > 0, own.calls * (0.5 + 0.5 * quadrants.hazard / own.usual_hazard), 0.0)
    return {k: np.where(quadrants.population > 0, np.minimum(v, 0.3), 0.0) for k, v in rate.items()}


def _contacts(
    world: World, own: Values, luck: Luck, rate: dict[int, NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Resident rows met this week and the kind of encounter; stops fall on the young, calls on those who reported."""
    citizens = world.citizens
    ages = np.array([own.young, 1.0, own.old])
    usual = (ages * np.bincount(citizens.age_band, minlength=3)).sum() / max(citizens.rows, 1)
    ages = ages / max(usual, 1e-9)  # who is stopped depends on age, how many are stopped does not
    bound = float(ages.max())
    edge = np.cumsum([rate[STOP] * bound, rate[VISIT], rate[CALL]], axis=0)
    word = luck.words("contact", citizens)
    rows = np.flatnonzero(word < np.repeat(threshold(edge[2]), world.rows()))
    home, drawn = world.home(rows), word[rows]
    kind = np.where(drawn < threshold(edge[0])[home], STOP, np.where(drawn < threshold(edge[1])[home], VISIT, CALL))
    age = ages[citizens.age_band[rows]] / bound
    stays = (kind != STOP) | (luck.words("age", citizens)[rows] < threshold(age))
    called = world.incidents.citizen[world.incidents.reported]
    kinds = np.zeros(citizens.rows, np.int8)
    kinds[rows[stays]] = kind[stays]
    kinds[called] = CALL
    met = np.flatnonzero(kinds)
    return met, kinds[met]


def _officers(
    world: World, own: Values, rows: NDArray[np.int64], kind: NDArray[np.int8], luck: Luck
) -> NDArray[np.int64]:
    """Who met each resident, int64[encounters]: an officer of the quadrant, by the time given to that kind of work."""
    officers = world.officers
    word = luck.words("officer", world.citizens)[rows]
    time = {
        STOP: officers.time_quota / own.quota_hours + own.patrol_stops * officers.time_patrol,
        CALL: officers.time_calls,
        VISIT: officers.time_proximity,
    }
    chosen = np.full(len(rows), -1, np.int64)
    for code, share in time.items():
        of_kind = np.flatnonzero(kind == code)
        chosen[of_kind] = pick(world.home(rows[of_kind]), word[of_kind], officers.quadrant, share, world.quadrants.rows)
    return chosen


def pick(
    home: NDArray[np.int64],
    word: NDArray[np.uint32],
    quadrant: NDArray[np.int32],
    share: NDArray[np.float64],
    size: int,
) -> NDArray[np.int64]:
    """An officer of each event's quadrant with chance proportional to ``share``, or -1 where nobody serves."""
    order = np.argsort(quadrant, kind="stable")
    parts = np.rint(share[order] * 1e6).astype(np.int64) + 1
    ends = np.cumsum(parts)
    total = np.bincount(quadrant, weights=np.rint(share * 1e6) + 1, minlength=size).astype(np.int64)
    start = np.cumsum(total) - total
    place = start[home] + (word.astype(np.int64) * total[home] >> 32)
    found = np.searchsorted(ends, place, side="right")
    return np.where(total[home] > 0, order[np.minimum(found, len(order) - 1)] if len(order) else -1, -1)


def chances(
    world: World, own: Values, officer: NDArray[np.int64], kind: NDArray[np.int8], prior: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chances of negative and of positive treatment, float64[encounters]; what is left is neutral."""
    officers, city = world.officers, world.administration
    skill = officers.procedural[officer] - own.usual_skill
    known = officers.knowledge[officer] * (1.0 + officers.recognition[officer]) / 2.0
    morale = officers.morale[officer] - 0.5
    base_bad = np.array([0.0, own.bad_stop, own.bad_call, own.bad_visit])[kind]
    base_good = np.array([0.0, own.good_stop, own.good_call, own.good_visit])[kind]
    pressed = world.quadrants.quota[officers.quadrant[officer]] / own.usual_quota - 1.0
    strain = 1.0 + own.quota_strain * pressed * (kind == STOP) + own.military_strain * city.military
    worse = strain * (
        1.0
        - own.skill * skill
        - own.morale * morale
        - own.prior * (prior - 0.5)
        - own.known * (known - own.usual_known)
    )
    bad = bounded(base_bad * officers.temper[officer] * np.maximum(worse, 0.05), 0.0, 0.9)
    told_apart = 1.0 + own.told_apart * (city.distinct & officers.proximity_unit[officer])
    better = (
        1.0
        + own.skill * skill
        + own.morale * morale
        + own.prior * (prior - 0.5)
        + own.known * (known - own.usual_known)
    )
    good = bounded(base_good * np.maximum(better, 0.05) * told_apart, 0.0, 1.0)
    return bad, np.minimum(good, 1.0 - bad)


def _count(
    world: World,
    rows: NDArray[np.int64],
    kind: NDArray[np.int8],
    treatment: NDArray[np.int64],
    rate: dict[int, NDArray[np.float64]],
    luck: Luck,
) -> None:
    """Encounters among all people: those shown, and a Poisson count for the people that rows do not show."""
    quadrants, home = world.quadrants, world.home(rows)
    unshown = quadrants.population * (1.0 - 1.0 / quadrants.weight)
    hidden_reports = (quadrants.strength > 0) * (
        quadrants.reported
        - np.bincount(world.home(world.incidents.citizen[world.incidents.reported]), minlength=quadrants.rows)
    )
    for code, name in ((STOP, "stops"), (CALL, "calls"), (VISIT, "visits")):
        shown = np.bincount(home[kind == code], minlength=quadrants.rows)
        more = poisson(unshown * rate[code], luck.longs(name, quadrants))
        quadrants.write(name, shown + more + (hidden_reports if code == CALL else 0.0))
    for code, name in ((NEGATIVE, "negative"), (POSITIVE, "positive")):
        quadrants.write(name, np.bincount(home[treatment == code], minlength=quadrants.rows) * quadrants.weight)


def _complain(world: World, own: Values, luck: Luck) -> None:
    """Complaints of shown residents, and a Poisson count from what each officer's hours did to the others.

    Bad treatment by an officer of bad temper is worse, and complained of more: by the root of the temper.
    """
    officers, events, quadrants = world.officers, world.encounters, world.quadrants
    chance = own.complaint * (0.5 + world.administration.complaint_handling) * np.sqrt(officers.temper)
    angry = luck.words("complaint", world.citizens)[events.citizen] < threshold(chance[events.officer])
    angry &= events.treatment == NEGATIVE
    shown = np.bincount(events.officer[angry], minlength=officers.rows)
    place = officers.quadrant
    hidden = (1.0 - 1.0 / quadrants.weight)[place]
    unshown = hidden * _expected_negative(world, own) * chance if hidden.any() else hidden
    new = shown + poisson(unshown, luck.longs("complaints", officers))
    officers.write(
        "complaints", np.where(officers.left, 0.0, officers.complaints) * kept(own.complaint_half_life) + new
    )
    officers.write("complaints_ever", np.where(officers.left, 0.0, officers.complaints_ever) + new)
    quadrants.write("complaints", np.bincount(place, weights=new, minlength=quadrants.rows))


def _expected_negative(world: World, own: Values) -> NDArray[np.float64]:
    """Negative encounters per week that each officer's hours are expected to bring, float64[officers]."""
    officers = world.officers
    everyone = np.arange(officers.rows)
    prior = world.quadrants.fairness[officers.quadrant]
    hours = own.week_hours
    counts = {
        STOP: officers.time_quota * hours / own.quota_hours + officers.time_patrol * hours * own.patrol_stops,
        CALL: officers.time_calls * hours / own.call_hours,
        VISIT: officers.time_proximity * hours * own.visiting / own.visit_hours,
    }
    expected = np.zeros(officers.rows)
    for code, count in counts.items():
        kind = np.full(officers.rows, code, np.int8)
        expected += count * chances(world, own, everyone, kind, prior)[0]
    return expected
