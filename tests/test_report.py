"""A report is one whole page in both languages, the same twice, and says what the numbers say and no more."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from sealed_results import GRID, USUAL, grid, sealed

from sim.designs import pair_plan
from sim.execute import execute
from sim.observations import observations
from sim.paired import table as paired_table
from sim.report import write_comparison, write_report
from sim.report.blocks import WORDS, say, word
from sim.report.cells import p_value
from sim.report.page import TEMPLATE
from sim.report.reading import Reading
from sim.report.sections import sections
from sim.report.sentences import about_arm, change, joined, more_reports
from sim.report.settings import settings_of
from sim.results import DamageError, Store, StoreError, load_result
from sim.scenario import Scenario
from sim.words import Words, WordsError, load_words

ARMS = grid()
BASELINE = ARMS.index(USUAL)
VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}
NAN = float("nan")


class Page(HTMLParser):
    """A page taken apart: tags in balance, ids, headings, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.links: list[str] = []
        self.languages: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [str(given[key]) for key in ("href", "src", "xlink:href") if key in given]
        self.languages += [str(given["lang"])] if "lang" in given else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design of three levers, one run failed."""
    return sealed(tmp_path_factory.mktemp("full") / "grid", ARMS, BASELINE, failed=[(2, 3)])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenarios."""
    arms = [{"scenario": "today"}, {"scenario": "reform"}]

    def effect(changes: dict[str, str], key: str) -> float:
        return 0.2 * (changes["scenario"] == "reform" and key == "reported")

    return sealed(tmp_path_factory.mktemp("pair") / "pair", arms, seeds=5, effect=effect, title="Hoy · Reforma")


# ------------------------------------------------------------------------------------------------- the page


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_page_is_whole_and_keeps_to_itself(full: Path, language: str) -> None:
    path = write_report(full, language)
    assert path.name == {"es": "report.html", "en": "report.en.html"}[language]
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.languages[0] == language
    assert not re.search(r"https?:|//[a-z]|<script|@import|url\((?!#)", text)
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert page.headings[:2] == ["h1", "h2"]
    assert page.headings.count("h1") == 1
    assert page.headings.count("h2") == 10
    assert page.tags.count("figure") == 6 == text.count('role="img"') == page.tags.count("desc")
    assert page.tags.count("figcaption") == 6
    assert "{" not in page.words
    assert "nan" not in page.words.lower().split()
    assert "&lt;b&gt;" in text  # the error's own words, escaped


def test_the_two_languages_differ_in_every_title(full: Path) -> None:
    for spanish, english in zip(
        *(sections(Reading(load_result(full), language)) for language in ("es", "en")), strict=True
    ):
        assert spanish.key == english.key
        assert spanish.title != english.title
        assert [block.kind for block in spanish.blocks] == [block.kind for block in english.blocks]


def test_the_same_data_give_the_same_bytes(full: Path) -> None:
    first = write_report(full).read_bytes()
    drawn = {path.name: path.read_bytes() for path in sorted((full / "figures").glob("*.svg"))}
    assert write_report(full).read_bytes() == first
    assert {path.name: path.read_bytes() for path in sorted((full / "figures").glob("*.svg"))} == drawn
    names = {"trust", "committees", "incidents", "families", "effects", "interactions"}
    assert {f"{name}.svg" for name in names} <= set(drawn)


def test_every_text_has_both_languages_the_same_blanks_and_a_use() -> None:
    package = Path(WORDS).parent
    files = [*package.glob("*.py"), package.parent / "figures/names.py", TEMPLATE]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    for key, words in load_words(WORDS).items():
        blanks = [sorted(set(re.findall(r"\{(\w+)\}", words(language)))) for language in ("es", "en")]
        assert blanks[0] == blanks[1], key
        made = key.startswith(("m_", "t_", "ran_", "family_"))
        assert made or f'"{key}"' in code, f"{key} is not used"


