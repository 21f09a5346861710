"""Old protocol: the proxy speaks no TLS that is still allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.effect import Effect, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Door
    from ssp_emulator.faults.firing import Firing

OldVersion = Literal["TLSv1", "TLSv1.1"]


class OldProtocol(Effect):
    """The proxy speaks one old version of TLS and no other; a consumer that keeps to TLS 1.2 gets an alert.

    Source: RFC 8996 (TLS 1.0 and 1.1 must not be used); RFC 5246, 7.2.2 (protocol_version).
    """

    group: ClassVar[str] = "TLS on the consumer's side"
    example: ClassVar[str] = "{kind: old-protocol, version: TLSv1}"

    kind: Literal["old-protocol"]
    version: OldVersion = Field(description="the only version that the proxy speaks")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """While TLS shakes hands."""
        return (Stage.CONNECTION,)

    async def greet(self, door: Door, firing: Firing) -> None:
        """Shake hands in that version."""
        door.disguise(self, firing)
