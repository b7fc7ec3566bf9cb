"""The sections of a report, in the order in which they are read. A section that does not apply is not there."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from sim.figures.curves import committee_lives, over_time
from sim.figures.design import Design
from sim.figures.estimates import bands, blocks, headline_means, rows_by, rows_of
from sim.figures.forests import families, lever_effects
from sim.figures.grids import roles, together
from sim.figures.names import fixed, scale, with_interval
from sim.observations import observations
from sim.report.appendix import by_arm, parameters, provenance
from sim.report.blocks import Block, Figure, Section, Table, Text, say, word
from sim.report.cells import better_cell, difference_cell, mean_cell, p_value
from sim.report.opening import question
from sim.report.reading import PANELS, TOGETHER, Reading
from sim.report.sentences import joined, more_reports, tally

SHORT, LONG = 4, 13  # weeks that a point of the incidents' curves stands for, in runs of up to two years and longer
ROWS_OF_TIME = 13  # weeks between two rows of the tables behind curves


def sections(reading: Reading) -> list[Section]:
    """Every section that applies to a result."""
    makers: list[Callable[[Reading], Section | None]] = [question]
    makers += [trust, committees, incidents, two_families, lever_section, interaction_section]
    made = [make(reading) for make in [*makers, by_arm, parameters, provenance]]
    return [section for section in made if section is not None and section.blocks]


def caption(reading: Reading, key: str, arms: list[int], **parts: object) -> Markup:
    """What a figure shows, its uncertainty, its number of runs and what produced it."""
    runs = sorted({reading.done.get(arm, 0) for arm in [reading.baseline, *arms]})
    number = f"{runs[0]}" if len(runs) == 1 else f"{runs[0]}–{runs[-1]}"
    source = say(
        "source",
        reading.language,
        runs=number,
        design=str(reading.manifest["design_hash"])[:12],
        code=reading.manifest["code_version"],
    )
    return say(key, reading.language, **parts) + " " + source


# --- 2. to 4. curves


def trust(reading: Reading) -> Section | None:
    """Trust over time."""
    if reading.weekly is None or "trust" not in reading.weekly:
        return None
    language = reading.language
    arms = reading.singles
    texts = (word("f_trust", language), word("d_trust", language))
    panels = reading.panels(arms)
    drawing = over_time("trust", reading.weekly, ["trust"], panels, reading.baseline, language, texts, lines=True)
    words = caption(reading, "c_trust" if arms else "c_trust_one", arms)
    total = len([arm for _, _, arm in reading.design.alone() if arm in reading.done])
    if total > PANELS:
        words += " " + say("some_of", language, shown=len(arms), total=total)
    table = _time_table(reading, "trust", texts[0])
    return Section("trust", word("h_trust", language), [Figure(drawing, texts[0], words, table)])


def _time_table(reading: Reading, key: str, title: str) -> Table:
    """The bands of an observation, a row per arm and quarter."""
    assert reading.weekly is not None
    shown, rows = scale(key, reading.language), []
    summary = bands(reading.weekly, key)
    last = int(summary["week"].max()) if len(summary) else 0
    for row in rows_of(summary[(summary["week"] % ROWS_OF_TIME == 0) | (summary["week"] == last)]):
        numbers = [fixed(getattr(row, part) * shown.factor, 3) for part in ("p5", "p25", "p50", "p75", "p95")]
        rows.append((reading.name(row.arm), f"{row.week:g}", *numbers, str(row.runs)))
    heads = [word(name, reading.language) for name in ("arm", "week", "p5", "p25", "p50", "p75", "p95", "runs")]
    return Table(f"{title} ({shown.unit})", heads, rows, word("as_table", reading.language), 2)


def committees(reading: Reading) -> Section | None:
    """How long committees live, and who comes."""
    if reading.lives is None or reading.attendance is None or not len(reading.attendance):
        return None
    language = reading.language
    texts = (word("f_committees", language), word("d_committees", language))
    arms = [arm for arm in reading.shown if arm in reading.survival]
    people = reading.attendance
    drawing = committee_lives(reading.survival, people, reading.panels(arms), reading.baseline, language, texts)
    words = caption(reading, "c_committees", arms, lives=f"{len(reading.lives):,}")
    figure = Figure(drawing, texts[0], words, _attendance_table(reading, word("t_attendance", language)))
    lived = _survival_table(reading, arms)
    return Section("committees", word("h_committees", language), [figure, lived])


def _attendance_table(reading: Reading, title: str) -> Table:
    assert reading.attendance is not None
    rows = [
        (
            reading.name(row.arm),
            str(row.session),
            with_interval(row.mean, row.low, row.high, 1.0, reading.language),
            fixed(row.held, 1),
            str(row.runs),
        )
        for row in rows_of(reading.attendance)
    ]
    heads = [word(name, reading.language) for name in ("arm", "session", "people", "people_held", "runs")]
    return Table(title, heads, rows, word("as_table", reading.language), 2)


def _survival_table(reading: Reading, arms: list[int]) -> Table:
    """Share of committees alive after a quarter, half a year, one and two years."""
    language, rows = reading.language, []
    marks = [week for week in (13, 26, 52, 104) if week <= reading.weeks]
    for arm in [reading.baseline, *arms]:
        curve = reading.survival.get(arm)
        if curve is not None:
            at = [curve[curve["week"] <= week].iloc[-1] for week in marks]
            cells = [with_interval(row["alive"], row["low"], row["high"], 100.0, language, places=0) for row in at]
            rows.append((reading.name(arm), *cells))
    heads = [word("arm", language), *(word("after_weeks", language, weeks=week) for week in marks)]
    return Table(word("t_survival", language), heads, rows)


def incidents(reading: Reading) -> Section | None:
    """Incidents that occurred, were reported and were recorded."""
    keys = [key for key in ("occurred", "reported", "recorded") if key in reading.runs.columns]
    if reading.weekly is None or not keys:
        return None
    language = reading.language
    texts = (word("f_incidents", language), word("d_incidents", language))
    arms = reading.shown
    block = LONG if reading.weeks > 104 else SHORT
    points = blocks(reading.weekly[reading.weekly["arm"].isin([reading.baseline, *arms])], keys, block)
    drawing = over_time("incidents", points, keys, reading.panels(arms), reading.baseline, language, texts)
    words = caption(reading, "c_incidents", arms, block=block)
    table = _ends_table(reading, keys, arms, word("t_incidents", language))
    section = Section("incidents", word("h_incidents", language), [Figure(drawing, texts[0], words, table)])
    section.blocks.append(Text(more_reports(reading), "lead"))
    return section


def _ends_table(reading: Reading, keys: list[str], arms: list[int], title: str) -> Table:
    means = rows_by(headline_means(reading.runs, keys), "arm", "observation")
    rows = []
    for arm in [reading.baseline, *arms]:
        if arm in reading.done:
            ends = [means[arm, key] for key in keys]
            shown = [scale(key, reading.language) for key in keys]
            rows.append((reading.name(arm), *(mean_cell(end, it) for end, it in zip(ends, shown, strict=True))))
    shown_keys = [scale(key, reading.language) for key in keys]
    heads = [word("arm", reading.language), *(f"{shown.name} ({shown.unit})" for shown in shown_keys)]
    return Table(title, heads, rows, word("as_table", reading.language))


# --- 5. two families


def two_families(reading: Reading) -> Section | None:
    """Reactive indicators beside community indicators."""
    table = reading.differences
    if not reading.shown or table["difference"].isna().all():
        return None
    language = reading.language
    texts = (word("f_families", language), word("d_families", language))
    drawing = families(table, {arm: reading.name(arm) for arm in reading.shown}, language, texts)
    words = caption(reading, "c_families", reading.shown)
    rows = []
    for row in rows_of(table):
        card = observations()[row.observation]
        shown = scale(card.key, language)
        family = word(f"family_{card.family}", language)
        numbers = [difference_cell(row, shown), better_cell(row, card.better)]
        rows.append((family, shown.name, reading.name(row.arm), shown.difference_unit, *numbers))
    heads = [word(name, language) for name in ("family", "indicator", "arm", "unit", "difference", "better_in")]
    shown_table = Table(texts[0], heads, rows, word("as_table", language), 3)
    text = Text(say("families_intro", language))
    return Section("families", word("h_families", language), [text, Figure(drawing, texts[0], words, shown_table)])


# --- 6. levers


def lever_section(reading: Reading) -> Section | None:
    """Effect of each lever, with intervals."""
    if not reading.design.levers or reading.effects["difference"].isna().all():
        return None
    language, simple = reading.language, reading.factorial
    texts = (word("f_effects", language), word("d_effects", language))
    drawing = lever_effects(reading.effects, reading.cards, reading.names, texts, simple)
    words = caption(reading, "c_effects" if simple else "c_effects_one", list(reading.done))
    figure = Figure(drawing, texts[0], words, _effects_table(reading, texts[0], simple))
    main = reading.effects[reading.effects["kind"] == "main"]
    blocks_: list[Block] = [figure, Text(tally(main, language, "tally_main"))]
    return Section("effects", word("h_effects" if simple else "h_differences", language), blocks_)


def _effects_table(reading: Reading, title: str, simple: bool) -> Table:
    language, rows = reading.language, []
    keys = ("observation", "lever", "place")
    others = rows_by(reading.effects[reading.effects["kind"] == "simple"], *keys)
    for row in rows_of(reading.effects[reading.effects["kind"] == "main"]):
        card = observations()[row.observation]
        shown = scale(card.key, language)
        label = f"{reading.names.lever(row.lever)}: {reading.names.level(row.lever, row.level)}"
        better = better_cell(row, card.better)
        cells = [shown.difference_unit, difference_cell(row, shown), better, p_value(row.holm)]
        if simple:
            cells.append(difference_cell(others[row.observation, row.lever, row.place], shown))
        rows.append((shown.name, label, *cells))
    heads = ["indicator", "level", "unit", "main" if simple else "difference", "better_in", "holm"]
    columns = [word(name, language) for name in [*heads, *(["simple"] if simple else [])]]
    return Table(title, columns, rows, word("as_table", language), 2)


def interaction_section(reading: Reading) -> Section | None:
    """What levers do together."""
    cards = reading.held(TOGETHER)
    if not reading.factorial or not cards or reading.interactions["difference"].isna().all():
        return None
    language = reading.language
    texts = (word("f_interactions", language), word("d_interactions", language))
    keys = [card.key for card in cards]
    drawing = together(reading.runs, reading.design, keys, reading.names, texts)
    words = caption(reading, "c_interactions", list(reading.done)) + _left_out(reading, reading.design)
    figure = Figure(drawing, texts[0], words, _interaction_table(reading))
    sentence = Text(tally(reading.interactions, language, "tally_interactions"))
    return Section("interactions", word("h_interactions", language), [figure, sentence])


def _left_out(reading: Reading, design: Design) -> Markup:
    """Levers that the figure holds as in the baseline."""
    names = [reading.names.lever(lever) for lever in design.levers if lever not in roles(design)]
    text = say("held_fixed", reading.language, names=joined(names, reading.language))
    return Markup(" ") + text if names else Markup("")


def _interaction_table(reading: Reading) -> Table:
    language, names, rows = reading.language, reading.names, []
    for row in rows_of(reading.interactions):
        shown = scale(row.observation, language)
        one, two = row.one, row.two
        pair = f"{names.lever(one)}: {names.level(one, row.a)} + {names.lever(two)}: {names.level(two, row.b)}"
        cells = [
            shown.difference_unit,
            difference_cell(row, shown),
            str(row.runs),
            p_value(row.holm),
        ]
        rows.append((shown.name, pair, *cells))
    heads = [word(key, language) for key in ("indicator", "both", "unit", "beyond", "runs", "holm")]
    return Table(word("t_interactions", language), heads, rows, word("as_table", language), 2)
