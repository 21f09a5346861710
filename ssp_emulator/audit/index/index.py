"""The index, for whoever may wait: threads, and commands."""

from __future__ import annotations

import math
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from ssp_emulator.audit.index import querying
from ssp_emulator.audit.index.indexing import take_in
from ssp_emulator.audit.index.opening import (
    IndexingError,
    InPiecesError,
    InUseError,
    SlowError,
    discard,
    make_anew,
    opened,
    translated,
)
from ssp_emulator.audit.index.querying import Found, Page
from ssp_emulator.audit.index.standing import Standing, standing_of
from ssp_emulator.audit.onward import StrangeChainError
from ssp_emulator.audit.terms import sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.question import Question

PATIENCE_S = 10.0  # how long a search may take

_TELL_EVERY_S = 0.1
_STEPS = 10_000  # of SQLite's virtual machine, between two looks at the clock
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How records are taken in: for so many seconds at once, and then a pause of so many seconds."""

    batch_s: float = 0.1
    pause_s: float = 0.0


class Index:
    """The index of a trail, as a context manager; it is made, and made anew, where that is needed.

    Several threads and processes may have one each. Whatever it is asked, it raises `IndexingError` where its file
    cannot be used, and `SlowError` where a search takes longer than ten seconds.
    """

    def __init__(self, layout: Layout, pace: Pace = Pace()) -> None:
        self.layout = layout
        self._pace = pace
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._deadline: float | None = None
        self._interrupted = Event()
        self._is_level = False

    def __enter__(self) -> Self:
        self._asked(lambda _: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_level(self) -> bool:
        """Whether it had caught up to the end when that was last tried, also with what the journal has no more."""
        return self._is_level

    def catch_up(self, *, budget_s: float | None = None, advance: Callable[[int], None] | None = None) -> int:
        """Take in what the journal has more, for so many seconds at most, and return how many records are left.

        `advance` is told from time to time how many are left. Where another process is at it, that one is left to it.
        """
        ends = None if budget_s is None else time.monotonic() + budget_s
        told_at = -math.inf
        while True:
            is_all = self._is_level = self._take_in()
            now = time.monotonic()
            is_over = is_all or self._interrupted.is_set() or (ends is not None and now >= ends)
            if is_over or (advance is not None and now - told_at >= _TELL_EVERY_S):
                behind = 0 if is_all else self.standing().behind
                told_at = now
                if advance is not None:
                    advance(behind)
                if is_over:
                    return behind
            self._interrupted.wait(self._pace.pause_s)

    def search(self, question: Question) -> Page:
        """Return a page of the records that a question asks for, the newest first."""

        def read(connection: sqlite3.Connection) -> Page:
            records, following = querying.search(connection, self.layout, question)
            matching = querying.count(connection, question) if question.count else None
            return Page(records, following, standing_of(connection, self.layout), matching)

        return self._asked(read)

    def trace(self, trace_id: str) -> Found:
        """Return all exchanges of a trace, the oldest first; takes its ID in upper or lower case."""

        def read(connection: sqlite3.Connection) -> Found:
            records, more = querying.trace(connection, self.layout, sound(trace_id).lower())
            return Found(records, more, standing_of(connection, self.layout))

        return self._asked(read)

    def standing(self) -> Standing:
        """Return how the index stands to the journal."""
        return self._asked(lambda connection: standing_of(connection, self.layout))

    def rows(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return what a SELECT on the tables of `schema` gives; takes its parameters apart from it."""
        return self._asked(lambda connection: connection.execute(statement, parameters).fetchall())

    def interrupt(self) -> None:
        """Have whatever it is doing end soon; to be called from another thread, when it is not wanted any more."""
        self._interrupted.set()

    def _asked(self, read: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._tried(read)
        except InUseError as error:
            raise IndexingError(f"the index {self.layout.index} cannot be used: another process holds it") from error

    def _tried(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Ask; where the index turns out to be damaged, make it anew and ask once more."""
        try:
            return self._once(read)
        except InPiecesError:
            self.close()
            discard(self.layout.index)
        try:
            return self._once(read)
        except InPiecesError as error:
            raise IndexingError(
                f"the index {self.layout.index} cannot be used: made anew, it was damaged again"
            ) from error

    def _once(self, read: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with translated(self.layout.index):
                connection = self._opened()
                self._deadline = time.monotonic() + PATIENCE_S
                return read(connection)
        finally:
            self._deadline = None

    def _take_in(self) -> bool:
        """Take in one batch, wholly or not at all; return whether that was all there is."""
        ends = time.monotonic() + self._pace.batch_s

        def batch(connection: sqlite3.Connection) -> bool:
            self._deadline = None  # it looks at the time by itself
            connection.execute("BEGIN IMMEDIATE")
            try:
                is_all = take_in(connection, self.layout, lambda: time.monotonic() >= ends)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            return is_all

        try:
            return self._tried(batch)
        except StrangeChainError:
            self._asked(make_anew)
        except (InUseError, SlowError):  # another process is at it, or it was interrupted
            pass
        return False

    def _opened(self) -> sqlite3.Connection:
        """Return the connection, to the file that is there now: somebody may have deleted the one that was."""
        path = self.layout.index
        if self._connection is not None:
            with suppress(FileNotFoundError):
                if path.stat().st_ino == self._inode:
                    return self._connection
            self.close()
        connection = opened(path)
        self._inode = path.stat().st_ino
        connection.set_progress_handler(self._is_over, _STEPS)
        self._connection = connection
        return connection

    def _is_over(self) -> bool:
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or self._interrupted.is_set()

    def close(self) -> None:
        """Close it; whatever it is asked then opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
