"""JSON in printable ASCII: whatever is written is read back, and no byte of it does anything to a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator.ascii_json import ascii_json

TEXTS = st.text(st.characters(), max_size=20)  # halves of surrogate pairs among them
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@dataclass
class Thing:
    """What JSON has no type for."""

    name: str


@settings(deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back_and_printable(value: Any) -> None:
    written = ascii_json(value)

    assert json.loads(written) == value
    assert all(0x20 <= byte <= 0x7E for byte in written)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": [None, True, 0.5]}, b'{"b":1,"a":[null,true,0.5]}'),
        ("plain /?=&|~", b'"plain /?=&|~"'),
        ('"\\\n\0', rb'"\"\\\n\u0000"'),
        ("\x7f", rb'"\u007f"'),
        ("caf\u00e9", rb'"caf\u00e9"'),
        ("\x9b31m", rb'"\u009b31m"'),
        ("\u202e\u2028", rb'"\u202e\u2028"'),
        ("\U0001f600", rb'"\ud83d\ude00"'),
        ("\udcff", rb'"\udcff"'),
        (2**64, b"18446744073709551616"),
        ({"key": {1: "number"}}, b'{"key":{"1":"number"}}'),
    ],
)
def test_a_value_letter_by_letter(value: Any, written: bytes) -> None:
    assert ascii_json(value) == written


@pytest.mark.parametrize("value", [{1, 2}, Thing("x"), datetime(2026, 3, 4, tzinfo=UTC), b"bytes"])
@pytest.mark.parametrize("beside", ["", "\udcff"])
def test_what_json_has_no_type_for_is_refused_or_stood_for(value: Any, beside: str) -> None:
    with pytest.raises(TypeError):
        ascii_json([value, beside])

    assert json.loads(ascii_json([value, beside], lambda each: type(each).__name__)) == [type(value).__name__, beside]
