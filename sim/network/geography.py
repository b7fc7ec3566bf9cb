"""Geography without files: a synthetic town, contiguous sectors, fields as uneven and clustered as measured.

Pure functions on arrays. Units are rows 0..Q-1; a graph is ``(indptr, indices)`` (compressed sparse rows,
int64 and int32, neighbours ascending). All of it follows from ``layout_seed``; the run seed has no part.

What the synthetic town has to look like was measured on the 847 quadrants of Mexico City (evidence Q1-Q12).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray
from scipy.spatial import Voronoi
from scipy.special import gammaincinv, gammaln, ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Graph = tuple[NDArray[np.int64], Ints]

# Among cells around uniform points, dropping the shortest 12 % of the borders gives the mean degree of the
# measured graph at every size: 5.05 at all 847 quadrants (Q4); 4.0, 4.7, 4.9 in patches of 24, 134, 240.
BORDERS_KEPT = 0.878
MEDIAN_AREA = 0.60  # Q3, km2
GAMMA_SHAPE = 2.73  # Q7: spread of recorded crimes between quadrants
POPULATION_SPREAD = 0.80  # Q2: ln(13,694 / 4,655) / 1.349, the sd of log population

# Found by trial on layouts of 240 and 847 quadrants, so that together they give Q11 (Moran's I of log count
# 0.42, of log rate 0.57), Q12 (sector ICC 0.45) and, computed from the same data, Moran's I of log population
# 0.55 and its correlation 0.53 with log count. Crime and residents go together less broadly (a centre has
# much crime and few residents) than locally.
SMOOTHINGS = 12  # how far a broad field reaches, in steps of half a neighbour mean
SECTOR_SHARE = 0.35  # of a broad field's variance, due to the sector
BROAD_COUNT = 0.55  # share of the variance of counts that is broad, not local
BROAD_POPULATION = 0.69
TOGETHER_BROAD = 0.46  # correlation of count and population in their broad part
TOGETHER_LOCAL = 0.68

# assumption: no quadrant data here join marginalisation or businesses to crime, so their links are kept mild.
MARGINAL_RISK = 0.20  # correlation of the broad part of marginalisation with that of the counts
BUSINESS_RISK = 0.45  # weight of risk in business density: shops draw crime and crime is recorded there
BUSINESS_MARGINAL = -0.40
BUSINESS_SPREAD = 0.50  # sd of log business density
# A rate per resident is an accident of the denominator where hardly anybody lives (80 crimes among 9
# residents in the centre of Mexico City), so no unit counts as smaller than this share of the mean
# population.
LEAST_EXPOSURE = 0.10


def stream(seed: int, purpose: int) -> Generator:
    """The random numbers of one purpose (1, 2, ...) of a layout; one purpose never moves another."""
    return Generator(PCG64([seed, purpose]))


# --- graphs -------------------------------------------------------------------------------------------------


def compress(units: int, edges: Ints) -> Graph:
    """The graph of ``edges`` (int32[E, 2]) as compressed rows, neighbours of each unit in ascending order."""
    both = np.concatenate([edges, edges[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    counts = np.bincount(both[:, 0], minlength=units)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return indptr, np.ascontiguousarray(both[:, 1], dtype=np.int32)


def joins(units: int, edges: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Walk the edges in order and mark those that join two parts not joined before (bool[E]).

    Also the part each unit ends in, int32[Q], numbered by their first unit.
    """
    parent = list(range(units))

    def root(unit: int) -> int:
        while parent[unit] != unit:
            parent[unit] = unit = parent[parent[unit]]
        return unit

    joined = np.zeros(len(edges), dtype=np.bool_)
    for number, (one, other) in enumerate(edges.tolist()):
        low, high = sorted((root(one), root(other)))
        joined[number] = low != high
        parent[high] = low
    part = np.unique([root(unit) for unit in range(units)], return_inverse=True)[1]
    return joined, part.astype(np.int32)


def neighbour_mean(values: Floats, graph: Graph) -> Floats:
    """The mean of ``values`` over each unit's neighbours; a unit without neighbours keeps its own."""
    indptr, indices = graph
    degree = np.diff(indptr)
    rows = np.repeat(np.arange(len(degree)), degree)
    total = np.bincount(rows, values[indices], len(degree))
    return np.where(degree > 0, total / np.maximum(degree, 1), values)


# --- a synthetic town ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """A synthetic town: points (km, float64[Q, 2]), areas (km2), edges (int32[E, 2]), corners of cells."""

    points: Floats
    areas: Floats
    edges: Ints
    cells: tuple[Floats, ...]


