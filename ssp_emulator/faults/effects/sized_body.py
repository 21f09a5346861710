"""Sized-body: the answer has a body of a given size, which may be larger than any that a provider has at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.editing import ContentType
from ssp_emulator.faults.effects.effect import Effect, Offset, Stage
from ssp_emulator.faults.effects.replacing import PIECE_BYTES, Replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing

_PIECE = b"x" * PIECE_BYTES


class SizedBody(Effect):
    """The answer's body is so many letters x, made while they are sent."""

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = "{kind: sized-body, bytes: 200000000, content_type: application/pdf}"

    kind: Literal["sized-body"]
    bytes: Offset = Field(description="the size of the body, in bytes")
    content_type: ContentType | None = Field(
        default=None, description="its Content-Type; if not given, that of the answer"
    )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the body of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Replace the body."""
        return Replacing(lambda: _pieces(self.bytes), self.bytes, self.content_type, following, wire, firing)


def _pieces(size: int) -> Iterator[bytes]:
    whole, rest = divmod(size, PIECE_BYTES)
    for _ in range(whole):
        yield _PIECE
    if rest or not whole:
        yield _PIECE[:rest]
