"""What is wrong with a scenario file: all of it at once, each thing in its place, and never a crash."""

from __future__ import annotations

import os
import pickle
import random
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_cards import SOUND, small_catalogue

from sim.scenario import Catalogue, Places, Problem, Scenario, ScenarioError, check, report_problems

HEAD = 'passage = "p"\ntitle = {es = "t", en = "t"}\n'


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return small_catalogue(tmp_path_factory.mktemp("cards"))


def found(folder: Path, cards: Catalogue, text: str | bytes) -> list[Problem]:
    """The problems of a file with this text."""
    path = folder / "file.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check(path, cards)


def only(folder: Path, cards: Catalogue, text: str | bytes) -> Problem:
    """The one problem of a file with this text."""
    problems = found(folder, cards, text)
    assert len(problems) == 1, report_problems(problems)
    return problems[0]


# --- many problems, each in its place

FIVE = """\
passage = "año tras año"
title = {es = "hola", en = "hello"}
[levers.rotation]
perod = 26
scope = "town"
[run]
weeks = "260"
[parameters]
incidents.base_rate = {value = 9e9, source = "M15"}
[theorys]
trust_updating = "bayesian"
"""


def test_five_planted_errors_are_all_reported_in_their_place(tmp_path: Path, cards: Catalogue) -> None:
    problems = found(tmp_path, cards, FIVE)
    assert [(problem.line, problem.column, problem.message) for problem in problems] == [
        (4, 1, "unknown setting 'perod' in [levers.rotation]"),
        (5, 9, 'scope = "town" must be one of sector, city'),
        (7, 9, 'weeks = "260" must be a whole number in [1, 5200] weeks'),
        (9, 32, "base_rate = 9000000000.0 must lie in [0, 2000] incidents/1000 residents/year"),
        (10, 2, "unknown table 'theorys'"),
    ]
    assert [problem.cure for problem in problems] == [
        "did you mean 'period'?",
        'the default is "sector"',
        "write it without quotes; the default is 156",
        "the default is 377.0",
        "did you mean 'theories'?",
    ]
    assert {problem.file for problem in problems} == {str(tmp_path / "file.toml")}


def test_a_problem_reads_like_a_compilers_message(tmp_path: Path, cards: Catalogue) -> None:
    text = HEAD + "[levers.rotation]\nperiod = 521\nperod = 4\n"
    report = report_problems(found(tmp_path, cards, text))
    assert report.replace(str(tmp_path) + os.sep, "") == "\n".join(
        [
            "error: period = 521 must lie in [0, 520] weeks",
            "  --> file.toml:4:10",
            "    |",
            " 4  | period = 521",
            "    |          ^^^ the default is 26",
            "    = setting: levers.rotation.period (Weeks between rotations)",
            "    = value: 521",
            "    = unit: weeks",
            "    = allowed: [0, 520] weeks",
            "",
            "error: unknown setting 'perod' in [levers.rotation]",
            "  --> file.toml:5:1",
            "    |",
            " 5  | perod = 4",
            "    | ^^^^^ did you mean 'period'?",
            "    = value: 4",
            "",
            "2 problems",
        ]
    )


