"""A delivery that does something once so many bytes of a body are out: what truncate, reset, stall and others share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.faults.effects.effect import NO_BODY, Passing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing


class Cutting(Passing):
    """Passes on so many bytes of a body, and where more would follow, sees them sent and then does something.

    What it does may end the connection, or send bytes that nobody asked for and let the rest follow. `at_end` has it
    done before the end of a body that is not longer, too.
    """

    def __init__(
        self,
        after_bytes: int,
        cut: Callable[[], Awaitable[None]],
        following: Delivery,
        wire: Wire,
        firing: Firing,
        *,
        at_end: bool = False,
    ) -> None:
        super().__init__(following, wire, firing)
        self._after_bytes = self._left = after_bytes
        self._cut = cut
        self._at_end = at_end
        self._done = False

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Pass on as much of a piece as may go before the cut."""
        goes_whole = len(piece) <= self._left and not (last and self._at_end)
        if self._done or goes_whole or not self.wire.has_body:
            self._left -= min(len(piece), self._left)
            if last and not self._done:
                self.firing.note(self._nothing())
            await self.following.write(piece, last=last)
            return
        self._done = True
        await self.following.write(piece[: self._left], last=False)
        rest, self._left = piece[self._left :], 0
        await self.wire.flush()
        await self._cut()
        await self.following.write(rest, last=last)

    def _nothing(self) -> str:
        return f"nothing: the body had no more than {self._after_bytes} bytes" if self.wire.has_body else NO_BODY
