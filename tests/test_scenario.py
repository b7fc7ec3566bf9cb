"""Scenarios: what a sound file becomes, what a child inherits, what a change changes."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from scenario_cards import SOUND, small_catalogue

from sim.cards import WEEKS_PER_YEAR, CardError
from sim.scenario import Catalogue, Scenario, ScenarioError, check, check_value

HEAD = 'passage = "p"\ntitle = {es = "t", en = "t"}\n'


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return small_catalogue(tmp_path_factory.mktemp("cards"))


@pytest.fixture
def sound(tmp_path: Path, cards: Catalogue) -> Scenario:
    return Scenario.load(write(tmp_path / "six_months.toml", SOUND), cards)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def messages(error: pytest.ExceptionInfo[ScenarioError]) -> str:
    return "\n".join(problem.message for problem in error.value.problems)


# --- a sound file


def test_a_file_states_differences_and_the_cards_the_rest(sound: Scenario) -> None:
    assert (sound.name, sound.title("es"), sound.title("en")) == (
        "six_months",
        "Rotación semestral",
        "Six-month rotation",
    )
    assert sound.passage == "officers are moved every six months"
    assert (sound.levers.rotation.period, sound.levers.rotation.scope) == (13, "city")
    assert (sound.levers.rotation.staggered, sound.levers.command.quota) == (True, 10.0)
    assert (sound.run.weeks, sound.run.burn_in, sound.city.residents) == (52, 26, 1000)


def test_rates_per_year_become_rates_per_week_and_stay_as_written_in_raw(sound: Scenario) -> None:
    assert sound.parameters.incidents.base_rate == pytest.approx(300 / WEEKS_PER_YEAR)
    assert sound.raw("parameters.incidents.base_rate") == 300.0
    assert sound.raw("base_rate") == 300.0
    assert sound.card("base_rate").unit == "incidents/1000 residents/year"


def test_a_theory_is_a_value_of_its_process(sound: Scenario) -> None:
    assert sound.parameters.attitudes.trust_updating == "bayesian"
    assert sound.parameters["attitudes"]["memory"] == 0.5


def test_an_override_has_its_own_source_and_other_settings_that_of_their_card(sound: Scenario) -> None:
    assert sound.sources["parameters.incidents.base_rate"] == "M15"
    assert sound.sources["parameters.population.officers"] == "assumption: the mean of two states"
    assert sound.sources["parameters.attitudes.memory"] == "E13"
    assert sound.sources["levers.rotation.period"] == "S2"


def test_a_scenario_is_frozen_and_survives_pickling(sound: Scenario) -> None:
    with pytest.raises(FrozenInstanceError):
        sound.name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        sound.levers.rotation.period = 2
    twin = pickle.loads(pickle.dumps(sound))
    assert (twin, twin.hash, hash(twin)) == (sound, sound.hash, hash(sound))
    assert twin.levers.rotation.period == 13
    assert len(pickle.dumps(sound)) < 40_000


def test_unknown_or_ambiguous_names_are_refused_with_the_candidates(sound: Scenario) -> None:
    with pytest.raises(KeyError, match=r"levers\.command\.quota or parameters\.command\.quota"):
        sound.raw("command.quota")
    with pytest.raises(KeyError, match=r"levers\.rotation\.period"):
        sound.card("rotation.perod")


# --- extends


def test_a_child_states_only_what_differs(tmp_path: Path, cards: Catalogue) -> None:
    write(tmp_path / "parent.toml", SOUND)
    child = 'extends = "parent.toml"\n' + HEAD + "[levers.rotation]\nperiod = 0\n"
    scenario = Scenario.load(write(tmp_path / "child.toml", child), cards)
    assert (scenario.levers.rotation.period, scenario.levers.rotation.scope) == (0, "city")
    assert (scenario.passage, scenario.title("en"), scenario.run.weeks) == ("p", "t", 52)
    assert scenario.sources["parameters.population.officers"] == "assumption: the mean of two states"
    parent = Scenario.load(tmp_path / "parent.toml", cards)
    assert scenario.differences(parent) == [("levers.rotation.period", 0, 13, "weeks")]


def test_extends_goes_through_folders_and_generations(tmp_path: Path, cards: Catalogue) -> None:
    write(tmp_path / "a.toml", HEAD + "[run]\nweeks = 10\nburn_in = 1\n")
    write(tmp_path / "sub/b.toml", 'extends = "../a.toml"\n' + HEAD + "[run]\nweeks = 20\n")
    scenario = Scenario.load(
        write(tmp_path / "c.toml", 'extends = "sub/b.toml"\n' + HEAD + "[run]\nquadrants_every = 2\n"), cards
    )
    assert (scenario.run.weeks, scenario.run.burn_in, scenario.run.quadrants_every) == (20, 1, 2)


def test_a_child_replaces_an_override_whole_and_so_needs_its_own_source(tmp_path: Path, cards: Catalogue) -> None:
    write(tmp_path / "parent.toml", SOUND)
    text = 'extends = "parent.toml"\n' + HEAD + "[parameters.incidents]\nbase_rate = {value = 9.0}\n"
    with pytest.raises(ScenarioError, match="without a source"):
        Scenario.load(write(tmp_path / "child.toml", text), cards)


def test_passage_and_title_are_not_inherited(tmp_path: Path, cards: Catalogue) -> None:
    write(tmp_path / "parent.toml", SOUND)
    with pytest.raises(ScenarioError) as error:
        Scenario.load(write(tmp_path / "child.toml", 'extends = "parent.toml"\n'), cards)
    assert messages(error) == "passage is missing\ntitle is missing"


# --- the city


@pytest.fixture
def towns(tmp_path: Path) -> Path:
    city = '[city]\nkind = "csv"\nunits = "../data/units.csv"\nid_column = "cve"\n'
    write(tmp_path / "data/units.csv", "cve\n1\n")
    write(tmp_path / "parents/town.toml", HEAD + city)
    write(tmp_path / "children/town.toml", 'extends = "../parents/town.toml"\n' + HEAD)
    return tmp_path


def test_paths_start_from_the_file_that_states_them(towns: Path, cards: Catalogue) -> None:
    child = Scenario.load(towns / "children/town.toml", cards)
    assert Path(child.city.units) == towns / "data/units.csv"
    assert child.raw("city.units") == "../data/units.csv"
    assert child.city.id_column == "cve"


def test_the_hash_sees_the_content_of_a_file_and_not_its_place(towns: Path, cards: Catalogue) -> None:
    child = Scenario.load(towns / "children/town.toml", cards)
    write(towns / "copy.csv", "cve\n1\n")
    moved = child.with_changes({"city.units": "copy.csv"}, base=towns)
    assert moved.hash == child.hash
    assert [difference.key for difference in moved.differences(child)] == ["city.units"]
    write(towns / "copy.csv", "cve\n2\n")
    assert child.with_changes({"city.units": towns / "copy.csv"}).hash != child.hash


def test_differences_can_be_applied_to_the_defaults_again(
    towns: Path, cards: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Scenario.load(towns / "children/town.toml", cards)
    monkeypatch.chdir(towns)
    changes = {difference.key: difference.value for difference in child.differences()}
    assert changes == {"city.kind": "csv", "city.units": str(Path("data/units.csv")), "city.id_column": "cve"}
    assert Scenario.default(cards).with_changes(changes).hash == child.hash


def test_a_dash_or_nothing_takes_a_file_back(towns: Path, cards: Catalogue) -> None:
    text = 'extends = "town.toml"\n' + HEAD + '[city]\nunits = "-"\n'
    child = Scenario.load(write(towns / "parents/none.toml", text), cards)
    assert (child.city.units, child.raw("city.units")) == ("", "")
    assert child.hash == child.with_changes({"units": ""}).hash


# --- changes in code


def test_changes_give_a_new_checked_scenario(sound: Scenario) -> None:
    changed = sound.with_changes(
        {
            "levers.rotation.period": 52,
            "theories.trust_updating": "asymmetric",
            "parameters.incidents.base_rate": 5,
            "run.weeks": 60,
            "city.residents": 2000,
        },
        name="other",
    )
    assert (changed.name, changed.levers.rotation.period, changed.run.weeks) == ("other", 52, 60)
    assert changed.raw("base_rate") == 5.0 and isinstance(changed.raw("base_rate"), float)
    assert changed.sources["parameters.incidents.base_rate"] == "set in code"
    assert changed.levers.rotation.scope == "city"
    assert (sound.levers.rotation.period, sound.raw("base_rate")) == (13, 300.0)


def test_a_change_in_code_may_bring_its_source(sound: Scenario) -> None:
    changed = sound.with_changes({"base_rate": {"value": 5.0, "source": "Q6"}})
    assert (changed.raw("base_rate"), changed.sources["parameters.incidents.base_rate"]) == (5.0, "Q6")


def test_a_short_key_will_do_where_only_one_setting_ends_so(sound: Scenario) -> None:
    assert sound.with_changes({"rotation.period": 4}).levers.rotation.period == 4
    with pytest.raises(ScenarioError, match=r"say which: levers\.command\.quota or parameters\.command"):
        sound.with_changes({"command.quota": 0.2})


def test_all_wrong_changes_are_named_at_once(sound: Scenario) -> None:
    with pytest.raises(ScenarioError) as error:
        sound.with_changes(
            {"rotation.perod": 1, "levers.rotation.perod": 1, "weeks": 1.5, "scope": "town", "levers": 1}
        )
    assert [problem.file for problem in error.value.problems] == ["set in code"] * 5
    assert "weeks = 1.5 must be a whole number in [1, 5200] weeks" in messages(error)
    assert "'levers' is a table, not a setting" in messages(error)
    assert str(error.value).count("period'?") == 2
    assert "--> set in code\n" in str(error.value)


def test_numpy_numbers_are_taken_for_what_they_hold(sound: Scenario) -> None:
    numpy = pytest.importorskip("numpy")
    changed = sound.with_changes({"weeks": numpy.int64(9), "base_rate": numpy.float64(2.5)})
    assert type(changed.raw("weeks")) is int and type(changed.raw("base_rate")) is float
    with pytest.raises(ScenarioError):
        sound.with_changes({"weeks": numpy.array([9])})


def test_check_value_says_what_is_wrong_without_a_file(cards: Catalogue) -> None:
    assert check_value(cards, "levers.rotation.period", 52) is None
    assert check_value(cards, "base_rate", 5) is None
    problem = check_value(cards, "rotation.period", 521)
    assert problem is not None
    assert (problem.key, problem.value, problem.unit) == ("levers.rotation.period", "521", "weeks")
    assert (problem.allowed, problem.meaning) == ("[0, 520] weeks", "Weeks between rotations")
    unknown = check_value(cards, "levers.rotation.perod", 1)
    assert unknown is not None and unknown.cure == "did you mean 'period'?"


# --- hash and differences


def test_the_hash_does_not_see_order_words_or_the_way_a_number_is_written(
    tmp_path: Path, cards: Catalogue, sound: Scenario
) -> None:
    text = """[parameters.population]