@pytest.mark.parametrize(
    ("text", "message", "cure"),
    [
        ("[levers.command]\nperiod = 4", "unknown setting 'period'", "'period' belongs to [levers.rotation]"),
        ("[rotation]\nperiod = 4", "unknown table 'rotation'", "'rotation' belongs to [levers]"),
        (
            "[parameters.attitudes]\ntrust_updating = 'bayesian'",
            "unknown",
            "'trust_updating' belongs to [theories]",
        ),
        ("[levers.rotatoin]\nperiod = 4", "unknown table 'rotatoin' in [levers]", "did you mean 'rotation'?"),
        ("[levers.rotation]\nPeriod = 4", "unknown setting 'Period'", "did you mean 'period'?"),
        ("[levers.command]\nperiode = 4", "unknown setting", "did you mean 'period' of [levers.rotation]?"),
        ("[levers.command]\nxyzzy = 4", "unknown setting", "there are quota"),
        ("[levers]\nrotation = 26", "levers.rotation = 26 must be a table", "write [levers.rotation]"),
        ("[[levers]]\nrotation = 26", "levers = a list must be a table", "write [levers]"),
        ("[levers.rotation]\nperiod = 4.0", "must be a whole number", "write 4, without a decimal point"),
        ("[levers.rotation]\nperiod = true", "must be a whole number", "the default is 26"),
        ("[levers.rotation]\nperiod = {x = 1}", "period = a table must be a whole number", "default"),
        ("[levers.rotation]\nperiod = 1979-05-27", "must be a whole number", "default"),
        ("[levers.rotation]\nstaggered = 1", "must be true or false", "write true"),
        ("[levers.rotation]\nscope = 'sectr'", "must be one of", "did you mean 'sector'?"),
        ("[levers.rotation]\nscope = ['city']", "must be one of", "default"),
        ("[levers.command]\nquota = nan", "quota = nan must lie in [0, 50]", "default"),
        ("[levers.command]\nquota = inf", "quota = inf must lie in", "default"),
        ("[levers.command]\nquota = -0.1", "quota = -0.1 must lie in", "default"),
        (f"[levers.command]\nquota = 0x{'f' * 5000}", "quota = a value too long to show", "default"),
        ("[parameters.incidents]\nbase_rate = 5.0", "overrides its card without a source", "source = "),
        ("[parameters.incidents]\nbase_rate = {value = 5.0}", "without a source", 'source = "M15"'),
        ("[parameters.incidents]\nbase_rate = {source = 'M15'}", "base_rate has no value", "value = 377.0"),
        ("[parameters.incidents]\nbase_rate = {value = 5.0, source = ' '}", "blank source", "source = "),
        ("[parameters.incidents]\nbase_rate = {value = 5.0, source = 3}", "source that is not text", "M15"),
        (
            "[parameters.incidents]\nbase_rate = {value = 5.0, source = 'assumption'}",
            "does not say why",
            "assumption: why",
        ),
        (
            "[parameters.incidents]\nbase_rate = {value = 5.0, source = 'assumption: '}",
            "does not say why",
            "why",
        ),
        (
            "[parameters.incidents]\nbase_rate = {value = 5.0, source = 'M15', unit = 'x'}",
            "unknown field 'unit'",
            "write",
        ),
        ("[parameters.incidents]\nbase_rate = {value = '5', source = 'M15'}", "must be a number", "quotes"),
        ("[city]\nunits = 'no.csv'", "names no file", "paths start from the folder"),
        ("[city]\nunits = '.'", "is a folder", ""),
        ("[city]\nunits = 'a\\u0000b'", "units = ", ""),
        ('[city]\nunits = "a\\u0000b"', "names no file", ""),
        ("[city]\nunits = 3", "units = 3 must be the path of a file, in quotes", "default"),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(
    tmp_path: Path, cards: Catalogue, text: str, message: str, cure: str
) -> None:
    problem = only(tmp_path, cards, HEAD + text + "\n")
    assert message in problem.message
    assert cure in problem.cure
    assert problem.line in (3, 4)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["the file states nothing"]),
        ("\ufeff# only a comment\n", ["the file states nothing"]),
        ("[run]\nweeks = 3\n", ["passage is missing", "title is missing"]),
        ('passage = "  "\ntitle = {es = "t", en = "t"}', ["passage is blank"]),
        ('passage = 3\ntitle = {es = "t", en = "t"}', ["passage must be text"]),
        ('passage = "p"\ntitle = "t"', ["title must be a table"]),
        ('passage = "p"\n[title]\nes = "t"', ["title.en is missing"]),
        ('passage = "p"\n[title]\nes = ""\nen = "t"', ["title.es is blank"]),
        ('passage = "p"\n[title]\nes = 3\nen = "t"', ["title.es must be text"]),
        ('passage = "p"\n[[title]]\nes = 3', ["title must be a table"]),
        ('passage = "p"\ntitle = {es = "t", en = "t", fr = "t"}', ["unknown setting 'fr' in [title]"]),
    ],
)
def test_every_scenario_says_its_passage_and_title(
    tmp_path: Path, cards: Catalogue, text: str, messages: list[str]
) -> None:
    problems = found(tmp_path, cards, text)
    assert [problem.message.split(" = ")[0] for problem in problems] == messages
    assert all(problem.line >= 1 and problem.cure for problem in problems)


