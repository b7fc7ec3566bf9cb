"""Numbers as the cells of tables show them."""

from __future__ import annotations

from typing import Any

from sim.figures import names as shown_names
from sim.figures.names import NO_VALUE, Scale, with_interval


def mean_cell(row: Any, shown: Scale) -> str:
    """A mean with its interval, for a cell of a table; the interval ends where values do."""
    low, high = max(row.low, shown.floor), min(row.high, shown.ceiling)
    low, high = (low, high) if row.low == row.low else (row.low, row.high)
    return with_interval(row.mean, low, high, shown.factor, shown.language)


def difference_cell(row: Any, shown: Scale) -> str:
    """A difference with its interval and sign."""
    return with_interval(row.difference, row.low, row.high, shown.factor, shown.language, signed=True)


def better_cell(row: Any, better: str) -> str:
    """In how many of how many seeds it was for the better; nothing where neither direction is better."""
    return NO_VALUE if better == "neither" else f"{row.better}/{row.runs}"


def p_value(p: float) -> str:
    """A p value, for a table."""
    return NO_VALUE if p != p else "<0.001" if p < 0.001 else f"{p:.3f}"


def number_name(value: Any, language: str) -> str:
    """A setting's value on its own."""
    if isinstance(value, bool):
        return shown_names.say("yes" if value else "no", language)
    if isinstance(value, str):
        return shown_names.choice_name(value, language)
    return f"{value:,.15g}"
