"""Experiment files: read, held against the cards, every problem reported at once with its place and cure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sim.scenario import Catalogue, Places, Problem, Scenario, ScenarioError, check, check_value
from sim.scenario.toml_places import Span, Steps, shown
from sim.words import Words

KEYS = ("question", "title", "scenario", "seeds", "baseline", "levers", "constants")


@dataclass
class _Draft:
    """What a file says so far, by full dotted setting, and what is wrong with it."""

    folder: Path
    catalogue: Catalogue
    levers: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # full setting -> as written in the file
    constants: dict[str, Any] = field(default_factory=dict)
    baseline: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    elsewhere: list[Problem] = field(default_factory=list)  # in the scenario file

    def wrong(self, message: str, cure: str, path: Steps, part: str = "value", value: object = None) -> None:
        text = "" if value is None else shown(value)
        self.problems.append(Problem(message, cure, ".".join(map(str, path)), path, part, text))


def read_experiment(path: Path) -> dict[str, Any]:
    """The fields of an ``Experiment``.

    Raises:
        ScenarioError: with everything that is wrong.
    """
    draft, problems = _drafted(path)
    if problems or draft is None:
        raise ScenarioError(problems)
    names = draft.names
    base = Scenario.load(draft.facts["scenario"])
    return {
        "name": path.stem,
        "title": draft.facts["title"],
        "question": draft.facts["question"],
        "base": base.with_changes(draft.constants, base=draft.folder) if draft.constants else base,
        "seeds": draft.facts["seeds"],
        "levers": {names[key]: values for key, values in draft.levers.items()},
        "baseline": {names[key]: draft.baseline[key] for key in draft.levers},
        "constants": {names[key]: value for key, value in draft.constants.items()},
    }


def seed_list(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """Seeds 1 to n, or those of a list.

    Raises:
        ValueError: none, a negative one, something else than a whole number, or one stated twice.
    """
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        if seeds < 1:
            raise ValueError(f"seeds = {seeds} must be at least 1")
        return tuple(range(1, seeds + 1))
    chosen = tuple(seeds) if isinstance(seeds, Iterable) and not isinstance(seeds, str) else ()
    if not chosen or not all(type(seed) is int and seed >= 0 for seed in chosen):
        raise ValueError("seeds must be a whole number of at least 1, or a list of whole numbers >= 0")
    if len(set(chosen)) < len(chosen):
        raise ValueError("a seed is stated twice")
    return chosen


def problems_of(path: Path) -> list[Problem]:
    """Everything wrong with an experiment file, in the order it is written, then with its scenario."""
    return _drafted(path)[1]


def _drafted(path: Path) -> tuple[_Draft | None, list[Problem]]:
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        cure = "name an experiment file (.toml), saved as UTF-8"
        return None, [Problem(f"cannot read {path.name!r}: {reason}", cure, file=str(path))]
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return None, [_syntax(str(error), text).at(str(path), _place(str(error), text), text.split("\n"))]
    draft = _Draft(path.parent, Catalogue.load())
    _read_all(table, draft)
    places = Places(text) if draft.problems else None
    placed = [problem.placed(str(path), places) for problem in draft.problems] if places else []
    return draft, [*sorted(placed, key=lambda problem: (problem.line, problem.column)), *draft.elsewhere]


def _syntax(error: str, text: str) -> Problem:
    return Problem(
        f"this is not valid TOML: {error.partition(' (at ')[0]}",
        "see https://toml.io; keys with a dot stand in quotes",
    )


def _place(error: str, text: str) -> Span:
    if found := re.search(r"line (\d+), column (\d+)", error):
        return Span(int(found[1]), int(found[2]), 1)
    return Span(text.rstrip().count("\n") + 1, 1, 1)


def _read_all(table: dict[str, Any], draft: _Draft) -> None:
    for key in table:
        if key not in KEYS:
            near = get_close_matches(key.lower(), KEYS, n=1)
            cure = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(KEYS)}"
            draft.wrong(f"unknown setting {key!r}", cure, (key,), "key")
    _about(table, draft)
    _scenario(table.get("scenario"), draft)
    _seeds(table.get("seeds"), draft)
    _constants(table.get("constants", {}), draft)
    _levers(table.get("levers"), draft)
    _baseline(table.get("baseline"), draft)


def _about(table: dict[str, Any], draft: _Draft) -> None:
    question = table.get("question")
    texts = [question] if not isinstance(question, dict) else [question.get(language) for language in ("es", "en")]
    if not all(isinstance(text, str) and text.strip() and "\n" not in text.strip() for text in texts):
        cure = 'question = "..." or question = {es = "...", en = "..."}'
        draft.wrong(
            "question must be one line of text, or one in Spanish and one in English",
            cure,
            ("question",),
            value=question,
        )
    draft.facts["question"] = question
    title = table.get("title")
    texts = [title.get(language) for language in ("es", "en")] if isinstance(title, dict) else [None]
    if not all(isinstance(text, str) and text.strip() for text in texts) or len(title or ()) != 2:
        draft.wrong(
            "the title needs Spanish and English",
            '[title], then es = "..." and en = "..."',
            ("title",),
            "key",
        )
    else:
        draft.facts["title"] = Words(str(texts[0]), str(texts[1]))


def _scenario(name: Any, draft: _Draft) -> None:
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        cure = 'scenario = "../scenarios/reactive_baseline.toml", a path from the folder of this file'
        draft.wrong("scenario must name a scenario file", cure, ("scenario",), value=name)
        return
    path = draft.folder / name
    if not path.is_file():
        near = get_close_matches(path.name, [it.name for it in path.parent.glob("*.toml")], n=1)
        cure = f"did you mean {near[0]!r}?" if near else "paths start from the folder of this file"
        draft.wrong(f"scenario = {shown(name)} names no file", cure, ("scenario",), value=name)
        return
    draft.facts["scenario"] = path
    draft.elsewhere += check(path)


def _seeds(seeds: Any, draft: _Draft) -> None:
    try:
        draft.facts["seeds"] = seed_list(seeds)
    except ValueError as error:
        draft.wrong(str(error), "seeds = 10, or seeds = [1, 2, 3]", ("seeds",), value=seeds)


def _constants(table: Any, draft: _Draft) -> None:
    for name, path, value in _settings(table, ("constants",), draft):
        plain = value.get("value") if isinstance(value, dict) else value
        if (full := _full(name, path, plain, draft)) and _fits(full, path, plain, draft):
            draft.constants[full] = value


def _levers(table: Any, draft: _Draft) -> None:
    if not table:
        cure = '[levers], then "rotation.period" = [0, 26, 52]'
        draft.wrong("levers is missing or empty: there is nothing to compare", cure, ("levers",), "key")
        return
    for name, path, values in _settings(table, ("levers",), draft):
        if not isinstance(values, list) or not values:
            cure = f'"{name}" = [a, b, c]'
            draft.wrong(f"{name} must be a list of values", cure, path, value=values)
        elif full := _full(name, path, values[0], draft):
            sound = [_fits(full, (*path, index), value, draft) for index, value in enumerate(values)]
            if all(sound) and not _repeats(name, path, values, draft):
                draft.levers[full] = tuple(values)


def _baseline(table: Any, draft: _Draft) -> None:
    if table is None:
        cure = 'baseline = {"rotation.period" = 26}, above the first [table]'
        draft.wrong("baseline is missing: which arm are the others compared with?", cure, ("baseline",), "key")
        return
    faultless = not draft.problems
    for name, path, value in _settings(table, ("baseline",), draft):
        full = next(iter(draft.catalogue.full_keys(name)), "")
        if full not in draft.levers:
            if faultless:  # else the lever may be missing because it is wrong itself
                draft.wrong(
                    f"{name} of the baseline is not a lever",
                    "take it out, or add it to [levers]",
                    path,
                    "key",
                )
            continue
        draft.baseline[full] = value
        if not any(_same(value, level) for level in draft.levers[full]):
            levels = ", ".join(shown(level) for level in draft.levers[full])
            draft.wrong(
                f"{name} = {shown(value)} of the baseline is not in the grid",
                f"choose one of {levels}",
                path,
                value=value,
            )
    for full in draft.levers:
        if full not in draft.baseline and isinstance(table, dict):
            name = draft.names[full]
            draft.wrong(
                f"the baseline does not say {name}",
                f'add "{name}" = {shown(draft.levers[full][0])}',
                ("baseline",),
                "key",
            )


def _settings(table: Any, path: Steps, draft: _Draft) -> Iterator[tuple[str, Steps, Any]]:
    """Settings by dotted name, also where the quotes around a dotted key were left out and TOML nested it."""
    if not isinstance(table, Mapping):
        draft.wrong(f"{path[0]} must be a table", 'a table of "rotation.period" = ... lines', path, value=table)
        return
    for key, value in table.items():
        here = (*path, key)
        if isinstance(value, dict) and "value" not in value:
            yield from _settings(value, here, draft)
        else:
            yield ".".join(map(str, here[1:])), here, value


def _full(name: str, path: Steps, value: Any, draft: _Draft) -> str:
    """The full name of a setting; empty, with the reason noted, if there is none or it was stated before."""
    full = draft.catalogue.full_keys(name)
    if len(full) != 1:
        if problem := check_value(draft.catalogue, name, value):
            draft.problems.append(replace(problem, path=path, part="key"))
        return ""
    if full[0] in draft.names:
        draft.wrong(f"{name} is stated twice", f"keep one; the other is {draft.names[full[0]]}", path, "key")
        return ""
    draft.names[full[0]] = name
    return full[0]


def _fits(full: str, path: Steps, value: Any, draft: _Draft) -> bool:
    problem = check_value(draft.catalogue, full, value)
    if problem:
        draft.problems.append(replace(problem, path=path, part="value"))
    return problem is None


def _repeats(name: str, path: Steps, values: list[Any], draft: _Draft) -> bool:
    for index, value in enumerate(values):
        if any(_same(value, earlier) for earlier in values[:index]):
            draft.wrong(f"{name} has {shown(value)} twice", "take one out", (*path, index), value=value)
            return True
    return False


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