def test_another_language_and_another_folder_are_refused(full: Path, tmp_path: Path) -> None:
    with pytest.raises(WordsError, match="es or en"):
        write_report(full, "fr")
    with pytest.raises(StoreError, match="no sealed results"):
        write_report(tmp_path)


def test_damaged_data_make_no_report(tmp_path: Path) -> None:
    folder = sealed(tmp_path / "x", ARMS[:2], seeds=2)
    whole = (folder / "weekly.parquet").read_bytes()
    (folder / "weekly.parquet").write_bytes(whole[:-20] + bytes(20))
    with pytest.raises(DamageError, match="weekly"):
        write_report(folder)


def test_a_large_result_is_reported_in_time(tmp_path: Path) -> None:
    many = {**GRID, "rotation.period": [0, 13, 26, 52, 78, 104, 156], "decentralisation.authority": [0.0, 0.4, 0.8]}
    arms = grid(many)
    folder = sealed(tmp_path / "large", arms, arms.index(USUAL), seeds=5)
    start = time.monotonic()
    write_report(folder)
    assert time.monotonic() - start < 30


# ------------------------------------------------------------------------------------------------ sentences


def found(difference: float, low: float, high: float, **more: int) -> SimpleNamespace:
    return SimpleNamespace(
        **{"difference": difference, "low": low, "high": high, "runs": 20, "up": 0, "down": 0} | more
    )


def test_a_change_is_said_with_its_interval_and_natural_frequency() -> None:
    cards = observations()
    up = change(cards["trust"], found(0.031, 0.020, 0.042, up=18), "es").striptags()
    assert (
        up
        == "Confianza en la policía sube 0.031 (0.020 a 0.042), escala de 0 a 1; sube en 18 de 20 simulaciones ▲ mejora"
    )
    down = change(cards["living_committees"], found(-0.10, -0.15, -0.05, down=19), "en").striptags()
    assert down == (
        "Living committees: down by 10.0 percentage points (5.0 to 15.0); down in 19 of 20 simulations ▼ worse"
    )
    other = change(cards["reported"], found(0.5, 0.4, 0.6, up=20), "en").striptags()
    assert other.endswith("up in 20 of 20 simulations ◆ different")


def test_what_is_not_clear_is_not_said_to_change(full: Path) -> None:
    reading = Reading(load_result(full), "es")
    cards = [observations()[key] for key in ("trust", "occurred", "attendance")]
    rows = pd.DataFrame(
        [
            {"observation": "trust", "difference": 0.1, "low": -0.1, "high": 0.3, "runs": 4, "up": 3, "down": 1},
            {"observation": "occurred", "difference": 0.1, "low": NAN, "high": NAN, "runs": 1, "up": 1, "down": 0},
            {"observation": "attendance", "difference": 2.0, "low": 1.0, "high": 3.0, "runs": 4, "up": 4, "down": 0},
        ]
    )
    lines = [line.striptags() for line in about_arm(reading, rows, cards)]
    assert len(lines) == 3
    assert lines[0].startswith("Asistencia a los comités sube 2.0 ")
    assert lines[1] == "Sin cambio claro: confianza en la policía."
    assert lines[2] == "Demasiado pocas simulaciones para un intervalo: incidentes ocurridos."


def test_the_answer_finds_the_planted_effect_and_no_other(full: Path) -> None:
    text = Page(write_report(full, "en").read_text(encoding="utf-8")).words
    assert "Kind of training (instead of none)" in text
    assert "Trust in the police: up by 0.1000 (0.1000 to 0.1000), scale from 0 to 1; up in 4 of 4 simulations" in text
    assert "it does not predict what will happen in a city" in text
    assert "Of 16 comparisons, 1 leave out zero" in text
    assert "1 simulations failed" in text
    assert "Boom: <b>no</b>" in text
    assert "Does <it> hold?" in text
    assert "cuadrante sweep experiments/grid.toml --seeds 4" in text


