"""Auditing: the parts that keep a trail, put together as the settings have it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ssp_emulator.audit.durability import Durability, Sync
from ssp_emulator.audit.index.archivist import Archivist
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.keeper import Keeper
from ssp_emulator.audit.retention import Keep
from ssp_emulator.audit.trail import Manner, Trail

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.trail import Advice
    from ssp_emulator.clock import Clock
    from ssp_emulator.settings import AuditSettings

_MIB = 1 << 20


class Auditing:
    """Keeps a trail, as an async context manager; entering raises `JournalError`.

    `worker` is the process's number among those that share the trail, from 0: each has a chain of its own. `indexes`
    says whether it keeps the index of all of them, which one process does.
    """

    def __init__(
        self,
        layout: Layout,
        settings: AuditSettings,
        clock: Clock,
        advice: Advice,
        *,
        worker: int = 0,
        indexes: bool = True,
    ) -> None:
        rotation = Rotation(round(settings.rotate.size_mib * _MIB), settings.rotate.age_s)
        self.layout = layout
        self.archivist = Archivist(layout)
        self.journal = Journal(layout, worker, clock=clock, rotation=rotation)
        self._settings = settings
        self._indexes = indexes
        self._clock = clock
        self._advice = advice
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        settings = self._settings
        async with AsyncExitStack() as starting:
            starting.enter_context(self.journal)
            self.durability = Durability(self.journal, Sync(settings.sync))
            manner = Manner(
                goes_on=settings.on_failure == "continue",
                masks=settings.nhs_numbers == "mask",
                tokens=settings.tokens,
                bodies_bytes=settings.bodies_bytes,
            )
            self.trail = Trail(self.journal, self.durability, self._advice, manner)
            keep = Keep(_bytes(settings.keep.size_mib), settings.keep.age_s)
            await starting.enter_async_context(
                Keeper(
                    self.journal,
                    self.durability,
                    self.trail,
                    keep,
                    self._clock,
                    flush_every_s=settings.sync_interval_s,
                )
            )
            if self._indexes:
                await starting.enter_async_context(self.archivist)
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()


def _bytes(size_mib: float | None) -> int | None:
    return None if size_mib is None else round(size_mib * _MIB)
