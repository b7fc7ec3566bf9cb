"""Sealing: the finished runs of all shards as tidy Parquet, in the order of the design, with their checksums.

Runs are merged one at a time, in order of arm and seed, so memory stays bounded and the same runs make the
same files whichever worker made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from heapq import merge
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from sim.results.custody import StoreError, arrow, parquet, sync
from sim.results.shards import RunRow
from sim.results.study import HEADLINE_WEEKS

IDS = ("run_id", "arm", "seed")
_ROWS_PER_GROUP = 100_000
_RUNS_PER_GROUP = 5_000

Run = tuple[RunRow, dict[str, Any]]


def order(row: RunRow) -> tuple[int, int, str]:
    """Where a run stands in every sealed file."""
    return row.arm, row.seed, row.run_id


# --- writing ---


class _Sheet:
    """One Parquet file in the making, written a row group at a time."""

    def __init__(self, path: Path, rows_per_group: int) -> None:
        self.path = path
        self._per_group = rows_per_group
        self._held: list[Any] = []
        self._rows = 0
        self._file: Any = None

    def add(self, table: Any) -> None:
        if self._held and table.schema != self._held[0].schema:
            table = _like(table, self._held[0].schema, self.path.name)
        self._held.append(table)
        self._rows += table.num_rows
        if self._rows >= self._per_group:
            self._flush()

    def _flush(self) -> None:
        pa = arrow()
        pq = parquet()

        table = pa.concat_tables(self._held).combine_chunks()
        if self._file is None:
            options = {"compression": "zstd", "write_page_checksum": True}
            self._file = pq.ParquetWriter(self.path, table.schema, **options)
        self._file.write_table(table)
        self._held, self._rows = [table.schema.empty_table()], 0

    def close(self) -> None:
        self._flush()
        self._file.close()
        sync(self.path)


def write_files(folder: Path, runs: Iterable[Run], arms: list[dict[str, Any]], headline: list[str]) -> list[str]:
    """Write ``runs.parquet`` and one file per table into ``folder``; the names of the files written.

    Args:
        folder: an empty folder.
        runs: in ``order``, each with its Arrow tables.
        arms: per arm its changes, by the dotted name of the setting; they become columns of ``runs``.
        headline: weekly observations whose closing mean becomes a column of ``runs``.

    Raises:
        StoreError: two runs of one code version give tables of different columns.
    """
    sheets = {"runs": _Sheet(folder / "runs.parquet", _RUNS_PER_GROUP)}
    line = _run_line(arms, headline)
    for row, tables in runs:
        for name, table in tables.items():
            if name not in sheets:
                sheets[name] = _Sheet(folder / f"{name}.parquet", _ROWS_PER_GROUP)
            sheets[name].add(_with_ids(row, table))
        sheets["runs"].add(line(row, tables.get("weekly")))
    for sheet in sheets.values():
        sheet.close()
    return [sheet.path.name for sheet in sheets.values()]


def _with_ids(row: RunRow, table: Any) -> Any:
    """A run's table with the columns that say whose rows they are; ids as a dictionary, for they repeat."""
    pa = arrow()

    if taken := set(IDS) & set(table.column_names):
        raise StoreError(f"a table of the run has its own column {', '.join(sorted(taken))}; give it another name")
    rows = table.num_rows
    ids = pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([row.run_id][:rows], pa.string())
    )
    marks = [
        ids,
        pa.repeat(pa.scalar(row.arm, pa.int32()), rows),
        pa.repeat(pa.scalar(row.seed, pa.int64()), rows),
    ]
    return pa.table([*marks, *table.columns], names=[*IDS, *table.column_names])


def _like(table: Any, schema: Any, name: str) -> Any:
    """``table`` with the column types of ``schema``; a run without events may not know its types."""
    pa = arrow()

    try:
        return table.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise StoreError(f"{name}: runs of one study must give the same columns: {error}") from error


