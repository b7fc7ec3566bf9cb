"""The municipality: what the synthetic one looks like, what files give, and what is refused and how."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from sim.cards import load_cards
from sim.network import City, CityError, build_city, geography
from sim.words import load_words

SIM = Path(geography.__file__).parents[1]


# --- measures, as the evidence computes them ---------------------------------------------------------------


def moran(values: np.ndarray, city: City) -> float:
    """Moran's I over the contiguity edges."""
    z = values - values.mean()
    i, j = city.edges.T
    return float(len(z) / len(i) * (z[i] * z[j]).sum() / (z * z).sum())


def icc(values: np.ndarray, group: np.ndarray) -> float:
    """One-way intraclass correlation, groups of unequal size."""
    size = np.bincount(group)
    mean = np.bincount(group, values) / size
    n, k = len(values), len(size)
    between = (size * (mean - values.mean()) ** 2).sum() / (k - 1)
    within = ((values - mean[group]) ** 2).sum() / (n - k)
    each = (n - (size**2).sum() / n) / (k - 1)
    return float((between - within) / (between + (each - 1) * within))


def gini(values: np.ndarray) -> float:
    ordered = np.sort(values)
    n = len(ordered)
    return float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * ordered.sum()))


def measures(city: City) -> dict[str, float]:
    count = city.population * city.risk
    top = np.sort(count)[::-1] / count.sum()
    share = {f"top {p} %": float(top[: round(len(top) * p / 100)].sum()) for p in (5, 10, 20)}
    quarter, three = np.quantile(city.population, [0.25, 0.75])
    return share | {
        "mean degree": float(city.degree.mean()),
        "clustering": nx.average_clustering(city.graph()),
        "cv": float(count.std() / count.mean()),
        "gini": gini(count),
        "I log count": moran(np.log(count), city),
        "I log rate": moran(np.log(city.risk), city),
        "I log population": moran(np.log(city.population), city),
        "I marginalisation": moran(city.marginalisation, city),
        "icc": icc(np.log(count), city.sector),
        "count with population": float(np.corrcoef(np.log(count), np.log(city.population))[0, 1]),
        "marginalisation with risk": float(np.corrcoef(city.marginalisation, np.log(city.risk))[0, 1]),
        "marginalisation with business": float(np.corrcoef(city.marginalisation, city.business)[0, 1]),
        "population IQR ratio": float(three / quarter),
        "sector size": float(np.median(np.bincount(city.sector))),
    }


@pytest.fixture(scope="module")
def averages() -> dict[str, float]:
    """Means over 20 layouts of 240 quadrants in 22 sectors."""
    towns = [
        measures(build_city({"quadrants": 240, "sectors": 22, "residents": 2_400_000, "layout_seed": seed}))
        for seed in range(1, 21)
    ]
    return {key: float(np.mean([town[key] for town in towns])) for key in towns[0]}


# --- the synthetic town ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "measured", "tolerance"),
    [
        ("mean degree", 5.05, 0.25),  # Q4; patches of 240 real quadrants have 4.87
        ("clustering", 0.37, 0.03),  # Q4
        ("sector size", 11, 1),  # Q1
        ("population IQR ratio", 13_694 / 4_655, 0.15),  # Q2
        ("cv", 0.61, 0.02),  # Q7
        ("gini", 0.33, 0.01),  # Q7
        ("top 5 %", 0.140, 0.012),  # Q8
        ("top 10 %", 0.237, 0.012),  # Q8
        ("top 20 %", 0.394, 0.012),  # Q8
        ("I log count", 0.42, 0.05),  # Q11
        ("I log rate", 0.57, 0.05),  # Q11
        ("icc", 0.45, 0.05),  # Q12
        ("I log population", 0.55, 0.05),  # from the data of Q2 and Q4
        ("count with population", 0.53, 0.10),  # the same
        ("I marginalisation", 0.54, 0.06),  # the census areas of Nogales
    ],
)
def test_towns_of_240_quadrants_have_on_average_what_was_measured(
    averages: dict[str, float], what: str, measured: float, tolerance: float
) -> None:
    assert averages[what] == pytest.approx(measured, abs=tolerance)


def test_on_average_risk_rises_mildly_and_business_falls_with_marginalisation(
    averages: dict[str, float],
) -> None:
    assert 0.0 < averages["marginalisation with risk"] < 0.3
    assert -0.5 < averages["marginalisation with business"] < -0.1


