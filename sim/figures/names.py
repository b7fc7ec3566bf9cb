"""What a reader is shown for keys, values, units and numbers, in Spanish and English."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sim.observations import Observation, observations
from sim.scenario import Scenario
from sim.words import load_words

WORDS = Path(__file__).with_name("words.toml")
UNITS = Path(__file__).with_name("units.toml")
MINUS = "−"
NO_VALUE = "–"


def say(key: str, language: str, **parts: object) -> str:
    """A text of ``words.toml`` with its blanks filled in."""
    text = load_words(WORDS)[key](language)
    return text.format(**parts) if parts else text


def unit_name(unit: str, language: str) -> str:
    """A unit in words; one that ``units.toml`` does not know stays as it is."""
    found = load_words(UNITS).get(unit)
    return found(language) if found else unit


class Names:
    """Names of the arms, levers and values of one study.

    Args:
        manifest: of the study.
        language: ``es`` or ``en``.
    """

    def __init__(self, manifest: Mapping[str, Any], language: str) -> None:
        self.language = language
        self._arms = manifest["arms"]
        titles = str(manifest["title"][language]).split(" · ")
        labels = [str(arm["label"]) for arm in self._arms]
        self._scenarios = dict(zip(labels, _apart(titles, labels), strict=True))

    def lever(self, lever: str) -> str:
        """A lever's name: that of its card, without what follows a colon or stands in brackets."""
        card = _card(lever)
        if card is None:
            return say("scenario", self.language) if lever == "scenario" else lever
        return re.sub(r"\s*(\(.*?\)|:.*)", "", _of(card, self.language)).strip()

    def level(self, lever: str, value: Any) -> str:
        """A lever's value with its unit, or in words."""
        if lever == "scenario":
            return self._scenarios.get(str(value), str(value))
        return level_name(lever, value, self.language)

    def changes(self, changes: Mapping[str, Any], usual: Mapping[str, Any] | None = None) -> str:
        """An arm in words; with ``usual``, only in what it differs from it."""
        usual = usual or {}
        parts = [
            self.level(lever, value) if lever == "scenario" else f"{self.lever(lever)}: {self.level(lever, value)}"
            for lever, value in changes.items()
            if lever not in usual or repr(usual[lever]) != repr(value)
        ]
        return "; ".join(parts) or say("baseline", self.language)


def level_name(lever: str, value: Any, language: str) -> str:
    """A setting's value with its unit: "26 weeks", "80 %", "never" where its card says so of zero."""
    card = _card(lever)
    if isinstance(value, bool):
        return say("yes" if value else "no", language)
    if isinstance(value, str):
        return choice_name(value, language)
    if card is not None and value == 0 and (zero := re.search(r"\(0 = (.+?)\)", _of(card, language))):
        return zero.group(1)
    if card is not None and card.unit in ("share", "probability"):
        return f"{value * 100:g} %"
    return f"{value:g} {unit_name(card.unit, language)}" if card is not None else f"{value}"


def choice_name(word: str, language: str) -> str:
    """A word that a setting takes, translated where ``words.toml`` knows it."""
    found = load_words(WORDS).get(f"choice_{word}")
    return found(language) if found else word


@cache
def _card(key: str) -> Any:
    """The card of a lever, or None."""
    try:
        return Scenario.default().card(key)
    except KeyError:
        return None


def _of(card: Any, language: str) -> str:
    return str(card.es if language == "es" else card.en)


def _apart(titles: list[str], labels: list[str]) -> list[str]:
    """A title per label if there are as many and no two are the same; else the labels."""
    return titles if len(titles) == len(labels) and len(set(titles)) == len(titles) else labels


# --- numbers


class Scale:
    """How the numbers of an observation are shown: shares as percentages, anything else as it is."""

    def __init__(self, card: Observation, language: str) -> None:
        share = card.unit.startswith("share")
        self.language = language
        self.factor = 100.0 if share else 1.0
        self.unit = "%" if card.unit == "share" else unit_name(card.unit, language)
        self.floor = -math.inf if card.unit.startswith("difference") else 0.0
        self.ceiling = 1.0 if share else math.inf
        self.difference_unit = say("points", language) if share else self.unit
        self.name = card.name(language)


def scale(key: str, language: str) -> Scale:
    """How an observation is shown."""
    return Scale(observations()[key], language)


def decimals(*numbers: float) -> int:
    """Decimals that show the smallest of some numbers (not zero) to two digits, four at most."""
    sizes = [abs(number) for number in numbers if number and math.isfinite(number)]
    return min(max(1 - math.floor(math.log10(min(sizes))), 0), 4) if sizes else 1


def fixed(number: float, places: int, signed: bool = False) -> str:
    """A number with so many decimals, a true minus sign and commas between thousands."""
    if not math.isfinite(number):
        return NO_VALUE
    text = f"{abs(number):,.{places}f}"
    zero = not text.strip("0.,")
    sign = MINUS if number < 0 else "+" if signed else ""
    return text if zero else sign + text


def with_interval(
    mean: float,
    low: float,
    high: float,
    factor: float,
    language: str,
    signed: bool = False,
    places: int | None = None,
    unit: str = "",
) -> str:
    """ "0.031 minutes (0.020 to 0.042)", by default with decimals that fit the width of the interval."""
    mean, low, high = mean * factor, low * factor, high * factor
    if not math.isfinite(mean):
        return NO_VALUE
    tail = f" {unit}" if unit else ""
    if not (math.isfinite(low) and math.isfinite(high)):
        return fixed(mean, decimals(mean) if places is None else places, signed) + tail
    half = (high - low) / 2
    if places is None:
        places = decimals(half) if half else decimals(mean)
    ends = say("to", language, low=fixed(low, places, signed), high=fixed(high, places, signed))
    return f"{fixed(mean, places, signed)}{tail} ({ends})"
