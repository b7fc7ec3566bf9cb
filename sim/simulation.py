"""Run a scenario: ``run(scenario, seed)`` gives a record, ``compare(a, b)`` paired differences,
``Run`` goes week by week. No files but those that the scenario names, no clock, no globals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim import week
from sim.cards import Values
from sim.luck import Luck
from sim.network import City, build_city
from sim.observations import FUNCTIONS, QUADRANT_FLOWS, QUADRANT_STATES, observe
from sim.population import populate
from sim.scenario import Scenario
from sim.week import Rules
from sim.world import World

if TYPE_CHECKING:
    import pandas as pd

HALF_YEAR = 26
LAST_WEEKS = 26  # a run's end value is the mean of its last half year
Tables = dict[str, dict[str, NDArray[Any]]]


@dataclass
class Record:
    """What a run leaves.

    Attributes:
        scenario: name of the scenario.
        scenario_hash: hash of everything in it that can change a result.
        seed: the run's seed.
        quadrant_ids: names of the quadrants, in the order of the index that ``quadrants`` uses.
        notes: what was handled while the city was built.
    """

    scenario: str
    scenario_hash: str
    seed: int
    quadrant_ids: tuple[str, ...]
    notes: tuple[str, ...]
    _tables: Tables = field(repr=False)

    def tables(self) -> Tables:
        """Tidy columns by table: ``weekly``, ``quadrants``, ``committees`` and ``sessions``."""
        return self._tables

    def _frame(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(self._tables[name])

    @property
    def weekly(self) -> pd.DataFrame:
        """One row per week, one column per observation."""
        return self._frame("weekly")

    @property
    def quadrants(self) -> pd.DataFrame:
        """One row per quadrant and reporting week; flows are sums since the last reporting week."""
        frame = self._frame("quadrants")
        frame.insert(1, "id", np.array(self.quadrant_ids, object)[frame["quadrant"].to_numpy()])
        return frame

    @property
    def committees(self) -> pd.DataFrame:
        """One row per life of a committee: when it was formed and died (-1: still meets), sessions held."""
        return self._frame("committees")

    @property
    def sessions(self) -> pd.DataFrame:
        """One row per committee session, with attendance."""
        return self._frame("sessions")

    def end(self) -> dict[str, float]:
        """Mean of every observation over the last half year; nan where it was never defined."""
        with np.errstate(invalid="ignore"):
            return {
                key: _nanmean(column[-LAST_WEEKS:]) for key, column in self._tables["weekly"].items() if key != "week"
            }

    def digest(self) -> str:
        """SHA-256 over the bytes of every table."""
        return digest(self._tables)


def digest(tables: Tables) -> str:
    """SHA-256 over names, dtypes and bytes of every column, in order."""
    total = sha256()
    for name, columns in tables.items():
        for key, column in columns.items():
            total.update(f"{name}.{key}:{column.dtype.str}:{len(column)}".encode())
            total.update(np.ascontiguousarray(column).tobytes())
    return total.hexdigest()


def _nanmean(column: NDArray[Any]) -> float:
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else float("nan")


def rules_of(scenario: Scenario, without: Iterable[str] = ()) -> Rules:
    """The rules that a scenario sets; ``without`` leaves processes out of the week.

    Raises:
        ValueError: a name in ``without`` that is no process.
    """
    known = {week.name(module) for module in week.PROCESSES}
    if unknown := set(without) - known:
        raise ValueError(f"no process {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return Rules(scenario.parameters, scenario.levers, Scenario.default().levers, frozenset(without))


def city_of(scenario: Scenario) -> City:
    """The scenario's city, kept for the next run on the same one as long as its files stay as they are."""
    files = [Path(value) for value in scenario.city.values() if isinstance(value, str) and Path(value).is_file()]
    stamps = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in files)
    return _city(scenario.city, stamps)


@lru_cache(maxsize=4)
def _city(spec: Values, stamps: tuple[tuple[int, int], ...]) -> City:
    return build_city(spec)


def world_of(scenario: Scenario, seed: int, rules: Rules | None = None) -> World:
    """The world in its first week, ``burn_in`` weeks before the reform."""
    return populate(
        city_of(scenario),
        rules or rules_of(scenario),
        seed,
        scenario.city["people_per_row"],
        scenario.run.precision,
        -scenario.run.burn_in,
    )


