"""A check's verdict: passed, failed, skipped or not reached, with what was expected and what was found."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ssp_emulator.outcome import Denial


class Result(StrEnum):
    """How a check ended; the value stands in the audit record."""

    PASSED = "pass"
    FAILED = "fail"
    SKIPPED = "skipped"
    NOT_REACHED = "not reached"


class Verdict(NamedTuple):
    """What a check says of an exchange; a denial where it refuses it."""

    result: Result
    found: str
    expected: str | None = None
    denial: Denial | None = None


_PASSED = Result.PASSED  # an enumeration's member costs a third of a verdict, and checks pass far more than they fail


def allow(found: str) -> Verdict:
    """The check passes; `found` is what it looked at."""
    return Verdict(_PASSED, found)


def skip(found: str) -> Verdict:
    """The configuration gives the check nothing to look at; `found` says so."""
    return Verdict(Result.SKIPPED, found)


def deny(denial: Denial, *, expected: str, found: str) -> Verdict:
    """The check fails, and the denial answers the request."""
    return Verdict(Result.FAILED, found, expected, denial)


def overlook(*, expected: str, found: str) -> Verdict:
    """The check fails, and the configuration says to write that down and go on."""
    return Verdict(Result.FAILED, found, expected)
