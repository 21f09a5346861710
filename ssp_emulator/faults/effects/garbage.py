"""Garbage: bytes that are no HTTP, in place of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NoReturn

from pydantic import Field

from ssp_emulator.faults.effects.effect import Ending
from ssp_emulator.faults.effects.unanswered import Unanswered

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing

_MOST = 1 << 20
_NOT_ASCII = 0x80


class Garbage(Unanswered):
    """Random bytes come in place of an answer, and the connection closes. It is recorded as 444.

    The first is never one that a status line could begin with. Which bytes they are depends on seed, rule and count.
    """

    group: ClassVar[str] = "Connection"
    example: ClassVar[str] = "{kind: garbage, bytes: 512}"

    kind: Literal["garbage"]
    bytes: Annotated[int, Field(ge=1, le=_MOST)] = Field(default=512, description="how many")

    async def happen(self, wire: Wire, firing: Firing, when: str) -> NoReturn:
        """Send them and close."""
        firing.note(f"sent {self.bytes} random bytes {when}, and closed the connection")
        garbage = bytearray(firing.draws.bytes(self.bytes))
        garbage[0] |= _NOT_ASCII
        await wire.raw(bytes(garbage))
        await wire.end(Ending.CLOSE)
