"""City tables of real municipalities for tests; their files stand beside the repository, never in it.

Where the folder is absent a spec skips the test that asks for it, saying why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"


def _folder(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"no shared/data/{name} beside the repository: real cities are not distributed with it")
    return DATA / name


def nogales_spec(people_per_row: float = 1.0) -> dict[str, Any]:
    """The 162 urban census areas of Nogales, Sonora (2020): marginalisation, no sectors, no crime."""
    folder = _folder("nogales")
    return {
        "kind": "csv",
        "name": "Nogales",
        "units": str(folder / "units.csv"),
        "edges": str(folder / "edges.csv"),
        "id_column": "ageb",
        "population_column": "population_2020",
        "x_column": "x_m_inegi_lcc",
        "y_column": "y_m_inegi_lcc",
        "area_column": "area_km2",
        "marginalisation_column": "imn_2020",
        "marginalisation_higher_is": "less",
        "people_per_row": float(people_per_row),
    }


def cdmx_spec(people_per_row: float = 1.0) -> dict[str, Any]:
    """The 847 police quadrants of Mexico City in 72 sectors, with recorded crime of 37 months."""
    folder = _folder("cdmx")
    return {
        "kind": "csv",
        "name": "Ciudad de México",
        "units": str(folder / "quadrants.csv"),
        "edges": str(folder / "edges.csv"),
        "id_column": "quadrant",
        "population_column": "population_2010",
        "sector_column": "sector",
        "x_column": "lon",
        "y_column": "lat",
        "area_column": "area_km2",
        "risk_column": "crimes_2013_01_to_2016_01",
        "people_per_row": float(people_per_row),
    }


def iztapalapa_spec(people_per_row: float = 1.0) -> dict[str, Any]:
    """The borough of Iztapalapa: 134 of those quadrants."""
    return {**cdmx_spec(people_per_row), "name": "Iztapalapa", "where": "delegacion=IZTAPALAPA"}
