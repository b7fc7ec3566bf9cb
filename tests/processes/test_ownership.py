"""Each process writes only its own columns, and the week goes on without any one of them."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from worlds import advance, begun, default, not_finite, one_quadrant, rules, square_city

from sim import week
from sim.processes import administration
from sim.simulation import run
from sim.world import EVENTS, World

REFORM: dict[str, Any] = {
    "levers.decentralisation.authority": 0.8,
    "levers.decentralisation.zoning": True,
    "levers.decentralisation.assignments_by": "quadrant",
    "levers.political_will.will": 0.9,
    "levers.framework.regulations": 0.8,
    "levers.training.kind": "comprehensive",
    "levers.training.spread": 4,
    "levers.training.supervisors_included": True,
    "levers.deployment.share": 0.3,
    "levers.rotation.period": 6,
    "levers.rotation.scope": "city",
    "levers.rotation.handover": 2,
    "levers.integrity.oversight": 0.8,
    "levers.integrity.complaint_handling": 0.8,
    "levers.command.replace": True,
    "levers.participation.support": 0.8,
    "population.officers_per_1000": 5.0,
    "corruption.relational_rate": 0.5,
    "corruption.detection": 0.5,
}


def picture(world: World) -> dict[str, np.ndarray[Any, Any]]:
    """A copy of every column."""
    return {f"{t.name}.{name}": getattr(t, name).copy() for t in world.tables() for name in t.columns()}


def watch(module: ModuleType, seen: dict[str, set[str]]) -> Callable[..., None]:
    """The step of a process that notes which columns it changed."""
    original = module.step

    def step(world: World, own: Any, luck: Any) -> None:
        before = picture(world)
        original(world, own, luck)
        after = picture(world)
        changed = {key for key, old in before.items() if old.shape != after[key].shape or np.any(old != after[key])}
        seen.setdefault(week.name(module), set()).update(changed)

    return step


def test_each_process_changes_only_its_own_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, set[str]] = {}
    for module in week.PROCESSES:
        monkeypatch.setattr(module, "step", watch(module, seen))
    world = begun(square_city((800, 1200, 1000, 1000)), REFORM)
    advance(world, 30, rules(REFORM))
    owners = {f"{t.name}.{name}": t.owner(name) for t in world.tables() for name in t.columns()}
    begins = {table: getattr(world, table).owner(next(iter(getattr(world, table).columns()))) for table in EVENTS}
    assert set(seen) == {week.name(module) for module in week.PROCESSES}
    for process, changed in seen.items():
        assert changed, f"{process} changed nothing in thirty weeks"
        foreign = {
            key
            for key in changed
            if owners[key] != process and begins.get(key.partition(".")[0]) != process  # a new list of events
        }
        assert not foreign, f"{process} changed {foreign}"


def test_every_column_of_a_process_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each declared column changes at some time in two years of an eventful city."""
    seen: dict[str, set[str]] = {}
    for module in week.PROCESSES:
        monkeypatch.setattr(module, "step", watch(module, seen))
    changes = REFORM | {"levers.continuity.survival": 0.0, "administration.term": 26, "corruption.publicity": 1.0}
    world = begun(square_city((800, 1200, 1000, 1000)), changes)
    world.week = -2
    advance(world, 60, rules(changes))
    for module in week.PROCESSES:
        declared = {f"{column.table}.{column.name}" for column in module.COLUMNS}
        untouched = declared - seen[week.name(module)]
        assert not untouched, f"{week.name(module)} never changes {untouched}"


SMALL = {"city.residents": 2000, "city.quadrants": 6, "city.sectors": 2, "run.weeks": 30, "run.burn_in": 0}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", [week.name(module) for module in week.PROCESSES])
def test_the_week_goes_on_without_any_one_process(name: str) -> None:
    broken: set[str] = set()
    record = run(
        default().with_changes({**SMALL, **REFORM}),
        3,
        without=[name],
        each_week=lambda world: broken.update(not_finite(world)),
    )
    assert not broken
    assert len(record.weekly) == 30


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", [week.name(module) for module in week.PROCESSES if module is not administration])
def test_a_process_left_out_leaves_its_columns_as_they_were_born(name: str) -> None:
    law = rules(REFORM, without=[name])
    world = begun(square_city())
    owned = [key for key in picture(world) if getattr(world, key.split(".")[0]).owner(key.split(".")[1]) == name]
    plain_columns = [key for key in owned if key.split(".")[0] not in EVENTS]
    before = picture(world)
    advance(world, 5, law)
    after = picture(world)
    for key in plain_columns:
        assert np.array_equal(before[key], after[key]), key


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    ("city", "changes"),
    [
        (one_quadrant(500), {}),
        (one_quadrant(1), {}),
        (square_city((0, 500, 700, 900)), {}),
        (square_city((0, 0, 0, 900)), {}),
        (square_city((1, 2, 3, 900)), {}),
        (square_city((500,) * 4), {"population.officers_per_1000": 0.0}),
        (square_city((500,) * 4), {"levers.participation.reform_after": 0, "committees.dropped": 1.0}),
        (square_city((500,) * 4, edges=[]), {}),
        (square_city((500,) * 4, risk=np.zeros(4), business=np.zeros(4)), {}),
        (square_city((500,) * 4, marginalisation=np.ones(4)), {"levers.militarisation.level": 1.0}),
    ],
    ids=[
        "one quadrant",
        "one resident",
        "empty quadrant",
        "three empty quadrants",
        "tiny quadrants",
        "no officers",
        "no committees",
        "no neighbours",
        "no risk",
        "militarised",
    ],
)
@pytest.mark.parametrize("people_per_row", [1.0, 7.0])
def test_an_odd_city_lives_thirty_weeks_in_finite_numbers(city: Any, changes: Any, people_per_row: float) -> None:
    changes = {**REFORM, **changes}
    world = begun(city, changes, people_per_row=people_per_row)
    advance(world, 30, rules(changes))
    assert not not_finite(world)
    for table in world.tables():
        for name, column in table.columns().items():
            if column.unit == "share" and table.name != "commanders":
                values = getattr(table, name)
                assert np.all((values >= 0.0) & (values <= 1.0)), f"{table.name}.{name}"
