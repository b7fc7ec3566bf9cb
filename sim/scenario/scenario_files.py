"""A scenario file and the files it extends: read and held against the cards, every problem with its place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.cards import Value
from sim.scenario.catalogue import (
    AnyCard,
    Catalogue,
    Tree,
    clean,
    close_to,
    is_path,
    plain,
    unknown,
    value_problem,
)
from sim.scenario.toml_places import Places, Problem, Span, report_problems, shown
from sim.words import Words

SET_IN_CODE = "set in code"
SHORTEST_REASON = 8  # characters after "assumption:", as in the cards
MOST_SYNTAX_ERRORS = 10  # after so many broken lines the rest is not worth reading

AnyPath = str | os.PathLike[str]


class ScenarioError(ValueError):
    """A scenario cannot be used; ``problems`` holds everything that is wrong, the message shows it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return report_problems(self.problems)


@dataclass
class Stated:
    """What one file (or one call) states, by dotted key in card units, and what is wrong with it."""

    file: str = ""
    folder: str = ""
    settings: dict[str, Value] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)  # folders that relative paths start from
    title: Words | None = None
    passage: str = ""
    parent: Path | None = None
    problems: list[Problem] = field(default_factory=list)


def _read(catalogue: Catalogue, path: Path, chain: list[str]) -> Stated:
    """One scenario file, checked by itself; ``chain`` names the real paths of the files read before it."""
    stated = Stated(str(path), os.path.abspath(path.parent))
    text = _text(path, stated)
    if text is None:
        return stated
    table, complete = _parse(text, stated)
    if not table and complete:
        cure = 'start with passage = "..." and [title] es = "..." en = "..."'
        stated.problems.append(Problem("the file states nothing", cure))
    else:
        _sections(catalogue, table, stated)
        _about(table, stated, complete)
        _extends(table, path, chain, stated)
    if stated.problems:
        places = Places(text)
        stated.problems = [problem.placed(stated.file, places) for problem in stated.problems]
        stated.problems.sort(key=lambda problem: (problem.line, problem.column))
    return stated


def _text(path: Path, stated: Stated) -> str | None:
    """The text of a file, or None with the reason noted."""
    start, data = Span(1, 1, 1), b""
    try:
        if path.is_dir():
            problem = Problem(f"{str(path)!r} is a folder", "name a scenario file (.toml) in it")
        elif not path.exists():
            problem = Problem(f"there is no file {str(path)!r}", _near_file(path))
        elif not path.is_file():
            problem = Problem(f"{str(path)!r} is not an ordinary file", "name a scenario file (.toml)")
        else:
            data = path.read_bytes()
            return data.decode("utf-8-sig").replace("\r\n", "\n")  # some editors put a mark before the text
    except UnicodeDecodeError as error:
        before = data[: error.start].rpartition(b"\n")
        start = Span(data.count(b"\n", 0, error.start) + 1, len(before[2].decode("utf-8", "replace")) + 1, 1)
        problem = Problem("the file is not UTF-8 text", "save it again as UTF-8")
    except (OSError, ValueError) as error:
        problem = Problem(f"the file cannot be read: {error}", "check its name and permissions")
    stated.problems.append(problem.at(stated.file, start))
    return None


def _near_file(path: Path) -> str:
    """Names a file that was probably meant."""
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except (OSError, ValueError):
        return "check the name of the folder"
    near = close_to(path.name, names)
    return f"did you mean {near!r}?" if near else "paths start from the folder of the file that states them"


_SYNTAX_CURES = {
    "Invalid value": "words stand in quotes, decimals take a point (0.5), truth is true or false",
    "Expected newline": "one setting per line; decimals take a point: 0.5, not 0,5",
    "Expected '=' after a key": 'write key = value, or quote a key with spaces: "key"',
    "Unclosed inline table": "close it with }; decimals take a point: 0.5, not 0,5",
    "Cannot declare": "a table stands once in a file: merge the two",
    "Illegal character '\\n'": "close the quotes on the same line",
}


