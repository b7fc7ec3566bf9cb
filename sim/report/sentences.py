"""Sentences: what a result says, in words a reader can check, with natural frequencies and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from sim.figures.contrasts import SIGN, is_sure
from sim.figures.estimates import rows_by, rows_of
from sim.figures.names import scale, with_interval
from sim.observations import Observation
from sim.report.blocks import Items, say, word
from sim.report.reading import Reading


def joined(words: Sequence[Any], language: str) -> Markup:
    """Words as a list in a sentence: "a, b and c"."""
    parts = [Markup("{}").format(word) for word in words]
    if len(parts) < 2:
        return parts[0] if parts else Markup("")
    last = say("and", language)
    return Markup("{} {} {}").format(Markup(", ").join(parts[:-1]), last, parts[-1])


def change(card: Observation, found: Any, language: str) -> Markup:
    """ "<b>Trust</b> rises by 0.031 (0.020 to 0.042), in 10 of 10 simulations: better"."""
    shown = scale(card.key, language)
    rises = found.difference > 0
    sign = SIGN[card.better] * (1 if rises else -1)
    verdict = say({1: "better", -1: "worse", 0: "different"}[int(sign)], language)
    ends = (found.low, found.high) if rises else (-found.high, -found.low)
    on_scale = card.unit.endswith("scale")
    unit = "" if on_scale else shown.difference_unit
    size = with_interval(abs(found.difference), *ends, shown.factor, language, unit=unit)
    size += f", {shown.unit}" if on_scale else ""
    times = found.up if rises else found.down
    parts = {"name": shown.name, "size": size, "verdict": verdict}
    return say("rises" if rises else "falls", language, **parts, times=times, runs=found.runs)


def about_arm(reading: Reading, rows: pd.DataFrame, cards: Sequence[Observation]) -> list[Markup]:
    """What an arm surely changes, a sentence each, and what it does not."""
    lines, unclear, unknown = [], [], []
    for card in cards:
        for row in rows_of(rows[rows["observation"] == card.key]):
            name = card.name(reading.language)
            if row.runs < 2:
                unknown.append(name)
            elif is_sure(row.low, row.high):
                lines.append(change(card, row, reading.language))
            else:
                unclear.append(name)
    for key, names in (("no_clear_change", unclear), ("too_few_runs", unknown)):
        if names:
            lines.append(say(key, reading.language, names=joined([name.lower() for name in names], reading.language)))
    return lines


def answers(reading: Reading, cards: Sequence[Observation]) -> list[Items]:
    """For each lever, what each of its values surely changes against the baseline arm."""
    table = reading.effects[reading.effects["kind"] == "simple"]
    found = []
    for lever in reading.design.levers:
        items = []
        for place, level in enumerate(reading.design.others(lever)):
            rows = table[(table["lever"] == lever) & (table["place"] == place)]
            if rows["runs"].max() > 0:
                name = reading.names.level(lever, level)
                items.append((Markup("<b>{}</b>").format(name), about_arm(reading, rows, cards)))
        if items:
            usual = reading.names.level(lever, reading.design.usual(lever))
            heading = word("instead_of", reading.language, lever=reading.names.lever(lever), usual=usual)
            found.append(Items(heading, items))
    return found


def tally(table: pd.DataFrame, language: str, key: str = "tally") -> Markup:
    """How many of a family of comparisons are clear, before and after Holm's correction."""
    known = table[table["runs"] > 1]
    sure = sum(is_sure(low, high) for low, high in zip(known["low"], known["high"], strict=True))
    left = int((known["holm"] <= 0.05).sum())
    return say(key, language, count=len(known), sure=sure, holm=left)


def more_reports(reading: Reading) -> Markup:
    """Whether more people report while less happens: then more reports are a success."""
    language, found = reading.language, []
    ends = rows_by(reading.differences, "observation", "arm")
    for arm in reading.shown:
        reported, occurred = ends.get(("reported", arm)), ends.get(("occurred", arm))
        if reported and occurred and reported.low > 0 and not occurred.low > 0:
            found.append(reading.name(arm))
    general = say("more_reports", language)
    return general + (say("more_reports_here", language, arms=joined(found, language)) if found else Markup(""))
