"""Real municipalities come in whole, and what had to be handled is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from real_cities import cdmx_spec, iztapalapa_spec, nogales_spec

from sim import Scenario, run
from sim.network import CityError, build_city
from sim.simulation import city_of


def test_nogales_has_162_units_337_edges_and_260341_residents() -> None:
    city = build_city(nogales_spec())
    assert (len(city.ids), len(city.edges), city.population.sum()) == (162, 337, 260_341)
    assert city.ids[0] == "2604300010197"  # an id is text: no digit lost
    parts = sorted(map(len, nx.connected_components(city.graph())))
    assert (parts[0], parts[-1]) == (1, 139)
    assert (city.degree == 0).sum() == 1


def test_nogales_says_what_was_handled() -> None:
    notes = "; ".join(build_city(nogales_spec()).notes)
    assert "5 components" in notes and "1 isolated unit" in notes
    assert "no sector_column" in notes and "no risk_column" in notes


def test_nogales_sectors_are_of_about_eleven_units_and_whole_within_the_large_component() -> None:
    city = build_city(nogales_spec())
    assert 9 <= np.median(np.bincount(city.sector)) <= 13
    graph = city.graph()
    large = max(nx.connected_components(graph), key=len)
    for sector in range(len(city.sector_names)):
        own = [unit for unit, number in zip(city.ids, city.sector, strict=True) if number == sector and unit in large]
        assert not own or nx.is_connected(graph.subgraph(own))


def test_the_most_marginalised_unit_of_nogales_is_the_one_with_the_lowest_index() -> None:
    city = build_city(nogales_spec())
    turned = build_city({**nogales_spec(), "marginalisation_higher_is": "more"})
    assert city.marginalisation.min() == 0.0 and city.marginalisation.max() == 1.0
    assert np.allclose(city.marginalisation, 1.0 - turned.marginalisation)
    # 2604300010233 has imn 0.954148, of 0.897474 (most marginalised) to 0.993233 (least)
    assert city.marginalisation[city.ids.index("2604300010233")] == pytest.approx(0.408, abs=0.001)


def test_people_per_row_does_not_change_the_city() -> None:
    assert build_city(nogales_spec(1)).hash == build_city(nogales_spec(10)).hash


def test_iztapalapa_has_134_quadrants_and_edges_to_other_boroughs_are_dropped_with_a_note() -> None:
    city = build_city(iztapalapa_spec())
    assert (len(city.ids), len(city.edges), city.population.sum()) == (134, 322, 1_818_487)
    assert "54 edges to units outside the filter dropped" in city.notes
    assert any(note.startswith("4 units without residents") for note in city.notes)
    assert nx.is_connected(city.graph())


def test_mexico_city_keeps_its_72_sectors_and_847_connected_quadrants() -> None:
    city = build_city(cdmx_spec())
    assert (len(city.ids), len(city.edges), len(city.sector_names)) == (847, 2138, 72)
    assert nx.is_connected(city.graph())
    assert np.average(city.risk, weights=city.population) == pytest.approx(1.0)


def test_a_quadrant_with_nine_residents_and_eighty_crimes_does_not_explode() -> None:
    city = build_city(cdmx_spec())
    assert city.risk.max() < 25.0  # 670 without shrinkage
    big = city.population > 5000
    assert (city.risk[big] < 10).all()


def test_a_misspelt_borough_is_refused_with_the_likely_one() -> None:
    with pytest.raises(CityError, match="Did you mean 'IZTAPALAPA'"):
        build_city({**iztapalapa_spec(), "where": "delegacion=IZTAPALPA"})


@pytest.mark.parametrize("spec", [nogales_spec, iztapalapa_spec])
def test_the_model_runs_on_a_real_city(spec: Callable[[float], dict[str, Any]]) -> None:
    settings = {f"city.{key}": value for key, value in spec(60.0).items()}
    scenario = Scenario.default().with_changes({**settings, "run.weeks": 30, "run.burn_in": 4})
    record = run(scenario, 1)
    weekly, places = record.weekly, record.quadrants
    assert 4.0 < weekly["occurred"].mean() < 11.0  # per 1,000 residents and week: the usual rate is set by surveys
    assert weekly["trust"].between(0.4, 0.6).all()
    empty = city_of(scenario).population == 0
    last = places[places["week"] == places["week"].max()]
    assert (last["occurred"].to_numpy()[empty] == 0).all()
    assert np.isfinite(last.select_dtypes("number").to_numpy()).all()
    assert record.digest() == run(scenario, 1).digest()
