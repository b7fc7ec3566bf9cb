"""Tiny worlds for tests: a hand-made city of four quadrants whose every number can be written down.

``plain`` gives a world in which no process has begun, so that every column is neutral until a test puts a value there;
``begun`` gives the world of a scenario before its first week. Parameters come from the cards unless a test changes
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from sim import week
from sim.cards import Values
from sim.luck import Luck
from sim.network import City
from sim.population import found, populate
from sim.scenario import Scenario
from sim.tables import Table
from sim.world import World

#   0 - 1
#   |   |    quadrants 0 and 1 are sector 0, quadrants 2 and 3 sector 1
#   2 - 3
SQUARE = ((0, 1), (0, 2), (1, 3), (2, 3))


def square_city(population: Sequence[int] = (100, 100, 100, 100), **columns: Any) -> City:
    """Four quadrants in a square and two sectors, all alike but for what ``columns`` says."""
    four = np.ones(len(population))
    values: dict[str, Any] = {
        "sector": [0, 0, 1, 1][: len(population)],
        "x": np.arange(len(population)) % 2,
        "y": np.arange(len(population)) // 2,
        "area_km2": four,
        "marginalisation": 0.5 * four,
        "business": four,
        "risk": four,
        "edges": [edge for edge in SQUARE if max(edge) < len(population)],
    } | columns
    values["edges"] = np.array(values["edges"], np.int32).reshape(-1, 2)
    names = tuple(f"s{k}" for k in range(max(values["sector"]) + 1))
    ids = tuple(f"q{k}" for k in range(len(population)))
    return City("Square", ids, np.array(population), sector_names=names, **values)


def one_quadrant(population: int = 100) -> City:
    """A single quadrant without neighbours."""
    return square_city((population,))


@cache
def default() -> Scenario:
    """Every setting at the default of its card."""
    return Scenario.default()


def own(process: ModuleType, **changes: Any) -> Values:
    """The values of a process's cards as the model uses them (weekly), with some of them changed."""
    values = default().parameters[week.name(process)]
    assert set(changes) <= set(values), f"no such card: {set(changes) - set(values)}"
    return Values({**values, **changes})


def rules(changes: Mapping[str, Any] | None = None, without: Sequence[str] = ()) -> week.Rules:
    """The rules of the default scenario with some settings changed, by dotted key as in a scenario file."""
    scenario = default().with_changes(changes or {})
    return week.Rules(scenario.parameters, scenario.levers, default().levers, frozenset(without))


def plain(
    city: City | None = None,
    officers: float = 8,
    people_per_row: float = 1.0,
    seed: int = 1,
    newcomers: Sequence[int] = (),
    **population: Any,
) -> World:
    """A world in which no process has begun: every column neutral, and nobody differs from anybody.

    ``officers`` are shared among the quadrants by population and serve where they are posted; other keywords change
    cards of the population.
    """
    city = city or square_city()
    parameters = dict(default().parameters)
    per_1000 = officers * 1000.0 / max(int(city.population.sum()), 1)
    alike = {"temper_spread": 0.0, "reluctance_spread": 0.0, "integrity_spread": 0.0}
    changes = {"officers_per_1000": per_1000} | alike | population
    parameters["population"] = Values({**parameters["population"], **changes})
    world = found(city, parameters, seed, people_per_row, "float64", newcomers)
    put(world, "officers", quadrant=world.officers.post, aptitude=0.0)
    put(world, "citizens", disposition=0.0)
    return world


def begun(
    city: City | None = None,
    changes: Mapping[str, Any] | None = None,
    seed: int = 1,
    people_per_row: float = 1.0,
    **more: Any,
) -> World:
    """The world of the default scenario, with some settings changed, before its first week."""
    return populate(city or square_city(), rules(changes), seed, people_per_row, **more)


def put(world: World, table: str, **columns: Any) -> None:
    """Write hand-made values into columns, whoever owns them."""
    rows: Table = getattr(world, table)
    for name, values in columns.items():
        with world.turn(rows.owner(name)):
            rows.write(name, values)


def happen(world: World, table: str, **columns: Any) -> None:
    """Make this week's list of events by hand: one row per event."""
    rows: Table = getattr(world, table)
    first = next(iter(rows.columns()))
    with world.turn(rows.owner(first)):
        rows.resize(len(np.atleast_1d(next(iter(columns.values())))))
    put(world, table, **columns)


def step(process: ModuleType, world: World, seed: int = 1, **changes: Any) -> None:
    """One week of one process alone, with some of its cards changed."""
    name = week.name(process)
    with world.turn(name):
        process.step(world, own(process, **changes), Luck(seed).of(name, world.week))


def begin(process: ModuleType, world: World, seed: int = 1, **changes: Any) -> None:
    """What one process starts from, with some of its cards changed."""
    name = week.name(process)
    with world.turn(name):
        process.begin(world, own(process, **changes), Luck(seed).of(f"begin {name}", world.week))


def advance(
    world: World,
    weeks: int,
    law: week.Rules | None = None,
    seed: int = 1,
    each_week: Callable[[World], None] | None = None,
) -> None:
    """Whole weeks of the model, from the world's own week on."""
    law = law or rules()
    for _ in range(weeks):
        week.advance(world, law, Luck(seed))
        if each_week is not None:
            each_week(world)
        world.week += 1


def not_finite(world: World) -> list[str]:
    """Names of columns that hold a value that is no number."""
    return [
        f"{table.name}.{name}"
        for table in world.tables()
        for name in table.columns()
        if not np.all(np.isfinite(getattr(table, name)))
    ]