officers = {source = "M21", value = 1.5}
[parameters.incidents.base_rate]
source = "another"
value = 300.0
[levers]
rotation = {scope = "city", period = 13}
[city]
residents = 1_000
[run]
weeks = 52
[theories]
trust_updating = "bayesian"
"""
    other = Scenario.load(write(tmp_path / "other.toml", HEAD + text), cards)
    assert other.hash == sound.hash
    assert other.differences(sound) == []
    assert len(sound.hash) == 64


def other_value(card: object, value: object) -> object:
    """A value of the card that is not ``value``."""
    if getattr(card, "kind", "") == "bool":
        return not value
    if getattr(card, "kind", "") == "choice":
        return next(choice for choice in card.choices if choice != value)  # type: ignore[attr-defined]
    low, high = card.range  # type: ignore[attr-defined]
    candidates = [low, high] if card.kind == "float" else [int(low), int(high)]  # type: ignore[attr-defined]
    return next(candidate for candidate in candidates if candidate != value)


def changeable(catalogue: Catalogue) -> list[str]:
    return [key for key, card in catalogue.cards.items() if card.kind not in ("path", "text")]


def test_every_setting_changes_the_hash(cards: Catalogue) -> None:
    base = Scenario.default(cards)
    hashes = {base.hash}
    for key in changeable(cards):
        changed = base.with_changes({key: other_value(base.card(key), base.raw(key))})
        assert [difference.key for difference in changed.differences()] == [key]
        hashes.add(changed.hash)
    assert len(hashes) == len(changeable(cards)) + 1


def test_differences_are_in_card_units(sound: Scenario) -> None:
    assert sound.differences() == [
        ("run.weeks", 52, 156, "weeks"),
        ("city.residents", 1000, 48000, "people"),
        ("levers.rotation.period", 13, 26, "weeks"),
        ("levers.rotation.scope", "city", "sector", "word"),
        ("theories.trust_updating", "bayesian", "asymmetric", "word"),
        ("parameters.incidents.base_rate", 300.0, 377.0, "incidents/1000 residents/year"),
        ("parameters.population.officers", 1.5, 1.4, "officers/1000 residents"),
    ]
    assert Scenario.default(sound.catalogue).differences() == []


# --- the catalogue


def test_the_catalogue_is_found_by_listing_folders(cards: Catalogue) -> None:
    assert set(cards.levers) == {"rotation", "command"}
    assert set(cards.parameters) == {"command", "incidents", "attitudes", "population"}
    assert cards.theories["trust_updating"][0] == "attitudes"
    assert set(cards.parameters["attitudes"]) == {"memory"}
    assert set(cards.run) == {"weeks", "burn_in", "quadrants_every", "precision"}
    assert (cards.city_texts["units"].kind, cards.city_texts["id_column"].kind) == ("path", "text")
    assert Catalogue.load(cards.root) is cards


def test_two_processes_cannot_claim_one_theory(tmp_path: Path) -> None:
    theory = '[t]\nvalue="a"\nchoices=["a"]\nunit="word"\nrole="theory"\nsource="E1"\nes="t"\nen="t"\n'
    write(tmp_path / "processes/a.toml", theory)
    write(tmp_path / "processes/b.toml", theory)
    with pytest.raises(CardError, match=r"b\.toml: \[t\] is a theory of a already"):
        Catalogue.load(tmp_path)


def test_the_real_cards_make_a_scenario_in_which_each_number_changes_the_hash() -> None:
    base = Scenario.default()
    keys = [key for key in changeable(base.catalogue) if key.startswith(("levers.", "theories.", "run."))]
    variants = [base.with_changes({key: other_value(base.card(key), base.raw(key))}) for key in keys]
    assert len({variant.hash for variant in variants} | {base.hash}) == len(keys) + 1
    assert pickle.loads(pickle.dumps(base)) == base


def test_the_city_knows_which_of_its_texts_are_files() -> None:
    texts = Catalogue.load().city_texts
    if not texts:
        pytest.skip("the city has no texts yet")
    assert {key for key, card in texts.items() if card.kind == "path"} == {
        "units",
        "edges",
        "polygons",
        "graph",
    }


SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_library_of_scenarios_loads(path: Path) -> None:
    assert check(path) == []
    assert Scenario.load(path).name == path.stem


# --- speed and imports


def test_loading_takes_milliseconds(tmp_path: Path, cards: Catalogue) -> None:
    path = write(tmp_path / "a.toml", SOUND)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        Scenario.load(path, cards)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.015


def test_importing_is_light_and_a_sound_file_needs_no_grammar(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", HEAD)
    code = (
        "import sys; from sim.scenario import Scenario; "
        f"Scenario.load({str(path)!r}); "
        "print(sorted({'pandas', 'networkx', 'numpy', 'tree_sitter'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_linked_number_follows_its_home_and_cannot_be_set_elsewhere() -> None:
    changed = Scenario.default().with_changes({"parameters.duty.week_hours": 56.0})
    for process in ("duty", "encounters", "problem_solving"):
        assert changed.parameters[process].week_hours == 56.0
    with pytest.raises(ScenarioError, match="week_hours"):
        changed.with_changes({"parameters.encounters.week_hours": 40.0})


def test_a_link_to_a_card_that_is_not_there_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes/talk.toml").write_text('[hours]\nsame_as = "duty.hours"\n', encoding="utf-8")
    with pytest.raises(CardError, match=r"talk\.toml: \[hours\] is the same as duty\.hours"):
        Catalogue.load(tmp_path)
