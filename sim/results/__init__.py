"""Results for reading: a sealed folder's tables and manifest, each checked before it is used.

The store that writes them (``Store``) and what it is told (``Study``) are named here too.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.results import custody
from sim.results.custody import MANIFEST, DamageError, StoreError, parquet, read_json
from sim.results.shards import RunRow
from sim.results.store import NondeterminismError, Store
from sim.results.study import HEADLINE_WEEKS, Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "HEADLINE_WEEKS",
    "DamageError",
    "NondeterminismError",
    "Result",
    "RunRow",
    "Store",
    "StoreError",
    "Study",
    "load_result",
]


class Result:
    """A sealed folder for reading; each table is loaded, and checked, when first asked for."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest

    @property
    def arms(self) -> list[dict[str, Any]]:
        """Label, changes and scenario hash of each arm; the index is the ``arm`` of the tables."""
        return list(self.manifest["arms"])

    @property
    def baseline(self) -> int:
        """Index of the arm the others are compared with."""
        return int(self.manifest["baseline"])

    @property
    def headline(self) -> list[str]:
        """The weekly observations whose closing mean is a column of ``runs``."""
        known = {*RunRow.__dataclass_fields__, *self.manifest["levers"]}
        return [name for name in self.runs.columns if name not in known]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run: ids, status, varied levers, and each observation's mean over the closing weeks."""
        return self.read("runs")

    @cached_property
    def weekly(self) -> pd.DataFrame:
        """One row per run and week."""
        return self.read("weekly")

    @cached_property
    def quadrants(self) -> pd.DataFrame:
        """One row per run, recorded week and quadrant."""
        return self.read("quadrants")

    @cached_property
    def committees(self) -> pd.DataFrame:
        """One row per run and committee spell."""
        return self.read("committees")

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """One row per run and committee session."""
        return self.read("sessions")

    def read(self, table: str, columns: list[str] | None = None, arms: list[int] | None = None) -> pd.DataFrame:
        """A table, or some columns and arms of it.

        Raises:
            DamageError: the file is not what was sealed.
            StoreError: no run of this study has that table.
        """
        pq = parquet()

        name = f"{table}.parquet"
        if name not in self.manifest["files"]:
            raise StoreError(f"{self.folder.name} has no {name}: no run of this study got so far")
        if words := custody.file_problem(self.folder / name, self.manifest["files"][name]):
            raise DamageError(f"{self.folder.name}: {words}. Restore it from a copy, or run the study again.")
        filters = None if arms is None else [("arm", "in", arms)]
        path = self.folder / name
        frame: pd.DataFrame = pq.read_table(path, columns=columns, filters=filters).to_pandas()
        return frame


def load_result(folder: Path | str) -> Result:
    """A sealed folder of results.

    Raises:
        StoreError: nothing is sealed there. DamageError: its manifest is not what was written.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).exists():
        unsealed = "; runs are stored but not yet sealed" if (folder / "shards").exists() else ""
        raise StoreError(f"{folder.name} holds no sealed results (no {MANIFEST}){unsealed}")
    return Result(folder, read_json(folder / MANIFEST))