def test_a_town_of_847_quadrants_has_the_measured_graph_within_two_percent() -> None:
    city = build_city({"quadrants": 847, "sectors": 72, "residents": 8_785_911})
    found = measures(city)
    assert found["mean degree"] == pytest.approx(5.05, rel=0.02)
    assert found["clustering"] == pytest.approx(0.37, rel=0.04)
    assert np.median(city.area_km2) == pytest.approx(0.60)
    assert nx.is_connected(city.graph()) and nx.check_planarity(city.graph())[0]


def test_the_demo_has_24_quadrants_4_sectors_and_48000_residents() -> None:
    city = build_city({})
    assert (len(city.ids), len(city.sector_names), city.population.sum()) == (24, 4, 48_000)
    assert (city.population > 0).all() and city.notes == ()
    assert city.ids[0] == "Q01" and city.sector_names == ("S1", "S2", "S3", "S4")


@pytest.mark.parametrize(
    ("what", "measured", "tolerance"),
    [
        ("mean degree", 4.0, 0.2),  # patches of 24 real quadrants
        ("clustering", 0.37, 0.10),
        ("cv", 0.61, 0.05),
        ("gini", 0.33, 0.02),
        ("top 10 %", 0.237, 0.05),
        ("top 20 %", 0.394, 0.02),
        ("I log count", 0.42, 0.15),
        ("I log rate", 0.57, 0.15),
        ("icc", 0.45, 0.15),
        ("count with population", 0.53, 0.20),
    ],
)
def test_the_demo_is_a_representative_town_within_wider_tolerances(
    what: str, measured: float, tolerance: float
) -> None:
    assert measures(build_city({}))[what] == pytest.approx(measured, abs=tolerance)


@pytest.mark.parametrize("quadrants", [1, 2, 3, 5, 24, 100])
def test_any_number_of_quadrants_makes_one_connected_town(quadrants: int) -> None:
    city = build_city({"quadrants": quadrants, "sectors": min(quadrants, 3), "residents": 50 * quadrants})
    assert len(city.ids) == quadrants and nx.is_connected(city.graph())
    assert city.population.sum() == 50 * quadrants
    assert len(city.sector_names) == min(quadrants, 3)
    for values in (city.risk, city.business):
        assert np.average(values, weights=city.population) == pytest.approx(1.0)
    assert ((city.marginalisation >= 0) & (city.marginalisation <= 1)).all()


def test_the_sectors_of_a_synthetic_town_are_contiguous_and_stand_together() -> None:
    city = build_city({"quadrants": 240, "sectors": 22})
    assert (np.diff(city.sector) >= 0).all()
    graph = city.graph()
    for number in range(22):
        assert nx.is_connected(graph.subgraph(np.array(city.ids)[city.sector == number]))


def test_every_quadrant_of_a_synthetic_town_has_an_outline_of_its_area() -> None:
    import shapely

    city = build_city({})
    assert city.outlines is not None
    cells = [shapely.Polygon(ring) for ring in city.outlines]
    assert np.allclose([cell.area for cell in cells], city.area_km2)
    assert shapely.union_all(cells).area == pytest.approx(city.area_km2.sum())  # no gap, no overlap
    assert all(cell.contains(shapely.Point(x, y)) for cell, x, y in zip(cells, city.x, city.y, strict=True))


def test_fewer_residents_than_quadrants_leave_some_empty_and_say_so() -> None:
    city = build_city({"residents": 10})
    assert city.population.sum() == 10
    assert any("without residents" in note for note in city.notes)
    assert np.isfinite(city.risk).all()


def test_more_sectors_than_quadrants_are_refused() -> None:
    with pytest.raises(CityError, match="more than the 3 quadrants"):
        build_city({"quadrants": 3, "sectors": 4})


# --- the same city everywhere ------------------------------------------------------------------------------


def test_the_same_layout_seed_gives_the_same_city_in_another_process() -> None:
    code = "from sim.network import build_city; print(build_city({}).hash)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=SIM.parent, check=True)
    assert other.stdout.strip() == build_city({}).hash


def test_the_hash_moves_with_the_layout_seed_and_not_with_the_name() -> None:
    assert build_city({"layout_seed": 1}).hash != build_city({"layout_seed": 2}).hash
    assert build_city({"name": "A"}).hash == build_city({"name": "B"}).hash


