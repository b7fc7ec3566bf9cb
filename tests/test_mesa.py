"""The model in Mesa's hands: the same numbers, agents that are views of rows, quadrants that are cells."""

from __future__ import annotations

import gc
import os
import pickle
import re
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

mesa = pytest.importorskip("mesa", reason="Mesa is an optional part: pip install -e '.[mesa]'")

from mesa.discrete_space import CellAgent  # noqa: E402

from sim import PoliceCommunityModel, Scenario, run  # noqa: E402
from sim.agents import KINDS, Citizen, Committee, MiddleCommand, Officer, Quadrant, headings  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("citizens", "officers", "committees", "commanders")
TOWN = {
    "city.quadrants": 12,
    "city.sectors": 3,
    "city.residents": 3000,
    "run.weeks": 30,
    "run.burn_in": 4,
    "population.officers_per_1000": 6.0,
    "rotation.period": 6,
}

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def town() -> Scenario:
    return Scenario.default().with_changes(TOWN)


@pytest.fixture
def model(town: Scenario) -> Any:
    return PoliceCommunityModel(town, rng=1)


def digest(scenario: Scenario, seed: int, weeks: int) -> str:
    return run(scenario.with_changes({"run.weeks": weeks}), seed).digest()


def agent_objects(model: Any) -> list[Any]:
    """Every Mesa agent of a model that exists in memory, whoever holds it."""
    gc.collect()
    return [o for o in gc.get_objects() if issubclass(type(o), mesa.Agent) and o.model is model]


# ------------------------------------------------------------------------------------------ the same numbers


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_seed_gives_the_numbers_of_run_bit_for_bit(town: Scenario, seed: int) -> None:
    model = PoliceCommunityModel(town, rng=seed)
    model.run_for(30)
    record, plain = model.record(), run(town, seed)
    assert record.digest() == plain.digest()
    assert (record.scenario_hash, record.seed, record.quadrant_ids) == (plain.scenario_hash, seed, plain.quadrant_ids)


def test_the_record_holds_the_weeks_lived_so_far_fewer_or_more_than_the_scenario_has(town: Scenario) -> None:
    model = PoliceCommunityModel(town, rng=1)
    assert len(model.record().weekly) == 0
    for weeks in (5, 13, 40):
        model.run_until(weeks)
        assert model.record().digest() == digest(town, 1, weeks)


def test_looking_at_agents_and_cells_changes_no_number(town: Scenario) -> None:
    model = PoliceCommunityModel(town, rng=1)
    for _ in range(10):
        model.step()
        model.agents.shuffle_do("step")
        model.agents.agg("unique_id", max)
        model.random.random(), model.rng.random()
        assert model.grid[0].agents
    assert model.record().digest() == digest(town, 1, 10)


def test_time_zero_is_the_beginning_of_week_zero_after_the_burn_in(model: Any) -> None:
    assert (model.time, model.week, model.world.week) == (0, -1, -1)
    model.run_for(3)
    assert (model.time, model.week, model.world.week) == (3, 2, 2)
    unsettled = PoliceCommunityModel(model.settings, rng=1, burn_in=0)
    assert (unsettled.time, unsettled.week) == (0, -1)


def test_running_ends_with_the_weeks_of_the_scenario_and_run_for_goes_on(model: Any) -> None:
    model.run_model()
    assert model.time == 30 and not model.running
    model.run_for(2)
    assert model.time == 32


def test_a_model_that_is_pickled_halfway_goes_on_as_if_it_had_not_been(model: Any) -> None:
    model.run_for(5)
    model.agents_by_type[Officer].to_list()[0].morale = 0.9
    copy = pickle.loads(pickle.dumps(model))
    for each in (model, copy):
        each.run_for(5)
    assert copy.record().digest() == model.record().digest()
    assert copy.grid[3].agents and all(agent.model is copy for agent in copy.grid[3].agents)
    assert copy.grid[0].neighborhood.cells[0] in list(copy.grid)


# -------------------------------------------------------------------------------------------- the way in


