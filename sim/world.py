"""The world: the tables of one municipality and the network between its quadrants, at one week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.tables import Column, Table

TABLES = (
    "quadrants",
    "citizens",
    "officers",
    "committees",
    "seats",
    "commanders",
    "agencies",
    "administration",
    "incidents",
    "encounters",
    "extortions",
)
EVENTS = ("incidents", "encounters", "extortions")  # remade every week, one row per event of that week

# Columns that no process changes: what the city is and who lives and serves in it.
COLUMNS = (
    Column("quadrants", "sector", "int32", "index", "sector of the quadrant"),
    Column("quadrants", "population", "float64", "people", "residents"),
    Column("quadrants", "weight", "float64", "people/row", "people that one resident row stands for"),
    Column("quadrants", "marginalisation", "float64", "share", "marginalisation, 1 the most marginalised"),
    Column("quadrants", "business", "float64", "ratio", "businesses per resident relative to the city", 1),
    Column("quadrants", "risk", "float64", "ratio", "lasting incident risk per resident relative to the city", 1),
    Column("citizens", "disposition", "state", "sd", "lasting person effect on attitudes"),
    Column("citizens", "exposure", "uint8", "1/64", "lasting exposure to victimisation, 64 the average", 64),
    Column("citizens", "age_band", "uint8", "index", "0 aged 18-29, 1 aged 30-59, 2 aged 60 and over"),
    Column("citizens", "business_owner", "bool", "yes/no", "owns or runs a shop or stall"),
    Column("citizens", "patron_tie", "bool", "yes/no", "tied to a local leader who trades benefits for votes"),
    Column("citizens", "near", "uint16", "row in quadrant", "acquaintances in the quadrant", width=4),
    Column("citizens", "far", "uint32", "row", "acquaintance anywhere in the city"),
    Column("officers", "post", "int32", "index", "quadrant that the post is budgeted for"),
    Column("committees", "quadrant", "int32", "index", "quadrant of the committee"),
    Column("seats", "committee", "int32", "index", "committee of the seat"),
    Column("seats", "citizen", "int64", "row", "resident row whose person would take the seat"),
    Column("commanders", "reluctance", "float64", "share", "lasting part of resistance to delegating"),
)


@dataclass
class World:
    """All tables of one municipality.

    Attributes:
        week: weeks since the policies of the scenario began; negative while today's way of working is run in.
        offsets: rows ``offsets[q]:offsets[q + 1]`` of ``citizens`` live in quadrant q, int64[quadrants + 1].
        indptr, indices: neighbours of quadrant q are ``indices[indptr[q]:indptr[q + 1]]``, ascending.
    """

    quadrants: Table
    citizens: Table
    officers: Table
    committees: Table
    seats: Table
    commanders: Table
    agencies: Table
    administration: Table
    incidents: Table
    encounters: Table
    extortions: Table
    offsets: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    week: int = 0

    def tables(self) -> tuple[Table, ...]:
        """Every table."""
        return self._all

    def __post_init__(self) -> None:
        self._all: tuple[Table, ...] = tuple(getattr(self, name) for name in TABLES)

    def add(self, owner: str, columns: Iterable[Column]) -> None:
        """Make the columns of a process, neutral until it writes them."""
        for column in columns:
            getattr(self, column.table).add(owner, (column,))

    def open(self, owner: str) -> None:
        """Open the owner's columns to it, and to nobody else, until the next call or ``close``."""
        for table in self._all:
            table.turn = owner

    def close(self) -> None:
        """Lock every column."""
        self.open("")

    @contextmanager
    def turn(self, owner: str) -> Iterator[None]:
        """Open the owner's columns to it, and lock them again."""
        self.open(owner)
        try:
            yield
        finally:
            self.close()

    def spread(self, column: NDArray[Any]) -> NDArray[Any]:
        """A value per quadrant as a value per resident row, in the precision of the state."""
        return np.repeat(column.astype(self.citizens.disposition.dtype), self.offsets[1:] - self.offsets[:-1])

    def home(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The quadrants of some resident rows."""
        return np.searchsorted(self.offsets, rows, side="right") - 1

    def rows(self) -> NDArray[np.int64]:
        """Resident rows per quadrant."""
        return self.offsets[1:] - self.offsets[:-1]

    def spill(self, column: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each quadrant's value shared equally among its neighbours, summed where it arrives, float64[quadrants].

        A quadrant without neighbours keeps its own.
        """
        degree = self.indptr[1:] - self.indptr[:-1]
        share = np.where(degree > 0, column / np.maximum(degree, 1), 0.0)
        origin = np.repeat(np.arange(len(degree)), degree)
        arriving = np.bincount(self.indices, weights=share[origin], minlength=len(degree))
        return arriving + np.where(degree == 0, column, 0.0)

    def nbytes(self) -> int:
        """Bytes held by all tables."""
        return sum(table.nbytes() for table in self.tables())