def test_arrays_are_read_only_also_after_pickling() -> None:
    city = build_city({})
    for one in (city, pickle.loads(pickle.dumps(city))):
        for array in (one.population, one.risk, one.edges, one.indptr, one.indices, one.x):
            with pytest.raises(ValueError):
                array[0] = 1
        assert one.hash == city.hash


def test_neighbours_of_a_unit_are_in_ascending_order() -> None:
    city = build_city({})
    assert city.indptr.dtype == np.int64 and city.indices.dtype == np.int32
    assert city.indptr[-1] == 2 * len(city.edges)
    for unit in range(24):
        near = city.indices[city.indptr[unit] : city.indptr[unit + 1]]
        assert list(near) == sorted(j if i == unit else i for i, j in city.edges.tolist() if unit in (i, j))
        assert city.degree[unit] == len(near)


def test_importing_the_network_loads_neither_networkx_nor_shapely() -> None:
    code = "import sys, sim.network; print('networkx' in sys.modules, 'shapely' in sys.modules)"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=SIM.parent, check=True)
    assert other.stdout.split() == ["False", "False"]


def test_every_key_of_the_city_table_has_a_card_or_a_text_in_both_languages() -> None:
    cards, texts = load_cards(SIM / "city.toml"), load_words(SIM / "city_texts.toml")
    assert not set(cards) & set(texts)
    assert cards["kind"].choices == ("synthetic", "csv", "geojson", "graphml")


# --- files -------------------------------------------------------------------------------------------------

UNITS = """id,people,sec,lon_m,lat_m,imn,crimes,shops
a,100,N,0,0,1.0,10,1
b,300,N,1,0,2.0,30,1
c,0,S,0,1,,0,1
d,600,S,1,1,4.0,60,3
"""
EDGES = "a,b,weight\nb,a,1\na,b,1\nb,d,2\nc,c,1\n"


def csv_city(folder: Path, units: str = UNITS, edges: str = EDGES, **keys: Any) -> City:
    (folder / "units.csv").write_text(units, encoding="utf-8")
    (folder / "edges.csv").write_text(edges, encoding="utf-8")
    spec = {"kind": "csv", "units": "units.csv", "edges": "edges.csv", "population_column": "people"}
    return build_city({**spec, **keys}, folder)


def refusal(folder: Path, **keys: Any) -> list[str]:
    with pytest.raises(CityError) as caught:
        csv_city(folder, **keys)
    return caught.value.problems


def test_a_csv_city_has_the_rows_of_its_file(tmp_path: Path) -> None:
    city = csv_city(tmp_path, sector_column="sec", x_column="lon_m", y_column="lat_m", name="Four")
    assert city.name == "Four" and city.ids == ("a", "b", "c", "d")
    assert city.population.tolist() == [100, 300, 0, 600]
    assert city.sector.tolist() == [0, 0, 1, 1] and city.sector_names == ("N", "S")
    assert city.edges.tolist() == [[0, 1], [1, 3]]
    assert city.x.tolist() == [0, 1, 0, 1] and np.isnan(city.area_km2).all() and city.outlines is None


def test_loops_repeats_isolates_and_empty_units_are_handled_and_said(tmp_path: Path) -> None:
    notes = csv_city(tmp_path, sector_column="sec").notes
    assert "1 edge from a unit to itself dropped" in notes
    assert "1 repeated edge merged" in notes
    assert "1 unit without residents: kept, with no residents or officers" in notes
    assert any("2 components" in note for note in notes)
    assert any("1 isolated unit" in note for note in notes)
    assert any("no x_column and y_column" in note for note in notes)


def test_the_adult_share_multiplies_the_population_column(tmp_path: Path) -> None:
    assert csv_city(tmp_path, adult_share=0.7).population.tolist() == [70, 210, 0, 420]


def test_marginalisation_runs_from_0_to_1_and_a_blank_takes_the_median(tmp_path: Path) -> None:
    city = csv_city(tmp_path, marginalisation_column="imn")
    assert city.marginalisation == pytest.approx([0, 1 / 3, 1 / 3, 1])  # 1, 2, median 2, 4
    assert "1 unit without marginalisation: given the median" in city.notes
    turned = csv_city(tmp_path, marginalisation_column="imn", marginalisation_higher_is="less")
    assert turned.marginalisation == pytest.approx([1, 2 / 3, 2 / 3, 0])


def test_equal_rates_give_equal_risk_and_an_empty_unit_the_mean(tmp_path: Path) -> None:
    assert csv_city(tmp_path, risk_column="crimes").risk == pytest.approx([1, 1, 1, 1])