def _parse(text: str, stated: Stated) -> tuple[dict[str, Any], bool]:
    """The tables of a file, and whether all of it could be read.

    A broken ``key = value`` line is noted and left out, so that the rest can still be checked. Where that
    does not lead to readable TOML, only the first break is reported: the others would be its echoes.
    """
    lines = text.split("\n")
    breaks: list[Problem] = []
    while len(breaks) < MOST_SYNTAX_ERRORS:
        try:
            table = tomllib.loads("\n".join(lines))
        except (ValueError, RecursionError) as error:
            if not _leave_out(str(error), lines, breaks):
                break
            continue
        stated.problems += breaks
        return table, not breaks
    repeats = [problem for problem in breaks if "stated twice" in problem.message]
    stated.problems += repeats or breaks[:1]
    return {}, False


def _leave_out(error: str, lines: list[str], breaks: list[Problem]) -> bool:
    """Notes what tomllib complained of and blanks the lines; False if the rest has no meaning then."""
    if error.startswith(("Cannot overwrite", "Cannot declare")) and _leave_out_repeats(lines, breaks):
        return not breaks[-1].message.startswith("[")
    problem = _syntax_problem(error, lines)
    breaks.append(problem)
    statement = re.match(r"\s*[\w\"'.-]+\s*=", lines[problem.line - 1])
    lines[problem.line - 1] = ""
    return statement is not None


def _leave_out_repeats(lines: list[str], breaks: list[Problem]) -> bool:
    """The same for keys and tables stated twice, whose place tomllib does not tell."""
    repeats = Places("\n".join(lines)).repeats
    for repeat in sorted(repeats, key=lambda repeat: repeat.header):
        name = ".".join(map(str, repeat.path))
        message = f"[{name}] is stated twice" if repeat.header else f"{repeat.path[-1]!r} is stated twice"
        cure = f"keep one; the first is on line {repeat.first.line}"
        breaks.append(Problem(message, cure, name, repeat.path).at("", repeat.span, lines))
        if not repeat.header:
            first, last = repeat.span.line - 1, repeat.last_line
            lines[first:last] = [""] * (last - first)
    return bool(repeats)


def _syntax_problem(error: str, lines: list[str]) -> Problem:
    message, _, where = error.partition(" (at ")
    place = re.match(r"line (\d+), column (\d+)", where)
    if place:
        line, column = int(place[1]), int(place[2])
    else:  # "at end of document", or a limit of Python that has no place
        line = max((n for n, text in enumerate(lines, start=1) if text.strip()), default=1) if where else 1
        column = len(lines[line - 1]) + 1 if where else 1
    line = min(max(line, 1), len(lines))
    cure = next((cure for start, cure in _SYNTAX_CURES.items() if message.startswith(start)), "")
    problem = Problem(f"this is not valid TOML: {message}", cure or "see https://toml.io for how it is written")
    return problem.at("", Span(line, max(column, 1), 1), lines)


def _about(table: dict[str, Any], stated: Stated, complete: bool) -> None:
    """The title in both languages and the passage of the paper: every scenario says its own."""
    passage = table.get("passage")
    if passage is not None or complete:
        if isinstance(passage, str) and passage.strip():
            stated.passage = passage
        else:
            cure = 'passage = "the passage of the paper this scenario stands for"'
            stated.problems.append(_blank("passage", ("passage",), passage, cure))
    title = table.get("title")
    if title is None and not complete:
        return
    if not isinstance(title, dict):
        cure = 'write [title], then es = "..." and en = "..."'
        stated.problems.append(_blank("title", ("title",), title, cure))
        return
    _title(title, stated, complete)


def _title(title: dict[str, Any], stated: Stated, complete: bool) -> None:
    found = len(stated.problems)
    for language, name in (("es", "Spanish"), ("en", "English")):
        text = title.get(language)
        if (text is None and complete) or (text is not None and not (isinstance(text, str) and text.strip())):
            cure = f'{language} = "the title in {name}"; both languages or neither'
            stated.problems.append(_blank(f"title.{language}", ("title", language), text, cure))
    for key in title.keys() - {"es", "en"}:
        message = f"unknown setting {key[:60]!r} in [title]"
        stated.problems.append(Problem(message, "a title has es and en", f"title.{key}", ("title", key)))
    if len(stated.problems) == found and {"es", "en"} <= title.keys():
        stated.title = Words(title["es"], title["en"])


