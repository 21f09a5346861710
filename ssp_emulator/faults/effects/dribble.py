"""Dribble: the body of the answer goes out a few bytes at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.effect import NO_BODY, Effect, Milliseconds, Passing, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

_MOST = 1 << 20


class Dribble(Effect):
    """The body of the answer goes out so many bytes at a time, with a pause after each but the last.

    The first go out with the head. A consumer whose timeout begins again with each byte may never give up.
    """

    group: ClassVar[str] = "Time"
    example: ClassVar[str] = "{kind: dribble, bytes: 100, every_ms: 250}"

    kind: Literal["dribble"]
    bytes: Annotated[int, Field(ge=1, le=_MOST)] = Field(description="how many bytes go out at a time")
    every_ms: Milliseconds = Field(description="the pause between, in milliseconds")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On how fast the answer goes."""
        return (Stage.PACE,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Hold the body back."""
        return _Dribbling(self, following, wire, firing)


class _Dribbling(Passing):
    def __init__(self, effect: Dribble, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._size = effect.bytes
        self._every_s = effect.every_ms / 1000
        self._did = f"sent {effect.bytes} bytes every {effect.every_ms:.10g} ms"
        self._held = bytearray()
        self._begun = False

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        self._held.clear()  # of an answer that broke off before any of it went out
        await super().begin(head, closes=closes)

    async def write(self, piece: bytes, *, last: bool) -> None:
        self.firing.note(self._did if self.wire.has_body else NO_BODY)
        if not piece and not last:  # the head alone
            await self.following.write(piece, last=last)
            return
        self._held += piece
        # The last of them have to go as the last: the exchange is written down before the consumer has its answer.
        while len(self._held) > self._size or (len(self._held) == self._size and not last):
            await self._pass_on(self._size, last=False)
        if last:
            await self._pass_on(len(self._held), last=True)

    async def _pass_on(self, size: int, *, last: bool) -> None:
        if self._begun and size and self.wire.has_body:
            await asyncio.sleep(self._every_s)
        self._begun = True
        some = bytes(self._held[:size])
        del self._held[:size]
        await self.following.write(some, last=last)
