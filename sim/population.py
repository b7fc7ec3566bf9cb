"""Population: a city, a scenario and a seed become a world at its first week.

A resident row may stand for several people (``people_per_row``); rows are sorted by quadrant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import week
from sim.cards import Values
from sim.exact import bell, exp, threshold
from sim.luck import Luck
from sim.network import City
from sim.tables import Table
from sim.world import COLUMNS, TABLES, World

OWNER = "population"
NEAR = 4


class PopulationError(ValueError):
    """The city is too large or too small for the tables; the message says what to change."""


def populate(
    city: City,
    rules: week.Rules,
    seed: int,
    people_per_row: float = 1.0,
    precision: str = "float32",
    first_week: int = 0,
    newcomers: Sequence[int] = (),
) -> World:
    """The world before ``first_week``, with every process begun.

    Args:
        city: the network and its places.
        rules: parameters and levers in force.
        seed: the run's seed.
        people_per_row: people that one resident row stands for, at least 1.
        precision: ``float32`` or ``float64``, of the residents' attitudes.
        first_week: negative where today's way of working is run in before the reform.
        newcomers: quadrants (index) that get one more resident row each, whose luck comes after everyone else's, so
            that nobody else's draws change.

    Raises:
        PopulationError: a quadrant with more than 65,535 resident rows; raise ``city.people_per_row``.
    """
    world = found(city, rules.parameters, seed, people_per_row, precision, newcomers)
    world.week = first_week
    week.begin(world, rules, Luck(seed))
    return world


def found(
    city: City,
    parameters: Mapping[str, Values],
    seed: int,
    people_per_row: float = 1.0,
    precision: str = "float32",
    newcomers: Sequence[int] = (),
) -> World:
    """The world with its lasting columns, before any process has begun."""
    own = parameters[OWNER]
    base = np.where(city.population > 0, np.maximum(1, np.rint(city.population / people_per_row)), 0).astype(np.int64)
    added = np.bincount(np.asarray(newcomers, np.int64), minlength=len(base))
    rows = base + added
    if rows.max(initial=0) > 65_535:
        largest = city.ids[int(rows.argmax())]
        raise PopulationError(
            f"quadrant {largest} would have {rows.max()} resident rows, at most 65,535 are allowed; "
            f"raise city.people_per_row above {city.population.max() / 65_535:.1f} (now {people_per_row:g})"
        )
    quadrants = len(city.ids)
    posts = allocate(own.officers_per_1000 * city.population.sum() / 1000.0, city.population)
    places = np.repeat(np.arange(quadrants), own.committees_per_quadrant)
    sizes = {
        "quadrants": quadrants,
        "citizens": int(rows.sum()),
        "officers": int(posts.sum()),
        "committees": len(places),
        "seats": len(places) * parameters["committees"].seats_per_committee,
        "commanders": len(city.sector_names),
        "agencies": own.departments,
        "administration": 1,
    }
    tables = {name: Table(name, sizes.get(name, 0), precision) for name in TABLES}
    if added.any():
        tables["citizens"].slots = _slots(base, added)
    offsets = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
    parts: dict[str, Any] = {**tables, "offsets": offsets, "indptr": city.indptr, "indices": city.indices}
    world = World(**parts)
    world.add(OWNER, COLUMNS)
    week.add_columns(world)
    luck = Luck(seed).of(OWNER, 0).lasting()
    with world.turn(OWNER):
        _quadrants(world, city, base, added)
        _citizens(world, own, luck)
        _acquaintances(world, luck, base)
        _force(world, own, luck, posts)
        _committees(world, luck, places, base)
    return world


def _slots(base: NDArray[np.int64], added: NDArray[np.int64]) -> NDArray[np.int64]:
    """Luck of the rows when newcomers stand at the end of their quadrants: theirs comes after everyone else's."""
    old = np.arange(base.sum())
    new = base.sum() + np.arange(added.sum())
    ends = np.repeat(np.cumsum(base), added)
    return np.insert(old, ends, new)


