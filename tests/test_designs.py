"""A design is a table, one row per run; a faulty experiment file is explained whole, with place and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.designs import Experiment, check_experiment, pair_plan, plan_table, reproduce, run_id, seed_list
from sim.scenario import Scenario, ScenarioError

BASE = """
passage = "a trial"
[title]
es = "Prueba"
en = "Trial"
"""

GOOD = """
question = "Does rotating less build trust?"
scenario = "base.toml"
seeds = 3
baseline = {"rotation.period" = 26, "training.kind" = "none"}
[title]
es = "Rotación y capacitación"
en = "Rotation and training"
[levers]
"rotation.period" = [0, 26, 52]
"training.kind" = ["none", "comprehensive"]
[constants]
"run.weeks" = 104
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(BASE)
    return tmp_path


def written(folder: Path, text: str) -> Path:
    (folder / "trial.toml").write_text(text)
    return folder / "trial.toml"


def messages(folder: Path, text: str) -> list[str]:
    return [str(problem) for problem in check_experiment(written(folder, text))]


def test_every_combination_is_an_arm_and_every_arm_has_the_same_seeds(folder: Path) -> None:
    experiment = Experiment.load(written(folder, GOOD))
    arms = experiment.arms()
    assert [tuple(arm.changes.values()) for arm in arms] == [
        (0, "none"),
        (0, "comprehensive"),
        (26, "none"),
        (26, "comprehensive"),
        (52, "none"),
        (52, "comprehensive"),
    ]
    assert arms[3].label == "rotation.period=26, training.kind=comprehensive"
    assert arms[3].scenario.levers.rotation.period == 26
    assert arms[3].scenario.run.weeks == 104
    assert experiment.baseline_arm == 2
    plan = experiment.plan()
    assert [(run.arm, run.seed) for run in plan] == [(arm, seed) for arm in range(6) for seed in (1, 2, 3)]
    assert plan.study.baseline == 2
    assert plan.study.title["en"] == "Rotation and training"
    assert check_experiment(folder / "trial.toml") == []


def test_quotes_around_a_dotted_lever_may_be_left_out(folder: Path) -> None:
    plain = GOOD.replace('"rotation.period"', "rotation.period").replace('"run.weeks"', "run.weeks")
    assert Experiment.load(written(folder, plain)).plan() == Experiment.load(written(folder, GOOD)).plan()


def test_seeds_can_be_extended_and_the_same_runs_keep_their_names(folder: Path) -> None:
    experiment = Experiment.load(written(folder, GOOD))
    three, five = experiment.plan(), experiment.plan(seeds=5)
    assert {run.run_id for run in three} < {run.run_id for run in five}
    assert len(five) == 30
    assert three.study.design_hash == five.study.design_hash
    assert [run.seed for run in experiment.plan(seeds=[7, 9])][:2] == [7, 9]


def test_a_run_is_named_by_all_that_its_outcome_depends_on() -> None:
    names = {run_id("a", 1, "c"), run_id("b", 1, "c"), run_id("a", 2, "c"), run_id("a", 1, "d")}
    assert len(names) == 4
    assert all(len(name) == 64 for name in names)
    assert run_id("a", 1, "c") == run_id("a", 1, "c")


def test_another_municipality_changes_every_arm(folder: Path) -> None:
    experiment = Experiment.load(written(folder, GOOD))
    small = experiment.plan(city={"quadrants": 6, "city.sectors": 2})
    assert {run.scenario.city.quadrants for run in small} == {6}
    (folder / "small.toml").write_text(BASE + "[city]\nquadrants = 6\nsectors = 2\n")
    same = experiment.plan(city=folder / "small.toml")
    assert [run.run_id for run in same] == [run.run_id for run in small]
    assert small.study.design_hash != experiment.plan().study.design_hash


def test_a_plan_is_a_table(folder: Path) -> None:
    plan = Experiment.load(written(folder, GOOD)).plan()
    table = plan_table(plan)
    assert list(table.columns) == ["run_id", "arm", "seed", "rotation.period", "training.kind"]
    assert table.shape == (18, 5)
    assert table["run_id"].is_unique
    assert table.loc[table["arm"] == 5, "rotation.period"].unique().tolist() == [52]
    assert plan_table(plan[:2]).shape == (2, 5)


