"""Stall: the exchange stands still until the consumer leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn

from ssp_emulator.faults.effects.unanswered import BrokenOff

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing


class Stall(BrokenOff):
    """The exchange never goes on: it ends when the consumer leaves, or when the emulator stops.

    It stalls before the provider is asked, when the provider has answered, or within the answer's body. A body that is
    not longer than `after_bytes` goes out whole.
    """

    group: ClassVar[str] = "Time"
    example: ClassVar[str] = "{kind: stall, after_bytes: 100}"

    kind: Literal["stall"]

    async def happen(self, wire: Wire, firing: Firing, when: str) -> NoReturn:
        """Stand still."""
        firing.note(f"stalled {when}")
        await wire.left()