def lay_out(units: int, seed: int) -> Layout:
    """A square town of Voronoi cells around uniform points; the shortest borders do not count as contact.

    Mirroring the points in the four sides closes every cell at the edge of town, for one quadrant or
    thousands.
    """
    points = stream(seed, 1).random((units, 2))
    mirrors = [points * [-1, 1], points * [1, -1], points * [-1, 1] + [2, 0], points * [1, -1] + [0, 2]]
    diagram = Voronoi(np.concatenate([points, *mirrors]))
    cells = [diagram.vertices[_turn(diagram, unit)] for unit in range(units)]
    areas = np.array([_area(cell) for cell in cells])
    scale = float(np.sqrt(MEDIAN_AREA / np.median(areas)))
    inside = (diagram.ridge_points < units).all(axis=1)
    pairs = np.sort(diagram.ridge_points[inside], axis=1).astype(np.int32)
    ends = diagram.vertices[np.array(diagram.ridge_vertices, dtype=np.int64)[inside]]
    lengths = np.hypot(*(ends[:, 0] - ends[:, 1]).T) if len(pairs) else np.zeros(0)
    edges = thin(units, pairs.reshape(-1, 2), lengths, BORDERS_KEPT)
    return Layout(points * scale, areas * scale**2, edges, tuple(cell * scale for cell in cells))


def _turn(diagram: Any, unit: int) -> NDArray[np.int64]:
    """The corners of a cell in the order of a walk around it."""
    corners = np.array(diagram.regions[diagram.point_region[unit]], dtype=np.int64)
    away = diagram.vertices[corners] - diagram.points[unit]
    turned: NDArray[np.int64] = corners[np.argsort(np.arctan2(away[:, 1], away[:, 0]), kind="stable")]
    return turned


def _area(ring: Floats) -> float:
    x, y = ring.T
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2)


def thin(units: int, edges: Ints, lengths: Floats, kept: float) -> Ints:
    """Keep the longest borders, a share ``kept`` of them; what holds the town together stays.

    The longest borders that connect all units (a maximum spanning tree) are never dropped.
    """
    longest = np.argsort(-lengths, kind="stable")
    held = np.zeros(len(edges), dtype=np.bool_)
    held[longest] = joins(units, edges[longest])[0]
    order = np.lexsort((-lengths, ~held))
    return sort_edges(edges[order[: max(round(kept * len(edges)), units - 1)]])


def sort_edges(edges: Ints) -> Ints:
    """The edges with i < j, without repeats or self-loops, in ascending order, int32[E, 2]."""
    edges = np.sort(np.asarray(edges, dtype=np.int32).reshape(-1, 2), axis=1)
    return np.unique(edges[edges[:, 0] < edges[:, 1]], axis=0).reshape(-1, 2)


def place(units: int, edges: Ints) -> Floats:
    """Points for units without coordinates, float64[Q, 2]: steps from one end of the graph, and from another.

    Parts that are not connected stand side by side.
    """
    graph, part = compress(units, edges), joins(units, edges)[1]
    points, right = np.zeros((units, 2)), 0.0
    for number in range(int(part.max()) + 1):
        members = np.flatnonzero(part == number)
        one = int(members[steps(graph, int(members[0]))[members].argmax()])
        from_one = steps(graph, one)[members]
        other = int(members[from_one.argmax()])
        third = np.abs(from_one - steps(graph, other)[members])
        from_third = steps(graph, int(members[third.argmin()]))[members]
        points[members] = np.stack([from_one + right, from_third], axis=1)
        right += float(from_one.max()) + 2.0
    return np.stack([smooth(points[:, axis], graph, 1) for axis in (0, 1)], axis=1)


def steps(graph: Graph, start: int) -> Floats:
    """Fewest borders to cross from ``start`` to each unit, float64[Q]; -1 where none leads there."""
    indptr, indices = graph
    away = np.full(len(indptr) - 1, -1.0)
    away[start], front = 0.0, [start]
    while front:
        near = np.unique(np.concatenate([indices[indptr[unit] : indptr[unit + 1]] for unit in front]))
        front = near[away[near] < 0].tolist()
        away[front] = away.max() + 1
    return away


# --- sectors ------------------------------------------------------------------------------------------------


def group(points: Floats, edges: Ints, sectors: int | None, target: int) -> Ints:
    """Contiguous sectors, int32[Q]: ``sectors`` of them, or about ``target`` units in each.

    Components smaller than half a sector join the sector whose centre is nearest.
    """
    units = len(points)
    component = joins(units, edges)[1]
    sizes = np.bincount(component)
    wanted = sectors or max(1, round(units / target))
    own = sizes * 2 >= units / wanted
    own[sizes.argmax()] = True
    shares = _seats(np.where(own, sizes, 0), min(wanted, int(sizes[own].sum())))
    graph = compress(units, edges)
    sector = np.full(units, -1, dtype=np.int32)
    for part in np.flatnonzero(shares):
        members = np.flatnonzero(component == part)
        sector[members] = sector.max() + 1 + _grow(points, graph, members, int(shares[part]))
    centres = _centres(points, sector)
    for part in np.flatnonzero(shares == 0):
        members = np.flatnonzero(component == part)
        away = ((centres - points[members].mean(axis=0)) ** 2).sum(axis=1)
        sector[members] = away.argmin()
    return sector


