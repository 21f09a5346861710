"""JSON without loss: what numbers are equal to, and texts that cannot be read or written."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import Any

import pytest

from ssp_emulator.faults.effects.exact_json import InexactError, Number, read, write


@pytest.mark.parametrize("other", [Number("1.1"), Number("11e-1"), Number("1.10"), 1.1])
def test_a_number_is_equal_to_one_of_its_value(other: object) -> None:
    assert Number("1.10") == other
    assert other == Number("1.10")


@pytest.mark.parametrize(
    "other", [Number("1.11"), 1, True, "1.10", None, Decimal("1.1"), [], Number("1e99999999999999999999")]
)
def test_a_number_differs_from_anything_else(other: object) -> None:
    assert Number("1.10") != other
    assert Number("1") != True  # noqa: E712 - to Python they are the same


def test_numbers_beyond_all_bounds_are_equal_as_they_are_written() -> None:
    assert Number("1e99999999999999999999") == Number("1e99999999999999999999")


def test_a_value_that_is_nested_too_deeply_is_not_written() -> None:
    deep: Any = reduce(lambda inner, _: [inner], range(100_000), [])

    with pytest.raises(InexactError, match="nested too deeply"):
        write(deep)


@pytest.mark.parametrize(
    ("text", "written"), [("[ ]", "[]"), ("{ }", "{}"), ('[{"a" : [1.0, {}]} ]', '[{"a":[1.0,{}]}]')]
)
def test_white_space_alone_is_lost(text: str, written: str) -> None:
    assert write(read(text.encode())).decode() == written


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "NaN"])
def test_what_only_python_takes_for_json_is_refused(text: str) -> None:
    with pytest.raises(InexactError, match=f"the body has {text} in it"):
        read(text.encode())
