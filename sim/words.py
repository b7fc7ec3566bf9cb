"""Words for people: Spanish and English, both or neither.

``words.toml`` holds ``[key] es = "..." en = "..."``; a key with one language only does not load.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = ("es", "en")
WORDS = Path(__file__).with_name("words.toml")


class WordsError(ValueError):
    """A text lacks one of its languages, or a key is not in ``words.toml``."""


@dataclass(frozen=True)
class Words:
    """One text in both languages."""

    es: str
    en: str

    def __post_init__(self) -> None:
        if not self.es or not self.en:
            raise WordsError(f"Spanish and English, both or neither: es={self.es!r}, en={self.en!r}")

    def __call__(self, language: str) -> str:
        """The text in ``language`` (``es`` or ``en``)."""
        if language not in LANGUAGES:
            raise WordsError(f"unknown language {language!r}; choose es or en")
        return self.es if language == "es" else self.en


@cache
def load_words(path: Path = WORDS) -> dict[str, Words]:
    """Every text of a words file, by key."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    texts = {}
    for key, table in tables.items():
        if set(table) != set(LANGUAGES):
            raise WordsError(f"{path.name}: [{key}] needs es and en and nothing else, has {', '.join(table)}")
        texts[key] = Words(**table)
    return texts


def say(key: str, language: str) -> str:
    """The text ``key`` of ``words.toml`` in ``language``."""
    texts = load_words()
    if key not in texts:
        raise WordsError(f"no text {key!r} in words.toml")
    return texts[key](language)
