"""What the columns of a real city say: ids, borders, residents, marginalisation, crime, businesses, sectors.

Every cell is checked here, with its file, line, column and value; nothing is guessed, and handling is noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.network.city_files import SHOWN, Log, Sheet, meant
from sim.network.geography import Floats, Ints, sort_edges

MOST = 1e10  # no cell of a city is larger: more is a wrong column, such as a key


@dataclass
class Reader:
    """The sheet of a real city, the keys of its table, and the log: all questions about a column."""

    sheet: Sheet
    spec: Mapping[str, Any]
    log: Log

    def cells(self, key: str) -> list[str] | None:
        """The column stated by ``key`` (``population_column``), None if not stated or not in the file."""
        name = self.spec.get(key)
        if name is None:
            return None
        if name in self.sheet.columns:
            return self.sheet.columns[name]
        there = ", ".join(self.sheet.columns)
        cure = f"the columns are {there}.{meant(name, self.sheet.columns)}"
        self.log.problems.append(f"{self.sheet.file}: {key} = {name!r}: no such column; {cure}")
        return None

    def numbers(self, key: str, blank: float | None = None, least: float = -np.inf) -> Floats | None:
        """A column as finite numbers from ``least`` up; a blank cell is ``blank``, or a problem if None."""
        cells = self.cells(key)
        if cells is None:
            return None
        values = [self._number(key, row, cell, blank, least) for row, cell in enumerate(cells)]
        return np.array(values, dtype=np.float64)

    def _number(self, key: str, row: int, cell: str, blank: float | None, least: float) -> float:
        if cell == "" and blank is not None:
            return blank
        try:
            value = float(cell)
        except ValueError:
            return self._refuse(
                key, row, cell, "is blank; fill it in" if cell == "" else "is not a number; write digits"
            )
        if not np.isfinite(value):
            return self._refuse(key, row, cell, "is not finite; write a number")
        if abs(value) > MOST:
            return self._refuse(key, row, cell, f"is beyond {MOST:g}; check the column")
        if value < least:
            return self._refuse(key, row, cell, f"is below {least:g}; correct it (0 where there is none)")
        return value

    def _refuse(self, key: str, row: int, cell: str, why: str) -> float:
        column = self.spec[key]
        self.log.problems.append(f"{self.sheet.file}, {self.sheet.places[row]}: {column} = {cell!r} {why}")
        return 0.0


def chosen_rows(sheet: Sheet, spec: Mapping[str, Any], log: Log) -> list[int]:
    """The rows the filter ``where`` (column=value) keeps; all rows without one."""
    everything = list(range(len(sheet.places)))
    if "where" not in spec:
        return everything
    column, sign, value = (part.strip() for part in spec["where"].partition("="))
    if not sign or column not in sheet.columns:
        cure = f"write column=value with one of {', '.join(sheet.columns)}.{meant(column, sheet.columns)}"
        log.problems.append(f"{sheet.file}: where = {spec['where']!r}: {cure}")
        return everything
    kept = [row for row in everything if sheet.columns[column][row] == value]
    if not kept:
        there = sorted(set(sheet.columns[column]))
        cure = f"values are {', '.join(there[:10])}{' ...' if there[10:] else ''}.{meant(value, there)}"
        log.problems.append(f"{sheet.file}: where = {spec['where']!r}: no row has it; {cure}")
    return kept


def unit_ids(read: Reader) -> tuple[str, ...]:
    """The ids in file order; blank and repeated ones are problems."""
    cells, sheet = read.cells("id_column") or [], read.sheet
    first: dict[str, str] = {}
    for cell, place in zip(cells, sheet.places, strict=False):
        if not cell:
            read.log.problems.append(f"{sheet.file}, {place}: {read.spec['id_column']} is blank; give each unit an id")
        elif cell in first:
            cure = "give each unit its own id"
            read.log.problems.append(f"{sheet.file}, {place}: id {cell!r} is also on {first[cell]}; {cure}")
        first.setdefault(cell, place)
    return tuple(cells)


def neighbour_rows(ids: tuple[str, ...], every: frozenset[str], pairs: list[tuple[str, str, str]], log: Log) -> Ints:
    """Pairs of ids as rows; pairs that leave the filter are dropped with a note, unknown ids refused."""
    row = {unit: number for number, unit in enumerate(ids)}
    unknown = [(end, place) for *ends, place in pairs for end in dict.fromkeys(ends) if end not in every]
    for count, (end, place) in enumerate(unknown):
        near = meant(end, every) if count < SHOWN else ""  # a search per id: slow where all are unknown
        log.problems.append(f"{place}: edge names {end!r}, which is not a unit; correct it or add the unit.{near}")
    inside = [(row[a], row[b]) for a, b, _ in pairs if a in row and b in row]
    leaving = sum((a in row) != (b in row) for a, b, _ in pairs)
    loops = sum(i == j for i, j in inside)
    edges = sort_edges(np.array(inside, dtype=np.int32))
    log.note(leaving, "edge", "to units outside the filter dropped")
    log.note(loops, "edge", "from a unit to itself dropped")
    log.note(len(inside) - loops - len(edges), "repeated edge", "merged")
    return edges


def _population(read: Reader) -> NDArray[np.int64]:
    if "population_column" not in read.spec and "population" in read.sheet.columns:
        read.spec = {**read.spec, "population_column": "population"}
    if "population_column" not in read.spec:
        cure = f"state one of {', '.join(read.sheet.columns)}"
        read.log.problems.append(f"[city] population_column is not stated; {cure}")
    before = len(read.log.problems)
    people = read.numbers("population_column", least=0.0)
    if people is None:
        return np.zeros(0, dtype=np.int64)
    population = np.rint(people * float(read.spec["adult_share"])).astype(np.int64)
    if population.sum() == 0 and len(read.log.problems) == before:
        column = f"population_column = {read.spec['population_column']!r}"
        read.log.problems.append(f"{read.sheet.file}: {column}: no unit has residents; check the column")
    tell_empty(population, read.log)
    return population


def tell_empty(population: NDArray[np.int64], log: Log) -> None:
    """Note how many units have no residents."""
    log.note(int((population == 0).sum()), "unit", "without residents: kept, with no residents or officers")


@dataclass
class Found:
    """What the columns of a real city say; None for what they do not."""

    population: NDArray[np.int64]
    points: Floats | None
    area: Floats | None
    marginalisation: Floats | None
    counts: Floats | None
    business: Floats | None
    sectors: tuple[Ints, tuple[str, ...]] | None


def read_columns(read: Reader) -> Found:
    """All columns that are stated, each checked, so that problems come together."""
    return Found(
        population=_population(read),
        points=_points(read),
        area=read.numbers("area_column", blank=np.nan, least=0.0),
        marginalisation=_marginalisation(read),
        counts=read.numbers("risk_column", least=0.0),
        business=read.numbers("business_column", least=0.0),
        sectors=_sectors(read),
    )


def _marginalisation(read: Reader) -> Floats | None:
    """The index between its least (0) and greatest (1) value, turned so that 1 is most marginalised."""
    index = read.numbers("marginalisation_column", blank=np.nan)
    if index is None:
        return None
    blank = np.isnan(index)
    if blank.all():
        column = read.spec["marginalisation_column"]
        read.log.problems.append(f"{read.sheet.file}: {column} is blank in every row; leave the key out")
        return None
    read.log.note(int(blank.sum()), "unit", "without marginalisation: given the median")
    index = np.where(blank, np.median(index[~blank]), index)
    spread = index.max() - index.min()
    level = (index - index.min()) / spread if spread > 0 else np.full(len(index), 0.5)
    return np.asarray(level if read.spec["marginalisation_higher_is"] == "more" else 1.0 - level)


def _sectors(read: Reader) -> tuple[Ints, tuple[str, ...]] | None:
    """Sectors of the file, numbered as they first appear."""
    cells = read.cells("sector_column")
    if cells is None:
        return None
    for cell, place in zip(cells, read.sheet.places, strict=True):
        if not cell:
            column = read.spec["sector_column"]
            read.log.problems.append(f"{read.sheet.file}, {place}: {column} is blank; name the sector")
    names = tuple(dict.fromkeys(cells))
    number = {name: row for row, name in enumerate(names)}
    return np.array([number[cell] for cell in cells], dtype=np.int32), names


def _points(read: Reader) -> Floats | None:
    x, y = read.numbers("x_column"), read.numbers("y_column")
    if ("x_column" in read.spec) != ("y_column" in read.spec):
        read.log.problems.append("[city] x_column and y_column go together; state both or neither")
    return None if x is None or y is None else np.stack([x, y], axis=1)
