"""Careers and rotation: leavers, recruits and moves; local knowledge and recognition, and what a move costs of both.

A row is a post; turnover refills it. A move within or beyond the sector resets tenure, recognition by residents and
most local knowledge; the breaking of collusive ties is up to ``corruption``.
"""

import numpy as np
from numpy.typing import NDArray

from sim.cards import Values
from sim.exact import bell, bounded, exp, kept, threshold, unit
from sim.luck import Luck
from sim.tables import Column
from sim.world import World

COLUMNS = (
    Column("officers", "quadrant", "int32", "index", "quadrant served"),
    Column("officers", "temper", "float64", "ratio", "lasting tendency to treat people badly, 1 the average", 1),
    Column("officers", "aptitude", "float64", "sd", "lasting person effect on orientation and morale"),
    Column("officers", "character", "float64", "share", "lasting disposition to act with integrity", 0.5),
    Column("officers", "tenure", "int32", "weeks", "weeks in the quadrant"),
    Column("officers", "service", "int32", "weeks", "weeks in the force"),
    Column(
        "officers",
        "knowledge",
        "float64",
        "share",
        "knowledge of places, people and problems of the quadrant",
    ),
    Column("officers", "recognition", "float64", "share", "residents of the quadrant who know the officer"),
    Column("officers", "handing_over", "int32", "weeks", "weeks of handover still to serve"),
    Column("officers", "moved", "bool", "yes/no", "moved to another quadrant this week"),
    Column("officers", "moved_sector", "bool", "yes/no", "moved to another sector this week"),
    Column("officers", "left", "bool", "yes/no", "left and was replaced by a recruit this week"),
)


def begin(world: World, own: Values, luck: Luck) -> None:
    """Officers on their posts, with the tenure, knowledge and recognition of six-month rotation (S2)."""
    officers = world.officers
    tenure = (unit(luck.longs("tenure", officers)) * own.first_tenure).astype(np.int32)
    officers.write("quadrant", officers.post)
    officers.write("tenure", tenure)
    officers.write("service", tenure + (unit(luck.longs("service", officers)) * own.first_service).astype(np.int32))
    _people(world, own, luck.lasting(), np.ones(officers.rows, bool))
    grown = tenure / (tenure + own.knowledge_time)
    officers.write("knowledge", grown * own.first_knowledge)
    officers.write("recognition", grown * own.first_recognition)


def step(world: World, own: Values, luck: Luck) -> None:
    """One week of everyone's career."""
    officers = world.officers
    left = _leavers(world, own, luck)
    due = officers.move_to >= 0
    ordered = due & ~left
    goal = np.where(due, officers.move_to, officers.quadrant)  # who replaces a leaver starts where the post has gone
    _people(world, own, luck, left)
    sector = world.quadrants.sector
    moved_sector = ordered & (sector[goal] != sector[officers.quadrant])
    fresh = ordered | left
    handing = np.where(ordered, officers.overlap, np.maximum(officers.handing_over - 1, 0))
    knowledge = _knowledge(world, own, ordered, moved_sector, left)
    recognition = np.where(fresh, 0.0, _grown(officers.recognition, _seen(world, own), own.recognition_time))
    officers.write("quadrant", goal)
    officers.write("tenure", np.where(fresh, 0, officers.tenure + 1))
    officers.write("service", np.where(left, 0, officers.service + 1))
    officers.write("knowledge", knowledge)
    officers.write("recognition", recognition)
    officers.write("handing_over", np.where(left, 0, handing))
    officers.write("moved", ordered)
    officers.write("moved_sector", moved_sector)
    officers.write("left", left)


def _people(world: World, own: Values, luck: Luck, new: NDArray[np.bool_]) -> None:
    """Lasting traits of those who are new to a post."""
    if not new.any():
        return
    officers, spread = world.officers, own.temper_spread
    temper = exp(spread * bell(luck.longs("temper", officers)) - spread * spread / 2.0)
    character = bounded(own.integrity + own.integrity_spread * bell(luck.longs("character", officers)), 0.0, 1.0)
    officers.write("temper", np.where(new, temper, officers.temper))
    officers.write("aptitude", np.where(new, bell(luck.longs("aptitude", officers)), officers.aptitude))
    officers.write("character", np.where(new, character, officers.character))


def _leavers(world: World, own: Values, luck: Luck) -> NDArray[np.bool_]:
    officers = world.officers
    hazard = own.leaver_rate * (1.0 + own.morale_effect * (0.5 - officers.morale))
    return (luck.words("leave", officers) < threshold(hazard)) | officers.dismissed


def _knowledge(
    world: World, own: Values, ordered: NDArray[np.bool_], beyond: NDArray[np.bool_], left: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Knowledge after learning, moves and replacement; a handover passes on part of what the place's team knows."""
    officers = world.officers
    zoned = np.where(world.quadrants.zoned[officers.quadrant], 1.0, own.unzoned)
    learned = _grown(officers.knowledge, _seen(world, own) * zoned, own.knowledge_time)
    learned = learned * kept(own.knowledge_half_life) if own.knowledge_half_life else learned
    share = np.where(beyond, own.kept_beyond, own.kept_within)
    handed = own.handed_over * np.minimum(officers.overlap / own.full_handover, 1.0) * (1.0 - share)
    after_move = officers.knowledge * (share + handed)
    return np.where(left, 0.0, np.where(ordered, after_move, learned))


def _seen(world: World, own: Values) -> NDArray[np.float64]:
    """How much of a full week of contact officers have with their quadrant: patrol a little, proximity all of it."""
    officers = world.officers
    return own.patrol_contact + (1.0 - own.patrol_contact) * np.minimum(1.0, officers.time_proximity / own.full_contact)


def _grown(stock: NDArray[np.float64], contact: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    return stock + (1.0 - stock) * np.minimum(1.0, contact / time)
