"""Rotation: who is ordered to move to another quadrant this week (S2: every six months, against illegal agreements)."""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

PROGRAMME = False  # a standing rule of the force, not a part of the reform
COLUMNS = (
    Column("officers", "move_to", "int32", "index", "quadrant ordered to move to this week, -1 to stay", -1),
    Column("officers", "overlap", "int32", "weeks", "weeks of handover that come with the move"),
)


def order(world: World, lever: Values, luck: Luck) -> None:
    """Order this week's moves; numbers per quadrant stay as they are."""
    due = _due(world, lever, luck)
    scope = world.quadrants.sector[world.officers.quadrant]
    if lever.scope == "city":
        scope = np.zeros_like(scope)
    target = exchange(world.officers.quadrant, scope, due, luck.words("order", world.quadrants))
    world.officers.write("move_to", target)
    world.officers.write("overlap", np.where(target >= 0, lever.handover, 0))


def _due(world: World, lever: Values, luck: Luck) -> NDArray[np.bool_]:
    officers = world.officers
    due = np.zeros(officers.rows, bool)
    if lever.period > 0 and lever.trigger != "complaints":
        wave = luck.lasting().words("wave", officers) % np.uint32(lever.waves)
        phase = wave.astype(np.int64) * lever.period // lever.waves if lever.staggered else 0
        due |= (world.week + phase) % lever.period == 0
    if lever.trigger != "calendar":
        due |= (officers.complaints >= lever.complaints) & (officers.tenure >= lever.least_stay)
    return due


def exchange(
    quadrant: NDArray[np.int32], scope: NDArray[np.int32], due: NDArray[np.bool_], words: NDArray[np.uint32]
) -> NDArray[np.int32]:
    """New quadrants of the officers who are due, -1 for the rest, int32[officers].

    Within each scope those due exchange their posts: quadrants are put in a random circle and every team takes the
    posts one team further on, so a quadrant keeps its numbers and nobody stays unless there is no other post to take.

    Args:
        quadrant: where officers serve now, int32[officers].
        scope: officers exchange posts only inside the same scope, int32[officers].
        due: who is to move, bool[officers].
        words: one random word per quadrant, uint32[quadrants].
    """
    target = np.full(len(quadrant), -1, np.int32)
    rows = np.flatnonzero(due)
    if len(rows) == 0:
        return target
    rows = rows[np.lexsort((rows, quadrant[rows], words[quadrant[rows]], scope[rows]))]
    starts = np.flatnonzero(np.r_[True, np.diff(scope[rows]) != 0])
    for first, last in zip(starts, np.r_[starts[1:], len(rows)], strict=True):
        team = rows[first:last]
        largest = np.bincount(quadrant[team]).max()
        target[team] = np.roll(quadrant[team], -int(largest))
    return np.where(target == quadrant, np.int32(-1), target)
