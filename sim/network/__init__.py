"""The municipality as plain arrays: from a synthetic generator, CSV files, GeoJSON or GraphML.

``build_city(spec, base)`` reads the ``[city]`` table of a scenario (cards in ``city.toml``, free texts in
``city_texts.toml``). All that is wrong with the files is collected and refused at once; what could be handled
is handled and said in ``City.notes``. This is the only door to networkx and shapely, and both open only when
needed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.cards import Card, load_cards
from sim.network import geography
from sim.network.city_columns import Found, Reader, chosen_rows, neighbour_rows, read_columns, tell_empty, unit_ids
from sim.network.city_files import (
    CityError,
    Log,
    Sheet,
    cell_text,
    csv_pairs,
    csv_sheet,
    meant,
    stated_path,
    text_of,
)
from sim.network.geography import Field, Floats, Ints
from sim.words import load_words

TOLERANCE = 30.0  # metres between polygons that still touch (Q4)
LEAST_BORDER = 50.0  # metres of shared border that make two units neighbours (Q4)

__all__ = ["City", "CityError", "build_city"]

FLOATS = ("x", "y", "area_km2", "marginalisation", "business", "risk")
_POPULATION, _MARGINAL, _RISK, _BUSINESS = 2, 3, 4, 5  # purposes of the layout's random streams


@dataclass(frozen=True, eq=False)
class City:
    """A municipality of Q units in S sectors; arrays are read-only and in file order.

    Attributes:
        name, ids: of the municipality and of each unit.
        population: people, int64[Q].
        sector: number of the sector, int32[Q], 0..S-1; ``sector_names`` has their S names.
        x, y: a point of each unit, float64[Q], in any planar unit or degrees.
        area_km2: float64[Q], nan where unknown.
        marginalisation: float64[Q] in 0-1, 1 = most marginalised.
        business: relative density of businesses, float64[Q], population-weighted mean 1.
        risk: relative incident rate per resident, float64[Q], population-weighted mean 1.
        edges: neighbours, int32[E, 2], i < j, ascending, unique.
        outlines: one ring of corners per unit, float64[k, 2], in the unit of x and y, or None.
        notes: what was handled and a user has to know.
    """

    name: str
    ids: tuple[str, ...]
    population: NDArray[np.int64]
    sector: Ints
    sector_names: tuple[str, ...]
    x: Floats
    y: Floats
    area_km2: Floats
    marginalisation: Floats
    business: Floats
    risk: Floats
    edges: Ints
    outlines: tuple[Floats, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in FLOATS:  # 9 decimals: the last bits of exp and log differ between machines
            object.__setattr__(self, key, np.round(np.array(getattr(self, key), dtype=np.float64), 9) + 0.0)
        object.__setattr__(self, "population", np.array(self.population, dtype=np.int64))
        object.__setattr__(self, "sector", np.array(self.sector, dtype=np.int32))
        object.__setattr__(self, "edges", geography.sort_edges(self.edges))
        self._lock()

    def _lock(self) -> None:
        for array in (*vars(self).values(), *(self.outlines or ())):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock()  # a copy sent to another process would otherwise be writeable

    @cached_property
    def _compressed(self) -> geography.Graph:
        graph = geography.compress(len(self.ids), self.edges)
        for array in graph:
            array.setflags(write=False)
        return graph

    @property
    def indptr(self) -> NDArray[np.int64]:
        """Where each unit's neighbours start in ``indices``, int64[Q + 1]."""
        return self._compressed[0]

    @property
    def indices(self) -> Ints:
        """Neighbours of all units one after another, each unit's in ascending order, int32[2 E]."""
        return self._compressed[1]

    @property
    def degree(self) -> NDArray[np.int64]:
        """Number of neighbours, int64[Q]."""
        return np.diff(self.indptr)

    @cached_property
    def hash(self) -> str:
        """sha256 of all a run can see: everything but the city's name, outlines and notes."""
        digest = hashlib.sha256(json.dumps([self.ids, self.sector_names]).encode())
        for key in ("population", "sector", "edges", *FLOATS):
            array = getattr(self, key)
            digest.update(f"{key}{array.shape}".encode())
            digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def graph(self) -> Any:
        """The city as a ``networkx.Graph``: a node per id with its attributes, an edge per border."""
        import networkx as nx

        graph = nx.Graph(name=self.name)
        for row, unit in enumerate(self.ids):
            numbers = {key: float(getattr(self, key)[row]) for key in FLOATS}
            sector = self.sector_names[self.sector[row]]
            graph.add_node(unit, population=int(self.population[row]), sector=sector, **numbers)
        graph.add_edges_from((self.ids[i], self.ids[j]) for i, j in self.edges.tolist())
        return graph


