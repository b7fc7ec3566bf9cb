"""Problem solving: requests of residents and committees are solved, wait for permission, or are given up.

Officers solve with the time left after calls and quotas, with skill, local knowledge, authority, shared intelligence,
resources and a live committee; many requests also need a department that answers. Without authority a request climbs
the hierarchy and waits ("I identify the problem, but the information remains with the command").
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import binomial, poisson
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("quadrants", "problems", "float64", "ratio", "open risk factors, 1 the city's usual level", 1),
    Column("quadrants", "requests_new", "int64", "requests/week", "requests made this week"),
    Column("quadrants", "requests_open", "int64", "requests", "requests open in the quadrant"),
    Column("quadrants", "requests_waiting", "int64", "requests", "requests waiting for a decision higher up"),
    Column("quadrants", "requests_solved", "int64", "requests/week", "requests solved this week"),
    Column("quadrants", "requests_dropped", "int64", "requests/week", "requests given up this week"),
    Column("agencies", "load", "float64", "cases/week", "cases brought to the department this week"),
    Column("agencies", "answered", "float64", "share", "share of those cases that it takes up"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """Structural problems and a backlog of requests."""
    quadrants = world.quadrants
    quadrants.write("problems", structural(world, own))
    quadrants.write("requests_open", np.rint(own.backlog * quadrants.population / 1000.0))


def structural(world: World, own: Values) -> NDArray[np.float64]:
    """The level of problems that neglect alone sustains, float64[quadrants], by marginalisation."""
    return 1.0 + own.neglect * (world.quadrants.marginalisation - 0.5)


def step(world: World, own: Values, luck: Luck) -> None:
    """Receive, try, solve, pass up and give up requests; every request is somewhere."""
    quadrants = world.quadrants
    new = _received(world, own, luck)
    backlog = quadrants.requests_open + new
    tried = np.minimum(backlog, poisson(capacity(world, own), luck.longs("capacity", quadrants)))
    answer = _agencies(world, own, tried + quadrants.requests_waiting / own.waiting)
    local = binomial(
        tried,
        own.without_authority + (1.0 - own.without_authority) * quadrants.authority,
        luck.longs("local", quadrants),
    )
    solved_here = binomial(local, answer, luck.longs("here", quadrants))
    decided = binomial(quadrants.requests_waiting, _decision(world, own), luck.longs("decided", quadrants))
    solved_above = binomial(decided, answer, luck.longs("above", quadrants))
    left = backlog - solved_here - (tried - local)
    dropped = binomial(left, own.given_up, luck.longs("given up", quadrants))
    solved = solved_here + solved_above
    quadrants.write("requests_new", new)
    quadrants.write("requests_open", left - dropped + (decided - solved_above))
    quadrants.write("requests_waiting", quadrants.requests_waiting + (tried - local) - decided)
    quadrants.write("requests_solved", solved)
    quadrants.write("requests_dropped", dropped)
    _problems(world, own, solved)


def _received(world: World, own: Values, luck: Luck) -> NDArray[np.int64]:
    """Requests of residents at large, of people visited and of committee sessions, int64[quadrants]."""
    quadrants = world.quadrants
    mean = own.requests * quadrants.population / 1000.0 * quadrants.problems + own.heard_in_visits * quadrants.visits
    of_committees = np.bincount(world.committees.quadrant, weights=world.committees.raised, minlength=quadrants.rows)
    return poisson(mean, luck.longs("requests", quadrants)) + of_committees.astype(np.int64)


def capacity(world: World, own: Values) -> NDArray[np.float64]:
    """Requests that a quadrant's officers can take up in a week, float64[quadrants]."""
    officers, quadrants, city = world.officers, world.quadrants, world.administration
    able = _from(own.unskilled, officers.problem_solving) * _from(own.unknowing, officers.knowledge)
    hours = (officers.time_proximity * (1.0 - own.visiting) + own.in_patrol * officers.time_patrol) * own.week_hours
    work = np.bincount(officers.quadrant, weights=hours * able, minlength=quadrants.rows)
    means = np.minimum(1.0, city.resources + own.own_budget * quadrants.budget_share * quadrants.authority)
    living = np.bincount(world.committees.quadrant, weights=world.committees.alive, minlength=quadrants.rows)
    partner = _from(own.partnerless, living > 0)
    steered = 1.0 - own.uninformed * (1.0 - quadrants.usable) - own.unplanned * (1.0 - city.plans)
    means = _from(own.penniless, means)
    return work / own.request_hours * means * partner * steered


def _from(least: float, share: NDArray[Any]) -> NDArray[np.float64]:
    """A factor that rises from ``least`` to 1 as ``share`` rises from 0 to 1."""
    return least + (1.0 - least) * share


def _agencies(world: World, own: Values, cases: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that a case is brought to its end, float64[quadrants]: some need a department that has room."""
    agencies = world.agencies
    load = cases.sum() * own.needs_agency / max(agencies.rows, 1)
    people = world.quadrants.population.sum() / 1000.0 / max(agencies.rows, 1)
    room = np.minimum(1.0, own.agency_capacity * people / np.maximum(load, 1e-9))
    agencies.write("load", load)
    agencies.write("answered", agencies.link * room)
    answered = agencies.answered.sum() / max(agencies.rows, 1)
    return np.full(world.quadrants.rows, 1.0 - own.needs_agency * (1.0 - answered))


def _decision(world: World, own: Values) -> NDArray[np.float64]:
    """Weekly chance that a waiting request is decided higher up, float64[quadrants]."""
    city = world.administration
    pace = _from(own.unwilling, city.will) * _from(own.penniless, city.resources) / own.waiting
    return np.broadcast_to(pace, (world.quadrants.rows,))


def _problems(world: World, own: Values, solved: NDArray[np.int64]) -> None:
    quadrants = world.quadrants
    people = np.maximum(quadrants.population / 1000.0, 1e-9)
    goal = structural(world, own)
    back = quadrants.problems + (goal - quadrants.problems) * own.regrowth
    relief = own.relief * np.where(quadrants.population > 0, solved / people, 0.0) * quadrants.problems
    quadrants.write("problems", np.maximum(0.1, back - relief))
