"""A delivery that sends another body in place of the answer's own: what body, empty-body and sized-body share."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from ssp_emulator.faults.effects.editing import with_field, without
from ssp_emulator.faults.effects.effect import NO_BODY, Passing
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

PIECE_BYTES = 65_536


class Replacing(Passing):
    """Drops a body as it comes, and sends one of a known length in its place once the last of it is here.

    `pieces` makes the body, `length` bytes in all, piece by piece, and at least one; `content_type` is what the head
    says of it, and None leaves that as it is.
    """

    def __init__(
        self,
        pieces: Callable[[], Iterator[bytes]],
        length: int,
        content_type: str | None,
        following: Delivery,
        wire: Wire,
        firing: Firing,
    ) -> None:
        super().__init__(following, wire, firing)
        self._pieces = pieces
        self._length = length
        self._content_type = content_type
        self._bodiless = False

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Pass a head on that fits the new body."""
        self._bodiless = head.framing is Framing.NONE
        await super().begin(head if self._bodiless else self._fitting(head), closes=closes)

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Drop a piece; in place of the last, send the new body."""
        if self._bodiless:
            self.firing.note(NO_BODY)
            await super().write(piece, last=last)
        elif last:
            self.firing.note(f"replaced the body by one of {self._length} bytes")
            left = self._length
            for made in self._pieces():
                left -= len(made)
                await super().write(made, last=not left)
                await asyncio.sleep(0)  # a quick consumer would never have us wait, and others want their turn

    def _fitting(self, head: Head) -> Head:
        if self._content_type is not None:
            head = with_field(head, "Content-Type", self._content_type)
        fitting = with_field(without(head, "Content-Encoding"), "Content-Length", str(self._length))
        return replace(fitting, framing=Framing.LENGTH)


def cut(content: bytes) -> Iterator[bytes]:
    """Yield some bytes piece by piece, and no bytes as one piece of none."""
    return (content[start : start + PIECE_BYTES] for start in range(0, max(len(content), 1), PIECE_BYTES))