# --- syntax


def test_a_broken_line_does_not_hide_the_other_problems(tmp_path: Path, cards: Catalogue) -> None:
    text = HEAD + "[levers.command]\nquota = 0,5\n[levers.rotation]\nperiod = \nscope = 'x'\n"
    problems = found(tmp_path, cards, text)
    assert [(problem.line, problem.column) for problem in problems] == [(4, 10), (6, 10), (7, 9)]
    assert "0.5, not 0,5" in problems[0].cure


def test_a_break_without_end_is_reported_once(tmp_path: Path, cards: Catalogue) -> None:
    text = HEAD + "x = [1,\n[levers.rotation]\nperiod = 4\nscope = 'x'\n"
    problem = only(tmp_path, cards, text)
    assert "not valid TOML" in problem.message


def test_keys_stated_twice_are_found_with_the_first_ones_line(tmp_path: Path, cards: Catalogue) -> None:
    text = HEAD + "[run]\nweeks = 4\nweeks = 5\nburn_in = 1\nburn_in = 2"
    problems = found(tmp_path, cards, text)
    assert [(p.line, p.column, p.message) for p in problems] == [
        (5, 1, "'weeks' is stated twice"),
        (7, 1, "'burn_in' is stated twice"),
    ]
    assert problems[0].cure == "keep one; the first is on line 4"


def test_tables_stated_twice_are_found(tmp_path: Path, cards: Catalogue) -> None:
    problem = only(tmp_path, cards, HEAD + "[run]\nweeks = 4\n[run]\nburn_in = 5\n")
    assert (problem.line, problem.column, problem.message) == (5, 2, "[run] is stated twice")


@pytest.mark.parametrize(
    "text",
    [
        "=",
        "[",
        "a = " + "[" * 5000,
        "a = " + "{b=" * 3000,
        "a = " + "1" * 5000,
        "a = 0x" + "f" * 6000,
        "a" + ".b" * 3000 + " = 1",
        "\x00",
        "a = '''",
        'passage = "\\ud800"',
        "a = 1\na.b = 2",
        "[a]\n[a]\n[a]",
        '"" = 1',
        "levers.rotation.period.x.y = 1",
        "[" + "a." * 2000 + "a]",
    ],
)
def test_odd_texts_give_problems_with_a_place(tmp_path: Path, cards: Catalogue, text: str) -> None:
    problems = found(tmp_path, cards, text)
    assert problems
    assert all(problem.line >= 1 and problem.column >= 1 and str(problem) for problem in problems)
    pickle.loads(pickle.dumps(ScenarioError(problems)))


def test_a_report_is_safe_for_a_terminal(tmp_path: Path, cards: Catalogue) -> None:
    problem = only(tmp_path, cards, HEAD + '[levers.rotation]\nscope = "\\u001b[2J' + "x" * 500 + '"\n')
    assert "\x1b" not in str(problem) and 'scope = "\\x1b[2Jxxx' in problem.message
    assert max(map(len, str(problem).splitlines())) < 160


# --- files


def test_a_file_that_is_not_text_is_placed_at_the_byte(tmp_path: Path, cards: Catalogue) -> None:
    problem = only(tmp_path, cards, 'passage = "p"\ntitle = "ó'.encode("latin-1"))
    assert (problem.line, problem.column, problem.message) == (2, 10, "the file is not UTF-8 text")


