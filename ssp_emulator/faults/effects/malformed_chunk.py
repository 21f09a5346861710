"""Malformed chunk: the answer goes out in chunks, one of which has no size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.cutting import Cutting
from ssp_emulator.faults.effects.effect import NO_BODY, Effect, Ending, Offset, Stage
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

_CHUNK = b"no-size\r\n"


class MalformedChunk(Effect):
    """The answer goes out in chunked coding, however it came, and the size of one chunk is not a number.

    That chunk comes after so many bytes of the body, or in place of the last chunk where the body is not longer; then
    the connection closes. A consumer of HTTP/1.0 knows no chunks and gets its answer as it is.

    Source: RFC 9112, 7.1.
    """

    group: ClassVar[str] = "Connection"
    example: ClassVar[str] = "{kind: malformed-chunk, after_bytes: 100}"

    kind: Literal["malformed-chunk"]
    after_bytes: Offset = Field(default=0, description="bytes of the body that go out before it")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On how the connection treats the answer."""
        return (Stage.CUT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Break the coding."""
        if not wire.takes_chunks:
            firing.note("nothing: HTTP/1.0 knows no chunks")
            return following

        async def cut() -> None:
            firing.note("sent a chunk whose size is no number, and closed the connection")
            await wire.raw(_CHUNK)
            await wire.end(Ending.CLOSE)

        return _InChunks(self.after_bytes, cut, following, wire, firing, at_end=True)


class _InChunks(Cutting):
    async def begin(self, head: Head, *, closes: bool = False) -> None:
        if head.framing is Framing.NONE:
            self.firing.note(NO_BODY)
        else:
            head = replace(head, framing=Framing.CHUNKED)
        await super().begin(head, closes=closes)
