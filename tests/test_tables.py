"""Tables: everyone reads a column, its owner alone writes it, in its turn."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from sim.tables import Column, OwnershipError, Table

TRUST = Column("people", "trust", "state", "share", "trust", 0.5)
AGE = Column("people", "age", "int32", "years", "age")
NEAR = Column("people", "near", "uint16", "row", "acquaintances", 7, width=4)


def people(rows: int = 3, precision: str = "float32") -> Table:
    table = Table("people", rows, precision)
    table.add("attitudes", (TRUST,))
    table.add("population", (AGE, NEAR))
    return table


def test_columns_are_born_neutral() -> None:
    table = people()
    assert table.trust.tolist() == [0.5, 0.5, 0.5]
    assert table.age.tolist() == [0, 0, 0]
    assert table.near.tolist() == [[7] * 4] * 3
    assert (table.trust.dtype, table.age.dtype, table.near.dtype) == (np.float32, np.int32, np.uint16)
    assert list(table.columns()) == ["trust", "age", "near"]
    assert table.nbytes() == 3 * 4 + 3 * 4 + 3 * 4 * 2


def test_state_columns_have_the_precision_of_the_scenario() -> None:
    assert people(precision="float64").trust.dtype == np.float64
    assert people(precision="float64").age.dtype == np.int32


def test_only_the_owner_writes_and_only_in_its_turn() -> None:
    table = people()
    with pytest.raises(OwnershipError, match=r"people\.trust belongs to attitudes, not to nobody"):
        table.write("trust", 0.1)
    table.turn = "talk"
    with pytest.raises(OwnershipError, match=r"people\.trust belongs to attitudes, not to talk"):
        table.edit("trust")
    table.turn = "attitudes"
    table.write("trust", [0.1, 0.2, 0.3])
    table.edit("trust")[0] = 0.9
    assert table.trust.tolist() == pytest.approx([0.9, 0.2, 0.3])
    with pytest.raises(OwnershipError):
        table.write("age", 4)
    assert (table.owner("trust"), table.owner("age")) == ("attitudes", "population")


def test_a_column_has_one_owner() -> None:
    with pytest.raises(OwnershipError, match=r"people\.age belongs to population; talk needs another name"):
        people().add("talk", (AGE,))


def test_what_is_read_is_locked() -> None:
    table = people()
    with pytest.raises(ValueError, match="read-only"):
        table.trust[0] = 1.0
    view = table.trust
    table.turn = "attitudes"
    table.write("trust", 0.8)
    assert view.tolist() == pytest.approx([0.8] * 3)  # a view, not a copy
    with pytest.raises(ValueError, match="read-only"):
        view += 1.0


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(AttributeError, match="table people has no column 'trusty'"):
        _ = people().trusty


def test_a_list_of_events_begins_anew() -> None:
    events = Table("events", 0)
    events.add("encounters", (Column("events", "citizen", "int64", "row", "resident"),))
    events.add("corruption", (Column("events", "bribe", "bool", "yes/no", "bribe"),))
    events.turn = "corruption"
    with pytest.raises(OwnershipError):
        events.resize(2)  # the owner of the first column makes the list
    events.turn = "encounters"
    events.resize(2)
    events.write("citizen", [4, 9])
    events.turn = "corruption"
    events.write("bribe", [True, False])
    events.turn = "encounters"
    events.resize(3)
    assert events.rows == 3
    assert events.citizen.tolist() == [0, 0, 0]
    assert events.bribe.tolist() == [False] * 3


def test_a_table_survives_pickling_locked() -> None:
    table = people()
    table.turn = "attitudes"
    table.write("trust", [0.1, 0.2, 0.3])
    table.turn = ""
    copy = pickle.loads(pickle.dumps(table))
    assert copy.trust.tobytes() == table.trust.tobytes()
    assert copy.owner("trust") == "attitudes"
    with pytest.raises(ValueError, match="read-only"):
        copy.trust[0] = 1.0
    copy.turn = "attitudes"
    copy.write("trust", 0.7)
    assert copy.trust.tolist() == pytest.approx([0.7] * 3)
    assert table.trust.tolist() == pytest.approx([0.1, 0.2, 0.3])
