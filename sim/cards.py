"""Cards: every number of the model with its value, unit, range, source and its name in Spanish and English.

A card file stands beside the module that uses it (``incidents.py`` and ``incidents.toml``), one table per number.
A blank field does not load, and an assumption has to call itself one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEEKS_PER_YEAR = 365.25 / 7.0

Value = bool | int | float | str


class CardError(ValueError):
    """A card is blank, malformed or contradicts itself; the message names file, key, field and cure."""


@dataclass(frozen=True)
class Card:
    """One number (or choice) of the model.

    Attributes:
        key: name in the file and attribute in the code.
        kind: ``float``, ``int``, ``bool`` or ``choice``, inferred from the default value.
        value: the default, in ``unit``.
        unit: unit of measurement; rates ending in ``/year`` become weekly when resolved.
        range: inclusive lower and upper bound, in ``unit``; None for bool and choice.
        choices: allowed words of a choice; empty otherwise.
        source: evidence ids, a citation, or ``assumption: why``.
        es, en: what a reader is shown.
        role: ``parameter``, or ``theory`` for a switch between rival theories.
        note: anything a careful reader should know.
    """

    key: str
    kind: str
    value: Value
    unit: str
    range: tuple[float, float] | None
    choices: tuple[str, ...]
    source: str
    es: str
    en: str
    role: str = "parameter"
    note: str = ""

    def problem(self, value: object) -> str | None:
        """What is wrong with ``value`` for this card, in words, or None; no coercion but int to float."""
        if self.kind == "choice":
            return None if value in self.choices else f"must be one of {', '.join(self.choices)}"
        if self.kind == "bool":
            return None if isinstance(value, bool) else "must be true or false"
        wanted = "a whole number" if self.kind == "int" else "a number"
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "int" else (int, float)):
            return f"must be {wanted} in {self.allowed()}"
        low, high = self.range or (float("-inf"), float("inf"))
        if not low <= value <= high:  # also refuses nan
            return f"must lie in {self.allowed()}"
        return None

    def allowed(self) -> str:
        """The allowed values in words, with the unit."""
        if self.kind == "choice":
            return " | ".join(self.choices)
        if self.kind == "bool" or self.range is None:
            return "true | false"
        return f"[{self.range[0]:g}, {self.range[1]:g}] {self.unit}"

    def weekly(self, value: Value) -> Value:
        """``value`` as the model uses it: a rate per year becomes a rate per week, anything else stays."""
        if self.unit.endswith("/year") and not isinstance(value, str):
            return value / WEEKS_PER_YEAR
        return float(value) if self.kind == "float" and not isinstance(value, str) else value


class Values(Mapping[str, Any]):
    """Checked values by name, read-only, in the units the model uses (weeks): ``own.leaver_rate``."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.__dict__.update(values)  # read as attributes, at the speed of one

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no value {name!r}; there are {', '.join(self.__dict__)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("values are read-only")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("values are read-only")

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.__dict__.items())))

    def __repr__(self) -> str:
        return f"Values({self.__dict__!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Values, (dict(self.__dict__),))


_FIELDS = {"value", "unit", "range", "choices", "source", "es", "en", "role", "note"}


def load_cards(path: Path) -> dict[str, Card]:
    """Read one card file, without its links.

    Raises:
        CardError: a blank or unknown field, a default outside its range, an assumption without its reason.
    """
    return {key: _card(path, key, table) for key, table in _tables(path).items() if "same_as" not in table}


def load_links(path: Path) -> dict[str, tuple[str, str]]:
    """The numbers of a card file that live in another process's file: ``[week_hours] same_as = "duty.week_hours"``.

    A number has one home; whoever else needs it links to it and gets the same value. Gives process and key of the home.

    Raises:
        CardError: a link that has other fields too, or does not name process and key.
    """
    links = {}
    for key, table in _tables(path).items():
        if "same_as" in table:
            home, dot, name = str(table["same_as"]).partition(".")
            if len(table) > 1 or not (home and dot and name):
                raise CardError(f'{path.name}: [{key}]: a link is same_as = "process.key" and nothing else')
            links[key] = (home, name)
    return links


def _tables(path: Path) -> dict[str, dict[str, Any]]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _card(path: Path, key: str, table: dict[str, Any]) -> Card:
    where = f"{path.name}: [{key}]"
    if unknown := set(table) - _FIELDS:
        raise CardError(f"{where}: unknown field {', '.join(sorted(unknown))}; a card has {', '.join(sorted(_FIELDS))}")
    for field in ("value", "unit", "source", "es", "en"):
        if field not in table or table[field] == "":
            raise CardError(f"{where}: blank {field}; fill it in")
    source = table["source"]
    if source.startswith("assumption") and len(source.partition(":")[2].strip()) < 8:
        raise CardError(f"{where}: an assumption says why: source = 'assumption: ...'")
    value = table["value"]
    kind = {bool: "bool", int: "int", float: "float", str: "choice"}[type(value)]
    if kind in ("int", "float") and len(table.get("range", ())) != 2:
        raise CardError(f"{where}: a number needs range = [low, high] in {table['unit']}")
    if kind == "choice" and not table.get("choices"):
        raise CardError(f"{where}: a word needs choices = [...]")
    bounds = table.get("range")
    card = Card(
        key=key,
        kind=kind,
        value=value,
        unit=table["unit"],
        range=(float(bounds[0]), float(bounds[1])) if bounds else None,
        choices=tuple(table.get("choices", ())),
        source=source,
        es=table["es"],
        en=table["en"],
        role=table.get("role", "parameter"),
        note=table.get("note", ""),
    )
    if (wrong := card.problem(value)) is not None:
        raise CardError(f"{where}: value {value!r} {wrong}")
    return card


def defaults(cards: Mapping[str, Card]) -> Values:
    """The default value of every card, in the units the model uses."""
    return Values({key: card.weekly(card.value) for key, card in cards.items()})
