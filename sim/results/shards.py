"""Shards: what a worker writes while a study runs, one SQLite file per writing process.

A reader of SQLite does not notice a flipped bit, so each run carries a SHA-256 over everything stored of it
and no run is read without checking it. A run that does not check counts as missing and is named, never used.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sim.results.custody import arrow, cannot_write

Tables = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class RunRow:
    """What is known of one run beside its tables.

    Attributes:
        run_id: identity of the run, SHA-256 of scenario, seed and code.
        arm: index of the arm in the design.
        seed: seed of every draw of the run.
        status: ``ok`` or ``error``.
        error: traceback or cause of death; empty when ok.
        reproduce: a command that repeats this run alone.
        seconds: wall time of the run (s); 0 where its worker could not tell.
        digest: SHA-256 of what the run computed; empty on error.
    """

    run_id: str
    arm: int
    seed: int
    status: str
    error: str
    reproduce: str
    seconds: float
    digest: str


_COLUMNS = tuple(RunRow.__dataclass_fields__)
_CREATE = f"CREATE TABLE runs ({', '.join(_COLUMNS)}, payload BLOB, checksum TEXT, PRIMARY KEY (run_id))"


def pack(tables: Tables) -> bytes:
    """Tables as bytes: a line of JSON (names, lengths), then one zstd-compressed Arrow stream per table."""
    pa = arrow()

    options = pa.ipc.IpcWriteOptions(compression="zstd")
    streams = []
    for name, columns in tables.items():
        table = pa.table({key: pa.array(values) for key, values in columns.items()})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
            writer.write_table(table)
        streams.append((name, sink.getvalue()))
    head = json.dumps([[name, len(data)] for name, data in streams]).encode()
    return b"\n".join([head, b"".join(data for _, data in streams)])


def unpack(payload: bytes) -> dict[str, Any]:
    """The Arrow tables of a payload made by ``pack``, by name."""
    pa = arrow()

    head, _, body = payload.partition(b"\n")
    tables, start = {}, 0
    for name, length in json.loads(head):
        tables[name] = pa.ipc.open_stream(body[start : start + length]).read_all()
        start += length
    return tables


def checksum(row: RunRow, payload: bytes) -> str:
    """SHA-256 (hex) over every stored byte of a run."""
    head = json.dumps(asdict(row), sort_keys=True).encode()
    return hashlib.sha256(head + b"\n" + payload).hexdigest()


class Shard:
    """One file, one writer. Each ``write`` is a transaction that is on disk when it returns."""

    def __init__(self, folder: Path) -> None:
        """Start a new file in ``folder``.

        Raises:
            StoreError: the folder cannot be written.
        """
        path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # autocommit: each INSERT is its own transaction; FULL cost no more than NORMAL in trials
            self._file = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=FULL")
            self._file.execute(_CREATE)
        except (OSError, sqlite3.Error) as error:
            raise cannot_write(folder, error) from error

    def write(self, row: RunRow, tables: Tables | None = None) -> None:
        """Store one run, whole or not at all; a run this file already holds is left as it is.

        Raises:
            StoreError: disk full or no longer writable; runs stored before stay.
        """
        payload = pack(tables or {})
        values = (*asdict(row).values(), payload, checksum(row, payload))
        marks = ", ".join("?" * len(values))
        try:
            self._file.execute(f"INSERT OR IGNORE INTO runs VALUES ({marks})", values)
        except sqlite3.Error as error:
            raise cannot_write("the result folder", error) from error

    def close(self) -> None:
        """Fold the journal into the file and let go of it."""
        with suppress(sqlite3.Error):
            self._file.close()


def read_shard(path: Path, problems: list[str], payloads: bool = True) -> Iterator[tuple[RunRow, bytes]]:
    """Every run of a shard that checks; what does not is named in ``problems``.

    Args:
        path: the shard.
        problems: a sentence is added for each run or file that cannot be trusted.
        payloads: give the payload too; without, an empty one (it is checked all the same).
    """
    try:
        with closing(_open(path)) as file:
            for values in file.execute(f"SELECT {', '.join(_COLUMNS)}, payload, checksum FROM runs ORDER BY run_id"):
                row, payload = RunRow(*values[:-2]), values[-2]
                if _sound(row, payload, values[-1]):
                    yield row, payload if payloads else b""
                else:
                    problems.append(f"{path.name}: run {str(row.run_id)[:12]} is damaged; it counts as missing")
    except (sqlite3.Error, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: damaged ({error}); runs that cannot be read count as missing")


def fetch(path: Path, run_id: str) -> tuple[RunRow, bytes] | None:
    """One run of a shard, checked; None if the shard does not hold it or it is damaged."""
    try:
        with closing(_open(path)) as file:
            query = f"SELECT {', '.join(_COLUMNS)}, payload, checksum FROM runs WHERE run_id = ?"
            values = file.execute(query, (run_id,)).fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    if values is None or not _sound(RunRow(*values[:-2]), values[-2], values[-1]):
        return None
    return RunRow(*values[:-2]), values[-2]


def structure_problems(path: Path) -> list[str]:
    """What SQLite itself finds wrong with a shard (pages, indexes)."""
    try:
        with closing(_open(path)) as file:
            words = [str(line[0]) for line in file.execute("PRAGMA integrity_check")]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        words = [str(error)]
    return [] if words == ["ok"] else [f"{path.name}: damaged ({words[0]})"]


def remove_shard(path: Path) -> None:
    """Delete a shard and its journal."""
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _open(path: Path) -> sqlite3.Connection:
    """A shard for reading; not ``mode=ro``, for the journal of a killed writer has to be folded in first."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30.0)


def _sound(row: RunRow, payload: object, stored: object) -> bool:
    """Whether a run is what was written; a flipped bit may also have changed the type of a value."""
    try:
        return isinstance(payload, bytes) and checksum(row, payload) == stored
    except (TypeError, ValueError):  # a value turned into something JSON cannot hold
        return False
