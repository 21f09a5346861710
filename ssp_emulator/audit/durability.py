"""When a record reaches the disk: before its answer's last byte, soon after, or when the operating system likes."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

from ssp_emulator.errors import said
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from ssp_emulator.audit.journal import Journal


class Sync(StrEnum):
    """When records reach the disk.

    `ALWAYS`: each before the last byte of its answer goes out. `INTERVAL`: within so many seconds. `OS`: when the
    operating system writes them. Whatever it is, the death of the process loses none that was answered: that takes the
    death of the machine.
    """

    ALWAYS = "always"
    INTERVAL = "interval"
    OS = "os"


class Durability:
    """Brings a journal's records to the disk.

    Requests that end at the same time share one `fsync`, which is waited for in a thread.
    """

    def __init__(self, journal: Journal, sync: Sync) -> None:
        self.sync = sync
        self._journal = journal
        self._synced = journal.last.sequence
        self._syncing: asyncio.Task[None] | None = None

    @property
    def behind(self) -> int | None:
        """How many records have not been brought to the disk yet; None where the operating system sees to that."""
        return None if self.sync is Sync.OS else self._journal.last.sequence - self._synced

    async def settled(self) -> None:
        """Return when what was recorded so far is as safe as it is to be before it is answered.

        Raises `NotRecordedError` where it cannot be brought to the disk.
        """
        if self.sync is Sync.ALWAYS:
            await self.flush()

    async def flush(self) -> None:
        """Return when everything recorded so far is on the disk. Raises `NotRecordedError`."""
        wanted = self._journal.last.sequence
        while self._synced < wanted:
            if self._syncing is None:
                self._syncing = asyncio.create_task(self._flush())
            await asyncio.shield(self._syncing)  # whoever leaves, the others still wait for it

    async def close(self) -> None:
        """Let the last `fsync` end."""
        if self._syncing is not None:
            await asyncio.gather(self._syncing, return_exceptions=True)

    async def _flush(self) -> None:
        reached = self._journal.last.sequence
        try:
            await asyncio.to_thread(self._journal.sync)
        except OSError as error:
            raise NotRecordedError(f"the journal cannot be brought to the disk: {said(error)}") from error
        finally:
            self._syncing = None
        self._synced = reached
