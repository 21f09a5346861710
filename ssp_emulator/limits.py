"""Rate limits: how many requests one sender may make, and one receiver may be sent, in a span of time.

A window begins with the first request in it, and the next with the first one after its end.

Source: Spine Core SSP implementation guide, "Rate limiting" (429 and 503, the X-Rate-Limit fields).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.tallies import PlainTallies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssp_emulator.tallies import Numbers, Row, Tallies


@dataclass(frozen=True, slots=True)
class Standing:
    """How an allowance stands: `limit` requests a window, `remaining` of them, and seconds until the window ends."""

    limit: int
    remaining: int
    reset_s: int

    @property
    def spent(self) -> bool:
        """Whether no request is left."""
        return self.remaining == 0

    def __str__(self) -> str:
        return f"{self.remaining} of {self.limit} left, {self.reset_s} s to go"


class Allowance:
    """What is left of one ASID's limit; `now` is always in seconds of the same monotonic clock.

    Its row's first number is how many requests the window has let through, and the moment is when it began.
    """

    __slots__ = ("_limit", "_row", "_window_s")

    def __init__(self, limit: int, window_s: float, row: Row) -> None:
        self._limit = limit
        self._window_s = window_s
        self._row = row

    def standing(self, now: float) -> Standing:
        """Tell how it stands, and take nothing."""
        with self._row as numbers:
            return self._standing(numbers, now)

    def take(self, now: float, *others: Allowance) -> Spent | None:
        """Take one request off this allowance and off each of the others, or where one of them is spent, off none.

        Returns the first that is spent; None where all had one left.
        """
        with self._row as numbers:
            begins = self._is_over(numbers, now)
            taken = 0 if begins else numbers.first
            if taken >= self._limit:
                return Spent(self, self._standing(numbers, now))
            if others and (spent := others[0].take(now, *others[1:])) is not None:
                return spent
            numbers.first = taken + 1
            if begins:
                numbers.moment = now
            return None

    def _standing(self, numbers: Numbers, now: float) -> Standing:
        if self._is_over(numbers, now):
            return Standing(self._limit, self._limit, ceil(self._window_s))
        # Another process can have begun the window a little later than this one looked at the clock.
        elapsed = max(now - numbers.moment, 0.0)
        return Standing(self._limit, self._limit - numbers.first, ceil(self._window_s - elapsed))

    def _is_over(self, numbers: Numbers, now: float) -> bool:
        return not numbers.first or now - numbers.moment >= self._window_s


class Spent(NamedTuple):
    """An allowance of which nothing is left, and how it stands."""

    allowance: Allowance
    standing: Standing


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests a window has for each ASID, and for some of them another number; None is no limit."""

    each: int | None = None
    of: Mapping[str, int | None] = field(default_factory=dict)


class Limits:
    """The allowances of all senders and of all receivers, each made when its ASID is first asked for.

    `tallies` is where they are counted: with those that processes share, the limits hold for all of these together.
    """

    def __init__(
        self,
        window_s: float = 60.0,
        sender: Quota | None = None,
        receiver: Quota | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        tallies = tallies or PlainTallies()
        self._senders = _Side("sender", sender or Quota(), window_s, tallies)
        self._receivers = _Side("receiver", receiver or Quota(), window_s, tallies)

    def of_sender(self, asid: str) -> Allowance | None:
        """Return what a sender has; None where it has no limit."""
        return self._senders.allowance(asid)

    def of_receiver(self, asid: str) -> Allowance | None:
        """Return what all senders together have at a receiver; None where it has no limit."""
        return self._receivers.allowance(asid)


class _Side:
    """All senders, or all receivers."""

    def __init__(self, name: str, quota: Quota, window_s: float, tallies: Tallies) -> None:
        self._name = name
        self._quota = quota
        self._window_s = window_s
        self._tallies = tallies
        self._allowances: dict[str, Allowance] = {}

    def allowance(self, asid: str) -> Allowance | None:
        limit = self._quota.of.get(asid, self._quota.each)
        if limit is None:
            return None
        if asid not in self._allowances:
            row = self._tallies.named(f"{self._name} {asid}")
            self._allowances[asid] = Allowance(limit, self._window_s, row)
        return self._allowances[asid]
