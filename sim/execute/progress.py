"""Progress of a long study: for a bar on a terminal, a line a minute in a log, nothing when nobody asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Anything that is told of each stored run."""

    def advance(self, *, failed: bool) -> None:
        """One more run is stored."""


class Silent:
    """Says nothing."""

    def advance(self, *, failed: bool) -> None:
        """One more run is stored."""


class Lines:
    """A line a minute on stderr, for logs."""

    EVERY = 60.0  # s

    def __init__(self, total: int) -> None:
        self.total, self.done, self.failed = total, 0, 0
        self.start = self.said = time.monotonic()

    def advance(self, *, failed: bool) -> None:
        """One more run is stored."""
        self.done += 1
        self.failed += failed
        now = time.monotonic()
        if now - self.said >= self.EVERY:
            self.said = now
            rate = self.done / (now - self.start)
            left = (self.total - self.done) / rate / 60
            words = f"{self.done}/{self.total} runs, {self.failed} failed, {rate:.2f}/s, {left:.0f} min left"
            print(words, file=sys.stderr, flush=True)


class Bar:
    """Feeds a bar with runs done, runs failed and the rate in words."""

    def __init__(self, show: Callable[[int, int, str], None]) -> None:
        self.show, self.done, self.failed = show, 0, 0
        self.start = time.monotonic()

    def advance(self, *, failed: bool) -> None:
        """One more run is stored."""
        self.done += 1
        self.failed += failed
        self.show(self.done, self.failed, f"{self.done / max(time.monotonic() - self.start, 1e-9):.2f}/s")