def test_business_density_has_a_population_weighted_mean_of_one(tmp_path: Path) -> None:
    city = csv_city(tmp_path, business_column="shops")
    assert city.business == pytest.approx([1 / 2.2, 1 / 2.2, 1, 3 / 2.2])  # (100 + 300 + 3 x 600) / 1000 = 2.2


def test_a_small_unit_is_drawn_to_the_mean_more_than_a_large_one_with_the_same_rate() -> None:
    counts, people = np.array([20.0, 2000.0, 500.0, 1500.0]), np.array([1e4, 1e6, 1e6, 1e6])
    risk = geography.shrunk_rate(counts, people)
    assert risk[0] < risk[1]
    assert np.average(risk, weights=people) == pytest.approx(1.0)


def test_pure_chance_in_the_counts_gives_nearly_the_same_risk_everywhere() -> None:
    people = np.full(200, 1000.0)
    counts = np.random.default_rng(1).poisson(5.0, 200).astype(float)
    assert geography.shrunk_rate(counts, people).std() < 0.1  # raw rates: 0.45


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    city = csv_city(tmp_path, units="\ufeff" + UNITS.replace(",", ";"))
    assert city.ids == ("a", "b", "c", "d")


def test_ids_keep_their_leading_zeros(tmp_path: Path) -> None:
    city = csv_city(tmp_path, units="id,people\n01,5\n1,6\n", edges="a,b\n01,1\n")
    assert city.ids == ("01", "1") and city.edges.tolist() == [[0, 1]]


def test_a_filter_keeps_its_rows_and_drops_edges_that_leave(tmp_path: Path) -> None:
    city = csv_city(tmp_path, where="sec=N")
    assert city.ids == ("a", "b")
    assert "1 edge to units outside the filter dropped" in city.notes


def test_without_sectors_a_row_of_22_units_is_cut_into_two_halves(tmp_path: Path) -> None:
    units = "id,people,x,y\n" + "".join(f"{n},10,{n},0\n" for n in range(22))
    edges = "a,b\n" + "".join(f"{n},{n + 1}\n" for n in range(21))
    city = csv_city(tmp_path, units, edges, x_column="x", y_column="y")
    assert np.bincount(city.sector).tolist() == [11, 11]
    assert (np.diff(city.sector) != 0).sum() == 1


def test_a_small_component_joins_the_sector_with_the_nearest_centre(tmp_path: Path) -> None:
    units = "id,people,x,y\n" + "".join(f"{n},10,{n},0\n" for n in range(22)) + "far,10,400,0\n"
    edges = "a,b\n" + "".join(f"{n},{n + 1}\n" for n in range(21))
    city = csv_city(tmp_path, units, edges, x_column="x", y_column="y")
    assert city.sector[22] == city.sector[21] != city.sector[0]
    assert any("2 components" in note and "joined to the nearest sector" in note for note in city.notes)


def test_without_coordinates_units_stand_at_their_distances_in_the_graph(tmp_path: Path) -> None:
    edges = "a,b\na,b\nb,c\nc,d\n"
    x = csv_city(tmp_path, edges=edges).x
    assert (np.diff(x) > 0).all() or (np.diff(x) < 0).all()


# --- polygons and graphs -----------------------------------------------------------------------------------


