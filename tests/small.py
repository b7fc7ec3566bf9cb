"""A small city that runs in a fraction of a second, with enough officers to rotate; and a city stated by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from sim.network import City
from sim.scenario import Scenario
from sim.simulation import run
from sim.tables import Table
from sim.world import World

SMALL: dict[str, Any] = {
    "city.quadrants": 12,
    "city.sectors": 3,
    "city.residents": 4800,
    "parameters.population.officers_per_1000": 10.0,  # 48 officers: four per quadrant
    "run.weeks": 30,
    "run.burn_in": 4,
}


def small(**changes: Any) -> Scenario:
    """The small city with some settings changed; ``rotation__period=52`` stands for ``rotation.period``."""
    stated = {key.replace("__", "."): value for key, value in changes.items()}
    return Scenario.default().with_changes(SMALL | stated)


def line_city(
    population: Sequence[int],
    sector: Sequence[int] | None = None,
    marginalisation: Sequence[float] | None = None,
) -> City:
    """Quadrants a, b, c ... in a row, each the neighbour of the next."""
    size = len(population)
    sector = sector or [0] * size
    even = np.ones(size)
    return City(
        name="row",
        ids=tuple("abcdefghijklmnopqrstuvwxyz"[:size]),
        population=np.array(population),
        sector=np.array(sector),
        sector_names=tuple(f"s{k}" for k in range(max(sector) + 1)),
        x=np.arange(size),
        y=np.zeros(size),
        area_km2=even,
        marginalisation=np.full(size, 0.5) if marginalisation is None else np.array(marginalisation),
        business=even,
        risk=even,
        edges=np.array([(k, k + 1) for k in range(size - 1)]).reshape(-1, 2),
    )


def put(table: Table, **columns: Any) -> None:
    """Write columns by hand, whoever owns them."""
    for name, values in columns.items():
        with opened(table, name):
            table.write(name, values)


@contextmanager
def opened(table: Table, name: str) -> Iterator[None]:
    """The turn of the column's owner."""
    table.turn = table.owner(name)
    try:
        yield
    finally:
        table.turn = ""


# ------------------------------------------------------------------------------ what a run came to, in numbers

SECTIONS = ("levers", "run", "city", "theories", "parameters")
Look = Callable[[World], float]
LOOKS: dict[str, Look] = {  # seen each week, beside the observations; the mean over all weeks counts
    "time on calls": lambda world: float(world.officers.time_calls.mean()),
    "presence differs": lambda world: float(world.quadrants.presence.std()),
    "moves beyond the sector": lambda world: float(world.officers.moved_sector.sum()),
    "handing over": lambda world: float((world.officers.handing_over > 0).mean()),
    "spells": lambda world: float(world.committees.spell.mean()),
    "requests raised": lambda world: float(world.committees.raised.sum()),
    "military": lambda world: float(world.administration.military[0]),
}


@cache
def _came_to(changes: tuple[tuple[str, Any], ...], seed: int) -> tuple[str, dict[str, float]]:
    looks: dict[str, list[float]] = {name: [] for name in LOOKS}

    def look(world: World) -> None:
        if world.week >= 0:
            for name, function in LOOKS.items():
                looks[name].append(function(world))

    record = run(Scenario.default().with_changes(SMALL | dict(changes)), seed, each_week=look)
    weekly = record.tables()["weekly"]
    known = {name: column[~np.isnan(column)] for name, column in weekly.items()}
    means = {name: float(column.mean()) if len(column) else float("nan") for name, column in known.items()}
    means |= {name: float(np.mean(values)) for name, values in looks.items()}
    means["last knowledge"] = float(weekly["knowledge"][-1])
    means["last procedural skill"] = float(weekly["procedural_skill"][-1])
    means["last ties"] = float(weekly["collusive_ties"][-1])
    means["most moves in a week"] = float(weekly["moves"].max())
    means["weeks with moves"] = float((weekly["moves"] > 0).mean())
    return record.digest(), means


def came_to(changes: dict[str, Any], seed: int = 1) -> tuple[str, dict[str, float]]:
    """Digest of a run of the small city, and the means over its weeks; each run is made once.

    A key of two parts is a lever's: ``rotation.period`` is ``levers.rotation.period``, unless it begins with ``run``,
    ``city`` or ``theories``.
    """
    return _came_to(tuple(sorted((full_key(key), value) for key, value in changes.items())), seed)


def full_key(key: str) -> str:
    """The key of a lever with ``levers`` before it, any other as it is."""
    return key if key.partition(".")[0] in SECTIONS else f"levers.{key}"
