"""Slow close: the answer is whole, and the connection stays open a while longer than it says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.effect import Effect, Milliseconds, Passing, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head


class SlowClose(Effect):
    """The answer is whole and says `Connection: close`, and the connection closes only a while after its last byte.

    Requests that come meanwhile are not answered. A consumer that waits for the end of the connection, and not for the
    end of the answer, waits until then.
    """

    group: ClassVar[str] = "Connection"
    example: ClassVar[str] = "{kind: slow-close, delay_ms: 3000}"

    kind: Literal["slow-close"]
    delay_ms: Milliseconds = Field(description="how long it stays open, in milliseconds")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On how the connection treats the answer."""
        return (Stage.CUT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Keep the connection open."""
        return _Staying(self.delay_ms, following, wire, firing)


class _Staying(Passing):
    def __init__(self, delay_ms: float, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._delay_ms = delay_ms

    async def begin(self, head: Head, *, closes: bool = False) -> None:  # noqa: ARG002 - it closes in any case
        await super().begin(head, closes=True)

    async def write(self, piece: bytes, *, last: bool) -> None:
        if last:
            self.firing.note(f"kept the connection open for {self._delay_ms:.10g} ms after the answer")
        await super().write(piece, last=last)
        if last:
            await asyncio.sleep(self._delay_ms / 1000)