def square(x: float, y: float, side: float = 1000.0, **properties: Any) -> dict[str, Any]:
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def geojson_city(folder: Path, features: list[dict[str, Any]], **keys: Any) -> City:
    (folder / "map.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    spec = {"kind": "geojson", "polygons": "map.geojson", "population_column": "people"}
    return build_city({**spec, **keys}, folder)


def grid(step: float) -> list[dict[str, Any]]:
    return [square(x * step, y * step, people=10, id=f"{x}{y}") for x in (1, 2) for y in (1, 2)]


def test_a_grid_of_two_by_two_squares_has_four_borders_and_no_diagonal(tmp_path: Path) -> None:
    city = geojson_city(tmp_path, grid(1000.0))
    assert city.ids == ("11", "12", "21", "22")
    assert city.edges.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert city.area_km2 == pytest.approx([1, 1, 1, 1])
    assert (city.x[0], city.y[0]) == (1500, 1500)
    assert city.outlines is not None and len(city.outlines[0]) == 5


@pytest.mark.parametrize(("gap", "edges"), [(0.0, 4), (20.0, 4), (40.0, 0)])
def test_squares_up_to_30_metres_apart_still_touch(tmp_path: Path, gap: float, edges: int) -> None:
    assert len(geojson_city(tmp_path, grid(1000.0 + gap)).edges) == edges


@pytest.mark.parametrize(("shared", "edges"), [(40.0, 0), (60.0, 1)])
def test_a_border_counts_from_50_metres(tmp_path: Path, shared: float, edges: int) -> None:
    features = [square(1000, 1000, people=1), square(2000, 2000 - shared, people=1)]
    assert len(geojson_city(tmp_path, features).edges) == edges


def test_degrees_are_projected_before_metres_are_counted(tmp_path: Path) -> None:
    features = [square(-99.1 + i * 0.01, 19.4, 0.01, people=1) for i in (0, 1)]
    city = geojson_city(tmp_path, features)
    assert city.edges.tolist() == [[0, 1]]
    # 0.01 degrees at 19.405 N: 1.0499 km east-west by 1.1057 km north-south
    assert city.area_km2 == pytest.approx([1.161, 1.161], abs=0.002)
    assert city.x == pytest.approx([-99.095, -99.085])


def test_a_bow_tie_is_repaired_with_a_note(tmp_path: Path) -> None:
    bow = square(1000, 1000, people=1)
    bow["geometry"]["coordinates"] = [[[1000, 1000], [2000, 2000], [2000, 1000], [1000, 2000], [1000, 1000]]]
    city = geojson_city(tmp_path, [bow, square(2000, 1000, people=1)])
    assert "1 polygon repaired (feature 1)" in city.notes


def test_geometries_without_an_area_are_refused_by_feature(tmp_path: Path) -> None:
    line = {
        "type": "Feature",
        "properties": {"people": 1},
        "geometry": {"type": "Point", "coordinates": [1, 1]},
    }
    none = {"type": "Feature", "properties": {"people": 1}, "geometry": None}
    with pytest.raises(CityError) as caught:
        geojson_city(tmp_path, [square(1000, 1000, people=1), line, none])
    first, second = caught.value.problems
    assert first.startswith("map.geojson, feature 2") and second.startswith("map.geojson, feature 3")


@pytest.mark.parametrize(("text", "words"), [("{", "line 1: not JSON"), ("[1]", "FeatureCollection"), ("", "is empty")])
def test_a_file_that_is_not_geojson_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "map.geojson").write_text(text)
    with pytest.raises(CityError, match=words):
        build_city({"kind": "geojson", "polygons": "map.geojson", "population_column": "people"}, tmp_path)


def test_a_graphml_city_has_the_nodes_and_edges_of_its_graph(tmp_path: Path) -> None:
    graph = nx.path_graph(["u", "v", "w"])
    nx.set_node_attributes(graph, {"u": 5, "v": 6, "w": 7}, "people")
    nx.write_graphml(graph, tmp_path / "town.graphml")
    spec = {"kind": "graphml", "graph": "town.graphml", "population_column": "people"}
    city = build_city(spec, tmp_path)
    assert city.ids == ("u", "v", "w") and city.population.tolist() == [5, 6, 7]
    assert city.edges.tolist() == [[0, 1], [1, 2]]


def test_a_city_written_as_graphml_comes_back_the_same(tmp_path: Path) -> None:
    city = build_city({})
    nx.write_graphml(city.graph(), tmp_path / "demo.graphml")
    columns = {"population_column": "population", "sector_column": "sector", "x_column": "x", "y_column": "y"}
    columns |= {"area_column": "area_km2", "business_column": "business"}
    again = build_city({"kind": "graphml", "graph": "demo.graphml", **columns}, tmp_path)
    assert again.ids == city.ids and np.array_equal(again.edges, city.edges)
    assert np.array_equal(again.population, city.population) and np.allclose(again.business, city.business)


def test_a_file_that_is_not_graphml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "town.graphml").write_text("id,people\n1,2\n")
    with pytest.raises(CityError, match=r"town.graphml: not a GraphML graph"):
        build_city({"kind": "graphml", "graph": "town.graphml", "population_column": "people"}, tmp_path)


# --- refusals ----------------------------------------------------------------------------------------------