def test_a_scenario_may_be_an_object_a_path_or_nothing(tmp_path: Path, town: Scenario) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('passage = "p"\n[title]\nes = "a"\nen = "b"\n[city]\nresidents = 3000\n[run]\nburn_in = 0\n')
    assert PoliceCommunityModel(scenario=path).settings.name == "mine"
    assert PoliceCommunityModel(str(path)).settings == Scenario.load(path)
    assert PoliceCommunityModel(None, rng=1, **TOWN).settings.hash == town.hash
    with pytest.raises(TypeError, match=r"must be a sim\.Scenario, the path of a file or None"):
        PoliceCommunityModel({"weeks": 3})


def test_changes_are_checked_as_a_file_would_be(town: Scenario) -> None:
    assert PoliceCommunityModel(town, weeks=5).settings.run.weeks == 5
    with pytest.raises(ValueError, match=r"rotation\.period"):
        PoliceCommunityModel(town, **{"rotation.perod": 5})
    with pytest.raises(TypeError, match="write rng="):
        PoliceCommunityModel(town, seed=5)


@pytest.mark.parametrize("rng", [None, "43", 1.0, True, -1, np.random.default_rng(1)])
def test_rng_is_a_whole_number_or_refused(town: Scenario, rng: Any) -> None:
    with pytest.raises(ValueError, match="rng must be a whole number >= 0"):
        PoliceCommunityModel(town, rng=rng)


def test_rng_may_be_a_whole_number_of_numpy(town: Scenario) -> None:
    models = [PoliceCommunityModel(town, rng=rng) for rng in (3, np.int64(3))]
    assert len({model.rng.random() for model in models}) == 1
    assert len({model.record().digest() for model in models}) == 1


def test_a_class_of_agents_of_another_kind_is_refused(town: Scenario) -> None:
    for wrong in (Citizen, mesa.Agent, "Officer"):
        with pytest.raises(TypeError, match=r"must be a subclass of sim\.agents\.Officer"):
            PoliceCommunityModel(town, officer=wrong)


def test_no_name_of_ours_is_one_of_mesas(model: Any) -> None:
    meant = {"agents", "agents_by_type", "agent_types", "register_agent", "scenario", "step"}
    ours = {name for name in vars(PoliceCommunityModel) if not name.startswith("__")}
    assert (ours - set(vars(type("Empty", (mesa.Model,), {})))) & set(dir(mesa.Model)) == meant
    plain = mesa.Model(rng=1)
    own = {"settings", "grid", "datacollector", "first_ids", "_kinds", "_views", "_listed", "_under_way"}
    assert own <= set(vars(model)) and not own & set(dir(plain))


def test_the_attribute_scenario_stays_empty_so_that_reset_in_solara_keeps_ours(model: Any) -> None:
    assert model.scenario is None


