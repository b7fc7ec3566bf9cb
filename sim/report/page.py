"""The page: sections through the template, beside the data. The same data give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sim.figures.estimates import rows_of
from sim.figures.forests import compare_drawing
from sim.figures.names import NO_VALUE, fixed, scale, with_interval
from sim.figures.names import say as figure_words
from sim.report.blocks import Figure, Section, Table, Text, say, word
from sim.report.reading import Reading
from sim.report.sections import sections
from sim.results import load_result
from sim.words import LANGUAGES, Words, WordsError

if TYPE_CHECKING:
    import pandas as pd

TEMPLATE = Path(__file__).with_name("page.html.jinja")


def write_report(folder: Path | str, language: str = "es") -> Path:
    """Write one self-contained page on a sealed result, beside its data, and its figures under ``figures/``.

    Args:
        folder: a sealed folder of results.
        language: ``es`` writes ``report.html``, ``en`` writes ``report.en.html``.

    Raises:
        StoreError: nothing is sealed there. DamageError: a file is not what was sealed.
        WordsError: another language.
    """
    folder = Path(folder)
    tail = _tail(language)
    reading = Reading(load_result(folder), language)
    parts = sections(reading)
    (folder / "figures").mkdir(exist_ok=True)
    for section in parts:
        for block in section.blocks:
            if isinstance(block, Figure):
                _write(folder / "figures" / f"{block.drawing.key}{tail}.svg", block.drawing.file)
    code = f"{reading.manifest['code_version']} · {reading.manifest.get('ended') or ''}"
    return _write(folder / f"report{tail}.html", _page(reading.manifest["title"][language], parts, language, code))


def write_comparison(
    table: pd.DataFrame, names: Sequence[Words | str], folder: Path | str, language: str = "es"
) -> Path:
    """Write a table of paired differences as CSV, SVG and a small page; the path of the page.

    Args:
        table: from ``paired.table``.
        names: of the two scenarios, the one compared with first.
        folder: where ``comparison.csv``, ``comparison.svg`` and ``comparison.html`` go; made if need be. If it
            holds the runs too, the caption says what produced them.
        language: ``es`` or ``en``; English files end in ``.en.svg`` and ``.en.html``.
    """
    folder, tail = Path(folder), _tail(language)
    folder.mkdir(parents=True, exist_ok=True)
    a, b = (name(language) if isinstance(name, Words) else str(name) for name in names)
    texts = (figure_words("compare_title", language), figure_words("compare_desc", language))
    drawing = compare_drawing(table, language, texts)
    _write(folder / "comparison.csv", table.to_csv(index=False, lineterminator="\n"))
    _write(folder / f"comparison{tail}.svg", drawing.file)
    runs = int(table["runs"].max()) if len(table) else 0
    caption = say("c_compare", language, a=a, b=b, runs=runs) + _made_by(folder, language)
    shown = Figure(drawing, texts[0], caption, comparison_table(table, (a, b), language))
    lead = Text(say("compare_asked", language, a=a, b=b), "lead")
    section = Section(
        "comparison", word("h_compare", language), [lead, shown, Text(say("caution", language), "caution")]
    )
    return _write(folder / f"comparison{tail}.html", _page(f"{a} · {b}", [section], language, ""))


def comparison_table(table: pd.DataFrame, names: tuple[str, str], language: str) -> Table:
    """The numbers of a comparison, in the units that are shown."""
    rows = []
    for row in rows_of(table):
        shown = scale(row.observation, language)
        size = with_interval(row.difference, row.low, row.high, shown.factor, language, signed=True)
        ends = [fixed(getattr(row, arm) * shown.factor, 3) for arm in ("a", "b")]
        share = NO_VALUE if row.share_better != row.share_better else f"{100 * row.share_better:.0f} %"
        rows.append((shown.name, shown.unit, *ends, size, share, str(row.runs), fixed(row.variance_reduction, 1)))
    heads = [word(key, language) for key in ("indicator", "unit")]
    heads += [*names, *(word(key, language) for key in ("difference", "better_in", "runs", "gain"))]
    return Table(f"{names[1]} – {names[0]}", heads, rows, word("as_table", language))


def _made_by(folder: Path, language: str) -> Markup:
    """Design and code of the runs that a folder holds, as a sentence; nothing where it holds none."""
    path = folder / "manifest.json"
    if not path.is_file():
        return Markup("")
    facts = json.loads(path.read_text(encoding="utf-8"))
    return " " + say("made_by", language, design=facts["design_hash"][:12], code=facts["code_version"])


def _tail(language: str) -> str:
    if language not in LANGUAGES:
        raise WordsError(f"unknown language {language!r}; choose es or en")
    return "" if language == "es" else f".{language}"


def _page(title: str, parts: list[Section], language: str, footer: str) -> str:
    from jinja2 import Environment, StrictUndefined

    template = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True).from_string(
        TEMPLATE.read_text(encoding="utf-8")
    )
    words: dict[str, Any] = {key: say(key, language) for key in ("home", "contents", "figure")}
    about = {"title": title, "kind": say("summary_line", language), "footer": Markup("{}").format(footer)}
    return template.render(language=language, sections=parts, **words, **about)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