def test_more_reports_are_named_where_there_are_more_and_no_more_happens(pair: Path) -> None:
    words = more_reports(Reading(load_result(pair), "en")).striptags()
    assert "More reports may be a success" in words
    assert words.endswith("under: Reforma.")


def test_lists_in_sentences() -> None:
    assert joined([], "es") == ""
    assert joined(["a"], "es") == "a"
    assert joined(["a", "b", "<c>"], "en") == "a, b and &lt;c&gt;"
    assert say("own_question", "es", text="<x>").count("&lt;x&gt;") == 1
    assert word("own_question", "es", text="<x>").count("<x>") == 1
    assert [p_value(p) for p in (NAN, 0.0, 0.0123)] == ["–", "<0.001", "0.012"]


# -------------------------------------------------------------------------------------------------- designs


def keys_of(folder: Path) -> list[str]:
    text = write_report(folder, "en").read_text(encoding="utf-8")
    Page(text)
    return re.findall(r'<h2 id="(\w+)"', text)


def test_two_scenarios(pair: Path) -> None:
    keys = keys_of(pair)
    assert "interactions" not in keys
    assert {"trust", "committees", "incidents", "families", "effects"} <= set(keys)
    text = (pair / "report.en.html").read_text(encoding="utf-8")
    assert "cuadrante compare scenarios/today.toml scenarios/reform.toml --seeds 5" in text
    assert "Reforma" in text


def test_one_arm(tmp_path: Path) -> None:
    folder = sealed(tmp_path / "one", [{"scenario": "today"}], seeds=3)
    assert keys_of(folder) == ["question", "trust", "committees", "incidents", "by_arm", "parameters", "provenance"]
    text = (folder / "report.en.html").read_text(encoding="utf-8")
    assert "There is nothing to compare it with" in text
    assert "cuadrante run scenarios/today.toml --seeds 3" in text


def test_one_run(tmp_path: Path) -> None:
    assert "trust" in keys_of(sealed(tmp_path / "one", [{"scenario": "today"}], seeds=1))
    assert "effects" in keys_of(sealed(tmp_path / "two", [{"scenario": "a"}, {"scenario": "b"}], seeds=1))


def test_one_lever_of_many_values(tmp_path: Path) -> None:
    arms = grid({"rotation.period": list(range(0, 160, 10))})
    keys = keys_of(sealed(tmp_path / "line", arms, 2, seeds=2))
    assert "effects" in keys
    assert "interactions" not in keys
    assert "12 of 15 changes" in (tmp_path / "line/report.en.html").read_text(encoding="utf-8")


def test_four_levers(tmp_path: Path) -> None:
    arms = grid({**GRID, "rotation.period": [26, 52], "resources.level": [0.4, 0.8]})
    keys = keys_of(sealed(tmp_path / "four", arms, 0, seeds=2))
    assert "interactions" in keys
    assert "Held as in the baseline" in (tmp_path / "four/report.en.html").read_text(encoding="utf-8")


def test_failed_arms(tmp_path: Path) -> None:
    arms = [{"scenario": "a"}, {"scenario": "b"}, {"scenario": "c"}]
    other = sealed(tmp_path / "other", arms, seeds=2, failed=[(1, 1), (1, 2)])
    assert "effects" in keys_of(other)
    usual = sealed(tmp_path / "usual", arms, seeds=2, failed=[(0, 1), (0, 2)])
    assert "effects" not in keys_of(usual)
    nothing = sealed(tmp_path / "none", arms, seeds=1, failed=[(0, 1), (1, 1), (2, 1)])
    assert keys_of(nothing) == ["question", "parameters", "provenance"]


