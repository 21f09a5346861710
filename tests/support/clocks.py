"""A clock that a test moves on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovableClock:
    """The machine's time at first, which then stands still until a test lets time go by."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the time of day."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since the clock was made."""
        return self._monotonic

    def elapse(self, seconds: float) -> None:
        """Let time go by."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