def _seats(sizes: NDArray[np.int64], seats: int) -> NDArray[np.int64]:
    """Share ``seats`` among components in proportion to their size; each with a size has at least one."""
    given = (sizes > 0).astype(np.int64)
    while given.sum() < seats:
        room = np.where(given < sizes, sizes / np.maximum(given, 1), 0.0)
        given[room.argmax()] += 1
    return given


def _grow(points: Floats, graph: Graph, members: NDArray[np.int64], sectors: int) -> Ints:
    """Grow ``sectors`` from seeds spread far apart, recentre the seeds, grow again (four times)."""
    seeds = _far_apart(points[members], sectors)
    local = np.full(len(points), -1, dtype=np.int64)
    local[members] = np.arange(len(members))
    around = [local[graph[1][graph[0][unit] : graph[0][unit + 1]]].tolist() for unit in members]
    where = points[members]
    sector = _claim(where, around, seeds)
    for _ in range(3):
        seeds = _nearest_members(where, sector)
        sector = _claim(where, around, seeds)
    return sector


def _far_apart(points: Floats, count: int) -> list[int]:
    """``count`` rows, each the farthest from those before it; the first is the farthest from the centre."""
    first = int(((points - points.mean(axis=0)) ** 2).sum(axis=1).argmax())
    chosen = [first]
    nearest = ((points - points[first]) ** 2).sum(axis=1)
    nearest[first] = -1.0
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        nearest[chosen] = -1.0  # units at one point are still different units
    return chosen


def _claim(points: Floats, around: list[list[int]], seeds: list[int]) -> Ints:
    """The smallest sector claims next, its free neighbour nearest to its seed, until all are claimed."""
    sector = np.full(len(points), -1, dtype=np.int32)
    reach: list[list[tuple[float, int]]] = [[(0.0, seed)] for seed in seeds]
    turns = [(0, number) for number in range(len(seeds))]
    sector[seeds] = -2  # a seed is kept for its own sector
    while turns:
        size, number = heapq.heappop(turns)
        while reach[number] and sector[reach[number][0][1]] != (-2 if size == 0 else -1):
            heapq.heappop(reach[number])
        if not reach[number]:
            continue
        unit = heapq.heappop(reach[number])[1]
        sector[unit] = number
        for other in around[unit]:
            if sector[other] == -1:
                away = points[other] - points[seeds[number]]
                heapq.heappush(reach[number], (float(away[0] ** 2 + away[1] ** 2), other))
        heapq.heappush(turns, (size + 1, number))
    return sector


def _centres(points: Floats, sector: Ints) -> Floats:
    """The mean point of each sector, float64[S, 2]; units without a sector (-1) do not count."""
    has = sector >= 0
    size = np.bincount(sector[has])
    return np.stack([np.bincount(sector[has], points[has, axis]) / size for axis in (0, 1)], axis=1)


def _nearest_members(points: Floats, sector: Ints) -> list[int]:
    """For each sector the member nearest to its centre."""
    away = ((points - _centres(points, sector)[sector]) ** 2).sum(axis=1)
    order = np.lexsort((away, sector))
    return [int(row) for row in order[np.unique(sector[order], return_index=True)[1]]]


# --- fields -------------------------------------------------------------------------------------------------


def standard(values: Floats) -> Floats:
    """Mean 0 and standard deviation 1; all zero where there is no spread."""
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-12 else np.zeros_like(values)


def ranks(values: Floats) -> Floats:
    """Midpoint ranks in (0, 1); ties keep the order of the file."""
    place = np.empty(len(values))
    place[np.argsort(values, kind="stable")] = np.arange(len(values))
    return (place + 0.5) / len(values)


def smooth(field: Floats, graph: Graph, steps: int) -> Floats:
    """``field`` after ``steps`` moves half way to the neighbour mean."""
    for _ in range(steps):
        field = (field + neighbour_mean(field, graph)) / 2
    return field


@dataclass(frozen=True)
class Field:
    """A score per unit, float64[Q], as a broad part and a local one, each with mean 0 and variance 1."""

    broad: Floats
    local: Floats

    def blend(self, share: float) -> Floats:
        """The field with ``share`` of its variance in the broad part."""
        return np.asarray(np.sqrt(share) * self.broad + np.sqrt(1 - share) * self.local, dtype=np.float64)