def test_all_problems_are_collected_with_line_column_value_and_cure(tmp_path: Path) -> None:
    units = UNITS.replace("a,100", "a,-5").replace("b,300", "b,many").replace("d,600", "a,inf")
    problems = refusal(tmp_path, units=units, edges="a,b\na,b\nb,zz\n")
    assert problems == [
        "units.csv, line 5: id 'a' is also on line 2; give each unit its own id",
        "edges.csv, line 3: edge names 'zz', which is not a unit; correct it or add the unit.",
        "units.csv, line 2: people = '-5' is below 0; correct it (0 where there is none)",
        "units.csv, line 3: people = 'many' is not a number; write digits",
        "units.csv, line 5: people = 'inf' is not finite; write a number",
    ]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"population_column": "peopel"},
            "population_column = 'peopel': no such column; the columns are id, people",
        ),
        ({"population_column": "peopel"}, "Did you mean 'people'?"),
        ({"population_column": "-"}, "population_column is not stated; state one of id, people"),
        ({"id_column": "key"}, "id_column = 'key': no such column"),
        ({"units": "id,people\n"}, "units.csv: there is a header and no rows"),
        ({"units": ""}, "units.csv: the file is empty"),
        ({"units": '{"a": 1}'}, "units.csv: not a CSV file"),
        ({"units": "id,people\na,1,2\n"}, "units.csv, line 2: 3 cells, the header has 2"),
        ({"units": "id,id\na,1\n"}, "units.csv, line 1: column 'id' appears twice"),
        ({"units": "id,people\na,0\nb,0\n", "edges": "a,b\na,b\n"}, "no unit has residents"),
        ({"units": "id,people\na,\n", "edges": "a,b\n"}, "line 2: people = '' is blank; fill it in"),
        ({"units": "id,people\na,nan\n", "edges": "a,b\n"}, "line 2: people = 'nan' is not finite"),
        ({"units": "id,people\n,1\n", "edges": "a,b\n"}, "line 2: id is blank"),
        ({"edges": "from,to\na,b\n"}, "edges.csv: no column a, b; the columns are from, to"),
        ({"edges": "a,b\nA1,b\n", "units": "id,people\na1,1\nb,2\n"}, "Did you mean 'a1'?"),
        ({"where": "sector=N"}, "write column=value with one of id, people, sec"),
        ({"where": "sec=X"}, "no row has it; values are N, S"),
        ({"sector_column": "imn"}, "line 4: imn is blank; name the sector"),
        ({"kind": "geojson"}, 'needs polygons = "path of the file"'),
        ({"kind": "shapefile"}, "must be one of synthetic, csv, geojson, graphml"),
        ({"popluation_column": "people"}, "Did you mean 'population_column'?"),
        ({"adult_share": 3.0}, "must lie in [0.01, 1] share"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words_that_help(tmp_path: Path, keys: dict[str, Any], words: str) -> None:
    assert words in "\n".join(refusal(tmp_path, **keys))


def test_a_missing_file_is_refused_with_the_one_probably_meant(tmp_path: Path) -> None:
    (tmp_path / "units_2020.csv").write_text("id,people\na,1\n")
    with pytest.raises(CityError, match=r"unit_2020.csv: no such file in .* Did you mean 'units_2020.csv'"):
        spec = {"kind": "csv", "units": "unit_2020.csv", "edges": "e.csv", "population_column": "people"}
        build_city(spec, tmp_path)


def test_a_file_that_is_not_utf8_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_bytes("id,población\na,1\n".encode("latin-1"))
    with pytest.raises(CityError, match="save the file as UTF-8"):
        build_city({"kind": "csv", "units": "units.csv", "edges": "units.csv"}, tmp_path)


def test_many_problems_are_all_kept_and_twenty_are_shown(tmp_path: Path) -> None:
    units = "id,people\n" + "".join(f"{n},x\n" for n in range(50))
    with pytest.raises(CityError) as caught:
        csv_city(tmp_path, units, "a,b\n0,1\n")
    assert len(caught.value.problems) == 50
    assert str(caught.value).endswith("... and 30 more")


def test_x_without_y_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, x_column="lon_m") == ["[city] x_column and y_column go together; state both or neither"]


def test_a_key_read_as_population_is_refused(tmp_path: Path) -> None:
    assert "beyond 1e+10" in refusal(tmp_path, units="id,people\na,2604300010197\n", edges="a,b\n")[0]


def test_coordinates_that_are_not_numbers_are_refused_by_feature(tmp_path: Path) -> None:
    broken = square(1000, float("nan"), people=1)
    with pytest.raises(CityError, match=r"map.geojson, feature 2"):
        geojson_city(tmp_path, [square(1000, 1000, people=1), broken])
