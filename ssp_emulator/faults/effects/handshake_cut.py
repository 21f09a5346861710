"""Handshake cut: the connection ends within the handshake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.effect import Effect, Ending, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Door
    from ssp_emulator.faults.firing import Firing

_LONGEST_FLIGHT = 65_536
_ENDINGS = {"close": Ending.DROP, "reset": Ending.RESET}


class HandshakeCut(Effect):
    """The connection ends after so many bytes of the proxy's first flight: ServerHello, certificate and so on.

    They go out once the ClientHello has come. A flight that is shorter goes out whole, and the connection ends then.
    """

    group: ClassVar[str] = "TLS on the consumer's side"
    example: ClassVar[str] = "{kind: handshake-cut, after_bytes: 100, how: reset}"

    kind: Literal["handshake-cut"]
    after_bytes: Annotated[int, Field(ge=0, le=_LONGEST_FLIGHT)] = Field(
        default=0, description="bytes of the handshake that still go out"
    )
    how: Literal["close", "reset"] = Field(default="close", description="how TCP ends: with a FIN, or with a RST")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """While TLS shakes hands."""
        return (Stage.CONNECTION,)

    async def greet(self, door: Door, firing: Firing) -> None:
        """Send a part of the handshake, and end the connection."""
        await door.cut(self.after_bytes, _ENDINGS[self.how], firing)
