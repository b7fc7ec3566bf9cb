"""Scenarios: a TOML file becomes a checked, frozen :class:`Scenario`, or a list of all that is wrong with it.

A file states only what differs from its parent (``extends``) and from the cards. Every value is held against
its card before anything runs, and all problems of a file and its parents are reported at once, each with
file, line, column and cure. Nothing is coerced but whole numbers to fractions.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sim.cards import Value, Values
from sim.scenario.catalogue import PACKAGE, AnyCard, Catalogue, TextCard, check_value, is_path, unknown_key
from sim.scenario.scenario_files import SET_IN_CODE, AnyPath, ScenarioError, Stated, check, checked, load_city, state
from sim.scenario.toml_places import Places, Problem, report_problems
from sim.words import Words

__all__ = [
    "Catalogue",
    "Difference",
    "Places",
    "Problem",
    "Scenario",
    "ScenarioError",
    "TextCard",
    "check",
    "check_value",
    "load_city",
    "report_problems",
]


class Difference(NamedTuple):
    """One setting in which two scenarios differ, in the unit of its card."""

    key: str
    value: Value
    other: Value
    unit: str


@dataclass(frozen=True, repr=False)
class Scenario:
    """A checked set of settings; frozen, comparable and picklable.

    Attributes:
        name: stem of the file's name.
        title: what a reader is shown, in Spanish and English.
        passage: the passage of the paper it stands for.
        settings: every setting by dotted key, in the unit of its card, paths as they were written.
        sources: source of every setting: the override's own, ``set in code``, or the card's.
        levers: values of each policy, in weeks: ``scenario.levers.rotation.period``.
        parameters: values of each process in weeks, its theory switches among them.
        city: values of the city; paths are absolute.
        run: values of ``[run]``.
        bases: folder from which a relative path starts, for each key that holds a path.
        root: folder of the cards; None for the cards of this package.
    """

    name: str
    title: Words
    passage: str
    settings: Mapping[str, Value]
    sources: Mapping[str, str]
    levers: Values
    parameters: Values
    city: Values
    run: Values
    bases: Mapping[str, str]
    root: Path | None = None

    @classmethod
    def load(cls, path: AnyPath, catalogue: Catalogue | None = None) -> Scenario:
        """The scenario of a TOML file.

        Raises:
            ScenarioError: anything is wrong with it or with a file it extends; all of it is named at once.
        """
        catalogue = catalogue or Catalogue.load()
        chain, problems = checked(catalogue, path)
        child = chain[0]
        if problems or child.title is None:
            raise ScenarioError(problems)
        return cls._assemble(catalogue, Path(path).stem, child.title, child.passage, reversed(chain))

    @classmethod
    def default(cls, catalogue: Catalogue | None = None) -> Scenario:
        """Every setting at the default of its card."""
        title = Words("Valores por defecto", "Default values")
        return cls._assemble(catalogue or Catalogue.load(), "default", title, "the defaults of the cards", ())

    @classmethod
    def _assemble(
        cls, catalogue: Catalogue, name: str, title: Words, passage: str, statements: Iterable[Stated]
    ) -> Scenario:
        """The defaults overlaid with statements, the later ones on top."""
        settings: dict[str, Any] = dict(catalogue.defaults)
        sources: dict[str, Any] = {key: card.source for key, card in catalogue.cards.items()}
        bases: dict[str, Any] = {}
        for stated in statements:
            settings |= stated.settings
            sources |= stated.sources
            bases |= stated.bases
        return cls(
            name=name,
            title=title,
            passage=passage,
            settings=Values(settings),
            sources=Values(sources),
            **_resolve(catalogue, settings, bases),
            bases=Values(bases),
            root=None if catalogue.root == PACKAGE else catalogue.root,
        )

    @property
    def catalogue(self) -> Catalogue:
        """The cards this scenario was checked against."""
        return Catalogue.load(self.root or PACKAGE)

    def card(self, key: str) -> AnyCard:
        """The card of a setting; ``key`` may be short.

        Raises:
            KeyError: no setting, or more than one, is called so.
        """
        return self.catalogue.cards[self._full(key)]

    def raw(self, key: str) -> Value:
        """The value of a setting in the unit of its card; ``key`` may be short.

        Raises:
            KeyError: no setting, or more than one, is called so.
        """
        return self.settings[self._full(key)]

    def _full(self, key: str) -> str:
        full = self.catalogue.full_keys(key)
        if len(full) == 1:
            return full[0]
        raise KeyError(f"{key!r} may be {' or '.join(full)}" if full else str(unknown_key(self.catalogue, key, "")))

    def with_changes(
        self, changes: Mapping[str, Any], *, name: str | None = None, base: AnyPath | None = None
    ) -> Scenario:
        """A new scenario with some settings changed, checked as a file would be.

        Args:
            changes: values by dotted key in the unit of the card; short keys (``rotation.period``) where only
                one setting ends so. A parameter needs no source here and is marked ``set in code``, unless it
                is given as ``{"value": 5.0, "source": "M15"}``.
            name: name of the new scenario; the old one by default.
            base: folder from which relative paths start; the current folder by default.

        Raises:
            ScenarioError: an unknown key or a value that its card refuses; all of them at once.
        """
        catalogue = self.catalogue
        stated = Stated(folder=os.path.abspath(base or Path()))
        for key, value in changes.items():
            full = catalogue.full_keys(key)
            if len(full) == 1:
                state(catalogue.cards[full[0]], tuple(full[0].split(".")), value, stated, in_code=True)
            elif problem := check_value(catalogue, key, value):
                stated.problems.append(problem)
        if stated.problems:
            raise ScenarioError(replace(problem, file=SET_IN_CODE) for problem in stated.problems)
        before = Stated(settings=dict(self.settings), sources=dict(self.sources), bases=dict(self.bases))
        return self._assemble(catalogue, name or self.name, self.title, self.passage, (before, stated))

    def differences(self, other: Scenario | None = None) -> list[Difference]:
        """Settings that differ from ``other`` or from the defaults, in card units and in the cards' order.

        Paths start from the current folder, so that the values can be handed to :meth:`with_changes`.
        """
        other = other or Scenario.default(self.catalogue)
        mine, theirs = self._comparable(), other._comparable()
        cards = {**other.catalogue.cards, **self.catalogue.cards}
        return [
            Difference(key, _shown_path(card, mine.get(key, "")), _shown_path(card, theirs.get(key, "")), card.unit)
            for key, card in cards.items()
            if mine.get(key) != theirs.get(key)
        ]

    def _comparable(self) -> dict[str, Value]:
        """Settings with absolute paths: the same words in two folders are two files."""
        return {**self.settings, **{key: self.city[key.removeprefix("city.")] for key in self.bases}}

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of all that changes results: every setting, and the content of the city's files.

        Title, passage and name do not count, nor where a file lies. Computed once.

        Raises:
            OSError: a file of the city has gone since the scenario was loaded.
        """
        content: dict[str, Value] = dict(self.settings)
        for key, card in self.catalogue.cards.items():
            if is_path(card) and self.settings[key]:
                data = Path(self.city[card.key]).read_bytes()
                content[key] = "sha256:" + hashlib.sha256(data).hexdigest()
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def __repr__(self) -> str:
        return f"Scenario({self.name!r})"


