"""Rate limits: how many requests one sender may make, and one receiver may be sent, in a span of time.

A window begins with the first request in it, and the next with the first one after its end.

Source: Spine Core SSP implementation guide, "Rate limiting" (429 and 503, the X-Rate-Limit fields).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """What is left of one ASID's limit; `now` is always in seconds of the same monotonic clock."""

    __slots__ = ("_began", "_limit", "_taken", "_window_s")

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._began = -inf
        self._taken = 0

    def standing(self, now: float) -> Standing:
        """Tell how it stands, and take nothing."""
        if self._is_over(now):
            return Standing(self._limit, self._limit, ceil(self._window_s))
        return Standing(self._limit, self._limit - self._taken, ceil(self._window_s - (now - self._began)))

    def take(self, now: float) -> None:
        """Take one request off; whoever asks has seen that one remains."""
        if self._is_over(now):
            self._began, self._taken = now, 0
        self._taken += 1

    def _is_over(self, now: float) -> bool:
        return now - self._began >= self._window_s


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests a window has for each ASID, and for some of them another number; None is no limit."""

    each: int | None = None
    of: Mapping[str, int | None] = field(default_factory=dict)


class Limits:
    """The allowances of all senders and of all receivers, each made when its ASID is first asked for."""

    def __init__(self, window_s: float = 60.0, sender: Quota | None = None, receiver: Quota | None = None) -> None:
        self._senders = _Side(sender or Quota(), window_s)
        self._receivers = _Side(receiver or Quota(), window_s)

    def of_sender(self, asid: str) -> Allowance | None:
        """Return what a sender has; None where it has no limit."""
        return self._senders.allowance(asid)

    def of_receiver(self, asid: str) -> Allowance | None:
        """Return what all senders together have at a receiver; None where it has no limit."""
        return self._receivers.allowance(asid)


class _Side:
    """All senders, or all receivers."""

    def __init__(self, quota: Quota, window_s: float) -> None:
        self._quota = quota
        self._window_s = window_s
        self._allowances: dict[str, Allowance] = {}

    def allowance(self, asid: str) -> Allowance | None:
        limit = self._quota.of.get(asid, self._quota.each)
        if limit is None:
            return None
        if asid not in self._allowances:
            self._allowances[asid] = Allowance(limit, self._window_s)
        return self._allowances[asid]
