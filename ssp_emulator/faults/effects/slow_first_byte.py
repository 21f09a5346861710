"""Slow first byte: the head of the answer goes out at once, and its body is kept waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.effect import NO_BODY, Effect, Milliseconds, Passing, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing


class SlowFirstByte(Effect):
    """The head of the answer goes out as soon as it is there, and the first byte of its body a while later.

    A consumer that limits only the time until the head does not notice.
    """

    group: ClassVar[str] = "Time"
    example: ClassVar[str] = "{kind: slow-first-byte, delay_ms: 5000}"

    kind: Literal["slow-first-byte"]
    delay_ms: Milliseconds = Field(description="how long between head and body, in milliseconds")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On when the answer begins."""
        return (Stage.DELAY,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Keep the body waiting."""
        return _BodyLate(self.delay_ms, following, wire, firing)


class _BodyLate(Passing):
    def __init__(self, delay_ms: float, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._delay_ms = delay_ms
        self._waited = False

    async def write(self, piece: bytes, *, last: bool) -> None:
        if not self._waited:
            self._waited = True
            await self._wait(bodiless=not self.wire.has_body or (last and not piece))
        await super().write(piece, last=last)

    async def _wait(self, *, bodiless: bool) -> None:
        if bodiless:
            self.firing.note(NO_BODY)
            return
        await self.wire.flush()
        self.firing.note(f"waited {self._delay_ms:.10g} ms between head and body")
        await asyncio.sleep(self._delay_ms / 1000)
