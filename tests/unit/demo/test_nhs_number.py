"""The NHS number's check digit, held against the nhs-number package."""

from __future__ import annotations

import nhs_number
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssp_emulator.demo.provider.nhs_number import is_nhs_number


@pytest.mark.parametrize("number", ["9991230017", "9991230904", "9434765919", "4010232137"])
def test_accepts_numbers_with_the_right_check_digit(number: str) -> None:
    assert nhs_number.is_valid(number)
    assert is_nhs_number(number)


@pytest.mark.parametrize(
    "number",
    [
        "9991230018",  # another check digit
        "999123001",  # nine digits
        "99912300170",
        "999 123 0017",
        "999-123-0017",
        "999123001X",
        "٩٩٩١٢٣٠٠١٧",  # digits, but not those
        "9991230017\n",
        "",
    ],
)
def test_refuses_everything_else(number: str) -> None:
    assert not is_nhs_number(number)


@given(st.integers(0, 9_999_999).map("999{:07}".format))
def test_agrees_with_the_package_on_every_number_of_the_test_range(number: str) -> None:
    assert is_nhs_number(number) is bool(nhs_number.is_valid(number))
