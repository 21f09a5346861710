"""The archivist: the index as the event loop has it, kept up to date beside it.

What takes time is done in threads. They share the interpreter with the event loop, so records are taken in a
millisecond or two at a time, with longer pauses: to make the index of a million records anew takes some minutes, in
which answers say how many records they do not know of yet.

While many requests come, records are left for later, ten minutes at most: two threads that want the interpreter in turn
cost a request more than the indexing does. Whoever asks has the index catch up at once.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import structlog

from ssp_emulator.audit.index.index import Index, Pace
from ssp_emulator.audit.index.opening import IndexingError
from ssp_emulator.audit.watch import Watch
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from ssp_emulator.audit.index.querying import Found, Page
    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.question import Question

_EVERY_S = 0.25
_TURN_S = 0.25
_AFTER_FAILURE_S = 5.0
_MANY_BYTES = 64 * 1024  # of records between two looks; some thirty
_LATEST_S = 600.0  # how long records may be left for later
_BESIDE = Pace(batch_s=0.002, pause_s=0.006)
_ASKED = Pace(batch_s=0.005, pause_s=0.001)
_BUDGET_S = 0.5  # that a question waits for the index to catch up
_TOGETHER = 4  # questions; others wait for one of them
T = TypeVar("T")


class Archivist:
    """Answers questions about a trail, as an async context manager; leaving it waits for nothing that takes long.

    Nothing is made on the disk until there is something to index, or somebody asks.
    """

    def __init__(self, layout: Layout, *, every_s: float = _EVERY_S, latest_s: float = _LATEST_S) -> None:
        self._layout = layout
        self._every_s = every_s
        self._behind = 0
        self._watch = Watch(layout)
        self._owes = False  # whether there was a change that is not taken in yet
        self._latest_s = latest_s
        self._level_at = time.monotonic()  # when there was none
        # While one is open, the index's write-ahead log is not made and removed again and again.
        self._kept = Index(layout, _BESIDE)
        self._working = {self._kept}
        self._leaves = False
        self._beside: asyncio.Task[None] | None = None
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.audit")

    @property
    def behind(self) -> int:
        """How many records were not in the index when it was last looked."""
        return self._behind

    async def __aenter__(self) -> Self:
        self._clerk = ThreadPoolExecutor(1, "index")
        self._readers = ThreadPoolExecutor(_TOGETHER, "trail")
        self._beside = asyncio.create_task(self._keep_up())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beside is not None:
            self._beside.cancel()
            await asyncio.wait([self._beside])
        self._leaves = True
        for index in tuple(self._working):
            index.interrupt()
        for executor in (self._clerk, self._readers):
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)
        self._kept.close()

    async def search(self, question: Question) -> Page:
        """Return a page of records; what has just ended is among them. Raises `IndexingError` and `SlowError`."""
        return await self.ask(lambda index: index.search(question))

    async def trace(self, trace_id: str) -> Found:
        """Return all exchanges of a trace; those that have just ended too. Raises `IndexingError` and `SlowError`."""
        return await self.ask(lambda index: index.trace(trace_id))

    async def ask(self, read: Callable[[Index], T]) -> T:
        """Return what is read of the index in a thread, after it has caught up, or tried to for half a second."""

        def caught_up(index: Index) -> T:
            self._behind = index.catch_up(budget_s=_BUDGET_S)
            return read(index)

        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._with_index, Index(self._layout, _ASKED), caught_up)

    async def _keep_up(self) -> None:
        """Take in what comes, from time to time; say once when that fails, and once when it goes on."""
        loop, failed = asyncio.get_running_loop(), False
        while True:
            try:
                await loop.run_in_executor(self._clerk, self._look)
                if failed:
                    self._log.info("the index is kept up again")
                failed = False
            except IndexingError as error:
                if not failed:
                    self._log.warning("the index cannot be kept up; requests are not touched", reason=str(error))
                failed = True
            except Exception:  # noqa: BLE001 - it goes on all the same: an index that stands still would be quietly wrong
                self._log.exception("the index could not be kept up: this is a defect")
                failed = True
            await asyncio.sleep(_AFTER_FAILURE_S if failed else self._every_s)

    def _look(self) -> None:
        """Take in what there is, a quarter of a second at a time: many requests may begin to come meanwhile."""
        while self._is_due():
            self._kept.catch_up(budget_s=_TURN_S, advance=self._note)
            self._owes = not self._kept.is_level

    def _is_due(self) -> bool:
        """Tell whether there is something to take in, and this is the time for it. Raises `IndexingError`."""
        try:
            self._owes |= self._watch.has_changed()
            if not self._owes:
                self._level_at = time.monotonic()
                return False
            return not self._leaves and not self._is_busy() and self._is_worth_it()
        except OSError as error:
            raise IndexingError(f"the folder {self._layout.folder} cannot be read: {said(error)}") from error

    def _is_busy(self) -> bool:
        """Tell whether many requests come, and records can still be left for later."""
        return self._watch.grown > _MANY_BYTES and time.monotonic() - self._level_at < self._latest_s

    def _is_worth_it(self) -> bool:
        """Tell whether there is a record to take in, or an index to keep."""
        if self._layout.index.exists():
            return True
        segments = (each for worker in self._layout.workers() for each in self._layout.segments(worker))
        return any(segment.path.stat().st_size for segment in segments)

    def _note(self, behind: int) -> None:
        self._behind = behind

    def _with_index(self, index: Index, read: Callable[[Index], T]) -> T:
        self._working.add(index)
        try:
            if self._leaves:
                index.interrupt()
            with index:
                return read(index)
        finally:
            self._working.discard(index)