def _blank(name: str, path: tuple[str, ...], value: object, cure: str) -> Problem:
    if value is None:
        return Problem(f"{name} is missing", cure, name, path)
    wrong = "is blank" if isinstance(value, str) else "must be text"
    wrong = "must be a table" if name == "title" else wrong
    return Problem(f"{name} {wrong}", cure, name, path, "value", shown(value))


def _extends(table: dict[str, Any], path: Path, chain: list[str], stated: Stated) -> None:
    """The parent file, if one is named and can be one."""
    if "extends" not in table:
        return
    name, message = table["extends"], ""
    cure = 'extends = "reactive_baseline.toml", a path from the folder of this file'
    if not isinstance(name, str):
        message = f"extends = {shown(name)} must be the path of a scenario file"
    elif not name.strip() or "\0" in name:
        message = "extends is blank" if not name.strip() else "extends holds a character no path can have"
    else:
        parent = Path(os.path.normpath(path.parent / name))
        message, cure = _parent_problem(parent, name, chain, cure)
        stated.parent = None if message else parent
    if message:
        stated.problems.append(Problem(message, cure, "extends", ("extends",), "value", shown(name)))


def _parent_problem(parent: Path, name: str, chain: list[str], cure: str) -> tuple[str, str]:
    real = os.path.realpath(parent)
    if real in chain:
        circle = [*chain[chain.index(real) :], real]
        names = " -> ".join(Path(link).name for link in circle)
        return f"extends goes round in a circle: {names}", "take one of these extends out"
    try:
        if parent.is_file():
            return "", cure
        if parent.is_dir():
            return f"extends = {shown(name)} is a folder", cure
    except OSError:
        return f"extends = {shown(name)} is no path this computer can read", cure
    return f"extends = {shown(name)} names no file", _near_file(parent)


def _sections(catalogue: Catalogue, table: dict[str, Any], stated: Stated) -> None:
    rest = {key: value for key, value in table.items() if key not in ("extends", "passage", "title")}
    _visit(catalogue, catalogue.tree, rest, (), stated)


def _visit(catalogue: Catalogue, tree: Tree, table: dict[str, Any], path: tuple[str, ...], stated: Stated) -> None:
    """Holds every setting of ``table`` against the tree of cards."""
    for key, value in table.items():
        here = (*path, key)
        if key not in tree:
            stated.problems.append(unknown(catalogue, here, value))
        elif not isinstance(tree[key], dict):
            state(tree[key], here, value, stated)
        elif isinstance(value, dict):
            _visit(catalogue, tree[key], value, here, stated)
        else:
            dotted = ".".join(here)
            problem = Problem(f"{dotted} = {shown(value)} must be a table", f"write [{dotted}]", dotted, here, "value")
            stated.problems.append(replace(problem, value=shown(value)))


def state(card: AnyCard, path: tuple[str, ...], value: Any, stated: Stated, in_code: bool = False) -> None:
    """Notes one setting, or what is wrong with it."""
    dotted, found = ".".join(path), len(stated.problems)
    where = path
    if path[0] == "parameters" and (isinstance(value, dict) or not in_code):
        value, where = _override(card, path, value, stated)
    elif path[0] == "parameters":
        stated.sources[dotted] = SET_IN_CODE
    value = plain(value)
    if value is not None and (problem := value_problem(card, where, value)):
        stated.problems.append(replace(problem, key=dotted))
    elif is_path(card):
        stated.bases[dotted] = stated.folder
        if clean(card, value) and (problem := _file_problem(card, path, value, stated.folder)):
            stated.problems.append(problem)
    if len(stated.problems) == found:
        stated.settings[dotted] = clean(card, value)


