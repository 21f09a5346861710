"""Truncate: the answer breaks off within its body, whose length was announced, and the connection closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.cutting import Cutting
from ssp_emulator.faults.effects.effect import Effect, Ending, Offset, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing


class Truncate(Effect):
    """The connection closes after so many bytes of the answer's body; its Content-Length stays what it was.

    A body in chunks has no last chunk. A body that is not longer goes out whole.
    """

    group: ClassVar[str] = "Connection"
    example: ClassVar[str] = "{kind: truncate, after_bytes: 1000}"

    kind: Literal["truncate"]
    after_bytes: Offset = Field(description="bytes of the body that still go out")
    close_notify: bool = Field(
        default=True, description="whether TLS says that this is the end; without it, a careful client sees the cut"
    )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On how the connection treats the answer."""
        return (Stage.CUT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Cut the answer off."""
        how = Ending.CLOSE if self.close_notify else Ending.DROP

        async def cut() -> None:
            firing.note(f"closed the connection after {self.after_bytes} bytes of the body")
            await wire.end(how)

        return Cutting(self.after_bytes, cut, following, wire, firing)