def _resolve(catalogue: Catalogue, settings: Mapping[str, Any], bases: Mapping[str, str]) -> dict[str, Values]:
    """Settings as the model uses them: nested, per week, paths absolute."""
    nested: dict[str, dict[str, Any]] = {process: {} for process in catalogue.parameters}
    levers: dict[str, dict[str, Any]] = {policy: {} for policy in catalogue.levers}
    flat: dict[str, dict[str, Any]] = {"city": {}, "run": {}}
    for dotted, card in catalogue.cards.items():
        section, *_, key = parts = dotted.split(".")
        value = card.weekly(settings[dotted])
        if dotted in bases:
            value = os.path.normpath(os.path.join(bases[dotted], str(value))) if value else ""
        if section == "theories":
            nested[catalogue.theories[key][0]][key] = value
        elif section in flat:
            flat[section][key] = value
        else:
            (levers if section == "levers" else nested)[parts[1]][key] = value
    for process, links in catalogue.links.items():
        nested[process] |= {key: nested[home][name] for key, (home, name) in links.items()}
    groups: dict[str, Any] = {"levers": levers, "parameters": nested}
    for group in groups.values():
        group.update({name: Values(own) for name, own in group.items()})
    return {name: Values(group) for name, group in (groups | flat).items()}


def _shown_path(card: AnyCard, value: Value) -> Value:
    """A path from the current folder; any other value as it is."""
    if not is_path(card) or not value:
        return value
    try:
        return os.path.relpath(str(value))
    except ValueError:  # on another drive
        return value
