"""Luck has a name: one stream of random words per decision, keyed by seed, process, week and decision, aligned to rows.

NumPy's Philox takes a key and a counter, so the word of a row depends on nothing but those names and the row's slot:
the same citizen meets the same luck under two policies, a policy that does nothing changes exactly nothing, threads and
processes cannot change a result, and a new mechanism that draws does not move the draws of the old ones.
Draw for every row, then use some.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

from sim.tables import Table

SCHEME = 1  # version of the draw scheme; a change of the words of any stream raises it, and with it every run's name
LASTING = 1 << 40  # the "week" of traits that are drawn once and kept
_MASK = (1 << 64) - 1


_EMPTY = np.zeros(4, np.uint64)


@cache
def _key(seed: int, process: str, decision: str) -> tuple[int, int]:
    """Two 64-bit words: one for the seed and the scheme, one for the process and its decision."""
    return _hash(f"seed/{SCHEME}/{seed}"), _hash(f"{process}/{decision}")


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


class Luck:
    """The draws of one run; ``of`` binds them to a process and a week. One thread at a time may draw from it.

    Attributes:
        seed: the run's seed, a whole number >= 0.
    """

    def __init__(self, seed: int, process: str = "", week: int = LASTING, engine: Philox | None = None) -> None:
        self.seed = seed
        self._process = process
        self._week = week & _MASK  # weeks before the start count back from 2**64
        self._engine = engine or Philox(key=0)  # set anew before every draw, ten times quicker than made anew

    def of(self, process: str, week: int) -> Luck:
        """The luck of one process in one week."""
        return Luck(self.seed, process, week, self._engine)

    def lasting(self) -> Luck:
        """The luck of traits that never change: the same in every week."""
        return Luck(self.seed, self._process, LASTING, self._engine)

    def _raw(self, decision: str, size: int) -> NDArray[np.uint64]:
        """The first ``size`` 64-bit words of Philox under the decision's key, from the week's counter on."""
        state: Any = {
            "bit_generator": "Philox",
            "state": {"counter": (0, self._week, 0, 0), "key": _key(self.seed, self._process, decision)},
            "buffer": _EMPTY,
            "buffer_pos": 4,
            "has_uint32": 0,
            "uinteger": 0,
        }
        self._engine.state = state
        return self._engine.random_raw(size)

    def words(self, decision: str, rows: Table | int) -> NDArray[np.uint32]:
        """One 32-bit word for every row of a table (or for ``rows`` rows), uint32[rows]."""
        if isinstance(rows, int):
            return self._raw(decision, (rows + 1) // 2).view(np.uint32)[:rows]
        if rows.slots is None:
            return self.words(decision, rows.rows)
        return self.words(decision, int(rows.slots.max(initial=-1)) + 1)[rows.slots]

    def longs(self, decision: str, rows: Table | int) -> NDArray[np.uint64]:
        """One 64-bit word for every row, uint64[rows]."""
        if isinstance(rows, int):
            return self._raw(decision, rows)
        if rows.slots is None:
            return self._raw(decision, rows.rows)
        return self._raw(decision, int(rows.slots.max(initial=-1)) + 1)[rows.slots]
