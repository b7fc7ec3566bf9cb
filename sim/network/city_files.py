"""Files of a city as text: tables with a place for every row, and everything wrong with them collected.

A reader never stops at the first fault: it writes the problem down (file, line, column, value, cure) and goes
on, so that a user corrects a file once. ``Log.stop`` refuses them together.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHOWN = 20  # problems written out in a message; ``problems`` has them all


class CityError(ValueError):
    """The city cannot be built; each of ``problems`` has file, line, column, value and cure."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        more = [f"... and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        super().__init__("\n".join([*self.problems[:SHOWN], *more]))

    def __reduce__(self) -> tuple[Any, ...]:
        return (CityError, (self.problems,))


@dataclass
class Log:
    """What was found while reading: problems, refused together, and notes, kept with the city."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """Raise ``CityError`` if there is any problem."""
        if self.problems:
            raise CityError(self.problems)

    def note(self, count: int, noun: str, rest: str) -> None:
        """Note that ``count`` things were handled; nothing if there were none."""
        if count:
            self.notes.append(f"{count} {noun}{'s' if count > 1 else ''} {rest}")


def meant(word: str, options: Iterable[str]) -> str:
    """' Did you mean ...?' with the nearest of ``options``, or nothing."""
    lower = {str(option).lower(): option for option in options}
    near = get_close_matches(str(word).lower(), list(lower), n=1, cutoff=0.6)
    return f" Did you mean {lower[near[0]]!r}?" if near else ""


@dataclass
class Sheet:
    """A table as read: its file, a place ("line 5") per row, cells as text by column."""

    file: str
    places: list[str]
    columns: dict[str, list[str]]

    def keep(self, rows: Sequence[int]) -> Sheet:
        """The sheet with these rows only."""
        columns = {key: [cells[row] for row in rows] for key, cells in self.columns.items()}
        return Sheet(self.file, [self.places[row] for row in rows], columns)


def stated_path(spec: Mapping[str, Any], key: str, base: Path, log: Log) -> Path | None:
    if key not in spec:
        log.problems.append(f'[city] kind = {spec["kind"]!r} needs {key} = "path of the file"')
        return None
    return base / str(spec[key])


def text_of(path: Path, log: Log) -> str | None:
    """The text of a file, or None with the problem written down."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = meant(path.name, [file.name for file in path.parent.glob("*")])
        log.problems.append(f"{path.name}: no such file in {path.parent}.{near}")
    except UnicodeDecodeError as error:
        log.problems.append(f"{path.name}: byte {error.start} is not UTF-8 text; save the file as UTF-8")
    except OSError as error:
        log.problems.append(f"{path.name}: cannot be read ({error.strerror})")
    else:
        if text.strip():
            return text
        log.problems.append(f"{path.name}: the file is empty")
    return None


def csv_sheet(path: Path | None, log: Log) -> Sheet | None:
    """A CSV file (comma, semicolon or tab) as a sheet; blank lines are skipped."""
    text = text_of(path, log) if path else None
    if path is None or text is None:
        return None
    first = next(line for line in text.splitlines() if line.strip())
    if "\0" in text or first.lstrip().startswith(("{", "[", "<")):
        log.problems.append(f"{path.name}: not a CSV file; the first line must name the columns")
        return None
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        rows = [(lines.line_num, [cell.strip() for cell in row]) for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        log.problems.append(f"{path.name}, line {lines.line_num}: {error}; check commas and quotes")
        return None
    if not rows:
        log.problems.append(f"{path.name}: there is no header; the first line must name the columns")
        return None
    return _table(path.name, rows[0], rows[1:], log)


_Row = tuple[int, list[str]]  # line in the file, cells


def _table(file: str, head: _Row, rows: list[_Row], log: Log) -> Sheet | None:
    before, header = len(log.problems), head[1]
    for name, times in Counter(header).items():
        if times > 1 or not name:
            wrong = "appears twice" if name else "has no name"
            log.problems.append(f"{file}, line {head[0]}: column {name!r} {wrong}; name each column once")
    for line, row in rows:
        if len(row) != len(header):
            cure = "check commas and quotes"
            log.problems.append(f"{file}, line {line}: {len(row)} cells, the header has {len(header)}; {cure}")
    if len(log.problems) > before:
        return None
    columns = {name: [row[at] for _, row in rows] for at, name in enumerate(header)}
    return Sheet(file, [f"line {line}" for line, _ in rows], columns)


def csv_pairs(path: Path | None, log: Log) -> list[tuple[str, str, str]]:
    """Rows of an edge file with columns a and b (more are ignored) as (id, id, place)."""
    sheet = csv_sheet(path, log)
    if sheet is None:
        return []
    if missing := {"a", "b"} - set(sheet.columns):
        there = ", ".join(sheet.columns)
        log.problems.append(f"{sheet.file}: no column {', '.join(sorted(missing))}; the columns are {there}")
        return []
    places = [f"{sheet.file}, {place}" for place in sheet.places]
    return list(zip(sheet.columns["a"], sheet.columns["b"], places, strict=True))


def cell_text(value: object) -> str:
    """A value of JSON or GraphML as the text a CSV file would have."""
    return "" if value is None else str(value).strip()
