"""The NHS number's check digit."""

from __future__ import annotations

import re

_TEN_DIGITS = re.compile(r"[0-9]{10}")


def is_nhs_number(text: str) -> bool:
    """Tell whether a text is ten digits without spaces whose last is the modulus 11 check digit of the others.

    Source: NHS Data Dictionary, "NHS Number".
    """
    if not _TEN_DIGITS.fullmatch(text):
        return False
    weighted = sum(int(digit) * weight for digit, weight in zip(text[:9], range(10, 1, -1), strict=True))
    # A remainder of 1 would need the digit 10: no number is issued with it, and no single digit equals it.
    return (11 - weighted % 11) % 11 == int(text[9])