def test_a_pair_meets_the_same_seeds_and_the_first_is_the_baseline() -> None:
    one = Scenario.default()
    other = one.with_changes({"rotation.period": 104})
    plan = pair_plan([one, other], 4)
    assert [(run.arm, run.seed) for run in plan] == [(arm, seed) for arm in (0, 1) for seed in (1, 2, 3, 4)]
    assert plan.study.baseline == 0
    assert [arm["changes"] for arm in plan.study.arms] == [
        {"scenario": "default"},
        {"scenario": "default (2)"},
    ]
    with pytest.raises(ValueError, match="the same scenario"):
        pair_plan([one, one.with_changes({}, name="twin")], 1)
    assert len(pair_plan([one], [5])) == 1


def test_a_run_can_be_repeated_from_its_command() -> None:
    changed = Scenario.default().with_changes({"rotation.period": 104, "training.kind": "courtesy"})
    command = reproduce(pair_plan([changed], [5])[0])
    assert command.startswith('python -c "from sim import Scenario, run; run(')
    inner = command.partition("run; run(")[2].removesuffix(', 5)"')
    assert eval(inner, {"Scenario": Scenario}).hash == changed.hash


@pytest.mark.parametrize("seeds", [0, -1, True, "3", 2.0, [], [1, 1], [-1], [1.5], None])
def test_seeds_that_cannot_be(seeds: object) -> None:
    with pytest.raises(ValueError, match="seed"):
        seed_list(seeds)  # type: ignore[arg-type]


def test_everything_wrong_is_said_at_once_with_place_and_cure(folder: Path) -> None:
    text = """\
question = ""
scenario = "bas.toml"
seeds = 0
baselin = 1
[levers]
"rotation.perid" = [0, 26]
"training.kind" = ["none", "curtesy"]
"rotation.period" = [26, 26, -5]
"decentralisation.authority" = 0.5
"""
    found = messages(folder, text)
    assert [problem.line for problem in check_experiment(folder / "trial.toml")] == sorted(
        problem.line for problem in check_experiment(folder / "trial.toml")
    )
    together = "\n".join(found)
    for words in (
        "question must be one line of text",
        "the title needs Spanish and English",
        "did you mean 'base.toml'?",
        "trial.toml:3:9",
        "seeds = 0 must be at least 1",
        "did you mean 'baseline'?",
        "trial.toml:6:1",
        "did you mean 'levers.rotation.period'?",
        "trial.toml:7:28",
        "did you mean 'courtesy'?",
        "trial.toml:8:30",
        "decentralisation.authority must be a list of values",
        "baseline is missing",
    ):
        assert words in together, words
    with pytest.raises(ScenarioError) as raised:
        Experiment.load(folder / "trial.toml")
    assert len(raised.value.problems) == len(found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"rotation.period" = 26,', '"rotation.period" = 27,', "27 of the baseline is not in the grid"),
        ('"rotation.period" = 26, ', "", "the baseline does not say rotation.period"),
        ('"rotation.period" = 26,', '"rotation.period" = 26, "rotation.scope" = 1.0,', "is not a lever"),
        ("[0, 26, 52]", "[0, 26, 26]", "has 26 twice"),
        ('"run.weeks" = 104', '"levers.rotation.period" = 104', "is stated twice"),
        ('"run.weeks" = 104', '"run.weeks" = 0', "must lie in"),
        ("[0, 26, 52]", "[]", "must be a list of values"),
        ("seeds = 3", "seeds = [1, 1]", "a seed is stated twice"),
        ("seeds = 3", "seeds = ", "not valid TOML"),
        ('scenario = "base.toml"', "scenario = 3", "must name a scenario file"),
        ('"base.toml"', '"broken.toml"', "broken.toml:3"),
        ("[constants]", "[constants.x]", "unknown"),
    ],
)
def test_one_fault_gives_one_problem(folder: Path, old: str, new: str, words: str) -> None:
    (folder / "broken.toml").write_text(BASE.replace("[title]", "nothing = 1\n[title]"))
    assert old in GOOD
    found = messages(folder, GOOD.replace(old, new, 1))
    assert len(found) == 1, "\n\n".join(found)
    assert words in found[0]


@pytest.mark.parametrize(
    "text", ["", "levers = 3\n", "baseline = []\n[levers]\nx = 1\n", "title = 1\n[[levers]]\n", "\0"]
)
def test_no_file_makes_the_check_fail(folder: Path, text: str) -> None:
    assert messages(folder, text)
    (folder / "latin.toml").write_bytes(b'question = "\xff"')
    assert "UTF-8" in str(check_experiment(folder / "latin.toml")[0])
    assert "cannot read" in str(check_experiment(folder / "nowhere.toml")[0])
