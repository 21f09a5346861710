"""Handshake stall: the consumer says hello, and hears nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ssp_emulator.faults.effects.effect import Effect, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Door
    from ssp_emulator.faults.firing import Firing


class HandshakeStall(Effect):
    """The connection is accepted, and nothing answers the ClientHello, until the consumer leaves."""

    group: ClassVar[str] = "TLS on the consumer's side"
    example: ClassVar[str] = "{kind: handshake-stall}"

    kind: Literal["handshake-stall"]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """While TLS shakes hands."""
        return (Stage.CONNECTION,)

    async def greet(self, door: Door, firing: Firing) -> None:
        """Wait until the consumer leaves."""
        await door.left(firing)
