"""Tables: rows are agents, columns are NumPy arrays with a name, a unit and a dtype.

Everyone reads a column; only the process that made it writes it. A second influence on a quantity becomes a flow of its
own, which the owner sums. Reading gives a locked view; ``edit`` gives the array itself, to its owner only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class OwnershipError(RuntimeError):
    """A process tried to write a column that is not its own."""


@dataclass(frozen=True)
class Column:
    """The heading of a column.

    Attributes:
        table: name of the table.
        name: name of the column and attribute to read it by.
        dtype: NumPy dtype; ``state`` stands for the precision of the scenario (float32 or float64).
        unit: unit of measurement; ``share`` for 0-1.
        doc: what it is, in a line.
        neutral: value at birth, and for ever if no process writes it.
        width: values per row; 0 for a plain column.
    """

    table: str
    name: str
    dtype: str
    unit: str
    doc: str
    neutral: float = 0
    width: int = 0


class Table:
    """Columns of equal length.

    Attributes:
        name: name of the table.
        rows: number of rows.
        slots: where each row's luck lies, int64[rows], or None when row i has luck i.
    """

    def __init__(self, name: str, rows: int, precision: str = "float32") -> None:
        self.name = name
        self.rows = rows
        self.slots: NDArray[np.int64] | None = None
        self._precision = precision
        self._headings: dict[str, Column] = {}
        self._owners: dict[str, str] = {}
        self._arrays: dict[str, Array] = {}
        self.turn = ""  # the process that may write now

    def add(self, owner: str, columns: Iterable[Column]) -> None:
        """Make columns for ``owner``, filled with their neutral values.

        Raises:
            OwnershipError: a column of that name has another owner already.
        """
        for column in columns:
            if column.name in self._owners:
                other = self._owners[column.name]
                raise OwnershipError(f"{self.name}.{column.name} belongs to {other}; {owner} needs another name")
            if column.name in self.__dict__ or hasattr(Table, column.name):
                raise OwnershipError(f"{self.name}.{column.name}: every table has that attribute; choose another name")
            self._headings[column.name] = column
            self._owners[column.name] = owner
            self._put(column.name, self._new(column))

    def _new(self, column: Column) -> Array:
        shape = (self.rows, column.width) if column.width else (self.rows,)
        dtype = self._precision if column.dtype == "state" else column.dtype
        return np.full(shape, column.neutral, dtype)

    def _put(self, name: str, array: Array) -> None:
        view = array.view()
        view.flags.writeable = False
        self._arrays[name] = array
        self.__dict__[name] = view  # read as an attribute, at the speed of one

    def __getattr__(self, name: str) -> Array:
        raise AttributeError(f"table {self.__dict__.get('name')} has no column {name!r}")

    def edit(self, name: str) -> Array:
        """The array itself, for its owner in its turn.

        Raises:
            OwnershipError: it is another process's turn.
        """
        if self._owners[name] != self.turn:
            raise OwnershipError(f"{self.name}.{name} belongs to {self._owners[name]}, not to {self.turn or 'nobody'}")
        return self._arrays[name]

    def write(self, name: str, values: Any) -> None:
        """Replace the content of a column by ``values`` (broadcast and cast to its dtype), for its owner."""
        self.edit(name)[...] = values

    def resize(self, rows: int) -> None:
        """Begin a new week's list of events: ``rows`` rows, every column neutral; for the owner of the first column."""
        self.edit(next(iter(self._owners)))
        self.rows = rows
        for name, column in self._headings.items():
            self._put(name, self._new(column))

    def columns(self) -> dict[str, Column]:
        """The headings, by name."""
        return dict(self._headings)

    def owner(self, name: str) -> str:
        """The process that writes a column."""
        return self._owners[name]

    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        return sum(array.nbytes for array in self._arrays.values())

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in self._arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name, array in self._arrays.items():
            self._put(name, array)
