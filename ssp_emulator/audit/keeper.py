"""The keeper: what a journal needs while nobody writes to it.

Every so often it brings records to the disk, closes a segment that has grown old, removes what retention no longer
wants, sees that the files are still there, and where writing has failed, whether it would go well again.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from ssp_emulator.audit.durability import Sync
from ssp_emulator.audit.retention import retain
from ssp_emulator.errors import said
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ssp_emulator.audit.durability import Durability
    from ssp_emulator.audit.journal import Journal
    from ssp_emulator.audit.retention import Keep
    from ssp_emulator.audit.trail import Trail
    from ssp_emulator.clock import Clock


_TEND_EVERY_S = 1.0
_SHORTEST_S = 0.01


class Keeper:
    """Keeps a journal, as an async context manager, from entering to leaving.

    `flush_every_s` is how many seconds a record may be on its way to the disk; the rest is looked after every second.
    """

    def __init__(
        self, journal: Journal, durability: Durability, trail: Trail, keep: Keep, clock: Clock, *, flush_every_s: float
    ) -> None:
        self._journal = journal
        self._durability = durability
        self._trail = trail
        self._keep = keep
        self._clock = clock
        self._flush_every_s = flush_every_s
        self._flush_at = clock.monotonic() + flush_every_s
        self._keeping: asyncio.Task[None] | None = None
        self._leaving = asyncio.Event()
        self._kept_back: str | None = None  # why retention could not remove what it should
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.audit")

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._go_on())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush_at = -math.inf  # what is left is brought there now
        self._leaving.set()
        if self._keeping is not None:
            await self._keeping  # not cancelled: a thread of its own may be at the journal's files
            await self.tend()
        await self._durability.close()

    async def tend(self) -> None:
        """Do once what there is to do; what is there goes to the disk, also where nothing more can be written."""
        problems = [problem for problem in (self._look(), await self._flush()) if problem is not None]
        if problems:
            self._trail.failed(problems[0])
            return
        self._trail.recovered()
        await self._retain()

    def _look(self) -> NotRecordedError | None:
        """Look after the journal's files; return what is wrong with them, if anything."""
        try:
            self._journal.look()
            if self._trail.failure is not None:
                self._journal.probe()
            self._journal.rotate_if_due(self._clock.now())
        except OSError as error:
            return NotRecordedError(f"the journal cannot be kept: {said(error)}")
        except NotRecordedError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is: what nobody looks after is not safe
            self._log.exception("the journal could not be looked after: this is a defect")
            return NotRecordedError(f"the journal cannot be looked after: {type(error).__name__}")
        return None

    async def _flush(self) -> NotRecordedError | None:
        """Bring records to the disk, where it is time, or the last try failed; return why that cannot be."""
        try:
            if self._durability.sync is Sync.OS:
                self._journal.let_go()
            elif self._trail.failure is not None or self._clock.monotonic() >= self._flush_at:
                await self._durability.flush()
                self._flush_at = self._clock.monotonic() + self._flush_every_s
        except NotRecordedError as error:
            return error
        return None

    async def _retain(self) -> None:
        try:
            now = self._clock.now().timestamp()
            if removed := await asyncio.to_thread(retain, self._journal, self._keep, now):
                self._log.info("retention has removed segments", segments=removed, through=self._journal.base.sequence)
            self._kept_back = None
        except OSError as error:
            if self._kept_back != said(error):  # once, and not every second
                self._log.error("what retention no longer wants could not be removed", reason=said(error))
            self._kept_back = said(error)

    async def _go_on(self) -> None:
        every_s = max(_SHORTEST_S, min(_TEND_EVERY_S, self._flush_every_s))
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), every_s)
                return
            await self.tend()
