"""Citizen, Officer, Committee, MiddleCommand and the cells they stand in: Mesa's objects as views of a row.

A view holds no state of the model: reading ``officer.morale`` reads the officer's row of the column, setting it writes
there in the name of the column's owner. Such a write is an intervention, an experiment outside the processes.
"""
# mypy: disable-error-code="no-untyped-call, type-arg, override"
# (Mesa is typed in part only)

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sim.tables import Column, Table
from sim.week import POLICIES, PROCESSES
from sim.world import COLUMNS

try:
    from mesa import Agent
    from mesa.discrete_space import Cell, CellAgent, CellCollection
except ImportError as missing:
    raise ImportError(
        "PoliceCommunityModel needs Mesa 3.5 or later, an optional part: pip install 'cuadrante[mesa]', "
        "or in a clone pip install -e '.[mesa]'; sim.run and the command line work without it"
    ) from missing


# ---------------------------------------------------------------------------------------------------- rows


class Row:
    """One row of a table; a property for each plain name, ``row["name"]`` for every column.

    Attributes:
        row: number of the row.
    """

    row: int
    _table: Table

    def __getitem__(self, name: str) -> Any:
        """The row's value in a column as a plain number, or a tuple where the column is several wide."""
        column = getattr(self._table, name)
        return column.item(self.row) if column.ndim == 1 else tuple(column[self.row].tolist())

    def __setitem__(self, name: str, value: Any) -> None:
        """Write the row's value, in the name of the column's owner.

        Raises:
            AttributeError: the table has no such column.
            ValueError: the column cannot hold the value: no finite number, or a fraction among whole numbers.
        """
        table = self._table
        old, dtype = self[name], getattr(table, name).dtype
        turn, table.turn = table.turn, table.owner(name)
        column = table.edit(name)
        try:
            column[self.row] = value
            if not _held(self[name], value):
                raise ValueError
        except (OverflowError, TypeError, ValueError):
            column[self.row] = old
            raise ValueError(f"{table.name}.{name} is a column of {dtype}; it cannot hold {value!r}") from None
        finally:
            table.turn = turn

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _held(stored: Any, value: Any) -> bool:
    """Whether a column took a value as it was meant: fractions to its precision, whole numbers exactly."""
    if isinstance(stored, tuple):
        return all(_held(part, meant) for part, meant in zip(stored, value, strict=True))
    return isfinite(stored) if isinstance(stored, float) else bool(stored == value)


def headings(table: str) -> dict[str, Column]:
    """Every column of a table, by name, in the order of the week."""
    modules = (*POLICIES, *PROCESSES)
    columns = (*COLUMNS, *(column for module in modules for column in module.COLUMNS))
    return {column.name: column for column in columns if column.table == table}


def _property(column: Column) -> property:
    name = column.name

    def read(row: Row) -> Any:
        return row[name]

    def write(row: Row, value: Any) -> None:
        row[name] = value

    return property(read, write, None, f"{column.doc} [{column.unit}]")


def row_of[R: Row](table: str) -> Callable[[type[R]], type[R]]:
    """Class decorator: a property for every column of a table, unless the class has something of that name."""

    def give(cls: type[R]) -> type[R]:
        for name, column in headings(table).items():
            if not hasattr(cls, name):
                setattr(cls, name, _property(column))
        return cls

    return give


# -------------------------------------------------------------------------------------------------- agents


class View(Row, Agent):
    """A Mesa agent that is a view of a row; the model makes one per row when somebody first asks.

    Attributes:
        model: the ``PoliceCommunityModel``.
        row: number of the row in the table.
        unique_id: number among all agents, the same whenever the agent is made.
    """

    TABLE: ClassVar[str]
    unique_id: Any

    def __init__(self, model: Any, row: int) -> None:
        super().__init__(model)
        self.row = row
        self._table = getattr(model.world, self.TABLE)
        self.unique_id = model.first_ids[self.TABLE] + row

    def remove(self) -> None:
        """Not possible: a row is a post or a place in the city, which turnover refills.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            f"{type(self).__name__} {self.row} is a row of {self.TABLE} and stays; set its columns instead"
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.row})"


class Placed(View, CellAgent):
    """A view whose cell is its quadrant: never stored, so always where the columns say."""

    quadrant: Any

    @property
    def cell(self) -> Quadrant:
        """The cell of the agent's quadrant; setting it moves the agent there."""
        return self.model.grid[self.quadrant]

    @cell.setter
    def cell(self, cell: Quadrant) -> None:
        self.quadrant = cell.row

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "quadrant" and value not in range(quadrants := self.model.world.quadrants.rows):
            raise ValueError(f"{self._table.name}.quadrant must be a number from 0 to {quadrants - 1}, is {value!r}")
        super().__setitem__(name, value)


