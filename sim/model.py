"""PoliceCommunityModel: the same week in Mesa's hands.

``step`` lives one week of ``sim.simulation.Run``; numbers are those of ``run``, bit for bit. Agents are views of rows
and are made when somebody first asks for them, so a run that nobody looks into makes no object per citizen.
"""
# mypy: disable-error-code="no-untyped-call, type-arg, override"
# (Mesa is typed in part only)

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.agents import KINDS, Citizen, Committee, MiddleCommand, Officer, Quadrant, View
from sim.network import City
from sim.observations import FUNCTIONS, headlines
from sim.scenario import Scenario
from sim.simulation import Record, Run, whole_seed
from sim.tables import Array
from sim.world import World

# isort: split
import mesa  # after sim.agents, which says what to do without it
from mesa.discrete_space import Network

if TYPE_CHECKING:
    import pandas as pd

if not hasattr(mesa.Model, "run_for"):
    raise ImportError(f"PoliceCommunityModel needs Mesa 3.5 or later, this is {mesa.__version__}: pip install -U mesa")


class PoliceCommunityModel(mesa.Model):
    """Police and community of one municipality, a Mesa model.

    ``time`` 0 is the beginning of week 0, after the burn-in, which is lived while the model is made.

    Attributes:
        settings: the scenario (``scenario`` is a name that Mesa keeps for its own).
        first_ids: ``unique_id`` of the first agent of each table; the others follow by row.
        grid: the quadrants as cells of a ``mesa.discrete_space.Network``, nodes 0, 1, 2 ...
        datacollector: collects the headline observations at time 0 and after every week; may be replaced, or None.
        running: False once the scenario's weeks are over; ``run_for`` goes on regardless, as in Mesa.
    """

    def __init__(
        self,
        scenario: Scenario | str | os.PathLike[str] | None = None,
        rng: int = 1,
        *,
        citizen: type[Citizen] = Citizen,
        officer: type[Officer] = Officer,
        committee: type[Committee] = Committee,
        middle_command: type[MiddleCommand] = MiddleCommand,
        **changes: Any,
    ) -> None:
        """Make the city and its people, and live the burn-in.

        Args:
            scenario: a ``sim.Scenario``, the path of a scenario file, or None for the default values.
            rng: the run's seed, a whole number >= 0.
            citizen, officer, committee, middle_command: own subclasses; one that defines ``step`` has it called for
                each of its agents every week.
            changes: settings of the scenario to change, by key: ``weeks=52``, ``**{"rotation.period": 26}``.

        Raises:
            ValueError: ``rng`` is no whole number >= 0.
            TypeError: ``scenario`` or a class is of another kind.
            ScenarioError: the scenario or a change cannot be used.
        """
        seed = whole_seed(rng, "rng")
        self._kinds = _checked(citizen, officer, committee, middle_command)
        self._views: dict[str, list[Any]] = {}
        self._listed = True  # whether Mesa's own sets hold the views; there is none yet
        super().__init__(rng=seed)
        self.settings = _settings(scenario, changes)
        self._under_way = Run(self.settings, seed)
        self._under_way.settle()
        self.first_ids = _first_ids(self.world, self._kinds)
        self._listed = False
        self.grid = _cells(self, self._under_way.city)
        self.datacollector: Any = self.collector()
        self.datacollector.collect(self)

    # ------------------------------------------------------------------------------------------------ time

    def step(self) -> None:
        """Live one week: the week's processes, then the agents that have a ``step``, then the observations."""
        self._under_way.advance(self._act)
        if self._under_way.next_week >= self.settings.run.weeks:
            self.running = False
        if self.datacollector is not None:
            self.datacollector.collect(self)

    def _act(self, world: World) -> None:
        """Call the ``step`` of the user's agents, kind by kind and in the order of rows."""
        for table, kind in self._kinds.items():
            if kind.step is not mesa.Agent.step:
                for view in self.views(table):
                    view.step()

    @property
    def week(self) -> int:
        """The last week that was lived; -1 at time 0."""
        return self._under_way.next_week - 1

    @property
    def world(self) -> World:
        """The tables, to read."""
        return self._under_way.world

    def record(self) -> Record:
        """The record of the weeks lived so far, as ``run`` would give it for so many weeks."""
        return self._under_way.record()

    # ---------------------------------------------------------------------------------------------- agents

    def views(self, table: str) -> list[Any]:
        """The agents of one table in the order of rows, made when first asked for."""
        if table not in self._views:
            kind = self._kinds[table]
            self._views[table] = [kind(self, row) for row in range(getattr(self.world, table).rows)]
        return self._views[table]

    def _list(self) -> None:
        """Enter every view in Mesa's sets, in the order of their ids."""
        if not self._listed:
            self._listed = True
            for table in self._kinds:
                for view in self.views(table):
                    super().register_agent(view)

    def register_agent(self, agent: Any) -> None:
        """Enter an agent in Mesa's sets; Mesa calls it. Views are entered all at once when first asked for."""
        if not isinstance(agent, View):
            self._list()
            super().register_agent(agent)

    def _get_agents(self) -> Any:
        """All agents, as an AgentSet; the first reading makes one object per row."""
        self._list()
        return mesa.Model.agents.fget(self)

    agents = property(_get_agents, mesa.Model.agents.fset)

    @property
    def agents_by_type(self) -> Any:
        """AgentSets by class; the first reading makes one object per row."""
        self._list()
        return super().agents_by_type

    @property
    def agent_types(self) -> list[type]:
        """Classes of the agents; the first reading makes one object per row."""
        self._list()
        return super().agent_types

    @property
    def scenario(self) -> None:
        """None: Mesa's own scenario is not used, and SolaraViz would put an empty one in place of ours at Reset."""

    @scenario.setter
    def scenario(self, scenario: Any) -> None:
        """Mesa sets one in its constructor."""

    # --------------------------------------------------------------------------------------------- columns

    def column(self, table: str, name: str) -> Array:
        """A locked view of a column, without making any agent.

        Raises:
            AttributeError: no such table or column.
        """
        return getattr(getattr(self.world, table), name)

    def frame(self, table: str) -> pd.DataFrame:
        """A copy of a table, one row per agent; columns of several values are split into ``name_0``, ``name_1`` ..."""
        import pandas as pd

        columns: dict[str, Array] = {}
        for name in getattr(self.world, table).columns():
            values = self.column(table, name)
            split = {f"{name}_{k}": part for k, part in enumerate(values.T)} if values.ndim > 1 else {name: values}
            columns |= split
        if table == "citizens":
            columns["quadrant"] = np.repeat(np.arange(self.world.quadrants.rows), self.world.rows())
        return pd.DataFrame(columns).rename_axis("row")

    def collector(self, *keys: str, **reporters: Any) -> Any:
        """A Mesa ``DataCollector`` of observations.

        Args:
            keys: observations (``sim/observations.toml``); the headline ones where none is named.
            reporters: further arguments of ``DataCollector``; ``model_reporters`` are added to the observations.

        Raises:
            KeyError: no observation of that name.
        """
        from mesa.datacollection import DataCollector

        chosen = keys or tuple(card.key for card in headlines() if card.key in FUNCTIONS)
        if unknown := [key for key in chosen if key not in FUNCTIONS]:
            raise KeyError(f"no observation {', '.join(unknown)}; there are {', '.join(FUNCTIONS)}")
        own: Mapping[str, Any] = reporters.pop("model_reporters", None) or {}
        return DataCollector(model_reporters={key: partial(_observe, key) for key in chosen} | {**own}, **reporters)


