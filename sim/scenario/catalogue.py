"""Every setting there is, found by listing the card files; and one value held against its card.

Nothing here knows the name of a policy or a process: a new ``x.toml`` beside its module is enough.
"""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from sim.cards import Card, CardError, Value, load_cards, load_links
from sim.scenario.toml_places import Problem, shown
from sim.words import load_words

PACKAGE = Path(__file__).parents[1]
NOT_STATED = ("", "-")  # texts of the city that count as left out


@dataclass(frozen=True)
class TextCard:
    """A setting of the city that is text, such as the path of a file; it can be asked the same as a Card."""

    key: str
    kind: str  # "path" or "text"
    es: str
    en: str
    value: str = ""
    source: str = "stated by the scenario"

    @property
    def unit(self) -> str:
        """What stands in the place of a unit: ``path`` or ``text``."""
        return self.kind

    def problem(self, value: object) -> str | None:
        """What is wrong with ``value``, in words, or None."""
        return None if isinstance(value, str) else f"must be {self.allowed()}"

    def allowed(self) -> str:
        """What may stand here, in words."""
        return "the path of a file, in quotes" if self.kind == "path" else "text in quotes"

    def weekly(self, value: Value) -> Value:
        """``value`` itself: text has no time in it."""
        return value


AnyCard = Card | TextCard
Tree = dict[str, Any]  # nested tables with a card at each leaf


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Every setting there is, found by listing the card files of a folder; compared by identity.

    Attributes:
        root: the folder that was listed.
        levers: cards of each policy (``policies/*.toml``).
        parameters: cards of each process (``processes/*.toml``) and of ``population``, without theories.
        theories: switches between rival theories, with the process they belong to.
        links: for each process, the keys whose number lives in another process's file, with that process and key.
        city, city_texts, run: cards of the tables ``[city]`` and ``[run]``.
    """

    root: Path
    levers: dict[str, dict[str, Card]]
    parameters: dict[str, dict[str, Card]]
    theories: dict[str, tuple[str, Card]]
    links: dict[str, dict[str, tuple[str, str]]]
    city: dict[str, Card]
    city_texts: dict[str, TextCard]
    run: dict[str, Card]

    @staticmethod
    def load(root: Path = PACKAGE) -> Catalogue:
        """The catalogue of a folder; each folder is read once.

        Raises:
            CardError: a card is blank or malformed, or two processes claim the same theory.
        """
        return _load_catalogue(root)

    @cached_property
    def tree(self) -> Tree:
        """The tables of a scenario, nested as in the file, with a card at each leaf."""
        return {
            "run": self.run,
            "city": {**self.city, **self.city_texts},
            "levers": self.levers,
            "theories": {key: card for key, (_, card) in self.theories.items()},
            "parameters": self.parameters,
        }

    @cached_property
    def cards(self) -> dict[str, AnyCard]:
        """Every card by its dotted key, ``levers.rotation.period``."""
        return dict(_leaves(self.tree, ""))

    @cached_property
    def homes(self) -> dict[str, list[str]]:
        """For each last part of a key, the tables that have it."""
        homes: dict[str, list[str]] = {}
        for table, keys in _tables(self.tree, ""):
            for key in keys:
                homes.setdefault(key, []).append(table)
        return homes

    @cached_property
    def defaults(self) -> dict[str, Value]:
        """The default of every setting, in the unit of its card."""
        return {key: clean(card, card.value) for key, card in self.cards.items()}

    def full_keys(self, key: str) -> list[str]:
        """The dotted keys that ``key`` may stand for: itself, or all that end in ``.key``."""
        if key in self.cards:
            return [key]
        return [full for full in self.cards if full.endswith("." + key)]


@cache
def _load_catalogue(root: Path) -> Catalogue:
    processes = {path.stem: load_cards(path) for path in _card_files(root / "processes")}
    if (population := root / "population.toml").is_file():
        processes["population"] = load_cards(population)
    theories: dict[str, tuple[str, Card]] = {}
    for process, cards in processes.items():
        for key, card in cards.items():
            if card.role == "theory" and key in theories:
                raise CardError(f"{process}.toml: [{key}] is a theory of {theories[key][0]} already; rename one")
            if card.role == "theory":
                theories[key] = (process, card)
    return Catalogue(
        root=root,
        levers={path.stem: load_cards(path) for path in _card_files(root / "policies")},
        parameters={
            process: {key: card for key, card in cards.items() if card.role != "theory"}
            for process, cards in processes.items()
        },
        theories=theories,
        links=_links(root, processes),
        city=_optional_cards(root / "city.toml"),
        city_texts=_text_cards(root / "city_texts.toml"),
        run=_optional_cards(root / "run.toml"),
    )


def _links(root: Path, processes: dict[str, dict[str, Card]]) -> dict[str, dict[str, tuple[str, str]]]:
    links = {path.stem: load_links(path) for path in _card_files(root / "processes")}
    for process, found in links.items():
        for key, (home, name) in found.items():
            if name not in processes.get(home, {}):
                raise CardError(f"{process}.toml: [{key}] is the same as {home}.{name}, which has no card")
    return links


def _card_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if not path.name.startswith(("_", ".")))


def _optional_cards(path: Path) -> dict[str, Card]:
    return load_cards(path) if path.is_file() else {}


def _text_cards(path: Path) -> dict[str, TextCard]:
    """Texts of the city. Their cards hold names only: one that speaks of a file is taken for its path."""
    if not path.is_file():
        return {}
    return {
        key: TextCard(key, "path" if re.search(r"\bfile\b", words.en) else "text", words.es, words.en)
        for key, words in load_words(path).items()
    }


def _tables(tree: Tree, prefix: str) -> Iterable[tuple[str, Tree]]:
    """Every table below ``tree`` with its dotted name."""
    for name, branch in tree.items():
        if isinstance(branch, dict):
            yield prefix + name, branch
            yield from _tables(branch, f"{prefix}{name}.")


def _leaves(tree: Tree, prefix: str) -> Iterable[tuple[str, AnyCard]]:
    for name, branch in tree.items():
        if isinstance(branch, dict):
            yield from _leaves(branch, f"{prefix}{name}.")
        else:
            yield prefix + name, branch


def check_value(catalogue: Catalogue, dotted_key: str, value: object) -> Problem | None:
    """What is wrong with setting ``dotted_key`` to ``value`` , in the unit of its card, or None.

    The key may be short (``rotation.period``) when only one setting ends so. Nothing is placed in a file yet:
    a caller who has one fills in ``path`` and calls :meth:`Problem.placed`.
    """
    full = catalogue.full_keys(dotted_key)
    if len(full) == 1:
        return value_problem(catalogue.cards[full[0]], tuple(full[0].split(".")), plain(value))
    if full:
        cure = "say which: " + " or ".join(full)
        return Problem(f"{dotted_key!r} may stand for several settings", cure, key=dotted_key)
    return unknown_key(catalogue, dotted_key, value)


def value_problem(card: AnyCard, path: tuple[str, ...], value: object) -> Problem | None:
    if (wrong := _wrong(card, value)) is None:
        return None
    return Problem(
        message=f"{card.key} = {shown(value)} {wrong}",
        cure=_cure(card, value),
        key=".".join(path),
        path=path,
        part="value",
        value=shown(value),
        unit=card.unit,
        allowed=card.allowed(),
        meaning=card.en,
    )


def _wrong(card: AnyCard, value: object) -> str | None:
    """As the card says; infinity and whole numbers beyond a float are refused whatever the range."""
    if (wrong := card.problem(value)) is not None:
        return wrong
    if card.kind == "float" and isinstance(value, (int, float)):
        try:
            return None if math.isfinite(value) else f"must be a finite number in {card.allowed()}"
        except OverflowError:
            return f"must be a finite number in {card.allowed()}"
    return None


def _cure(card: AnyCard, value: object) -> str:
    usual = f"the default is {shown(card.value)}"
    if card.kind == "choice":
        close = close_to(value, list(getattr(card, "choices", ()))) if isinstance(value, str) else None
        return f"did you mean {close!r}?" if close else usual
    if isinstance(value, str) and card.kind in ("int", "float", "bool"):
        return f"write it without quotes; {usual}"
    if card.kind == "int" and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"write {int(value)}, without a decimal point"
    if card.kind == "bool" and value in (0, 1):
        return f"write {'true' if value else 'false'}"
    return usual


def clean(card: AnyCard, value: Any) -> Value:
    """An accepted value in the type of its card, so that 5 and 5.0 are the same scenario."""
    if isinstance(card, TextCard) and value in NOT_STATED:
        return ""
    result: Value = float(value) if card.kind == "float" else value
    return result


def is_path(card: AnyCard) -> bool:
    """Whether the setting is the path of a file."""
    return isinstance(card, TextCard) and card.kind == "path"


def plain(value: object) -> object:
    """A NumPy scalar as the Python value it holds, a path as text; anything else unchanged."""
    if isinstance(value, os.PathLike):
        return str(value)
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def close_to(word: object, words: Iterable[str]) -> str | None:
    """The word that was probably meant; case does not matter."""
    lower = {candidate.lower(): candidate for candidate in words}
    text = str(word)[:80].lower()  # the matcher is quadratic
    near = difflib.get_close_matches(text, lower, n=1, cutoff=0.6)
    return lower[near[0]] if near else None


def unknown_key(catalogue: Catalogue, dotted_key: str, value: object) -> Problem:
    """What is wrong with a dotted key that names no setting, and the key that was probably meant."""
    tree: Any = catalogue.tree
    path: list[str] = []
    for part in dotted_key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            break
        tree = tree[part]
        path.append(part)
    rest = dotted_key.split(".")[len(path) :]
    if path and rest and isinstance(tree, dict):
        return unknown(catalogue, (*path, rest[0]), value)
    if path and not rest:
        cure = f"name a setting in it: {', '.join(list(tree)[:12])}"
        return Problem(f"{dotted_key!r} is a table, not a setting", cure, key=dotted_key, path=tuple(path))
    forms = {".".join(full.split(".")[i:]): full for full in catalogue.cards for i in range(full.count(".") + 1)}
    close = close_to(dotted_key, forms)
    cure = f"did you mean {forms[close]!r}?" if close else f"keys start with {', '.join(catalogue.tree)}"
    return Problem(f"unknown setting {dotted_key!r}", cure, key=dotted_key, value=shown(value))


def unknown(catalogue: Catalogue, path: tuple[str, ...], value: object) -> Problem:
    what = "table" if isinstance(value, dict) else "setting"
    text = "" if isinstance(value, dict) else shown(value)
    message = f"unknown {what} {path[-1][:60]!r}" + (f" in [{'.'.join(path[:-1])}]" if path[:-1] else "")
    return Problem(message, _suggestion(catalogue, path), key=".".join(path), path=path, value=text)


def _suggestion(catalogue: Catalogue, path: tuple[str, ...]) -> str:
    """A near key of the same table, else the tables that have this key, else a near key anywhere."""
    key, siblings = path[-1], _siblings(catalogue, path[:-1])
    homes = [home for home in catalogue.homes.get(key, ()) if home != ".".join(path[:-1])]
    belongs = f"{key!r} belongs to {' or '.join(f'[{home}]' for home in homes[:4])}" if homes else ""
    if near := close_to(key, siblings):
        return f"did you mean {near!r}?" + (f" ({belongs})" if belongs else "")
    if belongs:
        return belongs
    if far := close_to(key, catalogue.homes):
        return f"did you mean {far!r} of [{catalogue.homes[far][0]}]?"
    return f"there are {', '.join(siblings[:12])}" if siblings else "this table has no settings"


def _siblings(catalogue: Catalogue, table: tuple[str, ...]) -> list[str]:
    tree: Tree = {"extends": None, "passage": None, "title": None, **catalogue.tree}
    for name in table:
        tree = tree[name]
    return list(tree)
