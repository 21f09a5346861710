"""Bandwidth: bodies pass no faster than a rate, on their way to the consumer, to the provider, or both."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.effect import NO_BODY, Effect, Passing, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing

_FASTEST = 10**10
_SLICE_S = 0.1


class Bandwidth(Effect):
    """The body of the answer, of the request, or of each, passes no faster than so many bytes a second.

    It goes in slices of a tenth of a second. Time in which there is nothing to send is not made up for later.
    """

    group: ClassVar[str] = "Time"
    example: ClassVar[str] = "{kind: bandwidth, bytes_per_s: 16000}"

    kind: Literal["bandwidth"]
    bytes_per_s: Annotated[int, Field(ge=1, le=_FASTEST)] = Field(description="the rate, in bytes a second")
    direction: Literal["answer", "request", "both"] = Field(default="answer", description="which body is slowed down")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On how fast the answer goes, on the request's body, or both."""
        return {"answer": (Stage.PACE,), "request": (Stage.UPLOAD,), "both": (Stage.UPLOAD, Stage.PACE)}[self.direction]

    async def upload(self, body: AsyncIterator[bytes], firing: Firing) -> AsyncIterator[bytes]:
        """Slow the request's body down."""
        pace = _Pace(self.bytes_per_s)
        async for piece in body:
            firing.note(f"held the request's body to {self.bytes_per_s} bytes/s")
            for some in pace.slices(piece):
                await pace.wait(some)
                yield some

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Slow the answer's body down."""
        return _Held(self.bytes_per_s, following, wire, firing)


class _Held(Passing):
    def __init__(self, bytes_per_s: int, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._pace = _Pace(bytes_per_s)
        self._did = f"held the answer's body to {bytes_per_s} bytes/s"

    async def write(self, piece: bytes, *, last: bool) -> None:
        self.firing.note(self._did if self.wire.has_body else NO_BODY)
        if not piece or not self.wire.has_body:
            await super().write(piece, last=last)
            return
        gone = 0
        for some in self._pace.slices(piece):
            await self._pace.wait(some)
            gone += len(some)
            await super().write(some, last=last and gone == len(piece))


class _Pace:
    """Slices of bytes, each when its last byte would have come over a line of a rate.

    It goes by when the last slice was due and not by when it went, so that small delays do not add up.
    """

    def __init__(self, bytes_per_s: int) -> None:
        self._bytes_per_s = bytes_per_s
        self._most = max(1, int(bytes_per_s * _SLICE_S))
        self._time = asyncio.get_running_loop().time
        self._due: float | None = None

    def slices(self, piece: bytes) -> Iterator[bytes]:
        """Yield a piece, slice by slice."""
        return (piece[start : start + self._most] for start in range(0, len(piece), self._most))

    async def wait(self, some: bytes) -> None:
        """Wait until a slice is due."""
        now = self._time()
        # Who comes later than by a slice did not wait for the line, but had nothing to send.
        since = now if self._due is None else max(self._due, now - _SLICE_S)
        self._due = since + len(some) / self._bytes_per_s
        await asyncio.sleep(max(self._due - now, 0))