def whole_seed(seed: Any, name: str = "seed") -> int:
    """A seed as an int.

    Raises:
        ValueError: no whole number >= 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"{name} must be a whole number >= 0, is {seed!r}")
    return int(seed)


class Run:
    """A scenario under way: week by week, ``burn_in`` weeks of today's way of working first.

    Attributes:
        scenario: what is simulated.
        seed: the run's seed.
        city: the network and its places.
        world: the world after the last week that was lived.
        next_week: the week that ``advance`` will live; week 0 is the first of the reform.
    """

    def __init__(self, scenario: Scenario, seed: int = 1, without: Iterable[str] = ()) -> None:
        self.scenario = scenario
        self.seed = whole_seed(seed)
        self._rules = rules_of(scenario, without)
        self._luck = Luck(self.seed)
        self._recorder = Recorder(scenario.run.quadrants_every)
        self.world = world_of(scenario, self.seed, self._rules)
        self.city = city_of(scenario)
        self.next_week = -int(scenario.run.burn_in)

    def advance(self, act: Callable[[World], None] | None = None) -> None:
        """Live one week and observe it; ``act`` is called in between and may change the world."""
        self.world.week = self.next_week
        week.advance(self.world, self._rules, self._luck)
        if act is not None:
            act(self.world)
        self._recorder.take(self.world)
        self.next_week += 1

    def settle(self) -> None:
        """Live the weeks before week 0."""
        while self.next_week < 0:
            self.advance()

    def record(self) -> Record:
        """What the weeks lived so far leave."""
        tables = self._recorder.tables(self.world)
        scenario, city = self.scenario, self.city
        return Record(scenario.name, scenario.hash, self.seed, city.ids, city.notes, tables)


def run(
    scenario: Scenario,
    seed: int = 1,
    *,
    without: Iterable[str] = (),
    each_week: Callable[[World], None] | None = None,
) -> Record:
    """Simulate one scenario.

    Args:
        scenario: what to simulate.
        seed: whole number >= 0; the same seed gives the same bytes everywhere.
        without: names of processes to leave out, for experiments on the model itself.
        each_week: called with the world after every week, to look at it.

    Raises:
        ValueError: a seed that is no whole number >= 0, or an unknown process.
    """
    under_way = Run(scenario, seed, without)
    while under_way.next_week < scenario.run.weeks:
        under_way.advance()
        if each_week is not None:
            each_week(under_way.world)
    return under_way.record()


class Recorder:
    """Takes the observations of every week from week 0 on, and every life and session of a committee."""

    def __init__(self, quadrants_every: int) -> None:
        self._weekly: list[NDArray[np.float64]] = []
        self._every = quadrants_every
        self._flows: dict[str, NDArray[np.float64]] = {}
        self._quadrants: list[dict[str, NDArray[Any]]] = []
        self._sessions: list[dict[str, NDArray[Any]]] = []
        self._lives: list[dict[str, NDArray[Any]]] = []
        self._forgotten: list[NDArray[np.int64]] = []  # lives that ended before week 0

    def take(self, world: World) -> None:
        """Observe one week; the run-in leaves no trace but the lives of committees that outlast it."""
        self._committees(world)
        if world.week < 0:
            return
        self._weekly.append(observe(world))
        self._places(world)

    def _places(self, world: World) -> None:
        quadrants = world.quadrants
        for name in QUADRANT_FLOWS:
            self._flows[name] = self._flows.get(name, np.zeros(quadrants.rows)) + getattr(quadrants, name)
        if (world.week + 1) % self._every:
            return
        alive = np.bincount(world.committees.quadrant, weights=world.committees.alive, minlength=quadrants.rows)
        ties = np.bincount(world.officers.quadrant[world.officers.tie], minlength=quadrants.rows)
        rows: dict[str, NDArray[Any]] = {
            "week": np.full(quadrants.rows, world.week, np.int32),
            "quadrant": np.arange(quadrants.rows, dtype=np.int32),
            "sector": quadrants.sector,
            "living_committees": alive.astype(np.float32),
            "collusive_ties": ties.astype(np.float32),
        }
        rows |= {name: getattr(quadrants, name).astype(np.float32) for name in QUADRANT_STATES}
        rows |= {name: self._flows[name].astype(np.float32) for name in QUADRANT_FLOWS}
        self._quadrants.append(rows)
        self._flows = {}

    def _committees(self, world: World) -> None:
        committees = world.committees
        met = np.flatnonzero(committees.met)
        self._sessions.append(
            {
                "committee": met.astype(np.int32),
                "spell": committees.spell[met],
                "session": committees.sessions[met],
                "week": np.full(len(met), world.week, np.int32),
                "attendance": committees.attendance[met],
                "members": committees.members[met],
            }
        )
        dead = np.flatnonzero(committees.died)
        if world.week < 0:
            self._forgotten.append(_life(dead, committees.spell[dead]))
        else:
            self._lives.append(_lives(world, dead, np.full(len(dead), world.week, np.int32)))

    def tables(self, world: World) -> Tables:
        """Everything taken, as tidy columns; committees that still meet have ``ended`` -1."""
        alive = np.flatnonzero(world.committees.alive)
        lives = [*self._lives, _lives(world, alive, np.full(len(alive), -1, np.int32))]
        weekly: dict[str, NDArray[Any]] = {"week": np.arange(len(self._weekly), dtype=np.int32)}
        seen = np.array(self._weekly).reshape(-1, len(FUNCTIONS))
        weekly |= {name: np.ascontiguousarray(seen[:, k]) for k, name in enumerate(FUNCTIONS)}
        weekly["meetings_26"] = _rolling(weekly["sessions"]) / max(world.committees.rows, 1)
        tables = {"weekly": weekly, "committees": _stack(lives), "sessions": self._kept_sessions()}
        tables["quadrants"] = _stack(self._quadrants or [_no_places(world)])
        return tables

    def _kept_sessions(self) -> dict[str, NDArray[Any]]:
        """Every session of the lives that are kept, those before week 0 too."""
        sessions = _stack(self._sessions)
        if self._forgotten and sessions:
            lives = _life(sessions["committee"], sessions["spell"])
            kept = ~np.isin(lives, np.concatenate(self._forgotten))
            sessions = {name: column[kept] for name, column in sessions.items()}
        return sessions


def _life(committee: NDArray[Any], spell: NDArray[Any]) -> NDArray[np.int64]:
    """One number per life of a committee."""
    return committee.astype(np.int64) << 32 | spell.astype(np.int64)


def _lives(world: World, rows: NDArray[np.int64], ended: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    committees = world.committees
    length = committees.life[rows]
    return {
        "committee": rows.astype(np.int32),
        "quadrant": committees.quadrant[rows],
        "spell": committees.spell[rows],
        "formed": (world.week - length).astype(np.int32),
        "ended": ended,
        "sessions": committees.sessions[rows],
        "attendance": committees.attendance[rows],
    }


def _no_places(world: World) -> dict[str, NDArray[Any]]:
    """The columns of ``quadrants`` without a row, for runs shorter than the reporting interval."""
    whole = {name: np.zeros(0, np.int32) for name in ("week", "quadrant", "sector")}
    names = ("living_committees", "collusive_ties", *QUADRANT_STATES, *QUADRANT_FLOWS)
    return whole | {name: np.zeros(0, np.float32) for name in names}


def _stack(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def _rolling(weekly: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the last 26 weeks, or as many as there were."""
    total = np.concatenate([[0.0], np.cumsum(weekly)])
    ends = np.arange(1, len(weekly) + 1)
    return total[ends] - total[np.maximum(ends - HALF_YEAR, 0)]


def compare(a: Scenario, b: Scenario, seeds: int | Iterable[int] = 20) -> pd.DataFrame:
    """Paired differences between two scenarios, ``b`` less ``a``, under the same luck.

    Args:
        a: the scenario compared with, say today's way of working.
        b: the scenario of interest.
        seeds: number of seeds (1, 2, ...) or the seeds themselves.

    Returns:
        One row per headline observation, as ``paired.table`` gives it.

    Raises:
        ValueError: no seed.
    """
    from sim.paired import table

    chosen = range(1, seeds + 1) if isinstance(seeds, int) else list(seeds)
    if not len(chosen):
        raise ValueError("compare needs at least one seed")
    return table([run(a, seed).end() for seed in chosen], [run(b, seed).end() for seed in chosen])
