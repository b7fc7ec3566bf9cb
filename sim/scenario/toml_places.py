"""Where a key or a value stands in a TOML file, and how a problem there is shown to a person.

tomllib gives values without positions, so the text is read a second time with an error-tolerant grammar. That
costs an import and is only done when there is a problem to place; no input makes it raise.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

Steps = tuple[str | int, ...]  # keys of tables and positions in arrays, from the top of the file

WIDEST_LINE = 120  # characters of a source line that are shown


class Span(NamedTuple):
    """Where something stands: line and column from 1 (in characters), and the characters it takes there."""

    line: int
    column: int
    width: int


@dataclass(frozen=True)
class Repeat:
    """A key or a table header stated a second time: where, where first, and its last line."""

    path: Steps
    span: Span
    first: Span
    last_line: int
    header: bool


class Places:
    """Positions of every key and value of a TOML text, valid or not."""

    def __init__(self, text: str) -> None:
        text = text.replace("\r\n", "\n")
        self.lines = text.split("\n")
        self.repeats: list[Repeat] = []
        self._bytes = [line.encode("utf-8", "replace") for line in self.lines]
        self._keys: dict[Steps, Span] = {}
        self._values: dict[Steps, Span] = {}
        self._stated: set[Steps] = set()  # pairs and headers, as opposed to tables that are only passed through
        self._elements: dict[Steps, int] = {}  # index of the newest element of each [[array of tables]]
        self._read("\n".join(self.lines).encode("utf-8", "replace"))

    def key(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column (from 1) of the key at ``path``, or of the nearest table around it, or (1, 1)."""
        span = self.span(path, "key")
        return span.line, span.column

    def value(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column (from 1) of the value at ``path``, or of the nearest table around it, or (1, 1)."""
        span = self.span(path, "value")
        return span.line, span.column

    def span(self, path: Sequence[str | int], part: str = "key") -> Span:
        """Where ``part`` (``key`` or ``value``) of ``path`` stands, or the nearest table around it."""
        steps = tuple(path)
        if part == "value" and steps in self._values:
            return self._values[steps]
        while steps:
            if steps in self._keys:
                return self._keys[steps]
            if isinstance(steps[-1], str) and (found := self._search(steps[-1])):
                return found
            steps = steps[:-1]
        return Span(1, 1, 1)

    def _search(self, key: str) -> Span | None:
        """The first ``key =`` in the text: for the rare valid TOML that the grammar does not read."""
        pattern = re.compile(rf"(?:^|[\s{{,.\"'])({re.escape(key)})[\"']?\s*[=.]")
        for number, line in enumerate(self.lines, start=1):
            if not line.lstrip().startswith("#") and (match := pattern.search(line)):
                return Span(number, match.start(1) + 1, max(1, len(key)))
        return None

    def _read(self, source: bytes) -> None:
        import tree_sitter_toml
        from tree_sitter import Language, Parser

        tree = Parser(Language(tree_sitter_toml.language())).parse(source)
        for node in tree.root_node.children:
            if node.type == "pair":
                self._pairs([(node, ())])
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        names = next((child for child in node.children if child.type.endswith("_key")), None)
        if names is None:
            return
        array = node.type == "table_array_element"
        prefix = self._header(_key_nodes(names), array, node)
        self._pairs([(child, prefix) for child in reversed(node.children) if child.type == "pair"])

    def _header(self, keys: list[Node], array: bool, node: Node) -> Steps:
        """Notes the header and returns the path its pairs live under (with the index inside an array)."""
        path: Steps = ()
        for depth, key in enumerate(keys):
            path = (*path, _name(key))
            last = depth == len(keys) - 1
            self._note(path, key, node, stated=last and not array, header=True)
            if last and array:
                self._elements[path] = self._elements.get(path, -1) + 1
                self._keys[(*path, self._elements[path])] = self._span(key)
            if path in self._elements:
                path = (*path, self._elements[path])
        return path

    def _pairs(self, waiting: list[tuple[Node, Steps]]) -> None:
        """Notes pairs and all inside them, the last one first; a list of work, for nesting has no limit."""
        while waiting:
            node, prefix = waiting.pop()
            parts = [child for child in node.children if child.type not in ("=", "ERROR", "comment")]
            if not parts or not parts[0].type.endswith("_key"):
                continue
            path, keys = prefix, _key_nodes(parts[0])
            for depth, key in enumerate(keys):
                path = (*path, _name(key))
                self._note(path, key, node, stated=depth == len(keys) - 1, header=False)
            if len(parts) > 1:
                self._value(path, parts[1], waiting)

    def _value(self, path: Steps, node: Node, pairs: list[tuple[Node, Steps]]) -> None:
        waiting = [(path, node)]
        while waiting:
            path, node = waiting.pop()
            self._values.setdefault(path, self._span(node))
            if node.type == "inline_table":
                pairs.extend((child, path) for child in reversed(node.children) if child.type == "pair")
            elif node.type == "array":
                items = [child for child in node.children if child.is_named and child.type != "comment"]
                waiting.extend(((*path, index), item) for index, item in enumerate(items))

    def _note(self, path: Steps, key: Node, whole: Node, *, stated: bool, header: bool) -> None:
        span = self._span(key)
        first = self._keys.setdefault(path, span)
        if stated and path in self._stated:
            self.repeats.append(Repeat(path, span, first, whole.end_point[0] + 1, header))
        elif stated:
            self._stated.add(path)
            self._keys[path] = span  # a table's own header says more than a longer one that passed through it

    def _span(self, node: Node) -> Span:
        (row, start), (last_row, end) = node.start_point, node.end_point
        if row >= len(self._bytes):
            return Span(len(self.lines), 1, 1)
        line = self._bytes[row]
        column = len(line[:start].decode("utf-8", "replace"))
        stop = len(line[:end].decode("utf-8", "replace")) if last_row == row else len(self.lines[row])
        return Span(row + 1, column + 1, max(1, stop - column))


def _key_nodes(node: Node) -> list[Node]:
    """The simple keys of a (possibly dotted) key, left to right."""
    keys, waiting = [], [node]
    while waiting:
        current = waiting.pop()
        if current.type == "dotted_key":
            waiting.extend(reversed(current.children))
        elif current.type in ("bare_key", "quoted_key"):
            keys.append(current)
    return keys


def _name(key: Node) -> str:
    """A key as tomllib would give it: quotes and escapes resolved."""
    text = (key.text or b"").decode("utf-8", "replace")
    if key.type == "bare_key":
        return text
    try:
        return next(iter(tomllib.loads(f"{text} = 0")), text)
    except ValueError:
        return text


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a setting, with all that is needed to mend it.

    Attributes:
        message: what is wrong, in one line.
        cure: what to do about it.
        key: dotted key of the setting, ``levers.rotation.period``; empty for a problem of the whole file.
        path: keys from the top of the file to the thing at fault, which may lie deeper than the setting.
        part: ``key`` or ``value``: which of the two the caret points at.
        value: the offending value as text; empty if there is none.
        unit, allowed, meaning: unit, allowed values and English name of the setting, from its card.
        file, line, column, width: where it stands (from 1; line 0 for something that was never in a file).
        source_line: the line of the file.
    """

    message: str
    cure: str = ""
    key: str = ""
    path: Steps = ()
    part: str = "key"
    value: str = ""
    unit: str = ""
    allowed: str = ""
    meaning: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    width: int = 1
    source_line: str = ""

    def placed(self, file: str, places: Places) -> Problem:
        """The same problem with its position in ``file``; a position already known stays."""
        span = Span(self.line, self.column, self.width) if self.line else places.span(self.path, self.part)
        return self.at(file, span, places.lines)

    def at(self, file: str, span: Span, lines: Sequence[str] = ()) -> Problem:
        """The same problem at a known position."""
        source = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
        return replace(self, file=file, line=span.line, column=span.column, width=span.width, source_line=source)

    def __str__(self) -> str:
        """The problem as a compiler would show it: place, the line itself, a caret, the cure and the card."""
        margin = " " * max(3, len(str(self.line)))
        lines = [f"error: {self.message}"]
        if self.file:
            lines.append(f"{margin[1:]}--> {self.file}" + (f":{self.line}:{self.column}" if self.line else ""))
        if self.line and self.source_line.strip():
            shown, caret = _excerpt(self.source_line, self.column, self.width)
            number = str(self.line).rjust(len(margin) - 1)
            lines += [f"{margin} |", f"{number}  | {shown}", f"{margin} | {caret} {self.cure}".rstrip()]
        elif self.cure:
            lines.append(f"{margin} = cure: {self.cure}")
        lines += [f"{margin} = {name}: {text}" for name, text in self._facts() if text]
        return "\n".join(lines)

    def _facts(self) -> tuple[tuple[str, str], ...]:
        setting = f"{self.key} ({self.meaning})" if self.meaning else ""
        return (("setting", setting), ("value", self.value), ("unit", self.unit), ("allowed", self.allowed))


def _excerpt(line: str, column: int, width: int) -> tuple[str, str]:
    """The part of a line that fits, safe for a terminal, and the carets below it."""
    start = max(0, column - 1 - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    shown = "".join(c if c.isprintable() or c == "\t" else "�" for c in line[start : start + WIDEST_LINE])
    before = shown[: column - 1 - start]
    carets = "^" * max(1, min(width, len(shown) - len(before)))
    return shown, "".join("\t" if c == "\t" else " " for c in before) + carets


def report_problems(problems: Iterable[Problem]) -> str:
    """All problems below each other, with a last line that counts them."""
    shown = [str(problem) for problem in problems]
    if not shown:
        return "no problems"
    count = "1 problem" if len(shown) == 1 else f"{len(shown)} problems"
    return "\n\n".join([*shown, count])


def shown(value: Any) -> str:
    """A value in one short line, written as in TOML; never raises."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    try:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    except Exception:  # an integer beyond Python's limit of digits, or an object with a broken __str__
        return "a value too long to show"
    if isinstance(value, str):
        text = '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:60]) + '"'
    return text if len(text) <= 60 else text[:57] + "..."
