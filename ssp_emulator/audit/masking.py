"""Masking: NHS numbers are kept out of what is written down, wherever ten digits may be one.

Ten digits that stand alone, in one piece or in the groups of three, three and four in which NHS numbers are written,
are masked; percent-encoding before and between them is seen through. A time in Unix seconds is left, as it says why a
token was refused, unless its last digit is also the check digit of an NHS number.

Source: NHS Data Model and Dictionary, "NHS NUMBER" (ten digits, of which the last is a check digit by modulus 11).
"""

from __future__ import annotations

import re
from typing import Any

MASK = "##########"

_GAP = r"(?:[ +._-]|%(?:25)*(?:09|20|2[bBdDeE]|5[fF])){0,2}"
_BEFORE = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f]{2})|(?<=%25[0-9A-Fa-f]{2})|(?<=%2525[0-9A-Fa-f]{2}))"
_DIGIT = r"(?:[0-9]|%(?:25)*3[0-9])"  # percent-encoded, which nobody needs to do, it is a digit still
_NUMBER = re.compile(
    rf"(?=[0-9%]){_BEFORE}({_DIGIT}{{3}}){_GAP}({_DIGIT}{{3}}){_GAP}({_DIGIT}{{4}})(?![0-9A-Za-z]|%(?:25)*3[0-9])"
)
_SUSPECT = re.compile(r"[0-9]{3}|%")  # much quicker, and no number is without
_DIGITS = 10
_ENCODING = re.compile(r"%(?:25)*3")
_TIMES = range(1_400_000_000, 2_200_000_000)  # Unix seconds, from 2014 to 2039
_SPARED = frozenset({"client", "time"})  # what holds no text of a consumer's but the certificate's


def masked(text: str) -> str:
    """Return a text without NHS numbers."""
    return _NUMBER.sub(_mask, text) if len(text) >= _DIGITS and _SUSPECT.search(text) is not None else text


def masked_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Return a record's facts without NHS numbers, but for the parts where none can be."""
    return {key: value if key in _SPARED else _masked(value) for key, value in facts.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: _masked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return value


def _mask(found: re.Match[str]) -> str:
    digits = _ENCODING.sub("", "".join(found.groups()))
    return found[0] if int(digits) in _TIMES and not _has_check_digit(digits) else MASK


def _has_check_digit(digits: str) -> bool:
    weighed = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    return (11 - weighed % 11) % 11 == int(digits[9])
