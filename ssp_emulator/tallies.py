"""Tallies: the numbers that decisions go by and change, such as how often a rule has fired; in rows of four.

What is decided by a row and what is counted on it is one step for all who share it: they enter the row, and nobody else
is in it until they leave. These rows are of one process, whose event loop does one thing at a time anyway; those that
several processes share are in `workers.tally`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import TracebackType


class Numbers:
    """Three counts and a moment in seconds of the monotonic clock; what each is about, its owner knows."""

    __slots__ = ("first", "moment", "second", "third")

    def __init__(self, first: int = 0, second: int = 0, third: int = 0, moment: float = 0.0) -> None:
        self.first = first
        self.second = second
        self.third = third
        self.moment = moment


class Row(Protocol):
    """A row: a context manager, within which its numbers are nobody else's. It is not entered twice at once."""

    def __enter__(self) -> Numbers:
        """Return the numbers as they are now; what is set on them stays."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others have them."""
        ...


class Tallies(Protocol):
    """Whoever has rows."""

    def fresh(self) -> Row:
        """Return a row of zeros that nobody has."""
        ...

    def named(self, name: str) -> Row:
        """Return the row of a name, which begins with zeros."""
        ...


class PlainRow(Numbers):
    """A row of one process."""

    __slots__ = ()

    def __enter__(self) -> Numbers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class PlainTallies:
    """The rows of one process."""

    def __init__(self) -> None:
        self._named: dict[str, PlainRow] = {}

    def fresh(self) -> Row:
        """Return a row of zeros that nobody has."""
        return PlainRow()

    def named(self, name: str) -> Row:
        """Return the row of a name, which begins with zeros."""
        return self._named.setdefault(name, PlainRow())
