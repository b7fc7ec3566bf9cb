"""Cards: a number without unit, range, source or name does not load."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from sim.cards import WEEKS_PER_YEAR, CardError, Values, defaults, load_cards, load_links

GOOD = {
    "value": "0.095",
    "unit": '"share/year"',
    "range": "[0.0, 1.0]",
    "source": '"M22"',
    "es": '"Bajas"',
    "en": '"Leavers"',
}


def write(tmp_path: Path, **fields: str | None) -> Path:
    lines = [f"{name} = {value}" for name, value in (GOOD | fields).items() if value is not None]
    path = tmp_path / "careers.toml"
    path.write_text("\n".join(["[leavers]", *lines, ""]), encoding="utf-8")
    return path


def test_a_good_card_loads(tmp_path: Path) -> None:
    card = load_cards(write(tmp_path))["leavers"]
    assert (card.key, card.kind, card.value, card.unit, card.range) == (
        "leavers",
        "float",
        0.095,
        "share/year",
        (0.0, 1.0),
    )
    assert (card.source, card.es, card.en, card.role, card.note) == ("M22", "Bajas", "Leavers", "parameter", "")


@pytest.mark.parametrize("field", ["value", "unit", "source", "es", "en"])
@pytest.mark.parametrize("blank", [None, '""'])
def test_a_blank_does_not_load(tmp_path: Path, field: str, blank: str | None) -> None:
    with pytest.raises(CardError, match=rf"careers\.toml: \[leavers\]: blank {field}"):
        load_cards(write(tmp_path, **{field: blank}))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"colour": '"red"'}, "unknown field colour"),
        ({"range": None}, r"needs range = \[low, high\] in share/year"),
        ({"range": "[0.0]"}, "needs range"),
        ({"value": "2.0"}, r"value 2.0 must lie in \[0, 1\] share/year"),
        ({"value": "nan"}, "must lie in"),
        ({"value": '"high"', "range": None}, "a word needs choices"),
        ({"value": '"high"', "range": None, "choices": '["low", "medium"]'}, "must be one of low, medium"),
        ({"source": '"assumption"'}, "an assumption says why"),
        ({"source": '"assumption: why"'}, "an assumption says why"),
    ],
)
def test_a_wrong_card_does_not_load(tmp_path: Path, fields: dict[str, str | None], words: str) -> None:
    with pytest.raises(CardError, match=words):
        load_cards(write(tmp_path, **fields))


@pytest.mark.parametrize(("value", "kind"), [("0.5", "float"), ("1", "int"), ("true", "bool"), ('"a"', "choice")])
def test_the_kind_follows_from_the_value(tmp_path: Path, value: str, kind: str) -> None:
    assert load_cards(write(tmp_path, value=value, choices='["a", "b"]'))["leavers"].kind == kind


@pytest.mark.parametrize(
    ("card", "value", "good"),
    [
        ("0.5", 0.0, True),
        ("0.5", 1.0, True),
        ("0.5", 1, True),  # a whole number is a number
        ("0.5", 1.01, False),
        ("0.5", -0.01, False),
        ("0.5", float("nan"), False),
        ("0.5", float("inf"), False),
        ("0.5", True, False),
        ("0.5", "0.5", False),
        ("1", 0, True),
        ("1", 0.0, False),
        ("1", True, False),
        ("true", False, True),
        ("true", 1, False),
        ('"a"', "b", True),
        ('"a"', "c", False),
        ('"a"', 1, False),
    ],
)
def test_a_value_is_held_against_its_card(tmp_path: Path, card: str, value: object, good: bool) -> None:
    held = load_cards(write(tmp_path, value=card, choices='["a", "b"]'))["leavers"].problem(value)
    assert (held is None) is good


def test_rates_per_year_become_rates_per_week(tmp_path: Path) -> None:
    card = load_cards(write(tmp_path))["leavers"]
    assert card.weekly(0.095) == pytest.approx(0.095 * 7 / 365.25)
    assert pytest.approx(52.18, abs=0.005) == WEEKS_PER_YEAR
    weeks = load_cards(write(tmp_path, value="26", unit='"weeks"', range="[0, 520]"))
    assert defaults(weeks).leavers == 26
    assert isinstance(defaults(weeks).leavers, int)
    share = load_cards(write(tmp_path, unit='"share"'))["leavers"]
    assert isinstance(share.weekly(1), float)


def test_values_are_read_only() -> None:
    values = Values({"rate": 0.5, "kind": "none"})
    assert (values.rate, values["kind"], dict(values), len(values)) == (0.5, "none", {"rate": 0.5, "kind": "none"}, 2)
    with pytest.raises(AttributeError, match="read-only"):
        values.rate = 1.0
    with pytest.raises(AttributeError, match="no value 'rat'; there are rate, kind"):
        _ = values.rat
    assert values == {"rate": 0.5, "kind": "none"}
    assert hash(values) == hash(Values({"kind": "none", "rate": 0.5}))
    assert pickle.loads(pickle.dumps(values)) == values


PACKAGE = Path(__file__).resolve().parents[1] / "sim"
CARD_FILES = sorted(
    [*PACKAGE.glob("p*/*.toml"), PACKAGE / "population.toml", PACKAGE / "run.toml", PACKAGE / "city.toml"]
)


@pytest.mark.parametrize("path", CARD_FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_card_of_the_model_loads(path: Path) -> None:
    cards = load_cards(path)
    assert cards
    for card in cards.values():
        assert card.es != card.en or len(card.es) < 12, f"{card.key}: the same words in both languages"


def test_a_number_has_one_home_and_others_link_to_it(tmp_path: Path) -> None:
    path = tmp_path / "encounters.toml"
    path.write_text('[week_hours]\nsame_as = "duty.week_hours"\n')
    assert load_cards(path) == {}
    assert load_links(path) == {"week_hours": ("duty", "week_hours")}


@pytest.mark.parametrize("text", ['same_as = "duty"', 'same_as = "duty.week_hours"\nvalue = 3.0', 'same_as = ".x"'])
def test_a_link_names_process_and_key_and_nothing_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "encounters.toml"
    path.write_text(f"[week_hours]\n{text}\n")
    with pytest.raises(CardError, match="a link is same_as"):
        load_links(path)