def test_without_mesa_the_error_names_the_cure_and_the_rest_runs() -> None:
    code = """
import sys
sys.modules["mesa"] = None
import sim
sim.run(sim.Scenario.default().with_changes({"run.weeks": 1, "run.burn_in": 0, "city.residents": 500}))
try:
    sim.PoliceCommunityModel
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "pip install 'cuadrante[mesa]'" in done.stdout


# ------------------------------------------------------------------------------------------- views of rows


def test_a_run_that_nobody_looks_into_makes_no_agent(model: Any) -> None:
    model.run_for(5)
    model.column("citizens", "trust"), model.frame("officers"), model.record()
    assert agent_objects(model) == []
    assert len(model.agents) == len(agent_objects(model)) == sum(len(model.column(t, c)) for t, c in _one_of_each())


def _one_of_each() -> list[tuple[str, str]]:
    return [(table, next(iter(headings(table)))) for table in TABLES]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_column_is_a_property_that_reads_its_row(model: Any, kind: type[Any]) -> None:
    model.run_for(8)
    views = model.agents_by_type[kind].to_list()
    table = getattr(model.world, kind.TABLE)
    assert set(headings(kind.TABLE)) == set(table.columns())
    for name in table.columns():
        column = getattr(table, name)
        for view in (views[0], views[-1]):
            assert view[name] == (tuple(column[view.row].tolist()) if column.ndim > 1 else column[view.row])
            assert type(view[name]) in (int, float, bool, tuple)
            if name != "move_to":  # a method of Mesa's
                assert getattr(view, name) == view[name]


def test_properties_say_what_they_mean_and_in_which_unit() -> None:
    assert Officer.tenure.__doc__ == "weeks in the quadrant [weeks]"
    assert Quadrant.trust.__doc__ == "mean trust of residents [share]"


def test_no_column_hides_what_mesa_needs() -> None:
    taken = set(vars(mesa.Agent(mesa.Model(rng=1)))) | {"row", "cell", "step", "advance", "remove", "random", "rng"}
    columns = {name for table in TABLES for name in headings(table)}
    assert not taken & columns
    assert columns & set(dir(CellAgent)) == {"move_to"}
    assert callable(Officer.move_to)


def test_setting_a_property_writes_the_row_and_the_processes_take_it_from_there(town: Scenario) -> None:
    touched, plain = PoliceCommunityModel(town, rng=1), PoliceCommunityModel(town, rng=1)
    officer = touched.agents_by_type[Officer].to_list()[2]
    officer.morale = 1.0
    differs = touched.column("officers", "morale") != plain.column("officers", "morale")
    assert np.flatnonzero(differs).tolist() == [2] and officer.morale == 1.0
    with pytest.raises(ValueError, match="read-only"):
        touched.column("officers", "morale")[2] = 0.5
    for model in (touched, plain):
        model.run_for(1)
    assert officer.morale > plain.column("officers", "morale")[2]
    assert touched.record().digest() != plain.record().digest()


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Officer, "morale", float("nan")),
        (Officer, "morale", float("inf")),
        (Officer, "morale", "high"),
        (Officer, "tenure", 2.5),
        (Officer, "tenure", 2**40),
        (Officer, "moved", 2),
        (Officer, "quadrant", -1),
        (Officer, "quadrant", 12),
        (Citizen, "exposure", -1),
        (Citizen, "near", (1, 2, 3, -4)),
    ],
)
def test_a_value_that_a_column_cannot_hold_is_refused_and_nothing_changes(
    model: Any, kind: type[Any], name: str, value: Any
) -> None:
    agent = model.agents_by_type[kind].to_list()[0]
    before = getattr(agent, name)
    with pytest.raises(ValueError, match=f"{kind.TABLE}.{name}"):
        setattr(agent, name, value)
    assert getattr(agent, name) == before and getattr(model.world, kind.TABLE).turn == ""


def test_ids_count_from_one_whenever_agents_are_first_asked_for(town: Scenario) -> None:
    early, late = PoliceCommunityModel(town, rng=1), PoliceCommunityModel(town, rng=1)
    guest = mesa.Agent(early)
    assert late.views("officers")[3].unique_id == late.first_ids["officers"] + 3
    late.run_for(2)
    assert [agent.unique_id for agent in late.agents] == list(range(1, len(late.agents) + 1))
    kinds = [(agent.unique_id, type(agent), getattr(agent, "row", None)) for agent in early.agents]
    assert kinds[:-1] == [(agent.unique_id, type(agent), agent.row) for agent in late.agents]
    assert kinds[-1] == (len(late.agents) + 1, mesa.Agent, None) and guest in early.agents
    assert late.views("officers") == late.agents_by_type[Officer].to_list()


def test_a_row_cannot_be_removed(model: Any) -> None:
    with pytest.raises(RuntimeError, match="Officer 0 is a row of officers and stays"):
        model.agents_by_type[Officer].to_list()[0].remove()


def test_agent_sets_give_what_the_columns_hold(model: Any) -> None:
    model.run_for(8)
    assert model.agent_types == list(KINDS)
    officers, citizens = model.agents_by_type[Officer], model.agents_by_type[Citizen]
    tenure, trust = model.column("officers", "tenure"), model.column("citizens", "trust")
    assert officers.agg("tenure", [min, max]) == [tenure.min(), tenure.max()]
    assert len(officers.select(lambda officer: officer.tenure > 4)) == (tenure > 4).sum()
    assert citizens.get("trust") == trust.tolist()
    mean = citizens.groupby("quadrant").agg("trust", np.mean)
    frame = model.frame("citizens").groupby("quadrant")["trust"].mean()
    assert list(mean) == frame.index.tolist() and np.allclose(list(mean.values()), frame, atol=1e-6)
    assert len(model.agents.select(agent_type=Committee)) == len(model.agents_by_type[Committee])


def test_frames_are_copies_with_every_column(model: Any) -> None:
    frame = model.frame("citizens")
    assert {"trust", "near_0", "near_3", "quadrant"} <= set(frame) and frame.index.name == "row"
    frame.loc[:, "trust"] = 0.0
    assert model.column("citizens", "trust").min() > 0
    assert len(model.frame("commanders")) == 3
    with pytest.raises(AttributeError, match="no column 'mood'"):
        model.column("officers", "mood")


# ---------------------------------------------------------------------------------------- a step of one's own


class Diarist(Officer):
    """Writes down when it is called."""

    calls: list[tuple[int, int, int]]

    def step(self) -> None:
        self.calls.append((self.model.week + 1, self.model.world.week, self.row))


class Attentive(Committee):
    def step(self) -> None:
        Diarist.calls.append((-1, self.model.world.week, self.row))


def test_a_step_of_ones_own_is_called_every_week_in_the_order_of_rows(town: Scenario) -> None:
    Diarist.calls = []
    model = PoliceCommunityModel(town, rng=1, officer=Diarist, committee=Attentive)
    assert Diarist.calls == []
    model.run_for(3)
    officers, committees = len(model.views("officers")), len(model.views("committees"))
    week = [(k, r) for k, size in ((0, officers), (-1, committees)) for r in range(size)]
    assert Diarist.calls == [(w if k == 0 else -1, w, r) for w in range(3) for k, r in week]


def test_a_step_that_does_nothing_changes_nothing(town: Scenario) -> None:
    idle = {
        key: type(f"Idle{kind.__name__}", (kind,), {"step": lambda self: None})
        for key, kind in zip(("citizen", "officer", "committee", "middle_command"), KINDS, strict=True)
    }
    model = PoliceCommunityModel(town, rng=1, **idle)
    model.run_for(10)
    assert model.record().digest() == digest(town, 1, 10)
    assert model.agent_types == list(idle.values())


def test_only_the_kind_with_a_step_is_made(town: Scenario) -> None:
    Diarist.calls = []
    model = PoliceCommunityModel(town, rng=1, officer=Diarist)
    model.run_for(2)
    assert {type(agent) for agent in agent_objects(model)} == {Diarist}


def test_what_a_step_does_is_in_the_observations_of_its_week(town: Scenario) -> None:
    class Content(Officer):
        def step(self) -> None:
            self.morale = 0.75

    model = PoliceCommunityModel(town, rng=1, officer=Content)
    model.run_for(2)
    assert model.record().weekly["morale"].tolist() == [0.75, 0.75]


def test_a_subclass_of_the_model_may_do_more_in_its_week(town: Scenario) -> None:
    class Counted(PoliceCommunityModel):
        def step(self) -> None:
            super().step()
            self.seen = [*getattr(self, "seen", []), self.time]

    model = Counted(town, rng=1)
    model.run_for(3)
    assert model.seen == [1, 2, 3] and model.week == 2


# ------------------------------------------------------------------------------------------ quadrants as cells


def test_cells_are_the_quadrants_and_their_neighbours(model: Any) -> None:
    grid, world = model.grid, model.world
    assert [cell.coordinate for cell in grid] == list(range(12))
    for cell in grid:
        neighbours = world.indices[world.indptr[cell.row] : world.indptr[cell.row + 1]]
        assert sorted(c.coordinate for c in cell.neighborhood) == neighbours.tolist()
        assert cell.trust == world.quadrants.trust[cell.row]
    assert grid[2].id == model.record().quadrant_ids[2]
    assert grid.find_nearest_cell(grid[5].position) is grid[5]


def test_a_wider_neighbourhood_reaches_who_is_two_borders_away(model: Any) -> None:
    cell = model.grid[0]
    near = set(cell.neighborhood)
    two = {far for one in near for far in one.connections.values()} | near
    assert set(cell.get_neighborhood(2)) == two - {cell}
    assert set(cell.get_neighborhood(2, include_center=True)) == two | {cell}
    with pytest.raises(ValueError, match="radius"):
        cell.get_neighborhood(0)


def test_everyone_with_a_quadrant_is_in_its_cell_and_no_other(model: Any) -> None:
    before = model.column("officers", "quadrant").copy()
    kept = model.grid.all_cells  # Mesa keeps this collection from the start
    model.run_for(7)
    assert (model.column("officers", "quadrant") != before).any()
    placed = [agent for agent in model.agents if not isinstance(agent, MiddleCommand)]
    found = {agent: cell for cell in model.grid for agent in cell.agents}
    assert len(found) == len(placed) == len(list(kept.agents)) == len(model.grid.agents)
    assert all(found[agent] is agent.cell and agent.cell.coordinate == agent.quadrant for agent in placed)
    assert [cell.is_empty for cell in model.grid] == [cell.empty for cell in model.grid] == [False] * 12


def test_officers_move_as_mesa_agents_do_and_residents_stay(model: Any) -> None:
    officer, citizen = (model.agents_by_type[kind].to_list()[0] for kind in (Officer, Citizen))
    goal = model.grid[7]
    officer.move_to(goal)
    assert officer.quadrant == 7 == model.column("officers", "quadrant")[0] and officer in goal.agents
    with pytest.raises(AttributeError, match="residents cannot move"):
        citizen.cell = goal


def test_middle_command_has_the_cells_of_its_sector(model: Any) -> None:
    chiefs = model.agents_by_type[MiddleCommand].to_list()
    assert sorted(cell.row for chief in chiefs for cell in chief.cells) == list(range(12))
    assert all(cell.sector == chief.row for chief in chiefs for cell in chief.cells)


def test_agents_of_the_users_own_live_in_cells_too(model: Any) -> None:
    guest = CellAgent(model)
    guest.cell = model.grid[4]
    assert guest in model.grid[4].agents and guest in model.agents
    guest.cell = model.grid[5]
    assert guest not in model.grid[4].agents and guest in model.grid[5].agents
    guest.remove()
    assert guest not in model.grid[5].agents and guest not in model.agents


# ---------------------------------------------------------------------------------- collecting and letting go


def test_the_data_collector_gives_the_observations_of_the_record(model: Any) -> None:
    model.run_for(6)
    collected = model.datacollector.get_model_vars_dataframe()
    weekly = model.record().weekly
    assert len(collected) == 7
    for key in collected:
        assert collected[key].iloc[1:].tolist() == pytest.approx(weekly[key].tolist(), nan_ok=True, abs=0)
    assert agent_objects(model) == []


def test_a_collector_of_ones_own_takes_the_place_of_the_first(model: Any) -> None:
    model.datacollector = model.collector(
        "morale",
        model_reporters={"officers": lambda m: len(m.column("officers", "morale"))},
        agenttype_reporters={Officer: {"morale": "morale"}},
    )
    model.run_for(2)
    frame = model.datacollector.get_agenttype_vars_dataframe(Officer)
    assert frame["morale"].tolist()[-len(model.views("officers")) :] == model.column("officers", "morale").tolist()
    assert list(model.datacollector.get_model_vars_dataframe()) == ["morale", "officers"]
    with pytest.raises(KeyError, match="no observation mood"):
        model.collector("mood")
    model.datacollector = None
    model.run_for(1)


def test_a_model_is_freed_when_nobody_holds_it(town: Scenario) -> None:
    model = PoliceCommunityModel(town, rng=1)
    model.run_for(2)
    kept = [cell.get_neighborhood(2).agents for cell in model.grid]
    assert len(model.agents) == model.agents.agg("unique_id", max)
    gone = weakref.ref(model)
    del model, kept
    gc.collect()
    assert gone() is None


# ---------------------------------------------------------------------------------------- the words about it


def test_every_block_of_the_document_runs_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs/mesa.md").read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) >= 8
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {"__name__": "document"}
    for block in blocks:
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], "docs/mesa.md", "exec"), names)