@row_of("citizens")
class Citizen(Placed):
    """A resident row; it may stand for several people (``city.people_per_row``)."""

    TABLE = "citizens"

    @property
    def quadrant(self) -> int:
        """quadrant of residence [index]; rows are sorted by it, so nobody moves house"""
        return int(self.model.world.home(self.row))

    @quadrant.setter
    def quadrant(self, quadrant: int) -> None:
        raise AttributeError("residents cannot move: their rows are sorted by quadrant")


@row_of("officers")
class Officer(Placed):
    """A post of the force; who leaves is replaced by a recruit in the same row."""

    TABLE = "officers"


@row_of("committees")
class Committee(Placed):
    """The place of a citizen committee, whether or not one meets now (``alive``)."""

    TABLE = "committees"


@row_of("commanders")
class MiddleCommand(View):
    """The middle command of a sector; it stands in no cell, its quadrants are ``cells``."""

    TABLE = "commanders"
    cell = None

    @property
    def cells(self) -> list[Quadrant]:
        """The cells of the sector's quadrants."""
        return [self.model.grid[q] for q in np.flatnonzero(self.model.world.quadrants.sector == self.row).tolist()]


KINDS: tuple[type[View], ...] = (Citizen, Officer, Committee, MiddleCommand)  # the order of agents in the model


# --------------------------------------------------------------------------------------------------- cells


class Occupants:
    """Who is in a quadrant, read from the columns whenever it is asked; then agents that the user placed there."""

    def __init__(self, quadrant: int) -> None:
        self._quadrant = quadrant
        self._guests: list[Any] = []
        self.model: Any = None  # a PoliceCommunityModel

    def _rows(self) -> dict[str, range | list[int]]:
        """Rows of this quadrant by table."""
        if self.model is None:
            return {}
        world, quadrant = self.model.world, self._quadrant
        here: dict[str, range | list[int]] = {
            "citizens": range(int(world.offsets[quadrant]), int(world.offsets[quadrant + 1]))
        }
        for name in ("officers", "committees"):
            here[name] = np.flatnonzero(getattr(world, name).quadrant == quadrant).tolist()
        return here

    def copy(self) -> list[Any]:
        """The agents as a list: citizens, officers, committees, guests."""
        found: list[Any] = []
        for table, rows in self._rows().items():
            views = self.model.views(table) if self.model else []
            found += views[rows.start : rows.stop] if isinstance(rows, range) else [views[row] for row in rows]
        return found + self._guests

    def __iter__(self) -> Iterator[Any]:
        return iter(self.copy())

    def __len__(self) -> int:
        return sum(map(len, self._rows().values())) + len(self._guests)

    def append(self, agent: Any) -> None:
        """Let in an agent that is no view."""
        self._guests.append(agent)

    def remove(self, agent: Any) -> None:
        """Let an agent go that is no view."""
        self._guests.remove(agent)

    def __repr__(self) -> str:
        return f"<{len(self)} agents>"


@row_of("quadrants")
class Quadrant(Row, Cell):
    """A cell of the network: a row of ``quadrants`` with a property for each of its columns.

    Neighbourhoods are not kept in Mesa's cache, which is one for all cells of a Python process and would keep the
    last model alive.

    Attributes:
        row: number of the quadrant, the same as ``coordinate``.
        id: name of the quadrant in the city's files.
    """

    id: str
    connections: dict[Any, Any]
    _agents: Any

    def __init__(self, coordinate: Any, *args: Any, **settings: Any) -> None:
        super().__init__(coordinate, *args, **settings)
        self.row = coordinate
        self._agents = Occupants(coordinate)

    def join(self, model: Any, name: str) -> None:
        """Become the cell of the model's quadrant."""
        self._table = model.world.quadrants
        self._agents.model = model
        self.id = name

    @property
    def empty(self) -> bool:
        """Whether nobody is here."""
        return len(self._agents) == 0

    @empty.setter
    def empty(self, value: bool) -> None:
        """Mesa keeps a note of it; here the columns tell."""

    def get_neighborhood(self, radius: int = 1, include_center: bool = False) -> CellCollection[Quadrant]:
        """The cells within ``radius`` borders, nearest first."""
        if radius < 1:
            raise ValueError(f"radius must be at least 1, is {radius}")
        found: dict[Quadrant, Any] = {self: self._agents}
        ring = [self]
        for _ in range(radius):
            ring = list(dict.fromkeys(far for near in ring for far in near.connections.values() if far not in found))
            found |= {cell: cell._agents for cell in ring}
        if not include_center:
            del found[self]
        return CellCollection(found, random=self.random)

    def _clear_cache(self) -> None:
        """Nothing is kept."""

    def __repr__(self) -> str:
        return f"Quadrant({self.coordinate})"