def _run_line(arms: list[dict[str, Any]], headline: list[str]) -> Callable[[RunRow, Any], Any]:
    """A function that makes the one-row table of a run for ``runs.parquet``."""
    pa = arrow()

    fixed = {"run_id": pa.string(), "arm": pa.int32(), "seed": pa.int64(), "seconds": pa.float64()}
    settings = sorted({key for arm in arms for key in arm})
    fields = [(key, fixed.get(key, pa.string())) for key in RunRow.__dataclass_fields__]
    fields += [(key, _lever_type([arm.get(key) for arm in arms])) for key in settings]
    schema = pa.schema(fields + [(key, pa.float64()) for key in headline])

    def line(row: RunRow, weekly: Any) -> Any:
        levers = {key: _plain(value, schema.field(key).type) for key, value in arms[row.arm].items()}
        return pa.Table.from_pylist([asdict(row) | levers | closing_means(weekly, headline)], schema=schema)

    return line


def _lever_type(values: list[Any]) -> Any:
    pa = arrow()

    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    return pa.float64() if kinds and kinds <= {int, float} else pa.string()


def _plain(value: Any, kind: Any) -> Any:
    return str(value) if str(kind) == "string" and value is not None else value


def closing_means(weekly: Any, headline: list[str]) -> dict[str, float]:
    """Mean of each weekly observation over the last ``HEADLINE_WEEKS`` weeks; unknown weeks are left out."""
    import numpy as np

    if weekly is None or not weekly.num_rows:
        return {}
    weeks = weekly["week"].to_numpy()
    last = weeks > weeks.max() - HEADLINE_WEEKS
    means = {}
    for key in headline:
        values = weekly[key].to_numpy()[last].astype(float)
        known = values[~np.isnan(values)]
        means[key] = float(known.mean()) if known.size else float("nan")
    return means


def headline_names(weekly: Any) -> list[str]:
    """The weekly observations that have a mean: every number but the week itself."""
    pa = arrow()

    def number(kind: Any) -> bool:
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))

    return [field.name for field in weekly.schema if field.name not in ("week", *IDS) and number(field.type)]


# --- reading what is sealed ---


def sealed_rows(folder: Path) -> Iterator[RunRow]:
    """The runs of a sealed folder, in ``order``."""
    for batch in _batches(folder / "runs.parquet", list(RunRow.__dataclass_fields__)):
        for values in batch.to_pylist():
            yield RunRow(**values)


def sealed_runs(folder: Path, names: Iterable[str]) -> Iterator[Run]:
    """The runs of a sealed folder with their tables, in ``order``, a few row groups in memory at a time."""
    streams = {name: groupby(_pieces(folder / f"{name}.parquet"), key=lambda piece: str(piece[0])) for name in names}
    heads: dict[str, Any] = {name: next(stream, None) for name, stream in streams.items()}
    blank = {name: empty_table(folder / f"{name}.parquet").drop_columns(list(IDS)) for name in streams}
    for row in sealed_rows(folder):
        tables = dict(blank)  # a table without rows in any run keeps its columns
        for name, head in heads.items():
            if head is not None and head[0] == row.run_id:
                tables[name] = _joined(piece for _, piece in head[1])
                heads[name] = next(streams[name], None)
        yield row, tables


def merged(sealed: Iterator[Run], fresh: Iterator[Run], chosen: Callable[[RunRow, bool], bool]) -> Iterator[Run]:
    """Sealed and fresh runs in one ``order``; ``chosen(row, is_fresh)`` says which of two copies counts."""
    kept = ((row, tables) for row, tables in sealed if chosen(row, False))
    new = ((row, tables) for row, tables in fresh if chosen(row, True))
    return merge(kept, new, key=lambda run: order(run[0]))


def _pieces(path: Path) -> Iterator[tuple[str, Any]]:
    """Consecutive rows of one run, without the id columns."""
    import numpy as np

    pa = arrow()

    for batch in _batches(path):
        ids = batch.column("run_id")
        codes = ids.indices.to_numpy()
        starts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
        rest = pa.Table.from_batches([batch]).drop_columns(list(IDS))
        for start, stop in pairwise(starts):
            if stop > start:
                yield ids.dictionary[int(codes[start])].as_py(), rest.slice(start, stop - start)


def empty_table(path: Path) -> Any:
    """A sealed file's columns without its rows."""
    pq = parquet()

    return pq.read_schema(path).empty_table()


def _batches(path: Path, columns: list[str] | None = None) -> Iterator[Any]:
    pq = parquet()

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        yield from file.iter_batches(columns=columns)


def _joined(pieces: Iterable[Any]) -> Any:
    pa = arrow()

    return pa.concat_tables(list(pieces)).combine_chunks()