# --- the door ---------------------------------------------------------------------------------------------


def build_city(spec: Mapping[str, Any], base: Path | None = None) -> City:
    """The city of a ``[city]`` table; keys not stated take the default of their card.

    Args:
        spec: keys of ``city.toml`` and ``city_texts.toml``; an empty text or "-" counts as not stated.
        base: folder that relative paths start from (the folder of the scenario file); the working folder if
        None.

    Raises:
        CityError: with every problem found, each with file, line, column, value and cure.
    """
    cards = load_cards(Path(__file__).parents[1] / "city.toml")
    log = Log()
    _check(spec, cards, log)
    stated = {key: value for key, value in spec.items() if value not in ("", "-", None)}
    full = {**{key: card.value for key, card in cards.items()}, **stated}
    city = _synthetic(full, log) if full["kind"] == "synthetic" else _real(full, base or Path(), log)
    return city


def _check(spec: Mapping[str, Any], cards: Mapping[str, Card], log: Log) -> None:
    texts = load_words(Path(__file__).parents[1] / "city_texts.toml")
    for key, value in spec.items():
        if key in cards:
            wrong = cards[key].problem(value)
        elif key in texts:
            wrong = None if value is None or isinstance(value, (str, Path)) else "must be a text"
        else:
            wrong = f"is not a key of [city].{meant(key, [*cards, *texts])}"
        if wrong:
            log.problems.append(f"[city] {key} = {value!r}: {wrong}")
    log.stop()


def _synthetic(spec: Mapping[str, Any], log: Log) -> City:
    units, seed = int(spec["quadrants"]), int(spec["layout_seed"])
    if spec["sectors"] > units:
        wrong = f"[city] sectors = {spec['sectors']}: more than the {units} quadrants; state {units} or fewer"
        raise CityError([wrong])
    plan = geography.lay_out(units, seed)
    sector = geography.group(plan.points, plan.edges, int(spec["sectors"]), 0)
    order = np.argsort(sector, kind="stable")  # quadrants of one sector stand together
    place = np.argsort(order, kind="stable").astype(np.int32)
    points, sector = plan.points[order], sector[order]
    edges = geography.sort_edges(place[plan.edges])
    people = geography.fresh(geography.compress(units, edges), sector, geography.stream(seed, _POPULATION))
    population = geography.apportion(geography.lognormal(people), int(spec["residents"]))
    tell_empty(population, log)
    marginalisation, business, risk = _fields(population, edges, sector, seed, people)
    return City(
        name=str(spec.get("name", f"synthetic {units}")),
        ids=_numbered("Q", units),
        population=population,
        sector=sector,
        sector_names=_numbered("S", int(sector.max()) + 1),
        x=points[:, 0],
        y=points[:, 1],
        area_km2=plan.areas[order],
        marginalisation=marginalisation,
        business=business,
        risk=risk,
        edges=edges,
        outlines=tuple(plan.cells[unit] for unit in order),
        notes=tuple(log.notes),
    )


def _numbered(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number:0{len(str(count))}d}" for number in range(1, count + 1))