def test_unknown_values(tmp_path: Path) -> None:
    def effect(changes: dict[str, str], key: str) -> float:
        return NAN if key in ("occurred", "trust_gap", "response_time") or changes["scenario"] == "b" else 0.0

    arms = [{"scenario": "a"}, {"scenario": "b"}, {"scenario": "c"}]
    folder = sealed(tmp_path / "x", arms, seeds=3, effect=effect)
    assert "by_arm" in keys_of(folder)
    assert "nan" not in Page((folder / "report.en.html").read_text(encoding="utf-8")).words.lower().split()


# ----------------------------------------------------------------------------------------------- parameters

TOWN = """\
passage = "a small town"
[title]
es = "Pueblo"
en = "Town"
[run]
weeks = 4
burn_in = 2
[city]
quadrants = 4
sectors = 2
residents = 800
[levers.rotation]
period = 52
[parameters.incidents]
base_rate = {value = 5.0, source = "M15"}
"""


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real result of a real, tiny scenario, in a folder like this repository's."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios/town.toml").write_text(TOWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    scenario = Scenario.load("scenarios/town.toml")
    store = Store(tmp_path / "results/town")
    execute(pair_plan([scenario], 2), store, workers=1, progress=False)
    store.seal()
    return store.folder


def test_a_real_run_is_reported_with_its_parameters(town: Path) -> None:
    rows = settings_of(load_result(town).manifest, "en")
    own = {row.key: row for row in rows if row.differs}
    assert [row.differs for row in rows] == sorted((row.differs for row in rows), reverse=True)
    assert own["parameters.incidents.base_rate"].value == 5.0
    assert own["parameters.incidents.base_rate"].source == "M15"
    assert not own["parameters.incidents.base_rate"].chosen
    assert own["levers.rotation.period"].chosen
    assert not own["city.quadrants"].assumed
    text = Page(write_report(town, "en").read_text(encoding="utf-8")).words
    assert f"The baseline sets {len(rows)} parameters; {len(own)} differ from their default" in text
    assert f"{sum(row.assumed for row in rows)} (" in text
    assert "4 quadrants in 2 sectors, 800 residents" in text
    assert "synthetic (not a real place)" in text


def test_parameters_stay_those_of_the_result_when_the_scenario_changes(town: Path) -> None:
    before = settings_of(load_result(town).manifest, "en")
    Path("scenarios/town.toml").write_text(TOWN.replace("period = 52", "period = 26"), encoding="utf-8")
    assert settings_of(load_result(town).manifest, "en") == before


def test_a_setting_whose_card_is_gone_keeps_its_key() -> None:
    stored = {"parameters.gone.rate": {"value": 2.0, "default": 1.0, "source": "M15"}}
    row = settings_of({"settings": stored}, "es")[0]
    assert (row.key, row.name, row.value, row.source, row.allowed) == ("parameters.gone.rate",) * 2 + (2.0, "M15", None)
    assert settings_of({}, "es") == []


# ------------------------------------------------------------------------------------------------ comparison


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_comparison_is_written(tmp_path: Path, language: str) -> None:
    arms = [[{key: run * 0.1 + arm * (0.5 + run) for key in observations()} for run in range(5)] for arm in (0, 1)]
    for run in arms[1]:
        run["tickets"] = NAN
    table = paired_table(*arms)
    names = (Words("Hoy", "Today"), "<Reforma>")
    path = write_comparison(table, names, tmp_path / "out", language)
    first = path.read_bytes()
    page = Page(first.decode("utf-8"))
    assert page.languages[0] == language
    assert not re.search(r"https?:", first.decode("utf-8"))
    assert "<Reforma>" in page.words
    assert page.tags.count("figure") == 1
    tail = "" if language == "es" else ".en"
    assert (tmp_path / f"out/comparison{tail}.svg").read_text(encoding="utf-8").startswith("<svg ")
    read = pd.read_csv(tmp_path / "out/comparison.csv")
    assert read["difference"].tolist() == pytest.approx(table["difference"].tolist(), nan_ok=True)
    assert write_comparison(table, names, tmp_path / "out", language).read_bytes() == first