def test_folders_and_missing_files_are_said(tmp_path: Path, cards: Catalogue) -> None:
    (tmp_path / "rotation.toml").write_text(SOUND)
    assert "is a folder" in check(tmp_path, cards)[0].message
    [missing] = check(tmp_path / "rotatoin.toml", cards)
    assert (missing.line, missing.cure) == (1, "did you mean 'rotation.toml'?")
    for odd in ("", "\0", "x" * 5000, tmp_path / "no" / "such.toml", "/dev/null"):
        assert check(odd, cards)[0].line == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_said(tmp_path: Path, cards: Catalogue) -> None:
    path = tmp_path / "secret.toml"
    path.write_text(SOUND)
    path.chmod(0)
    assert "cannot be read" in check(path, cards)[0].message


def test_windows_lines_and_a_byte_order_mark_are_read(tmp_path: Path, cards: Catalogue) -> None:
    assert found(tmp_path, cards, b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode()) == []
    problem = only(tmp_path, cards, b"\xef\xbb\xbf" + (HEAD + "x = 1\n").replace("\n", "\r\n").encode())
    assert (problem.line, problem.column, problem.source_line) == (3, 1, "x = 1")


# --- extends


def test_problems_of_a_parent_are_reported_in_the_parent(tmp_path: Path, cards: Catalogue) -> None:
    (tmp_path / "parent.toml").write_text(HEAD + "[run]\nweeks = 0\n")
    text = 'extends = "parent.toml"\n' + HEAD + "[run]\nburn_in = -1\n"
    problems = found(tmp_path, cards, text)
    assert [(Path(problem.file).name, problem.line, problem.column) for problem in problems] == [
        ("file.toml", 5, 11),
        ("parent.toml", 4, 9),
    ]
    with pytest.raises(ScenarioError) as error:
        Scenario.load(tmp_path / "file.toml", cards)
    assert list(error.value.problems) == problems


@pytest.mark.parametrize(
    ("extends", "message", "cure"),
    [
        ("3", "must be the path of a scenario file", "extends ="),
        ("['a.toml']", "extends = a list must be the path", "extends ="),
        ("''", "extends is blank", "extends ="),
        ('"a\\u0000b"', "extends holds a character", "extends ="),
        ("'parnt.toml'", "names no file", "did you mean 'parent.toml'?"),
        ("'.'", "is a folder", "extends ="),
        ("'file.toml'", "extends goes round in a circle: file.toml -> file.toml", "take one"),
        ("'back.toml'", "extends goes round in a circle: file.toml -> back.toml -> file.toml", "take one"),
        (f"'{'x' * 5000}'", "", ""),
    ],
)
def test_a_parent_that_cannot_be_one_is_said(
    tmp_path: Path, cards: Catalogue, extends: str, message: str, cure: str
) -> None:
    (tmp_path / "parent.toml").write_text(HEAD)
    (tmp_path / "back.toml").write_text("extends = 'file.toml'\n" + HEAD)
    problem = only(tmp_path, cards, f"extends = {extends}\n" + HEAD)
    assert message in problem.message
    assert cure in problem.cure
    assert (problem.line, problem.column) == (1, 11)


# --- positions