def _fields(
    population: NDArray[np.int64],
    edges: Ints,
    sector: Ints,
    seed: int,
    people: Field | None = None,
    marginalisation: Floats | None = None,
    risk: Floats | None = None,
    business: Floats | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Marginalisation, business and risk; what is not given is drawn as in the synthetic city."""
    graph = geography.compress(len(population), edges)
    new = {key: geography.fresh(graph, sector, geography.stream(seed, key)) for key in (_MARGINAL, _RISK, _BUSINESS)}
    residents = population.astype(np.float64)
    if marginalisation is None:
        marginal = new[_MARGINAL]
        marginalisation = geography.ranks(marginal.blend(geography.BROAD_POPULATION))
    else:
        marginal = geography.split(marginalisation, graph)
    if risk is None:
        people = people or geography.split(residents, graph)
        risk = geography.rate(geography.expected_counts(people, marginal, new[_RISK]), residents)
    if business is None:
        business = geography.business_density(risk, marginal, new[_BUSINESS])
    return marginalisation, geography.weighted_to_one(business, residents), risk


# --- real cities ------------------------------------------------------------------------------------------


@dataclass
class Source:
    """What a reader of one kind of file found: the sheet, pairs of ids with their place, polygons if any."""

    sheet: Sheet
    pairs: list[tuple[str, str, str]]
    polygons: list[Any] | None = None
    id_column: str = ""


def _real(spec: Mapping[str, Any], base: Path, log: Log) -> City:
    source = _READERS[spec["kind"]](spec, base, log)
    log.stop()
    spec = {"id_column": source.id_column, **spec}
    rows = chosen_rows(source.sheet, spec, log)
    log.stop()
    read = Reader(source.sheet.keep(rows), spec, log)
    ids, every = unit_ids(read), frozenset(source.sheet.columns.get(spec["id_column"], []))
    edges = neighbour_rows(ids, every, source.pairs if every else [], log)
    found = read_columns(read)
    log.stop()
    shapes = _Shapes([source.polygons[row] for row in rows]) if source.polygons else None
    if shapes and "edges" not in spec:
        edges = shapes.contiguity()
    return _assemble(read, ids, edges, found, shapes)


def _assemble(read: Reader, ids: tuple[str, ...], edges: Ints, found: Found, shapes: _Shapes | None) -> City:
    """The city of what was found; what was not comes from polygons, graph or synthetic fields."""
    units, log = len(ids), read.log
    points = found.points
    if points is None and shapes:
        points = shapes.points
    elif points is None:
        log.notes.append("no x_column and y_column: units are placed by their distances in the graph")
        points = geography.place(units, edges)
    unknown = shapes.area_km2 if shapes else np.full(units, np.nan)
    risk = _risk(found, read)
    _tell_graph(edges, units, found.sectors is None, log)
    sector, names = found.sectors or _grouped(read, points, edges)
    seed = int(read.spec["layout_seed"])
    marginalisation, business, risk = _fields(
        found.population, edges, sector, seed, None, found.marginalisation, risk, found.business
    )
    return City(
        name=str(read.spec.get("name", Path(read.sheet.file).stem)),
        ids=ids,
        population=found.population,
        sector=sector,
        sector_names=names,
        x=points[:, 0],
        y=points[:, 1],
        area_km2=unknown if found.area is None else found.area,
        marginalisation=marginalisation,
        business=business,
        risk=risk,
        edges=edges,
        outlines=shapes.rings() if shapes else None,
        notes=tuple(log.notes),
    )


def _risk(found: Found, read: Reader) -> Floats | None:
    """The rate of the file's counts, None without them; notes on what the fields have to supply."""
    people, log = found.population, read.log
    few = int(((people > 0) & (people < geography.LEAST_EXPOSURE * people.mean())).sum())
    log.note(few, "unit", "with hardly any residents: risk as if a tenth of the mean number lived there")
    given = {"marginalisation": found.marginalisation, "risk": found.counts, "business": found.business}
    for key, value in given.items():
        if value is None:
            log.notes.append(f"no {key}_column: {key} is drawn on the graph as in a synthetic city")
    if found.counts is None:
        return None
    if not found.counts.any():
        log.notes.append(f"{read.spec['risk_column']} is 0 everywhere: risk is the same in all units")
    return geography.shrunk_rate(found.counts, people.astype(np.float64))


def _grouped(read: Reader, points: Floats, edges: Ints) -> tuple[Ints, tuple[str, ...]]:
    sector = geography.group(_flat(points), edges, None, int(read.spec["target_sector_size"]))
    count = int(sector.max()) + 1
    read.log.notes.append(f"no sector_column: {len(sector)} units grouped into {count} sectors")
    return sector, _numbered("S", count)


def _tell_graph(edges: Ints, units: int, grouped: bool, log: Log) -> None:
    """Note components and isolated units; nothing that spreads along borders reaches from one to another."""
    count = int(geography.joins(units, edges)[1].max()) + 1
    alone = units - len(np.unique(edges))
    if count > 1:
        how = "small ones were joined to the nearest sector" if grouped else "sectors are those of the file"
        log.notes.append(f"{count} components, nothing spreads between them; {how}")
        log.note(alone, "isolated unit", f"(no spillover reaches {'them' if alone > 1 else 'it'})")


def _in_degrees(points: Floats) -> bool:
    return bool((np.abs(points) <= [180, 90]).all())


def _flat(points: Floats) -> Floats:
    """Metres east and north of the middle if the points are degrees (equirectangular); unchanged if not."""
    if not _in_degrees(points):
        return np.asarray(points, dtype=np.float64)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    metres = np.array([111_320.0 * np.cos(np.radians(middle[1])), 110_574.0])
    return np.asarray((points - middle) * metres, dtype=np.float64)


def _shapely() -> Any:
    import shapely

    return shapely


class _Shapes:
    """Polygons of the units: points, areas, rings for maps, and who borders whom."""

    def __init__(self, polygons: list[Any]) -> None:
        shapely = _shapely()
        self.polygons = np.array(polygons, dtype=object)
        self.points: Floats = shapely.get_coordinates(shapely.point_on_surface(self.polygons))
        self.flat = shapely.set_coordinates(self.polygons.copy(), _flat(shapely.get_coordinates(self.polygons)))
        self.area_km2: Floats = shapely.area(self.flat) / 1e6

    def contiguity(self) -> Ints:
        """Pairs whose shared border is longer than 50 m, where polygons up to 30 m apart still touch (Q4)."""
        shapely = _shapely()
        wide = shapely.buffer(self.flat, TOLERANCE, quad_segs=4)
        pairs = shapely.STRtree(self.flat).query(wide, predicate="intersects").T
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        along = shapely.intersection(shapely.boundary(self.flat[pairs[:, 1]]), wide[pairs[:, 0]])
        # both ends of a border reach one tolerance past the corner; two units that meet at a corner have
        # nothing else
        shared = shapely.length(along) - 2 * TOLERANCE
        return geography.sort_edges(pairs[shared > LEAST_BORDER])

    def rings(self) -> tuple[Floats, ...]:
        """The outer ring of each unit's largest polygon."""
        largest = [max(getattr(shape, "geoms", [shape]), key=lambda part: part.area) for shape in self.polygons]
        return tuple(np.array(part.exterior.coords)[:, :2] for part in largest)


# --- files ------------------------------------------------------------------------------------------------


def _read_csv(spec: Mapping[str, Any], base: Path, log: Log) -> Source:
    sheet = csv_sheet(stated_path(spec, "units", base, log), log)
    if sheet and not sheet.places:
        log.problems.append(f"{sheet.file}: there is a header and no rows")
    pairs = csv_pairs(stated_path(spec, "edges", base, log), log)
    sheet = sheet or Sheet("", [], {})
    return Source(sheet, pairs, id_column=next(iter(sheet.columns), ""))


def _read_geojson(spec: Mapping[str, Any], base: Path, log: Log) -> Source:
    path = stated_path(spec, "polygons", base, log)
    features = _features(path, log) if path else []
    file = path.name if path else ""
    names = list(dict.fromkeys(name for feature in features for name in feature["properties"]))
    columns = {name: [cell_text(feature["properties"].get(name)) for feature in features] for name in names}
    if features and "id" not in columns:
        columns["id"] = [cell_text(feature.get("id", row)) for row, feature in enumerate(features, 1)]
    places = [f"feature {row}" for row in range(1, len(features) + 1)]
    repaired: list[str] = []
    polygons = [_polygon(item, f"{file}, {place}", repaired, log) for item, place in zip(features, places, strict=True)]
    log.note(len(repaired), "polygon", f"repaired ({', '.join(repaired[:5])})")
    pairs = csv_pairs(base / spec["edges"], log) if "edges" in spec else []
    return Source(Sheet(file, places, columns), pairs, polygons, "id")


def _features(path: Path, log: Log) -> list[dict[str, Any]]:
    text = text_of(path, log)
    if text is None:
        return []
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        log.problems.append(f"{path.name}, line {error.lineno}: not JSON ({error.msg})")
        return []
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features or not all(isinstance(item, dict) for item in features):
        log.problems.append(f"{path.name}: not a GeoJSON FeatureCollection with features; export it as one")
        return []
    told = [feature.get("properties") for feature in features]
    return [
        {**one, "properties": its if isinstance(its, dict) else {}} for one, its in zip(features, told, strict=True)
    ]


def _polygon(feature: Mapping[str, Any], place: str, repaired: list[str], log: Log) -> Any:
    """The polygon or polygons of a feature, repaired if they cross themselves; beyond that a problem."""
    shapely = _shapely()
    try:
        found = shapely.geometry.shape(feature["geometry"])
        valid = found if found.is_valid else shapely.make_valid(found)
    except Exception as error:  # shapely raises many kinds, and none says which feature
        log.problems.append(f"{place}: no polygon can be read from its geometry ({error}); draw it again")
        return None
    areas = [part for part in shapely.get_parts(shapely.get_parts([valid])) if part.geom_type == "Polygon"]
    if not areas or sum(part.area for part in areas) <= 0:
        log.problems.append(f"{place}: {found.geom_type} without an area, not a polygon; draw it again")
        return None
    if valid is not found:
        repaired.append(place.rpartition(", ")[2])
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)