def _override(card: AnyCard, path: tuple[str, ...], value: Any, stated: Stated) -> tuple[Any, tuple[str, ...]]:
    """The value of ``{value = 5.0, source = "M15"}`` and its path; problems of form and source are noted."""
    dotted, form = ".".join(path), f'{card.key} = {{value = {shown(card.value)}, source = "M15"}}'
    reason = f'write {form} or source = "assumption: why"'
    if not isinstance(value, dict):
        message = f"{card.key} = {shown(value)} overrides its card without a source"
        stated.problems.append(Problem(message, reason, dotted, path, "value", shown(value), meaning=card.en))
        return value, path
    for key in value.keys() - {"value", "source"}:
        message = f"unknown field {key[:60]!r} in the override of {card.key}"
        stated.problems.append(Problem(message, f"write {form}", dotted, (*path, key)))
    if "value" not in value:
        stated.problems.append(Problem(f"{card.key} has no value", f"write {form}", dotted, path, meaning=card.en))
    source: Any = value.get("source")
    if wrong := _source_problem(source):
        part = "key" if source is None else "value"
        where = path if source is None else (*path, "source")
        problem = Problem(f"{card.key} {wrong}", reason, dotted, where, part, meaning=card.en)
        stated.problems.append(replace(problem, value="" if source is None else shown(source)))
    else:
        stated.sources[dotted] = source
    return value.get("value"), (*path, "value")


def _source_problem(source: Any) -> str:
    if source is None:
        return "overrides its card without a source"
    if not isinstance(source, str):
        return "has a source that is not text"
    if not source.strip():
        return "has a blank source"
    if source.startswith("assumption") and len(source.partition(":")[2].strip()) < SHORTEST_REASON:
        return "rests on an assumption that does not say why"
    return ""


def _file_problem(card: AnyCard, path: tuple[str, ...], name: str, folder: str) -> Problem | None:
    full, message = Path(os.path.join(folder, name)), f"{card.key} = {shown(name)} names no file"
    try:
        if full.is_file():
            return None
        if full.is_dir():
            message = f"{card.key} = {shown(name)} is a folder"
    except (OSError, ValueError):
        message = f"{card.key} = {shown(name)} is no path this computer can read"
    problem = Problem(message, _near_file(full), ".".join(path), path, "value", shown(name), meaning=card.en)
    return replace(problem, unit=card.unit, allowed=card.allowed())


def _chain(catalogue: Catalogue, path: AnyPath) -> list[Stated]:
    """The file and its parents, the child first, each checked by itself."""
    stated: list[Stated] = []
    chain: list[str] = []
    following: Path | None = Path(path)
    while following is not None:
        if "\0" not in str(following):
            chain.append(os.path.realpath(following))
        stated.append(_read(catalogue, following, chain))
        following = stated[-1].parent
    return stated


def check(path: AnyPath, catalogue: Catalogue | None = None) -> list[Problem]:
    """Everything that is wrong with a scenario file and the files it extends, in the order it is written.

    Never raises for what a file holds; an empty list means that :meth:`Scenario.load` will succeed.
    """
    return checked(catalogue or Catalogue.load(), path)[1]


def checked(catalogue: Catalogue, path: AnyPath) -> tuple[list[Stated], list[Problem]]:
    chain = _chain(catalogue, path)
    return chain, [problem for stated in chain for problem in stated.problems]


def load_city(path: AnyPath, catalogue: Catalogue | None = None) -> dict[str, Value]:
    """The settings of a city file, by dotted key, paths absolute: a scenario file with a ``[city]`` table alone.

    Raises:
        ScenarioError: anything is wrong with it, all of it at once, or it states more than a city.
    """
    chain, problems = checked(catalogue or Catalogue.load(), path)
    problems = [problem for problem in problems if problem.path[:1] not in (("passage",), ("title",), ())]
    settings: dict[str, Value] = {}
    for stated in reversed(chain):
        for key, value in stated.settings.items():
            if not key.startswith("city."):
                cure = "leave it to the scenario; a city file has a [city] table and no other"
                problems.append(Problem(f"{key} is no setting of a city", cure, key, file=str(path)))
            settings[key] = (
                os.path.normpath(os.path.join(stated.bases[key], str(value))) if key in stated.bases else value
            )
    if not settings and not problems:
        cure = 'write [city] and, say, kind = "csv", units = "units.csv", edges = "edges.csv"'
        problems.append(Problem("there is no [city] table", cure, "city", file=str(path)))
    if problems:
        raise ScenarioError(problems)
    return settings
