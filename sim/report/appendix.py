"""What stands behind a report: all means by arm, every parameter with its source, and where the result comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from sim.figures import names as shown_names
from sim.figures.contrasts import is_sure
from sim.figures.estimates import headline_means, rows_by
from sim.figures.names import NO_VALUE, scale, unit_name
from sim.observations import Observation
from sim.report.blocks import Block, Section, Table, Text, foreign, say, word
from sim.report.cells import mean_cell, number_name
from sim.report.reading import Reading
from sim.report.settings import Setting, settings_of

WIDE = 6  # observations that a table of means shows beside each other
MANY = 12  # arms from which that table is folded


def by_arm(reading: Reading) -> Section | None:
    """Mean, interval and runs of every headline observation in every arm."""
    if not reading.done:
        return None
    order = ("community", "reactive", "force", "government")
    cards = sorted(reading.cards, key=lambda card: order.index(card.family))
    parts = [cards[start : start + WIDE] for start in range(0, len(cards), WIDE)]
    section = Section("by_arm", word("h_by_arm", reading.language))
    section.blocks.append(Text(say("by_arm_intro", reading.language, weeks=reading.manifest["headline_weeks"])))
    section.blocks += [_means(reading, part) for part in parts]
    return section


def _means(reading: Reading, cards: Sequence[Observation]) -> Table:
    language = reading.language
    table = rows_by(headline_means(reading.runs, [card.key for card in cards]), "arm", "observation")
    shown = [scale(card.key, language) for card in cards]
    rows = []
    for arm in sorted(reading.done):
        ends = zip([table[arm, card.key] for card in cards], shown, strict=True)
        cells = [mean_cell(row, it) for row, it in ends]
        name = reading.name(arm) if arm != reading.baseline else word("baseline_arm", language, name=_whole(reading))
        rows.append((name, str(reading.done[arm]), *cells))
    heads = [word(key, language) for key in ("arm", "runs")] + [f"{it.name} ({it.unit})" for it in shown]
    title = ", ".join(it.name for it in shown)
    return Table(title, heads, rows, word("show_means", language, names=title) if len(rows) > MANY else "")


def _whole(reading: Reading) -> str:
    return reading.names.changes(reading.design.arms[reading.baseline])


# --- parameters


def parameters(reading: Reading) -> Section:
    """Every setting with value, unit, range and source; the levers of each arm."""
    language = reading.language
    section = Section("parameters", word("h_parameters", language))
    if rows := settings_of(reading.manifest, language):
        section.blocks += _settings(reading, rows)
    else:
        section.blocks.append(Text(say("no_settings", language), "caution"))
    if reading.design.levers and len(reading.design.arms) > 1:
        section.blocks.append(_arms(reading))
    return section


def _settings(reading: Reading, rows: list[Setting]) -> list[Block]:
    language = reading.language
    own, rest = [row for row in rows if row.differs], [row for row in rows if not row.differs]
    assumed = [row for row in rows if row.assumed]
    counts = {
        "total": len(rows),
        "own": len(own),
        "assumed": len(assumed),
        "share": f"{100 * len(assumed) / len(rows):.0f}",
    }
    found: list[Block] = [Text(say("parameters_intro", language, **counts))]
    for key, part, folded in (("own", own, False), ("default", rest, True), ("assumptions", assumed, True)):
        if part:
            title = word(f"t_{key}", language, count=len(part))
            found.append(_setting_table(title, part, language, folded))
    return found


def _setting_table(title: str, rows: list[Setting], language: str, folded: bool) -> Table:
    heads = [word(key, language) for key in ("setting", "key", "value", "default", "unit", "range", "evidence")]
    cells = [
        (
            row.name,
            Markup("<code>{}</code>").format(Markup(".<wbr>").join(row.key.split("."))),
            number_name(row.value, language),
            number_name(row.default, language),
            unit_name(row.unit, language),
            NO_VALUE if row.allowed is None else "–".join(number_name(end, language) for end in row.allowed),
            (say("chosen", language) if row.chosen else Markup("")) + _source(row.source, language),
        )
        for row in rows
    ]
    return Table(title, heads, cells, title if folded else "", words=True)


def _source(source: str, language: str) -> Markup:
    """An evidence id, or the assumption with its reason."""
    head, colon, why = source.partition(":")
    if head == "assumption" and colon:
        return say("assumption", language) + foreign(why.strip(), language)
    return foreign(source, language)


def _arms(reading: Reading) -> Table:
    language, design = reading.language, reading.design
    rows = [
        (
            str(index),
            *(reading.names.level(lever, arm[lever]) for lever in design.levers),
            str(reading.done.get(index, 0)),
        )
        for index, arm in enumerate(design.arms)
    ]
    usual = f"{reading.baseline} ({shown_names.say('baseline', language)})"
    rows[reading.baseline] = (usual, *rows[reading.baseline][1:])
    heads = [word("arm", language), *map(reading.names.lever, design.levers), word("runs", language)]
    title = word("t_arms", language)
    return Table(title, heads, rows, title if len(rows) > MANY else "", words=True)


# --- provenance


def provenance(reading: Reading) -> Section:
    """Where the result comes from, and how to make it again."""
    language = reading.language
    section = Section("provenance", word("h_provenance", language))
    rows = [(word(f"m_{key}", language), value) for key, value in _facts(reading)]
    heads = [word(key, language) for key in ("fact", "value")]
    section.blocks.append(Table(word("t_manifest", language), heads, rows, words=True))
    section.blocks.append(Text(say("reproduce", language, command=command(reading))))
    if reading.design.levers and reading.done:
        section.blocks.append(Text(_significance(reading)))
    return section


def _facts(reading: Reading) -> list[tuple[str, Any]]:
    manifest = reading.manifest
    git, machine = manifest.get("git", {}), manifest.get("machine", {})
    dirty = {True: "dirty", False: "clean", None: "unknown"}[git.get("dirty")]
    seeds = [str(seed) for seed in manifest["seeds"]]
    facts = [
        ("scenario", f"{manifest['scenario']} · {manifest['scenario_hash']}"),
        ("design", manifest["design_hash"]),
        ("code", manifest["code_version"]),
        ("git", f"{git.get('commit') or '–'} ({say(dirty, reading.language)})"),
        ("draws", str(manifest["draw_scheme"])),
        ("seeds", ", ".join(seeds) if len(seeds) <= 30 else f"{seeds[0]} … {seeds[-1]} ({len(seeds)})"),
        ("times", f"{manifest.get('started')} – {manifest.get('ended')}"),
        ("machine", f"{machine.get('platform')}, Python {machine.get('python')}"),
        ("packages", ", ".join(f"{name} {version}" for name, version in manifest.get("packages", {}).items())),
    ]
    return [*facts, ("files", _files(manifest["files"]))]


def _files(files: dict[str, Any]) -> Markup:
    lines = [
        Markup("{} <code>{}</code> ({:,})").format(name, about["sha256"], about["rows"])
        for name, about in sorted(files.items())
    ]
    return Markup("<br>").join(lines)


def command(reading: Reading) -> str:
    """The command that makes the result again, as far as the folder tells."""
    manifest = reading.manifest
    names = [str(arm["label"]).partition(" (")[0] for arm in manifest["arms"]]
    seeds = len(manifest["seeds"])
    if list(manifest["levers"]) != ["scenario"]:
        return f"cuadrante sweep experiments/{reading.result.folder.name}.toml --seeds {seeds}"
    files = " ".join(f"scenarios/{name}.toml" for name in names)
    return f"cuadrante {'run' if len(names) == 1 else 'compare'} {files} --seeds {seeds}"


def _significance(reading: Reading) -> Markup:
    """Which headline observations keep a clear main effect after Holm's correction."""
    main = reading.effects[reading.effects["kind"] == "main"]
    kept = [card for card in reading.cards if (main[main["observation"] == card.key]["holm"] <= 0.05).any()]
    known = main[main["runs"] > 1]
    sure = [is_sure(low, high) for low, high in zip(known["low"], known["high"], strict=True)]
    names = ", ".join(card.name(reading.language).lower() for card in kept) or "–"
    return say("holm_text", reading.language, count=len(known), sure=sum(sure), names=names)
