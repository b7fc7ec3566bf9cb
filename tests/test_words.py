"""Words: Spanish and English, both or neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.words import Words, WordsError, load_words, say


def test_a_text_speaks_both_languages() -> None:
    words = Words("cuadrante", "quadrant")
    assert (words("es"), words("en")) == ("cuadrante", "quadrant")
    with pytest.raises(WordsError, match="unknown language 'fr'; choose es or en"):
        words("fr")


@pytest.mark.parametrize(("es", "en"), [("", "quadrant"), ("cuadrante", ""), ("", "")])
def test_half_a_text_is_none(es: str, en: str) -> None:
    with pytest.raises(WordsError, match="both or neither"):
        Words(es, en)


@pytest.mark.parametrize(
    "text",
    [
        '[hello]\nes = "hola"\n',
        '[hello]\nen = "hello"\n',
        '[hello]\nes = "hola"\nen = "hello"\nfr = "salut"\n',
        '[hello]\nes = "hola"\nen = ""\n',
    ],
)
def test_a_file_with_half_a_text_does_not_load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WordsError):
        load_words(path)


def test_a_file_of_words(tmp_path: Path) -> None:
    path = tmp_path / "words.toml"
    path.write_text('[bye]\nes = "adiós"\nen = "bye"\n', encoding="utf-8")
    assert load_words(path) == {"bye": Words("adiós", "bye")}


def test_the_product_has_a_name_in_both() -> None:
    assert "policía" in say("product", "es")
    assert "police" in say("product", "en")
    with pytest.raises(WordsError, match=r"no text 'nothing' in words\.toml"):
        say("nothing", "en")
    assert all(words("es") and words("en") for words in load_words().values())
