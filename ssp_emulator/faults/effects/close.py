"""Close: the connection closes, and there was no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn

from ssp_emulator.faults.effects.effect import Ending
from ssp_emulator.faults.effects.unanswered import Unanswered

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing


class Close(Unanswered):
    """The connection closes with no answer: a FIN, and no close_notify. It is recorded as 444.

    Source: Spine Core SSP implementation guide, "Response status codes", 444.
    """

    group: ClassVar[str] = "Connection"
    example: ClassVar[str] = "{kind: close}"

    kind: Literal["close"]

    async def happen(self, wire: Wire, firing: Firing, when: str) -> NoReturn:
        """Close."""
        firing.note(f"closed the connection {when}")
        await wire.end(Ending.DROP)