def _observe(key: str, model: PoliceCommunityModel) -> float:
    """One observation of the model's world."""
    return FUNCTIONS[key](model.world)


def _checked(*classes: type[View]) -> dict[str, type[View]]:
    """The classes of agents by table.

    Raises:
        TypeError: a class that is none, or of another table.
    """
    for own, kind in zip(classes, KINDS, strict=True):
        if not (isinstance(own, type) and issubclass(own, kind)):
            raise TypeError(f"{own!r} must be a subclass of sim.agents.{kind.__name__}")
    return {kind.TABLE: kind for kind in classes}


def _first_ids(world: World, tables: Iterable[str]) -> dict[str, int]:
    """Ids in the order of the tables, from 1 as Mesa counts."""
    sizes = {table: getattr(world, table).rows for table in tables}
    return dict(zip(sizes, accumulate(sizes.values(), initial=1), strict=False))


def _settings(scenario: Any, changes: Mapping[str, Any]) -> Scenario:
    """The scenario meant, with its changes."""
    if "seed" in changes:
        raise TypeError("seed: Mesa 4 has no such argument, and neither has this model; write rng=")
    if scenario is None:
        scenario = Scenario.default()
    elif isinstance(scenario, (str, os.PathLike)):
        scenario = Scenario.load(scenario)
    elif not isinstance(scenario, Scenario):
        raise TypeError(f"scenario must be a sim.Scenario, the path of a file or None, is {scenario!r}")
    return scenario.with_changes(changes) if changes else scenario


def _cells(model: PoliceCommunityModel, city: City) -> Any:
    """The network of quadrants, each cell at the place of its quadrant."""
    named = city.graph()
    graph = type(named)()
    graph.add_nodes_from((row, {"id": name, **named.nodes[name]}) for row, name in enumerate(city.ids))
    graph.add_edges_from(city.edges.tolist())
    places = dict(enumerate(zip(city.x.tolist(), city.y.tolist(), strict=True)))
    grid: Any = Network(graph, random=model.random, cell_klass=Quadrant, layout=places)
    for row, name in enumerate(city.ids):
        grid[row].join(model, name)
    return grid
