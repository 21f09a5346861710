"""Reset: the connection ends with a RST."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn

from ssp_emulator.faults.effects.effect import Ending
from ssp_emulator.faults.effects.unanswered import BrokenOff

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing


class Reset(BrokenOff):
    """The connection ends with a RST, before anything of the answer or within its body ("connection reset by peer").

    What is sent before it arrives first. A body that is not longer than `after_bytes` goes out whole.

    Source: RFC 9293, 3.5.2.
    """

    group: ClassVar[str] = "Connection"
    example: ClassVar[str] = "{kind: reset, after_bytes: 1000}"

    kind: Literal["reset"]

    async def happen(self, wire: Wire, firing: Firing, when: str) -> NoReturn:
        """Send a RST."""
        firing.note(f"reset the connection {when}")
        await wire.end(Ending.RESET)