def _read_graphml(spec: Mapping[str, Any], base: Path, log: Log) -> Source:
    path = stated_path(spec, "graph", base, log)
    text = text_of(path, log) if path else None
    nothing = Source(Sheet("", [], {}), [], id_column="id")
    if path is None or text is None:
        return nothing
    import networkx as nx

    try:
        graph = nx.parse_graphml(text)
    except Exception as error:  # whatever the XML or its types break
        log.problems.append(f"{path.name}: not a GraphML graph ({error}); export it as GraphML")
        return nothing
    if not graph:
        log.problems.append(f"{path.name}: the graph has no nodes")
        return nothing
    names = list(dict.fromkeys(name for _, attributes in graph.nodes(data=True) for name in attributes))
    columns = {name: [cell_text(found.get(name)) for _, found in graph.nodes(data=True)] for name in names}
    columns["id"] = [str(node) for node in graph]
    pairs = [(str(a), str(b), f"{path.name}, edge {a} - {b}") for a, b in graph.edges()]
    return Source(Sheet(path.name, [f"node {node}" for node in graph], columns), pairs, id_column="id")


_READERS: dict[str, Callable[[Mapping[str, Any], Path, Log], Source]] = {
    "csv": _read_csv,
    "geojson": _read_geojson,
    "graphml": _read_graphml,
}
