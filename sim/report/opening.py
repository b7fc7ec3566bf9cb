"""The first section: what was asked, what was run, and what comes out, in sentences."""

from __future__ import annotations

from markupsafe import Markup

from sim.figures.estimates import headline_means, rows_of
from sim.figures.names import scale
from sim.report.blocks import Block, Items, Section, Table, Text, foreign, say, word
from sim.report.cells import mean_cell
from sim.report.reading import ANSWERS, Reading
from sim.report.sentences import answers, joined, tally


def question(reading: Reading) -> Section:
    """What was asked, what was run and what comes out."""
    language = reading.language
    section = Section("question", word("h_question", language))
    section.blocks += [Text(_asked(reading), "lead"), *_own_question(reading), Text(_what_ran(reading))]
    section.blocks += _town(reading) + _troubles(reading)
    section.blocks += _answer(reading)
    section.blocks.append(Text(say("caution", language), "caution"))
    return section


def _asked(reading: Reading) -> Markup:
    language, design = reading.language, reading.design
    if not design.levers:
        return say("asked_one", language, title=reading.manifest["title"][language])
    if design.levers == ("scenario",):
        others = [reading.name(arm) for arm in range(len(design.arms)) if arm != reading.baseline]
        parts = {"baseline": reading.name(reading.baseline), "others": joined(others, language)}
        return say("asked_scenarios", language, **parts)
    levers = joined([Markup("<b>{}</b>").format(reading.names.lever(lever)) for lever in design.levers], language)
    usual = reading.names.changes(design.arms[reading.baseline])
    return say("asked_levers", language, levers=levers, usual=usual)


def _own_question(reading: Reading) -> list[Block]:
    """The study's question as it was written."""
    asked = reading.manifest.get("question") or ""
    text = asked.get(reading.language, "") if isinstance(asked, dict) else asked
    return [Text(say("own_question", reading.language, text=text), "quiet")] if text else []


def _what_ran(reading: Reading) -> Markup:
    counts, manifest = reading.manifest["counts"], reading.manifest
    parts = {"arms": len(manifest["arms"]), "seeds": len(manifest["seeds"]), "weeks": reading.weeks or "?"}
    key = "ran" if len(manifest["arms"]) > 1 else "ran_one"
    text = say(key, reading.language, done=f"{counts['done']:,}", last=manifest["headline_weeks"], **parts)
    for key in ("failed", "missing"):
        if counts[key]:
            text += say(f"ran_{key}", reading.language, count=counts[key])
    return text


def _town(reading: Reading) -> list[Block]:
    """The municipality and what was handled while it was built."""
    place = reading.manifest.get("place")
    if not place:
        return []
    places = {
        "quadrants": len(place["quadrants"]),
        "sectors": len(place["sectors"]),
        "people": f"{place['residents']:,}",
    }
    made_up = place["kind"] == "synthetic"
    name = say("synthetic_town", reading.language) if made_up else Markup("{}").format(place["name"])
    found: list[Block] = [Text(say("town", reading.language, name=name, **places))]
    notes: list[tuple[Markup, list[Markup]]] = [(foreign(note, reading.language), []) for note in place["notes"]]
    return [*found, Items(word("town_notes", reading.language), notes)] if notes else found


def _troubles(reading: Reading) -> list[Block]:
    """Runs that failed and files that were damaged."""
    language = reading.language
    found: list[Block] = []
    failed = reading.runs[reading.runs["status"] != "ok"]
    if len(failed):
        rows = [
            (reading.name(row.arm), str(row.seed), foreign(_last_line(str(row.error)), language))
            for row in rows_of(failed)
        ]
        columns = [word(key, language) for key in ("arm", "seed", "error")]
        words = word("failed_runs", language, count=len(rows))
        found.append(Table(words, columns, rows, folded=words, names=2, words=True))
    if damage := reading.manifest.get("damage"):
        items: list[tuple[Markup, list[Markup]]] = [(foreign(str(line), language), []) for line in damage]
        return [*found, Items(word("damage", language), items)]
    return found


def _last_line(error: str) -> str:
    lines = [line.strip() for line in error.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "?"


def _answer(reading: Reading) -> list[Block]:
    language = reading.language
    cards = reading.held(ANSWERS)
    if not reading.design.levers:
        return [Items(word("h_answer", language), _levels(reading))] if reading.done else []
    lists = answers(reading, cards)
    if not lists:
        return [Text(say("no_answer", language), "caution")]
    table = reading.effects
    chosen = table[(table["kind"] == "simple") & table["observation"].isin([card.key for card in cards])]
    about = say("answer_intro", language, names=joined([card.name(language).lower() for card in cards], language))
    return [Text(about), *lists, Text(tally(chosen, language), "quiet")]


def _levels(reading: Reading) -> list[tuple[Markup, list[Markup]]]:
    """With nothing to compare: where each headline observation ends."""
    items: list[tuple[Markup, list[Markup]]] = []
    for row in rows_of(headline_means(reading.runs, [card.key for card in reading.cards])):
        shown = scale(row.observation, reading.language)
        value = mean_cell(row, shown)
        items.append((Markup("{}: <b>{}</b> {}").format(shown.name, value, shown.unit), []))
    return items