def allocate(total: float, weight: NDArray[np.int64]) -> NDArray[np.int64]:
    """Share ``round(total)`` whole posts in proportion to ``weight`` by largest remainders, int64[n]."""
    people = int(weight.sum())
    whole_total = max(1, round(total)) if people and total > 0 else 0
    exact = weight / max(people, 1) * whole_total
    posts = np.floor(exact).astype(np.int64)
    rest = whole_total - int(posts.sum())
    order = np.argsort(posts - exact, kind="stable")
    posts[order[:rest]] += 1
    return posts


def _quadrants(world: World, city: City, base: NDArray[np.int64], added: NDArray[np.int64]) -> None:
    quadrants = world.quadrants
    weight = np.where(base > 0, city.population / np.maximum(base, 1), 1.0)
    quadrants.write("sector", city.sector)
    quadrants.write("population", city.population + added * weight)
    quadrants.write("weight", weight)
    for name in ("marginalisation", "business", "risk"):
        quadrants.write(name, getattr(city, name))


def _citizens(world: World, own: Values, luck: Luck) -> None:
    citizens = world.citizens
    citizens.write("disposition", bell(luck.longs("disposition", citizens)))
    spread = own.exposure_spread
    exposure = exp(spread * bell(luck.longs("exposure", citizens)) - spread * spread / 2.0)
    citizens.write("exposure", np.clip(np.rint(64.0 * exposure), 0, 255))
    age = luck.words("age", citizens)
    citizens.write("age_band", (age >= threshold(own.young)).astype(np.uint8) + (age >= threshold(1.0 - own.old)))
    business = np.minimum(1.0, own.business_owners * world.quadrants.business)
    citizens.write("business_owner", luck.words("business", citizens) < np.repeat(threshold(business), world.rows()))
    tied = np.clip(own.patron_ties * (0.5 + world.quadrants.marginalisation), 0.0, 1.0)
    citizens.write("patron_tie", luck.words("patron", citizens) < np.repeat(threshold(tied), world.rows()))


def _acquaintances(world: World, luck: Luck, base: NDArray[np.int64]) -> None:
    """Four others of the quadrant and one anybody of the city, drawn among those who were there before any newcomer."""
    citizens, rows = world.citizens, world.rows()
    there = np.repeat(base, rows)
    local = np.arange(citizens.rows) - np.repeat(world.offsets[:-1], rows)
    others = np.maximum(np.where(local < there, there - 1, there), 1)
    first = np.where(local < there, local + 1, 0)
    there = np.maximum(there, 1)
    near = citizens.edit("near")
    for k in range(NEAR):
        near[:, k] = (first + luck.words(f"near {k}", citizens) % others) % there
    del first, others, there, local
    old = luck.words("far", citizens).astype(np.uint64) * np.uint64(base.sum()) >> np.uint64(32)
    before = np.cumsum(rows - base) - (rows - base)  # newcomers in the quadrants before
    home = np.searchsorted(np.cumsum(base), old, side="right")
    citizens.write("far", old.astype(np.int64) + before[np.minimum(home, len(base) - 1)])


def _force(world: World, own: Values, luck: Luck, posts: NDArray[np.int64]) -> None:
    officers = world.officers
    officers.write("post", np.repeat(np.arange(len(posts)), posts))
    world.commanders.write("reluctance", own.reluctance_spread * bell(luck.longs("reluctance", world.commanders)))


def _committees(world: World, luck: Luck, places: NDArray[np.int64], base: NDArray[np.int64]) -> None:
    """Committees and the persons who would take their seats: consecutive rows from a random one,
    so all different where the quadrant has as many rows as seats."""
    committees, seats = world.committees, world.seats
    committees.write("quadrant", places)
    per = seats.rows // max(committees.rows, 1)
    committee = np.repeat(np.arange(committees.rows), per)
    seats.write("committee", committee)
    rows = np.maximum(base[places], 1)
    first = (luck.words("first seat", committees) % rows)[committee]
    offset = (first + np.arange(seats.rows) % max(per, 1)) % rows[committee]
    last = max(world.citizens.rows - 1, 0)
    seats.write("citizen", np.minimum(world.offsets[places][committee] + offset, last))
