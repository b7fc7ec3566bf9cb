"""The settings behind a result, as its manifest holds them: every value with its unit, range and source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sim.scenario import Catalogue


class Setting(NamedTuple):
    """One setting of a scenario, in the unit of its card."""

    key: str
    name: str
    value: Any
    default: Any
    unit: str
    allowed: tuple[float, float] | None
    source: str
    chosen: bool  # set by the scenario, which states no source; ``source`` is that of the default

    @property
    def assumed(self) -> bool:
        """Whether its source is an assumption; what a scenario is about is not."""
        return not self.chosen and self.source.startswith("assumption")

    @property
    def differs(self) -> bool:
        """Whether it is not the default of its card."""
        return bool(self.value != self.default)


def settings_of(manifest: Mapping[str, Any], language: str) -> list[Setting]:
    """Every setting of the baseline arm, those that differ from their default first; none if the manifest has none.

    Values, defaults and sources are those that were sealed; names, units and ranges those of today's cards.
    """
    cards = Catalogue.load().cards
    rows = []
    for key, stored in manifest.get("settings", {}).items():
        card = cards.get(key)
        name = key if card is None else card.es if language == "es" else card.en
        unit, allowed = ("", None) if card is None else (card.unit, getattr(card, "range", None))
        value, default, source = stored["value"], stored["default"], stored["source"]
        stated = key.startswith("parameters.") or source == "set in code"
        rows.append(Setting(key, name, value, default, unit, allowed, source, value != default and not stated))
    return sorted(rows, key=lambda row: not row.differs)