PLACED = """\
top = 1
"ñu \\u0041".b = { x = 1, y.z = 's', q = { k = [1,
  2] } }
[t."u v"]
'k' = "é", # broken on purpose
[[arm]]
n = 1
[[arm]]
n = 2
[arm.sub]
m = 3
[levers]
"rotation.period" = [0, 26, {a = 1}]
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("top",), (1, 1), (1, 7)),
        (("ñu A", "b"), (2, 13), (2, 17)),
        (("ñu A", "b", "y", "z"), (2, 28), (2, 32)),
        (("ñu A", "b", "q", "k"), (2, 43), (2, 47)),
        (("ñu A", "b", "q", "k", 1), (2, 43), (3, 3)),
        (("t",), (4, 2), (4, 2)),
        (("t", "u v"), (4, 4), (4, 4)),
        (("arm", 0, "n"), (7, 1), (7, 5)),
        (("arm", 1, "n"), (9, 1), (9, 5)),
        (("arm", 1, "sub", "m"), (11, 1), (11, 5)),
        (("levers", "rotation.period"), (13, 1), (13, 21)),
        (("levers", "rotation.period", 1), (13, 1), (13, 25)),
        (("levers", "rotation.period", 2, "a"), (13, 30), (13, 34)),
        (("levers", "not there"), (12, 2), (12, 2)),
        (("not there",), (1, 1), (1, 1)),
        ((), (1, 1), (1, 1)),
    ],
)
def test_positions_of_keys_and_values(
    path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int]
) -> None:
    places = Places(PLACED)
    assert (places.key(path), places.value(path)) == (key, value)


# --- fuzz: anything goes in, a scenario or a list of placed problems comes out

KEYS = st.sampled_from(
    [
        *("extends", "passage", "title", "es", "en", "run", "city", "levers", "theories", "parameters"),
        *("weeks", "rotation", "period", "command", "quota", "incidents", "base_rate", "value", "source"),
        *("trust_updating", "units", "kind", '"a b"', "''", "a.b", "perod", "population", "file.toml"),
    ]
)
ATOMS = st.sampled_from(
    [
        *("0", "-1", "26", "1.5", "nan", "inf", "-inf", "1e400", "true", "''", '"t"', "'M15'", "'city'"),
        *(
            "'assumption'",
            "1979-05-27",
            "07:32:00",
            "[]",
            "{}",
            "'file.toml'",
            "'.'",
            "9" * 5000,
            '"\\u0000"',
        ),
        *("'bayesian'", '"""a\nb"""', "[[1], {a = 2}]", "0xffff", "", "=", "'", "\x00", "é", "\ud7ff"),
    ]
)
TABLES = st.recursive(
    ATOMS,
    lambda inner: st.lists(st.tuples(KEYS, inner), max_size=3).map(
        lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
    ),
    max_leaves=6,
)
LINES = st.one_of(
    st.tuples(KEYS, TABLES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[{'.'.join(keys)}]"),
    KEYS.map(lambda key: f"[[{key}]]"),
    st.text(max_size=12),
)
DOCUMENTS = st.lists(LINES, max_size=12).map("\n".join)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """The sound scenario with lines lost, doubled, swapped or cut, and values replaced."""
    lines, luck = SOUND.splitlines(), random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 5))):
        index = luck.randrange(len(lines))
        kind = draw(st.sampled_from(["lose", "double", "swap", "cut", "value", "line"]))
        if kind == "lose" and len(lines) > 1:
            lines.pop(index)
        elif kind == "double":
            lines.insert(luck.randrange(len(lines)), lines[index])
        elif kind == "swap":
            other = luck.randrange(len(lines))
            lines[index], lines[other] = lines[other], lines[index]
        elif kind == "cut":
            lines[index] = lines[index][: luck.randrange(len(lines[index]) + 1)]
        elif kind == "value":
            lines[index] = lines[index].partition("=")[0] + "= " + draw(TABLES)
        else:
            lines.insert(index, draw(LINES))
    return "\n".join(lines)


@settings(max_examples=300)
@given(text=st.one_of(DOCUMENTS, mutations(), mutations().map(lambda text: HEAD + text)))
def test_whatever_a_file_holds_it_is_a_scenario_or_placed_problems(
    tmp_path_factory: pytest.TempPathFactory, cards: Catalogue, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "file.toml"
    data = text.encode("utf-8", "replace")
    path.write_bytes(data)
    try:
        scenario = Scenario.load(path, cards)
    except ScenarioError as error:
        lines = data.decode().replace("\r\n", "\n").split("\n")
        assert error.problems
        for problem in error.problems:
            assert problem.file == str(path)
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
            assert problem.message and problem.cure
        assert str(error).startswith("error: ")
    else:
        assert len(scenario.hash) == 64
        assert pickle.loads(pickle.dumps(scenario)) == scenario


@settings(max_examples=200)
@given(text=st.one_of(DOCUMENTS, mutations()))
def test_every_key_of_valid_toml_has_its_place(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError):
        Places(text).key(("run", "weeks"))
        return
    places = Places(text)
    for key in table:
        line, column = places.key((key,))
        assert (line, column) != (1, 1) or places.lines[0].lstrip(" [\t\"'").startswith(key[:1])
