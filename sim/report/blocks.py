"""What a page is made of: sections of paragraphs, lists, tables and figures. The template knows nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sim.figures.canvas import Drawing
from sim.words import load_words

WORDS = Path(__file__).with_name("words.toml")


def say(key: str, language: str, **parts: object) -> Markup:
    """A text of ``words.toml``; what fills its blanks is escaped, the text itself may hold HTML."""
    text = Markup(load_words(WORDS)[key](language))
    return text.format(**parts) if parts else text


def word(key: str, language: str, **parts: object) -> str:
    """A text of ``words.toml`` as plain text, for titles and the heads of tables."""
    text = load_words(WORDS)[key](language)
    return text.format(**parts) if parts else text


def foreign(text: str, language: str) -> Markup:
    """Text that exists in English alone, marked as such on a Spanish page so that it is read aloud rightly."""
    return Markup('<span lang="en">{}</span>').format(text) if language != "en" and text else Markup("{}").format(text)


@dataclass(frozen=True)
class Text:
    """A paragraph; ``role`` is its look: plain, ``lead``, ``caution`` or ``quiet``."""

    text: Markup
    role: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Items:
    """A list under a small heading; an item may have items of its own."""

    heading: str
    items: Sequence[tuple[Markup, Sequence[Markup]]]
    kind: str = "items"


@dataclass(frozen=True)
class Table:
    """A table; ``folded`` is the text to click on where it is not shown at once.

    The first ``names`` columns head the rows; the rest are numbers, or words if ``words``.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    folded: str = ""
    names: int = 1
    words: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """A figure with its number, title, caption and the numbers it shows."""

    drawing: Drawing
    title: str
    caption: Markup
    table: Table
    kind: str = "figure"


Block = Text | Items | Table | Figure


@dataclass
class Section:
    """A part of the page with its own heading."""

    key: str
    title: str
    blocks: list[Block] = field(default_factory=list)