def fresh(graph: Graph, sector: Ints, random: Generator) -> Field:
    """A new field: slow from unit to unit and in part with the sector, and noise of each unit's own."""
    field = standard(smooth(random.standard_normal(len(sector)), graph, SMOOTHINGS))
    command = standard(random.standard_normal(int(sector.max()) + 1)[sector])
    wide = np.sqrt(SECTOR_SHARE) * command + np.sqrt(1 - SECTOR_SHARE) * field
    return Field(standard(wide), standard(random.standard_normal(len(sector))))


def split(values: Floats, graph: Graph) -> Field:
    """The field of given ``values``: normal scores of ranks, their smoothed part broad, the rest local."""
    score = standard(ndtri(ranks(values)))
    wide = standard(smooth(score, graph, 3))
    return Field(wide, standard(score - (score * wide).mean() * wide))


def lognormal(field: Field) -> Floats:
    """Relative population of each unit, mean 1: lognormal in rank, with the spread of Q2."""
    shares = np.exp(POPULATION_SPREAD * ndtri(ranks(field.blend(BROAD_POPULATION))))
    return np.asarray(shares / shares.mean(), dtype=np.float64)


def expected_counts(population: Field, marginal: Field, new: Field) -> Floats:
    """Relative expected count of recorded crimes, mean 1; Gamma in rank, so Q7 and Q8 hold by design."""
    rest = np.sqrt(1 - TOGETHER_BROAD**2 - MARGINAL_RISK**2)
    wide = TOGETHER_BROAD * population.broad + MARGINAL_RISK * marginal.broad + rest * new.broad
    near = TOGETHER_LOCAL * population.local + np.sqrt(1 - TOGETHER_LOCAL**2) * new.local
    counts = gammaincinv(GAMMA_SHAPE, ranks(Field(standard(wide), standard(near)).blend(BROAD_COUNT)))
    return np.asarray(counts / counts.mean(), dtype=np.float64)


def rate(counts: Floats, population: Floats) -> Floats:
    """Incidents per resident from relative ``counts``; population-weighted mean 1; 1 where nobody lives."""
    share = population / population.mean()
    return weighted_to_one(np.where(population > 0, counts / np.maximum(share, LEAST_EXPOSURE), 1.0), population)


def business_density(risk: Floats, marginal: Field, new: Field) -> Floats:
    """Relative density of businesses (assumption): more with risk, fewer with marginalisation."""
    own = np.sqrt(1 - BUSINESS_RISK**2 - BUSINESS_MARGINAL**2)
    drawn = BUSINESS_RISK * standard(np.log(risk)) + BUSINESS_MARGINAL * marginal.broad + own * new.blend(0.5)
    return np.asarray(np.exp(BUSINESS_SPREAD * standard(drawn)), dtype=np.float64)


def weighted_to_one(values: Floats, population: Floats) -> Floats:
    """``values`` scaled to a population-weighted mean of 1; all 1 if they are 0 wherever somebody lives."""
    mean = float((values * population).sum() / population.sum())
    if mean <= 0:
        return np.ones_like(values)
    return np.where(population > 0, values / mean, 1.0)


def shrunk_rate(counts: Floats, population: Floats) -> Floats:
    """Relative incident rate per resident from observed ``counts``; a small unit is drawn to the mean.

    Counts are Poisson around a rate whose spread between units is Gamma(a) with mean 1; a is where the counts
    are likeliest, and the rate is the posterior mean (a + count) / (a + expected). Population-weighted mean
    1.
    """
    if counts.sum() <= 0:
        return np.ones_like(counts)
    here = population > 0
    expected = population * (counts[here].sum() / population.sum())
    shape = _likeliest_shape(counts[here], expected[here])
    expected = np.maximum(expected, LEAST_EXPOSURE * expected.mean())
    return weighted_to_one((shape + counts) / (shape + expected), population)


def _likeliest_shape(counts: Floats, expected: Floats) -> float:
    """The Gamma shape in 0.05-3,000 that makes ``counts`` likeliest, by golden section on its logarithm."""

    def unlikely(log_shape: float) -> float:
        a = np.exp(log_shape)
        terms = gammaln(counts + a) - gammaln(a) + a * log_shape - (counts + a) * np.log(expected + a)
        return -float(terms.sum())

    low, high, golden = np.log(0.05), np.log(3000.0), (np.sqrt(5.0) - 1) / 2
    for _ in range(60):
        inner, outer = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, outer) if unlikely(inner) <= unlikely(outer) else (inner, high)
    return float(np.exp((low + high) / 2))


def apportion(shares: Floats, total: int) -> NDArray[np.int64]:
    """Whole people in proportion to ``shares``, summing to ``total`` (largest remainders)."""
    exact = shares / shares.sum() * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole
